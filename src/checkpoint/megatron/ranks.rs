//! The files of a parallel training run, one for each rank, become one model again.
//!
//! Tensor ranks keep a part of the rows or columns of most matrices and the whole of everything
//! else. Pipeline ranks keep some of the layers, numbered anew from 0; with virtual stages each
//! rank has several chunks of layers, dealt out in turn.
//!
//! Source: Megatron-LM's `core/tensor_parallel/layers.py` (which dimension is split) and
//! `core/parallel_state.py`, `schedules.py` (which rank has which layers).

use std::collections::BTreeMap;

use super::super::arrange::QkvOrder;
use super::super::pickle::{NodeId, Pickle, printable};
use super::super::plan::{Found, Joined, Piece, Same, WORD_TABLE, compare, layer_of};
use super::super::tensors::{Storages, Tensor};
use super::super::tree::{Leaf, Leaves};
use super::super::{Fault, Limits, MapError, both_names};
use super::names::{self, Renamed};

/// Where a file stands among those of its checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The tensor-parallel rank.
    pub tensor: usize,
    /// The pipeline-parallel rank.
    pub pipeline: usize,
}

/// One file of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Rank<'a> {
    /// Where it stands.
    pub place: Place,
    /// The values of the file's pickle; its storages are read where they are needed.
    pub pickle: &'a Pickle,
    /// Where its numbers are.
    pub storages: &'a Storages,
}

/// How many ranks there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ranks {
    pub(super) tensor: usize,
    pub(super) pipeline: usize,
    /// Chunks of layers that each rank has.
    pub(super) chunks: usize,
}

/// The tensors of all ranks, each rank's chunks apart.
pub(super) struct Apart {
    pub(super) ranks: Ranks,
    /// By chunk, pipeline rank and tensor rank: in the order of the layers, whatever wrote them.
    stages: Vec<Vec<Leaves>>,
}

impl Apart {
    /// Sorts the files into their places and collects their tensors.
    pub(super) fn collect(files: &[Rank<'_>], limits: &Limits) -> Result<Self, MapError> {
        let by_place: BTreeMap<Place, &Rank<'_>> = files.iter().map(|file| (file.place, file)).collect();
        let count = |of: fn(&Place) -> usize| by_place.keys().map(of).max().map_or(0, |last| last.saturating_add(1));
        let (tensor, pipeline) = (count(|it| it.tensor), count(|it| it.pipeline));
        if by_place.len() != files.len() {
            return Err(MapError::NoModel("two files are of the same rank".to_owned()));
        }
        if tensor.checked_mul(pipeline) != Some(files.len()) {
            return Err(MapError::MissingRanks { tensor, pipeline, found: files.len() });
        }
        let mut chunks = None;
        let mut trees = BTreeMap::new();
        for (place, file) in by_place {
            let models = model_entries(file.pickle)?;
            if *chunks.get_or_insert(models.len()) != models.len() {
                return Err(MapError::NoModel("the ranks have different numbers of chunks of layers".to_owned()));
            }
            for (chunk, model) in models.into_iter().enumerate() {
                let leaves = Leaves::collect(file.pickle, file.storages, model, limits)?;
                trees.insert((chunk, place.pipeline, place.tensor), leaves);
            }
        }
        let chunks = chunks.unwrap_or(0);
        let mut stages: Vec<Vec<Leaves>> = Vec::new();
        for ((_, _, rank), leaves) in trees {
            if rank == 0 {
                stages.push(Vec::new());
            }
            if let Some(stage) = stages.last_mut() {
                stage.push(leaves);
            }
        }
        Ok(Self { ranks: Ranks { tensor, pipeline, chunks }, stages })
    }

    /// Every name that any rank has.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.stages.iter().flatten().flat_map(|leaves| leaves.by_name.keys().map(String::as_str))
    }
}

/// The dictionary of the model itself, or those of its chunks.
fn model_entries(pickle: &Pickle) -> Result<Vec<NodeId>, MapError> {
    let root = pickle.root();
    let numbered = |&(key, value): &(NodeId, NodeId)| {
        Some((pickle.text(key)?.strip_prefix("model")?.parse::<usize>().ok()?, value))
    };
    let chunks: BTreeMap<usize, NodeId> = pickle.items(root).unwrap_or_default().iter().filter_map(numbered).collect();
    if let Some((number, _)) = chunks.keys().enumerate().find(|(expected, number)| expected != *number) {
        return Err(MapError::NoModel(format!("it has no entry `model{number}`, but a later one")));
    }
    let mut found: Vec<NodeId> = chunks.into_values().collect();
    if found.is_empty() {
        let model = pickle.get(root, "model");
        found.push(model.ok_or_else(|| MapError::NoModel("it has no entry `model`".to_owned()))?);
    }
    for &model in &found {
        if pickle.items(model).is_none() {
            return Err(MapError::NoModel(format!("`model` is {}", pickle.describe(model))));
        }
    }
    Ok(found)
}

