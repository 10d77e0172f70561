//! What makes a Megatron model something else than a GPT-2.
//!
//! Names and arguments are looked at before anything is missed, so that the message says what
//! the model is and not which of a hundred tensors GPT-2 does not know.

use super::super::MapError;
use super::super::pickle::printable;
use super::super::plan::{Found, layer_of};
use super::arguments::Arguments;
use super::names::bare;

/// Pieces of names, each between dots, and the feature that they show.
const BY_NAME: [(&str, &str); 20] = [
    ("tokentype_embeddings", "a BERT with token types"),
    ("pooler", "a BERT with a pooler"),
    ("lm_head", "a BERT or T5 with a language model head of its own"),
    ("binary_head", "a BERT with a sentence head"),
    ("inter_attention", "a T5 with attention between encoder and decoder"),
    ("cross_attention", "a T5 with attention between encoder and decoder"),
    ("router", "a mixture of experts"),
    ("experts", "a mixture of experts"),
    ("local_experts", "a mixture of experts"),
    ("q_layernorm", "norms on queries and keys"),
    ("k_layernorm", "norms on queries and keys"),
    ("linear_q_proj", "multi-latent attention"),
    ("linear_q_down_proj", "multi-latent attention"),
    ("linear_kv_down_proj", "multi-latent attention"),
    ("query", "queries apart from keys and values"),
    ("key_value", "queries apart from keys and values"),
    ("mtp", "prediction of several tokens"),
    ("mixer", "a Mamba or hybrid model"),
    ("rotary_pos_emb", "rotary positions"),
    ("relative_position_embeddings", "relative positions"),
];

/// Refuses by the names and the arguments.
pub(super) fn check<'n>(
    names: &(impl Iterator<Item = &'n str> + Clone),
    arguments: &Arguments<'_>,
) -> Result<(), MapError> {
    by_arguments(arguments)?;
    let names = || names.clone().map(|name| (name, bare(name)));
    for (source, name) in names() {
        let found = BY_NAME.iter().find(|(piece, _)| name.split('.').any(|part| part == *piece));
        if let Some(&(_, feature)) = found {
            return Err(refusal(feature, source));
        }
    }
    let has = |start: &str| names().find(|(_, name)| name.starts_with(start));
    if let (Some(_), Some((source, _))) = (has("encoder."), has("decoder.")) {
        return Err(refusal("a T5 with encoder and decoder", source));
    }
    let norm_without_bias = |(_, name): &(&str, &str)| name.contains("norm") && name.ends_with("bias");
    let norm = names().find(|(_, name)| name.contains("norm") && name.ends_with("weight"));
    if let Some((source, _)) = norm.filter(|_| !names().any(|name| norm_without_bias(&name))) {
        return Err(refusal("norms without bias (RMSNorm)", source));
    }
    let matrix = |name: &str| name.contains(".layers.") && !name.contains("norm");
    let weight = names().find(|(_, name)| matrix(name) && name.ends_with("weight"));
    if let Some((source, _)) = weight {
        if !names().any(|(_, name)| matrix(name) && name.ends_with("bias")) {
            return Err(refusal("matrices without bias", source));
        }
        if !names().any(|(_, name)| name.ends_with("position_embeddings.weight")) {
            return Err(refusal("no learned position table", "position_embeddings.weight is absent"));
        }
    }
    Ok(())
}

fn refusal(feature: &'static str, evidence: &str) -> MapError {
    MapError::NotGpt2 { feature, evidence: printable(evidence) }
}

