//! `megachat transcripts remove` and `restore`.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value, json};

use super::super::{Exit, print_json, say};
use super::{date, meant, now, transcript_exit};
use crate::files::disk::is_of_the_disk;
use crate::format;
use crate::output;
use crate::store::library::{Removed, Trash, TrashError};
use crate::store::paths::Paths;
use crate::text::{cut, pad, visible_line, visible_name};

/// Columns of what a removed transcript says.
const WORDS: usize = 44;

/// Puts transcripts into the trash.
///
/// # Errors
///
/// Status 1 if one of them is none, or another program writes it; those before it are there then, which was said.
pub(super) fn remove(ids: &[String], paths: &Paths) -> Result<(), Exit> {
    // All names first: `latest` is another one once the first is gone.
    let mut all: Vec<String> = Vec::new();
    for it in ids {
        let id = meant(it, paths)?;
        if !all.contains(&id) {
            all.push(id);
        }
    }
    let trash = Trash::of(&paths.transcripts);
    for id in all {
        trash.remove(&id, now()).map_err(|e| trash_exit(&e))?;
        let name = visible_name(&id);
        say(&format!("{name} is in the trash for 30 days; megachat transcripts restore {name} brings it back"));
    }
    Ok(())
}

/// Brings a transcript back, or tells what is in the trash.
///
/// # Errors
///
/// Status 1 if there is none of that name.
pub(super) fn restore(id: Option<&str>, list: bool, as_json: bool, paths: &Paths) -> Result<(), Exit> {
    let trash = Trash::of(&paths.transcripts);
    if !list {
        let id = trash.restore(id).map_err(|e| trash_exit(&e))?;
        say(&format!("{} is back", visible_name(&id)));
        return Ok(());
    }
    let all = trash.list().map_err(|e| trash_exit(&e))?;
    if as_json {
        let row = |it: &Removed| {
            let (title, words) = trash.describe(it, &paths.models);
            json!({ "id": it.id, "title": title, "words": words, "removed": it.when, "bytes": it.bytes })
        };
        let removed: Vec<Value> = all.iter().map(row).collect();
        return print_json(&json!({ "directory": trash.directory().to_string_lossy(), "removed": removed }));
    }
    let mut lines = String::new();
    for it in &all {
        let (name, when, bytes) = (pad(&visible_name(&it.id), 18), date(it.when), format::bytes(it.bytes));
        let (title, words) = trash.describe(it, &paths.models);
        let title = title.map_or_else(String::new, |it| format!("\"{it}\" "));
        let text = visible_line(&format!("{title}{}", words.unwrap_or_default().replace('\n', " ")));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{name} removed {when}  {bytes:>8}  {}", cut(&text, WORDS));
    }
    output::stdout()?.write_all(lines.as_bytes())?;
    Ok(())
}

fn trash_exit(error: &TrashError) -> Exit {
    match error {
        TrashError::Transcript(it) => transcript_exit(it),
        TrashError::Io { error: it, .. } if is_of_the_disk(it) => Exit { code: 74, message: error.to_string() },
        _ => Exit::failed(error.to_string()),
    }
}
