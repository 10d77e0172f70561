//! The numbers that nanoGPT keeps beside its tensors, under `model_args`.
//!
//! Source: `train.py` and `GPTConfig` in `model.py` of nanoGPT. Its layer norms have the epsilon 1e-5 and its GELU is the
//! exact one; neither is in the file.

use super::MapError;
use super::pickle::{Node, Pickle, printable};

/// What `model_args` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrainingArguments {
    /// Number of layers.
    pub n_layer: Option<usize>,
    /// Attention heads per layer.
    pub n_head: Option<usize>,
    /// Width of the residual stream.
    pub n_embd: Option<usize>,
    /// Longest context, in tokens.
    pub block_size: Option<usize>,
    /// Rows of the word table.
    pub vocab_size: Option<usize>,
    /// Whether matrices and norms have biases.
    pub bias: Option<bool>,
}

impl TrainingArguments {
    /// Reads them; `None` if the file has none.
    ///
    /// # Errors
    ///
    /// [`MapError::Argument`] if one is there and cannot be: a guess would make a model that never was.
    pub fn of(pickle: &Pickle) -> Result<Option<Self>, MapError> {
        let Some(arguments) = pickle.get(pickle.root(), "model_args") else { return Ok(None) };
        if pickle.items(arguments).is_none() {
            return Ok(None);
        }
        let said = |id| {
            let number = pickle.integer(id).map(|it| it.to_string());
            number.or_else(|| pickle.text(id).map(printable)).unwrap_or_else(|| pickle.describe(id))
        };
        let get = |key: &str| pickle.get(arguments, key).filter(|&it| *pickle.node(it) != Node::None);
        let size = |key: &'static str| {
            let Some(id) = get(key) else { return Ok(None) };
            let number = pickle.integer(id).and_then(|it| usize::try_from(it).ok()).filter(|&it| it > 0);
            let refused = || MapError::Argument { key, found: said(id), expected: "a whole number from 1 up" };
            number.map(Some).ok_or_else(refused)
        };
        let bias = get("bias").map(|id| {
            let refused = || MapError::Argument { key: "bias", found: said(id), expected: "True or False" };
            pickle.truth(id).ok_or_else(refused)
        });
        Ok(Some(Self {
            n_layer: size("n_layer")?,
            n_head: size("n_head")?,
            n_embd: size("n_embd")?,
            block_size: size("block_size")?,
            vocab_size: size("vocab_size")?,
            bias: bias.transpose()?,
        }))
    }

    /// Whether they fit the tensors.
    ///
    /// # Errors
    ///
    /// [`MapError::Contradiction`] naming the first that does not.
    pub(super) fn check(&self, n_layer: usize, n_embd: usize, n_positions: usize) -> Result<(), MapError> {
        for (what, said, found) in [
            ("n_layer", self.n_layer, n_layer),
            ("n_embd", self.n_embd, n_embd),
            ("block_size", self.block_size, n_positions),
        ] {
            if let Some(given) = said.filter(|&given| given != found) {
                return Err(MapError::Contradiction { what, given, found });
            }
        }
        Ok(())
    }
}
