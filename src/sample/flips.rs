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
mod tests {
    use super::super::Order;
    use super::super::TokenConstraints;
    use super::*;

    fn raw() -> Settings {
        Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, ..Settings::default() }
    }

    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.ln()).collect()
    }

    fn drawn(logits: &[f32], settings: &Settings, die: f64) -> TokenId {
        Distribution::new(logits, &Context::new(&[], &TokenConstraints::NONE), settings).unwrap().pick(die).token
    }

    #[test]
    fn flips_against_worked_numbers() {
        // p = .4 .3 .2 .1 and the die .65: the sums are .4 .7 .9 1, so the second token.
        let row = logits(&[0.4, 0.3, 0.2, 0.1]);
        let (settings, die) = (raw(), 0.65);
        assert_eq!(drawn(&row, &settings, die), 1);
        for (parameter, above, expected) in [
            // Squeezed to the power 1/T: .4 / (.4 + .3 + .2 + .1) reaches .65 at 1/T = 3.10774.
            (Parameter::Temperature, false, Some((0.32178, 0))),
            // The first two together come down to .65 at 1/T = 0.71936.
            (Parameter::Temperature, true, Some((1.39013, 2))),
            // Two are kept down to top-p .4 (exclusive), then one: and .4 / .7 = .5714 < .65 all the way down to there.
            (Parameter::TopP, false, Some((0.4, 0))),
            (Parameter::TopP, true, None),
            (Parameter::TopK, false, Some((1.0, 0))),
            (Parameter::TopK, true, None),
            // Three are left from .25 on: .4/.9 = .44, .7/.9 = .78, the same; two from .5 on: .571, the same; one over .75.
            (Parameter::MinP, true, Some((0.75, 0))),
            (Parameter::MinP, false, None),
        ] {
            let found = flip(&row, &Context::new(&[], &TokenConstraints::NONE), &settings, die, 1, (parameter, above));
            assert_eq!(found.map(|it| it.token), expected.map(|it| it.1), "{parameter:?} {above}");
            if let (Some(found), Some((value, _))) = (found, expected) {
                assert!(
                    (found.beyond - value).abs() <= parameter.flips().unwrap().grain * 1.01,
                    "{parameter:?} {above}: {found:?}"
                );
            }
        }
    }

    proptest::proptest! {
        /// Just below and just above, the draw is made again.
        #[test]
        fn on_either_side_of_a_flip_the_draw_is_as_told(
            scores in proptest::collection::vec(-6.0_f32..6.0, 2..300),
            temperature in 0.2_f32..2.0, top_p in 0.3_f32..1.0, min_p in 0.0_f32..0.2, top_k in 0_u32..60,
            hugging_face: bool, die in 0.0_f64..1.0,
        ) {
            let order = if hugging_face { Order::HuggingFace } else { Order::LlamaCpp };
            let settings = Settings { temperature, top_k, top_p, min_p, order, ..raw() };
            let token = drawn(&scores, &settings, die);
            for parameter in Parameter::flippable() {
                for above in [false, true] {
                    let Some(flip) = flip(&scores, &Context::new(&[], &TokenConstraints::NONE), &settings, die, token, (parameter, above)) else { continue };
                    proptest::prop_assert_eq!(drawn(&scores, &parameter.at(&settings, flip.same), die), token);
                    proptest::prop_assert_eq!(drawn(&scores, &parameter.at(&settings, flip.beyond), die), flip.token);
                    proptest::prop_assert!(flip.token != token);
                    proptest::prop_assert!((flip.same - flip.beyond).abs() <= parameter.flips().unwrap().grain);
                    proptest::prop_assert_eq!(above, flip.beyond > parameter.flip_value(&settings, parameter.flips().unwrap(), scores.len()));
                }
            }
        }
    }
}
