//! Finds the one file to convert behind whatever path the user gave.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Config;

use super::blob::Blob;
use super::{ConvertError, Input, TokenizerFiles};

/// The file to convert, and what lies beside it.
pub(super) struct Located<'a> {
    /// What to call it in messages.
    pub(super) name: String,
    pub(super) blob: Blob<'a>,
    pub(super) path: Option<PathBuf>,
    /// From the `config.json` of a Hugging Face directory.
    pub(super) config: Option<Config>,
    /// Whether the user named this file, not a directory around it.
    pub(super) one_file: bool,
}

/// The tokenizer's files for the converted model.
pub(super) struct Tokenizer {
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
    pub(super) note: Option<String>,
}

/// Names of the weights in a Hugging Face directory, the better one first.
const HUGGING_FACE: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// Names of the checkpoint in the directory of one rank, the newer one first.
pub(super) const MEGATRON: [&str; 2] = ["model_optim_rng.pt", "model_rng.pt"];

/// The file in a checkpoint's root that names the newest iteration.
const TRACKER: &str = "latest_checkpointed_iteration.txt";

/// How many levels of directories a checkpoint has: root, iteration, rank.
const LEVELS: usize = 4;

pub(super) fn locate(input: Input<'_>) -> Result<Located<'_>, ConvertError> {
    let path = match input {
        Input::Bytes { name, bytes } => {
            let (name, blob) = (name.to_owned(), Blob::Bytes(bytes));
            return Ok(Located { name, blob, path: None, config: None, one_file: true });
        }
        Input::Path(path) => path,
    };
    let is_directory = fs::metadata(path).map_err(|source| read_error(path, source))?.is_dir();
    let file = if is_directory { in_directory(path, LEVELS)? } else { path.to_owned() };
    refuse_split(&file)?;
    let hugging_face = HUGGING_FACE.iter().any(|name| file.ends_with(name));
    let config_path = file.with_file_name("config.json");
    let config =
        if hugging_face && config_path.is_file() { Some(Config::from_json(&read_small(&config_path)?)?) } else { None };
    let blob = Blob::open(&file).map_err(|source| read_error(&file, source))?;
    let name = file.display().to_string();
    Ok(Located { name, blob, path: Some(file), config, one_file: !is_directory })
}

fn in_directory(directory: &Path, levels: usize) -> Result<PathBuf, ConvertError> {
    for name in HUGGING_FACE.iter().chain(&MEGATRON) {
        let file = directory.join(name);
        if file.is_file() {
            return Ok(file);
        }
    }
    refuse_by_name(directory)?;
    if levels > 0 {
        let tracker = directory.join(TRACKER);
        let next = if tracker.is_file() {
            Some(directory.join(iteration(&read_small(&tracker)?)))
        } else {
            ["mp_rank_00", "mp_rank_00_000", "release"].iter().map(|name| directory.join(name)).find(|it| it.is_dir())
        };
        if let Some(next) = next {
            return in_directory(&next, levels - 1);
        }
    }
    let mut found = names(directory)?;
    found.sort();
    found.truncate(8);
    Err(ConvertError::NothingInside { name: directory.display().to_string(), found: shown(&found) })
}

/// The directory that the tracker file means: `release`, or `iter_` with seven digits.
fn iteration(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    match text.trim().parse::<u64>() {
        Ok(number) => format!("iter_{number:07}"),
        // Nothing but `release` is ever written, and no path from a file is followed.
        Err(_) => "release".to_owned(),
    }
}

fn refuse_by_name(directory: &Path) -> Result<(), ConvertError> {
    let name = || directory.display().to_string();
    for entry in names(directory)? {
        let extension = Path::new(&entry).extension().and_then(|it| it.to_str()).unwrap_or_default();
        let what = if entry.ends_with(".index.json") {
            "a Hugging Face model in several files"
        } else if entry == ".metadata" || extension == "distcp" {
            "a distributed checkpoint (torch_dist)"
        } else if entry.ends_with("-model_states.pt")
            || entry.ends_with("_model_states.pt")
            || entry.starts_with("global_step")
        {
            "a DeepSpeed checkpoint"
        } else if extension == "gguf" {
            "a GGUF model"
        } else {
            continue;
        };
        return Err(ConvertError::Unsupported { name: name(), what });
    }
    Ok(())
}

/// Refuses a rank of a model that has further ranks beside it.
fn refuse_split(file: &Path) -> Result<(), ConvertError> {
    let Some(rank) = file.parent().filter(|_| MEGATRON.iter().any(|name| file.ends_with(name))) else {
        return Ok(());
    };
    let Some(name) = rank.file_name().and_then(|name| name.to_str()) else {
        return Ok(());
    };
    if !name.starts_with("mp_rank_") {
        return Ok(());
    }
    let beside = rank.parent().map_or_else(|| Ok(Vec::new()), names)?;
    let other = beside.into_iter().filter(|other| other.starts_with("mp_rank_") && other != name).min();
    match other {
        Some(other) => Err(ConvertError::Split { name: rank.display().to_string(), other }),
        None => Ok(()),
    }
}

fn names(directory: &Path) -> Result<Vec<String>, ConvertError> {
    let failed = |source| read_error(directory, source);
    let entries = if directory.as_os_str().is_empty() { fs::read_dir(".") } else { fs::read_dir(directory) };
    entries
        .map_err(failed)?
        .map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// A list of names for a message.
pub(super) fn shown(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn read_error(path: &Path, source: io::Error) -> ConvertError {
    ConvertError::Read { name: path.display().to_string(), source }
}

/// Reads a file of the size of a tokenizer at most.
fn read_small(path: &Path) -> Result<Vec<u8>, ConvertError> {
    const MOST: usize = 64 << 20;
    let blob = Blob::open(path).map_err(|source| read_error(path, source))?;
    blob.section().bytes(MOST).map_err(|source| read_error(path, source))
}

impl Located<'_> {
    /// The tokenizer that lies beside the weights of a Hugging Face model, or the stock one.
    pub(super) fn tokenizer(&self, stock: &TokenizerFiles<'_>) -> Result<Tokenizer, ConvertError> {
        let stock = [
            ("vocab.json", stock.vocab_json),
            ("merges.txt", stock.merges_txt),
            ("tokenizer.json", stock.tokenizer_json),
        ];
        let own = match (&self.config, &self.path) {
            (Some(_), Some(path)) => path.parent(),
            _ => None,
        };
        let mut files = Vec::new();
        for (name, _) in stock {
            let path = own.map(|directory| directory.join(name)).filter(|path| path.is_file());
            if let Some(path) = path {
                files.push((name, read_small(&path)?));
            }
        }
        let alike =
            files.iter().all(|(name, bytes)| stock.iter().any(|(other, content)| name == other && bytes == content));
        if alike {
            // None of its own, or the stock one with a file missing.
            let files = stock.map(|(name, bytes)| (name, bytes.to_vec())).into();
            return Ok(Tokenizer { files, note: None });
        }
        let complete = files.len() == stock.len();
        let note = (!complete).then(|| "the model's own tokenizer lacks a file, which is left out".to_owned());
        Ok(Tokenizer { files, note })
    }
}
