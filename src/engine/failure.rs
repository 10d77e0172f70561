//! What the engine could not do.

use std::path::PathBuf;

use super::protocol::{Device, MOST_TEXT};

/// Why the engine could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no such directory or file, or it cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// What was named is no model that can be run, in words that name the file.
    #[error("{0}")]
    NoModelThere(String),
    /// A file of the model is not what it should be.
    #[error("{path}: {why}")]
    BadModel {
        /// The file with the fault.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing says what the model's words are, or what says it cannot be read.
    #[error("{why}")]
    NoVocabulary {
        /// Path of the model.
        path: PathBuf,
        /// What is wrong, and what mends it.
        why: String,
    },
    /// An installed model is not as it was installed.
    #[error("{path}: {why}. It is damaged: `megachat model verify {name} --repair` installs it anew")]
    Damaged {
        /// The name that it is installed under.
        name: String,
        /// Path of the damaged file.
        path: PathBuf,
        /// The damage, as the rest of a sentence that begins with the path.
        why: String,
    },
    /// The device asked for is not to be had.
    #[error("no {device} device: {why}")]
    NoDevice {
        /// The device.
        device: Device,
        /// Why not.
        why: String,
    },
    /// The device is there, but cannot hold or run this model as it was asked for.
    #[error("this model cannot run on {device} as it was asked for: {why}")]
    CannotRun {
        /// The device.
        device: Device,
        /// The reason, as the rest of the sentence.
        why: String,
    },
    /// The model does not fit into the memory that there is.
    #[error("{0}")]
    NoMemory(String),
    /// Memory was refused while the model ran; the model and the text are as they were.
    #[error("{0}")]
    OutOfMemory(String),
    /// The device went away while the model ran; the model is lost with it.
    #[error("{0}")]
    DeviceLost(String),
    /// The text does not fit into the context.
    #[error("the text is {tokens} tokens long, the context holds {capacity}")]
    TooLong {
        /// How long it is.
        tokens: usize,
        /// How long it may be.
        capacity: usize,
    },
    /// The text is so long that counting its tokens would take the machine's memory.
    #[error("the text is {bytes} bytes long, at most {} are taken", MOST_TEXT)]
    TooMuchText {
        /// How long it is.
        bytes: usize,
    },
    /// The model's vocabulary cannot spell a text.
    #[error("{0}")]
    Unspelled(String),
    /// A setting is out of its range.
    #[error("{0}")]
    Settings(String),
    /// No model is loaded.
    #[error("no model is loaded")]
    NoModel,
    /// The model failed while it ran.
    #[error("the model failed: {0}")]
    Model(String),
    /// A bug: the thread panicked.
    #[error("the engine failed unexpectedly: {0}")]
    Panic(String),
}

impl Failure {
    /// Whether no model could be loaded; the other failures are of one request to a model.
    #[must_use]
    pub fn is_of_loading(&self) -> bool {
        match self {
            Self::Unreadable { .. }
            | Self::NoModelThere(_)
            | Self::BadModel { .. }
            | Self::NoVocabulary { .. }
            | Self::Damaged { .. }
            | Self::NoDevice { .. }
            | Self::CannotRun { .. }
            | Self::NoMemory(_) => true,
            Self::TooLong { .. }
            | Self::TooMuchText { .. }
            | Self::Unspelled(_)
            | Self::Settings(_)
            | Self::NoModel
            | Self::Model(_)
            | Self::OutOfMemory(_)
            | Self::DeviceLost(_)
            | Self::Panic(_) => false,
        }
    }

    /// Whether the engine has no model any more after this: what is to go on has to load one again.
    #[must_use]
    pub fn drops_the_model(&self) -> bool {
        matches!(self, Self::DeviceLost(_) | Self::Panic(_))
    }
}
