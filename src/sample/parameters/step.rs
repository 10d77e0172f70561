//! What a row of the table of steps says, and the macro that makes steps of the rows.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{Candidates, Context, Parameter, Settings, Step};

/// Changes the scores of single tokens, (V,), before there are candidates; returns how many it changed.
pub(in crate::sample) type Penalty = fn(&mut [f32], &Context, &Settings) -> usize;

/// Takes candidates out; at least one is there.
pub(in crate::sample) type Filter = fn(&mut Candidates, &Context, &Settings);

/// Divides the candidates' scores; returns by what.
pub(in crate::sample) type Divisor = fn(&mut Candidates, &Settings) -> f32;

/// What a step does, by what it works on.
#[derive(Clone, Copy)]
pub(in crate::sample) enum Apply {
    /// Comes before all others, which look at all tokens.
    Penalty(Penalty),
    Filter(Filter),
    Divisor(Divisor),
}

/// Makes the steps of the table's rows: name, what it does, whether settings leave it neutral.
macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident, $name:literal, $apply:expr, $is_neutral:expr;)*) => {
        /// One step of the chain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// All steps, in llama.cpp's order.
            pub const ALL: [Self; STEPS] = [$(Self::$step),*];

            /// The name in an order and in a chain that is told in words.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$step => $name,)* }
            }

            /// What it does.
            pub(in crate::sample) fn apply(self) -> Apply {
                match self { $(Self::$step => $apply,)* }
            }

            /// Whether it would change nothing under `settings`, were it not switched off.
            pub(in crate::sample) fn is_set_neutral(self, settings: &Settings) -> bool {
                let is_neutral: fn(&Settings) -> bool = match self { $(Self::$step => $is_neutral,)* };
                is_neutral(settings)
            }
        }

        /// How many steps there are.
        pub(in crate::sample) const STEPS: usize = [$($name),*].len();
    };
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.recorded())
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Step {
    /// The name in a transcript, which is for good.
    #[must_use]
    pub fn recorded(self) -> &'static str {
        if self == Self::Temperature { "temperature" } else { self.name() }
    }

    /// Whether it changes the scores of single tokens. Such steps come before all others, which look at all tokens.
    #[must_use]
    pub fn is_penalty(self) -> bool {
        matches!(self.apply(), Apply::Penalty(_))
    }

    /// The number that it works by: it alone would silence the step. `None` for a step that works by texts or by several.
    #[must_use]
    pub fn parameter(self, settings: &Settings) -> Option<Parameter> {
        let silences = |it: &Parameter| {
            let mut off = settings.clone();
            it.neutralise(&mut off);
            self.is_set_neutral(&off)
        };
        let mut numbers =
            Parameter::ALL.iter().copied().filter(|it| it.step() == Some(self) && it.number(settings).is_some());
        numbers.find(silences).filter(|_| !self.is_set_neutral(settings))
    }
}

/// Whether a factor changes nothing.
pub(in crate::sample) fn is_one(value: f32) -> bool {
    (value - 1.0).abs() < 1e-6
}

#[cfg(test)]
mod tests;
