//! `WikiText-103`: one stream of tokens, read in windows that overlap, and a perplexity that counts words (Merity et al. 2016).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::is_blank;

/// How many tokens further on each window begins.
pub const STEP: usize = 32;
/// The longest window.
pub const LONGEST: usize = 1024;
/// No perplexity is told beyond this power of e.
const MOST: f64 = 20.0;

/// The number of words as the paper counts them: what single spaces separate.
#[must_use]
pub fn words(text: &str) -> usize {
    text.trim_matches(is_blank).split(' ').count()
}

/// The text as it was before it was cut into words: Megatron's `wikitext_detokenizer`, rule by rule.
#[must_use]
pub fn detokenize(text: &str) -> String {
    let replace = |text: String, rules: &[(&str, &str)]| {
        rules.iter().fold(text, |text, (from, to)| if text.contains(from) { text.replace(from, to) } else { text })
    };
    let text = slashed(&text.replace("s '", "s'"));
    let text = replace(
        text,
        &[
            (" @-@ ", "-"),
            (" @,@ ", ","),
            (" @.@ ", "."),
            (" : ", ": "),
            (" ; ", "; "),
            (" . ", ". "),
            (" ! ", "! "),
            (" ? ", "? "),
            (" , ", ", "),
        ],
    );
    let pairs = [('(', ')'), ('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\'')];
    let text = pairs.iter().fold(text, |text, &(open, close)| trim_inside(&text, open, close));
    replace(
        text,
        &[
            ("= = = =", "===="),
            ("= = =", "==="),
            ("= =", "=="),
            (" \u{b0} ", "\u{b0}"),
            (" \n", "\n"),
            ("\n ", "\n"),
            (" N ", " 1 "),
            (" 's", "'s"),
        ],
    )
}

/// The rule that was meant to be one about numbers: `/' 5/` becomes `/'[0-9]/`, to the letter.
fn slashed(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("/' ") {
        out.push_str(&rest[..at]);
        let after = rest.as_bytes();
        if after.get(at + 3).is_some_and(u8::is_ascii_digit) && after.get(at + 4) == Some(&b'/') {
            out.push_str("/'[0-9]/");
            rest = &rest[at + 5..];
        } else {
            out.push_str("/' ");
            rest = &rest[at + 3..];
        }
    }
    out + rest
}

/// Without the blanks behind what opens and before the first thing that closes, over lines too.
fn trim_inside(text: &str, open: char, close: char) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(open) {
        let Some((inside, behind)) = after.split_once(close) else { break };
        out.push_str(before);
        out.push(open);
        out.push_str(inside.trim_matches(is_blank));
        out.push(close);
        rest = behind;
    }
    out + rest
}

/// A stretch of the text's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What the model reads; each token after one of these is predicted.
    pub read: Range<usize>,
    /// The tokens of the text that are scored.
    pub scored: Range<usize>,
}

/// Every window of a text of `length` tokens: the first scores all it predicts, every other one the last [`STEP`] places
/// of `longest`. Those at the end are shorter than that, and score nothing.
#[must_use]
pub fn windows(length: usize, longest: usize) -> Vec<Window> {
    let targets = length.saturating_sub(1);
    let window = |start: usize| {
        let end = (start + longest).min(targets);
        let first = if start == 0 { 0 } else { (start + longest - STEP.min(longest)).min(end) };
        Window { read: start..end, scored: first + 1..end + 1 }
    };
    (0..targets.div_ceil(STEP).max(1)).map(|it| window(it * STEP)).collect()
}

/// What the windows come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Tokens that were scored.
    pub scored: usize,
    /// Minus the natural logarithm of their probability, all together.
    pub nats: f64,
}

impl Sums {
    /// Nats a token, of a text of `tokens` tokens.
    #[must_use]
    pub fn loss(&self, tokens: usize) -> f64 {
        self.nats / tokens.saturating_sub(1).max(1) as f64
    }

    /// The perplexity of a token.
    #[must_use]
    pub fn perplexity(&self, tokens: usize) -> f64 {
        self.loss(tokens).min(MOST).exp()
    }

    /// The perplexity of a word, which models with other tokens have in common.
    #[must_use]
    pub fn adjusted(&self, words: usize) -> f64 {
        (self.nats / words.saturating_sub(1).max(1) as f64).min(MOST).exp()
    }
}

#[cfg(test)]
mod tests;
