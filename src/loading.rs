//! A model from whatever the user named: what cannot be run as it lies is converted on the way in.
//!
//! The services do not know each other, so this stands above them. A converted copy is made in a private directory among
//! the system's temporary ones, and is gone as soon as the model is in memory. A process that is killed meanwhile leaves
//! it behind; the next one that converts removes it.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::directory::{Contents, DirectoryError};
use crate::engine::generation::Session;
use crate::engine::load::{self, LoadedModel};
use crate::engine::protocol::{Device, DeviceChoice, Failure, ModelCard, ModelSource, Said};
use crate::engine::resilient::Resilient;
use crate::files::{self, Place};
use crate::install::convert::{ConvertError, Input, Options, Step, convert};
use crate::manifest::Manifest;
use crate::model::Model;
use crate::text::visible_path;

/// What the names of the private directories begin with.
const PREFIX: &str = "megachat-converted-";

/// The file in one that is locked as long as a process uses it.
const LOCK: &str = ".lock";

/// Why a model could not be converted on the way in.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The path holds no model.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The model cannot be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// There is no place for the converted copy.
    #[error("cannot make a directory for the converted model in {}: {source}", visible_path(path))]
    Temporary {
        /// Path of the temporary directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// A model in a form that the engine and the export read.
pub enum Prepared {
    /// The path that was named: its weights are read where they lie.
    AsItLies(PathBuf),
    /// A converted copy in a temporary directory, removed with this value.
    Converted(Copy),
}

/// A converted copy of a model, removed when it is dropped.
pub struct Copy {
    directory: TempDir,
    /// Remarks of the conversion, for people.
    notes: Vec<String>,
    /// Held until the copy is gone.
    _lock: File,
}

impl Prepared {
    /// Looks at a path and converts what is there, if need be. `progress` hears the steps and may break off.
    ///
    /// # Errors
    ///
    /// [`PrepareError`], in the words of `megachat convert`.
    pub fn of(
        path: &Path,
        said: &Said,
        progress: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Self, PrepareError> {
        // An installed model is ready, or damaged, which is the engine's to say.
        if path.join(Manifest::FILE).exists() || Contents::of(path)?.open(said.heads)?.is_some() {
            return Ok(Self::AsItLies(path.to_owned()));
        }
        let place = std::env::temp_dir();
        let failed = |source| PrepareError::Temporary { path: place.clone(), source };
        sweep(&place);
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&place).map_err(failed)?;
        let lock = lock(directory.path()).map_err(failed)?;
        let output = directory.path().join("model");
        let options = Options { tokenizer: said.tokenizer.clone(), heads: said.heads, ..Options::default() };
        let converted = convert(Input::Path(path), &output, &options, progress)?;
        let (path, format) = (visible_path(path), converted.format);
        // What was said of it here has to be said there, too.
        let heads = said.heads.map_or_else(String::new, |it| format!(" --heads {it}"));
        let tokenizer = said.tokenizer.as_ref().map_or_else(String::new, |it| format!(" --tokenizer {it}"));
        let mut notes = vec![format!(
            "converted on the way in ({format}); `megachat model import {path}{heads}{tokenizer}` does it once and for all"
        )];
        notes.extend(converted.notes);
        Ok(Self::Converted(Copy { directory, notes, _lock: lock }))
    }

    /// The path to load the model from.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::AsItLies(path) => path.clone(),
            Self::Converted(copy) => copy.directory.path().join("model"),
        }
    }

    /// What has to be said of it still: a converted copy says it itself.
    #[must_use]
    pub fn said(&self, given: &Said) -> Said {
        match self {
            Self::AsItLies(_) => given.clone(),
            Self::Converted(_) => Said::default(),
        }
    }

    /// Remarks of the conversion; none where nothing was converted.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        match self {
            Self::AsItLies(_) => &[],
            Self::Converted(copy) => &copy.notes,
        }
    }
}

/// Loads a model, ready to draw from. `progress` hears how many of how many blocks are done.
///
/// # Errors
///
/// As [`load_model`].
pub fn load(source: &ModelSource, progress: &mut dyn FnMut(usize, usize)) -> Result<(Session, ModelCard), Failure> {
    let LoadedModel { model, card } = load_model(source, progress)?;
    Ok((Session::new(model, card.vocabulary.clone()), card))
}

/// Loads a model alone. Its card names the path that the user named.
///
/// # Errors
///
/// [`Failure::NoModelThere`] in the words of `megachat convert`, else as [`crate::engine::load::load`].
pub fn load_model(source: &ModelSource, progress: &mut dyn FnMut(usize, usize)) -> Result<LoadedModel, Failure> {
    let started = std::time::Instant::now();
    // Of twice as many blocks, where they are converted first.
    let mut converted = 0;
    let mut hear = |step| {
        if let Step::Layer { index, count } = step {
            converted = count;
            progress(index, 2 * count);
        }
        ControlFlow::Continue(())
    };
    let prepared = Prepared::of(&source.directory, &source.said, &mut hear).map_err(|e| match e {
        PrepareError::Convert(ConvertError::Memory(refused)) => Failure::NoMemory(refused.to_string()),
        other => Failure::NoModelThere(other.to_string()),
    })?;
    let inner = ModelSource { directory: prepared.path(), said: prepared.said(&source.said), ..source.clone() };
    let mut loaded = load::load_model(&inner, &mut |done, total| progress(converted + done, converted + total))?;
    let card = &mut loaded.card;
    card.directory.clone_from(&source.directory);
    card.took = started.elapsed();
    if matches!(prepared, Prepared::Converted(_)) {
        card.path = Some(std::path::absolute(&source.directory).unwrap_or_else(|_| source.directory.clone()));
    }
    card.notes.splice(0..0, prepared.notes().iter().cloned());
    // The weights are in memory: the copy has done its work.
    drop(prepared);
    if loaded.card.device != Device::Cpu {
        loaded.model = resilient(loaded.model, source, &loaded.card);
    }
    Ok(loaded)
}

/// A model that goes on on the processor if its device is lost.
fn resilient(model: Box<dyn Model>, source: &ModelSource, card: &ModelCard) -> Box<dyn Model> {
    let mut source = ModelSource { device: DeviceChoice::On(Device::Cpu), ..source.clone() };
    let before = (card.sha256.clone(), card.vocabulary.hash().to_owned(), card.n_positions);
    let again = move |precision| {
        source.precision = Some(precision);
        let LoadedModel { model, card } = load_model(&source, &mut |_, _| ()).map_err(|e| e.to_string())?;
        let now = (card.sha256, card.vocabulary.hash().to_owned(), card.n_positions);
        if now == before { Ok(model) } else { Err("its files have changed since it was loaded".to_owned()) }
    };
    Box::new(Resilient::new(model, card.device.clone(), Box::new(again)))
}

/// Locks a private directory. Locked first and named then: a lock that can be had under this name is a dead one's.
fn lock(directory: &Path) -> io::Result<File> {
    let unnamed = directory.join(".unlocked");
    let lock = files::create(Place::StageLock, &unnamed)?;
    // Where a file system knows no locks nothing is swept either: a lock is needed for that, too.
    let _ = lock.try_lock();
    fs::rename(&unnamed, directory.join(LOCK))?;
    Ok(lock)
}

/// Removes what killed processes left.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Others may make directories of this name too; a link is not followed.
        let is_directory = entry.file_type().is_ok_and(|it| it.is_dir());
        let lock = || files::open(Place::StageLock, &entry.path().join(LOCK));
        if is_directory && lock().is_ok_and(|it| it.try_lock().is_ok()) {
            // If it stays, it takes room and does no harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
