//! A job from its beginning to an installed model: fetch, verify, convert, publish.
//!
//! An installed model is a directory with a manifest. It is made beside its place, under a name that is no model's, and
//! moved there in one step; so a half-made one is never found, whatever happens.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::convert::{self, ConvertError, Converted, Input, Step};
use super::download::lock::Lock;
use super::fetch::Arrived;
use super::model_store::{installed, lock_of, publish, sweep};
use super::places::{Places, Repair, Report, Wishes};
use super::protocol::{CopyAt, Event, Failure, Job, Ready, Stage};
use super::source;
use super::{catalogue, download, fetch};
use crate::assets;
use crate::checkpoint::Family;
use crate::files::disk::is_full;
use crate::integrity;
use crate::manifest::{BUILT_IN, DEMO, MEGATRON_345M, Manifest, hex};
use crate::text::vocabulary::VocabularyKind;
use crate::text::{TokenizerChoice, visible_path};

/// The attention heads of the built-in model.
const DEMO_HEADS: usize = 3;

/// The name that a job's events carry, and its model unless the content says otherwise.
pub(super) fn name_of(job: &Job) -> String {
    match job {
        Job::Demo => DEMO.to_owned(),
        Job::Megatron345m => MEGATRON_345M.to_owned(),
        Job::Hub { repository, name } => {
            let last = || repository.rsplit('/').next().unwrap_or_default().to_owned();
            name.clone().unwrap_or_else(last)
        }
        Job::Import { from: CopyAt::Path(path), name } => name.clone().unwrap_or_else(|| stem(path)),
        Job::Import { from: CopyAt::Url(url), name } => {
            name.clone().unwrap_or_else(|| stem(Path::new(&source::from_url(url).file_name)))
        }
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
    let demo_sha256 = (*job == Job::Demo).then(|| sha256(assets::DEMO_ZIP));
    // What comes with the program is made anew without a question, if it is old or damaged.
    let demo = || {
        let (ready, manifest) = installed(places, &name)?;
        let sound = manifest.source_sha256 == demo_sha256 && integrity::quick(&ready.directory).is_ok();
        (sound && wishes.repair.is_none()).then_some(ready)
    };
    if name == DEMO && *job != Job::Demo {
        let why = format!("`{DEMO}` is the name of the built-in model; --name gives another one");
        return Err(Failure::Convert { why });
    }
    // The usual start must work where nothing can be written.
    if demo_sha256.is_some()
        && let Some(ready) = demo()
    {
        return Ok(ready);
    }
    std::fs::create_dir_all(&places.models).map_err(|e| io_failure(&places.models, &e))?;
    let lock = lock_of(places, &name);
    let mut waiting = |holder: Option<u32>| {
        let who = holder.map_or(String::new(), |it| format!(" (process {it})"));
        let why = format!("another megachat{who} is installing it; waiting");
        report(Event::Stage { name: name.clone(), stage: Stage::Waiting { why } });
    };
    let lock = Lock::acquire(&lock, cancel, &mut waiting).map_err(|e| io_failure(&lock, &e))?;
    let Some(_lock) = lock else {
        return Err(Failure::Cancelled { kept: 0 });
    };
    let origin = Origin { name: Some(&name), ..Origin::default() };
    let task = Task { places, name: &name, wishes, cancel };
    match job {
        // Another process may have installed it while this one waited.
        Job::Demo => demo().map_or_else(|| task.demo(origin, report), Ok),
        Job::Megatron345m => task.megatron_345m(origin, report),
        Job::Hub { repository, .. } => task.hub(repository, origin, report),
        Job::Import { from: CopyAt::Url(url), name: wish } => task.address(url, wish.as_deref(), origin, report),
        Job::Import { from: CopyAt::Path(path), name: wish } => {
            // Absolute, so that it means the same when the model is to be repaired.
            let source = std::path::absolute(path).unwrap_or_else(|_| path.clone()).to_string_lossy().into_owned();
            let origin = Origin { source, name: wish.as_deref(), ..origin };
            install(places, &name, Input::Path(path), &origin, wishes, cancel, report)
        }
    }
}

/// A job whose lock is held.
struct Task<'a> {
    places: &'a Places,
    /// The name in its events; its model's unless the content says otherwise.
    name: &'a str,
    wishes: &'a Wishes,
    cancel: &'a AtomicBool,
}

