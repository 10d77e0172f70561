//! A job from its beginning to an installed model: fetch, verify, convert, publish.
//!
//! An installed model is a directory with a manifest. It is made beside its place, under a name that is no model's, and
//! moved there in one step; so a half-made one is never found, whatever happens.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::convert::{self, ConvertError, Converted, Input, Step, TokenizerFiles};
use super::download::lock::Lock;
use super::download::{self, DownloadError, Downloaded};
use super::protocol::{Event, Failure, Job, Ready, Stage};
use super::source::{Source, without_secrets};
use crate::assets;
use crate::manifest::{DEMO, MEGATRON_345M, Manifest, hex};
use crate::text::gpt2_merges_to_files;

/// Where things go and come from.
#[derive(Clone, Debug)]
pub struct Places {
    /// One directory for each installed model.
    pub models: PathBuf,
    /// Unfinished downloads.
    pub downloads: PathBuf,
    /// Where the 345M model may be had from, in order.
    pub sources: Vec<Source>,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// What a user may say about an import.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// How the converter should read it.
    pub convert: convert::Options,
}

/// Hears what happens.
pub type Report<'a> = &'a mut dyn FnMut(Event);

/// Runs jobs, each on a thread of its own.
pub struct Installer {
    places: Places,
    cancel: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Installer {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self { places, cancel: Arc::default(), threads: Vec::new() }
    }

    /// Starts a job; `events` hears everything, on the job's thread.
    ///
    /// # Panics
    ///
    /// If the system gives no thread.
    pub fn start(&mut self, job: Job, mut events: impl FnMut(Event) + Send + 'static) {
        self.threads.retain(|it| !it.is_finished());
        let (places, cancel) = (self.places.clone(), self.cancel.clone());
        let body = move || {
            let name = name_of(&job);
            let run = || run(&job, &places, &Wishes::default(), &cancel, &mut events);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let failure = match result {
                Ok(Ok(ready)) => return events(Event::Ready(ready)),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Convert { why: "the installer failed unexpectedly; the log has the details".into() },
            };
            events(Event::Failed { name, failure });
        };
        #[expect(clippy::expect_used, reason = "a program that cannot start a thread cannot do anything")]
        let thread =
            std::thread::Builder::new().name("install".into()).spawn(body).expect("a thread for the installer");
        self.threads.push(thread);
    }

    /// Makes every job that runs now end soon, keeping what it has downloaded.
    pub fn stop(&mut self) {
        self.cancel.store(true, Ordering::Release);
        self.cancel = Arc::default();
    }

