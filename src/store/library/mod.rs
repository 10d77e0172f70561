//! The library: all transcripts, found again by what they are called, what they hold, and when they were worked on.
//!
//! The journals are the truth. What is known of them is kept in an index, which is made of them alone: a transcript is read
//! again where its length, its time or its file changed, and an index that is missing or damaged is made anew. Where none can be
//! kept, one in memory does the same, more slowly.

mod card;
mod change;
mod index;
mod search;
mod trash;

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(in crate::store) use card::number;
pub use change::{retag, retitle};
pub use search::{FOUND, FOUND_END, Hit};
pub use trash::{Removed, Trash, TrashError};

use self::card::Card;
use self::index::Index;
use super::paths::Paths;
use super::transcripts::{LATEST, TranscriptError, leads_out, resolve};
use super::vocabularies::{self, Finder};
use crate::text::visible_path;

/// Whether a transcript can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was written.
    Sound,
    /// Something of it is lost.
    Damaged,
    /// It is no transcript, or cannot be opened.
    Unreadable,
}

/// What is known of a transcript without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of its file, without the ending.
    pub id: String,
    /// Whether it can be read.
    pub state: State,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// When it was begun, in milliseconds since 1970; unknown of one that cannot be read.
    pub created: Option<i64>,
    /// When its file was written last, in milliseconds since 1970.
    pub changed: i64,
    /// The largest number under which it was opened to be written in; 0 in older ones.
    pub opened: u64,
    /// What it is called.
    pub title: Option<String>,
    /// Under which words it is filed.
    pub tags: Vec<String>,
    /// The last model it was written with, if any.
    pub model: Option<String>,
    /// The settings in force, in words; empty if there are none.
    pub settings: String,
    /// Tokens of the text.
    pub tokens: u64,
    /// Tokens of the whole tree.
    pub nodes: u64,
    /// Ends that the tree has.
    pub branches: u64,
    /// The first words.
    pub words: Option<String>,
    /// Whether the words are taken for GPT-2's.
    pub words_assumed: bool,
    /// Why there are no words.
    pub words_fault: Option<String>,
}

impl Entry {
    /// The tags as people write them, a space before each.
    #[must_use]
    pub fn tags_written(&self) -> String {
        self.tags.iter().flat_map(|it| [" #", it]).collect()
    }
}

