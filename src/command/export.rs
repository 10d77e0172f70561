//! `megachat export`: a model as a file for other engines.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use super::interrupt::Interrupt;
use super::{Exit, demo_directory, find_model, places, say};
use crate::app::words;
use crate::cli::FileArguments;
use crate::install::export::{ExportError, Kind, Options, export as run};
use crate::store::paths::Paths;
use crate::text::visible;

/// Writes the model that `wanted` means to the GGUF file `output`.
///
/// # Errors
///
/// Status 3 if there is no such model, 5 if it cannot be exported, 74 if the disk is full, 130, 143 or 129 after a signal.
pub fn export(
    wanted: &str,
    output: &Path,
    kind: Kind,
    force: bool,
    files: &FileArguments,
    paths: &Paths,
) -> Result<(), Exit> {
    let (name, directory) = find_model(paths, Some(wanted))?;
    let directory = match directory {
        Some(directory) => directory,
        None => demo_directory(&places(paths, files))?,
    };
    // A signal must not leave a half-made file behind.
    let interrupt = Interrupt::listen()?;
    let lively = super::lively();
    let mut shown = None;
    let mut progress = |done: u64, total: u64| {
        let percent = done * 100 / total.max(1);
        if lively && shown.replace(percent) != Some(percent) {
            let _ = write!(io::stderr(), "\rwriting: {percent} %");
        }
        if interrupt.came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let result = run(&directory, output, &Options { name: &name, kind, force }, &mut progress);
    if lively && shown.is_some() {
        say("");
    }
    let exported = result.map_err(|error| {
        let code = match &error {
            ExportError::DiskFull { .. } => 74,
            ExportError::Cancelled => interrupt.status(),
            _ => 5,
        };
        Exit { code, message: error.to_string() }
    })?;
    for note in &exported.notes {
        say(&format!("note: {note}"));
    }
    let (millions, bytes) = (exported.parameters as f64 / 1e6, words::bytes(exported.bytes));
    let file = output.display().to_string();
    say(&format!("{}: GGUF, {}, {millions:.1} M parameters, {bytes}", visible(&file), kind.name()));
    Ok(())
}
