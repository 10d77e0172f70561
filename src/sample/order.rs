//! The steps of the chain, and the order in which they are applied.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Step;
use super::parameters::STEPS;

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is = |it: &Self| it.name() == text || it.recorded() == text;
        Self::ALL.into_iter().find(is).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no step of the chain; there are {names}")
        })
    }
}

/// In which order the steps are applied. What changes single scores always comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// llama.cpp's: the cuts, and the temperature after them, so that it does not change what is cut.
    #[default]
    LlamaCpp,
    /// Hugging Face's `generate`: the temperature first, then top-k, top-p, min-p, typical.
    HuggingFace,
    /// One's own: every step once.
    Own([Step; STEPS]),
}

impl Order {
    /// The steps as they are applied.
    #[must_use]
    pub fn steps(self) -> [Step; STEPS] {
        use Step::{MinP, Temperature, TopK, TopP, Typical};
        match self {
            Self::LlamaCpp => Step::ALL,
            Self::HuggingFace => arranged(&[Temperature, TopK, TopP, MinP, Typical]),
            Self::Own(steps) => steps,
        }
    }

    /// The order that names `steps` in a row. Those that are not named stand before them if they change single
    /// scores, else behind them, in llama.cpp's order.
    ///
    /// # Errors
    ///
    /// If a step is named twice.
    pub fn own(named: &[Step]) -> Result<Self, String> {
        if let Some(twice) = named.iter().enumerate().find(|it| named[..it.0].contains(it.1)) {
            return Err(format!("`{}` is named twice", twice.1.name()));
        }
        let steps = arranged(named);
        Ok([Self::LlamaCpp, Self::HuggingFace].into_iter().find(|it| it.steps() == steps).unwrap_or(Self::Own(steps)))
    }

    /// The order with `step` one place earlier or later; the same where it cannot move.
    #[must_use]
    pub fn moved(self, step: Step, later: bool) -> Self {
        let mut steps = self.steps();
        let Some(at) = steps.iter().position(|&it| it == step) else { return self };
        let other = if later { at + 1 } else { at.wrapping_sub(1) };
        if steps.get(other).is_none_or(|it| it.is_penalty() != step.is_penalty()) {
            return self;
        }
        steps.swap(at, other);
        Self::own(&steps).unwrap_or(self)
    }

    /// The name of the order, in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama",
            Self::HuggingFace => "hf",
            Self::Own(_) => "own",
        }
    }
}

/// All steps, `named` ones in a row; the others as [`Order::own`] says.
fn arranged(named: &[Step]) -> [Step; STEPS] {
    let mut steps = Step::ALL;
    let place = |it: &Step| named.iter().position(|other| other == it);
    // Stable, so that what is not named keeps its order.
    steps.sort_by_key(|it| {
        let unnamed = if it.is_penalty() { 0 } else { named.len() + 1 };
        (!it.is_penalty(), place(it).map_or(unnamed, |at| at + 1))
    });
    steps
}

impl fmt::Display for Order {
    /// As it is read back: a name, or the steps with commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(steps) => f.write_str(&steps.map(Step::name).join(",")),
            named => f.write_str(named.name()),
        }
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "llama" => Ok(Self::LlamaCpp),
            "hf" => Ok(Self::HuggingFace),
            list => Self::own(&list.split(',').map(|it| it.trim().parse()).collect::<Result<Vec<_>, _>>()?)
                .map_err(|why| format!("{why}; an order is llama, hf or steps with commas")),
        }
    }
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(steps) => serializer.serialize_str(&steps.map(Step::recorded).join(",")),
            named => serializer.serialize_str(named.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
