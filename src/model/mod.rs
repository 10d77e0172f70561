//! The door to models: what a model is asked, whoever computes it.
//!
//! Letters used here: T tokens, C channels (`n_embd`), B branches, V rows of the word table, N positions of the context.
//!
//! Nothing here opens a file: weights come through [`TensorSource`]. No type of a library that computes stands here.

pub mod device;
mod error;
mod weights;

pub use device::{Backend, Device, DeviceChoice, Found, Order};
pub use error::ModelError;
pub use weights::{Precision, RawTensor, RawType, TensorSource};

use crate::TokenId;

/// What a model can do besides going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether branches are read together, so that several cost hardly more than one; else one after the other.
    pub together: bool,
    /// Whether [`Model::probe`] shows the hidden states.
    pub probes: bool,
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

/// A language model with a context that grows at its end and can be cut back, and that can go on in several ways at
/// once.
///
/// Object safe, so that the engine holds a `Box<dyn Model>` and tests a scripted one.
pub trait Model: Send {
    /// Rows of the word table, V: tokens that have scores.
    fn vocabulary(&self) -> usize;

    /// Positions of the context, N.
    fn positions(&self) -> usize;

    /// What the model can do besides going on.
    fn capabilities(&self) -> Capabilities;

    /// Appends `tokens`, (T,), to the context and computes the scores asked for. Branches are forgotten.
    ///
    /// `wanted` is asked every few milliseconds whether the engine still wants the answer.
    ///
    /// # Errors
    ///
    /// If the context would overflow, a token is unknown, or the tensor engine fails: the context is then as it was. [`ModelError::DeviceLost`] if there is nothing left to fail.
    /// [`ModelError::Interrupted`] if `wanted` says no: some of the tokens may then be in the context.
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

    /// The number of positions in use, at most [`Self::positions`].
    fn position(&self) -> usize;

    /// Forgets everything from `position` on, and all branches; what was computed before it stays valid.
    fn rewind(&mut self, position: usize);

    /// Reads tokens as [`Self::extend`] does and hears the hidden states on the way: a name, `embedding`, then `h.0` and on,
    /// and the state of some tokens there, (T, C), piece by piece in their order.
    ///
    /// # Errors
    ///
    /// As [`Self::extend`]; [`ModelError::Unsupported`] where [`Capabilities::probes`] is not.
    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        let _ = (tokens, hear);
        Err(ModelError::Unsupported { backend: "this model", what: "show its hidden states" })
    }

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
