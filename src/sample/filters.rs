//! The steps that work on the candidates: filters, which take some out, and the temperature.
//!
//! Each is a function of the candidates (at least one), the context and the settings; the table in
//! [`parameters`](super::parameters) says which step calls which.

use super::logits::entropy;
use super::{Candidates, Context, Settings, die};

pub(super) fn top_k(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    candidates.truncate(settings.top_k as usize);
}

/// Source: Holtzman et al., *The Curious Case of Neural Text Degeneration* (2020), section 3.1.
pub(super) fn top_p(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    let mass = f64::from(settings.top_p) * candidates.masses().0;
    // The first whose sum is not below it.
    let Some(last) = candidates.first_above(mass.next_down()) else { return };
    candidates.keep_to(last);
}

/// Source: Nguyen et al., *Turning Up the Heat: Min-p Sampling* (2024), section 3.
pub(super) fn min_p(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    candidates.keep_from(candidates.largest() + settings.min_p.ln());
}

/// Source: Tang et al., *Top-nσ: Not All Logits Are You Need* (2024), section 3.
pub(super) fn top_n_sigma(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    let reach = f64::from(settings.top_n_sigma) * candidates.deviation();
    candidates.keep_from(candidates.largest() - reach as f32);
}

/// Source: Meister et al., *Locally Typical Sampling* (2023), section 4. The surprise is nearest to the entropy where
/// the logit is nearest to the expected one.
pub(super) fn typical(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    let (total, weighted) = candidates.masses();
    candidates.keep_around((weighted / total) as f32, f64::from(settings.typical_p) * total);
}

/// Source: Potraghloo et al., *Top-H Decoding: Adapting the Creativity and Coherence with Bounded Entropy in Text
/// Generation* (2025), algorithm 1: the likeliest one after the other, as long as the entropy of those that stay, their
/// probabilities made to sum to 1, is at most a share of the entropy of all. (Hugging Face's `TopHLogitsWarper` adds the
/// terms of the entropy as they stand among the likeliest hundred, and so keeps another number.)
pub(super) fn top_h(candidates: &mut Candidates, _: &Context, settings: &Settings) {
    /// Above what 32 bits round the share and the weights by, so that equal entropies are equal.
    const ROUNDING: f64 = 1e-6;
    let (total, weighted) = candidates.masses();
    let most = f64::from(settings.top_h) * entropy(total, weighted) * (1.0 + ROUNDING);
    let (mut before, mut weighted, mut kept) = (0.0, 0.0, 0);
    candidates.count_until(|sum| {
        // Each weight is exp(x), x being its logit less the largest.
        let weight: f64 = sum - before;
        weighted += if weight > 0.0 { weight * weight.ln() } else { 0.0 };
        before = sum;
        let is_over = entropy(sum, weighted) > most;
        kept += usize::from(!is_over);
        is_over
    });
    candidates.truncate(kept.max(1));
}

/// Source: Tan et al., *p-less Sampling: A Robust Hyperparameter-Free Approach for LLM Decoding* (2025), section 3: a token
/// stays if its probability is at least the sum of all squared probabilities, the chance that two draws are the same.
pub(super) fn p_less(candidates: &mut Candidates, _: &Context, _: &Settings) {
    let mut squares = candidates.clone();
    squares.scale(2.0);
    // Weights are exp(x), so the weight at the line is the sum of squares by the sum.
    let line = (squares.masses().0 / candidates.masses().0).ln();
    let largest = candidates.largest();
    candidates.keep_from((largest + line as f32).min(largest));
}

/// Whether XTC's own coin has it act on this draw.
pub(super) fn xtc_falls(context: &Context, settings: &Settings) -> bool {
    /// Keeps its coin apart from the one that picks the token.
    const STREAM: u64 = 0x7874_6321;
    die(settings.seed ^ STREAM, context.tokens.len() as u64) < f64::from(settings.xtc_probability)
}

/// Source: oobabooga/text-generation-webui, pull request 6335: of several that are likely enough, only the last stays.
pub(super) fn xtc(candidates: &mut Candidates, context: &Context, settings: &Settings) {
    if xtc_falls(context, settings) {
        let line = f64::from(settings.xtc_threshold) * candidates.masses().0;
        let reached = count_reaching(candidates, line);
        candidates.drop_likeliest(reached.saturating_sub(1));
    }
}

/// Mirostat's limit of surprise for this draw, in bits. As in the paper, and in llama.cpp, it begins at twice the
/// target.
pub(super) fn mirostat_limit(context: &Context, settings: &Settings) -> f32 {
    context.mu.unwrap_or(2.0 * settings.mirostat_tau)
}

/// Keeps the tokens whose surprise is at most mirostat's limit, and the likeliest in any case.
///
/// Source: Basu et al., *Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity* (2021), in the
/// second version that llama.cpp has, which takes the surprise of each token as it stands. There mirostat takes the
/// place of all other steps but bias and temperature; here it is one of them.
pub(super) fn mirostat(candidates: &mut Candidates, context: &Context, settings: &Settings) {
    let log_total = candidates.masses().0.ln() as f32;
    let bits = mirostat_limit(context, settings);
    let line = candidates.largest() + log_total - bits * std::f32::consts::LN_2;
    candidates.keep_from(line.min(candidates.largest()));
}

/// Divides by the temperature, and returns it; 0 keeps the likeliest alone.
pub(super) fn temperature(candidates: &mut Candidates, settings: &Settings) -> f32 {
    let temperature = temperature_at(candidates, settings);
    if temperature <= 0.0 {
        candidates.truncate(1);
    } else {
        candidates.scale(temperature.max(f32::MIN_POSITIVE).recip());
    }
    temperature.max(0.0)
}

/// How many candidates weigh at least `line`, `exp(logit - largest)`.
fn count_reaching(candidates: &mut Candidates, line: f64) -> usize {
    let (mut before, mut reached) = (0.0, 0);
    candidates.count_until(|sum| {
        let enough = sum - before >= line;
        before = sum;
        reached += usize::from(enough);
        !enough
    });
    reached
}

/// The temperature at this entropy.
///
/// Source: kalomaze's entropy-driven temperature, as in llama.cpp: the entropy's share of the largest possible one, to
/// the power of the exponent, goes from the temperature less the range to the temperature plus the range.
fn temperature_at(candidates: &Candidates, settings: &Settings) -> f32 {
    if settings.dynatemp_range <= 0.0 || candidates.len() < 2 {
        return settings.temperature;
    }
    let (total, weighted) = candidates.masses();
    let share = entropy(total, weighted) / (candidates.len() as f64).log2();
    let low = (settings.temperature - settings.dynatemp_range).max(0.0);
    let high = settings.temperature + settings.dynatemp_range;
    low + (high - low) * (share as f32).powf(settings.dynatemp_exponent)
}

#[cfg(test)]
mod tests;
