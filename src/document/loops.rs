//! Loops: text that repeats itself.

use super::{Document, Origin};
use crate::sample::Score;

/// The longest stretch that is looked for.
const LONGEST: usize = 40;
/// How many copies make a loop.
const COPIES: usize = 3;
/// How many tokens they must come to: three dots are no loop.
const TOKENS: usize = 24;
/// Bits a token, over [`TOKENS`] of them, below which a model only recites.
const BORED: f32 = 0.3;

/// How a text repeats itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// So many tokens, over and over.
    Copies(usize),
    /// Hardly a token surprises the model.
    Recital,
}

impl Document {
    /// The position since which the text goes round: its last tokens, all drawn, are three or more copies of a stretch
    /// of up to 40 tokens, 24 tokens together, or the last 24 surprised the model by less than 0.3 bits on average.
    ///
    /// For copies it is where the second one begins: the first was no repetition yet.
    #[must_use]
    pub fn looping_since(&self) -> Option<usize> {
        self.looping().map(|it| it.0)
    }

    /// That position, and how the text goes round.
    #[must_use]
    pub fn looping(&self) -> Option<(usize, Loop)> {
        let len = self.len();
        let drawn = |position: usize| matches!(self.at(position).map(|it| &it.origin), Some(Origin::Drawn(_)));
        let token = |position: usize| self.at(position).map(|it| it.token);
        let run = (0..len).rev().take_while(|&it| drawn(it)).take(LONGEST * COPIES).count();
        for stretch in 1..=LONGEST.min(run / COPIES) {
            let same = (1..=run - stretch).take_while(|&back| token(len - back) == token(len - back - stretch)).count();
            if same + stretch >= TOKENS.max(COPIES * stretch) {
                return Some((len - same, Loop::Copies(stretch)));
            }
        }
        let surprise = |position: usize| match self.at(position).map(|it| &it.origin) {
            Some(Origin::Drawn(draw)) => Score::from(&**draw).bits(),
            _ => f32::INFINITY,
        };
        let bored = run >= TOKENS && (len - TOKENS..len).map(surprise).sum::<f32>() < BORED * TOKENS as f32;
        bored.then_some((len.saturating_sub(TOKENS), Loop::Recital))
    }
}

#[cfg(test)]
mod tests;
