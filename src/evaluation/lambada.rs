//! LAMBADA: the last word of a passage, from all that stands before it (Paperno et al. 2016).

use serde::{Deserialize, Serialize};

use super::is_blank;

/// A passage before its last word, and that word with the space before it, each to be cut into tokens by itself:
/// `--strict-lambada`. `None` if it has no word, or nothing before it.
#[must_use]
pub fn strict(text: &str) -> Option<(&str, String)> {
    let last = text.rsplit(is_blank).find(|it| !it.is_empty())?;
    let before = text[..text.rfind(last)?].trim_matches(is_blank);
    (!before.is_empty()).then(|| (before, format!(" {last}")))
}

/// What the passages come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// How many were read.
    pub passages: usize,
    /// In how many every token of the last word was the likeliest one after those before it.
    pub right: usize,
    /// Tokens of all last words.
    pub targets: usize,
    /// Minus the natural logarithm of their probability, all together.
    pub nats: f64,
}

impl Sums {
    /// The share of passages that are right, 0 to 1.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.passages.max(1) as f64
    }

    /// The perplexity of a last word, as the evaluation harness counts it.
    #[must_use]
    pub fn perplexity_of_words(&self) -> f64 {
        (self.nats / self.passages.max(1) as f64).exp()
    }

    /// The perplexity of a token of a last word.
    #[must_use]
    pub fn perplexity_of_tokens(&self) -> f64 {
        (self.nats / self.targets.max(1) as f64).exp()
    }
}

#[cfg(test)]
mod tests;
