//! Why a path is no model.

use std::io;
use std::path::Path;

use crate::checkpoint::safetensors::SafetensorsError;
use crate::checkpoint::{ConfigError, MapError};
use crate::text::visible_path;

/// Why a path is no model that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A file or directory cannot be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file or directory.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// A file of weights is none.
    #[error("{name} is {what}, expected a GPT-2 checkpoint")]
    NotACheckpoint {
        /// Path of the file.
        name: String,
        /// A noun phrase for its first bytes, such as "a web page".
        what: &'static str,
    },
    /// A small file beside the weights is not what its name says.
    #[error("{name} is {what}, expected {expected}")]
    NotText {
        /// Path of the file.
        name: String,
        /// A noun phrase for its first bytes, such as "a web page".
        what: &'static str,
        /// The format that its name promises.
        expected: &'static str,
    },
    /// There is no checkpoint.
    #[error("{name} holds no checkpoint; it has {found}")]
    NothingInside {
        /// Path of the archive or directory.
        name: String,
        /// Some of what is in it.
        found: String,
    },
    /// There are several, and nothing says which.
    #[error("{name} holds several files of weights that no index joins ({files}); name the one that is meant")]
    Several {
        /// Path of the directory.
        name: String,
        /// Up to eight of the files, by name.
        files: String,
    },
    /// The checkpoint is of a kind that is not supported.
    #[error("{name} is {what}, which is not supported")]
    Unsupported {
        /// Path of the file or directory.
        name: String,
        /// A noun phrase for its kind, such as "a GGUF model".
        what: &'static str,
    },
    /// The list of the files of a model in several files is malformed.
    #[error("{name} is {what}")]
    Index {
        /// Path of the index.
        name: String,
        /// The fault, as the rest of a sentence that begins with the path.
        what: &'static str,
    },
    /// A file of a model in several files is missing.
    #[error("{name} is missing, which {index} names")]
    MissingShard {
        /// Path of the file that is named and not there.
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
        /// Path of the file.
        name: String,
        /// The fault in its header or its layout.
        source: SafetensorsError,
    },
    /// The content is no GPT-2.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A weight is infinite or not a number.
    #[error("{name} holds a weight that is infinite or not a number")]
    NotFinite {
        /// The tensor's name in the file.
        name: String,
    },
    /// A copy of a tensor has other numbers.
    #[error("{name} should equal {of}, but does not")]
    NotTied {
        /// Name of the tensor that should repeat another one's numbers.
        name: String,
        /// The tensor that it should be a copy of.
        of: String,
    },
}

impl DirectoryError {
    /// What the system says of a path.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let name = visible_path(path);
        move |source| Self::Read { name, source }
    }
}
