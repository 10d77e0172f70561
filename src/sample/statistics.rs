//! What tells memorised, drawn and written texts apart: sums over the tokens of a text, from the distributions they come from.

use std::f64::consts::LN_2;

use super::Reading;

/// The share of the tokens, the lowest ones, that [`Statistics::min_k_pp`] is the mean of.
const LOWEST: f64 = 0.2;

/// Statistics of a text. `None` where it is too short, or every token was certain.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// How much likelier the tokens are than the model's own draws would be, in standard deviations: 0 in the mean, and of
    /// variance 1, for a text that the model drew at temperature 1.
    ///
    /// Source: the analytic curvature of Bao et al., *Fast-DetectGPT* (arXiv 2310.05130).
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
    /// Of tokens with the variance of ln p, in nats squared, of the distributions they come from: see [`super::variance`].
    #[must_use]
    pub fn new<'a>(tokens: impl Iterator<Item = (&'a Reading, f64)>) -> Self {
        let (mut excess, mut variances, mut nats, mut log_ranks, mut count) = (0.0, 0.0, 0.0, 0.0, 0_usize);
        let mut standard = Vec::new();
        for (reading, variance) in tokens {
            let over = (reading.score.entropy.map_or(0.0, f64::from) - reading.bits) * LN_2;
            excess += over;
            variances += variance;
            nats += reading.bits * LN_2;
            log_ranks += f64::from(reading.score.rank + 1).ln();
            count += 1;
            standard.extend((variance > 0.0).then(|| over / variance.sqrt()));
        }
        standard.sort_by(f64::total_cmp);
        standard.truncate(((standard.len() as f64 * LOWEST) as usize).max(1));
        Self {
            luck: (variances > 0.0).then(|| excess / variances.sqrt()),
            min_k_pp: (!standard.is_empty()).then(|| standard.iter().sum::<f64>() / standard.len() as f64),
            log_rank: (count > 0).then(|| log_ranks / count as f64),
            lrr: (log_ranks > 0.0).then(|| nats / log_ranks),
        }
    }
}

#[cfg(test)]
mod tests;
