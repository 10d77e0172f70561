//! Finds the files to convert behind whatever path the user gave.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Config;
use crate::checkpoint::megatron::Place;
use crate::checkpoint::pickle::printable;

use super::blob::{Blob, Section};
use super::distributed::METADATA;
use super::{ConvertError, Input, TokenizerFiles};

/// A file to convert.
pub(super) struct FileAt<'a> {
    /// What to call it in messages.
    pub(super) name: String,
    pub(super) section: Section<'a>,
    /// Where it stands among the files.
    pub(super) place: Place,
}

/// What to convert, and what lies beside it.
pub(super) struct Located<'a> {
    pub(super) files: Vec<FileAt<'a>>,
    /// A directory in torch's distributed format, instead of files.
    pub(super) distributed: Option<PathBuf>,
    /// From the `config.json` of a Hugging Face directory.
    pub(super) config: Option<Config>,
    /// The directory of a Hugging Face model, where its tokenizer is.
    directory: Option<PathBuf>,
    /// Where the user named one file, and not a directory around it.
    pub(super) one_file: Option<OneFile<'a>>,
}

/// The one file of a checkpoint.
pub(super) enum OneFile<'a> {
    Path(PathBuf),
    Bytes(&'a [u8]),
}

/// The tokenizer's files for the converted model.
pub(super) struct Tokenizer {
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
    pub(super) note: Option<String>,
}

/// Names of the weights in a Hugging Face directory, the better one first.
const HUGGING_FACE: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// Names of the list of files of a Hugging Face model in several files, the better one first.
const INDEX: [&str; 2] = ["model.safetensors.index.json", "pytorch_model.bin.index.json"];

/// Names of the checkpoint in the directory of one rank, the newer one first.
pub(super) const MEGATRON: [&str; 2] = ["model_optim_rng.pt", "model_rng.pt"];

/// The file in a checkpoint's root that names the newest iteration.
const TRACKER: &str = "latest_checkpointed_iteration.txt";

/// How many levels of directories a checkpoint has: root, iteration, rank.
const LEVELS: usize = 4;

/// What a path leads to.
enum Found {
    Files(Vec<PathBuf>),
    Distributed(PathBuf),
}

