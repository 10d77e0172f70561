//! What goes to the thread that writes transcripts and what comes back: plain data.

use std::path::PathBuf;
use std::sync::Arc;

use crate::document::{Header, Record};
use crate::text::Vocabulary;

pub use super::appender::{Change, Mended};

/// To the thread that writes transcripts.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// From here on, write into a new transcript; its file is made with the first text.
    Begin(Header),
    /// Keep a vocabulary, before the first record that names it.
    Vocabulary(Arc<Vocabulary>),
    /// Write a record.
    Append(Record),
    /// See to it that all is on the disk.
    Sync,
    /// Keep what was sent for later runs.
    Remember(String),
}

/// From the thread that writes transcripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything so far is on the disk, in a file of that name.
    Saved {
        /// In which file.
        path: PathBuf,
        /// How many records that are, since the thread was started.
        records: u64,
    },
    /// The file was no longer as it was left, and everything is written anew.
    Mended {
        /// In which file.
        path: PathBuf,
        /// What had been done, and what was in its place.
        mended: Mended,
    },
    /// Something could not be written. It is kept in memory and tried again with the next record.
    Failed {
        /// The transcript that could not be written.
        path: PathBuf,
        /// What the system said.
        why: String,
        /// How many records wait.
        waiting: usize,
    },
    /// What was sent could not be kept for later runs. This is said once.
    NotRemembered {
        /// The file of the history.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}
