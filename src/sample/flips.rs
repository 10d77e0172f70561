//! At which value of a control a draw would have come out otherwise, and as what.

use super::{Context, Distribution, Flips, Parameter, Settings, Spread};
use crate::TokenId;

/// Where a draw flips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flip {
    /// Of which control.
    pub parameter: Parameter,
    /// Whether the flip is at a larger value than the one in force.
    pub above: bool,
    /// The last value found that leaves the draw as it was. Between it and [`beyond`](Self::beyond) lies the flip.
    pub same: f32,
    /// The first value found with which the draw comes out otherwise.
    pub beyond: f32,
    /// As what.
    pub token: TokenId,
}

impl Parameter {
    /// The parameters whose flip points can be asked for, in the order of the panel.
    #[must_use = "an iterator does nothing by itself"]
    pub fn flippable() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.iter().copied().filter(|it| it.flips().is_some())
    }

    /// The value in force, where "off" stands at the end of the range at which nothing is cut.
    fn flip_value(self, settings: &Settings, flips: &Flips, vocabulary: usize) -> f32 {
        let value = self.number(settings).unwrap_or_default() as f32;
        if flips.ends.1.is_none() && value == 0.0 { vocabulary as f32 } else { value }
    }

    /// The settings with this one at a value.
    fn at(self, settings: &Settings, value: f32) -> Settings {
        let mut new = settings.clone();
        self.set_number(&mut new, f64::from(value));
        new
    }
}

impl Flips {
    /// Whether it knows whole numbers only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.grain >= 1.0
    }

    /// Values outwards from the one in force, the last the end of the range. A draw may come out otherwise in a stretch
    /// in between and come back; what is narrower than a step can be missed, but what is found is a flip.
    fn steps(&self, from: f32, above: bool, vocabulary: usize) -> Vec<f32> {
        const STEPS: usize = 8;
        let end = if above { self.ends.1.unwrap_or(vocabulary as f32) } else { self.ends.0 };
        if (above && end <= from) || (!above && end >= from) {
            return Vec::new();
        }
        let share = |step: usize| step as f32 / STEPS as f32;
        let between = |step| match self.spread {
            Spread::Ratios => (from * (end / from).powf(share(step))).round(),
            Spread::Cubes => from + (end - from) * share(step).powi(if above { 3 } else { 1 }),
            Spread::Even => from + (end - from) * share(step),
        };
        (1..STEPS).map(between).chain([end]).collect()
    }
}

/// The nearest flip of a draw in one direction of one parameter; `None` if it comes out the same all the way.
///
/// `logits` is the model's row, (V,), `context` what stands before; `die` the coin that picked `drawn` under `settings`.
/// Draws again some thirty times. Nothing is assumed of how the draw depends on the parameter but that a stretch in which it
/// comes out otherwise is wider than an eighth of the way to the end of the range, or reaches to it.
#[must_use]
pub fn flip(
    logits: &[f32],
    context: &Context,
    settings: &Settings,
    die: f64,
    drawn: TokenId,
    (parameter, above): (Parameter, bool),
) -> Option<Flip> {
    let flips = parameter.flips()?;
    let draw = |value: f32| {
        let mut distribution = Distribution::new(logits, context, &parameter.at(settings, value)).ok()?;
        (distribution.kept() > 0).then(|| distribution.pick(die).token)
    };
    let mut same = parameter.flip_value(settings, flips, logits.len());
    let mut found = None;
    for value in flips.steps(same, above, logits.len()) {
        match draw(value)? {
            token if token == drawn => same = value,
            token => {
                found = Some((value, token));
                break;
            }
        }
    }
    let (mut beyond, mut token) = found?;
    while (beyond - same).abs() > flips.grain {
        let middle = f32::midpoint(same, beyond);
        let middle = if flips.is_whole() { middle.floor() } else { middle };
        match draw(middle)? {
            it if it == drawn => same = middle,
            it => (beyond, token) = (middle, it),
        }
    }
    Some(Flip { parameter, above, same, beyond, token })
}

#[cfg(test)]
mod tests;
