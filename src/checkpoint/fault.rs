//! Why a checkpoint's content cannot be converted.
//!
//! Not here: why its container cannot be read; each container has errors of its own.

use super::ConfigError;
use super::megatron::Place;
use super::tensors::TensorError;

/// A tensor's name in the checkpoint, and beside it the converted model's where that is another.
pub(crate) fn both_names(source: &str, ours: &str) -> String {
    if source == ours { source.to_owned() } else { format!("{source} ({ours})") }
}

/// One thing that is wrong with a checkpoint's tensors. Names are the checkpoint's own, with the converted model's beside
/// them where these are others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// GPT-2 needs it, the checkpoint has it not.
    #[error("missing: {0}")]
    Missing(String),
    /// The checkpoint has it, GPT-2 does not know it.
    #[error("unexpected: {0}")]
    Extra(String),
    /// It occurs more than once.
    #[error("more than once: {0}")]
    Repeated(String),
    /// It has another shape.
    #[error("{name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Its name in the checkpoint.
        name: String,
        /// The shape in the file, rows first.
        found: Vec<usize>,
        /// The shape that the other tensors ask for.
        expected: Vec<usize>,
    },
    /// Its elements are not of a type for weights.
    #[error("{name} holds {found}, expected float16, bfloat16 or float32")]
    Dtype {
        /// Its name in the checkpoint.
        name: String,
        /// The type.
        found: &'static str,
    },
    /// Its elements are of another type than those of its other parts, or of what it should be a copy of.
    #[error("{name} holds {found}, but should hold {expected} as it does elsewhere")]
    Types {
        /// Its name in the checkpoint.
        name: String,
        /// The type of its numbers, as torch names it.
        found: &'static str,
        /// The type of the tensors before it.
        expected: &'static str,
    },
    /// It is not a tensor.
    #[error("{name} is not a tensor but {found}")]
    NotATensor {
        /// Its name in the checkpoint.
        name: String,
        /// What it is.
        found: String,
    },
}

/// Why a checkpoint's content is not a GPT-2 that can be converted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// There is nothing that looks like a model.
    #[error("no model in this file: {0}")]
    NoModel(String),
    /// It is a model of another kind.
    #[error("not a GPT-2: {feature} ({evidence})")]
    NotGpt2 {
        /// What GPT-2 has not.
        feature: &'static str,
        /// The tensor or argument that shows it.
        evidence: String,
    },
    /// Megatron's format has no such version.
    #[error("checkpoint_version {0}, expected none, 1, 2 or 3")]
    Version(String),
    /// The number of heads is neither given nor clear.
    #[error(
        "the number of attention heads is not in the file: {because}; the command line says it with --heads N (the width is {n_embd})"
    )]
    HeadsUnknown {
        /// Width of the residual stream.
        n_embd: usize,
        /// Why nothing says it, as a clause of the message.
        because: String,
    },
    /// The width does not divide into heads.
    #[error("{said} is {heads}, which does not divide the width {n_embd}")]
    Heads {
        /// The flag or argument that has the number.
        said: &'static str,
        /// Number of heads.
        heads: usize,
        /// Width of the residual stream.
        n_embd: usize,
    },
    /// A training argument is there and cannot be.
    #[error("the training argument {key} is {found}, expected {expected}")]
    Argument {
        /// The argument's name in the file.
        key: &'static str,
        /// The value in the file, as Python would print it.
        found: String,
        /// The values that would do, in words.
        expected: &'static str,
    },
    /// The file of one rank says something else than that of the first.
    #[error(
        "{field} is {found} in the file of {rank}, but {expected} in that of {first}: they are not of one checkpoint"
    )]
    RanksDiffer {
        /// The name of the number or argument that differs.
        field: &'static str,
        /// The other rank.
        rank: Place,
        /// The value in that rank's file.
        found: String,
        /// The first rank.
        first: Place,
        /// The value in the first rank's file.
        expected: String,
    },
    /// A tokenizer that is too small for the word table.
    #[error(
        "the tokenizer has {tokens} tokens, but of the word table's {rows} rows at least {least} are words; \
         `megachat convert --vocab {tokens}` takes the others for padding all the same"
    )]
    TokenizerTooSmall {
        /// How many tokens it has.
        tokens: usize,
        /// Rows of the word table.
        rows: usize,
        /// How many of them are words at least.
        least: usize,
    },
    /// A number given by the user or the arguments does not fit the tensors.
    #[error("{what} is {given}, but the tensors say {found}")]
    Contradiction {
        /// The number in words, as a message names it: `attention heads`.
        what: &'static str,
        /// The value that the user or the arguments give.
        given: usize,
        /// Its value in the tensors.
        found: usize,
    },
    /// Files of some ranks are missing.
    #[error("{tensor} tensor ranks and {pipeline} pipeline ranks make {} files, but {found} are here", .tensor.saturating_mul(*.pipeline))]
    MissingRanks {
        /// Tensor-parallel ranks, by the highest number.
        tensor: usize,
        /// Pipeline-parallel ranks, by the highest number.
        pipeline: usize,
        /// The files there are.
        found: usize,
    },
    /// The model was split over another number of ranks than are here.
    #[error("{what} should be {given}, but {found} is here; all `mp_rank_` directories must lie side by side")]
    Ranks {
        /// The number in words, as a message names it.
        what: &'static str,
        /// By the arguments or the shapes.
        given: usize,
        /// By the files.
        found: usize,
    },
    /// The pieces of a tensor overlap or leave a gap.
    #[error("the pieces of {name} do not fill its shape {shape:?} exactly")]
    Pieces {
        /// Its name in the checkpoint.
        name: String,
        /// The shape of the whole tensor, rows first.
        shape: Vec<usize>,
    },
    /// A tensor is malformed.
    #[error("{name}: {source}")]
    Tensor {
        /// The name of the tensor in the file.
        name: String,
        /// What is wrong with it.
        source: TensorError,
    },
    /// The numbers do not fit each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// More names than any checkpoint has.
    #[error("more than {limit} named values")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// Names with more letters than in any checkpoint.
    #[error("the names of its values have more than {limit} bytes together")]
    LongNames {
        /// The bound.
        limit: usize,
    },
    /// More layers than any model has.
    #[error("{found} layers, more than {limit}")]
    TooManyLayers {
        /// By the names.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// Dictionaries nest deeper than in any checkpoint.
    #[error("dictionaries nest deeper than {limit}")]
    TooDeep {
        /// The bound.
        limit: usize,
    },
    /// A name is longer than in any checkpoint.
    #[error("overlong name {name}")]
    LongName {
        /// The beginning of the name, short enough for a message.
        name: String,
    },
    /// Tensors are missing, superfluous or of the wrong shape; all of them are listed.
    #[error("{} of the tensors do not fit a GPT-2:\n  {}", .0.len(), list(.0))]
    Faults(Vec<Fault>),
}

fn list(faults: &[Fault]) -> String {
    // A file of another kind has thousands; a screenful says as much.
    const SHOWN: usize = 40;
    let mut lines: Vec<String> = faults.iter().take(SHOWN).map(ToString::to_string).collect();
    if faults.len() > SHOWN {
        lines.push(format!("and {} more", faults.len() - SHOWN));
    }
    lines.join("\n  ")
}