/// The tensors of all ranks, joined.
#[derive(Default)]
pub(super) struct Together {
    pub(super) found: Found,
    /// Copies of the word table that the last pipeline stage keeps.
    pub(super) copies: Vec<Joined>,
    pub(super) same: Vec<Same>,
    pub(super) core: bool,
}

impl Together {
    pub(super) fn join(apart: &Apart, order: QkvOrder, faults: &mut Vec<Fault>) -> Self {
        let mut together = Self::default();
        let mut first_layer = 0;
        let several = apart.stages.len() > 1;
        for (stage, ranks) in apart.stages.iter().enumerate() {
            let mut named = Named::default();
            for (rank, leaves) in ranks.iter().enumerate() {
                named.add(leaves, rank, faults);
            }
            together.core |= named.core;
            let numbers: Vec<usize> = named.shards.keys().filter_map(|name| layer_of(name)).collect();
            let least = numbers.iter().min().copied().unwrap_or(0);
            // Some forks number the layers of all stages through.
            let base = if least == first_layer { 0 } else { first_layer };
            let most = numbers.iter().max().map_or(first_layer, |&last| last.saturating_add(base).saturating_add(1));
            for (name, shards) in std::mem::take(&mut named.shards) {
                let name = renumbered(&name, base);
                let shown =
                    |source: &str| if several { format!("{source} of stage {stage}") } else { source.to_owned() };
                if let Some(joined) = together.shards(&name, shards, ranks.len(), order, &shown, faults) {
                    together.insert(name, joined, faults);
                }
            }
            if !named.copies.is_empty() {
                let shown = |source: &str| source.to_owned();
                let copies = std::mem::take(&mut named.copies);
                let joined = together.shards(WORD_TABLE, copies, ranks.len(), order, &shown, faults);
                together.copies.extend(joined);
            }
            first_layer = most;
        }
        together
    }

    fn insert(&mut self, name: String, joined: Joined, faults: &mut Vec<Fault>) {
        let Some(twice) = self.found.get(&name) else {
            self.found.insert(name, joined);
            return;
        };
        // The last stage of some versions has the word table under its own name once more.
        if name == WORD_TABLE {
            self.copies.push(joined);
        } else {
            faults.push(Fault::Repeated(twice.source.clone()));
        }
    }

    /// Joins what the tensor ranks have of one tensor.
    fn shards(
        &mut self,
        name: &str,
        shards: Vec<Shard>,
        ranks: usize,
        order: QkvOrder,
        shown: &dyn Fn(&str) -> String,
        faults: &mut Vec<Fault>,
    ) -> Option<Joined> {
        let first = shards.first()?.clone();
        let source = shown(&first.source);
        let absent = (0..ranks).find(|&rank| shards.iter().all(|shard| shard.rank != rank));
        if let Some(rank) = absent {
            faults.push(Fault::Missing(both_names(&format!("{source} of tensor rank {rank}"), name)));
            return None;
        }
        if ranks == 1 {
            return Some(Joined::single(source, first.tensor));
        }
        let axis = match Split::of(name) {
            Split::Rows => 0,
            Split::Columns => 1,
            Split::Not => {
                let whole = Joined::single(source, first.tensor);
                let others = shards.into_iter().skip(1);
                let name = |shard: &Shard| format!("{} of tensor rank {}", shown(&shard.source), shard.rank);
                let others = others.map(|shard| Joined::single(name(&shard), shard.tensor)).collect();
                compare(&whole, others, &mut self.same, faults);
                return Some(whole);
            }
        };
        let rank_of = first.tensor.shape.len();
        for shard in &shards {
            let Tensor { shape, dtype, .. } = &shard.tensor;
            let source = || both_names(&format!("{} of tensor rank {}", shown(&shard.source), shard.rank), name);
            if *dtype != first.tensor.dtype {
                let (found, expected) = (dtype.torch_name(), first.tensor.dtype.torch_name());
                faults.push(Fault::Types { name: source(), found, expected });
                return None;
            }
            let fits = shape.len() == rank_of && axis < rank_of;
            let alike = |at: usize| at == axis || shape[at] == first.tensor.shape[at];
            if !fits || !(0..rank_of).all(alike) {
                let name = source();
                let (found, expected) = (shape.clone(), first.tensor.shape.clone());
                faults.push(Fault::Shape { name, found, expected });
                return None;
            }
        }
        let thirds = name.contains(".attn.c_attn.") && order == QkvOrder::Blocks;
        Some(concatenate(source, &shards, axis, if thirds { 3 } else { 1 }))
    }
}

