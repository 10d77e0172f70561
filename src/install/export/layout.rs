//! Which tensor of a GPT-2 becomes which of the file.

use crate::checkpoint::gguf::{Info, Type};
use crate::checkpoint::tensors::Tensor;
use crate::checkpoint::{Plan, Target};

use super::Kind;

/// A tensor's way into the file.
#[derive(Debug)]
pub(super) struct Piece {
    /// What it is called where it is.
    pub(super) source: String,
    /// Where it is.
    pub(super) tensor: Tensor,
    /// What it becomes.
    pub(super) info: Info,
    /// Whether rows become columns: Hugging Face's `Conv1D` has (inputs, outputs), llama.cpp wants it the other way.
    pub(super) transposed: bool,
    /// Whether it is one of those whose type the caller chooses.
    pub(super) is_matrix: bool,
}

/// What a tensor is.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// Stays in 32 bits: a vector, or the table of positions.
    Fine,
    /// A table: one row for each word.
    Table,
    /// A `Conv1D` weight.
    Conv1d,
}

/// The parts of a layer, in GPT-2's words and in llama.cpp's.
const LAYER: [(&str, &str, Role); 6] = [
    ("ln_1", "attn_norm", Role::Fine),
    ("attn.c_attn", "attn_qkv", Role::Conv1d),
    ("attn.c_proj", "attn_output", Role::Conv1d),
    ("ln_2", "ffn_norm", Role::Fine),
    ("mlp.c_fc", "ffn_up", Role::Conv1d),
    ("mlp.c_proj", "ffn_down", Role::Conv1d),
];

/// All tensors of the file, in the plan's order: the tables, the layers, the end.
///
/// What the plan leaves out, as the causal masks of old files, is left out here too.
pub(super) fn pieces(plan: &Plan, kind: Kind) -> Vec<Piece> {
    plan.targets.iter().filter_map(|target| piece(target, kind)).collect()
}

fn piece(target: &Target, kind: Kind) -> Option<Piece> {
    let tensor = target.from.pieces.first()?.tensor.clone();
    let (name, role) = renamed(&target.name)?;
    // A bias is a vector, whatever its matrix is.
    let role = if target.shape.len() == 1 { Role::Fine } else { role };
    let transposed = role == Role::Conv1d;
    let mut shape = target.shape.clone();
    if transposed {
        shape.reverse();
    }
    let is_matrix = role != Role::Fine;
    let row = shape.last().copied().unwrap_or(1);
    let kind = if is_matrix { kind.of_matrix(row) } else { Type::F32 };
    let info = Info { name, shape, kind };
    Some(Piece { source: target.from.source.clone(), tensor, info, transposed, is_matrix })
}

/// A tensor's name in the file, and what it is.
fn renamed(name: &str) -> Option<(String, Role)> {
    let (stem, end) = name.rsplit_once('.')?;
    let (target, role) = match stem {
        "transformer.wte" => ("token_embd".to_owned(), Role::Table),
        "transformer.wpe" => ("position_embd".to_owned(), Role::Fine),
        "transformer.ln_f" => ("output_norm".to_owned(), Role::Fine),
        "lm_head" => ("output".to_owned(), Role::Table),
        _ => {
            let (layer, part) = stem.strip_prefix("transformer.h.")?.split_once('.')?;
            let &(_, target, role) = LAYER.iter().find(|it| it.0 == part)?;
            (format!("blk.{layer}.{target}"), role)
        }
    };
    Some((format!("{target}.{end}"), role))
}
