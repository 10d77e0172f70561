//! Why a path is no model.

use std::io;
use std::path::Path;

use crate::checkpoint::safetensors::SafetensorsError;
use crate::checkpoint::{ConfigError, MapError};

/// Why a path is no model that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A file or directory cannot be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// Which.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file of weights is none.
    #[error("{name} is {what}, expected a GPT-2 checkpoint")]
    NotACheckpoint {
        /// The file.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// A small file beside the weights is not what its name says.
    #[error("{name} is {what}, expected {expected}")]
    NotText {
        /// The file.
        name: String,
        /// What it is.
        what: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// There is no checkpoint.
    #[error("{name} holds no checkpoint; it has {found}")]
    NothingInside {
        /// The archive or directory.
        name: String,
        /// Some of what is in it.
        found: String,
    },
    /// There are several, and nothing says which.
    #[error("{name} holds several files of weights that no index joins ({files}); name the one that is meant")]
    Several {
        /// The directory.
        name: String,
        /// Some of them.
        files: String,
    },
    /// The checkpoint is of a kind that is not supported.
    #[error("{name} is {what}, which is not supported")]
    Unsupported {
        /// The file or directory.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The list of the files of a model in several files is malformed.
    #[error("{name} is {what}")]
    Index {
        /// The list.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file of a model in several files is missing.
    #[error("{name} is missing, which {index} names")]
    MissingShard {
        /// The file.
        name: String,
        /// The list, or another file of the model.
        index: String,
    },
    /// The `config.json` is malformed or for another model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A safetensors file is malformed.
    #[error("{name}: {source}")]
    Safetensors {
        /// The file.
        name: String,
        /// What is wrong with it.
        source: SafetensorsError,
    },
    /// The content is no GPT-2.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A weight is infinite or not a number.
    #[error("{name} holds a weight that is infinite or not a number")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// A copy of a tensor has other numbers.
    #[error("{name} should equal {of}, but does not")]
    NotTied {
        /// The copy.
        name: String,
        /// The tensor that it should be a copy of.
        of: String,
    },
}

impl DirectoryError {
    /// What the system says of a path.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let name = path.display().to_string();
        move |source| Self::Read { name, source }
    }
}
