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
mod source;
mod stage;
mod transfer;
mod vocabulary;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub use error::ConvertError;

use crate::checkpoint::Config;
use crate::checkpoint::tensors::Dtype;
use crate::integrity::WeightsRecord;
use crate::text::{TokenizerChoice, Vocabulary};

/// What to convert.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A zip archive, a torch or safetensors file, or a directory that holds one: of Hugging
    /// Face's kind, or any level of Megatron's.
    Path(&'a Path),
    /// The same file, already in memory.
    Bytes {
        /// What to call it in messages.
        name: &'a str,
        /// Its content.
        bytes: &'a [u8],
    },
}

/// What the file may not say, and whether to believe it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Attention heads per layer.
    pub heads: Option<usize>,
    /// Rows of the word table that are words.
    pub vocab: Option<usize>,
    /// The tokenizer, where neither the checkpoint nor what lies beside it says which words its rows stand for.
    pub tokenizer: Option<TokenizerChoice>,
    /// The type to write the weights in, one of [`Dtype::is_weight`]; the checkpoint's own if none is given.
    pub dtype: Option<Dtype>,
    /// Leave `transformer.` out of the names of the tensors, as the files of Hugging Face's `GPT2Model` do.
    pub bare_names: bool,
    /// Go on where checksums are wrong or weights are not finite; a note says so.
    pub force: bool,
}

/// How far the conversion has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Bytes of the checkpoint that have been read, unpacked.
    Reading {
        /// So many are done.
        done: u64,
        /// Of so many.
        total: u64,
    },
    /// A layer is complete. Files do not keep them in order, so this counts them.
    Layer {
        /// How many are complete.
        index: usize,
        /// Of how many.
        count: usize,
    },
    /// Everything is written; it is being checked and made to last.
    Finishing,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The model's numbers.
    pub config: Config,
    /// What was recognised, for people.
    pub format: String,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// Hash of the input, where it is one file or bytes.
    pub source_sha256: Option<String>,
    /// Hashes of the `model.safetensors` written.
    pub weights: WeightsRecord,
    /// Numbers in the model.
    pub parameters: u64,
    /// The vocabulary that was written beside the weights.
    pub vocabulary: Arc<Vocabulary>,
}

/// Is told of every step; breaking off cancels the conversion.
pub(crate) type Progress<'a> = dyn FnMut(Step) -> ControlFlow<()> + 'a;

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
    model::hear(progress, Step::Finishing)?;
    let model::Model { plan, mut notes, parameters } = model;
    let dtype = options.dtype.unwrap_or(plan.dtype).torch_name();
    let (vocabulary, remarks) = sought.write(&stage, &plan, dtype)?;
    notes.extend(remarks);
    let weights = source::hash_weights(&stage.path().join(stage::WEIGHTS), progress)?;
    stage.publish()?;
    Ok(Converted { config: plan.config, format: plan.format, notes, source_sha256, weights, parameters, vocabulary })
}
