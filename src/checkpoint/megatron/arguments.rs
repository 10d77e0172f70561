//! The training arguments that a Megatron checkpoint may carry.
//!
//! An `argparse.Namespace` that was noted and never made. Values that are not numbers, texts or
//! truth values are not looked at.

use super::super::Activation;
use super::super::pickle::{Node, NodeId, Pickle};

/// The arguments, or their absence.
pub(super) struct Arguments<'a>(Option<(&'a Pickle, NodeId)>);

impl<'a> Arguments<'a> {
    /// What stands under `args` in a dictionary.
    pub(super) fn of(dictionary: Option<(&'a Pickle, NodeId)>) -> Self {
        Self(dictionary.and_then(|(pickle, dictionary)| Some((pickle, pickle.get(dictionary, "args")?))))
    }

    /// An argument that is there and not `None`.
    fn get(&self, key: &str) -> Option<(&'a Pickle, NodeId)> {
        let (pickle, arguments) = self.0?;
        let value = pickle.get(arguments, key)?;
        (*pickle.node(value) != Node::None).then_some((pickle, value))
    }

    pub(super) fn size(&self, key: &str) -> Option<usize> {
        let (pickle, value) = self.get(key)?;
        pickle.integer(value).and_then(|number| usize::try_from(number).ok())
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let (pickle, value) = self.get(key)?;
        pickle.truth(value)
    }

    /// Text; of an enumeration's member its name, or its number.
    pub(super) fn word(&self, key: &str) -> Option<String> {
        let (pickle, id) = self.get(key)?;
        if let Some(text) = pickle.text(id) {
            return Some(text.to_owned());
        }
        let (module, name, call) = pickle.call(id)?;
        let last = *call.arguments.last()?;
        let value = pickle.text(last).map(str::to_owned);
        let value = value.or_else(|| pickle.integer(last).map(|number| number.to_string()))?;
        Some(match (module, name, value.as_str()) {
            (_, "PositionEmbeddingType", "2" | "absolute" | "learned_absolute") => "learned_absolute".to_owned(),
            _ => value,
        })
    }

    /// What to show of an argument as evidence.
    pub(super) fn shown(&self, key: &str) -> String {
        let value = self.size(key).map(|size| size.to_string());
        let value = value.or_else(|| self.flag(key).map(|flag| flag.to_string()));
        let value = value.or_else(|| self.word(key)).unwrap_or_default();
        format!("argument {key} = {}", super::printable(&value))
    }

    pub(super) fn epsilon(&self) -> f64 {
        let value = self.get("layernorm_epsilon").or_else(|| self.get("norm_epsilon"));
        let number = value.and_then(|(pickle, id)| pickle.float(id));
        number.filter(|&number| number > 0.0 && number < 1.0).unwrap_or(1e-5)
    }

    /// Megatron had only the tanh formula until April 2020, and both switches came later.
    pub(super) fn activation(&self) -> Activation {
        let fused = self.flag("bias_gelu_fusion");
        let openai = self.flag("openai_gelu");
        match (fused, openai) {
            (Some(true), _) | (_, Some(true)) | (None, None) => Activation::GeluTanh,
            _ => Activation::Gelu,
        }
    }

    /// Whether the arguments say that the output matrix is the word table.
    pub(super) fn is_tied(&self) -> bool {
        self.flag("untie_embeddings_and_output_weights") == Some(false)
    }
}
