//! Converts a checkpoint into a directory that the engine, and transformers, can load.
//!
//! The bytes are understood by [`crate::checkpoint`]; here they are found, streamed, checked
//! and written. Memory stays small whatever the file's size: one pass over it, one tensor at a
//! time. Everything is written into a directory of a unique name beside the output and renamed
//! at the very end, so that a half-made model is never seen.
//!
//! Not here: downloading.

mod archive;
mod blob;
mod distributed;
mod error;
mod jobs;
mod locate;
mod model;
mod part;
mod reading;
mod source;
mod stage;
mod task;
mod transfer;
mod vocabulary;

use std::path::Path;

pub use error::ConvertError;
pub(crate) use task::Progress;
pub use task::{Converted, Input, Options, Step};

/// Converts `input` into the new directory `output`.
///
/// # Errors
///
/// [`ConvertError`]. Nothing is left behind, whatever it is.
pub fn convert(
    input: Input<'_>,
    output: &Path,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Converted, ConvertError> {
    let stage = stage::Stage::new(output)?;
    let located = locate::locate(input)?;
    let mut sought = vocabulary::Sought::new(&located, options)?;
    let (model, source_sha256) =
        source::hash_beside(&located, || model::convert_model(&located, stage.path(), options, &mut sought, progress))?;
    reading::hear(progress, Step::Finishing)?;
    let model::Model { plan, mut notes, parameters } = model;
    let dtype = options.dtype.unwrap_or(plan.dtype).torch_name();
    let (vocabulary, remarks) = sought.write(&stage, &plan, dtype)?;
    notes.extend(remarks);
    let weights = source::hash_weights(&stage.path().join(stage::WEIGHTS), progress)?;
    stage.publish()?;
    Ok(Converted {
        config: plan.config,
        family: plan.family,
        format: plan.format,
        notes,
        source_sha256,
        weights,
        parameters,
        vocabulary,
    })
}