pub(super) fn locate(input: Input<'_>) -> Result<Located<'_>, ConvertError> {
    let path = match input {
        Input::Bytes { name, bytes } => {
            let section = Blob::Bytes(bytes).section();
            let files = vec![FileAt { name: name.to_owned(), section, place: Place::default() }];
            let one_file = Some(OneFile::Bytes(bytes));
            return Ok(Located { files, distributed: None, config: None, directory: None, one_file });
        }
        Input::Path(path) => path,
    };
    let is_directory = fs::metadata(path).map_err(|source| read_error(path, source))?.is_dir();
    let place = if is_directory { in_directory(path, LEVELS)? } else { around_file(path)? };
    let paths = match place {
        Found::Files(paths) => paths,
        Found::Distributed(directory) => {
            let distributed = Some(directory);
            return Ok(Located { files: Vec::new(), distributed, config: None, directory: None, one_file: None });
        }
    };
    let hugging_face = paths.iter().any(|file| HUGGING_FACE.iter().any(|name| file.ends_with(name)))
        || (paths.len() > 1 && paths.iter().all(|file| rank_directory(file).is_none()));
    let directory = paths.first().and_then(|file| file.parent()).filter(|_| hugging_face);
    let config = directory.map(|it| it.join("config.json")).filter(|it| it.is_file());
    let config = config.map(|it| Ok::<_, ConvertError>(Config::from_json(&read_small(&it)?)?)).transpose()?;
    let mut files = Vec::new();
    for path in &paths {
        let section = Blob::open(path).map_err(|source| read_error(path, source))?.section();
        let place = rank_directory(path).map_or(Ok(Place::default()), |(_, name)| place_of(&name))?;
        files.push(FileAt { name: path.display().to_string(), section, place });
    }
    let one_file = match paths.as_slice() {
        [only] if !is_directory => Some(OneFile::Path(only.clone())),
        _ => None,
    };
    Ok(Located { files, distributed: None, config, directory: directory.map(Path::to_owned), one_file })
}

/// A file that the user named: if it is one rank's, the others beside it belong to it.
fn around_file(file: &Path) -> Result<Found, ConvertError> {
    if let Some((ranks, _)) = rank_directory(file).filter(|_| MEGATRON.iter().any(|name| file.ends_with(name))) {
        let all = all_ranks(&ranks)?;
        if all.iter().any(|it| it.ends_with(file.strip_prefix(&ranks).unwrap_or(file))) && all.len() > 1 {
            return Ok(Found::Files(all));
        }
    }
    let distributed = file.ends_with(METADATA) || file.extension().is_some_and(|it| it == "distcp");
    match file.parent() {
        Some(directory) if distributed => in_directory(directory, 0),
        _ => Ok(Found::Files(vec![file.to_owned()])),
    }
}

fn in_directory(directory: &Path, levels: usize) -> Result<Found, ConvertError> {
    for name in HUGGING_FACE.iter().chain(&MEGATRON) {
        let file = directory.join(name);
        if file.is_file() {
            // The directory of one rank.
            return if MEGATRON.contains(name) { around_file(&file) } else { Ok(Found::Files(vec![file])) };
        }
    }
    for name in INDEX {
        let index = directory.join(name);
        if index.is_file() {
            return sharded(directory, &read_small(&index)?, &index).map(Found::Files);
        }
    }
    if directory.join(METADATA).is_file() {
        refuse_other_backends(directory)?;
        return Ok(Found::Distributed(directory.to_owned()));
    }
    refuse_by_name(directory)?;
    let ranks = all_ranks(directory)?;
    if !ranks.is_empty() {
        return Ok(Found::Files(ranks));
    }
    if levels > 0 {
        let tracker = directory.join(TRACKER);
        let next = if tracker.is_file() {
            Some(directory.join(iteration(&read_small(&tracker)?)))
        } else {
            Some(directory.join("release")).filter(|it| it.is_dir())
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

/// The files of all ranks in the directory of an iteration.
fn all_ranks(directory: &Path) -> Result<Vec<PathBuf>, ConvertError> {
    let mut ranks = names(directory)?;
    ranks.retain(|name| name.starts_with("mp_rank_"));
    ranks.sort();
    let mut files = Vec::new();
    for name in ranks {
        let rank = directory.join(&name);
        if !rank.is_dir() {
            continue;
        }
        let file = MEGATRON.iter().map(|name| rank.join(name)).find(|file| file.is_file());
        let nothing =
            || ConvertError::NothingInside { name: rank.display().to_string(), found: "no checkpoint".into() };
        files.push(file.ok_or_else(nothing)?);
    }
    Ok(files)
}

/// The directory around that of a rank, and the rank's name.
fn rank_directory(file: &Path) -> Option<(PathBuf, String)> {
    let rank = file.parent()?;
    let name = rank.file_name()?.to_str()?;
    name.starts_with("mp_rank_").then(|| Some((rank.parent()?.to_owned(), name.to_owned())))?
}

/// The place that the name of a rank's directory means: `mp_rank_TT` or `mp_rank_TT_PPP`.
pub(super) fn place_of(name: &str) -> Result<Place, ConvertError> {
    let numbers = name.strip_prefix("mp_rank_").unwrap_or_default().split('_').map(|it| it.parse::<usize>().ok());
    let numbers: Option<Vec<usize>> = numbers.collect();
    let name = || printable(name);
    match numbers.as_deref() {
        Some(&[tensor]) => Ok(Place { tensor, pipeline: 0 }),
        Some(&[tensor, pipeline]) => Ok(Place { tensor, pipeline }),
        Some(&[_, _, _]) => Err(ConvertError::Unsupported { name: name(), what: "a rank of a mixture of experts" }),
        _ => Err(ConvertError::Unsupported { name: name(), what: "a rank of unknown kind" }),
    }
}

/// The files that the index of a Hugging Face model in several files names.
fn sharded(directory: &Path, index: &[u8], path: &Path) -> Result<Vec<PathBuf>, ConvertError> {
    let wrong = |what| ConvertError::Unsupported { name: path.display().to_string(), what };
    let index: serde_json::Value = serde_json::from_slice(index).map_err(|_| wrong("an index that is not JSON"))?;
    let map = index["weight_map"].as_object().ok_or_else(|| wrong("an index without `weight_map`"))?;
    let mut files = BTreeSet::new();
    for name in map.values() {
        let plain = |name: &&str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !name.starts_with('.') && name.chars().all(allowed)
        };
        let name = name.as_str().filter(plain).ok_or_else(|| wrong("an index with an odd file name"))?;
        files.insert(directory.join(name));
    }
    Ok(files.into_iter().collect())
}

/// Refuses the distributed formats that are laid out otherwise.
fn refuse_other_backends(directory: &Path) -> Result<(), ConvertError> {
    let path = directory.join("metadata.json");
    if !path.is_file() {
        return Ok(());
    }
    let json: serde_json::Value = serde_json::from_slice(&read_small(&path)?).unwrap_or_default();
    let what = match json["sharded_backend"].as_str() {
        None | Some("torch_dist") => return Ok(()),
        Some("zarr") => "a distributed checkpoint of the kind `zarr`",
        Some("fsdp_dtensor") => "a distributed checkpoint of the kind `fsdp_dtensor`",
        Some("torch_dcp") => "a distributed checkpoint of the kind `torch_dcp`",
        Some(_) => "a distributed checkpoint of an unknown kind",
    };
    Err(ConvertError::Unsupported { name: directory.display().to_string(), what })
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
        let what = if extension == "distcp" {
            "a distributed checkpoint without its table of contents (.metadata)"
        } else if entry == ".zarray" || directory.join(&entry).join(".zarray").is_file() {
            "a distributed checkpoint of the kind `zarr`"
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

pub(super) fn read_error(path: &Path, source: io::Error) -> ConvertError {
    ConvertError::Read { name: path.display().to_string(), source }
}

/// Reads a file of the size of a tokenizer at most.
fn read_small(path: &Path) -> Result<Vec<u8>, ConvertError> {
    const MOST: usize = 64 << 20;
    let blob = Blob::open(path).map_err(|source| read_error(path, source))?;
    blob.section().content(MOST).map_err(|source| read_error(path, source))
}

impl Located<'_> {
    /// The tokenizer that lies beside the weights of a Hugging Face model, or the stock one.
    pub(super) fn tokenizer(&self, stock: &TokenizerFiles<'_>) -> Result<Tokenizer, ConvertError> {
        let stock = [
            ("vocab.json", stock.vocab_json),
            ("merges.txt", stock.merges_txt),
            ("tokenizer.json", stock.tokenizer_json),
        ];
        let own = self.directory.as_deref().filter(|_| self.config.is_some());
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
