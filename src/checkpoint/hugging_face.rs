//! Hugging Face's names of GPT-2's tensors.
//!
//! The names are those of a converted model, with or without `transformer.` in front; masks are
//! left out, and so is the output matrix where it is the word table.
//!
//! Source: `modeling_gpt2.py` of Hugging Face transformers.

use super::pickle::printable;
use super::plan::{Found, Joined, OUTPUT_MATRIX, Plan, Sizes, Style, WORD_TABLE, assemble, compare};
use super::tree::{Leaf, Leaves};
use super::{Activation, Config};
use super::{Fault, Limits, MapError};

/// Whether the names look like Hugging Face's.
#[must_use]
pub fn recognise(leaves: &Leaves) -> bool {
    ["wte.weight", WORD_TABLE].iter().any(|&name| leaves.by_name.contains_key(name))
}

/// Plans the conversion. `config` comes from the file beside the weights, if there is one.
///
/// # Errors
///
/// [`MapError`] naming every tensor that is missing, superfluous or of the wrong shape.
pub fn map(leaves: &Leaves, config: Option<&Config>, heads: Option<usize>, limits: &Limits) -> Result<Plan, MapError> {
    let (mut found, mut faults) = rename(leaves);
    let mut notes = Vec::new();
    let sizes = Sizes::of(&found, Style::Conv1d, limits)?;
    let config = if let Some(config) = config {
        Config { n_head: heads.unwrap_or(config.n_head), ..config.clone() }
    } else {
        notes.push(
            "no config.json beside the weights: 64 channels per head and GPT-2's own activation are assumed".to_owned(),
        );
        infer(&sizes, heads)?
    };
    config.check()?;
    if config.n_layer > limits.layers {
        return Err(MapError::TooManyLayers { found: config.n_layer, limit: limits.layers });
    }
    let tied = config.tie_word_embeddings;
    let copy = tied.then(|| found.remove(OUTPUT_MATRIX)).flatten();
    let mut same = Vec::new();
    compare(&found[WORD_TABLE], copy.into_iter().collect(), &mut same, &mut faults);
    let rows = config.vocab_size;
    let targets = assemble(found, &config, rows, Style::Conv1d, &mut faults);
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    let format = "Hugging Face GPT-2".to_owned();
    Ok(Plan { config, dtype: sizes.dtype, targets, same, notes, format })
}

/// Everything but the masks, under its name in the converted model.
fn rename(leaves: &Leaves) -> (Found, Vec<Fault>) {
    let mut faults: Vec<Fault> = leaves.repeated.iter().map(|name| Fault::Repeated(printable(name))).collect();
    let mut found = Found::new();
    for (source, leaf) in &leaves.by_name {
        if source.ends_with(".attn.bias") || source.ends_with(".attn.masked_bias") {
            continue;
        }
        match leaf {
            Leaf::Tensor(tensor) => {
                let name = target_name(source);
                let joined = Joined::single(printable(source), tensor.clone());
                if let Some(twice) = found.insert(name, joined) {
                    faults.push(Fault::Repeated(twice.source));
                }
            }
            Leaf::Other(other) => {
                faults.push(Fault::NotATensor { name: printable(source), found: other.clone() });
            }
        }
    }
    (found, faults)
}

fn target_name(source: &str) -> String {
    if source == OUTPUT_MATRIX || source.starts_with("transformer.") {
        source.to_owned()
    } else {
        format!("transformer.{source}")
    }
}

fn infer(sizes: &Sizes, heads: Option<usize>) -> Result<Config, MapError> {
    let n_embd = sizes.n_embd;
    let usual = n_embd.is_multiple_of(64).then_some(n_embd / 64);
    Ok(Config {
        vocab_size: sizes.rows,
        n_positions: sizes.n_positions,
        n_embd,
        n_layer: sizes.n_layer,
        n_head: heads.or(usual).ok_or(MapError::HeadsUnknown { n_embd })?,
        n_inner: sizes.n_inner,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    })
}
