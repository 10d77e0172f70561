//! What each step of the chain does to the scores or to the candidates.

use super::candidates::Candidates;
use super::distribution::entropy;
use super::{Context, Settings, Step, die, penalties};

/// Changes the scores of single tokens; returns how many.
pub(super) fn penalise(step: Step, logits: &mut [f32], context: &Context, settings: &Settings) -> usize {
    let window = settings.penalty_window(context.tokens);
    match step {
        Step::Bias => context.words.apply(logits, context.tokens),
        Step::RepeatPenalty => penalties::repeat(logits, window, settings.repeat_penalty),
        Step::FrequencyPresence => {
            penalties::frequency_presence(logits, window, settings.frequency_penalty, settings.presence_penalty)
        }
        Step::Dry => penalties::dry(logits, context.tokens, settings, context.words.breaks()),
        _ => penalties::no_repeat_ngram(logits, context.tokens, settings.no_repeat_ngram as usize),
    }
}

/// Keeps the tokens whose surprise is at most `mu` bits, and the likeliest in any case.
///
/// Source: Basu et al., *Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity* (2021), in the
/// second version that llama.cpp has, which takes the surprise of each token as it stands. There mirostat takes the
/// place of all other steps but bias and temperature; here it is one of them.
pub(super) fn keep_unsurprising(candidates: &mut Candidates, mu: f32) {
    let log_total = candidates.masses().0.ln() as f32;
    let line = candidates.largest() + log_total - mu * std::f32::consts::LN_2;
    candidates.keep_from(line.min(candidates.largest()));
}

/// Divides by the temperature, and says which it was.
pub(super) fn heat(candidates: &mut Candidates, settings: &Settings) -> f32 {
    let temperature = temperature(candidates, settings);
    if temperature <= 0.0 {
        candidates.truncate(1);
    } else {
        candidates.scale(temperature.max(f32::MIN_POSITIVE).recip());
    }
    temperature.max(0.0)
}

/// Takes out what a step cuts.
pub(super) fn cut(step: Step, candidates: &mut Candidates, settings: &Settings, position: u64) {
    match step {
        Step::Bias | Step::RepeatPenalty | Step::FrequencyPresence | Step::NoRepeatNgram | Step::Dry => {
            unreachable!("works on the logits, before there are candidates")
        }
        // Mirostat needs to know how far it has steered, and is applied where that is known; the temperature cuts nothing.
        Step::Mirostat | Step::Temperature => {}
        Step::TopK => candidates.truncate(settings.top_k as usize),
        // Holtzman et al., *The Curious Case of Neural Text Degeneration* (2020), section 3.1.
        Step::TopP => {
            let mass = f64::from(settings.top_p) * candidates.masses().0;
            let kept = candidates.count_until(|sum| sum >= mass);
            candidates.truncate(kept);
        }
        // Nguyen et al., *Turning Up the Heat: Min-p Sampling* (2024), section 3.
        Step::MinP => candidates.keep_from(candidates.largest() + settings.min_p.ln()),
        // Tang et al., *Top-nσ: Not All Logits Are You Need* (2024), section 3.
        Step::TopNSigma => {
            let reach = f64::from(settings.top_n_sigma) * candidates.deviation();
            candidates.keep_from(candidates.largest() - reach as f32);
        }
        // Meister et al., *Locally Typical Sampling* (2023), section 4. The surprise is nearest to the entropy where the
        // logit is nearest to the expected one.
        Step::Typical => {
            let (total, weighted) = candidates.masses();
            candidates.keep_around((weighted / total) as f32, f64::from(settings.typical_p) * total);
        }
        // oobabooga/text-generation-webui, pull request 6335: of several that are likely enough, only the last stays.
        Step::Xtc => {
            /// Keeps its coin apart from the one that picks the token.
            const STREAM: u64 = 0x7874_6321;
            if die(settings.seed ^ STREAM, position) < f64::from(settings.xtc_probability) {
                let line = f64::from(settings.xtc_threshold) * candidates.masses().0;
                let reached = count_reaching(candidates, line);
                candidates.drop_likeliest(reached.saturating_sub(1));
            }
        }
    }
}

/// How many candidates weigh at least `line`, `exp(logit - largest)`.
pub(super) fn count_reaching(candidates: &mut Candidates, line: f64) -> usize {
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
pub(super) fn temperature(candidates: &Candidates, settings: &Settings) -> f32 {
    if settings.dynatemp_range <= 0.0 || candidates.len() < 2 {
        return settings.temperature;
    }
    let (total, weighted) = candidates.masses();
    let share = entropy(total, weighted) / (candidates.len() as f64).log2();
    let low = (settings.temperature - settings.dynatemp_range).max(0.0);
    let high = settings.temperature + settings.dynatemp_range;
    low + (high - low) * (share as f32).powf(settings.dynatemp_exponent)
}
