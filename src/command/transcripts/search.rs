//! `megachat transcripts search`: by words of the texts, in all branches.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value, json};

use super::super::{Exit, print_json, say};
use super::list::object;
use super::{date, library, library_exit};
use crate::output;
use crate::store::library::{FOUND, FOUND_END, Hit};
use crate::store::paths::Paths;
use crate::text::{visible_line, visible_name};

/// Prints the transcripts in which words are found, the best first.
///
/// # Errors
///
/// Status 1 if none is found, or the library cannot be read.
pub(super) fn search(words: &[String], most: usize, as_json: bool, paths: &Paths) -> Result<(), Exit> {
    // Words that a shell took the quotes from stand beside each other all the same.
    let words: Vec<String> = words
        .iter()
        .map(|it| if it.trim().contains(' ') && !it.contains('"') { format!("\"{it}\"") } else { it.clone() })
        .collect();
    let words = words.join(" ");
    let hits = library(paths)?.search(&words, most).map_err(|e| library_exit(&e))?;
    if as_json {
        let found: Vec<Value> = hits.iter().map(|it| found(it, paths)).collect();
        return print_json(&json!({ "words": words, "found": found }));
    }
    if hits.is_empty() {
        return Err(Exit::failed(format!("no transcript has {}", visible_name(&words))));
    }
    let mut lines = String::new();
    for it in &hits {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}", told(it));
    }
    output::stdout()?.write_all(lines.as_bytes())?;
    if hits.len() == most {
        say(&format!("megachat: the first {most}; -n tells more"));
    }
    Ok(())
}

/// A transcript and the best place in it, on two lines.
fn told(it: &Hit) -> String {
    let entry = &it.entry;
    let title = entry.title.as_ref().map_or_else(String::new, |it| format!("  \"{it}\""));
    let place = match (it.run, it.on_path) {
        (0, _) => "  title or tags".to_owned(),
        (run, false) => format!("  branch {run} of its tree"),
        (_, true) => String::new(),
    };
    let head = visible_line(&format!(
        "{}  {}{title}{place}{}",
        entry.id,
        entry.created.map_or_else(String::new, date),
        entry.tags_written()
    ));
    format!("{head}\n    {}", visible_line(&marked(&it.piece)))
}

/// What was found in brackets.
fn marked(piece: &str) -> String {
    piece.trim().replace(FOUND, "[").replace(FOUND_END, "]")
}

fn found(it: &Hit, paths: &Paths) -> Value {
    let mut out = object(&it.entry, paths);
    out["piece"] = marked(&it.piece).into();
    out["run"] = it.run.into();
    out["node"] = json!(it.node);
    out["on_path"] = it.on_path.into();
    out
}
