//! `megachat transcripts export` and `show`.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::super::{DASH, Exit, say};
use super::{meant, transcript_exit};
use crate::document::Journal;
use crate::files::disk::is_of_the_disk;
use crate::files::{Place, replaced};
use crate::output;
use crate::store::export::{ExportError, Format, of_journal, write};
use crate::store::paths::Paths;
use crate::store::transcripts::{journal_in, read};
use crate::text::{visible, visible_json, visible_path};

/// Writes a transcript in a format, into a file or on standard output.
///
/// # Errors
///
/// Status 1 if there is no such transcript or the file is there, 3 if its words are not here, 74 if the disk is full.
pub(super) fn export(id: &str, format: Format, to: &Path, force: bool, paths: &Paths) -> Result<(), Exit> {
    let is_file = to != Path::new(DASH);
    let failed = |e: io::Error| Exit {
        code: if is_of_the_disk(&e) { 74 } else { 1 },
        message: format!("cannot write {}: {e}", visible_path(to)),
    };
    if is_file && replaced(to).map_err(failed)?.is_some() && !force {
        return Err(Exit::failed(format!("{} is there already; --force replaces it", visible_path(to))));
    }
    let (path, journal) = if id == DASH {
        from_input()?
    } else {
        read(&paths.transcripts, &meant(id, paths)?).map_err(|e| transcript_exit(&e))?
    };
    let exported = of_journal(&path, &journal, format, paths).map_err(|e| match e {
        ExportError::Transcript(it) => transcript_exit(&it),
        ExportError::Words(_) => Exit { code: 3, message: e.to_string() },
    })?;
    for it in exported.remarks {
        say(&format!("megachat: {} {it}", visible_path(&path)));
    }
    let (text, is_json) = (exported.text, format.is_json());
    if is_file {
        return write(to, text.as_bytes()).map_err(failed);
    }
    let mut out = output::stdout()?;
    // A terminal must not obey what a model wrote; a file gets it as it is.
    if io::stdout().is_terminal() {
        let text = if is_json { visible_json(text.trim_end()) } else { visible(&text) };
        writeln!(out, "{text}")?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A transcript that is written to standard input.
fn from_input() -> Result<(PathBuf, Journal), Exit> {
    if output::is_input_closed() {
        return Err(Exit::failed("standard input is closed"));
    }
    let name = PathBuf::from("standard input");
    let mut bytes = Vec::new();
    let most = Place::Transcript.most();
    let read = io::stdin().take(most + 1).read_to_end(&mut bytes);
    read.map_err(|e| Exit::failed(format!("cannot read standard input: {e}")))?;
    if bytes.len() as u64 > most {
        return Err(Exit::failed(format!("standard input is longer than {most} bytes")));
    }
    let journal = journal_in(&name, &bytes).map_err(|e| transcript_exit(&e))?;
    Ok((name, journal))
}