    /// [`stop`](Self::stop), and waits.
    pub fn finish(mut self) {
        self.stop();
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn name_of(job: &Job) -> String {
    match job {
        Job::Demo => DEMO.to_owned(),
        Job::Megatron345m => MEGATRON_345M.to_owned(),
        Job::Import { path, name } => name.clone().unwrap_or_else(|| stem(path)),
    }
}

/// A name made from a file's, of letters that a model's name may have.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(|| "model".into(), |it| it.to_string_lossy().into_owned());
    let letters = stem.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' });
    let name: String = letters.collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

/// Runs one job to its end, on this thread.
///
/// # Errors
///
/// [`Failure`]; nothing half-made is left behind, and what was downloaded is kept for the next time.
pub fn run(job: &Job, places: &Places, wishes: &Wishes, cancel: &AtomicBool, report: Report) -> Result<Ready, Failure> {
    let name = name_of(job);
    // The usual start must work where nothing can be written.
    let demo_sha256 = (*job == Job::Demo).then(|| sha256(assets::DEMO_ZIP));
    if demo_sha256.is_some()
        && let Some((ready, _)) = installed(places, &name).filter(|it| it.1.source_sha256 == demo_sha256)
    {
        return Ok(ready);
    }
    std::fs::create_dir_all(&places.models).map_err(|e| io_failure(&places.models, &e))?;
    let lock = places.models.join(format!(".{name}.lock"));
    let mut waiting = |holder: Option<u32>| {
        let who = holder.map_or(String::new(), |it| format!(" (process {it})"));
        let why = format!("another megachat{who} is installing it; waiting");
        report(Event::Stage { name: name.clone(), stage: Stage::Waiting { why } });
    };
    let lock = Lock::acquire(&lock, cancel, &mut waiting).map_err(|e| io_failure(&lock, &e))?;
    let Some(_lock) = lock else {
        return Err(Failure::Cancelled { kept: 0 });
    };
    match job {
        Job::Demo => {
            // Another process may have installed it while this one waited.
            if let Some((ready, _)) = installed(places, &name).filter(|it| it.1.source_sha256 == demo_sha256) {
                return Ok(ready);
            }
            let input = Input::Bytes { name: "the built-in demo", bytes: assets::DEMO_ZIP };
            let origin = Origin { source: "built in".into(), verified: true, fixed_name: Some(&name), replace: true };
            install(places, &name, input, &origin, wishes, cancel, report)
        }
        Job::Megatron345m => {
            if let Some((ready, _)) = installed(places, &name) {
                sweep(&places.models, &name);
                download::forget(&places.downloads, &places.sources);
                return Ok(ready);
            }
            let got = fetch(places, &name, cancel, report)?;
            let source = without_secrets(&got.source.url);
            let origin = Origin { source, verified: got.verified, fixed_name: Some(&name), replace: false };
            let ready = install(places, &name, Input::Path(&got.path), &origin, wishes, cancel, report);
            let ready = ready.map_err(|failure| keeping(failure, &got))?;
            // Converted and on the disk: the download has done its work, and so has what other sources gave of it.
            download::forget(&places.downloads, &places.sources);
            Ok(ready)
        }
        Job::Import { path, name: wish } => {
            let source = path.display().to_string();
            let origin = Origin { source, verified: false, fixed_name: wish.as_deref(), replace: false };
            install(places, &name, Input::Path(path), &origin, wishes, cancel, report)
        }
    }
}

/// Removes what a process left behind that was killed just after it had installed the 345M model: the download, and the
/// place where it was made. While another process works there it stays.
pub fn tidy(places: &Places) {
    let at_once = AtomicBool::new(true);
    let lock = places.models.join(format!(".{MEGATRON_345M}.lock"));
    if let Ok(Some(_lock)) = Lock::acquire(&lock, &at_once, &mut |_| ()) {
        sweep(&places.models, MEGATRON_345M);
        download::forget(&places.downloads, &places.sources);
    }
}

/// What is known of a checkpoint before it is converted.
struct Origin<'a> {
    source: String,
    verified: bool,
    /// The name to install it under; by content if there is none.
    fixed_name: Option<&'a str>,
    /// Whether it takes the place of what is there.
    replace: bool,
}

fn installed(places: &Places, name: &str) -> Option<(Ready, Manifest)> {
    let directory = places.models.join(name);
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(directory.join(Manifest::FILE)).ok()?).ok()?;
    let ready = Ready {
        name: name.to_owned(),
        directory,
        format: manifest.format.clone(),
        notes: Vec::new(),
        verified: manifest.verified,
        parameters: manifest.parameters,
    };
    Some((ready, manifest))
}

