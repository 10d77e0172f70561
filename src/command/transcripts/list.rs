//! `megachat transcripts list`: all of them, newest first.

use std::io::Write as _;

use serde_json::{Value, json};

use super::super::{Exit, print_json, say};
use super::date;
use crate::output;
use crate::store::paths::Paths;
use crate::store::transcripts::{Summary, TranscriptError, survey};
use crate::store::vocabularies::{Finder, VocabularyMissing};
use crate::text::{cut, pad, visible_line, visible_name, visible_path};

/// How many tokens of a text are told.
const FIRST: usize = 24;

/// The first words of a transcript.
struct Words {
    text: String,
    /// Whether they are taken for GPT-2's.
    assumed: bool,
}

/// Prints the transcripts, as lines or as JSON.
///
/// # Errors
///
/// Status 1 if their directory cannot be read.
pub(super) fn list(as_json: bool, paths: &Paths) -> Result<(), Exit> {
    let found =
        survey(&paths.transcripts).map_err(|e| Exit::failed(format!("{}: {e}", visible_path(&paths.transcripts))))?;
    if found.is_empty() {
        say(&format!("no transcripts yet in {}", visible_path(&paths.transcripts)));
    }
    let mut finder = Finder::new(&paths.transcripts, &paths.models);
    let mut out = output::stdout()?;
    let mut rows = Vec::new();
    for it in &found {
        let it = match it {
            Ok(it) => it,
            Err(why) => {
                say(&format!("megachat: {why}"));
                rows.push(unreadable(why));
                continue;
            }
        };
        let words = first_words(&mut finder, it);
        if as_json {
            rows.push(row(it, words, paths));
        } else {
            writeln!(out, "{}", line(it, words))?;
        }
    }
    drop(out);
    if as_json {
        print_json(&json!({"directory": paths.transcripts.to_string_lossy(), "transcripts": rows}))?;
    }
    Ok(())
}

fn first_words(finder: &mut Finder, it: &Summary) -> Result<Words, VocabularyMissing> {
    let resolved = finder.resolve(&it.journal)?;
    let first = &it.document.path()[..it.document.len().min(FIRST)];
    Ok(Words { text: resolved.vocabularies.text(&it.document, first), assumed: resolved.assumed })
}

fn line(it: &Summary, words: Result<Words, VocabularyMissing>) -> String {
    let words = match words {
        Ok(it) => {
            let text = it.text.replace('\n', " ");
            if it.assumed { format!("(GPT-2's words assumed) {text}") } else { text }
        }
        Err(_) => format!("(the words of {} are not here)", visible_name(&it.model)),
    };
    let words = if it.journal.faults.is_sound() { words } else { format!("(damaged) {words}") };
    let words = visible_line(&words);
    let (id, date, tokens) = (pad(&visible_name(&it.id), 18), date(it.created), it.document.len());
    let (model, words) = (pad(&visible_name(&it.model), 14), cut(&words, 44));
    format!("{id} {date}  {tokens:>6} tokens  {model} {words}")
}

fn row(it: &Summary, words: Result<Words, VocabularyMissing>, paths: &Paths) -> Value {
    let faults = &it.journal.faults;
    let (words, missing) = words.map_or_else(|e| (None, Some(e.to_string())), |it| (Some(it), None));
    json!({
        "id": it.id,
        "path": paths.transcripts.join(format!("{}.jsonl", it.id)).to_string_lossy(),
        "state": if faults.is_sound() { "sound" } else { "damaged" },
        "fault": (!faults.is_sound()).then(|| faults.to_string()),
        "created": it.created,
        // A text without a model has none of that name.
        "model": Some(&it.model).filter(|it| !it.is_empty()),
        "tokens": it.document.len(),
        "words": words.as_ref().map(|it| &it.text),
        "words_assumed": words.as_ref().map(|it| it.assumed),
        "words_fault": missing,
    })
}

fn unreadable(why: &TranscriptError) -> Value {
    let path = why.path();
    let unknown = Value::Null;
    json!({
        "id": path.and_then(|it| it.file_stem()).map(|it| it.to_string_lossy()),
        "path": path.map(|it| it.to_string_lossy()),
        "state": "unreadable",
        "fault": why.to_string(),
        "created": unknown, "model": unknown, "tokens": unknown,
        "words": unknown, "words_assumed": unknown, "words_fault": unknown,
    })
}
