//! Transcripts on the disk: finding and reading. [`super::appender`] writes them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::library::number;
use crate::document::{Document, Header, Journal, JournalError, read_journal};
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
    /// A link in the directory of transcripts leads out of it.
    #[error("{} is a link that leads out of the transcripts' directory, and is not followed", visible_path(path))]
    LeadsOut {
        /// The link.
        path: PathBuf,
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
            Self::Locked { path } | Self::Bad { path, .. } | Self::LeadsOut { path } | Self::Io { path, .. } => {
                Some(path)
            }
        }
    }
}

/// How many names an error lists.
const LISTED: usize = 5;

fn some(names: &[String]) -> String {
    let listed = names.iter().take(LISTED).map(|it| visible_name(it)).collect::<Vec<_>>().join(" or ");
    if names.len() > LISTED { format!("{listed} or one of {} more", names.len() - LISTED) } else { listed }
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

/// The document a journal tells of.
#[must_use]
pub fn replay(journal: &Journal) -> Document {
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    document
}

/// What means the transcript that was worked on last.
pub const LATEST: &str = "latest";

/// The one transcript whose name is or begins with `id`; the one worked on last if `id` is [`LATEST`], for which all are read: the
/// [`Library`](super::library::Library) knows it without.
///
/// # Errors
///
/// If there is none or more than one.
pub fn resolve(directory: &Path, id: &str) -> Result<String, TranscriptError> {
    let all = ids(directory).map_err(|error| TranscriptError::Io { path: directory.to_owned(), error })?;
    if id == LATEST {
        let known = |id: String| {
            let journal = read_named(directory, &id).ok()?;
            let is_written_in = replay(&journal).next_node() > 0;
            Some((is_written_in, number(&journal), id))
        };
        let latest = all.into_iter().filter_map(known).max();
        return latest.map(|it| it.2).ok_or_else(|| TranscriptError::Unknown { id: id.to_owned() });
    }
    if all.iter().any(|it| it == id) {
        return Ok(id.to_owned());
    }
    let mut names: Vec<String> = all.into_iter().filter(|it| !id.is_empty() && it.starts_with(id)).collect();
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
    let id = resolve(directory, id)?;
    Ok((directory.join(format!("{id}.jsonl")), read_named(directory, &id)?))
}

/// Reads the transcript of that name.
pub(super) fn read_named(directory: &Path, id: &str) -> Result<Journal, TranscriptError> {
    let path = directory.join(format!("{id}.jsonl"));
    if leads_out(&path) {
        return Err(TranscriptError::LeadsOut { path });
    }
    read_file(&path)
}

/// Whether something in the directory of transcripts is a link to what lies outside of it. Who can make a link there may not
/// make this program read, show or change what lies elsewhere.
pub(super) fn leads_out(path: &Path) -> bool {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    let real = |it: &Path| std::fs::canonicalize(it).ok();
    is_link && {
        let (target, directory) = (real(path), path.parent().and_then(real));
        target.is_some_and(|target| target.parent() != directory.as_deref())
    }
}

/// The first line of a transcript that is begun now, whatever the clock says: the name of its file is a date of the calendar.
#[must_use]
pub fn new_header() -> Header {
    header_at(SystemTime::now(), TimeZone::system())
}

fn header_at(now: SystemTime, zone: TimeZone) -> Header {
    let earliest = Timestamp::UNIX_EPOCH;
    // A day before the calendar ends, for zones to the east.
    let latest = Timestamp::MAX - jiff::Span::new().hours(48);
    let beyond = if now < SystemTime::UNIX_EPOCH { earliest } else { latest };
    let now = Timestamp::try_from(now).unwrap_or(beyond).clamp(earliest, latest).to_zoned(zone);
    Header {
        version: 1,
        id: now.strftime("%Y%m%d-%H%M%S").to_string(),
        created: now.timestamp().as_millisecond(),
        program: concat!("megachat ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

/// Reads a transcript that lies anywhere.
///
/// # Errors
///
/// If there is no such file, or it is no transcript.
pub fn read_file(path: &Path) -> Result<Journal, TranscriptError> {
    let bytes = files::read(Place::Transcript, path);
    journal_in(path, &bytes.map_err(|error| TranscriptError::Io { path: path.to_owned(), error })?)
}

/// The journal in the bytes of a file. Where its first line is lost, its name says what that said.
///
/// # Errors
///
/// If they are no transcript.
pub fn journal_in(path: &Path, bytes: &[u8]) -> Result<Journal, TranscriptError> {
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
