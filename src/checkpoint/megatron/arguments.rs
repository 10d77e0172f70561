//! The training arguments that a Megatron checkpoint may carry.
//!
//! An `argparse.Namespace` that was noted and never made. An argument that is absent, or `None`, says nothing; one that is
//! there and is not of its kind, or is a number that cannot be, is an error: a guess would make a model that never was.
//!
//! Source: Megatron-LM's `arguments.py`.

use super::super::pickle::{Node, NodeId, Pickle, printable};
use super::super::{Activation, MapError};

/// The arguments, or their absence.
pub(super) struct Arguments<'a>(Option<(&'a Pickle, NodeId)>);

impl<'a> Arguments<'a> {
    /// What stands under `args` in a dictionary.
    ///
    /// # Errors
    ///
    /// [`MapError::Argument`] if that is a value that holds no arguments.
    pub(super) fn of(dictionary: Option<(&'a Pickle, NodeId)>) -> Result<Self, MapError> {
        let Some((pickle, dictionary)) = dictionary else {
            return Ok(Self(None));
        };
        let Some(arguments) = pickle.get(dictionary, "args") else {
            return Ok(Self(None));
        };
        let refused =
            |found, expected| Err(MapError::Argument { key: "args, which should hold all of them,", found, expected });
        match (pickle.node(arguments), pickle.entries(arguments)) {
            (_, Some(entries)) if entries.len() > Pickle::MOST_ENTRIES => {
                refused(format!("of {} entries", entries.len()), "a few hundred")
            }
            (_, Some(_)) => Ok(Self(Some((pickle, arguments)))),
            (Node::None, _) => Ok(Self(None)),
            // An object without anything in it.
            (Node::Call(call), _) if call.state.is_none() => Ok(Self(None)),
            _ => refused(pickle.describe(arguments), "an argparse.Namespace"),
        }
    }

    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        self.0.is_some()
    }

    /// An argument that is there and not `None`.
    fn get(&self, key: &str) -> Option<(&'a Pickle, NodeId)> {
        let (pickle, arguments) = self.0?;
        let value = pickle.get(arguments, key)?;
        (*pickle.node(value) != Node::None).then_some((pickle, value))
    }

    /// What stands there, for messages and to be compared; of a number the same whichever type it has.
    pub(super) fn said(&self, key: &str) -> Option<String> {
        self.get(key).map(|(pickle, id)| spelt(pickle, id))
    }

    /// An argument of another kind, or out of its range.
    fn refused(&self, key: &'static str, expected: &'static str) -> MapError {
        MapError::Argument { key, found: self.said(key).unwrap_or_default(), expected }
    }

    /// A size of which there is at least one.
    pub(super) fn count(&self, key: &'static str) -> Result<Option<usize>, MapError> {
        let Some((pickle, id)) = self.get(key) else {
            return Ok(None);
        };
        let number = whole(pickle, id).filter(|&number| number > 0);
        number.map(Some).ok_or_else(|| self.refused(key, "a whole number from 1 up"))
    }

    /// How many there are of something that a GPT-2 may have none of. The forks of `DeepSpeed` have a list, a number for
    /// each layer: the largest of them.
    pub(super) fn most(&self, key: &'static str) -> Result<Option<usize>, MapError> {
        let Some((pickle, id)) = self.get(key) else {
            return Ok(None);
        };
        let numbers: Option<Vec<usize>> = match pickle.sequence(id) {
            Some(list) => list.iter().map(|&id| whole(pickle, id)).collect(),
            None => whole(pickle, id).map(|number| vec![number]),
        };
        let numbers = numbers.ok_or_else(|| self.refused(key, "a whole number, not below 0"))?;
        Ok(numbers.into_iter().max())
    }

    /// Whether it is several values.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.get(key).is_some_and(|(pickle, id)| pickle.sequence(id).is_some())
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, MapError> {
        let Some((pickle, id)) = self.get(key) else {
            return Ok(None);
        };
        match pickle.integer(id) {
            Some(number @ 0..=1) => Ok(Some(number == 1)),
            _ => Err(self.refused(key, "True or False")),
        }
    }

