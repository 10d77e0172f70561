//! The files to convert behind whatever path the user gave, opened.
//!
//! Which they are is the [`directory`](crate::directory) module's to say.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::Config;
use crate::checkpoint::megatron::Place;
use crate::checkpoint::pickle::printable;
use crate::directory::{Contents, DirectoryError, Weights, rank_directory};

use super::blob::{Blob, Section};
use super::{ConvertError, Input};
use crate::text::visible_path;

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
    /// What lies there; none for bytes in memory.
    pub(super) contents: Option<Contents>,
    /// Where the user named one file, and not a directory around it.
    pub(super) one_file: Option<OneFile<'a>>,
}

/// The one file of a checkpoint.
pub(super) enum OneFile<'a> {
    Path(PathBuf),
    Bytes(&'a [u8]),
}

pub(super) fn locate(input: Input<'_>) -> Result<Located<'_>, ConvertError> {
    let path = match input {
        Input::Bytes { name, bytes } => {
            let section = Blob::Bytes(bytes).section();
            let files = vec![FileAt { name: name.to_owned(), section, place: Place::default() }];
            let one_file = Some(OneFile::Bytes(bytes));
            return Ok(Located { files, distributed: None, contents: None, one_file });
        }
        Input::Path(path) => path,
    };
    let contents = Contents::of(path)?;
    let mut files = Vec::new();
    for path in contents.files() {
        let section = Blob::open(path).map_err(|source| read_error(path, source))?.section();
        let place = rank_directory(path).map_or(Ok(Place::default()), |(_, name)| place_of(&name))?;
        files.push(FileAt { name: visible_path(path), section, place });
    }
    let one_file = match contents.files() {
        [only] if !path.is_dir() => Some(OneFile::Path(only.clone())),
        _ => None,
    };
    let distributed = match &contents.weights {
        Weights::Distributed(directory) => Some(directory.clone()),
        Weights::Safetensors(_) | Weights::Torch(_) | Weights::Ranks(_) | Weights::Gguf(_) => None,
    };
    Ok(Located { files, distributed, contents: Some(contents), one_file })
}

/// The place that the name of a rank's directory means: `mp_rank_TT` or `mp_rank_TT_PPP`.
pub(super) fn place_of(name: &str) -> Result<Place, ConvertError> {
    let numbers = name.strip_prefix("mp_rank_").unwrap_or_default().split('_').map(|it| it.parse::<usize>().ok());
    let numbers: Option<Vec<usize>> = numbers.collect();
    let name = || printable(name);
    match numbers.as_deref() {
        Some(&[tensor]) => Ok(Place { tensor, pipeline: 0 }),
        Some(&[tensor, pipeline]) => Ok(Place { tensor, pipeline }),
        Some(&[_, _, _]) => {
            Err(DirectoryError::Unsupported { name: name(), what: "a rank of a mixture of experts" }.into())
        }
        _ => Err(DirectoryError::Unsupported { name: name(), what: "a rank of unknown kind" }.into()),
    }
}

/// A list of names for a message.
pub(super) fn shown(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

pub(super) fn read_error(path: &Path, source: io::Error) -> ConvertError {
    ConvertError::Read { name: visible_path(path), source }
}

impl Located<'_> {
    /// From the `config.json` beside the weights.
    pub(super) fn config(&self) -> Result<Option<Config>, ConvertError> {
        Ok(self.contents.as_ref().map_or(Ok(None), Contents::config)?)
    }

    /// The directory where the tokenizer's files are looked for; none for Megatron's checkpoints.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.contents.as_ref()?.directory.as_deref()
    }
}
