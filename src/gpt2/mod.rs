//! The model: GPT-2's transformer behind a small trait.
//!
//! Letters used here: T tokens, C channels (`n_embd`), H heads, D channels of a head (C / H), L layers, V vocabulary,
//! N positions of the context.
//!
//! Nothing here opens a file: weights come through [`TensorSource`]. The only file that names candle is the one of
//! [`CandleModel`].

mod candle;
pub mod cpu;

pub use candle::CandleModel;

use crate::TokenId;
use crate::checkpoint::Config;

/// In which precision the weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats: exact, four bytes a weight.
    F32,
    /// 16-bit IEEE floats, two bytes a weight.
    F16,
    /// 16-bit brain floats, two bytes a weight.
    Bf16,
    /// 8-bit integers in blocks of 32 with a 16-bit scale, 8.5 bits a weight.
    Q8,
    /// 4-bit integers in blocks of 32 with a 16-bit scale, 4.5 bits a weight.
    Q4,
}

impl Precision {
    /// The name on the command line and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        }
    }
}

/// Which scores a call of [`Model::extend`] is wanted for.
pub enum Scores<'a> {
    /// None: only the context grows.
    None,
    /// Of the token after the last one, (V,).
    Last(&'a mut [f32]),
    /// Of the token after every one: hears its index among the tokens, and (V,).
    Each(&'a mut dyn FnMut(usize, &[f32])),
}

/// A tensor as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTensor {
    /// `F32`, `F16` or `BF16`.
    pub dtype: RawType,
    /// Rows first.
    pub shape: Vec<usize>,
    /// Little-endian, row-major.
    pub bytes: Vec<u8>,
}

/// The element types weights come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawType {
    /// Four bytes.
    F32,
    /// Two bytes, IEEE.
    F16,
    /// Two bytes, the upper half of an f32.
    Bf16,
}

impl RawType {
    /// Bytes of one number.
    #[must_use]
    pub fn size(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }
}

/// Where weights come from, by their Hugging Face names without the `transformer.` prefix (`h.0.attn.c_attn.weight`).
pub trait TensorSource {
    /// Reads one tensor.
    ///
    /// # Errors
    ///
    /// [`ModelError::Missing`] if there is none of that name, [`ModelError::Source`] if it cannot be read.
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError>;

    /// Fills `out` with all matrices as [`cpu::load`] packed them for this precision before; answers whether it has.
    fn packed(&mut self, precision: Precision, out: &mut [u8]) -> bool {
        let _ = (precision, out);
        false
    }
}

/// Why a model cannot be made, or not be run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A tensor is not there.
    #[error("there is no tensor `{name}`")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("`{name}` is {found:?}, but config.json makes it {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Of the file.
        found: Vec<usize>,
        /// By the configuration.
        expected: Vec<usize>,
    },
    /// A tensor could not be read.
    #[error("`{name}` cannot be read: {why}")]
    Source {
        /// Its name.
        name: String,
        /// What the file says.
        why: String,
    },
    /// A tensor holds infinities or what is not a number.
    #[error("`{name}` holds a weight that is infinite or not a number")]
    NotFinite {
        /// Its name.
        name: String,
    },
    /// The weights do not fit into memory.
    #[error("{} MB of memory are needed for the weights; a lower --dtype needs less", bytes / 1_000_000)]
    Memory {
        /// Bytes of the weights.
        bytes: u64,
    },
    /// Another number of tokens than of branches.
    #[error("{found} tokens for {expected} branches")]
    Branches {
        /// Tokens.
        found: usize,
        /// Branches.
        expected: usize,
    },
    /// The caller wanted no more.
    #[error("interrupted")]
    Interrupted,
    /// More tokens than the context has positions.
    #[error("{wanted} positions are needed, the context has {capacity}")]
    ContextFull {
        /// Positions in use and asked for, together.
        wanted: usize,
        /// N.
        capacity: usize,
    },
    /// A token that is not in the vocabulary.
    #[error("token {token} is not in the vocabulary of {vocabulary}")]
    UnknownToken {
        /// Its id.
        token: TokenId,
        /// V.
        vocabulary: usize,
    },
    /// The tensor engine failed.
    #[error("the tensor engine failed: {0}")]
    Engine(#[from] candle_core::Error),
}

/// A language model with a context that grows at its end and can be cut back, and that can go on in several ways at
/// once.
///
/// Object safe, so that the engine holds a `Box<dyn Model>` and tests a scripted one.
pub trait Model: Send {
    /// Its numbers.
    fn config(&self) -> &Config;

    /// Appends `tokens`, (T,), to the context and computes the scores asked for. Branches are forgotten.
    ///
    /// `wanted` is asked every few milliseconds whether to go on.
    ///
    /// # Errors
    ///
    /// If the context would overflow, a token is unknown, or the tensor engine fails: the context is then as it was.
    /// [`ModelError::Interrupted`] if it is not wanted any more: some of the tokens may then be in the context.
    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError>;

    /// Bytes of the matrices that every token is multiplied with.
    fn weight_bytes(&self) -> u64 {
        0
    }

    /// The number of positions in use, at most `config().n_positions`.
    fn position(&self) -> usize;

    /// Forgets everything from `position` on, and all branches; what was computed before it stays valid.
    fn rewind(&mut self, position: usize);

    /// Makes `count` branches, each of which goes on from the context as it is. Earlier ones are forgotten.
    ///
    /// # Errors
    ///
    /// If there is no room for them.
    fn branch(&mut self, count: usize) -> Result<(), ModelError>;

    /// Appends one token to each branch, (B,), all at once, and computes the scores after it, (B, V).
    ///
    /// # Errors
    ///
    /// As [`Self::extend`], and [`ModelError::Branches`] if it is another number than of branches.
    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError>;

    /// Makes a branch the context, and forgets the others.
    fn keep(&mut self, branch: usize);
}