impl Task<'_> {
    fn demo(&self, origin: Origin, report: Report) -> Result<Ready, Failure> {
        let input = Input::Bytes { name: "the built-in demo", bytes: assets::DEMO_ZIP };
        let origin = Origin { source: BUILT_IN.into(), verified: true, replace: true, ..origin };
        // Its file does not say, and its width is none of GPT-2's own.
        let wishes = Wishes {
            convert: convert::Options { heads: Some(DEMO_HEADS), ..self.wishes.convert.clone() },
            repair: self.wishes.repair.clone(),
        };
        install(self.places, self.name, input, &origin, &wishes, self.cancel, report)
    }

    fn megatron_345m(&self, origin: Origin, report: Report) -> Result<Ready, Failure> {
        let Self { places, name, wishes, cancel } = *self;
        if let Some(ready) = already(places, name, wishes) {
            sweep(&places.models, name);
            download::forget(&places.downloads, &places.sources);
            return Ok(ready);
        }
        let got = fetch::first_of_sources(places, name, cancel, report)?;
        let ready = self.install_arrived(&got, origin, report)?;
        // Converted and on the disk: the download has done its work, and so has what other sources gave of it.
        download::forget(&places.downloads, &places.sources);
        Ok(ready)
    }

    fn hub(&self, repository: &str, origin: Origin, report: Report) -> Result<Ready, Failure> {
        let Self { places, name, wishes, cancel } = *self;
        if wishes.repair.is_none()
            && let Some((_, there)) = installed(places, name)
            && there.repository.as_ref() != catalogue::wanted(repository).map(|it| it.repository).as_ref()
        {
            return Err(taken(name, &there.source));
        }
        if let Some(ready) = already(places, name, wishes) {
            forget_directory(places, name);
            return Ok(ready);
        }
        let unknown = || Failure::Convert { why: format!("`{repository}` is no name of a model on the hub") };
        let wanted = catalogue::wanted(repository).ok_or_else(unknown)?;
        let got = fetch::hub(places, &wanted, (name, wishes.convert.tokenizer.as_ref()), cancel, report)?;
        let origin = Origin { repository: Some(wanted.repository), ..origin };
        let ready = self.install_arrived(&got, origin, report)?;
        forget_directory(places, name);
        Ok(ready)
    }

    fn address(&self, url: &str, wish: Option<&str>, origin: Origin, report: Report) -> Result<Ready, Failure> {
        let Self { places, name, wishes, cancel } = *self;
        // Before gigabytes come that have no place.
        if let (Some((_, there)), true) = (installed(places, name), wish.is_some() && wishes.repair.is_none()) {
            return Err(taken(name, &there.source));
        }
        let got = fetch::address(places, url, name, cancel, report)?;
        let ready = self.install_arrived(&got, Origin { name: wish, ..origin }, report)?;
        forget_directory(places, name);
        Ok(ready)
    }

    fn install_arrived(&self, got: &Arrived, origin: Origin, report: Report) -> Result<Ready, Failure> {
        let Arrived { source, sha256, verified, .. } = got;
        let origin = Origin { source: source.clone(), sha256: sha256.clone(), verified: *verified, ..origin };
        let input = Input::Path(&got.path);
        let ready = install(self.places, self.name, input, &origin, self.wishes, self.cancel, report);
        ready.map_err(|failure| got.keeping(failure))
    }
}

fn taken(name: &str, source: &str) -> Failure {
    let why = format!(
        "there is another model named {name}, from {source}: `megachat model remove {name}` first, or use --name"
    );
    Failure::Convert { why }
}

/// The installed model that a job would make once more.
fn already(places: &Places, name: &str, wishes: &Wishes) -> Option<Ready> {
    installed(places, name).filter(|_| wishes.repair.is_none()).map(|it| it.0)
}

/// Removes the downloaded files of a model that is installed. The model's lock is held.
fn forget_directory(places: &Places, name: &str) {
    // If they stay, they take room and do no harm.
    let _ = std::fs::remove_dir_all(fetch::directory_of(places, name));
}

