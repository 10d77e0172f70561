//! The table of the chain's steps: one row each, from which come the step itself, its name, its place in the orders,
//! whether settings leave it neutral, and the function that does it.

use serde::{Deserialize, Serialize};

use super::{Candidates, Context, Settings, filters, penalties};

/// Changes the scores of single tokens, (V,), before there are candidates; returns how many it changed.
pub(super) type Penalty = fn(&mut [f32], &Context, &Settings) -> usize;

/// Takes candidates out; at least one is there.
pub(super) type Filter = fn(&mut Candidates, &Context, &Settings);

/// Divides the candidates' scores; returns by what.
pub(super) type Divisor = fn(&mut Candidates, &Settings) -> f32;

/// What a step does, by what it works on.
#[derive(Clone, Copy)]
pub(super) enum Apply {
    /// Comes before all others, which look at all tokens.
    Penalty(Penalty),
    Filter(Filter),
    Divisor(Divisor),
}

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident, $name:literal, $apply:expr, $is_neutral:expr;)*) => {
        /// One step of the chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Step {
            $($(#[$doc])* #[serde(rename = $name)] $step,)*
        }

        impl Step {
            /// All steps, in llama.cpp's order.
            pub const ALL: [Self; STEPS] = [$(Self::$step),*];

            /// The name in an order, in a transcript and in a chain that is told in words.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$step => $name,)* }
            }

            /// What it does.
            pub(super) fn apply(self) -> Apply {
                match self { $(Self::$step => $apply,)* }
            }

            /// Whether it would change nothing under `settings`, were it not switched off.
            pub(super) fn is_set_neutral(self, settings: &Settings) -> bool {
                let is_neutral: fn(&Settings) -> bool = match self { $(Self::$step => $is_neutral,)* };
                is_neutral(settings)
            }
        }

        /// How many steps there are.
        pub(super) const STEPS: usize = [$($name),*].len();
    };
}

// In llama.cpp's order. Penalties first; a new filter stands where that order shall have it.
steps! {
    /// Biases and bans of texts.
    Bias, "bias", Apply::Penalty(penalties::of_texts), |it| it.bias.is_empty() && it.ban.is_empty();
    /// Repetition penalty over the last tokens.
    RepeatPenalty, "repeat-penalty", Apply::Penalty(penalties::of_repeats),
        |it| is_one(it.repeat_penalty) || it.repeat_last_n == 0;
    /// Frequency and presence penalties over the same tokens.
    FrequencyPresence, "frequency-presence", Apply::Penalty(penalties::of_counts), |it| {
        it.repeat_last_n == 0 || it.frequency_penalty.abs() < 1e-6 && it.presence_penalty.abs() < 1e-6
    };
    /// What would repeat a sequence of n tokens is out.
    NoRepeatNgram, "no-repeat-ngram", Apply::Penalty(penalties::of_ngrams), |it| it.no_repeat_ngram == 0;
    /// What would lengthen a repetition loses, the more the longer it is.
    Dry, "dry", Apply::Penalty(penalties::of_dry), |it| it.dry_multiplier <= 0.0 || it.dry_last_n == 0;
    /// All within so many standard deviations of the largest logit.
    TopNSigma, "top-n-sigma", Apply::Filter(filters::top_n_sigma), |it| it.top_n_sigma <= 0.0;
    /// The k likeliest.
    TopK, "top-k", Apply::Filter(filters::top_k), |it| it.top_k == 0;
    /// Those whose surprise is nearest to the expected one.
    Typical, "typical", Apply::Filter(filters::typical), |it| it.typical_p >= 1.0;
    /// The likeliest that together hold a share of the probability.
    TopP, "top-p", Apply::Filter(filters::top_p), |it| it.top_p >= 1.0;
    /// All that have at least a share of the likeliest one's probability.
    MinP, "min-p", Apply::Filter(filters::min_p), |it| it.min_p <= 0.0;
    /// Sometimes, all of the likely ones but the least likely of them are out.
    Xtc, "xtc", Apply::Filter(filters::xtc), |it| it.xtc_probability <= 0.0 || it.xtc_threshold > 0.5;
    /// Division of the logits; 0 keeps the likeliest alone.
    Temperature, "temperature", Apply::Divisor(filters::temperature),
        |it| is_one(it.temperature) && it.dynatemp_range <= 0.0;
    /// Those no more surprising than a limit that follows the surprise of what was drawn.
    Mirostat, "mirostat", Apply::Filter(filters::mirostat), |it| it.mirostat_tau <= 0.0;
}

impl Step {
    /// Whether it changes the scores of single tokens. Such steps come before all others, which look at all tokens.
    #[must_use]
    pub fn is_penalty(self) -> bool {
        matches!(self.apply(), Apply::Penalty(_))
    }
}

/// Whether a factor changes nothing.
pub(super) fn is_one(value: f32) -> bool {
    (value - 1.0).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::*;

    #[test]
    fn every_step_is_in_every_order_once_and_penalties_come_first() {
        let own = Order::own(&[Step::Temperature, Step::TopP]).unwrap();
        for order in [Order::LlamaCpp, Order::HuggingFace, own] {
            let steps = order.steps();
            for step in Step::ALL {
                assert_eq!(steps.iter().filter(|it| **it == step).count(), 1, "{} in {order}", step.name());
            }
            assert!(steps.is_sorted_by_key(|it| !it.is_penalty()), "{order}");
        }
    }

    #[test]
    fn a_step_is_written_down_by_its_name_and_read_back() {
        for step in Step::ALL {
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(text, format!("\"{}\"", step.name()));
            assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step);
            assert_eq!(step.name().parse(), Ok(step));
        }
    }
}
