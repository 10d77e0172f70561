//! The table of contents of a distributed torch checkpoint: which file holds which part of what.
//!
//! A directory with `.metadata`, a pickle, and files `__R_F.distcp`. Each tensor is cut into
//! chunks; each chunk is a torch file of its own, of the zip kind, at some place in one of them.
//!
//! Not here: what the names mean ([`super::megatron`]), and the older tables of `zarr`.
//!
//! Source: `torch/distributed/checkpoint/metadata.py` and `filesystem.py`.

use std::collections::{BTreeMap, HashMap};

use super::Limits;
use super::pickle::{Node, NodeId, Pickle, printable};
use super::tensors::{Dtype, sizes, unsigned};

/// Where the bytes of a chunk or object are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The name of the file, put together here from two checked numbers.
    pub file: String,
    /// The offset of the first byte in the file.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// A part of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where its first element stands in the tensor.
    pub at: Vec<usize>,
    /// The shape of the chunk, rows first.
    pub shape: Vec<usize>,
    /// The file and the bytes of it that hold the chunk.
    pub range: Range,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The type of its elements.
    pub dtype: Dtype,
    /// The shape of the whole tensor, rows first.
    pub shape: Vec<usize>,
    /// Its parts, in no particular order.
    pub chunks: Vec<Chunk>,
}

/// The table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// By name.
    pub tensors: BTreeMap<String, Entry>,
    /// What is not a tensor, by name.
    pub objects: BTreeMap<String, Range>,
}

/// Why a table of contents was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The pickle does not hold what torch writes.
    #[error("the checkpoint's table of contents (.metadata) has no {0}")]
    NotMetadata(&'static str),
    /// An entry is malformed.
    #[error("`{name}` in the table of contents (.metadata): {what}")]
    BadEntry {
        /// The name in the table of contents.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file has a name that torch does not give.
    #[error("the table of contents (.metadata) names the file `{name}`, expected one like `__0_0.distcp`")]
    BadFile {
        /// The name.
        name: String,
    },
    /// There are more than [`Limits::tensors`] of them.
    #[error("more than {0} entries in the table of contents (.metadata)")]
    TooMany(usize),
}

/// Understands the pickle in `.metadata`.
///
/// # Errors
///
/// [`MetadataError`] for anything that torch does not write.
pub fn parse(pickle: &Pickle, limits: &Limits) -> Result<Metadata, MetadataError> {
    let root = pickle.root();
    let table = |name| pickle.get(root, name).and_then(|table| pickle.items(table));
    let entries = table("state_dict_metadata").ok_or(MetadataError::NotMetadata("`state_dict_metadata`"))?;
    let places = table("storage_data").ok_or(MetadataError::NotMetadata("`storage_data`"))?;
    let ranges = parse_ranges(pickle, &places, limits)?;
    let mut metadata = Metadata::default();
    let mut chunks = 0;
    for (key, value) in entries {
        let name = pickle.text(key).ok_or(MetadataError::NotMetadata("names"))?;
        let bad = |what| MetadataError::BadEntry { name: printable(name), what };
        if name.len() > limits.name_bytes {
            return Err(bad("the name is too long"));
        }
        let repeated = match pickle.call(value) {
            Some((_, "TensorStorageMetadata", _)) => {
                let entry = parse_tensor(pickle, name, value, &ranges, limits)?;
                chunks += entry.chunks.len();
                metadata.tensors.insert(name.to_owned(), entry).is_some()
            }
            Some((_, "BytesStorageMetadata", _)) => match ranges.get(&(name, Vec::new())) {
                Some(range) => metadata.objects.insert(name.to_owned(), range.clone()).is_some(),
                None => return Err(bad("no file has it")),
            },
            _ => return Err(bad("it is neither a tensor nor an object")),
        };
        if repeated {
            return Err(bad("it occurs twice"));
        }
        if chunks > limits.tensors {
            return Err(MetadataError::TooMany(limits.tensors));
        }
    }
    Ok(metadata)
}

/// By name and first element; an object has no first element.
type Ranges<'p> = HashMap<(&'p str, Vec<usize>), Range>;

