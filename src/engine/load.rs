//! A GPT-2 directory in Hugging Face's layout to a [`Session`].

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use candle_core::Device;
use sha2::{Digest as _, Sha256};

use super::devices::{choose_device, device_name, first_line};
use super::generation::Session;
use super::packed::Packs;
use super::protocol::{DeviceChoice, Failure, ModelCard, ModelSource};
use crate::assets;
use crate::checkpoint::safetensors::{Entry, LENGTH_BYTES, SafetensorsError, header_length, parse_header};
use crate::checkpoint::tensors::Dtype;
use crate::checkpoint::{Config, Limits};
use crate::gpt2::cpu::{self, CpuOptions, Isa};
use crate::gpt2::{CandleModel, Model, ModelError, Precision, RawTensor, RawType, TensorSource};
use crate::integrity;
use crate::manifest::{Manifest, hex};
use crate::text::Tokenizer;

/// A model with fewer parameters is packed before anybody notices. The demo has 12 M, the smallest GPT-2 124 M.
const SMALL: u64 = 50_000_000;

/// More threads than any machine that this is made for has processors.
const MOST_THREADS: usize = 1024;

/// A model with what is known of it.
pub struct LoadedModel {
    /// It.
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
/// [`Failure::Unreadable`], [`Failure::BadModel`] or [`Failure::NoDevice`], naming the file or the device.
pub fn load(source: &ModelSource, progress: &mut dyn FnMut(usize, usize)) -> Result<(Session, ModelCard), Failure> {
    let LoadedModel { model, card } = load_model(source, progress)?;
    Ok((Session::new(model, card.tokenizer.clone()), card))
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
    let path = directory.join("config.json");
    let config = Config::from_json(&read(&path)?).map_err(|e| Failure::BadModel { path, why: e.to_string() })?;
    let tokenizer = load_tokenizer(directory)?;
    let mut tensors = FileTensors::open(&directory.join("model.safetensors"))?;
    tensors.checksums = manifest.as_ref().map(|it| it.checksums.clone()).unwrap_or_default();
    let (mut device, mut note) = choose_device(source.device)?;
    let mut precision = source.precision.unwrap_or_else(|| usual_precision(&device));
    let total = config.n_layer;
    let mut progress = |done| progress(done, total);
    let mut model: Option<Result<Box<dyn Model>, ModelError>> = None;
    if !device.is_cpu() {
        let loaded = CandleModel::load(&config, &mut tensors, &device, precision, &mut progress);
        match loaded {
            // Mostly too little memory there. Whoever named the device wants to know; others want a model.
            Err(ModelError::Engine(why)) if source.device == DeviceChoice::Auto => {
                let name = device_name(&device);
                note = Some(format!("{name} cannot run it ({}): running on the CPU", first_line(&why.to_string())));
                device = Device::Cpu;
                precision = source.precision.unwrap_or_else(|| usual_precision(&device));
            }
            loaded => model = Some(loaded.map(|it| Box::new(it) as Box<dyn Model>)),
        }
    }
    let model = model.unwrap_or_else(|| {
        let options = CpuOptions { precision, threads: threads(source.threads), isa: Isa::detect() };
        let worth_it = tensors.parameters() >= SMALL;
        tensors.packs = Packs::of(directory, manifest.as_ref()).filter(|_| worth_it);
        let packs = Packs::of(directory, manifest.as_ref()).filter(|_| worth_it);
        cpu::load(&config, &mut tensors, options, &mut progress, &mut |bytes| {
            if let Some(packs) = &packs {
                packs.write(precision, bytes);
            }
        })
    });
    let model = model.map_err(|e| {
        let (path, why) = (tensors.path.clone(), e.to_string());
        let about_the_file =
            matches!(e, ModelError::Missing { .. } | ModelError::Shape { .. } | ModelError::Source { .. });
        // It was sound when it was installed.
        let known = about_the_file && !tensors.checksums.is_empty();
        if known { damaged(source, path, &why) } else { Failure::BadModel { path, why } }
    })?;
    let card = ModelCard {
        name: source.name.clone(),
        directory: directory.clone(),
        sha256: weights_sha256(manifest, &tensors.path)?,
        device: device_name(&device).to_owned(),
        dtype: precision.name().to_owned(),
        n_positions: config.n_positions,
        parameters: tensors.parameters(),
        tokenizer,
        note,
        took: started.elapsed(),
    };
    Ok(LoadedModel { model, card })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Unreadable { path: path.to_owned(), why: error.to_string() }
}

/// The directory's own tokenizer. One that spells out GPT-2's merges is the built-in one, which is already there.
fn load_tokenizer(directory: &Path) -> Result<Arc<Tokenizer>, Failure> {
    let bad = |path: &Path, why: String| Failure::BadModel { path: path.to_owned(), why };
    let (merges, vocab, json) =
        (directory.join("merges.txt"), directory.join("vocab.json"), directory.join("tokenizer.json"));
    if merges.exists() {
        let bytes = read(&merges)?;
        if bytes == assets::MERGES.as_bytes() {
            return Ok(assets::tokenizer());
        }
        if vocab.exists() {
            let text = String::from_utf8(bytes).map_err(|e| bad(&merges, e.to_string()))?;
            let built = Tokenizer::from_vocab_and_merges(&read(&vocab)?, &text);
            return built.map(Arc::new).map_err(|e| bad(&vocab, e.to_string()));
        }
    }
    let built = Tokenizer::from_json(&read(&json)?);
    built.map(Arc::new).map_err(|e| bad(&json, e.to_string()))
}

/// The precision nobody chose: the fastest whose perplexity is within 0.2 % of that of 32 bits. On the CPU that is 8
/// bits, by the measurement that the README shows, but for processors without kernels of their own; on a GPU 16.
fn usual_precision(device: &Device) -> Precision {
    match device {
        Device::Cpu if Isa::detect().is_portable() => Precision::F32,
        Device::Cpu => Precision::Q8,
        Device::Cuda(_) | Device::Metal(_) => Precision::F16,
    }
}

/// As many as were asked for; else one for each processor, for nothing else of the program computes.
fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).clamp(1, MOST_THREADS)
}

