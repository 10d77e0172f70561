//! What stands before a token that is to be drawn.

use super::TokenConstraints;
use crate::TokenId;

/// What a distribution depends on beside the scores and the settings.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The tokens before.
    pub tokens: &'a [TokenId],
    /// The texts that the settings name, in the vocabulary of the scores.
    pub constraints: &'a TokenConstraints,
    /// Mirostat's limit as the last draw left it, in bits; `None` where it begins.
    pub mu: Option<f32>,
    /// What of the token's text was typed already; only tokens that begin so are left.
    pub begun: &'a [u8],
}

impl<'a> Context<'a> {
    /// After `tokens`, with nothing begun and no limit to go on from.
    #[must_use]
    pub fn new(tokens: &'a [TokenId], constraints: &'a TokenConstraints) -> Self {
        Self { tokens, constraints, mu: None, begun: &[] }
    }

    /// With mirostat's limit as it was left.
    #[must_use]
    pub fn with_mu(self, mu: Option<f32>) -> Self {
        Self { mu, ..self }
    }

    /// With the beginning of the token's text given.
    #[must_use]
    pub fn with_begun(self, begun: &'a [u8]) -> Self {
        Self { begun, ..self }
    }
}
