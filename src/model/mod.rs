//! The door to models: what a model is asked, whatever computes it.
//!
//! Letters used here: T tokens, C channels (`n_embd`), B branches, V rows of the word table, N positions of the context.
//!
//! Nothing here opens a file: weights come through [`TensorSource`]. No type of a library that computes stands here.

pub mod device;
mod error;
mod weights;

pub use device::{Backend, Device, DeviceChoice, Found, Order, Unusable};
pub use error::{ModelError, room};
pub use weights::{Precision, RawTensor, RawType, TensorSource};

use crate::TokenId;

/// What the scores of a token's place, (V,), say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// A logit for every token.
    #[default]
    Logits,
    /// Natural log-probabilities of the likeliest tokens only, as servers give them; minus infinity elsewhere. What they
    /// leave of 1 is the probability of all others together, see [`rest`].
    Likeliest,
}

/// The probability of all tokens together that a row of [`Rows::Likeliest`], (V,), does not name.
#[must_use]
pub fn rest(row: &[f32]) -> f32 {
    (1.0 - row.iter().map(|it| f64::from(*it).exp()).sum::<f64>()).max(0.0) as f32
}

/// What a model can do besides going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether branches and several continuations are read together, so that many cost hardly more than one; else one after
    /// the other.
    pub together: bool,
    /// What the scores are.
    pub rows: Rows,
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

/// A model goes on somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The device from now on.
    pub device: Device,
    /// Why, as a sentence without its stop.
    pub why: String,
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

    /// The precision that the matrices are held in, whatever was asked for.
    fn precision(&self) -> Precision;

    /// Names the order and the rounding of every sum behind the scores: models with the same number, weights and precision
    /// give the same scores to the last bit, whoever asks and however the tokens were read: one by one, in one go, as
    /// branches, after a cut-back. 0 promises nothing of the kind.
    fn arithmetic(&self) -> u32 {
        0
    }

    /// What the model can do besides going on.
    fn capabilities(&self) -> Capabilities;

    /// Whether the context has `wanted` positions, and every token a row.
    ///
    /// # Errors
    ///
    /// [`ModelError::ContextFull`] or [`ModelError::UnknownToken`].
    fn check(&self, tokens: &[TokenId], wanted: usize) -> Result<(), ModelError> {
        let (capacity, vocabulary) = (self.positions(), self.vocabulary());
        if wanted > capacity {
            return Err(ModelError::ContextFull { wanted, capacity });
        }
        match tokens.iter().find(|it| **it as usize >= vocabulary) {
            Some(&token) => Err(ModelError::UnknownToken { token, vocabulary }),
            None => Ok(()),
        }
    }

    /// Appends `tokens`, (T,), to the context and computes the scores asked for. Branches are forgotten.
    ///
    /// `wanted` is asked every few milliseconds whether the engine still wants the answer.
    ///
    /// # Errors
    ///
    /// If the context would overflow, a token is unknown, or the tensor engine fails: the context is then as it was.
    /// [`ModelError::DeviceLost`] if the device is gone, and the model of no use any more.
    /// [`ModelError::Interrupted`] if `wanted` says no: some of the tokens may then be in the context.
    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError>;

    /// Reads several continuations of the context, of any lengths, and hears the scores after every token: the index of the
    /// continuation, that of the token in it, and (V,). The context stays as it was, also after an error; branches are
    /// forgotten.
    ///
    /// # Errors
    ///
    /// As [`Self::extend`]; nothing is heard if one of them would overflow or has an unknown token.
    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let before = self.position();
        several.iter().try_for_each(|tokens| self.check(tokens, before + tokens.len()))?;
        for (which, tokens) in several.iter().enumerate() {
            let mut each = |index: usize, row: &[f32]| hear(which, index, row);
            let read = self.extend(tokens, Scores::Each(&mut each), wanted);
            self.rewind(before);
            read?;
        }
        Ok(())
    }

    /// Bytes of the matrices that every token is multiplied with.
    fn weight_bytes(&self) -> u64 {
        0
    }

    /// Where it went on when its device was lost or failed, once for each time.
    fn moved(&mut self) -> Option<Moved> {
        None
    }

    /// What a user should know of how it runs.
    fn notes(&self) -> Vec<String> {
        Vec::new()
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

    /// Appends to each branch tokens of its own, (B,) of any numbers, also none, and computes the scores after the last of each,
    /// (B, V); the row of a branch that gets none stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::step`], and [`ModelError::Interrupted`] as [`Self::extend`]: the branches are then as they were.
    /// [`ModelError::Unsupported`] where the model grows its branches alike only.
    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let _ = (several, scores, wanted);
        Err(ModelError::Unsupported { backend: "this model", what: "go on with different texts at once" })
    }

    /// Makes a branch the context, and forgets the others.
    fn keep(&mut self, branch: usize);
}

/// The first token of the document that the model still sees, when the document has `length` tokens and the context
/// `capacity` positions: the window moves by a quarter of the context at a time, so that most tokens are cheap.
#[must_use]
pub fn window_start(length: usize, capacity: usize) -> usize {
    let step = (capacity / 4).max(1);
    length.saturating_sub(capacity).div_ceil(step) * step
}

#[cfg(test)]
mod tests;
