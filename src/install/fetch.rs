//! What a job needs, brought to the disk: from the sources of the 345M model, from an address, from the model hub.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::catalogue::Wanted;
use super::download::{self, DownloadError, Downloaded};
use super::job::{Places, Report};
use super::protocol::{Event, Failure, Stage};
use super::source::{Source, from_url, megatron_345m, without_secrets};
use crate::checkpoint::Config;
use crate::manifest::CONFIG;

/// What arrived.
pub(super) struct Arrived {
    /// A file, or a directory of files.
    pub(super) path: PathBuf,
    /// Where it came from, without secrets.
    pub(super) source: String,
    /// The hash of the file, or of the weights among the files.
    pub(super) sha256: Option<String>,
    /// Whether that hash was known beforehand.
    pub(super) verified: bool,
    /// Bytes on the disk.
    bytes: u64,
    /// What to remove once it is not needed any more.
    kept: Kept,
}

enum Kept {
    File(Downloaded),
    Directory(PathBuf),
}

impl Arrived {
    /// Removes it.
    fn remove(&self) -> io::Result<()> {
        match &self.kept {
            Kept::File(it) => it.remove(),
            Kept::Directory(it) => std::fs::remove_dir_all(it),
        }
    }

    /// A failure after a download that is complete. It stays, unless it may be the download that is to blame.
    pub(super) fn keeping(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Cancelled { .. } => Failure::Cancelled { kept: self.bytes },
            Failure::DiskFull { path, missing, .. } => Failure::DiskFull { path, kept: self.bytes, missing },
            // Without a known hash nobody can tell a damaged file; kept, it would be in the way of every later try.
            Failure::Convert { why } if !self.verified && self.remove().is_ok() => {
                Failure::Convert { why: format!("{why}; what arrived was removed, the next start fetches it anew") }
            }
            other => other,
        }
    }
}

/// Whether somebody published this hash, so that a file that has it is the one everybody means.
pub(super) fn published(sha256: &str) -> bool {
    let listed = super::catalogue::MODELS.iter().flat_map(|it| it.files).filter_map(|it| it.sha256);
    let copies = megatron_345m();
    listed.chain(copies.iter().filter_map(|it| it.sha256.as_deref())).any(|it| it.eq_ignore_ascii_case(sha256))
}

/// Where the files of a model that is no 345M are kept until it is installed. Only who holds the model's lock may
/// touch it.
pub(super) fn directory_of(places: &Places, name: &str) -> PathBuf {
    places.downloads.join(name)
}

