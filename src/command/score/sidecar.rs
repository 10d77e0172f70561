//! What figures are of, in a file beside them.

use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::rows::Unit;
use super::scorer::Scorer;
use crate::cli::ScoreArguments;
use crate::command::Exit;
use crate::files::disk::is_of_the_disk;
use crate::files::{self, Place};
use crate::output;
use crate::text::visible_path;

/// What the file calls the program that wrote it.
const PROGRAM: &str = "megachat";

/// Whether the file may be written: nothing is there, or an empty file, or what this program wrote there before. Else it may be
/// the texts, or what is told of them.
///
/// # Errors
///
/// Status 1 if not.
pub(super) fn check(path: &Path) -> Result<(), Exit> {
    let name = visible_path(path);
    let is_taken = || Exit::failed(format!("{name} is there, and no sidecar of this program; name another file"));
    // A link is left to whom it belongs to; and a shell may have made the file for what is told.
    if path.is_symlink() || output::is_into(path) {
        return Err(is_taken());
    }
    let read = match files::read(Place::Sidecar, path) {
        Ok(it) => it,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::FileTooLarge => return Err(is_taken()),
        Err(e) => return Err(Exit::failed(format!("cannot write {name}: {e}"))),
    };
    let is_own = serde_json::from_slice::<Value>(&read).is_ok_and(|it| it["program"] == PROGRAM);
    if read.is_empty() || is_own { Ok(()) } else { Err(is_taken()) }
}

/// Writes model, hash, precision and version into a file, whole or not at all; what stood there is replaced.
///
/// # Errors
///
/// As [`check`]; status 74 if the disk is full, 1 if it cannot be written.
pub(super) fn write(path: &Path, scorer: &Scorer, wanted: &ScoreArguments) -> Result<(), Exit> {
    let start: Vec<String> = scorer.start.iter().map(|&it| scorer.card.vocabulary.name_of(it)).collect();
    let value = json!({
        "program": PROGRAM,
        "version": env!("CARGO_PKG_VERSION"),
        "model": scorer.facts(),
        "start": start,
        "context": scorer.positions(),
        "overlap": scorer.overlap,
        "unit": Unit(wanted.log).name(),
        "texts": wanted.files.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>(),
    });
    check(path)?;
    let written = files::replace(path, |file| writeln!(file, "{value:#}"));
    written.map_err(|e| Exit {
        code: if is_of_the_disk(&e) { 74 } else { 1 },
        message: format!("cannot write {}: {e}", visible_path(path)),
    })
}