fn by_arguments(arguments: &Arguments<'_>) -> Result<(), MapError> {
    let refuse = |key: &str, feature| Err(MapError::NotGpt2 { feature, evidence: arguments.shown(key) });
    let kind = arguments.word("position_embedding_type")?;
    if kind.is_some_and(|kind| kind != "learned_absolute") {
        return refuse("position_embedding_type", "positions that are not a learned table");
    }
    if arguments.word("normalization")?.is_some_and(|kind| kind != "LayerNorm") {
        return refuse("normalization", "another norm than LayerNorm");
    }
    for (key, feature) in [
        ("swiglu", "a gated feed-forward part"),
        ("geglu", "a gated feed-forward part"),
        ("quick_geglu", "a gated feed-forward part"),
        ("squared_relu", "another activation than GELU"),
        ("group_query_attention", "grouped queries"),
        ("multi_latent_attention", "multi-latent attention"),
        ("qk_layernorm", "norms on queries and keys"),
        ("apply_layernorm_1p", "norms whose gain is kept minus one"),
        ("apply_residual_connection_post_layernorm", "residual connections after the norm"),
    ] {
        if arguments.flag(key)? == Some(true) && !(key == "group_query_attention" && is_grouped_alike(arguments)?) {
            return refuse(key, feature);
        }
    }
    if arguments.flag("add_bias_linear")? == Some(false) {
        return refuse("add_bias_linear", "matrices without bias");
    }
    by_counts(arguments)?;
    head_width(arguments)
}

/// Whether each head is a group of its own.
fn is_grouped_alike(arguments: &Arguments<'_>) -> Result<bool, MapError> {
    let groups = arguments.count("num_query_groups")?;
    Ok(groups.is_some() && groups == arguments.count("num_attention_heads")?)
}

fn by_counts(arguments: &Arguments<'_>) -> Result<(), MapError> {
    for (key, most, feature) in [
        ("num_experts", 0, "a mixture of experts"),
        ("expert_model_parallel_size", 1, "a mixture of experts"),
        ("mtp_num_layers", 0, "prediction of several tokens"),
    ] {
        // A list is of DeepSpeed's forks, where one expert means none.
        let most = if key == "num_experts" && arguments.is_list(key) { 1 } else { most };
        if arguments.most(key)?.is_some_and(|count| count > most) {
            return Err(MapError::NotGpt2 { feature, evidence: arguments.shown(key) });
        }
    }
    Ok(())
}

fn head_width(arguments: &Arguments<'_>) -> Result<(), MapError> {
    let numbers = arguments.count("kv_channels")?.zip(arguments.count("num_attention_heads")?);
    let Some(((channels, heads), width)) = numbers.zip(arguments.count("hidden_size")?) else {
        return Ok(());
    };
    if channels.checked_mul(heads) == Some(width) {
        return Ok(());
    }
    let evidence = arguments.shown("kv_channels");
    Err(MapError::NotGpt2 { feature: "heads that do not fill the width", evidence })
}

/// Refuses by the shapes of the first layer.
pub(super) fn check_shapes(found: &Found, n_embd: usize) -> Result<(), MapError> {
    let layers = found.iter().filter(|(name, _)| layer_of(name).is_some());
    for (name, joined) in layers {
        let &[rows, columns] = joined.shape.as_slice() else {
            continue;
        };
        let evidence = || format!("{} has shape {:?}", joined.source, joined.shape);
        // One rank of several has so many of the rows, and of the next matrix so many of the columns.
        let of = if rows > 0 && columns == n_embd { (3 * n_embd).checked_div(rows).unwrap_or(1) } else { 1 };
        let next = name.strip_suffix("c_attn.weight").and_then(|start| found.get(&format!("{start}c_proj.weight")));
        let divided = next.is_some_and(|next| next.shape.get(1).is_some_and(|&it| it.checked_mul(of) == Some(n_embd)));
        if of > 1 && rows.checked_mul(of) == Some(3 * n_embd) && divided {
            return Err(MapError::Ranks { what: "the number of tensor ranks", given: of, found: 1 });
        }
        if name.ends_with("attn.c_attn.weight") && columns == n_embd && rows > n_embd && rows < 3 * n_embd {
            return Err(MapError::NotGpt2 { feature: "grouped queries", evidence: evidence() });
        }
        if name.ends_with("mlp.c_fc.weight") {
            let after = name.replace("c_fc", "c_proj");
            let inner = found.get(&after).and_then(|joined| joined.shape.get(1));
            if inner.is_some_and(|&inner| rows == inner.saturating_mul(2)) {
                return Err(MapError::NotGpt2 { feature: "a gated feed-forward part", evidence: evidence() });
            }
        }
    }
    Ok(())
}
