//! A row of logits, (V,): sums, entropy, places.

use super::candidates::masses;
use crate::TokenId;

/// Natural log-sum-exp, and entropy in bits, of a row of logits with the given largest value.
pub(super) fn log_sum_exp_and_entropy(logits: &[f32], largest: f32) -> (f64, f64) {
    let (total, weighted) = masses(logits, largest);
    (f64::from(largest) + total.ln(), entropy(total, weighted))
}

/// Entropy in bits, from the sums of `exp(x)` and of `x exp(x)`.
pub(super) fn entropy(total: f64, weighted: f64) -> f64 {
    (total.ln() - weighted / total).max(0.0) / std::f64::consts::LN_2
}

/// How many tokens come before `token`, likeliest first; of equals the smaller token comes first.
pub(super) fn rank(logits: &[f32], token: TokenId) -> u32 {
    let (before, rest) = logits.split_at(token as usize);
    let chosen = rest[0];
    before.iter().map(|&it| u32::from(it >= chosen)).sum::<u32>()
        + rest[1..].iter().map(|&it| u32::from(it > chosen)).sum::<u32>()
}
