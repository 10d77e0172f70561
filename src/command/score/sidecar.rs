//! What figures are of, in a file beside them.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::rows::Unit;
use super::scorer::Scorer;
use crate::cli::ScoreArguments;
use crate::command::Exit;
use crate::files::disk::is_full;
use crate::files::{self, Place};
use crate::text::visible_path;

/// Writes model, hash, precision and version into a file; what stood there is replaced.
///
/// # Errors
///
/// Status 74 if the disk is full, 1 if it cannot be written.
pub(super) fn write(path: &Path, scorer: &Scorer, wanted: &ScoreArguments) -> Result<(), Exit> {
    let start: Vec<String> = scorer.start.iter().map(|&it| scorer.card.vocabulary.name_of(it)).collect();
    let value = json!({
        "program": "megachat",
        "version": env!("CARGO_PKG_VERSION"),
        "model": scorer.facts(),
        "start": start,
        "context": scorer.positions(),
        "overlap": scorer.overlap,
        "unit": Unit(wanted.log).name(),
        "texts": wanted.files.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>(),
    });
    let written = files::update(Place::Sidecar, path).and_then(|mut file| {
        file.set_len(0)?;
        writeln!(file, "{value:#}")
    });
    written.map_err(|e| Exit {
        code: if is_full(&e) { 74 } else { 1 },
        message: format!("cannot write {}: {e}", visible_path(path)),
    })
}