/// NVIDIA's 345M model, from the first source that has it.
pub(super) fn first_of_sources(
    places: &Places,
    name: &str,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Arrived, Failure> {
    let got = fetch(places, &places.downloads, &places.sources, name, cancel, report)?;
    Ok(one_file(got, Kept::File))
}

/// The file at an address.
pub(super) fn address(
    places: &Places,
    url: &str,
    name: &str,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Arrived, Failure> {
    let directory = directory_of(places, name);
    let got = fetch(places, &directory, &[from_url(url)], name, cancel, report)?;
    Ok(one_file(got, |_| Kept::Directory(directory)))
}

fn one_file(got: Downloaded, kept: impl FnOnce(Downloaded) -> Kept) -> Arrived {
    Arrived {
        path: got.path.clone(),
        source: without_secrets(&got.source.url),
        sha256: Some(got.sha256.clone()),
        verified: got.verified,
        bytes: got.bytes,
        kept: kept(got),
    }
}

/// The files of a model on the hub, the small ones first.
pub(super) fn hub(
    places: &Places,
    wanted: &Wanted,
    name: &str,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Arrived, Failure> {
    let directory = directory_of(places, name);
    let (mut bytes, mut sha256, mut verified, mut names) = (0, None, false, Vec::new());
    for file in &wanted.files {
        let sources = wanted.sources(file, &places.hub);
        let got = match fetch(places, &directory, &sources, name, cancel, report) {
            Ok(got) => got,
            Err(Failure::NoSource { answers }) if file.optional && answers.iter().all(|it| is_absent(&it.1)) => {
                continue;
            }
            Err(failure) => return Err(failure),
        };
        bytes += got.bytes;
        names.push(got.source.file_name.clone());
        if let Err(why) = is_what_its_name_says(&got.path, &got.source.file_name) {
            got.remove().map_err(|e| Failure::Disk { why: e.to_string() })?;
            return Err(Failure::Convert { why: format!("{}: {}: {why}", wanted.repository, file.name) });
        }
        if file.name == CONFIG {
            // Before gigabytes follow that nobody can use.
            let read = std::fs::read(&got.path).map_err(|e| Failure::Disk { why: e.to_string() })?;
            if let Err(e) = Config::from_json(&read) {
                let _ = std::fs::remove_dir_all(&directory);
                return Err(Failure::Convert { why: format!("{}: config.json: {e}", wanted.repository) });
            }
        }
        // The weights come last.
        (sha256, verified) = (Some(got.sha256), got.verified);
    }
    only(&directory, &names).map_err(|e| Failure::Disk { why: format!("{}: {e}", directory.display()) })?;
    let source = format!("{}/{}", without_secrets(&places.hub).trim_end_matches('/'), wanted.repository);
    let kept = Kept::Directory(directory.clone());
    Ok(Arrived { path: directory, source, sha256, verified, bytes, kept })
}

/// Removes what an earlier download of another repository of the same name left: the converter reads what is there.
fn only(directory: &Path, names: &[String]) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let about = name.strip_suffix(".json").unwrap_or(&name);
        let lock = entry.path().extension().is_some_and(|it| it == "lock");
        if !lock && !names.iter().any(|it| *it == name || it == about) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a tokenizer's file can be one: some servers answer with a message instead.
fn is_what_its_name_says(path: &Path, name: &str) -> Result<(), String> {
    let read = || std::fs::read(path).map_err(|e| e.to_string());
    let json = || serde_json::from_slice::<serde_json::Value>(&read()?).map_err(|e| format!("no JSON: {e}"));
    let sound = match name {
        "vocab.json" => {
            json()?.as_object().is_some_and(|it| it.len() > 1 && it.values().all(serde_json::Value::is_u64))
        }
        "tokenizer.json" => json()?.get("model").is_some(),
        "merges.txt" => !read()?.starts_with(b"{"),
        _ => true,
    };
    if sound { Ok(()) } else { Err("it is not the file of a tokenizer that its name says".to_owned()) }
}

fn is_absent(answer: &str) -> bool {
    answer.starts_with("404")
}

fn fetch(
    places: &Places,
    directory: &Path,
    sources: &[Source],
    name: &str,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Downloaded, Failure> {
    let options =
        download::Options { ca_file: places.ca_file.clone(), offline: places.offline, ..download::Options::default() };
    let (mut at, of) = (1, sources.len());
    let mut tell = |event: download::Event<'_>| {
        let stage = match event {
            download::Event::Waiting { holder } => {
                let who = holder.map_or(String::new(), |it| format!(" (process {it})"));
                Stage::Waiting { why: format!("another megachat{who} is downloading it; waiting") }
            }
            download::Event::Connecting { source, of, label } => {
                at = source;
                Stage::Connecting { source, of, label: label.to_owned() }
            }
            download::Event::Resuming { at: done } => {
                Stage::Downloading { source: at, of, done, total: None, rate: 0.0 }
            }
            download::Event::Progress { done, total, bytes_per_second } => {
                Stage::Downloading { source: at, of, done, total, rate: bytes_per_second }
            }
            download::Event::Retrying { wait, why, .. } => Stage::Retrying { wait, why },
            download::Event::Restarting { why } => Stage::Retrying { wait: Duration::ZERO, why },
            download::Event::Verifying { done, total } => Stage::Verifying { done, total },
            download::Event::Answer { label, answer, .. } => {
                return report(Event::Answer { name: name.to_owned(), source: label.to_owned(), answer });
            }
        };
        report(Event::Stage { name: name.to_owned(), stage });
    };
    download::download(sources, directory, &options, cancel, &mut tell).map_err(|error| match error {
        DownloadError::AllSourcesFailed(failed) => {
            Failure::NoSource { answers: failed.attempts.into_iter().map(|it| (it.label, it.answer)).collect() }
        }
        DownloadError::Cancelled { kept_bytes } => Failure::Cancelled { kept: kept_bytes },
        DownloadError::DiskFull { path, kept_bytes, missing_bytes } => {
            Failure::DiskFull { path, kept: kept_bytes, missing: missing_bytes }
        }
        other @ DownloadError::Io { .. } => Failure::Disk { why: other.to_string() },
    })
}
