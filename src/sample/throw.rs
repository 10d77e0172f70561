//! Many dice thrown at one place: what the seeds from 0 on would draw there.

use std::collections::HashMap;

use super::{Context, Distribution, SampleError, Settings, Step, die, filters};
use crate::TokenId;

/// What became of the dice.
#[derive(Clone, Debug, PartialEq)]
pub struct Thrown {
    /// How many were thrown: those of the seeds from 0 on.
    pub dice: u64,
    /// The tokens that came, with how often, the most frequent first; of equals the smaller token.
    pub counts: Vec<(TokenId, u32)>,
    /// How often each of the tokens that were asked for is expected to come.
    pub expected: Vec<f64>,
}

impl Thrown {
    /// How often a token came.
    #[must_use]
    pub fn count(&self, token: TokenId) -> u32 {
        self.counts.iter().find(|it| it.0 == token).map_or(0, |it| it.1)
    }
}

/// Throws the dice of seeds 0 to before `dice` for the token that follows `context`, under its scores, (V,), and settings.
///
/// The same as so many draws with these seeds, but the chain is applied once, and the dice are looked up in one walk along the
/// summed probabilities. XTC throws a die of its own; the chain is then applied once for each side of that. How often each of
/// `asked` is expected is told, too.
///
/// # Errors
///
/// Where nothing can be drawn.
pub fn throw(
    logits: &[f32],
    context: &Context,
    settings: &Settings,
    dice: u64,
    asked: &[TokenId],
) -> Result<Thrown, SampleError> {
    let (mut counts, mut expected) = (HashMap::new(), vec![0.0; asked.len()]);
    let position = context.tokens.len() as u64;
    let with = |seed| Settings { seed, ..settings.clone() };
    let has_two_sides = !settings.is_neutral(Step::Xtc);
    let side = |seed: &u64| has_two_sides && filters::xtc_falls(context, &with(*seed));
    for falls in [false, true] {
        let seeds: Vec<u64> = (0..dice).filter(|it| side(it) == falls).collect();
        let Some(&first) = seeds.first() else { continue };
        let mut distribution = Distribution::new(logits, context, &with(first))?;
        for (expected, &token) in expected.iter_mut().zip(asked) {
            *expected += f64::from(distribution.after(token).unwrap_or(0.0)) * seeds.len() as f64;
        }
        let mut coins: Vec<f64> = seeds.into_iter().map(|seed| die(seed, position)).collect();
        coins.sort_unstable_by(f64::total_cmp);
        distribution.pick_each(&coins, |token| *counts.entry(token).or_default() += 1);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|it| (std::cmp::Reverse(it.1), it.0));
    Ok(Thrown { dice, counts, expected })
}

#[cfg(test)]
mod tests;
