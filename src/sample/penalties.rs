//! What changes the scores of single tokens, by what was written before.

use super::settings::last;
use super::{Context, Settings};
use crate::TokenId;

/// Biases and bans, by the texts of [`TokenConstraints`](super::TokenConstraints).
pub(super) fn of_texts(logits: &mut [f32], context: &Context, _: &Settings) -> usize {
    context.constraints.apply(logits, context.tokens)
}

/// The repetition penalty, over its window.
pub(super) fn of_repeats(logits: &mut [f32], context: &Context, settings: &Settings) -> usize {
    repeat(logits, settings.penalty_window(context.tokens), settings.repeat_penalty)
}

/// The frequency and presence penalties, over the same window.
pub(super) fn of_counts(logits: &mut [f32], context: &Context, settings: &Settings) -> usize {
    let window = settings.penalty_window(context.tokens);
    frequency_presence(logits, window, settings.frequency_penalty, settings.presence_penalty)
}

/// No sequence of n tokens twice.
pub(super) fn of_ngrams(logits: &mut [f32], context: &Context, settings: &Settings) -> usize {
    no_repeat_ngram(logits, context.tokens, settings.no_repeat_ngram as usize)
}

/// DRY, up to the breakers of the context.
pub(super) fn of_dry(logits: &mut [f32], context: &Context, settings: &Settings) -> usize {
    dry(logits, context.tokens, settings, context.constraints.breaks())
}

/// Penalises each token of `window` once: a positive logit is divided, a negative one multiplied.
///
/// Returns how many logits it touched.
///
/// Source: Keskar et al., *CTRL* (2019), section 4.1, with the sign rule that Hugging Face and llama.cpp both use.
pub(super) fn repeat(logits: &mut [f32], window: &[TokenId], penalty: f32) -> usize {
    let mut touched = 0;
    for (token, _) in counts(window) {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            touched += 1;
        }
    }
    touched
}

/// Takes `frequency` off for every time a token is in the window, and `presence` once.
///
/// Source: the definition of `OpenAI`'s interface, which llama.cpp shares. Hugging Face has neither.
pub(super) fn frequency_presence(logits: &mut [f32], window: &[TokenId], frequency: f32, presence: f32) -> usize {
    let mut touched = 0;
    for (token, count) in counts(window) {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit -= count as f32 * frequency + presence;
            touched += 1;
        }
    }
    touched
}

/// The different tokens, with how often each is there.
fn counts(window: &[TokenId]) -> Vec<(TokenId, usize)> {
    let mut sorted: Vec<TokenId> = window.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|it| (it[0], it.len())).collect()
}

/// Bans every token that would write a sequence of `n` tokens a second time; returns how many.
///
/// Source: Paulus et al., *A Deep Reinforced Model for Abstractive Summarization* (2017), section 2.5; as in Hugging
/// Face, over everything that was written.
pub(super) fn no_repeat_ngram(logits: &mut [f32], history: &[TokenId], n: usize) -> usize {
    let mut banned = 0;
    let Some(start) = (history.len() + 1).checked_sub(n) else { return 0 };
    let begun = &history[start..];
    for sequence in history.windows(n) {
        let (beginning, last) = sequence.split_at(n - 1);
        if beginning == begun
            && let Some(logit) = logits.get_mut(last[0] as usize).filter(|it| **it > f32::NEG_INFINITY)
        {
            *logit = f32::NEG_INFINITY;
            banned += 1;
        }
    }
    banned
}

/// "Don't repeat yourself": whatever would lengthen a sequence that was written before loses
/// `multiplier * base^(length - allowed)`, where `length` is how much of it has been repeated already.
///
/// A token that breaks sequences ends every repetition. Returns how many logits it touched.
///
/// Source: oobabooga/text-generation-webui, pull request 5677. As in llama.cpp, but that every token with a breaker's
/// text in it breaks; there, a breaker of several tokens must be met token by token.
pub(super) fn dry(logits: &mut [f32], history: &[TokenId], settings: &Settings, breaks: &[bool]) -> usize {
    let window = last(history, settings.dry_last_n);
    let breaker = |token: TokenId| breaks.get(token as usize).copied().unwrap_or(false);
    // How far a repetition can reach back.
    let limit = window.iter().rev().take_while(|&&it| !breaker(it)).count();
    let allowed = settings.dry_allowed_length as usize;
    if limit < allowed || window.len() <= allowed {
        return 0;
    }
    let backwards: Vec<TokenId> = window.iter().rev().copied().collect();
    let mut longest: Vec<(TokenId, usize)> = (1..)
        .zip(&common_prefixes(&backwards)[1..])
        .map(|(at, &length)| (backwards[at - 1], length.min(limit)))
        .filter(|it| it.1 >= allowed)
        .collect();
    longest.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    longest.dedup_by_key(|it| it.0);
    let mut touched = 0;
    for (token, length) in longest {
        if let Some(logit) = logits.get_mut(token as usize) {
            // Beyond what 32 bits hold it makes no difference.
            let penalty = settings.dry_multiplier * settings.dry_base.powf((length - allowed) as f32);
            *logit = (*logit - penalty.min(f32::MAX)).max(f32::MIN);
            touched += 1;
        }
    }
    touched
}

/// For each place, how many tokens from there on are the same as from the start: the Z-function, in linear time.
fn common_prefixes(tokens: &[TokenId]) -> Vec<usize> {
    let mut lengths = vec![0; tokens.len()];
    let (mut left, mut right) = (0, 0);
    for at in 1..tokens.len() {
        let mut length = if at < right { lengths[at - left].min(right - at) } else { 0 };
        while at + length < tokens.len() && tokens[length] == tokens[at + length] {
            length += 1;
        }
        if at + length > right {
            (left, right) = (at, at + length);
        }
        lengths[at] = length;
    }
    lengths
}

#[cfg(test)]
mod tests;
