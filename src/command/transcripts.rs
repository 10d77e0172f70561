//! `megachat transcripts`: the library of texts.

mod change;
mod export;
mod import;
mod list;
mod search;
mod trash;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use self::change::{rename, tag};
use self::export::export;
use self::import::import;
use self::list::list;
use self::search::search;
use self::trash::{remove, restore};
use super::{DASH, Exit, lively, say};
use crate::cli::TranscriptsVerb;
use crate::files::disk::is_of_the_disk;
use crate::output;
use crate::store::export::{Format, date};
use crate::store::library::{Library, LibraryError, ResolveError, State};
use crate::store::paths::Paths;
use crate::store::transcripts::{LATEST, TranscriptError};

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 1 if there is no such transcript, or it cannot be read; 2 for what has no meaning; 3 if its words are not here; 74 if the
/// disk is full.
pub fn transcripts(verb: &TranscriptsVerb, paths: &Paths) -> Result<(), Exit> {
    match verb {
        TranscriptsVerb::List { tag, model, since, json } => {
            list((tag.as_deref(), model.as_deref(), since.as_deref()), *json, paths)
        }
        TranscriptsVerb::Search { words, most, json } => search(words, most.get(), *json, paths),
        TranscriptsVerb::Show { id } => export(id, Format::Text, Path::new(DASH), false, paths),
        TranscriptsVerb::Rename { id, title } => rename(id, &title.join(" "), paths),
        TranscriptsVerb::Tag { id, tags, remove } => tag(id, tags, remove, paths),
        TranscriptsVerb::Remove { ids } => remove(ids, paths),
        TranscriptsVerb::Restore { id, list, json } => restore(id.as_deref(), *list, *json, paths),
        TranscriptsVerb::Import { file, title, from, model } => {
            import(file, title.as_deref(), *from, model.as_deref(), paths)
        }
        TranscriptsVerb::Export { id, to, output, force } => export(id, to.format(), output, *force, paths),
    }
}

/// The library as it is now.
///
/// # Errors
///
/// Status 1 if the directory of transcripts cannot be read.
fn library(paths: &Paths) -> Result<Library, Exit> {
    let mut library = Library::open(paths).map_err(|e| library_exit(&e))?;
    let shows = lively();
    let mut is_shown = false;
    let refreshed = library.refresh(&mut |done, of| {
        if shows && of > MANY {
            is_shown = true;
            let _ = write!(output::stderr(), "\r\x1b[Kreading transcripts: {done} of {of}");
        }
        true
    });
    if is_shown {
        let _ = write!(output::stderr(), "\r\x1b[K");
    }
    refreshed.map_err(|e| library_exit(&e))?;
    if let Some(why) = &library.remark {
        say(&format!("megachat: the index of transcripts cannot be kept ({why}); all are read anew"));
    }
    Ok(library)
}

/// So many transcripts take a while to be read.
const MANY: usize = 500;

fn library_exit(error: &LibraryError) -> Exit {
    Exit::failed(error.to_string())
}

/// The name of the transcript that is meant: by its name, the beginning of that, its title, or `latest`. What is passed over is
/// named.
///
/// # Errors
///
/// Status 1 if there is none or more than one.
pub(crate) fn meant(wanted: &str, paths: &Paths) -> Result<String, Exit> {
    let library = library(paths)?;
    let id = library.resolve(wanted).map_err(|e| match e {
        ResolveError::Transcript(it) => transcript_exit(&it),
        ResolveError::Library(it) => library_exit(&it),
    })?;
    if wanted == LATEST {
        let all = library.entries().map_err(|e| library_exit(&e))?;
        // By their names these were begun later.
        for it in all.iter().filter(|it| it.state == State::Unreadable && it.id > id) {
            let fault = it.fault.as_deref().unwrap_or_default();
            say(&format!("megachat: passed over: {fault}"));
        }
    }
    Ok(id)
}

/// What to say of a transcript that cannot be used.
pub(crate) fn transcript_exit(error: &TranscriptError) -> Exit {
    let hint = match error {
        TranscriptError::Unknown { .. } => ": `megachat transcripts list` shows them all",
        TranscriptError::Locked { .. } => "; leave it there first",
        TranscriptError::Ambiguous { .. }
        | TranscriptError::Bad { .. }
        | TranscriptError::LeadsOut { .. }
        | TranscriptError::Io { .. } => "",
    };
    let code = match error {
        TranscriptError::Io { error, .. } if is_of_the_disk(error) => 74,
        _ => 1,
    };
    Exit { code, message: format!("{error}{hint}") }
}

/// The file of a transcript.
fn file_of(id: &str, paths: &Paths) -> PathBuf {
    paths.transcripts.join(format!("{id}.jsonl"))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
