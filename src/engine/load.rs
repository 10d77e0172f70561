//! A GPT-2 whose weights can be used as they lie, to a [`Session`].
//!
//! What a path holds is [`crate::directory`]'s to say. Weights of other kinds are converted first, above the services
//! (see the module `loading`).

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::backends::places;
use super::gaps::without_gaps;
use super::generation::Session;
use super::packed::Packs;
use super::protocol::{Failure, ModelCard, ModelSource};
use crate::checkpoint::Config;
use crate::checkpoint::tensors::{Dtype, is_finite};
use crate::directory::{Contents, DirectoryError, Opened, find_vocabulary};
use crate::files::{self, Place};
use crate::integrity;
use crate::manifest::{Manifest, hex};
use crate::memory::{self, Memory};
use crate::model::{Device, DeviceChoice, Model, ModelError, Order, Precision, RawTensor, RawType, TensorSource, room};
use crate::text::{Vocabulary, visible_path};

/// A model with fewer parameters is packed too fast to be noticed. The demo has 12 M, the smallest GPT-2 124 M.
const SMALL: u64 = 50_000_000;

/// Rows that a word table may have beyond its tokens without a word: training rounds its height up.
const PADDING: usize = 128;

/// More threads than any machine that this is made for has processors.
const MOST_THREADS: usize = 1024;

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
    let found = find_vocabulary(Some(beside), source.said.tokenizer.as_ref(), config.vocab_size);
    let found = found.map_err(|e| Failure::NoVocabulary { path: directory.clone(), why: e.to_string() })?;
    let vocabulary = Arc::new((*found.vocabulary).clone().within(config.vocab_size));
    let mut tensors = FileTensors::new(opened, manifest.as_ref()).map_err(refused)?;
    let ((device, model), mut of_device) = make(source, manifest.as_ref(), &config, &mut tensors, progress)?;
    let model = model.map_err(|e| {
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
            return Failure::CannotRun { device, why };
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
        sha256: weights_sha256(manifest, &tensors.opened)?,
        device,
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

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Unreadable { path: path.to_owned(), why: error.to_string() }
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

/// Where a model was made, and whether it was.
type Made = (Device, Result<Box<dyn Model>, ModelError>);

/// Makes the model on the first device that will have it; says what the user should know of the others.
fn make(
    source: &ModelSource,
    manifest: Option<&Manifest>,
    config: &Config,
    tensors: &mut FileTensors,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Made, Vec<String>), Failure> {
    let (places, mut of_device) = places(source.device)?;
    let (total, directory) = (config.n_layer, &source.directory);
    let mut made: Option<Made> = None;
    memory::refuse_beyond_the_group();
    for (backend, device) in places {
        let precision = source.precision.unwrap_or_else(|| backend.usual_precision(device));
        fits(&|it| backend.memory(config, it), memory::available(), &source.name, precision)?;
        let worth_it = device == Device::Cpu && tensors.opened.parameters() >= SMALL;
        tensors.packs = Packs::of(directory, manifest).filter(|_| worth_it);
        let packs = Packs::of(directory, manifest).filter(|_| worth_it);
        let outcome = backend.load(Order {
            device,
            precision: Some(precision),
            threads: threads(source.threads),
            config,
            source: &mut *tensors,
            progress: &mut |done| progress(done, total),
            packed: &mut |bytes| {
                if let Some(packs) = &packs {
                    packs.write(precision, bytes);
                }
            },
        });
        match outcome {
            // Mostly too little memory there. Where the user named the device it is an error; else any model is better.
            Err(error) if source.device == DeviceChoice::Auto && device != Device::Cpu && error.is_of_backend() => {
                of_device
                    .push(format!("{device} cannot run it ({}): running on the CPU", first_line(&error.to_string())));
            }
            outcome => {
                made = Some((device, outcome));
                break;
            }
        }
    }
    let nowhere = || Failure::NoDevice { device: Device::Cpu, why: "no backend runs here".to_owned() };
    Ok((made.ok_or_else(nowhere)?, of_device))
}

/// Whether a model fits into the memory that there is, before anything of it is asked for: a system that gives what it has
/// not ends a program in the middle.
///
/// `need` are the bytes that it takes in a precision, where the backend knows them.
fn fits(
    need: &dyn Fn(Precision) -> Option<u64>,
    have: Option<Memory>,
    name: &str,
    precision: Precision,
) -> Result<(), Failure> {
    let (Some(needed), Some(have)) = (need(precision), have) else { return Ok(()) };
    if needed <= have.bytes {
        return Ok(());
    }
    let other = Precision::ALL.into_iter().find(|it| need(*it).is_some_and(|it| it <= have.bytes));
    let hint = other.map_or_else(String::new, |it| format!("; in {} it would fit (--dtype {0})", it.name()));
    Err(Failure::NoMemory(format!(
        "there is not enough memory for {name}: with a full context it takes {} MB in {}, and {have}{hint}",
        needed.div_ceil(1_000_000),
        precision.name(),
    )))
}

/// As many as were asked for; else one for each processor, for nothing else of the program computes.
fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, MOST_THREADS)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// An installed model that is not as it was installed.
fn damaged(source: &ModelSource, path: PathBuf, what: &str) -> Failure {
    Failure::Damaged { name: source.name.clone(), path, why: what.to_owned() }
}

/// What the user should know: of the model's files, of the device, of the vocabulary.
fn notes(of_model: &[String], of_device: Vec<String>, of_vocabulary: Vec<String>) -> Vec<String> {
    of_model.iter().cloned().chain(of_device).chain(of_vocabulary).collect()
}

/// The hash that the installer recorded, else that of the file; of several files, of all their bytes in order.
fn weights_sha256(manifest: Option<Manifest>, opened: &Opened) -> Result<String, Failure> {
    if let Some(manifest) = manifest {
        return Ok(manifest.weights_sha256);
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for weights in opened.paths() {
        let mut file = files::open(Place::Weights, weights).map_err(|e| unreadable(weights, &e))?;
        loop {
            let n = file.read(&mut buffer).map_err(|e| unreadable(weights, &e))?;
            if n == 0 {
                break;
            }
            hash.update(&buffer[..n]);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The tensors of safetensors files, read one at a time.
struct FileTensors {
    opened: Opened,
    /// Where packed weights may be.
    packs: Option<Packs>,
    /// CRC-32 of each tensor's bytes when the model was installed; empty if they are unknown.
    checksums: BTreeMap<String, u32>,
    /// Whether numbers are looked at; those of an installed model were, when it was installed.
    checked: bool,
    /// Why a tensor was refused.
    fault: Option<DirectoryError>,
}

impl FileTensors {
    fn new(mut opened: Opened, manifest: Option<&Manifest>) -> Result<Self, DirectoryError> {
        if manifest.is_none() {
            opened.check_ties()?;
        }
        let checksums = manifest.map(|it| it.checksums.clone()).unwrap_or_default();
        Ok(Self { opened, packs: None, checksums, checked: manifest.is_none(), fault: None })
    }

    /// The first file, for messages.
    fn path(&self) -> PathBuf {
        self.opened.paths().next().unwrap_or(Path::new("")).to_owned()
    }
}

impl TensorSource for FileTensors {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let source = |why: String| ModelError::Source { name: name.to_owned(), why };
        let full = if name == "lm_head.weight" { name.to_owned() } else { format!("transformer.{name}") };
        let target = self.opened.target(&full).ok_or_else(|| ModelError::Missing { name: full.clone() })?;
        let (named, shape) = (target.from.source.clone(), target.shape.clone());
        let piece = target.from.pieces.first().ok_or_else(|| ModelError::Missing { name: full.clone() })?;
        let tensor = piece.tensor.clone();
        // The plan lets no other type through.
        let dtype = match tensor.dtype {
            Dtype::F16 => RawType::F16,
            Dtype::Bf16 => RawType::Bf16,
            _ => RawType::F32,
        };
        // The header has been checked against the file's size, so this is bounded by bytes present.
        let mut bytes = room(tensor.numel() * tensor.dtype.size(), 0, "one tensor of the file")?;
        self.opened.read(&tensor, 0, &mut bytes).map_err(|e| source(e.to_string()))?;
        if self.checksums.get(&named).is_some_and(|it| *it != crc32fast::hash(&bytes)) {
            return Err(source("its bytes have changed since the model was installed".to_owned()));
        }
        if self.checked && !is_finite(&bytes, tensor.dtype) {
            let fault = DirectoryError::NotFinite { name: named };
            let why = fault.to_string();
            self.fault = Some(fault);
            return Err(source(why));
        }
        Ok(RawTensor { dtype, shape, bytes })
    }

    fn packed(&mut self, precision: Precision, out: &mut [u8]) -> bool {
        self.packs.as_ref().is_some_and(|it| it.read(precision, out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Limit;

    #[test]
    fn a_model_that_does_not_fit_is_refused_with_need_have_and_what_would_fit() {
        let need = |it: Precision| Some(if it == Precision::Q4 { 60_000_000 } else { 100_000_000 });
        let have = |bytes| Some(Memory { bytes, limit: Limit::Group });
        assert_eq!(fits(&need, have(100_000_000), "m", Precision::Q8), Ok(()));
        assert_eq!(fits(&need, None, "m", Precision::Q8), Ok(()), "nobody says what there is");
        assert_eq!(fits(&|_| None, have(1), "m", Precision::Q8), Ok(()), "a device with memory of its own");
        let Err(Failure::NoMemory(said)) = fits(&need, have(99_999_999), "m", Precision::Q8) else { panic!() };
        assert_eq!(
            said,
            "there is not enough memory for m: with a full context it takes 100 MB in q8, and 99 MB are left under the limit \
             of this container (cgroup); in q4 it would fit (--dtype q4)"
        );
        let Err(Failure::NoMemory(said)) = fits(&need, have(1_000_000), "m", Precision::Q4) else { panic!() };
        assert!(
            said.ends_with("takes 60 MB in q4, and 1 MB are left under the limit of this container (cgroup)"),
            "{said}"
        );
    }
}
