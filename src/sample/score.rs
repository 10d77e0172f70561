//! What the model thought of a token that is there already.

use super::Draw;
use super::logits::{largest, log_sum_exp_and_entropy, rank};
use crate::TokenId;

/// The model's own view of one token, before any sampler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The probability by the model, 0 to 1.
    pub p: f32,
    /// Its place, 0 for the likeliest.
    pub rank: u32,
    /// Entropy of the distribution it comes from, in bits; unknown in older transcripts.
    pub entropy: Option<f32>,
}

/// A score with the sums that it was made from.
pub(super) struct Sums {
    pub(super) score: Score,
    /// Natural logarithm of the token's probability, also where that is too small to be written down.
    pub(super) log_p: f64,
    pub(super) largest: f32,
    pub(super) log_sum_exp: f64,
}

impl Sums {
    pub(super) fn new(logits: &[f32], token: TokenId) -> Option<Self> {
        let &chosen = logits.get(token as usize)?;
        let largest = largest(logits);
        if !largest.is_finite() || chosen.is_nan() {
            return None;
        }
        let (log_sum_exp, entropy) = log_sum_exp_and_entropy(logits, largest);
        let log_p = f64::from(chosen) - log_sum_exp;
        let score = Score { p: log_p.exp() as f32, rank: rank(logits, token), entropy: Some(entropy as f32) };
        Some(Self { score, log_p, largest, log_sum_exp })
    }
}

impl Score {
    /// Of `token` under the model's `logits`, (V,); `None` if the token is none of theirs or they are no scores.
    #[must_use]
    pub fn new(logits: &[f32], token: TokenId) -> Option<Self> {
        Sums::new(logits, token).map(|it| it.score)
    }

    /// Its surprise, in bits: how many fair coins would have to fall as told.
    #[must_use]
    pub fn bits(&self) -> f32 {
        -self.p.max(f32::MIN_POSITIVE).log2()
    }
}

impl From<&Draw> for Score {
    fn from(draw: &Draw) -> Self {
        Self { p: draw.model, rank: draw.rank, entropy: draw.entropy }
    }
}

#[cfg(test)]
mod tests;
