//! A draw that is recorded, made again.

use super::{Context, Distribution, Draw, Row, Settings, die};
use crate::TokenId;

/// What a draw comes to now.
#[derive(Clone, Debug, PartialEq)]
pub struct Redrawn {
    /// What the same dice draw; `None` if nothing can be drawn.
    pub draw: Option<Draw>,
    /// How likely the recorded token is now; `None` if there is no such token.
    pub recorded: Option<Row>,
}

/// Draws again from `logits`, (V,), what was drawn as `recorded`.
#[must_use]
pub fn redraw(logits: &[f32], context: &Context, settings: &Settings, recorded: TokenId) -> Redrawn {
    let Ok(mut distribution) = Distribution::new(logits, context, settings) else {
        return Redrawn { draw: None, recorded: None };
    };
    let coin = die(settings.seed, context.tokens.len() as u64);
    let picked = distribution.pick(coin);
    Redrawn {
        draw: Some(distribution.draw(logits, picked, coin, 0)),
        recorded: ((recorded as usize) < logits.len()).then(|| distribution.row(logits, recorded)),
    }
}

impl Redrawn {
    /// Whether the same token came out.
    #[must_use]
    pub fn is_same(&self, recorded: &Draw) -> bool {
        self.draw.as_ref().is_some_and(|it| it.token == recorded.token)
    }

    /// Whether it was the same die. A text may hold a number's last digit otherwise.
    #[must_use]
    pub fn is_same_die(&self, recorded: &Draw) -> bool {
        self.draw.as_ref().is_none_or(|it| (it.die - recorded.die).abs() < 1e-12)
    }

    /// By how much the recorded token's probability by the model differs from the recorded one; all of it if the token is
    /// none of the model's.
    #[must_use]
    pub fn difference(&self, recorded: &Draw) -> f32 {
        self.recorded.map_or(1.0, |it| apart(it.model, recorded.model))
    }

    /// The same after the samplers, whose cuts may fall otherwise when scores are a little different.
    #[must_use]
    pub fn difference_after(&self, recorded: &Draw) -> f32 {
        self.recorded.map_or(1.0, |it| apart(it.after.unwrap_or(0.0), recorded.after))
    }
}

/// What is no number differs in everything.
fn apart(a: f32, b: f32) -> f32 {
    let apart = (a - b).abs();
    if apart.is_nan() { 1.0 } else { apart }
}

#[cfg(test)]
mod tests;