    /// Text; of an enumeration's member its name, or its number.
    pub(super) fn word(&self, key: &'static str) -> Result<Option<String>, MapError> {
        let Some((pickle, id)) = self.get(key) else {
            return Ok(None);
        };
        word(pickle, id).map(Some).ok_or_else(|| self.refused(key, "a text or a member of an enumeration"))
    }

    /// What to show of an argument as evidence.
    pub(super) fn shown(&self, key: &str) -> String {
        format!("argument {key} = {}", self.said(key).unwrap_or_default())
    }

    /// The variance floor of the norms; Megatron has called it by two names.
    pub(super) fn epsilon(&self) -> Result<f64, MapError> {
        let mut found: Option<(&str, f64)> = None;
        for key in ["layernorm_epsilon", "norm_epsilon"] {
            let Some((pickle, id)) = self.get(key) else {
                continue;
            };
            let number = pickle.float(id).filter(|&number| number > 0.0 && number < 1.0);
            let number = number.ok_or_else(|| self.refused(key, "a number between 0 and 1"))?;
            if found.is_some_and(|(_, other)| (other - number).abs() > f64::EPSILON * other) {
                return Err(self.refused(key, "the same as layernorm_epsilon"));
            }
            found = Some((key, number));
        }
        Ok(found.map_or(1e-5, |it| it.1))
    }

    /// Megatron had only the tanh formula until April 2020, and both switches came later.
    pub(super) fn activation(&self) -> Result<Activation, MapError> {
        let fused = self.flag("bias_gelu_fusion")?;
        let openai = self.flag("openai_gelu")?;
        Ok(match (fused, openai) {
            (Some(true), _) | (_, Some(true)) | (None, None) => Activation::GeluTanh,
            _ => Activation::Gelu,
        })
    }

    /// How many tensor ranks the model was trained on; it has had two names.
    pub(super) fn tensor_ranks(&self) -> Result<Option<usize>, MapError> {
        match self.count("tensor_model_parallel_size")? {
            None => self.count("model_parallel_size"),
            ranks => Ok(ranks),
        }
    }
}

/// A number that is not negative and has no fraction, of either type; a truth value is none.
fn whole(pickle: &Pickle, id: NodeId) -> Option<usize> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    match pickle.node(id) {
        Node::Int(number) => usize::try_from(*number).ok(),
        Node::Float(number) if number.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(number) => {
            Some(*number as usize)
        }
        _ => None,
    }
}

fn word(pickle: &Pickle, id: NodeId) -> Option<String> {
    if let Some(text) = pickle.text(id) {
        return Some(text.to_owned());
    }
    let (_, mut class, call) = pickle.call(id)?;
    let last = *call.arguments.last()?;
    let value = pickle.text(last).map(str::to_owned);
    let value = value.or_else(|| pickle.integer(last).map(|number| number.to_string()))?;
    // Some versions of Python fetch the member by its name.
    if class == "getattr" {
        class = pickle.global(*call.arguments.first()?)?.1;
    }
    Some(match (class, value.as_str()) {
        ("PositionEmbeddingType", "2" | "absolute" | "learned_absolute") => "learned_absolute".to_owned(),
        _ => value,
    })
}

/// A value as a Python program would print it, about, and short.
fn spelt(pickle: &Pickle, id: NodeId) -> String {
    match pickle.node(id) {
        Node::None => "None".to_owned(),
        Node::Bool(true) => "True".to_owned(),
        Node::Bool(false) => "False".to_owned(),
        Node::Int(number) => number.to_string(),
        Node::Float(number) => number.to_string(),
        Node::List(items) if items.len() <= 8 => {
            let plain = |&item: &NodeId| match pickle.node(item) {
                Node::List(_) => pickle.describe(item),
                _ => spelt(pickle, item),
            };
            format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        _ => word(pickle, id).map_or_else(|| pickle.describe(id), |word| printable(&word)),
    }
}
