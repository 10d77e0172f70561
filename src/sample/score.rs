//! What the model thought of a token that is there already.

use std::f64::consts::LN_2;

use super::Draw;
use super::logits::{largest, log_sum_exp_and_entropy, rank};
use crate::TokenId;

/// The model's own view of one token, before any sampler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The probability by the model, 0 to 1.
    pub p: f32,
    /// Its natural logarithm, from the scores: finite also where `p` is too small to be written down.
    pub log_p: f32,
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
        let (p, rank) = (log_p.exp() as f32, rank(logits, token));
        let score = Score { p, log_p: log_p as f32, rank, entropy: Some(entropy as f32) };
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
        bits(self.log_p.into()) as f32
    }
}

impl From<&Draw> for Score {
    fn from(draw: &Draw) -> Self {
        Self { p: draw.model, log_p: draw.log_p(), rank: draw.rank, entropy: draw.entropy }
    }
}

/// Natural logarithm of the probability, under `logits`, (V,), of some tokens together: finite wherever one of them has a
/// finite score. Ids that have no score count nothing.
#[must_use]
pub fn log_share(logits: &[f32], tokens: &[TokenId]) -> f64 {
    let log_sum_exp = |row: &[f32]| log_sum_exp_and_entropy(row, largest(row)).0;
    let some: Vec<f32> = tokens.iter().filter_map(|&it| logits.get(it as usize)).copied().collect();
    // Rounding makes no share larger than all.
    if some.is_empty() { f64::NEG_INFINITY } else { (log_sum_exp(&some) - log_sum_exp(logits)).min(0.0) }
}

/// Bits of a natural logarithm of a probability. Rounding makes no certainty negative, nor minus zero.
pub(super) fn bits(log_p: f64) -> f64 {
    (-log_p / LN_2).max(0.0) + 0.0
}

#[cfg(test)]
mod tests;
