//! `megachat convert`: a checkpoint to a directory that Hugging Face loads too.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use super::interrupt::Interrupt;
use super::{Exit, say};
use crate::emergency::NO_MEMORY;
use crate::files::disk::is_of_the_disk;
use crate::install::convert::{ConvertError, Input, Options, Step, convert as run};
use crate::output;
use crate::text::visible_path;

/// Converts `input` into the new directory `output`.
///
/// # Errors
///
/// Status 5 if it cannot be converted, 74 if the disk is full, 130 or 143 if a signal broke it off.
pub fn convert(input: &Path, output: &Path, options: &Options) -> Result<(), Exit> {
    let lively = super::lively();
    let interrupt = Interrupt::listen()?;
    let mut progress = |step: Step| {
        if interrupt.came() {
            return ControlFlow::Break(());
        }
        if let (Step::Layer { index, count }, true) = (&step, lively) {
            let _ = write!(output::stderr(), "\rlayer {index} of {count}  ");
        }
        ControlFlow::Continue(())
    };
    let converted = run(Input::Path(input), output, options, &mut progress).map_err(|error| {
        let code = match &error {
            ConvertError::Cancelled => interrupt.status(),
            ConvertError::Write { source, .. } if is_of_the_disk(source) => 74,
            ConvertError::Memory(_) => NO_MEMORY,
            _ => 5,
        };
        Exit { code, message: error.to_string() }
    })?;
    if lively {
        say("");
    }
    for note in &converted.notes {
        say(&format!("note: {note}"));
    }
    let millions = converted.parameters as f64 / 1e6;
    say(&format!("{}: {}, {millions:.1} M parameters", visible_path(output), converted.format));
    Ok(())
}
