//! What tells memorised, drawn and written texts apart: sums over the tokens of a text, from the distributions they come from.

use std::f64::consts::LN_2;

use super::Reading;
use super::measure::{Luck, Standing};

/// The share of the tokens, the lowest ones, that [`Statistics::min_k_pp`] is the mean of.
const LOWEST: f64 = 0.2;

/// Statistics of a text. `None` where it is too short, or every token was certain.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// [`Luck::sigmas`].
    pub luck: Option<f64>,
    /// Mean of the lowest fifth of ln p, each less its expectation and by its standard deviation.
    ///
    /// Source: Zhang et al., *Min-K%++* (arXiv 2404.02936).
    pub min_k_pp: Option<f64>,
    /// Mean of the natural logarithm of the rank, from 1.
    pub log_rank: Option<f64>,
    /// Sum of the surprise in nats by the sum of the logarithms of the ranks.
    ///
    /// Source: Su et al., *`DetectLLM`* (arXiv 2306.05540).
    pub lrr: Option<f64>,
}

impl Statistics {
    /// Of tokens, each with how it stands at temperature 1.
    #[must_use]
    pub fn new<'a>(tokens: impl Iterator<Item = (&'a Reading, &'a Standing)>) -> Self {
        let (mut luck, mut nats, mut log_ranks, mut count) = (Luck::default(), 0.0, 0.0, 0_usize);
        let mut standard = Vec::new();
        for (reading, &Standing { lead, variance, .. }) in tokens {
            luck.add(lead, variance);
            nats += reading.bits * LN_2;
            log_ranks += f64::from(reading.score.rank + 1).ln();
            count += 1;
            standard.extend((variance > 0.0).then(|| lead / variance.sqrt()));
        }
        standard.sort_by(f64::total_cmp);
        standard.truncate(((standard.len() as f64 * LOWEST) as usize).max(1));
        Self {
            luck: luck.sigmas(),
            min_k_pp: (!standard.is_empty()).then(|| standard.iter().sum::<f64>() / standard.len() as f64),
            log_rank: (count > 0).then(|| log_ranks / count as f64),
            lrr: (log_ranks > 0.0).then(|| nats / log_ranks),
        }
    }
}

#[cfg(test)]
mod tests;
