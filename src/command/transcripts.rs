//! `megachat transcripts`: list, show, export.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use super::{Exit, say};
use crate::cli::{ExportFormat, TranscriptsVerb};
use crate::document::{Journal, export_json, export_markdown, export_text};
use crate::store::paths::Paths;
use crate::store::transcripts::{self, TranscriptError, replay};
use crate::store::vocabularies::{Finder, Resolved};
use crate::text::{visible, visible_json, visible_line, visible_name, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 1 if there is no such transcript, or it cannot be read.
pub fn transcripts(verb: &TranscriptsVerb, paths: &Paths) -> Result<(), Exit> {
    match verb {
        TranscriptsVerb::List => list(paths),
        TranscriptsVerb::Show { id } => export(id, ExportFormat::Txt, paths),
        TranscriptsVerb::Export { id, to } => export(id, *to, paths),
    }
}

fn list(paths: &Paths) -> Result<(), Exit> {
    let found = transcripts::survey(&paths.transcripts)
        .map_err(|e| Exit::failed(format!("{}: {e}", visible_path(&paths.transcripts))))?;
    if found.is_empty() {
        say(&format!("no transcripts yet in {}", visible_path(&paths.transcripts)));
    }
    let mut out = io::stdout().lock();
    let mut finder = Finder::new(&paths.transcripts, &paths.models);
    for it in found {
        let it = match it {
            Ok(it) => it,
            Err(why) => {
                say(&format!("megachat: {why}"));
                continue;
            }
        };
        let words = match finder.resolve(&it.journal) {
            Ok(resolved) => {
                let first = &it.document.path()[..it.document.len().min(24)];
                let words = resolved.vocabularies.text(&it.document, first).replace('\n', " ");
                if resolved.assumed { format!("(GPT-2's words assumed) {words}") } else { words }
            }
            Err(_) => format!("(the words of {} are not here)", visible_name(&it.model)),
        };
        let words = if it.journal.faults.is_sound() { words } else { format!("(damaged) {words}") };
        let words: String = visible_line(&words).chars().take(44).collect();
        let (id, date, tokens) = (visible_name(&it.id), date(it.created), it.document.len());
        writeln!(out, "{id:<18} {date}  {tokens:>6} tokens  {:<14} {words}", visible_name(&it.model))?;
    }
    Ok(())
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
    let mut out = io::stdout().lock();
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
    Exit::failed(format!("{error}{hint}"))
}

fn date(milliseconds: i64) -> String {
    let stamp = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
