//! `megachat transcripts rename` and `tag`.

use super::super::{Exit, say};
use super::{library, library_exit, meant, transcript_exit};
use crate::output;
use crate::store::library::{retag, retitle};
use crate::store::paths::Paths;
use crate::text::{tags_of, title_of, visible_line, visible_name};

/// Gives a transcript a title.
///
/// # Errors
///
/// Status 1 if there is no such transcript, or another program writes it.
pub(super) fn rename(id: &str, title: &str, paths: &Paths) -> Result<(), Exit> {
    let id = meant(id, paths)?;
    retitle(&paths.transcripts, &id, title).map_err(|e| transcript_exit(&e))?;
    let (name, title) = (visible_name(&id), title_of(title));
    say(&if title.is_empty() {
        format!("{name} has no title any more")
    } else {
        format!("{name} is called \"{}\"", visible_line(&title))
    });
    Ok(())
}

/// Files a transcript under words, takes some away, and prints those that it has then.
///
/// # Errors
///
/// Status 1 as [`rename`], 2 if a word is no tag.
pub(super) fn tag(id: &str, tags: &[String], removed: &[String], paths: &Paths) -> Result<(), Exit> {
    use std::io::Write as _;
    let of = |words: &[String]| tags_of(words.iter().map(String::as_str)).map_err(|e| Exit::usage(e.to_string()));
    let (new, removed) = (of(tags)?, of(removed)?);
    let id = meant(id, paths)?;
    let entry = library(paths)?.entry(&id).map_err(|e| library_exit(&e))?;
    let before = entry.map(|it| it.tags).unwrap_or_default();
    for it in removed.iter().filter(|it| !before.contains(it)) {
        say(&format!("megachat: it is not filed under #{}", visible_line(it)));
    }
    let mut after: Vec<String> = before.iter().filter(|it| !removed.contains(it)).cloned().collect();
    after.extend(new.into_iter().filter(|it| !before.contains(it)));
    if after != before {
        retag(&paths.transcripts, &id, after.clone()).map_err(|e| transcript_exit(&e))?;
    }
    let tags: Vec<String> = after.iter().map(|it| format!("#{}", visible_line(it))).collect();
    writeln!(output::stdout()?, "{}", tags.join(" "))?;
    Ok(())
}
