//! What a job needs, brought to the disk: from the sources of the 345M model, from an address, from the model hub.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::catalogue::Wanted;
use super::download::{self, DownloadError, Downloaded, Failed};
use super::places::{Places, Report};
use super::protocol::{Event, Failure, Refusal, Stage};
use super::source::{Source, from_url, megatron_345m, without_secrets};
use crate::checkpoint::Config;
use crate::directory::{INDEXES, SMALL_FILES, VocabularyFault, find_vocabulary, shards};
use crate::files::{self, Place};
use crate::manifest::CONFIG;
use crate::text::{TokenizerChoice, visible_path};

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
    kept: OnDisk,
}

enum OnDisk {
    File(Downloaded),
    Directory(PathBuf),
}

impl Arrived {
    /// Removes it.
    fn remove(&self) -> io::Result<()> {
        match &self.kept {
            OnDisk::File(it) => it.remove(),
            OnDisk::Directory(it) => std::fs::remove_dir_all(it),
        }
    }

    /// A failure after a download that is complete. It stays, unless it may be the download that is to blame.
    pub(super) fn keeping(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Cancelled { .. } => Failure::Cancelled { kept: self.bytes },
            Failure::DiskFull { path, missing, .. } => Failure::DiskFull { path, kept: self.bytes, missing },
            // Without a known hash a damaged file cannot be told; kept, it would be in the way of every later try.
            Failure::Convert { why } if !self.verified && self.remove().is_ok() => {
                Failure::Convert { why: format!("{why}; what arrived was removed, the next start fetches it anew") }
            }
            // Nothing is wrong with it: named its words, it is converted without another download.
            Failure::NoWords { why } => Failure::NoWords {
                why: format!("{why}. What arrived is kept; the same command with --tokenizer goes on"),
            },
            other => other,
        }
    }
}

/// Whether this hash was published, so that a file that has it is the one that is meant.
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
    let got = fetch(places, &places.downloads, &places.sources, name, cancel, report).map_err(no_source)?;
    Ok(one_file(got, OnDisk::File))
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
    let got = fetch(places, &directory, &[from_url(url)], name, cancel, report);
    let got = got.map_err(|error| match not_obtained(error, &without_secrets(url)) {
        // An address is one file, and no repository.
        Failure::NotObtained { what, answers, .. } => Failure::NotObtained { what, refusal: Refusal::Other, answers },
        other => other,
    })?;
    Ok(one_file(got, |_| OnDisk::Directory(directory)))
}

fn one_file(got: Downloaded, kept: impl FnOnce(Downloaded) -> OnDisk) -> Arrived {
    Arrived {
        path: got.path.clone(),
        source: without_secrets(&got.source.url),
        sha256: Some(got.sha256.clone()),
        verified: got.verified,
        bytes: got.bytes,
        kept: kept(got),
    }
}

/// The files of a model on the hub, the small ones first. Weights in several files come one after the other.
pub(super) fn hub(
    places: &Places,
    wanted: &Wanted,
    (name, tokenizer): (&str, Option<&TokenizerChoice>),
    cancel: &AtomicBool,
    report: Report,
) -> Result<Arrived, Failure> {
    let directory = directory_of(places, name);
    let mut all = Vec::new();
    let get = |sources: &[Source], report: Report| fetch(places, &directory, sources, name, cancel, report);
    for (index, file) in wanted.files.iter().enumerate() {
        // The weights come last.
        if index + 1 == wanted.files.len() {
            has_words(&all, wanted, &directory, tokenizer)?;
        }
        let got = match get(&wanted.sources(file, &places.hub), &mut *report) {
            Ok(got) => got,
            Err(DownloadError::AllSourcesFailed(failed)) if file.optional && failed.is_absent() => continue,
            Err(error) => return Err(not_obtained(error, &wanted.repository)),
        };
        check(&got, wanted, &directory)?;
        let index = INDEXES.contains(&got.source.file_name.as_str());
        let shards = if index { shards_of(&got, wanted)? } else { Vec::new() };
        all.push(got);
        for shard in shards {
            let got = get(&[wanted.shard(&shard, &places.hub)], &mut *report);
            all.push(got.map_err(|error| not_obtained(error, &wanted.repository))?);
        }
    }
    let names: Vec<String> = all.iter().map(|it| it.source.file_name.clone()).collect();
    only(&directory, &names).map_err(|e| Failure::Disk { why: format!("{}: {e}", visible_path(&directory)) })?;
    let source = format!("{}/{}", without_secrets(&places.hub).trim_end_matches('/'), wanted.repository);
    // The weights come last; several files have no hash in common.
    let weights = all.last().filter(|_| !names.iter().any(|it| INDEXES.contains(&it.as_str())));
    Ok(Arrived {
        path: directory.clone(),
        source,
        sha256: weights.map(|it| it.sha256.clone()),
        verified: weights.is_some_and(|it| it.verified),
        bytes: all.iter().map(|it| it.bytes).sum(),
        kept: OnDisk::Directory(directory),
    })
}

