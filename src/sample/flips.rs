//! At which value of a control a draw would have come out otherwise, and as what.

use super::{Context, Distribution, Settings};
use crate::TokenId;

/// A control whose flip points can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    /// [`Settings::temperature`].
    Temperature,
    /// [`Settings::top_p`].
    TopP,
    /// [`Settings::top_k`].
    TopK,
    /// [`Settings::min_p`].
    MinP,
}

/// All levers, in the order of the panel.
pub const LEVERS: [Lever; 4] = [Lever::Temperature, Lever::TopK, Lever::TopP, Lever::MinP];

/// Where a draw flips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flip {
    /// Of which control.
    pub lever: Lever,
    /// Whether the flip is at a larger value than the one in force.
    pub above: bool,
    /// The last value found that leaves the draw as it was. Between it and [`beyond`](Self::beyond) lies the flip.
    pub same: f32,
    /// The first value found with which the draw comes out otherwise.
    pub beyond: f32,
    /// As what.
    pub token: TokenId,
}

impl Lever {
    /// Its name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temp",
            Self::TopP => "top-p",
            Self::TopK => "top-k",
            Self::MinP => "min-p",
        }
    }

    /// The value in force, where "off" stands at the end of the range at which nothing is cut.
    #[must_use]
    pub fn value(self, settings: &Settings, vocabulary: usize) -> f32 {
        match self {
            Self::Temperature => settings.temperature,
            Self::TopP => settings.top_p,
            Self::TopK if settings.top_k == 0 => vocabulary as f32,
            Self::TopK => settings.top_k as f32,
            Self::MinP => settings.min_p,
        }
    }

    /// The settings with this lever at a value.
    #[must_use]
    pub fn with(self, settings: &Settings, value: f32) -> Settings {
        let mut new = settings.clone();
        match self {
            Self::Temperature => new.temperature = value,
            Self::TopP => new.top_p = value,
            Self::TopK => new.top_k = value.round() as u32,
            Self::MinP => new.min_p = value,
        }
        new
    }

    /// The smallest difference that matters on the screen.
    fn grain(self) -> f32 {
        match self {
            Self::Temperature | Self::TopP => 1e-3,
            Self::TopK => 1.0,
            Self::MinP => 1e-4,
        }
    }

    /// Values outwards from the one in force, the last the end of the range. A draw may come out otherwise in a stretch
    /// in between and come back; what is narrower than a step can be missed, but what is found is a flip.
    fn steps(self, from: f32, above: bool, vocabulary: usize) -> Vec<f32> {
        const STEPS: usize = 8;
        let end = match (self, above) {
            // Hotter than this, no order is left to speak of.
            (Self::Temperature, true) => 4.0,
            (Self::Temperature | Self::TopP | Self::MinP, false) => 0.0,
            (Self::TopK, true) => vocabulary as f32,
            (Self::TopP | Self::MinP, true) | (Self::TopK, false) => 1.0,
        };
        if (above && end <= from) || (!above && end >= from) {
            return Vec::new();
        }
        let share = |step: usize| step as f32 / STEPS as f32;
        let between = |step| match self {
            // Ranks spread over five orders of magnitude.
            Self::TopK => (from * (end / from).powf(share(step))).round(),
            // Most of what happens to min-p happens at small values.
            Self::MinP => from + (end - from) * share(step).powi(if above { 3 } else { 1 }),
            Self::Temperature | Self::TopP => from + (end - from) * share(step),
        };
        (1..STEPS).map(between).chain([end]).collect()
    }
}

