//! Why a model was not exported.

use std::io;
use std::path::PathBuf;

use crate::directory::{DirectoryError, VocabularyFault};
use crate::memory::NoRoom;
use crate::text::visible_path;

/// Why a model was not exported. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output is there already.
    #[error("{} exists already; --force replaces it", visible_path(.0))]
    OutputExists(PathBuf),
    /// The output is a file that is read.
    #[error("{} is a part of the model itself and is not replaced", visible_path(.0))]
    PartOfTheModel(PathBuf),
    /// The caller broke off.
    #[error("stopped; nothing was written")]
    Cancelled,
    /// The model cannot be read.
    #[error("cannot read {}: {source}", visible_path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write {}: {source}", visible_path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full.
    #[error("the disk is full: {} needs {} MB", visible_path(path), bytes.div_ceil(1_000_000))]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Bytes it would have.
        bytes: u64,
    },
    /// An installed model is not as it was installed.
    #[error("{}: {why}. It is damaged: `megachat model verify {name} --repair` installs it anew", visible_path(path))]
    Damaged {
        /// The name that it is installed under.
        name: String,
        /// Path of the damaged file.
        path: PathBuf,
        /// The damage, as the rest of a sentence that begins with the path.
        why: String,
    },
    /// A newer program installed the model.
    #[error("{}: {why}", visible_path(path))]
    Newer {
        /// Path of the file with the fault.
        path: PathBuf,
        /// The fault, as the rest of a sentence that begins with the path.
        why: String,
    },
    /// The path holds no model that could be exported.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The weights cannot be used as they lie.
    #[error("{} has to be converted before it can be exported", visible_path(.0))]
    NotConverted(PathBuf),
    /// A tensor that has to be held whole, to be turned, does not fit into memory.
    #[error(transparent)]
    Memory(#[from] NoRoom),
    /// A weight is outside the range of the type.
    #[error("{name} holds {number}, which the type cannot hold; --dtype f32 can")]
    Unfit {
        /// The tensor.
        name: String,
        /// The weight.
        number: f32,
    },
    /// The model has no vocabulary that can be used.
    #[error(transparent)]
    NoVocabulary(#[from] VocabularyFault),
    /// The tokenizer is none that llama.cpp's `gpt-2` stands for.
    #[error("{}: {what}, which GGUF's gpt-2 tokenizer cannot express", visible_path(path))]
    OtherTokenizer {
        /// The file.
        path: PathBuf,
        /// How it differs.
        what: &'static str,
    },
    /// Nothing says where a text ends.
    #[error(
        "no token ends a text: neither `eos_token_id` in generation_config.json or config.json nor the tokenizer's `eos_token` \
             names one of the vocabulary, and GGUF needs one"
    )]
    NoEnd,
}
