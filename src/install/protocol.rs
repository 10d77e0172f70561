//! What goes to the installer and what comes back: plain data.

use std::path::PathBuf;
use std::time::Duration;

use super::source::is_url;
use crate::text::visible_path;

/// What to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// The checkpoint built into the program.
    Demo,
    /// NVIDIA's 345M model, from the first source that has it.
    Megatron345m,
    /// A model of the hub.
    Hub {
        /// Organisation and name, or one of the names in [`super::catalogue`].
        repository: String,
        /// The name to install it under; the one it has there if there is none.
        name: Option<String>,
    },
    /// A checkpoint the user knows of.
    Import {
        /// Where it is.
        from: CopyAt,
        /// The name to install it under; by content if there is none.
        name: Option<String>,
    },
}

/// Where a copy of a checkpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyAt {
    /// A zip, a torch file or a directory.
    Path(PathBuf),
    /// An address of such a file.
    Url(String),
}

impl CopyAt {
    /// What the user typed: an address if it begins like one, else a path.
    #[must_use]
    pub fn of(typed: PathBuf) -> Self {
        match typed.to_str() {
            Some(text) if is_url(text) => Self::Url(text.trim().to_owned()),
            _ => Self::Path(typed),
        }
    }
}

/// Where a job is. One honest line for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// A source is being asked.
    Connecting {
        /// Its place in the list, from 1.
        source: usize,
        /// The length of the list.
        of: usize,
        /// The name of the source, to be shown.
        label: String,
    },
    /// Another megachat downloads the same.
    Waiting {
        /// What is known of it.
        why: String,
    },
    /// Bytes come.
    Downloading {
        /// The source's place in the list, from 1.
        source: usize,
        /// The length of the list.
        of: usize,
        /// Bytes on the disk.
        done: u64,
        /// Bytes in all, if the server says.
        total: Option<u64>,
        /// Bytes a second of late.
        rate: f64,
    },
    /// A connection broke; it is tried again after a wait.
    Retrying {
        /// How long.
        wait: Duration,
        /// What happened.
        why: String,
    },
    /// The file's hash is computed.
    Verifying {
        /// Bytes read.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The converter reads.
    Reading {
        /// Bytes read.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The converter writes a layer.
    Converting {
        /// Which, from 1.
        layer: usize,
        /// Of so many.
        of: usize,
    },
    /// Everything is brought to the disk.
    Finishing,
}

/// A model is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The name it is installed under.
    pub name: String,
    /// The directory that holds its manifest and weights.
    pub directory: PathBuf,
    /// What the converter found, in words.
    pub format: String,
    /// What it wants known.
    pub notes: Vec<String>,
    /// Whether the download's hash was known beforehand and agreed.
    pub verified: bool,
    /// Number of parameters.
    pub parameters: u64,
}

/// What a server meant by its no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The server has no such file (404).
    Absent,
    /// The hub has no such repository, or will not say that it has one.
    Repository,
    /// The repository has no such branch.
    Revision,
    /// Its owner lets in those who have accepted terms.
    Gated,
    /// It is forbidden, for a reason that the server does not say in a way that programs read.
    Forbidden,
    /// Something else, which the answers say.
    Other,
}

/// A refusal in a sentence, with what helps.
fn refused(what: &str, refusal: Refusal) -> String {
    match refusal {
        Refusal::Absent => format!("{what} has no file that makes it a model; is the name spelt right?"),
        Refusal::Repository => format!(
            "there is no public repository {what}: the name is misspelt, or the repository is private or \
             gated, which the hub does not tell apart"
        ),
        Refusal::Revision => format!("the repository {what} has no branch `main`"),
        Refusal::Gated => format!(
            "the repository {what} is gated: its owner wants terms to be accepted on its page by a user who is signed \
             in, which megachat never is. Download it by other means, then: megachat model import DIRECTORY"
        ),
        Refusal::Forbidden => format!("access to {what} is forbidden"),
        Refusal::Other => format!("{what} could not be downloaded"),
    }
}

/// Why a model is not installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No source had it.
    #[error("no source could deliver the model")]
    NoSource {
        /// Each source's name with its answer.
        answers: Vec<(String, String)>,
    },
    /// A repository of the hub, or an address that was given, did not deliver.
    #[error("{}", refused(what, *refusal))]
    NotObtained {
        /// The repository, or the address without secrets.
        what: String,
        /// What kind of no it was.
        refusal: Refusal,
        /// Each source's name with its answer.
        answers: Vec<(String, String)>,
    },
    /// The file came, and is not what it should be.
    #[error("{why}")]
    Download {
        /// What happened.
        why: String,
    },
    /// What arrived has no words that can be used: nothing is wrong with it, and it is kept.
    #[error("{why}")]
    NoWords {
        /// What is missing, and what mends it.
        why: String,
    },
    /// It could not be converted.
    #[error("{why}")]
    Convert {
        /// What happened.
        why: String,
    },
    /// The disk is full.
    #[error("the disk is full: {}", visible_path(path))]
    DiskFull {
        /// The file or directory that could not be written.
        path: PathBuf,
        /// Bytes of the download that are kept for the next time.
        kept: u64,
        /// Bytes of it still to come, where that is known.
        missing: Option<u64>,
    },
    /// A directory or file of ours cannot be written or read, for another reason.
    #[error("{why}")]
    Disk {
        /// Which, and what the system said.
        why: String,
    },
    /// The machine gives no more memory, or no more threads.
    #[error("{why}")]
    Exhausted {
        /// What was not given, and for what.
        why: String,
    },
    /// The user asked to stop.
    #[error("stopped")]
    Cancelled {
        /// Bytes kept for the next time.
        kept: u64,
    },
}

/// From the installer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A job goes on.
    Stage {
        /// The model's name.
        name: String,
        /// Where it is.
        stage: Stage,
    },
    /// A source answered.
    Answer {
        /// The model's name.
        name: String,
        /// The source's name.
        source: String,
        /// What it said.
        answer: String,
    },
    /// A job is done.
    Ready(Ready),
    /// A job failed.
    Failed {
        /// The model's name.
        name: String,
        /// The failure, in words that can be shown.
        failure: Failure,
    },
}
