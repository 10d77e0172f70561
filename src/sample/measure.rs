//! How a token stands among all that could have stood in its place, from the whole row of scores.

use multiversion::multiversion;

use super::Heat;
use super::candidates::mass_above;
use super::logits::{GROUP, exp, largest, rank};
use crate::TokenId;

/// How a token stands in a row, (V,), at a temperature: `p = softmax(z / T)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// `ln p` of the token, less its mean under `p`: `ln p[y] + H`, in nats.
    pub lead: f64,
    /// The variance of `ln p` under `p`, in nats squared.
    pub variance: f64,
    /// `ln p` of the token.
    pub log_p: f64,
}

impl Standing {
    /// Of `token` at a temperature of `1 / cold`; `None` if these are no scores of it.
    #[must_use]
    pub fn new(logits: &[f32], token: TokenId, cold: f64) -> Option<Self> {
        let &chosen = logits.get(token as usize)?;
        let largest = largest(logits);
        let [total, first, second] = moments(logits, largest, cold as f32);
        if !chosen.is_finite() || !largest.is_finite() || !(total + second).is_finite() {
            return None;
        }
        let (chosen, mean) = (cold * (f64::from(chosen) - f64::from(largest)), first / total);
        let variance = (second / total - mean * mean).max(0.0);
        Some(Self { lead: chosen - mean, variance, log_p: chosen - total.ln() })
    }
}

/// The sums of `exp(u)`, `u exp(u)` and `u² exp(u)`, where `u` is a logit less the `largest`, times `cold`.
///
/// Several sums side by side, always the same ones, as in [`masses`](super::logits::masses).
#[multiversion(targets = "simd")]
fn moments(logits: &[f32], largest: f32, cold: f32) -> [f64; 3] {
    /// Below this, `exp` is not what adds to a sum, and minus infinity is no number to go on with.
    const LEAST: f32 = -87.0;
    let mut all = [0.0; 3];
    for part in logits.chunks(32 * GROUP) {
        let mut sums = [[0_f32; GROUP]; 3];
        for group in part.chunks(GROUP) {
            let mut row = [f32::NEG_INFINITY; GROUP];
            row[..group.len()].copy_from_slice(group);
            for at in 0..GROUP {
                let u = (row[at] - largest) * cold;
                let u = if u < LEAST { LEAST } else { u };
                let weight = if row[at] == f32::NEG_INFINITY { 0.0 } else { exp(u) };
                sums[0][at] += weight;
                sums[1][at] += u * weight;
                sums[2][at] += u * u * weight;
            }
        }
        for (all, sums) in all.iter_mut().zip(sums) {
            *all += sums.into_iter().map(f64::from).sum::<f64>();
        }
    }
    all
}

/// How a token stands in the model's own distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Its probability, as a natural logarithm.
    pub log_p: f64,
    /// How much likelier it was than such tokens are on average: `ln p + H`, in nats.
    pub lead: f64,
    /// The variance of `ln p` under `p` (varentropy), in nats squared.
    pub variance: f64,
    /// Its place, 0 for the likeliest.
    pub rank: u32,
    /// The probability of all that are likelier.
    pub above: f64,
    /// Its probability as a share of the likeliest one's.
    pub ratio: f64,
}

impl Measure {
    /// Of `token` under the model's `logits`, (V,); `None` if these are no scores of it.
    #[must_use]
    pub fn new(logits: &[f32], token: TokenId) -> Option<Self> {
        let Standing { lead, variance, log_p } = Standing::new(logits, token, 1.0)?;
        let (largest, chosen) = (largest(logits), logits[token as usize]);
        let gap = f64::from(chosen) - f64::from(largest);
        // In units of the likeliest one's probability.
        let (_, above) = mass_above(logits, chosen, largest);
        let above = above * (log_p - gap).exp();
        Some(Self { log_p, lead, variance, rank: rank(logits, token), above, ratio: gap.exp() })
    }

    /// Entropy of the distribution that it stands in, in bits.
    #[must_use]
    pub fn entropy(&self) -> f64 {
        ((self.lead - self.log_p) / std::f64::consts::LN_2).max(0.0)
    }

    /// Varentropy, in bits squared.
    #[must_use]
    pub fn varentropy(&self) -> f64 {
        self.variance / std::f64::consts::LN_2.powi(2)
    }
}

/// In which way a place was open: by its entropy, and by how unlike the probabilities were there (varentropy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quadrant {
    /// Little of both.
    Sure,
    /// Little entropy, much varentropy.
    Exceptions,
    /// Much entropy, little varentropy.
    Open,
    /// Much of both.
    Torn,
}

impl Quadrant {
    /// What it means, in a few words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Sure => "sure, few tokens have it all",
            Self::Exceptions => "nearly sure, and rarely something else",
            Self::Open => "open, many tokens about as likely",
            Self::Torn => "torn, some likely and many unlikely ones",
        }
    }
}

impl Measure {
    /// In which way the place was open. In running text about half of the places have much entropy, and half much varentropy.
    #[must_use]
    pub fn quadrant(&self) -> Quadrant {
        let [entropy, varentropy] = [Heat::Entropy.limits()[1], Heat::Varentropy.limits()[2]].map(f64::from);
        match (self.entropy() >= entropy, self.varentropy() >= varentropy) {
            (false, false) => Quadrant::Sure,
            (false, true) => Quadrant::Exceptions,
            (true, false) => Quadrant::Open,
            (true, true) => Quadrant::Torn,
        }
    }
}

/// How lucky the tokens of a text were: how much likelier, in the whole, than dice at temperature 1 throw them.
///
/// Source: the analytic score of Bao et al., *Fast-DetectGPT* (2024): `sum(ln p + H) / sqrt(sum v)`. Of a text that the model's
/// own dice drew it has mean 0 and standard deviation 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Luck {
    /// Sum of the leads, in nats.
    pub lead: f64,
    /// Sum of the variances, in nats squared.
    pub variance: f64,
}

impl Luck {
    /// Counts a token in, by its [`Standing::lead`] and [`Standing::variance`] at temperature 1.
    pub fn add(&mut self, lead: f64, variance: f64) {
        self.lead += lead;
        self.variance += variance;
    }

    /// In standard deviations; `None` where there was no choice at all.
    #[must_use]
    pub fn sigmas(&self) -> Option<f64> {
        (self.variance > 0.0).then(|| self.lead / self.variance.sqrt())
    }
}

#[cfg(test)]
mod tests;