/// The nearest flip of a draw in one direction of one lever; `None` if it comes out the same all the way.
///
/// `logits` is the model's row, (V,), `context` what stands before; `die` the coin that picked `drawn` under `settings`.
/// Draws again some thirty times. Nothing is assumed of how the draw depends on the lever but that a stretch in which it
/// comes out otherwise is wider than an eighth of the way to the end of the range, or reaches to it.
#[must_use]
pub fn flip(
    logits: &[f32],
    context: &Context,
    settings: &Settings,
    die: f64,
    drawn: TokenId,
    (lever, above): (Lever, bool),
) -> Option<Flip> {
    let draw = |value: f32| {
        let mut distribution = Distribution::new(logits, context, &lever.with(settings, value)).ok()?;
        (distribution.kept() > 0).then(|| distribution.pick(die).token)
    };
    let mut same = lever.value(settings, logits.len());
    let mut found = None;
    for value in lever.steps(same, above, logits.len()) {
        match draw(value)? {
            token if token == drawn => same = value,
            token => {
                found = Some((value, token));
                break;
            }
        }
    }
    let (mut beyond, mut token) = found?;
    while (beyond - same).abs() > lever.grain() {
        let middle = f32::midpoint(same, beyond);
        let middle = if lever == Lever::TopK { middle.floor() } else { middle };
        match draw(middle)? {
            it if it == drawn => same = middle,
            it => (beyond, token) = (middle, it),
        }
    }
    Some(Flip { lever, above, same, beyond, token })
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::Words;
    use super::*;

    fn raw() -> Settings {
        Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, ..Settings::default() }
    }

    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.ln()).collect()
    }

    fn drawn(logits: &[f32], settings: &Settings, die: f64) -> TokenId {
        Distribution::new(logits, &Context::new(&[], &Words::NONE), settings).unwrap().pick(die).token
    }

    #[test]
    fn flips_against_worked_numbers() {
        // p = .4 .3 .2 .1 and the die .65: the sums are .4 .7 .9 1, so the second token.
        let row = logits(&[0.4, 0.3, 0.2, 0.1]);
        let (settings, die) = (raw(), 0.65);
        assert_eq!(drawn(&row, &settings, die), 1);
        for (lever, above, expected) in [
            // Squeezed to the power 1/T: .4 / (.4 + .3 + .2 + .1) reaches .65 at 1/T = 3.10774.
            (Lever::Temperature, false, Some((0.32178, 0))),
            // The first two together come down to .65 at 1/T = 0.71936.
            (Lever::Temperature, true, Some((1.39013, 2))),
            // Two are kept down to top-p .4 (exclusive), then one: and .4 / .7 = .5714 < .65 all the way down to there.
            (Lever::TopP, false, Some((0.4, 0))),
            (Lever::TopP, true, None),
            (Lever::TopK, false, Some((1.0, 0))),
            (Lever::TopK, true, None),
            // Three are left from .25 on: .4/.9 = .44, .7/.9 = .78, the same; two from .5 on: .571, the same; one over .75.
            (Lever::MinP, true, Some((0.75, 0))),
            (Lever::MinP, false, None),
        ] {
            let found = flip(&row, &Context::new(&[], &Words::NONE), &settings, die, 1, (lever, above));
            assert_eq!(found.map(|it| it.token), expected.map(|it| it.1), "{lever:?} {above}");
            if let (Some(found), Some((value, _))) = (found, expected) {
                assert!((found.beyond - value).abs() <= lever.grain() * 1.01, "{lever:?} {above}: {found:?}");
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
            for lever in LEVERS {
                for above in [false, true] {
                    let Some(flip) = flip(&scores, &Context::new(&[], &Words::NONE), &settings, die, token, (lever, above)) else { continue };
                    proptest::prop_assert_eq!(drawn(&scores, &lever.with(&settings, flip.same), die), token);
                    proptest::prop_assert_eq!(drawn(&scores, &lever.with(&settings, flip.beyond), die), flip.token);
                    proptest::prop_assert!(flip.token != token);
                    proptest::prop_assert!((flip.same - flip.beyond).abs() <= lever.grain());
                    proptest::prop_assert_eq!(above, flip.beyond > lever.value(&settings, scores.len()));
                }
            }
        }
    }
}
