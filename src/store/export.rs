//! Transcripts as files for other readers and programs.

use std::io::{self, Write as _};
use std::path::Path;

use super::paths::Paths;
use super::transcripts::{TranscriptError, read, replay};
use super::vocabularies::{self, WordsMissing};
use crate::document::{Exported, Journal};
use crate::files;

/// What a transcript is exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the format of that name")]
pub enum Format {
    Markdown,
    Text,
    Json,
    Html,
    Loom,
}

impl Format {
    /// What a file of it is called behind the dot.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Text => "txt",
            Self::Json => "json",
            Self::Html => "html",
            Self::Loom => "loom.json",
        }
    }

    /// Whether it is JSON.
    #[must_use]
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Loom)
    }
}

/// An exported transcript.
#[derive(Clone, Debug)]
pub struct Export {
    /// What belongs into the file.
    pub text: String,
    /// What to say of the transcript, each behind its path.
    pub remarks: Vec<String>,
}

/// Why a transcript cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// Its words are not here.
    #[error(transparent)]
    Words(#[from] WordsMissing),
}

/// A transcript in a format, by its whole name.
///
/// # Errors
///
/// If it cannot be read, or its words are not here.
pub fn of(id: &str, format: Format, paths: &Paths) -> Result<Export, ExportError> {
    let (path, journal) = read(&paths.transcripts, id)?;
    of_journal(&path, &journal, format, paths)
}

/// A transcript that was read, in a format.
///
/// # Errors
///
/// If its words are not here.
pub fn of_journal(path: &Path, journal: &Journal, format: Format, paths: &Paths) -> Result<Export, ExportError> {
    let mut remarks = Vec::new();
    if !journal.faults.is_sound() {
        remarks.push(format!("is damaged: {}", journal.faults));
    }
    let document = replay(journal);
    let resolved = vocabularies::of(journal, path, paths)?;
    remarks.extend(resolved.remarks());
    let Journal { header, records, .. } = journal;
    let (created, vocabularies) = (date(header.created), &resolved.vocabularies);
    let exported = Exported { header, created: &created, records, document: &document, vocabularies };
    let text = match format {
        Format::Text => exported.text(),
        Format::Markdown => exported.markdown(),
        Format::Html => exported.html(),
        Format::Loom => exported.loom() + "\n",
        // A value of our own: writing it cannot fail.
        Format::Json => serde_json::to_string_pretty(&exported.json()).unwrap_or_default() + "\n",
    };
    Ok(Export { text, remarks })
}

/// Writes a file, whole or not at all.
///
/// # Errors
///
/// As [`files::replace`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::replace(path, |file| file.write_all(bytes))
}

/// A time in milliseconds since 1970 as people read it.
#[must_use]
pub fn date(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(stamp) => stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        // Outside of what a calendar has.
        Err(_) => "at no known time".to_owned(),
    }
}

#[cfg(test)]
mod tests;
