//! A GPT-2 whose weights can be used as they lie, to a [`Session`].
//!
//! What a path holds is [`crate::directory`]'s to say. Weights of other kinds are converted first, above the services
//! (see the module `loading`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::choice::Made;
use super::gaps::without_gaps;
use super::generation::Session;
use super::known::Weights;
use super::make::Maker;
use super::packed::Packs;
use super::protocol::{Failure, ModelCard, ModelSource};
use super::tensors::FileTensors;
use crate::directory::{Contents, DirectoryError, Opened, VocabularyFault, find_vocabulary};
use crate::integrity;
use crate::manifest::Manifest;
use crate::model::{Model, ModelError, Precision};
use crate::text::{Vocabulary, visible_path};
use crate::threads;

/// Rows that a word table may have beyond its tokens without a word: training rounds its height up.
const PADDING: usize = 128;

/// A model with what is known of it.
pub struct LoadedModel {
    /// The model, ready to read from position 0.
    pub model: Box<dyn Model>,
    /// What is known of it.
    pub card: ModelCard,
}

/// Loads a model, ready to draw from.
///
/// `progress` hears how many of how many blocks are done.
///
/// # Errors
///
/// [`Failure::Unreadable`], [`Failure::BadModel`], [`Failure::Damaged`] or [`Failure::NoDevice`], naming the file or the
/// device.
pub fn load(source: &ModelSource, progress: &mut dyn FnMut(usize, usize)) -> Result<(Session, ModelCard), Failure> {
    let LoadedModel { model, card } = load_model(source, progress)?;
    Ok((Session::new(model, card.vocabulary.clone()), card))
}

/// Loads a model alone.
///
/// # Errors
///
/// As [`load`].
pub fn load_model(source: &ModelSource, progress: &mut dyn FnMut(usize, usize)) -> Result<LoadedModel, Failure> {
    let started = Instant::now();
    let directory = &source.directory;
    let manifest = integrity::quick(directory).map_err(|fault| {
        if fault.newer {
            return Failure::BadModel { path: fault.path, why: fault.what };
        }
        damaged(source, fault.path, &fault.what)
    })?;
    let refused = |e: DirectoryError| Failure::NoModelThere(e.to_string());
    let contents = Contents::of(directory).map_err(refused)?;
    let opened = contents.open(source.said.heads).map_err(refused)?.ok_or_else(|| {
        let what = "has to be converted before it can be run (`megachat model import`)";
        Failure::NoModelThere(format!("{} {what}", visible_path(directory)))
    })?;
    let config = opened.plan.config.clone();
    let beside = contents.directory.as_deref().unwrap_or(directory);
    // To read a tokenizer of 50,000 tokens takes about as long as to read the packed weights of GPT-2.
    let (found, weights) = threads::beside(
        "vocabulary",
        || {
            let found = find_vocabulary(Some(beside), source.said.tokenizer.as_ref(), config.vocab_size)?;
            Ok(Arc::new((*found.vocabulary).clone().within(config.vocab_size)))
        },
        || weights(source, opened, manifest.as_ref(), progress),
    );
    let none = |e: VocabularyFault| match e {
        VocabularyFault::NoMemory(_) => Failure::NoMemory(e.to_string()),
        _ => Failure::NoVocabulary { path: directory.clone(), why: e.to_string() },
    };
    let vocabulary = found.map_err(none)?;
    let (mut tensors, sha256, made) = weights?;
    let Made { device, driver, measured, outcome, notes: mut of_device } = made;
    let model = outcome.map_err(|e| {
        if let Some(fault) = tensors.fault.take() {
            return refused(fault);
        }
        if let ModelError::Memory { .. } = e {
            let lower = source.precision.is_some_and(|it| it == Precision::Q4);
            let hint = if lower { "" } else { "; a lower --dtype takes less" };
            return Failure::NoMemory(format!("{e}{hint}"));
        }
        let (path, why) = (tensors.path(), e.to_string());
        if e.is_of_backend() {
            return Failure::CannotRun { device: device.clone(), why };
        }
        let about_the_file =
            matches!(e, ModelError::Missing { .. } | ModelError::Shape { .. } | ModelError::Source { .. });
        // It was sound when it was installed.
        let known = about_the_file && !tensors.checksums.is_empty();
        if known { damaged(source, path, &why) } else { Failure::BadModel { path, why } }
    })?;
    of_device.extend(model.notes());
    let path = manifest.is_none().then(|| std::path::absolute(directory).unwrap_or_else(|_| directory.clone()));
    // A journal is text; what cannot be written there is found again by its weights.
    let path = path.filter(|it| it.to_str().is_some());
    let card = ModelCard {
        path,
        name: source.name.clone(),
        directory: directory.clone(),
        sha256,
        device,
        driver,
        measured,
        dtype: model.precision().name().to_owned(),
        arithmetic: model.arithmetic(),
        n_positions: config.n_positions,
        parameters: tensors.opened.parameters(),
        notes: notes(&tensors.opened.plan.notes, of_device, vocabulary_notes(&vocabulary, config.vocab_size)),
        vocabulary,
        took: started.elapsed(),
    };
    let model = without_gaps(model, &card.vocabulary);
    Ok(LoadedModel { model, card })
}

/// The model of a directory's tensors, with the hash of these.
fn weights(
    source: &ModelSource,
    opened: Opened,
    manifest: Option<&Manifest>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(FileTensors, String, Made), Failure> {
    let config = opened.plan.config.clone();
    let mut tensors = FileTensors::new(opened, manifest).map_err(|e| Failure::NoModelThere(e.to_string()))?;
    let (sha256, packs) = if let Some(it) = manifest {
        // The hash that the installer recorded.
        (it.weights_sha256.clone(), Some(Packs::of_installed(&source.directory, it, &config)))
    } else {
        let weights = Weights::of(&tensors.opened)?;
        let packs = Packs::in_the_cache(&weights, &config);
        (weights.sha256, packs)
    };
    let made = Maker { source, packs, config: &config, tensors: &mut tensors, progress }.make()?;
    Ok((tensors, sha256, made))
}

/// What a user should know of a vocabulary whose word table has `rows` rows.
fn vocabulary_notes(vocabulary: &Vocabulary, rows: usize) -> Vec<String> {
    let mut notes = vocabulary.notes().to_vec();
    let tokens = vocabulary.len();
    if tokens > rows {
        notes.push(format!(
            "the tokenizer has {tokens} tokens, but the word table has {rows} rows: a text with one of the others cannot be \
             read"
        ));
    }
    // More than a split among ranks needs: many words of the model are not in its tokenizer.
    if tokens + PADDING <= rows {
        notes.push(format!(
            "the tokenizer has {tokens} tokens, but the word table has {rows} rows: the others are never drawn"
        ));
    }
    notes
}

/// An installed model that is not as it was installed.
fn damaged(source: &ModelSource, path: PathBuf, what: &str) -> Failure {
    Failure::Damaged { name: source.name.clone(), path, why: what.to_owned() }
}

/// What the user should know: of the model's files, of the device, of the vocabulary.
fn notes(of_model: &[String], of_device: Vec<String>, of_vocabulary: Vec<String>) -> Vec<String> {
    of_model.iter().cloned().chain(of_device).chain(of_vocabulary).collect()
}
