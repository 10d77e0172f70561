//! What is converted, how, how far it has come, and what came of it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::tensors::Dtype;
use crate::checkpoint::{Config, Family};
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
        /// The bytes of the file.
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
    /// What was recognised.
    pub family: Family,
    /// The same in full, for people.
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
