//! Why a conversion failed.

use std::io;
use std::path::PathBuf;

use crate::checkpoint::legacy::LegacyError;
use crate::checkpoint::pickle::PickleError;
use crate::checkpoint::safetensors::SafetensorsError;
use crate::checkpoint::tensors::TensorError;
use crate::checkpoint::torch_dist::MetadataError;
use crate::checkpoint::torch_zip::TorchZipError;
use crate::checkpoint::zip::ZipError;
use crate::checkpoint::{ConfigError, MapError};

/// Why a conversion failed. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The output is there already.
    #[error("{} exists already", .0.display())]
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
    /// The output cannot be written. A full disk is [`io::ErrorKind::StorageFull`].
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is nothing that can be converted.
    #[error("{name} is {what}, expected a GPT-2 checkpoint")]
    NotACheckpoint {
        /// The file.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The archive or directory holds no checkpoint.
    #[error("{name} holds no checkpoint; it has {found}")]
    NothingInside {
        /// The archive or directory.
        name: String,
        /// Some of what is in it.
        found: String,
    },
    /// The archive holds several checkpoints.
    #[error("{name} and {other} are different checkpoints; unpack the one you want")]
    Several {
        /// One of them.
        name: String,
        /// Another one.
        other: String,
    },
    /// The checkpoint is of a kind that is not supported.
    #[error("{name} is {what}, which is not supported")]
    Unsupported {
        /// The file or directory.
        name: String,
        /// What it is.
        what: &'static str,
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
    #[error("{tensors} bytes of tensors lie in {bytes} bytes of the storage {storage} of {name}: they overlap")]
    Overlap {
        /// The file.
        name: String,
        /// The storage's key.
        storage: String,
        /// Its bytes.
        bytes: u64,
        /// Bytes that the tensors span.
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
    /// The `config.json` beside the weights is malformed or for another model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The content is not a GPT-2.
    #[error(transparent)]
    Map(#[from] MapError),
}