/// Joins along `axis`: first the first of `groups` equal groups of every shard, then the second...
///
/// A shard of version 0 has its queries, its keys and its values; the whole has all queries first.
fn concatenate(source: String, shards: &[Shard], axis: usize, groups: usize) -> Joined {
    let mut shape = shards[0].tensor.shape.clone();
    shape[axis] = 0;
    let mut pieces = Vec::new();
    for group in 0..groups {
        for shard in shards {
            let length = shard.tensor.shape[axis];
            // A length that is no multiple leaves a rest to the last group; the total is refused as a shape later.
            let start = length / groups * group;
            let end = if group + 1 == groups { length } else { start + length / groups };
            let mut at = vec![0; shape.len()];
            at[axis] = shape[axis];
            pieces.push(Piece { tensor: shard.tensor.narrow(axis, start, end - start), at });
            shape[axis] = shape[axis].saturating_add(end - start);
        }
    }
    Joined { source, dtype: shards[0].tensor.dtype, shape, pieces }
}

/// How tensor ranks divide a tensor among them.
enum Split {
    Rows,
    Columns,
    /// Every rank has it whole.
    Not,
}

impl Split {
    fn of(name: &str) -> Self {
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        let by_rows = [
            ".wte.weight",
            "lm_head.weight",
            ".attn.c_attn.weight",
            ".attn.c_attn.bias",
            ".mlp.c_fc.weight",
            ".mlp.c_fc.bias",
        ];
        if ends(&by_rows) {
            Self::Rows
        } else if ends(&[".attn.c_proj.weight", ".mlp.c_proj.weight"]) {
            Self::Columns
        } else {
            Self::Not
        }
    }
}

/// What one tensor rank has of a tensor.
#[derive(Clone)]
struct Shard {
    rank: usize,
    source: String,
    tensor: Tensor,
}

/// The tensors of one chunk of one stage under GPT-2's names.
#[derive(Default)]
struct Named {
    shards: BTreeMap<String, Vec<Shard>>,
    copies: Vec<Shard>,
    core: bool,
}

impl Named {
    fn add(&mut self, leaves: &Leaves, rank: usize, faults: &mut Vec<Fault>) {
        faults.extend(leaves.repeated.iter().map(|name| Fault::Repeated(printable(name))));
        for (source, leaf) in &leaves.by_name {
            let shown = printable(source);
            match (names::rename(source), leaf) {
                // What is neither known nor a tensor can change nothing.
                (Renamed::Ignored, _) | (Renamed::Unknown, Leaf::Other(_)) => {}
                (Renamed::Target { name, core }, Leaf::Tensor(tensor)) => {
                    self.core |= core;
                    let shards = self.shards.entry(name).or_default();
                    if shards.iter().any(|shard| shard.rank == rank) {
                        faults.push(Fault::Repeated(shown));
                    } else {
                        shards.push(Shard { rank, source: shown, tensor: tensor.clone() });
                    }
                }
                (Renamed::WordTableCopy, Leaf::Tensor(tensor)) => {
                    self.copies.push(Shard { rank, source: shown, tensor: tensor.clone() });
                }
                (Renamed::Unknown, Leaf::Tensor(_)) => faults.push(Fault::Extra(shown)),
                (Renamed::Target { .. } | Renamed::WordTableCopy, Leaf::Other(other)) => {
                    faults.push(Fault::NotATensor { name: shown, found: other.clone() });
                }
            }
        }
    }
}

/// The name with its layer's number raised by `base`.
fn renumbered(name: &str, base: usize) -> String {
    let rest = name.strip_prefix("transformer.h.").and_then(|rest| rest.split_once('.'));
    match (rest, layer_of(name)) {
        (Some((_, part)), Some(number)) => format!("transformer.h.{}.{part}", number.saturating_add(base)),
        _ => name.to_owned(),
    }
}