fn install(
    places: &Places,
    job: &str,
    input: Input,
    origin: &Origin,
    wishes: &Wishes,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Ready, Failure> {
    sweep(&places.models, job);
    let prefix = format!(".installing-{job}-");
    let workshop = tempfile::Builder::new().prefix(&prefix).tempdir_in(&places.models);
    let workshop = workshop.map_err(|e| io_failure(&places.models, &e))?;
    let made = workshop.path().join("model");
    let converted = convert_into(input, &made, job, wishes, cancel, report)?;
    // The model everybody means, however its file is called.
    let shape = (converted.config.n_layer, converted.config.n_embd);
    let known = shape == (24, 1024) && converted.format.contains("Megatron");
    let by_content = if known { MEGATRON_345M.to_owned() } else { job.to_owned() };
    let name = origin.fixed_name.map_or(by_content, ToOwned::to_owned);
    let manifest = Manifest {
        version: 1,
        name: name.clone(),
        source: origin.source.clone(),
        source_sha256: converted.source_sha256,
        verified: origin.verified,
        format: converted.format.clone(),
        weights_sha256: converted.weights_sha256,
        parameters: converted.parameters,
        program: concat!("megachat ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let place = places.models.join(&name);
    if let Some((ready, there)) = installed(places, &name)
        && !origin.replace
    {
        if there.weights_sha256 == manifest.weights_sha256 {
            return Ok(ready);
        }
        let why = format!("there is another model named {name}: `megachat model remove {name}` first, or use --name");
        return Err(Failure::Convert { why });
    }
    publish(&made, &place, &manifest).map_err(|e| io_failure(&place, &e))?;
    Ok(Ready {
        name,
        directory: place,
        format: converted.format,
        notes: converted.notes,
        verified: origin.verified,
        parameters: converted.parameters,
    })
}

/// Removes what a killed process left half-made. The job's lock is held, so nobody works there.
fn sweep(models: &Path, job: &str) {
    let prefix = format!(".installing-{job}-");
    let Ok(entries) = std::fs::read_dir(models) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // If it stays, it takes room and does no harm.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn publish(made: &Path, place: &Path, manifest: &Manifest) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create_new(made.join(Manifest::FILE))?;
    file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
    file.sync_all()?;
    // An old model, or a directory without a manifest, which is none. Renaming onto it would fail.
    if place.exists() {
        std::fs::remove_dir_all(place)?;
    }
    std::fs::rename(made, place)?;
    if let Some(parent) = place.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn convert_into(
    input: Input,
    output: &Path,
    name: &str,
    wishes: &Wishes,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Converted, Failure> {
    let bug = |e: crate::text::TokenizerError| Failure::Convert { why: e.to_string() };
    let (vocab_json, tokenizer_json) = gpt2_merges_to_files(assets::MERGES).map_err(bug)?;
    let merges_txt = assets::MERGES.as_bytes();
    let tokenizer = TokenizerFiles { vocab_json: &vocab_json, merges_txt, tokenizer_json: &tokenizer_json };
    let (mut last, mut finishing) = (Instant::now(), false);
    let mut progress = |step: Step| {
        if cancel.load(Ordering::Acquire) {
            return ControlFlow::Break(());
        }
        let stage = match step {
            Step::Reading { done, total } => Stage::Reading { done, total },
            Step::Layer { index, count } => Stage::Converting { layer: index, of: count },
            Step::Finishing => Stage::Finishing,
        };
        // Bytes come often; nobody can read them that fast.
        if stage == Stage::Finishing && std::mem::replace(&mut finishing, true) {
            return ControlFlow::Continue(());
        }
        let often = matches!(stage, Stage::Reading { .. });
        if !often || last.elapsed() > Duration::from_millis(100) {
            last = Instant::now();
            report(Event::Stage { name: name.to_owned(), stage });
        }
        ControlFlow::Continue(())
    };
    convert::convert(input, output, &tokenizer, &wishes.convert, &mut progress).map_err(|error| match error {
        ConvertError::Cancelled => Failure::Cancelled { kept: 0 },
        ConvertError::Write { path, source } => io_failure(&path, &source),
        other => Failure::Convert { why: other.to_string() },
    })
}

fn fetch(places: &Places, name: &str, cancel: &AtomicBool, report: Report) -> Result<Downloaded, Failure> {
    let options = download::Options { ca_file: places.ca_file.clone(), ..download::Options::default() };
    let (mut at, of) = (1, places.sources.len());
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
    download::download(&places.sources, &places.downloads, &options, cancel, &mut tell).map_err(|error| match error {
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

fn io_failure(path: &Path, error: &io::Error) -> Failure {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Failure::DiskFull { path: path.to_owned(), kept: 0, missing: None };
    }
    Failure::Disk { why: format!("cannot write {}: {error}", path.display()) }
}

/// A failure after a download that is complete. It stays, unless it may be the download that is to blame.
fn keeping(failure: Failure, got: &Downloaded) -> Failure {
    match failure {
        Failure::Cancelled { .. } => Failure::Cancelled { kept: got.bytes },
        Failure::DiskFull { path, missing, .. } => Failure::DiskFull { path, kept: got.bytes, missing },
        // Without a known hash nobody can tell a damaged file; kept, it would be in the way of every later try.
        Failure::Convert { why } if !got.verified && got.remove().is_ok() => {
            Failure::Convert { why: format!("{why}; what arrived was removed, the next start fetches it anew") }
        }
        other => other,
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(home: &Path) -> Places {
        Places { models: home.join("models"), downloads: home.join("downloads"), sources: Vec::new(), ca_file: None }
    }

    fn install_demo(home: &Path) -> (Ready, Vec<Event>) {
        let mut events = Vec::new();
        let cancel = AtomicBool::new(false);
        let ready = run(&Job::Demo, &places(home), &Wishes::default(), &cancel, &mut |it| events.push(it)).unwrap();
        (ready, events)
    }

    #[test]
    fn the_demo_installs_once_and_leftovers_are_swept() {
        let home = tempfile::tempdir().unwrap();
        let leftover = home.path().join("models/.installing-demo-abc");
        std::fs::create_dir_all(&leftover).unwrap();
        let (ready, events) = install_demo(home.path());
        assert_eq!((ready.name.as_str(), ready.verified), (DEMO, true));
        assert!(!leftover.exists());
        let layers = |it: &Event| matches!(it, Event::Stage { stage: Stage::Converting { of: 6, .. }, .. });
        assert_eq!(events.iter().filter(|it| layers(it)).count(), 6, "{events:?}");
        let (again, events) = install_demo(home.path());
        assert_eq!((again.directory, events), (ready.directory, Vec::new()));
    }

    #[test]
    fn a_directory_without_a_manifest_is_no_model_and_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("models/demo")).unwrap();
        std::fs::write(home.path().join("models/demo/model.safetensors"), "half").unwrap();
        let (ready, _) = install_demo(home.path());
        assert!(ready.directory.join("config.json").exists());
    }

    #[test]
    fn a_cancelled_job_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let cancel = AtomicBool::new(false);
        let mut stop_at_once = |_: Event| cancel.store(true, Ordering::Release);
        let result = run(&Job::Demo, &places(home.path()), &Wishes::default(), &cancel, &mut stop_at_once);
        assert_eq!(result, Err(Failure::Cancelled { kept: 0 }));
        let left: Vec<_> =
            std::fs::read_dir(home.path().join("models")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, [".demo.lock"]);
    }

    #[test]
    fn an_import_is_named_by_content_or_by_wish_and_a_taken_name_is_said() {
        let home = tempfile::tempdir().unwrap();
        let zip = home.path().join("my checkpoint.zip");
        std::fs::write(&zip, assets::DEMO_ZIP).unwrap();
        let places = places(home.path());
        let cancel = AtomicBool::new(false);
        let import = |path: &Path, name: Option<&str>| {
            let job = Job::Import { path: path.to_owned(), name: name.map(ToOwned::to_owned) };
            run(&job, &places, &Wishes::default(), &cancel, &mut |_| ()).map(|it| it.name)
        };
        assert_eq!(import(&zip, None).unwrap(), "my-checkpoint");
        assert_eq!(import(&zip, None).unwrap(), "my-checkpoint");
        assert_eq!(import(&zip, Some("other")).unwrap(), "other");
        let absent = import(&home.path().join("absent"), None).unwrap_err().to_string();
        assert!(absent.contains("absent"), "{absent}");
        let text = home.path().join("note.txt");
        std::fs::write(&text, "<html>").unwrap();
        assert!(matches!(import(&text, None), Err(Failure::Convert { .. })));
    }
}
