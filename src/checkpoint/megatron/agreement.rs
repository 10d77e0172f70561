//! Whether the files of all ranks are of one checkpoint.
//!
//! Ranks of two versions have rows in two orders, and those of two iterations are two models; joined, they would be one
//! that never was.

use super::super::MapError;
use super::super::pickle::{Node, Pickle};
use super::arguments::Arguments;
use super::ranks::{Place, Rank};

/// The arguments that describe the model, its vocabulary, and how it is split. Others may differ: each rank has its own
/// number, and may have paths and devices of its own.
const SHARED: [&str; 43] = [
    "num_layers",
    "encoder_num_layers",
    "decoder_num_layers",
    "hidden_size",
    "ffn_hidden_size",
    "num_attention_heads",
    "kv_channels",
    "group_query_attention",
    "num_query_groups",
    "max_position_embeddings",
    "position_embedding_type",
    "normalization",
    "layernorm_epsilon",
    "norm_epsilon",
    "apply_layernorm_1p",
    "apply_residual_connection_post_layernorm",
    "qk_layernorm",
    "add_bias_linear",
    "bias_gelu_fusion",
    "openai_gelu",
    "onnx_safe",
    "swiglu",
    "geglu",
    "quick_geglu",
    "squared_relu",
    "multi_latent_attention",
    "num_experts",
    "expert_model_parallel_size",
    "mtp_num_layers",
    "untie_embeddings_and_output_weights",
    "params_dtype",
    "fp16",
    "bf16",
    "tokenizer_type",
    "vocab_size",
    "orig_vocab_size",
    "padded_vocab_size",
    "make_vocab_size_divisible_by",
    "model_parallel_size",
    "tensor_model_parallel_size",
    "pipeline_model_parallel_size",
    "virtual_pipeline_model_parallel_size",
    "num_layers_per_virtual_pipeline_stage",
];

/// Files of a vocabulary; the directory may be another on each machine.
const FILES: [&str; 3] = ["tokenizer_model", "vocab_file", "merge_file"];

/// Compares every file with the first.
///
/// # Errors
///
/// [`MapError::RanksDiffer`], naming the first rank and field that differs, or [`MapError::Argument`].
pub(super) fn check(files: &[Rank<'_>]) -> Result<(), MapError> {
    let mut ordered: Vec<&Rank<'_>> = files.iter().collect();
    ordered.sort_by_key(|file| file.place);
    let Some((first, others)) = ordered.split_first() else {
        return Ok(());
    };
    let expected = statements(first)?;
    for other in others {
        let found = statements(other)?;
        let value = |of: &Statements, field: &str| of.iter().find(|it| it.0 == field).map(|it| it.1.clone());
        let fields = expected.iter().chain(&found).map(|it| it.0);
        if let Some(field) = fields.into_iter().find(|&field| value(&expected, field) != value(&found, field)) {
            let shown = |of: &Statements| value(of, field).unwrap_or_else(|| "absent".to_owned());
            let (found, expected) = (shown(&found), shown(&expected));
            return Err(MapError::RanksDiffer { field, rank: other.place, found, first: first.place, expected });
        }
    }
    Ok(())
}

/// Fields, each with what stands there.
type Statements = Vec<(&'static str, String)>;

/// What the file of one rank says of the whole.
fn statements(file: &Rank<'_>) -> Result<Statements, MapError> {
    let mut found = Vec::new();
    for field in ["checkpoint_version", "iteration"] {
        found.extend(number(file.pickle, field).map(|value| (field, value)));
    }
    let arguments = Arguments::of(Some((file.pickle, file.pickle.root())))?;
    if !arguments.are_there() {
        return Ok(found);
    }
    // One with arguments that say nothing is not one without.
    found.push(("args", "there".to_owned()));
    found.extend(SHARED.iter().filter_map(|&key| Some((key, arguments.said(key)?))));
    let name = |path: String| path.rsplit('/').next().map(str::to_owned);
    found.extend(FILES.iter().filter_map(|&key| Some((key, arguments.said(key).and_then(name)?))));
    Ok(found)
}

/// A number of the outermost dictionary; 3 and 3.0 are the same.
fn number(pickle: &Pickle, key: &str) -> Option<String> {
    let id = pickle.get(pickle.root(), key)?;
    match pickle.node(id) {
        Node::None => None,
        _ => Some(pickle.float(id).map_or_else(|| pickle.describe(id), |number| number.to_string())),
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "tensor rank {}", self.tensor)?;
        if self.pipeline > 0 { write!(formatter, " of pipeline rank {}", self.pipeline) } else { Ok(()) }
    }
}
