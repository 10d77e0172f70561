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
mod tests {
    use super::super::TokenConstraints;
    use super::*;

    #[test]
    fn a_draw_comes_out_again_and_a_changed_one_does_not() {
        let logits: Vec<f32> = [0.1_f32, 0.6, 0.3].iter().map(|p| p.ln()).collect();
        let settings = Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, seed: 5, ..Settings::default() };
        let constraints = TokenConstraints::NONE;
        let context = Context::new(&[0, 1], &constraints);
        let first = redraw(&logits, &context, &settings, 0);
        let recorded = first.draw.unwrap();
        let again = redraw(&logits, &context, &settings, recorded.token);
        assert!(again.is_same(&recorded) && again.is_same_die(&recorded));
        assert!(again.difference(&recorded) < 1e-6 && again.difference_after(&recorded) < 1e-6);
        let other = redraw(&logits, &context, &Settings { seed: 6, ..settings.clone() }, recorded.token);
        assert!(!other.is_same_die(&recorded));
        let changed = Draw { model: recorded.model + 0.1, ..recorded.clone() };
        assert!((again.difference(&changed) - 0.1).abs() < 1e-6);
        // A token that the samplers cut, one that there is not, and scores that are none.
        let greedy = Settings { temperature: 0.0, ..settings.clone() };
        let cut = redraw(&logits, &context, &greedy, 0);
        assert!((cut.difference_after(&Draw { token: 0, after: 0.4, ..recorded.clone() }) - 0.4).abs() < 1e-6);
        assert!((redraw(&logits, &context, &settings, 3).difference(&recorded) - 1.0).abs() < 1e-6);
        let nothing = redraw(&[f32::NAN; 3], &context, &settings, 0);
        assert!(!nothing.is_same(&recorded) && nothing.difference(&recorded) > 0.9);
    }
}
