//! What goes to the thread that writes transcripts and what comes back: plain data.

use std::path::PathBuf;
use std::sync::Arc;

use crate::document::{Header, Record};
use crate::text::Vocabulary;

pub use super::appender::{Change, Mended};
pub use super::export::Format;
pub use super::library::{Entry, FOUND, FOUND_END, Hit, State};
pub use super::opening::{Model as WrittenWith, Opened};

/// To the thread that writes transcripts.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// From here on, write into a new transcript; its file is made with the first text.
    Begin(Header),
    /// Keep a vocabulary, before the first record that names it.
    Vocabulary(Arc<Vocabulary>),
    /// Write a record.
    Append(Record),
    /// Open a transcript of that name beside the one that is written; it waits to be gone on with.
    Open(String),
    /// Go on with the transcript that was opened.
    GoOn,
    /// See to it that all is on the disk.
    Sync,
    /// Keep what was sent for later runs.
    Remember(String),
}

/// To the thread that keeps the library. An `id` is the name of a transcript's file, without the ending.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are for")]
pub enum LibraryJob {
    /// Tell what is there: all, or what has these words.
    List {
        /// What is looked for; nothing is all.
        words: String,
    },
    /// Give a transcript a title; an empty one takes it away.
    Retitle { id: String, title: String },
    /// File a transcript under these words alone.
    Retag { id: String, tags: Vec<String> },
    /// Put a transcript into the trash.
    Remove { id: String },
    /// Bring a transcript back from the trash.
    Restore { id: String },
    /// Draw a transcript again and tell whether it comes out the same.
    Replay { id: String },
    /// Write a transcript as a file, beside others of its name.
    Export { id: String, format: Format, directory: PathBuf },
}

/// From the thread that keeps the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryEvent {
    /// What is there.
    Listed {
        /// What was looked for.
        words: String,
        /// What was found; of each transcript, if nothing was looked for.
        hits: Vec<Hit>,
        /// How many transcripts there are.
        of: usize,
        /// Whether everything was looked at; else it follows.
        is_complete: bool,
    },
    /// What is there cannot be told.
    NotListed {
        /// What was looked for.
        words: String,
        /// Why.
        why: String,
    },
    /// Something is done.
    Done {
        /// A sentence that says what.
        what: String,
    },
    /// Something could not be done.
    Failed {
        /// Why.
        why: String,
    },
}

/// From the thread that writes transcripts.
#[derive(Clone, Debug, PartialEq)]
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
    /// A transcript is open and waits to be gone on with.
    Opened(Box<Opened>),
    /// A transcript cannot be opened.
    NotOpened {
        /// The name that was asked for.
        id: String,
        /// What stands in the way, as a clause.
        why: String,
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
