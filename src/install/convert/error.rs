//! Why a conversion failed.

use std::io;
use std::path::PathBuf;

use crate::checkpoint::MapError;
use crate::checkpoint::gguf::read::GgufError;
use crate::checkpoint::legacy::LegacyError;
use crate::checkpoint::pickle::PickleError;
use crate::checkpoint::safetensors::SafetensorsError;
use crate::checkpoint::tensors::TensorError;
use crate::checkpoint::torch_dist::MetadataError;
use crate::checkpoint::torch_zip::TorchZipError;
use crate::checkpoint::zip::ZipError;
use crate::directory::{DirectoryError, VocabularyFault};
use crate::memory::NoRoom;
use crate::text::visible_path;

/// Why a conversion failed. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The output is there already.
    #[error("{} exists already", visible_path(.0))]
    OutputExists(PathBuf),
    /// The caller broke off.
    #[error("cancelled")]
    Cancelled,
    /// The input cannot be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file or directory.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The path holds no model that could be converted.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The output cannot be written. A full disk is [`io::ErrorKind::StorageFull`].
    #[error("cannot write {}: {source}", visible_path(path))]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The archive holds several checkpoints.
    #[error("{name} and {other} are different checkpoints; unpack the one you want")]
    Several {
        /// One of them.
        name: String,
        /// Another one.
        other: String,
    },
    /// The tokenizer's files are read as another vocabulary without what stood beside them.
    #[error("the model's words would be read otherwise from the converted files: {read}, instead of {meant}")]
    WordsChanged {
        /// Summary of the vocabulary that was to be written.
        meant: String,
        /// Summary of the one that its files are read as.
        read: String,
    },
    /// The file ends before its content does.
    #[error("{name} ends {missing} bytes too early")]
    Truncated {
        /// The file.
        name: String,
        /// How much is missing.
        missing: u64,
    },
    /// A checksum is wrong.
    #[error("{name}: checksum {found:08x}, expected {expected:08x}; the file is damaged")]
    Checksum {
        /// The member of the archive.
        name: String,
        /// What the archive says.
        expected: u32,
        /// What was computed.
        found: u32,
    },
    /// The writer of the archive computed no checksum.
    #[error("{name} has no checksum, so that damage would go unnoticed; --force takes it nevertheless")]
    NoChecksum {
        /// The member of the archive.
        name: String,
    },
    /// Tensors share their bytes, as in no model.
    #[error("{tensors} bytes of tensors lie in {bytes} bytes of {name}: they overlap")]
    Overlap {
        /// The file.
        name: String,
        /// Bytes of its storages that are used.
        bytes: u64,
        /// Bytes that the tensors in them have.
        tensors: u64,
    },
    /// A weight does not fit the type asked for.
    #[error("{name} holds weights that are too large for {dtype}")]
    OutOfRange {
        /// The tensor.
        name: String,
        /// The type.
        dtype: &'static str,
    },
    /// A tensor that has to be held whole, to be turned, does not fit into memory.
    #[error(transparent)]
    Memory(#[from] NoRoom),
    /// A weight is infinite or not a number.
    #[error("{name} holds a weight that is infinite or not a number")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// A copy of a tensor, such as an output matrix that should be the word table, or what every
    /// rank should have alike, has other numbers.
    #[error("{name} should equal {of}, but does not")]
    NotTied {
        /// The copy.
        name: String,
        /// The tensor that it should be a copy of.
        of: String,
    },
    /// The archive is malformed.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// The table of contents of a distributed checkpoint is malformed.
    #[error("{name}: {source}")]
    Metadata {
        /// The file.
        name: String,
        /// What is wrong with it.
        source: MetadataError,
    },
    /// The torch file is malformed.
    #[error(transparent)]
    TorchZip(#[from] TorchZipError),
    /// The torch file of the older kind is malformed.
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    /// The pickle in a torch file is malformed.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// A tensor is malformed.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The safetensors file is malformed.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// The GGUF file is malformed, cut, or has numbers of a type that is not read.
    #[error("{name}: {source}")]
    Gguf {
        /// The file.
        name: String,
        /// What is wrong with it.
        source: GgufError,
    },
    /// Nothing says what the model's words are, or what says it cannot be read.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyFault),
    /// The checkpoint says that its words are not GPT-2's.
    #[error(
        "the model was trained with {what}, and its tokenizer is not in the checkpoint; --tokenizer DIR takes it from a \
             directory with tokenizer.json, or with vocab.json and merges.txt"
    )]
    OtherVocabulary {
        /// The tokenizer's type and size by the checkpoint, a noun phrase.
        what: String,
    },
    /// The content is not a GPT-2.
    #[error(transparent)]
    Map(#[from] MapError),
}
