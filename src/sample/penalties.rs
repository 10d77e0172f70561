//! What changes the scores of single tokens, by what was written before.

use crate::TokenId;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repeat_penalty_divides_above_zero_multiplies_below_and_counts_a_token_once() {
        // 2 / 1.25 = 1.6 and -1 * 1.25 = -1.25; token 0 appears twice in the window.
        let mut row = [2.0, -1.0, 0.5];
        assert_eq!(repeat(&mut row, &[0, 1, 0, 77], 1.25), 2);
        assert_eq!(row, [1.6, -1.25, 0.5]);
    }

    #[test]
    fn frequency_counts_and_presence_does_not() {
        // 2 - 3*.5 - .25 = .25 and 1 - .5 - .25 = .25.
        let mut row = [2.0, 1.0, 0.5];
        assert_eq!(frequency_presence(&mut row, &[0, 1, 0, 0, 77], 0.5, 0.25), 2);
        assert_eq!(row, [0.25, 0.25, 0.5]);
    }

    #[test]
    fn what_would_repeat_an_ngram_is_out() {
        let banned = |history: &[TokenId], n| {
            let mut row = [0.0; 6];
            let count = no_repeat_ngram(&mut row, history, n);
            let out: Vec<usize> = (0..6).filter(|&it| row[it] < 0.0).collect();
            assert_eq!(count, out.len());
            out
        };
        assert_eq!(banned(&[1, 2, 3, 1, 2], 3), [3]);
        assert_eq!(banned(&[1, 2, 3, 1, 2, 4, 1, 2], 3), [3, 4]);
        assert_eq!(banned(&[1, 2, 1], 1), [1, 2]);
        assert_eq!(banned(&[1, 2], 3), [] as [usize; 0]);
        assert_eq!(banned(&[], 3), [] as [usize; 0]);
    }
}
