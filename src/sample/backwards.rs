//! The knob turned backwards: with which temperature a text was most likely drawn, and which cuts it rules out.

use super::measure::{Measure, Standing};
use super::{Settings, Step};
use crate::TokenId;

/// Temperatures below this are told as greedy.
const COLDEST: f64 = 0.02;
/// Temperatures above this are told as that.
pub const HOTTEST: f64 = 20.0;

/// A temperature found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// Always the likeliest token, or as good as that.
    Greedy,
    /// So hot that the model's order counts for nothing, or the other way round.
    Hotter,
    /// The likeliest one, with the ends of its 95 % interval.
    At {
        /// The temperature.
        temperature: f64,
        /// The lower end.
        from: f64,
        /// The upper end.
        to: f64,
    },
}

/// Looks for the temperature that makes a text likeliest: the maximum of `sum(b z[y] - ln sum exp(b z))` over `b = 1/T`.
///
/// That is concave in `b`. Newton's steps go in `ln b`, in which the first derivative is the sum of `ln p[y] + H` and the
/// information the sum of the variances of `ln p`, both at `b`; a step that leaves what is left of the range is halved. The
/// interval follows from the curvature there: `T exp(±1.96 / sqrt(information))`. It takes for granted that nothing was
/// penalised and nothing cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backwards {
    /// `ln b` of this pass, and between which the maximum lies.
    at: f64,
    within: (f64, f64),
    /// Sums of this pass.
    slope: f64,
    information: f64,
}

impl Default for Backwards {
    fn default() -> Self {
        Self { at: 0.0, within: (-HOTTEST.ln(), -COLDEST.ln()), slope: 0.0, information: 0.0 }
    }
}

impl Backwards {
    /// Counts a token of the text in, under the model's `logits`, (V,). Each pass counts all of them.
    pub fn add(&mut self, logits: &[f32], token: TokenId) {
        if let Some(it) = Standing::new(logits, token, self.at.exp()) {
            self.slope += it.lead;
            self.information += it.variance;
        }
    }

    /// Counts the measures of a first pass in, which is at temperature 1.
    pub fn add_measure(&mut self, it: &Measure) {
        self.slope += it.lead;
        self.information += it.variance;
    }

    /// Ends a pass. What was found, or `None` if another pass is needed.
    pub fn end_pass(&mut self) -> Option<Found> {
        /// So many standard deviations from the maximum is near enough.
        const NEAR: f64 = 1e-3;
        /// The standard normal distribution has 95 % of its mass within as many standard deviations.
        const QUANTILE: f64 = 1.96;
        let (slope, information) = (self.slope, self.information);
        let deviation = information.max(f64::MIN_POSITIVE).sqrt().recip();
        if slope.abs() * deviation <= NEAR && information > 0.0 {
            let (temperature, spread) = ((-self.at).exp(), (QUANTILE * deviation).exp());
            return Some(Found::At { temperature, from: temperature / spread, to: temperature * spread });
        }
        if slope > 0.0 {
            self.within.0 = self.at;
        } else {
            self.within.1 = self.at;
        }
        let (low, high) = self.within;
        if high - low < 1e-6 {
            return Some(if slope > 0.0 { Found::Greedy } else { Found::Hotter });
        }
        let next = self.at + (slope / information.max(f64::MIN_POSITIVE)).clamp(-2.0, 2.0);
        self.at = if next > low && next < high { next } else { f64::midpoint(low, high) };
        (self.slope, self.information) = (0.0, 0.0);
        None
    }
}

/// Which cuts a text rules out, each by itself and by the model's own probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The smallest top-k that leaves all of its tokens.
    pub top_k: u32,
    /// A top-p up to this cuts one of them.
    pub top_p: f64,
    /// The largest min-p that leaves all of them.
    pub min_p: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { top_k: 1, top_p: 0.0, min_p: 1.0 }
    }
}

impl Bounds {
    /// Counts a token in.
    pub fn add(&mut self, it: &Measure) {
        self.top_k = self.top_k.max(it.rank + 1);
        self.top_p = self.top_p.max(it.above);
        self.min_p = self.min_p.min(it.ratio);
    }
}

impl Settings {
    /// The first step under which a text does not tell its temperature: one that moves scores by what was drawn before, takes
    /// likely tokens out, or steers.
    #[must_use]
    pub fn hides_temperature(&self) -> Option<Step> {
        let hides = |it: &Step| it.is_penalty() || matches!(it, Step::Xtc | Step::Mirostat | Step::Typical);
        let steps = self.order.steps().into_iter().filter(|&it| !self.is_neutral(it));
        let entropy = |it: &Step| *it == Step::Temperature && self.dynatemp_range > 0.0;
        steps.into_iter().find(|it| hides(it) || entropy(it))
    }
}

#[cfg(test)]
pub(super) mod tests;
