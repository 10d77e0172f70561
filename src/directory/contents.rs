//! The answer: where the weights are, and what lies beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::DirectoryError;
use super::find::{Found, around_file, in_directory, parent_of};
use super::kind::Kind;
use super::small::{first_bytes, read_small, small_files};
use crate::checkpoint::Config;
use crate::text::visible_path;

/// The files that hold a model's numbers, by the way they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weights {
    /// In one safetensors file or several.
    Safetensors(Vec<PathBuf>),
    /// In one torch file or several, or in an archive around them.
    Torch(Vec<PathBuf>),
    /// In a torch file of each rank of Megatron's.
    Ranks(Vec<PathBuf>),
    /// In a directory in torch's distributed format.
    Distributed(PathBuf),
    /// In a GGUF file, with all that belongs to them.
    Gguf(Vec<PathBuf>),
}

/// What a path holds of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The files with the model's numbers.
    pub weights: Weights,
    /// The directory of the weights, where the small files are looked for; none for Megatron's and GGUF's, which
    /// have none.
    pub directory: Option<PathBuf>,
    /// The small files that are there, by name.
    pub small: BTreeMap<&'static str, PathBuf>,
}

impl Contents {
    /// Looks at a path: a directory of Hugging Face's kind, a snapshot in its cache or the cache of one model, any level
    /// of Megatron's directories, or one file, which means the model that it is of.
    ///
    /// Every file is told by its first bytes and not by its name.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`], naming the file that is not what it should be.
    pub fn of(path: &Path) -> Result<Self, DirectoryError> {
        let is_directory = fs::metadata(path).map_err(DirectoryError::read(path))?.is_dir();
        let found = if is_directory { in_directory(path)? } else { around_file(path)? };
        let (files, ranks) = match found {
            Found::Files(files) => (files, false),
            Found::Ranks(files) => (files, true),
            Found::Distributed(directory) => {
                let weights = Weights::Distributed(directory);
                return Ok(Self { weights, directory: None, small: BTreeMap::new() });
            }
        };
        let mut safetensors = true;
        for file in &files {
            let kind = Kind::of(&first_bytes(file)?);
            let kind = kind.map_err(|what| DirectoryError::NotACheckpoint { name: visible_path(file), what })?;
            safetensors &= kind == Kind::Safetensors;
            if kind == Kind::Gguf {
                let what = "a GGUF model in several files; `llama-gguf-split --merge` makes one of them";
                let weights = if files.len() == 1 { Ok(Weights::Gguf(files.clone())) } else { Err(what) };
                let weights = weights.map_err(|what| DirectoryError::Unsupported { name: visible_path(file), what })?;
                return Ok(Self { weights, directory: None, small: BTreeMap::new() });
            }
        }
        if ranks {
            return Ok(Self { weights: Weights::Ranks(files), directory: None, small: BTreeMap::new() });
        }
        let directory = files.first().map(|file| parent_of(file));
        let weights = if safetensors { Weights::Safetensors(files) } else { Weights::Torch(files) };
        let small = directory.as_deref().map_or_else(|| Ok(BTreeMap::new()), small_files)?;
        Ok(Self { weights, directory, small })
    }

    /// The model's numbers, if a `config.json` says them.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Config`] if it is malformed or for another model.
    pub fn config(&self) -> Result<Option<Config>, DirectoryError> {
        let Some(path) = self.small.get("config.json") else {
            return Ok(None);
        };
        Ok(Some(Config::from_json(&read_small(path)?)?))
    }

    /// The files of the weights; none in the distributed format.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        match &self.weights {
            Weights::Safetensors(files) | Weights::Torch(files) | Weights::Ranks(files) | Weights::Gguf(files) => files,
            Weights::Distributed(_) => &[],
        }
    }
}