/// Why the library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The directory of transcripts cannot be read.
    #[error("{}: {error}", visible_path(path))]
    Directory {
        /// Where the transcripts should be.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The index failed, also one in memory.
    #[error("the index of transcripts failed: {0}")]
    Index(#[from] rusqlite::Error),
}

/// Why it is not known which transcript is meant.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is the error of that name")]
pub enum ResolveError {
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Where the index is, and its bytes; `None` if there is none.
#[must_use]
pub fn kept_index(paths: &Paths) -> Option<(PathBuf, u64)> {
    index::kept(&paths.library)
}

/// Removes the index, and answers how many bytes it had. The next look at the library makes it anew.
///
/// # Errors
///
/// What the system says.
pub fn forget_index(paths: &Paths) -> io::Result<Option<u64>> {
    let Some((path, bytes)) = kept_index(paths) else { return Ok(None) };
    index::remove(&path).map(|()| Some(bytes))
}

/// All transcripts, with their index.
pub struct Library {
    transcripts: PathBuf,
    models: PathBuf,
    index: Index,
    /// Why the index is in memory alone, if it is.
    pub remark: Option<String>,
}

impl Library {
    /// Opens the index; nothing is read of the transcripts yet.
    ///
    /// # Errors
    ///
    /// If not even an index in memory can be made.
    pub fn open(paths: &Paths) -> Result<Self, LibraryError> {
        let (index, remark) = Index::open(&paths.library)?;
        let (transcripts, models) = (paths.transcripts.clone(), paths.models.clone());
        Ok(Self { transcripts, models, index, remark })
    }

    /// Brings the index up to date. `look` is told how many transcripts of how many were read, and answers whether to go on.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read, or the index fails.
    pub fn refresh(&mut self, look: &mut dyn FnMut(usize, usize) -> bool) -> Result<(), LibraryError> {
        let mut outcome = self.refresh_once(look);
        // Made anew once: the transcripts are all there.
        if let Err(LibraryError::Index(error)) = &outcome
            && (index::is_damaged(error) || index::is_gone(error))
        {
            self.index.open_again(error)?;
            outcome = self.refresh_once(look);
        }
        match outcome {
            // Such as a full disk: nobody needs to do without the library for that.
            Err(LibraryError::Index(error)) if self.remark.is_none() => {
                self.remark = Some(error.to_string());
                self.index = Index::in_memory()?;
                self.refresh_once(look)
            }
            other => other,
        }
    }

    fn refresh_once(&mut self, look: &mut dyn FnMut(usize, usize) -> bool) -> Result<(), LibraryError> {
        let files = self.files()?;
        let words_of = self.stamp_of_words();
        let mut known = self.index.stamps()?;
        let is_known = |known: &mut HashMap<String, index::Stamped>, file: &Found| {
            known
                .remove(&file.id)
                .is_some_and(|it| it.stamp == file.stamp && (!it.depends_on_words || it.words_stamp == words_of))
        };
        let new: Vec<Found> = files.into_iter().filter(|it| !is_known(&mut known, it)).collect();
        // What is left of what was known has no file any more.
        let gone: Vec<i64> = known.into_values().map(|it| it.key).collect();
        self.index.forget(&gone)?;
        let count = new.len();
        let mut finder = Finder::new(&self.transcripts, &self.models);
        for (done, part) in new.chunks(TOGETHER).enumerate() {
            if !look(done * TOGETHER, count) {
                return Ok(());
            }
            let cards = part.iter().map(|it| (it, Card::read(&self.transcripts, &it.id, &mut finder)));
            self.index.put(cards, &words_of)?;
        }
        Ok(())
    }

    /// All of them, those worked on last first.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub fn entries(&self) -> Result<Vec<Entry>, LibraryError> {
        Ok(self.index.entries(None)?)
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub fn entry(&self, id: &str) -> Result<Option<Entry>, LibraryError> {
        Ok(self.index.entries(Some(id))?.pop())
    }

    /// The one that was worked on last, whatever the clock says; `None` if there is none that has a text.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub fn latest(&self) -> Result<Option<Entry>, LibraryError> {
        Ok(self.entries()?.into_iter().find(|it| it.state != State::Unreadable))
    }

    /// The name of the transcript that is meant: by its name, the beginning of that, its title, or `latest`.
    ///
    /// # Errors
    ///
    /// If there is none or more than one, or the index fails.
    pub fn resolve(&self, wanted: &str) -> Result<String, ResolveError> {
        if wanted == LATEST {
            let latest = self.latest()?;
            return Ok(latest.ok_or_else(|| TranscriptError::Unknown { id: wanted.to_owned() })?.id);
        }
        match resolve(&self.transcripts, wanted) {
            Err(TranscriptError::Unknown { id }) => {
                let called =
                    |it: &Entry| it.title.as_ref().is_some_and(|it| it.to_lowercase() == wanted.to_lowercase());
                let mut names: Vec<String> = self.entries()?.into_iter().filter(called).map(|it| it.id).collect();
                match names.len() {
                    0 => Err(TranscriptError::Unknown { id }.into()),
                    1 => Ok(names.remove(0)),
                    _ => Err(TranscriptError::Ambiguous { id, names }.into()),
                }
            }
            other => Ok(other?),
        }
    }

    /// The largest number under which any of them was opened.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub fn largest_number(&self) -> Result<u64, LibraryError> {
        Ok(self.index.largest_number()?)
    }

    /// Those that hold all of the words, in any branch, the best ones first; of equally good ones the last worked on. A word
    /// is found as the beginning of one, what stands in quotes as it is.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub fn search(&self, words: &str, most: usize) -> Result<Vec<Hit>, LibraryError> {
        Ok(search::search(&self.index, words, most)?)
    }

    fn files(&self) -> Result<Vec<Found>, LibraryError> {
        let fail = |error| LibraryError::Directory { path: self.transcripts.clone(), error };
        let entries = match std::fs::read_dir(&self.transcripts) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(fail)?,
        };
        let found = |entry: std::fs::DirEntry| {
            let id = entry.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned();
            // It may go meanwhile. What a link leads to is looked at as the file is.
            let mut about = entry.metadata().ok()?;
            if about.is_symlink() && !leads_out(&entry.path()) {
                about = std::fs::metadata(entry.path()).ok()?;
            }
            Some(Found { id, stamp: stamp(&about), changed: milliseconds(&about) })
        };
        Ok(entries.filter_map(Result::ok).filter_map(found).collect())
    }

    /// What decides which words are found, besides a transcript itself.
    fn stamp_of_words(&self) -> String {
        let of = |path: &Path| std::fs::metadata(path).map_or_else(|_| "-".to_owned(), |it| stamp(&it));
        format!("{} {}", of(&self.models), of(&vocabularies::directory(&self.transcripts)))
    }
}

/// Transcripts that are read before the index is written.
const TOGETHER: usize = 64;

/// A file with a transcript's name.
struct Found {
    id: String,
    stamp: String,
    /// When it was written last, in milliseconds since 1970.
    changed: i64,
}

/// What changes whenever a file does.
fn stamp(about: &Metadata) -> String {
    let since = |it: std::time::SystemTime| it.duration_since(UNIX_EPOCH).map_or(0, |it| it.as_nanos());
    let modified = about.modified().map_or(0, since);
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(about);
    #[cfg(not(unix))]
    let file = 0;
    format!("{} {modified} {file}", about.len())
}

fn milliseconds(about: &Metadata) -> i64 {
    let since = about.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
    since.and_then(|it| i64::try_from(it.as_millis()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
