//! Megatron Core's models in torch's distributed format, as it has written them by default since 2024.
//!
//! Names are those of Megatron Core without `model.` in front. The layers are stacked in one
//! tensor, whose first dimension counts them, or have a number in their name.
//!
//! Source: Megatron-LM's `core/dist_checkpointing/mapping.py` and `core/transformer/transformer_block.py`.

use std::collections::BTreeMap;

use super::super::arrange::QkvOrder;
use super::super::pickle::{NodeId, Pickle, printable};
use super::super::plan::{Joined, Piece, Plan};
use super::super::tensors::Tensor;
use super::super::torch_dist::Entry;
use super::super::{Fault, Limits, MapError};
use super::arguments::Arguments;
use super::names::{self, Renamed};
use super::ranks::Together;
use super::{Around, Given, features, finish};

/// A tensor of the table of contents, with its chunks read.
#[derive(Debug, Clone)]
pub struct Chunked<'a> {
    /// The name in the table of contents.
    pub name: &'a str,
    /// What the table says of it.
    pub entry: &'a Entry,
    /// For each of its chunks the tensor that its torch file holds.
    pub tensors: Vec<Tensor>,
}

/// What training leaves beside a model, by how its names begin.
const TRAINING: [&str; 7] =
    ["optimizer", "chained_", "rng_state", "rerun_state", "opt_param_scheduler", "common_state", "args"];

/// How the names of a stack of layers begin.
const STACKS: [&str; 2] = ["decoder.layers.", "encoder.layers."];

/// Whether a name of the table of contents belongs to the model and not to its training.
#[must_use]
pub fn is_model(name: &str) -> bool {
    let state = name.split('/').next().is_some_and(|name| name.ends_with("_extra_state"));
    !state && !TRAINING.iter().any(|start| name.starts_with(start))
}

/// Plans the conversion of a distributed checkpoint.
///
/// `common` is the pickle with the training arguments, where there is one, and their dictionary; without it
/// `nothing_said` says what is missing.
///
/// # Errors
///
/// [`MapError`] as for [`super::map`].
pub fn map_distributed(
    tensors: &[Chunked<'_>],
    common: Option<(&Pickle, NodeId)>,
    nothing_said: &str,
    given: Given,
    limits: &Limits,
) -> Result<Plan, MapError> {
    let arguments = Arguments::of(common)?;
    let mut layers = BTreeMap::new();
    for chunked in tensors {
        unstack(chunked, &mut layers, limits)?;
    }
    features::check(&layers.keys().map(String::as_str), &arguments)?;
    let mut together = Together { core: true, ..Together::default() };
    let mut faults = Vec::new();
    for (name, joined) in layers {
        check_pieces(&joined)?;
        match names::rename(&name) {
            Renamed::Target { name, .. } => {
                if let Some(twice) = together.found.insert(name, joined) {
                    faults.push(Fault::Repeated(twice.source));
                }
            }
            Renamed::WordTableCopy => together.copies.push(joined),
            Renamed::Ignored => {}
            Renamed::Unknown => faults.push(Fault::Extra(joined.source)),
        }
    }
    let format = "Megatron Core GPT-2, distributed checkpoint (torch_dist)".to_owned();
    // The ranks of the training are in the arguments or nowhere: the chunks may be of any number of them.
    let around = Around { arguments: &arguments, nothing_said, given, limits, ranks: 1 };
    finish(together, &around, QkvOrder::Heads, format, faults)
}

/// Gives every layer of a stack a tensor of its own.
fn unstack(chunked: &Chunked<'_>, layers: &mut BTreeMap<String, Joined>, limits: &Limits) -> Result<(), MapError> {
    let Chunked { name, entry, tensors } = chunked;
    let source = printable(name);
    let shapes = entry.chunks.iter().map(|chunk| &chunk.shape).eq(tensors.iter().map(|tensor| &tensor.shape));
    if !shapes || tensors.iter().any(|tensor| tensor.dtype != entry.dtype) {
        return Err(MapError::Pieces { name: source, shape: entry.shape.clone() });
    }
    let stack = STACKS.iter().find_map(|stack| Some((*stack, names::bare(name).strip_prefix(stack)?)));
    let stack = stack.filter(|(_, rest)| !rest.starts_with(|c: char| c.is_ascii_digit()));
    let pieces = entry.chunks.iter().zip(tensors);
    let Some(((stack, rest), (&count, shape))) = stack.zip(entry.shape.split_first()) else {
        let pieces = pieces.map(|(chunk, tensor)| Piece { tensor: tensor.clone(), at: chunk.at.clone() }).collect();
        let joined = Joined { source, dtype: entry.dtype, shape: entry.shape.clone(), pieces };
        layers.insert((*name).to_owned(), joined);
        return Ok(());
    };
    if count > limits.tensors || layers.len() + count > limits.tensors {
        return Err(MapError::TooMany { limit: limits.tensors });
    }
    let joined = |layer| Joined {
        source: format!("{source}[{layer}]"),
        dtype: entry.dtype,
        shape: shape.to_vec(),
        pieces: Vec::new(),
    };
    let mut stacked: Vec<Joined> = (0..count).map(joined).collect();
    for (chunk, tensor) in pieces {
        for index in 0..chunk.shape[0] {
            let piece = Piece { tensor: tensor.at_first(index), at: chunk.at[1..].to_vec() };
            stacked[chunk.at[0] + index].pieces.push(piece);
        }
    }
    for (layer, joined) in stacked.into_iter().enumerate() {
        layers.insert(format!("{stack}{layer}.{rest}"), joined);
    }
    Ok(())
}

/// Whether the pieces fill the tensor without overlap: their sizes add up, and no two share an element.
fn check_pieces(joined: &Joined) -> Result<(), MapError> {
    /// Above any number of ranks that a GPT-2 was trained on.
    const MOST: usize = 1_024;
    let wrong = || MapError::Pieces { name: joined.source.clone(), shape: joined.shape.clone() };
    let pieces = &joined.pieces;
    if pieces.len() > MOST {
        return Err(MapError::TooMany { limit: MOST });
    }
    let whole = joined.shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size)).ok_or_else(wrong)?;
    let sum = pieces.iter().try_fold(0usize, |sum, piece| sum.checked_add(piece.tensor.numel()));
    if sum != Some(whole) {
        return Err(wrong());
    }
    let meets = |a: &Piece, b: &Piece| {
        let axes = 0..joined.shape.len();
        let ends = |piece: &Piece, axis: usize| piece.at[axis] + piece.tensor.shape[axis];
        axes.into_iter().all(|axis| a.at[axis] < ends(b, axis) && b.at[axis] < ends(a, axis))
    };
    let overlap = pieces.iter().enumerate().any(|(index, a)| pieces[index + 1..].iter().any(|b| meets(a, b)));
    if overlap { Err(wrong()) } else { Ok(()) }
}