/// What is known of a checkpoint before it is converted.
#[derive(Default)]
struct Origin<'a> {
    source: String,
    verified: bool,
    /// The name to install it under; by content if there is none.
    name: Option<&'a str>,
    /// Its hash, where the converter sees no single file.
    sha256: Option<String>,
    /// Organisation and name on the hub, if it comes from there.
    repository: Option<String>,
    /// Whether it takes the place of what is there.
    replace: bool,
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
    let in_gpt2s_words = converted.vocabulary.kind() == VocabularyKind::Gpt2;
    let known = shape == (24, 1024) && converted.family == Family::Megatron && in_gpt2s_words;
    let by_content = if known { MEGATRON_345M.to_owned() } else { job.to_owned() };
    let name = origin.name.map_or(by_content, ToOwned::to_owned);
    let verified = origin.verified || converted.source_sha256.as_deref().is_some_and(fetch::published);
    let weights_sha256 = converted.weights.sha256;
    let manifest = Manifest {
        version: Manifest::VERSION,
        name: name.clone(),
        source: origin.source.clone(),
        source_sha256: converted.source_sha256.or_else(|| origin.sha256.clone()),
        verified,
        format: converted.format.clone(),
        parameters: converted.parameters,
        program: concat!("megachat ", env!("CARGO_PKG_VERSION")).to_owned(),
        repository: origin.repository.clone(),
        heads: wishes.convert.heads,
        tokenizer: wishes.convert.tokenizer.as_ref().map(absolute),
        vocabulary: Some(converted.vocabulary.record()),
        forced: wishes.convert.force,
        checksums: converted.weights.checksums,
        files: integrity::records(&made, &weights_sha256).map_err(|e| io_failure(&made, &e))?,
        weights_sha256,
        seal: None,
    };
    // The content may have given it a name that another job works on.
    let lock = (name != job).then(|| lock_of(places, &name));
    let _lock = lock.map(|it| Lock::acquire(&it, cancel, &mut |_| ()).map_err(|e| io_failure(&it, &e))).transpose()?;
    let place = places.models.join(&name);
    match &wishes.repair {
        Some(repair) => is_the_same(&manifest, repair)?,
        None if origin.replace => {}
        None => {
            if let Some(ready) = same_or_free(places, &manifest, input)? {
                return Ok(ready);
            }
        }
    }
    publish(&made, &place, &manifest).map_err(|e| io_failure(&place, &e))?;
    Ok(Ready {
        name,
        directory: place,
        format: converted.format,
        notes: converted.notes,
        verified,
        parameters: converted.parameters,
    })
}

/// A tokenizer's place, so that it means the same when the model is to be repaired.
fn absolute(choice: &TokenizerChoice) -> TokenizerChoice {
    match choice {
        TokenizerChoice::Gpt2 => TokenizerChoice::Gpt2,
        TokenizerChoice::Directory(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            // A manifest is text.
            TokenizerChoice::Directory(path.to_string_lossy().into_owned().into())
        }
    }
}

/// Whether what was made anew is what is to be repaired.
fn is_the_same(made: &Manifest, repair: &Repair) -> Result<(), Failure> {
    let (name, source) = (&made.name, &made.source);
    if let Some(expected) = repair.weights_sha256.as_ref().filter(|it| **it != made.weights_sha256) {
        let why = format!(
            "{source} now holds other weights (SHA-256 {}) than {name} had ({expected}): `megachat model remove {name}`, \
             then install what you want",
            made.weights_sha256
        );
        return Err(Failure::Convert { why });
    }
    if let Some(other) = repair.files.iter().find(|it| !made.files.contains(it)) {
        return Err(Failure::Convert { why: format!("{source} now makes another {} than {name} had", other.name) });
    }
    Ok(())
}

/// Whether the place of a new model is free; answers what stands there if it is the same model.
fn same_or_free(places: &Places, made: &Manifest, input: Input) -> Result<Option<Ready>, Failure> {
    let (name, place) = (&made.name, places.models.join(&made.name));
    if let Err(fault) = integrity::read_manifest(&place) {
        let why = format!("there is a damaged model named {name} ({fault}): `megachat model remove {name}` first");
        return Err(Failure::Convert { why });
    }
    if let Input::Path(path) = input
        && let (Ok(input), Ok(place)) = (path.canonicalize(), place.canonicalize())
        && (input.starts_with(&place) || place.starts_with(&input))
    {
        let why = format!("{} is where {name} would be installed: choose another --name", visible_path(&input));
        return Err(Failure::Convert { why });
    }
    match installed(places, name) {
        Some((ready, there)) if there.weights_sha256 == made.weights_sha256 => Ok(Some(ready)),
        Some((_, there)) => Err(taken(name, &there.source)),
        None => Ok(None),
    }
}

fn convert_into(
    input: Input,
    output: &Path,
    name: &str,
    wishes: &Wishes,
    cancel: &AtomicBool,
    report: Report,
) -> Result<Converted, Failure> {
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
        // Bytes come often; a screen cannot be read that fast.
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
    convert::convert(input, output, &wishes.convert, &mut progress).map_err(|error| match error {
        ConvertError::Cancelled => Failure::Cancelled { kept: 0 },
        ConvertError::Write { path, source } => io_failure(&path, &source),
        ConvertError::Vocabulary(fault) if fault.is_mended_by_naming_one() => {
            Failure::NoWords { why: fault.to_string() }
        }
        words @ ConvertError::OtherVocabulary { .. } => Failure::NoWords { why: words.to_string() },
        ConvertError::Memory(refused) => Failure::Exhausted { why: refused.to_string() },
        other => Failure::Convert { why: other.to_string() },
    })
}

fn io_failure(path: &Path, error: &io::Error) -> Failure {
    if is_full(error) {
        return Failure::DiskFull { path: path.to_owned(), kept: 0, missing: None };
    }
    Failure::Disk { why: format!("cannot write {}: {error}", visible_path(path)) }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
