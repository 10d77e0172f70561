//! `megachat export`: a model as a file for other engines.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use super::interrupt::Interrupt;
use super::{DAMAGED, Exit, demo_directory, find_model, places, say};
use crate::cli::FileArguments;
use crate::emergency::NO_MEMORY;
use crate::engine::protocol::Said;
use crate::files::disk::is_of_the_disk;
use crate::format;
use crate::install::convert::ConvertError;
use crate::install::export::{ExportError, Kind, Options, check_output, export as run};
use crate::loading::{PrepareError, Prepared};
use crate::output;
use crate::store::paths::Paths;
use crate::text::{visible, visible_path};

/// Writes the model that `wanted` means to the GGUF file `output`.
///
/// # Errors
///
/// Status 3 if there is no such model, 7 if it is damaged, 5 if it cannot be exported, 74 if the disk is full, 130, 143 or 129 after a signal.
pub fn export(
    wanted: &str,
    output: &Path,
    kind: Kind,
    force: bool,
    said: &Said,
    files: &FileArguments,
    paths: &Paths,
) -> Result<(), Exit> {
    if output == Path::new("-") {
        return Err(Exit::usage("a GGUF file cannot be written to a stream: name a file"));
    }
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
            let _ = write!(output::stderr(), "\rwriting: {percent} %");
        }
        if interrupt.came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    // Of the model that was named, not of a converted copy.
    check_output(&directory, output, force).map_err(|error| Exit { code: 5, message: error.to_string() })?;
    let mut watch = |_| if interrupt.came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let prepared = Prepared::of(&directory, said, &mut watch).map_err(|error| {
        let cancelled = matches!(error, PrepareError::Convert(ConvertError::Cancelled));
        Exit { code: if cancelled { interrupt.status() } else { 5 }, message: error.to_string() }
    })?;
    for note in prepared.notes() {
        say(&format!("note: {note}"));
    }
    let Said { tokenizer, heads } = prepared.said(said);
    let options = Options { name: &name, kind, force, tokenizer: tokenizer.as_ref(), heads };
    let result = run(&prepared.path(), output, &options, &mut progress);
    if lively && shown.is_some() {
        say("");
    }
    let exported = result.map_err(|error| {
        let code = match &error {
            ExportError::DiskFull { .. } => 74,
            ExportError::Write { source, .. } if is_of_the_disk(source) => 74,
            ExportError::Memory(_) => NO_MEMORY,
            ExportError::Damaged { .. } => DAMAGED,
            ExportError::Cancelled => interrupt.status(),
            _ => 5,
        };
        Exit { code, message: error.to_string() }
    })?;
    for note in &exported.notes {
        say(&format!("note: {note}"));
    }
    let (millions, bytes) = (exported.parameters as f64 / 1e6, format::bytes(exported.bytes));
    let file = visible_path(output);
    say(&format!("{}: GGUF, {}, {millions:.1} M parameters, {bytes}", visible(&file), kind.name()));
    Ok(())
}
