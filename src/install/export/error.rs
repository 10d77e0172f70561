//! Why a model was not exported.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::safetensors::SafetensorsError;
use crate::checkpoint::{ConfigError, MapError};
use crate::text::TokenizerError;

/// Why a model was not exported. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output is there already.
    #[error("{} exists already; --force replaces it", .0.display())]
    OutputExists(PathBuf),
    /// The output cannot be a file.
    #[error("{} is {what}, not a file that could be replaced", path.display())]
    NotAFile {
        /// The output.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The caller broke off.
    #[error("stopped; nothing was written")]
    Cancelled,
    /// The model cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full.
    #[error("the disk is full: {} needs {} MB", path.display(), bytes.div_ceil(1_000_000))]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Bytes it would have.
        bytes: u64,
    },
    /// The `config.json` is malformed or for another model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The safetensors file is malformed.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SafetensorsError,
    },
    /// The tensors are not those of the configuration.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A weight is outside the range of the type.
    #[error("{name} holds {number}, which the type cannot hold; --dtype f32 can")]
    Unfit {
        /// The tensor.
        name: String,
        /// The weight.
        number: f32,
    },
    /// The tokenizer files are malformed.
    #[error("{}: {source}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TokenizerError,
    },
    /// The tokenizer is none that llama.cpp's `gpt-2` stands for.
    #[error("{}: {what}, which GGUF's gpt-2 tokenizer cannot express", path.display())]
    OtherTokenizer {
        /// The file.
        path: PathBuf,
        /// How it differs.
        what: &'static str,
    },
    /// There are more tokens than rows in the word table.
    #[error("the tokenizer has {tokens} tokens, but the word table has {rows} rows")]
    Vocabulary {
        /// Number of ids.
        tokens: usize,
        /// Number of rows.
        rows: usize,
    },
    /// Nothing says where a text ends.
    #[error("the tokenizer has no <|endoftext|>, and config.json names no `eos_token_id` within the vocabulary")]
    NoEnd,
}

/// A whole small file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ExportError> {
    std::fs::read(path).map_err(|source| ExportError::Read { path: path.to_owned(), source })
}