/// An installed model that is not as it was installed.
fn damaged(source: &ModelSource, path: PathBuf, what: &str) -> Failure {
    let why = format!("{what}. It is damaged: `megachat model verify {} --repair` installs it anew", source.name);
    Failure::BadModel { path, why }
}

/// The hash that the installer recorded, else that of the file.
fn weights_sha256(manifest: Option<Manifest>, weights: &Path) -> Result<String, Failure> {
    if let Some(manifest) = manifest {
        return Ok(manifest.weights_sha256);
    }
    let mut file = File::open(weights).map_err(|e| unreadable(weights, &e))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(|e| unreadable(weights, &e))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
    }
    Ok(hex(&hash.finalize()))
}

/// The tensors of a safetensors file, read one at a time.
struct FileTensors {
    path: PathBuf,
    file: File,
    tensors: HashMap<String, Entry>,
    /// Where the data begin, in bytes.
    start: u64,
    /// What stands before the names, `transformer.` or nothing.
    prefix: &'static str,
    /// Where packed weights may be.
    packs: Option<Packs>,
    /// CRC-32 of each tensor's bytes when the model was installed; empty if nobody knows.
    checksums: BTreeMap<String, u32>,
}

impl FileTensors {
    fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |e: io::Error| unreadable(path, &e);
        let bad = |e: SafetensorsError| Failure::BadModel { path: path.to_owned(), why: e.to_string() };
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut length = [0; LENGTH_BYTES];
        file.read_exact(&mut length).map_err(failed)?;
        let length = header_length(length, size, &Limits::default()).map_err(bad)?;
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(failed)?;
        let start = (LENGTH_BYTES + length) as u64;
        let entries = parse_header(&text, size.saturating_sub(start)).map_err(bad)?;
        let prefix = if entries.iter().any(|it| it.name == "transformer.wte.weight") { "transformer." } else { "" };
        let tensors = entries.into_iter().map(|it| (it.name.clone(), it)).collect();
        Ok(Self { path: path.to_owned(), file, tensors, start, prefix, packs: None, checksums: BTreeMap::new() })
    }

    fn parameters(&self) -> u64 {
        self.tensors.values().map(|it| it.shape.iter().map(|&n| n as u64).product::<u64>()).sum()
    }
}

impl TensorSource for FileTensors {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let source = |why: String| ModelError::Source { name: name.to_owned(), why };
        let full = if name == "lm_head.weight" { name.to_owned() } else { format!("{}{name}", self.prefix) };
        let entry = self.tensors.get(&full).ok_or_else(|| ModelError::Missing { name: full.clone() })?;
        let dtype = match entry.dtype {
            Dtype::F32 => RawType::F32,
            Dtype::F16 => RawType::F16,
            Dtype::Bf16 => RawType::Bf16,
            other => {
                return Err(source(format!("its type is {other:?}, not F32, F16 or BF16")));
            }
        };
        // The header has been checked against the file's size, so this is bounded by bytes present.
        let mut bytes = vec![0; (entry.end - entry.start) as usize];
        self.file.seek(SeekFrom::Start(self.start + entry.start)).map_err(|e| source(e.to_string()))?;
        self.file.read_exact(&mut bytes).map_err(|e| source(e.to_string()))?;
        if self.checksums.get(&full).is_some_and(|it| *it != crc32fast::hash(&bytes)) {
            return Err(source("its bytes have changed since the model was installed".to_owned()));
        }
        Ok(RawTensor { dtype, shape: entry.shape.clone(), bytes })
    }

    fn packed(&mut self, precision: Precision, out: &mut [u8]) -> bool {
        self.packs.as_ref().is_some_and(|it| it.read(precision, out))
    }
}
