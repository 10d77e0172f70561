//! `megachat transcripts list`: all of them, those worked on last first.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value, json};

use super::super::{Exit, print_json, say};
use super::{date, library, library_exit};
use crate::output;
use crate::store::library::{Entry, State};
use crate::store::paths::Paths;
use crate::text::{cut, pad, visible_line, visible_name, visible_path};

/// Columns of the words of a transcript.
const WORDS: usize = 44;

/// Prints the transcripts, as lines or as JSON: those with a tag, of a model, written in since a day.
///
/// # Errors
///
/// Status 1 if their directory cannot be read, 2 if the day is none.
pub(super) fn list(
    (tag, model, since): (Option<&str>, Option<&str>, Option<&str>),
    as_json: bool,
    paths: &Paths,
) -> Result<(), Exit> {
    let since = since.map(day).transpose()?;
    let tag = tag.map(|it| it.trim_start_matches('#').to_lowercase());
    let all = library(paths)?.entries().map_err(|e| library_exit(&e))?;
    if all.is_empty() {
        say(&format!("no transcripts yet in {}", visible_path(&paths.transcripts)));
    }
    let is_wanted = |it: &&Entry| {
        tag.as_ref().is_none_or(|tag| it.tags.contains(tag))
            && model.is_none_or(|model| it.model.as_deref() == Some(model))
            && since.is_none_or(|since| it.changed >= since)
    };
    let wanted: Vec<&Entry> = all.iter().filter(is_wanted).collect();
    if wanted.is_empty() && !all.is_empty() {
        say(&format!("megachat: none of {} transcripts is such a one", all.len()));
    }
    if as_json {
        let rows: Vec<Value> = wanted.iter().map(|it| object(it, paths)).collect();
        complain(&wanted);
        return print_json(&json!({"directory": paths.transcripts.to_string_lossy(), "transcripts": rows}));
    }
    let mut lines = String::new();
    for it in wanted.iter().filter(|it| it.state != State::Unreadable) {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}", line(it));
    }
    output::stdout()?.write_all(lines.as_bytes())?;
    complain(&wanted);
    Ok(())
}

/// Says which files are no transcripts.
fn complain(all: &[&Entry]) {
    for it in all.iter().filter(|it| it.state == State::Unreadable) {
        say(&format!("megachat: {}", it.fault.as_deref().unwrap_or_default()));
    }
}

/// A day as people write it, as the milliseconds since 1970 at which it begins.
fn day(text: &str) -> Result<i64, Exit> {
    let wrong = |_| Exit::usage(format!("--since is a day as 2026-11-27, not `{}`", visible_name(text)));
    let date: jiff::civil::Date = text.parse().map_err(wrong)?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::system()).map_err(wrong)?;
    Ok(zoned.timestamp().as_millisecond())
}

/// What is told of a transcript in a line.
pub(super) fn line(it: &Entry) -> String {
    let words = match (&it.words, &it.words_fault) {
        (Some(words), _) if it.words_assumed => format!("(GPT-2's words assumed) {}", words.replace('\n', " ")),
        (Some(words), _) => words.replace('\n', " "),
        (None, Some(_)) => {
            format!("(the words of {} are not here)", visible_name(it.model.as_deref().unwrap_or_default()))
        }
        (None, None) => String::new(),
    };
    let words = it.title.as_ref().map_or_else(|| words.clone(), |title| format!("\"{title}\" {words}"));
    let words = if it.state == State::Damaged { format!("(damaged) {words}") } else { words };
    // No more is looked at than is told, and some for what takes no column.
    let first: String = words.chars().take(4 * WORDS).collect();
    let (words, tags) = (visible_line(&first), visible_line(&it.tags_written()));
    let (id, date) = (pad(&visible_name(&it.id), 18), it.created.map_or_else(|| pad("", 16), date));
    let (tokens, branches) = (it.tokens, branches(it));
    let model = pad(&visible_name(it.model.as_deref().unwrap_or_default()), 14);
    format!("{id} {date}  {tokens:>6} tokens {branches:>5} {model} {}{tags}", cut(&words, WORDS)).trim_end().to_owned()
}

/// How many branches there are, where that is more than one.
fn branches(it: &Entry) -> String {
    if it.branches > 1 { format!("x{}", it.branches) } else { String::new() }
}

/// What is known of a transcript, for programs.
pub(super) fn object(it: &Entry, paths: &Paths) -> Value {
    let state = match it.state {
        State::Sound => "sound",
        State::Damaged => "damaged",
        State::Unreadable => "unreadable",
    };
    // Of what cannot be read nothing else is known.
    let known = it.state != State::Unreadable;
    let count = |count: u64| known.then_some(count);
    json!({
        "id": it.id,
        "path": super::file_of(&it.id, paths).to_string_lossy(),
        "state": state,
        "fault": it.fault,
        "title": it.title,
        "tags": it.tags,
        "created": it.created,
        "changed": it.changed,
        "opened": it.opened,
        // A text without a model has none of that name.
        "model": it.model,
        "settings": Some(&it.settings).filter(|it| !it.is_empty()),
        "tokens": count(it.tokens),
        "nodes": count(it.nodes),
        "branches": count(it.branches),
        "words": it.words,
        "words_assumed": it.words.as_ref().map(|_| it.words_assumed),
        "words_fault": it.words_fault,
    })
}
