//! Tokens that are read before they are drawn.
//!
//! Where a text repeats itself, what came then may come again. A few such tokens are read together with the last one,
//! which costs hardly more than one alone; the die then decides as ever, and what it does not pick is cut back. The die of a
//! position depends on the seed and the position, and scores are the same bits however tokens were read: the text is what
//! it would have been.
//!
//! Source: Leviathan and others, *Fast inference from transformers via speculative decoding*; the text itself as what
//! guesses is *prompt lookup decoding*.

use std::collections::VecDeque;

use crate::TokenId;

/// Tokens that have to be the same before those that are taken over.
const ALIKE: usize = 3;

/// Tokens of a guess, and of one after a guess that was right to its end. With the token before them they are as many as
/// kernels take at once.
const FEW: usize = 3;
const MANY: usize = 7;

/// What one more token in a pass costs, in passes of one: a third at the most, in every precision.
const COST: f64 = 0.3;

/// Of the time without guesses, what guesses may cost where the text does not repeat itself.
const SHARE: f64 = 0.02;

/// Passes that can be saved up to be lost again.
const MOST: f64 = 1.0;

/// What was read behind the text, and whether it is worth it.
#[derive(Default)]
pub(super) struct Drafts {
    /// Each token with the scores after it, (V,).
    read: VecDeque<(TokenId, Vec<f32>)>,
    /// Whether the last guess has been right so far, and then how long it was.
    right: usize,
    guessed: usize,
    /// Passes that guesses have saved, less what they cost, and what they may cost.
    balance: f64,
}

impl Drafts {
    /// What may come behind a text, (T,): at most `room` tokens, none where nothing is known or too much was lost.
    pub(super) fn guess(&mut self, text: &[TokenId], room: usize) -> Vec<TokenId> {
        self.balance = (self.balance + SHARE).min(MOST);
        if self.balance < 0.0 {
            return Vec::new();
        }
        let Some(from) = came_before(text) else { return Vec::new() };
        let whole = self.guessed > 0 && self.right == self.guessed;
        let length = if whole { MANY } else { FEW };
        // A guess of another length would be no group of the kernels.
        let length = if length <= room { length } else { FEW };
        if length > room {
            return Vec::new();
        }
        let mut all = text[from..].to_vec();
        // What repeats a piece that is shorter goes round.
        for at in 0..length {
            all.push(all[at]);
        }
        all.truncate(length);
        (self.right, self.guessed) = (0, length);
        self.balance -= COST * length as f64;
        all
    }

    /// Takes in that a token was read behind the text, with the scores after it.
    pub(super) fn keep(&mut self, token: TokenId, scores: &[f32]) {
        self.read.push_back((token, scores.to_vec()));
    }

    /// The scores after `token`, if that is what was read next; else what was read is of no use.
    pub(super) fn take(&mut self, token: TokenId) -> Option<Vec<f32>> {
        let (_, scores) = self.read.pop_front().filter(|it| it.0 == token)?;
        self.right += 1;
        self.balance = (self.balance + 1.0).min(MOST);
        Some(scores)
    }

    /// Forgets what was read: the model's context ends with the text again.
    pub(super) fn forget(&mut self) {
        self.read.clear();
    }
}

/// Where a text goes on from the last place that ends as all of it does.
fn came_before(text: &[TokenId]) -> Option<usize> {
    let end = text.len().checked_sub(ALIKE)?;
    let last = &text[end..];
    (0..end).rev().find(|&at| &text[at..at + ALIKE] == last).map(|at| at + ALIKE)
}

#[cfg(test)]
mod tests;