/// Whether a file of the hub is what its name says, before gigabytes follow that cannot be used.
fn check(got: &Downloaded, wanted: &Wanted, directory: &Path) -> Result<(), Failure> {
    let name = &got.source.file_name;
    let refuse = |why: String| Failure::Convert { why: format!("{}: {name}: {why}", wanted.repository) };
    if let Err(why) = is_what_its_name_says(&got.path, name) {
        got.remove().map_err(|e| Failure::Disk { why: e.to_string() })?;
        return Err(refuse(why));
    }
    if name == CONFIG {
        let read = files::read(Place::ModelConfig, &got.path).map_err(|e| Failure::Disk { why: e.to_string() })?;
        if let Err(e) = Config::from_json(&read) {
            // It goes as a whole: nothing of it is of use.
            let _ = std::fs::remove_dir_all(directory);
            return Err(Failure::Convert { why: format!("{}: {e}", wanted.repository) });
        }
    }
    Ok(())
}

/// Whether the small files say what the model's words are, before gigabytes follow that cannot be read.
///
/// What another download left there is not looked at: the converter judges by what belongs to the model.
fn has_words(
    small: &[Downloaded],
    wanted: &Wanted,
    directory: &Path,
    tokenizer: Option<&TokenizerChoice>,
) -> Result<(), Failure> {
    let is_here = |name: &str| small.iter().any(|it| it.source.file_name == name);
    let left_over = SMALL_FILES.iter().any(|it| directory.join(it.0).exists() && !is_here(it.0));
    let config =
        files::read(Place::ModelConfig, &directory.join(CONFIG)).ok().and_then(|it| Config::from_json(&it).ok());
    let Some(config) = config.filter(|_| !left_over) else { return Ok(()) };
    let found = find_vocabulary(Some(directory), tokenizer, config.vocab_size);
    let failure = |e: VocabularyFault| {
        let why = format!("{}: {e}", wanted.repository);
        if e.is_mended_by_naming_one() { Failure::NoWords { why } } else { Failure::Convert { why } }
    };
    found.map(|_| ()).map_err(failure)
}

/// The files that an index names; one that cannot be used is removed.
fn shards_of(index: &Downloaded, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let disk = |e: io::Error| Failure::Disk { why: e.to_string() };
    let bytes = files::read(Place::SmallFile, &index.path).map_err(disk)?;
    match shards(&bytes) {
        Ok(names) => Ok(names),
        Err(what) => {
            index.remove().map_err(disk)?;
            Err(Failure::Convert { why: format!("{}: {} is {what}", wanted.repository, index.source.file_name) })
        }
    }
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

/// Whether a small file can be what its name says: some servers answer with a message instead.
fn is_what_its_name_says(path: &Path, name: &str) -> Result<(), String> {
    let read = || files::read(Place::SmallFile, path).map_err(|e| e.to_string());
    let json = || serde_json::from_slice::<serde_json::Value>(&read()?).map_err(|e| format!("no JSON: {e}"));
    let sound = match name {
        "vocab.json" => {
            json()?.as_object().is_some_and(|it| it.len() > 1 && it.values().all(serde_json::Value::is_u64))
        }
        "tokenizer.json" => json()?.get("model").is_some(),
        "merges.txt" => !read()?.starts_with(b"{"),
        "added_tokens.json" | "special_tokens_map.json" | "tokenizer_config.json" | "generation_config.json" => {
            json()?.is_object()
        }
        _ => true,
    };
    if sound { Ok(()) } else { Err("it is not the file that its name says".to_owned()) }
}

fn fetch(
    places: &Places,
    directory: &Path,
    sources: &[Source],
    name: &str,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Downloaded, DownloadError> {
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
    download::download(sources, directory, &options, cancel, &mut tell)
}

/// Why the 345M model did not come from any of its sources.
fn no_source(error: DownloadError) -> Failure {
    match error {
        DownloadError::AllSourcesFailed(failed) => Failure::NoSource { answers: answers(failed) },
        other => not_obtained(other, ""),
    }
}

/// Why a repository or an address did not deliver.
fn not_obtained(error: DownloadError, what: &str) -> Failure {
    match error {
        DownloadError::AllSourcesFailed(failed) => {
            let refusal = failed.refusal();
            Failure::NotObtained { what: what.to_owned(), refusal, answers: answers(failed) }
        }
        DownloadError::Cancelled { kept_bytes } => Failure::Cancelled { kept: kept_bytes },
        DownloadError::DiskFull { path, kept_bytes, missing_bytes } => {
            Failure::DiskFull { path, kept: kept_bytes, missing: missing_bytes }
        }
        other @ DownloadError::Io { .. } => Failure::Disk { why: other.to_string() },
    }
}

fn answers(failed: Failed) -> Vec<(String, String)> {
    failed.attempts.into_iter().map(|it| (it.label, it.answer)).collect()
}
