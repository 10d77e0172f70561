//! What a transcript is called and under which words it is filed: written into its journal, as everything that is so.

use std::path::Path;

use crate::document::Record;
use crate::store::appender::Appender;
use crate::store::transcripts::TranscriptError;
use crate::text::title_of;

/// Gives a transcript a title; an empty one takes it away.
///
/// # Errors
///
/// If there is no such transcript, or another program writes it.
pub fn retitle(transcripts: &Path, id: &str, title: &str) -> Result<(), TranscriptError> {
    append(transcripts, id, &Record::Title { title: title_of(title) })
}

/// Files a transcript under these words, in the place of those of before.
///
/// # Errors
///
/// As [`retitle`].
pub fn retag(transcripts: &Path, id: &str, tags: Vec<String>) -> Result<(), TranscriptError> {
    append(transcripts, id, &Record::Tags { tags })
}

fn append(transcripts: &Path, id: &str, record: &Record) -> Result<(), TranscriptError> {
    let (mut appender, _) = Appender::open(transcripts, id)?;
    let written = appender.append(record).and_then(|()| appender.sync());
    written.map_err(|error| TranscriptError::Io { path: appender.path().to_owned(), error })
}
