//! How a checkpoint would spell the name of a tensor that it lacks.
//!
//! Its owner knows the names of the tensors that are there, so that a missing one is named in their manner.

use std::collections::BTreeMap;

use super::super::plan::{Found, OUTPUT_MATRIX, POSITION_TABLE, WORD_TABLE};
use super::names;

/// The manner of one checkpoint.
pub(super) struct OwnNames {
    /// By the name in the converted model. That of a layer's tensor is without the layer; then its own one is what stands
    /// before and after the layer's number.
    known: BTreeMap<String, (String, String)>,
    /// What stands before the number of a layer.
    layers: String,
    core: bool,
    /// Attention is called `self_attention`, as since 2021.
    by_itself: bool,
}

impl OwnNames {
    /// Learns from the tensors that are there.
    pub(super) fn of(found: &Found, core: bool) -> Self {
        let mut known = BTreeMap::new();
        for (name, joined) in found {
            // A stage is not part of the name.
            let source = joined.source.split(" of ").next().unwrap_or_default();
            let (layer, part) = divided(name);
            if layer.is_none() {
                known.insert(name.clone(), (source.to_owned(), String::new()));
            } else if let Some(around) = around_number(source) {
                known.insert(part.to_owned(), around);
            }
        }
        let dotted = known.values().find(|it| it.0.ends_with("layers.")).map(|it| it.0.clone());
        let usual = if core { "decoder.layers." } else { "language_model.encoder.layers." };
        let by_itself = core || !known.values().any(|it| it.1.starts_with(".attention."));
        Self { known, layers: dotted.unwrap_or_else(|| usual.to_owned()), core, by_itself }
    }

    /// The name that the checkpoint would have for `name` of the converted model.
    pub(super) fn spell(&self, name: &str) -> String {
        let (layer, part) = divided(name);
        let number = layer.unwrap_or_default();
        let joined = |(before, after): &(String, String)| format!("{before}{number}{after}");
        let (stem, kind) = part.rsplit_once('.').unwrap_or((part, ""));
        let other = if kind == "bias" { "weight" } else { "bias" };
        if let Some(around) = self.known.get(part) {
            return joined(around);
        }
        // A weight is called as its bias is.
        let beside = self.known.get(&format!("{stem}.{other}"));
        let swapped = |text: &str| match text.strip_suffix(other) {
            Some(start) => format!("{start}{kind}"),
            None => text.to_owned(),
        };
        if let Some((before, after)) = beside {
            let is_stacked = after.starts_with(']');
            return if layer.is_none() {
                swapped(before)
            } else if is_stacked {
                joined(&(format!("{}[", swapped(before.trim_end_matches('['))), after.clone()))
            } else {
                joined(&(before.clone(), swapped(after)))
            };
        }
        match (name, layer) {
            (_, Some(number)) => {
                let theirs = names::usual_part(stem, self.core, self.by_itself).unwrap_or(stem);
                format!("{}{number}.{theirs}.{kind}", self.layers)
            }
            (WORD_TABLE, _) => self.table("position_embeddings", POSITION_TABLE, "word_embeddings"),
            (POSITION_TABLE, _) => self.table("word_embeddings", WORD_TABLE, "position_embeddings"),
            (OUTPUT_MATRIX, _) => "output_layer.weight".to_owned(),
            _ => format!("{}final_layernorm.{kind}", self.layers.trim_end_matches("layers.")),
        }
    }

    /// One table's name by that of the other one.
    fn table(&self, there: &str, name: &str, wanted: &str) -> String {
        let prefix = if self.core { "" } else { "language_model." };
        let usual = || format!("{prefix}embedding.{wanted}.weight");
        self.known.get(name).map_or_else(usual, |it| it.0.replace(there, wanted))
    }
}

/// The layer of a name of the converted model, and the name within it; the whole name of what is in no layer.
fn divided(name: &str) -> (Option<&str>, &str) {
    let layered = name.strip_prefix("transformer.h.").and_then(|rest| rest.split_once('.'));
    layered.map_or((None, name), |(layer, part)| (Some(layer), part))
}

/// What stands before and after the number of a layer: in the name, or behind a stack of layers.
fn around_number(source: &str) -> Option<(String, String)> {
    if let Some((before, rest)) = source.split_once("layers.") {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            return Some((format!("{before}layers."), rest[digits..].to_owned()));
        }
    }
    let (before, _) = source.strip_suffix(']')?.rsplit_once('[')?;
    Some((format!("{before}["), "]".to_owned()))
}
