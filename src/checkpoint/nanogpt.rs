//! The numbers that nanoGPT keeps beside its tensors, under `model_args`.
//!
//! Source: `train.py` and `GPTConfig` in `model.py` of nanoGPT. Its layer norms have the epsilon 1e-5 and its GELU is the
//! exact one; neither is in the file.

use super::MapError;
use super::pickle::Pickle;

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
    #[must_use]
    pub fn of(pickle: &Pickle) -> Option<Self> {
        let arguments = pickle.get(pickle.root(), "model_args")?;
        pickle.items(arguments)?;
        let size = |key: &str| {
            let number = pickle.integer(pickle.get(arguments, key)?)?;
            usize::try_from(number).ok().filter(|&it| it > 0)
        };
        Some(Self {
            n_layer: size("n_layer"),
            n_head: size("n_head"),
            n_embd: size("n_embd"),
            block_size: size("block_size"),
            vocab_size: size("vocab_size"),
            bias: pickle.get(arguments, "bias").and_then(|it| pickle.truth(it)),
        })
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
