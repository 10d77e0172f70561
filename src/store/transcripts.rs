//! Transcripts on the disk: finding and reading. [`super::appender`] writes them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::document::{Document, Journal, JournalError, Record, read_journal};
use crate::files::{self, Place};
use crate::text::{visible_name, visible_path};

/// Why a transcript cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// There is none of that name.
    #[error("there is no transcript `{}`", visible_name(id))]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// There are several whose names begin like that.
    #[error("`{}` may be {}", visible_name(id), some(names))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// The names.
        names: Vec<String>,
    },
    /// Another program writes it.
    #[error("{} is open in another megachat", visible_path(path))]
    Locked {
        /// The transcript that is being written.
        path: PathBuf,
    },
    /// The file is no transcript.
    #[error("{}: {error}", visible_path(path))]
    Bad {
        /// The file that was opened.
        path: PathBuf,
        /// Why not.
        error: JournalError,
    },
    /// The file cannot be read or written.
    #[error("{}: {error}", visible_path(path))]
    Io {
        /// The file or directory with the fault.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl TranscriptError {
    /// The file or directory that it is about; `None` where only a name was given.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unknown { .. } | Self::Ambiguous { .. } => None,
            Self::Locked { path } | Self::Bad { path, .. } | Self::Io { path, .. } => Some(path),
        }
    }
}

/// How many names an error lists.
const LISTED: usize = 5;

fn some(names: &[String]) -> String {
    let listed = names.iter().take(LISTED).map(|it| visible_name(it)).collect::<Vec<_>>().join(" or ");
    if names.len() > LISTED { format!("{listed} or one of {} more", names.len() - LISTED) } else { listed }
}

/// One line of the list of transcripts.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The name of the file without its ending, by which the user calls the transcript.
    pub id: String,
    /// When it was begun, in milliseconds since 1970.
    pub created: i64,
    /// The last model it was written with.
    pub model: String,
    /// The document's tokens, for its first words.
    pub document: Document,
    /// The records that the document was made from.
    pub journal: Journal,
}

/// The names of the transcripts, newest first. None of their files is opened.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn ids(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let name = |entry: std::fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned());
    let mut ids: Vec<String> = entries.filter_map(Result::ok).filter_map(name).collect();
    // Names begin with the date.
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// The transcripts, newest first. A file that is none is left out.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn list(directory: &Path) -> io::Result<Vec<Summary>> {
    Ok(survey(directory)?.into_iter().filter_map(Result::ok).collect())
}

/// The transcripts, newest first, and why a file that has a transcript's name is none.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn survey(directory: &Path) -> io::Result<Vec<Result<Summary, TranscriptError>>> {
    let summary = |id: String| {
        let journal = read_file(&directory.join(format!("{id}.jsonl")))?;
        let model = journal.records.iter().rev().find_map(|it| match it {
            Record::Model { name, .. } => Some(name.clone()),
            _ => None,
        });
        let document = replay(&journal);
        let (created, model) = (journal.header.created, model.unwrap_or_default());
        Ok(Summary { id, created, model, document, journal })
    };
    Ok(ids(directory)?.into_iter().map(summary).collect())
}

/// The document a journal tells of.
#[must_use]
pub fn replay(journal: &Journal) -> Document {
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    document
}

/// The one transcript whose name is or begins with `id`; the newest if `id` is `latest`.
///
/// # Errors
///
/// If there is none or more than one.
pub fn resolve(directory: &Path, id: &str) -> Result<String, TranscriptError> {
    let all = ids(directory).map_err(|error| TranscriptError::Io { path: directory.to_owned(), error })?;
    if all.iter().any(|it| it == id) {
        return Ok(id.to_owned());
    }
    let mut names: Vec<String> =
        all.into_iter().filter(|it| id == "latest" || (!id.is_empty() && it.starts_with(id))).collect();
    if id == "latest" {
        names.truncate(1);
    }
    match names.len() {
        0 => Err(TranscriptError::Unknown { id: id.to_owned() }),
        1 => Ok(names.remove(0)),
        _ => Err(TranscriptError::Ambiguous { id: id.to_owned(), names }),
    }
}

/// Reads a transcript, without the right to append to it.
///
/// # Errors
///
/// If there is no such transcript, or its file is none.
pub fn read(directory: &Path, id: &str) -> Result<(PathBuf, Journal), TranscriptError> {
    let path = directory.join(format!("{}.jsonl", resolve(directory, id)?));
    let journal = read_file(&path)?;
    Ok((path, journal))
}

/// Reads a transcript that lies anywhere.
///
/// # Errors
///
/// If there is no such file, or it is no transcript.
pub fn read_file(path: &Path) -> Result<Journal, TranscriptError> {
    let bytes = files::read(Place::Transcript, path);
    journal_of(path, &bytes.map_err(|error| TranscriptError::Io { path: path.to_owned(), error })?)
}

/// The journal in the bytes of a file. Where its first line is lost, its name says what that said.
pub(super) fn journal_of(path: &Path, bytes: &[u8]) -> Result<Journal, TranscriptError> {
    let mut journal = read_journal(bytes).map_err(|error| TranscriptError::Bad { path: path.to_owned(), error })?;
    if journal.faults.header {
        let header = &mut journal.header;
        header.id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        header.created = begun(&header.id).or_else(|| changed(path)).unwrap_or_default();
    }
    Ok(journal)
}

/// When a transcript was begun, by its name, in milliseconds since 1970.
fn begun(id: &str) -> Option<i64> {
    // A number may follow where two were begun in one second.
    let time = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", id.get(..15)?).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::system()).ok()?.timestamp().as_millisecond())
}

/// When a file was changed last, in milliseconds since 1970.
fn changed(path: &Path) -> Option<i64> {
    let since = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests;