fn parse_ranges<'p>(
    pickle: &'p Pickle,
    places: &[(NodeId, NodeId)],
    limits: &Limits,
) -> Result<Ranges<'p>, MetadataError> {
    if places.len() > limits.tensors {
        return Err(MetadataError::TooMany(limits.tensors));
    }
    let mut ranges = Ranges::new();
    for &(index, place) in places {
        let name = pickle.get(index, "fqn").and_then(|it| pickle.text(it));
        let name = name.ok_or(MetadataError::NotMetadata("names in `storage_data`"))?;
        let bad = |what| MetadataError::BadEntry { name: printable(name), what };
        let at = match pickle.get(index, "offset") {
            Some(offset) if *pickle.node(offset) != Node::None => sizes(pickle, offset)
                .filter(|it| it.len() <= limits.rank)
                .ok_or(bad("its offset is no list of sizes"))?,
            _ => Vec::new(),
        };
        let number = |key| pickle.get(place, key).and_then(|it| unsigned(pickle, it)).map(|it| it as u64);
        let file = pickle.get(place, "relative_path").and_then(|it| pickle.text(it)).ok_or(bad("it has no file"))?;
        let offset = number("offset").ok_or(bad("its place in the file is no number"))?;
        let length = number("length").ok_or(bad("its length in the file is no number"))?;
        let transforms = pickle.get(place, "transform_descriptors").and_then(|it| pickle.sequence(it));
        if transforms.is_some_and(|it| !it.is_empty()) {
            return Err(bad("it is compressed or encrypted, which is not supported"));
        }
        let range = Range { file: file_name(file)?, offset, length };
        if ranges.insert((name, at), range).is_some() {
            return Err(bad("it occurs twice in `storage_data`"));
        }
    }
    Ok(ranges)
}

/// The name that torch gives to a file, made anew from its two numbers: a name from a checkpoint
/// never becomes a path.
fn file_name(name: &str) -> Result<String, MetadataError> {
    let numbers = name.strip_prefix("__").and_then(|rest| rest.strip_suffix(".distcp")).and_then(|rest| {
        let (rank, file) = rest.split_once('_')?;
        Some((rank.parse::<u32>().ok()?, file.parse::<u32>().ok()?))
    });
    let (rank, file) = numbers.ok_or_else(|| MetadataError::BadFile { name: printable(name) })?;
    Ok(format!("__{rank}_{file}.distcp"))
}

fn parse_tensor(
    pickle: &Pickle,
    name: &str,
    id: NodeId,
    ranges: &Ranges<'_>,
    limits: &Limits,
) -> Result<Entry, MetadataError> {
    let bad = |what| MetadataError::BadEntry { name: printable(name), what };
    let properties = pickle.get(id, "properties");
    let dtype = properties.and_then(|it| first_of_state(pickle, it)).and_then(|it| pickle.global(it));
    let dtype = dtype.filter(|&(module, _)| module == "torch").and_then(|(_, name)| Dtype::of_torch_name(name));
    let dtype = dtype.ok_or(bad("unknown element type"))?;
    let list_of = |id: NodeId, key: &str| pickle.get(id, key).and_then(|it| sizes(pickle, it));
    let shape = list_of(id, "size").filter(|it| it.len() <= limits.rank).ok_or(bad("its shape is no list of sizes"))?;
    let list = pickle.get(id, "chunks").and_then(|it| pickle.sequence(it)).ok_or(bad("it has no list of chunks"))?;
    let mut chunks = Vec::new();
    for &chunk in list {
        let at = list_of(chunk, "offsets").ok_or(bad("a chunk has no offsets"))?;
        let part = list_of(chunk, "sizes").ok_or(bad("a chunk has no sizes"))?;
        let inside = |axis: usize| at[axis].checked_add(part[axis]).is_some_and(|end| end <= shape[axis]);
        let lengths = at.len() == shape.len() && part.len() == shape.len();
        if !lengths || !(0..shape.len()).all(inside) {
            return Err(bad("a chunk lies outside its shape"));
        }
        let range = ranges.get(&(name, at.clone())).ok_or(bad("no file has one of its chunks"))?;
        chunks.push(Chunk { at, shape: part, range: range.clone() });
        if chunks.len() > limits.tensors {
            return Err(MetadataError::TooMany(limits.tensors));
        }
    }
    Ok(Entry { dtype, shape, chunks })
}

/// The properties of a tensor have a tuple as their state; its first item is the type.
fn first_of_state(pickle: &Pickle, id: NodeId) -> Option<NodeId> {
    let Node::Call(call) = pickle.node(id) else {
        return None;
    };
    pickle.sequence(call.state?)?.first().copied()
}
