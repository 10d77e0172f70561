//! A row of logits, (V,): sums, entropy, places.
//!
//! What goes over a whole row is compiled for several processors. No product is contracted with a sum, and sums go side by
//! side in the same number everywhere, so that the results are the same bits.

use multiversion::multiversion;

use crate::TokenId;

/// Scores side by side, and those with a common peak.
pub(super) const GROUP: usize = 16;

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
    (count_from(before, chosen) + count_above(&rest[1..], chosen)) as u32
}

/// How many are at least `floor`. In 32 bits, of which more fit side by side.
#[multiversion(targets = "simd")]
pub(super) fn count_from(logits: &[f32], floor: f32) -> usize {
    logits.iter().map(|&it| u32::from(it >= floor)).sum::<u32>() as usize
}

/// How many are above `floor`.
#[multiversion(targets = "simd")]
pub(super) fn count_above(logits: &[f32], floor: f32) -> usize {
    logits.iter().map(|&it| u32::from(it > floor)).sum::<u32>() as usize
}

/// How many are below `limit`; what is no number is not.
#[multiversion(targets = "simd")]
pub(super) fn count_below(logits: &[f32], limit: f32) -> usize {
    logits.iter().map(|&it| u32::from(it < limit)).sum::<u32>() as usize
}

/// The largest of each [`GROUP`], into as many peaks.
#[multiversion(targets = "simd")]
pub(super) fn peaks(logits: &[f32], out: &mut [f32]) {
    for (group, peak) in logits.chunks(GROUP).zip(out) {
        *peak = group.iter().fold(f32::NEG_INFINITY, |top, &it| if it > top { it } else { top });
    }
}

/// The largest of some numbers, minus infinity if there is none. Several side by side, as in [`masses`].
#[multiversion(targets = "simd")]
pub(super) fn largest(logits: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (groups, rest) = logits.as_chunks::<GROUP>();
    let mut tops = [f32::NEG_INFINITY; GROUP];
    for group in groups {
        for (top, &it) in tops.iter_mut().zip(group) {
            *top = larger(*top, it);
        }
    }
    tops.iter().chain(rest).fold(f32::NEG_INFINITY, |top, &it| larger(top, it))
}

/// The sums of `exp(x)` and of `x exp(x)`, `x` being a logit less the `largest`.
///
/// Several sums side by side, which a processor does at once; always the same ones, so that the result is the same.
#[multiversion(targets = "simd")]
pub(super) fn masses(logits: &[f32], largest: f32) -> (f64, f64) {
    const SIDE_BY_SIDE: usize = 16;
    /// So few numbers are added in 32 bits that nothing is lost that the numbers themselves have not.
    const FEW: usize = 32 * SIDE_BY_SIDE;
    let (mut total, mut mean) = (0.0, 0.0);
    for part in logits.chunks(FEW) {
        let (mut totals, mut weighted) = ([0_f32; SIDE_BY_SIDE], [0_f32; SIDE_BY_SIDE]);
        let (groups, rest) = part.as_chunks::<SIDE_BY_SIDE>();
        for group in groups {
            for at in 0..SIDE_BY_SIDE {
                let x = least(group[at] - largest);
                let weight = exp(x);
                totals[at] += weight;
                weighted[at] += x * weight;
            }
        }
        for (at, logit) in rest.iter().enumerate() {
            let x = least(logit - largest);
            let weight = exp(x);
            totals[at] += weight;
            weighted[at] += x * weight;
        }
        total += totals.into_iter().map(f64::from).sum::<f64>();
        mean += weighted.into_iter().map(f64::from).sum::<f64>();
    }
    (total, mean)
}

#[inline]
fn least(x: f32) -> f32 {
    if x > LEAST { x } else { LEAST }
}

/// Below this, [`exp`] stays what it is here: 1.6e-38, which no sum notices.
const LEAST: f32 = -87.0;

/// e to the power of `x`, which is not above 0, with a relative error below 2e-7.
///
/// Without a branch or a call, so that a loop over it is made several numbers wide.
///
/// Source: the argument is brought to ±ln(2)/2 and the polynomial is Cephes' `expf`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// 1.5 times 2 to the 23rd: a sum with it is a whole number, which stands in its lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    let x = least(x);
    let shifted = x * std::f32::consts::LOG2_E + WHOLE;
    let whole = shifted - WHOLE;
    // ln 2 in two parts, the first exact in a few bits, so that nothing is lost.
    let x = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut y = 1.987_569_2e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        y = y * x + coefficient;
    }
    let y = y * x * x + x + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(127);
    y * f32::from_bits(exponent << 23)
}
