//! How likely the text is under the settings of now.

use std::collections::HashMap;

use super::Text;
use crate::document::NodeId;
use crate::sample::{Distribution, Settings, Step};

/// The probability of each measured token under some settings, as far as it was worked out.
#[derive(Clone, Debug, Default)]
pub struct Likelihood {
    /// Natural logarithms, by node; minus infinity for what is cut.
    of: HashMap<NodeId, f64>,
    under: Option<Settings>,
}

/// How much likelier some tokens are under the settings of now than at temperature 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likelier {
    /// Of how many tokens it is known.
    pub tokens: usize,
    /// Decimal logarithm of how many times likelier those are that are not cut.
    pub decades: f64,
    /// How many the settings would have cut.
    pub cut: usize,
}

impl Likelier {
    /// Counts a token in, by natural logarithms of its probability.
    fn add(&mut self, after: f64, model: f64) {
        self.tokens += 1;
        if after.is_finite() {
            self.decades += (after - model) / std::f64::consts::LN_10;
        } else {
            self.cut += 1;
        }
    }
}

impl Text {
    /// How much likelier all tokens, the typed and the drawn ones are under the settings of now than at temperature 1.
    #[must_use]
    pub fn likelier(&self) -> [Likelier; 3] {
        let mut out = [Likelier::default(); 3];
        for (position, is_drawn) in self.measurable() {
            let after = self.document.path().get(position).and_then(|it| self.likelihood.of.get(it));
            let (Some(&after), Some(measure)) = (after, self.measure(position)) else { continue };
            out[0].add(after, measure.log_p);
            out[1 + usize::from(is_drawn)].add(after, measure.log_p);
        }
        out
    }

    /// Works out for some more tokens how likely they are under these settings. Says whether there are more.
    pub(super) fn weigh(&mut self, settings: &Settings) -> bool {
        /// So many scores are looked at for one frame: some milliseconds.
        const BUDGET: usize = 500_000;
        if self.likelihood.under.as_ref() != Some(settings) {
            self.likelihood = Likelihood { under: Some(settings.clone()), of: HashMap::new() };
        }
        if settings.has_own_dice().is_some() {
            return false;
        }
        let (tokens, path) = (self.document.tokens(), self.document.path());
        let mut spent = 0;
        for (position, _) in self.measurable().collect::<Vec<_>>() {
            if self.likelihood.of.contains_key(&path[position]) || self.measure(position).is_none() {
                continue;
            }
            let Some(row) = self.logits.after(path[position - 1]) else { continue };
            if spent > 0 && spent + row.len() > BUDGET {
                return true;
            }
            spent += row.len();
            let context = self.context(&tokens, position, &self.constraints);
            let log_p = Distribution::new(row, &context, settings).ok().and_then(|it| it.log_after(tokens[position]));
            self.likelihood.of.insert(path[position], log_p.unwrap_or(f64::NEG_INFINITY));
        }
        false
    }
}

impl Settings {
    /// The step under which a text has no likelihood that could be told: one with a die of its own, or one that goes by what
    /// was drawn before under it.
    #[must_use]
    pub fn has_own_dice(&self) -> Option<Step> {
        [Step::Xtc, Step::Mirostat].into_iter().find(|&it| !self.is_neutral(it))
    }
}
