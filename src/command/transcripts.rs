//! `megachat transcripts`: list, show, export.

mod list;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use self::list::list;
use super::{Exit, say};
use crate::cli::{ExportFormat, TranscriptsVerb};
use crate::document::{Journal, export_json, export_markdown, export_text};
use crate::files::disk::is_of_the_disk;
use crate::output;
use crate::store::paths::Paths;
use crate::store::transcripts::{self, TranscriptError, replay};
use crate::store::vocabularies::{Finder, Resolved};
use crate::text::{visible, visible_json, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 1 if there is no such transcript, or it cannot be read.
pub fn transcripts(verb: &TranscriptsVerb, paths: &Paths) -> Result<(), Exit> {
    match verb {
        TranscriptsVerb::List { json } => list(*json, paths),
        TranscriptsVerb::Show { id } => export(id, ExportFormat::Txt, paths),
        TranscriptsVerb::Export { id, to } => export(id, *to, paths),
    }
}

fn export(id: &str, format: ExportFormat, paths: &Paths) -> Result<(), Exit> {
    let (path, journal) = transcripts::read(&paths.transcripts, id).map_err(|e| transcript_exit(&e))?;
    if !journal.faults.is_sound() {
        say(&format!("megachat: {} is damaged: {}", visible_path(&path), journal.faults));
    }
    let document = replay(&journal);
    let resolved = vocabularies_of(&path, &journal, paths)?;
    for it in resolved.remarks() {
        say(&format!("megachat: {} {it}", visible_path(&path)));
    }
    let vocabularies = resolved.vocabularies;
    let text = match format {
        ExportFormat::Txt => export_text(&document, &vocabularies),
        ExportFormat::Md => {
            let created = date(journal.header.created);
            export_markdown(&journal.header, &created, &journal.records, &document, &vocabularies)
        }
        ExportFormat::Json => {
            let value = export_json(&journal.header, &journal.records, &document, &vocabularies);
            serde_json::to_string_pretty(&value).map_err(|e| Exit::failed(e.to_string()))?
        }
    };
    let mut out = output::stdout()?;
    // A terminal must not obey what a model wrote; a file gets it as it is.
    if io::stdout().is_terminal() {
        let text = if format == ExportFormat::Json { visible_json(&text) } else { visible(&text) };
        writeln!(out, "{text}")?;
    } else {
        out.write_all(text.as_bytes())?;
        if format == ExportFormat::Json {
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// The vocabularies of a transcript. The caller says that one is assumed.
///
/// # Errors
///
/// Status 3, naming the model, if the words that it was written with are not here.
pub(crate) fn vocabularies_of(path: &Path, journal: &Journal, paths: &Paths) -> Result<Resolved, Exit> {
    let resolved = Finder::new(&paths.transcripts, &paths.models).resolve(journal);
    resolved.map_err(|e| Exit { code: 3, message: format!("{} cannot be read: {e}", visible_path(path)) })
}

/// What to say of a transcript that cannot be used.
pub(crate) fn transcript_exit(error: &TranscriptError) -> Exit {
    let hint = match error {
        TranscriptError::Unknown { .. } => ": `megachat transcripts list` shows them all",
        TranscriptError::Locked { .. } => "; leave it there first",
        TranscriptError::Ambiguous { .. } | TranscriptError::Bad { .. } | TranscriptError::Io { .. } => "",
    };
    let code = match error {
        TranscriptError::Io { error, .. } if is_of_the_disk(error) => 74,
        _ => 1,
    };
    Exit { code, message: format!("{error}{hint}") }
}

fn date(milliseconds: i64) -> String {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(stamp) => stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        // Outside of what a calendar has.
        Err(_) => "at no known time".to_owned(),
    }
}

#[cfg(test)]
mod tests;
