//! The header of a safetensors file, read and written.
//!
//! Eight bytes of length, a JSON object that names every tensor with its place, then the
//! numbers. The same tensors always give the same bytes.
//!
//! Source: the format section of the safetensors README.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::pickle::printable;
use super::tensors::{Dtype, Storage, Storages, Tensor};
use super::{Leaf, Leaves, Limits};

/// Bytes before the JSON text: its length.
pub const LENGTH_BYTES: usize = 8;

/// Why a header was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The file ends before its header does, or the length is absurd.
    #[error("the safetensors header has {length} bytes, which the file does not hold")]
    BadLength {
        /// The length it claims.
        length: u64,
    },
    /// The header is not a JSON object.
    #[error("the safetensors header is not a JSON object: {0}")]
    NotJson(String),
    /// One tensor's entry is malformed.
    #[error("tensor `{name}` in the safetensors header: {what}")]
    BadEntry {
        /// The name of the tensor in the header.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Two entries have one name. Readers differ in which of them they believe.
    #[error("the safetensors header has two entries `{name}`")]
    Repeated {
        /// The name.
        name: String,
    },
    /// There are more than [`Limits::tensors`] of them.
    #[error("the safetensors header has more than {limit} tensors")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// The tensors leave a gap, overlap, or do not fill the file.
    #[error("the safetensors data at byte {at} belong to no tensor or to two, or end too early")]
    Gap {
        /// Where, counted from the end of the header.
        at: u64,
    },
}

/// One tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the tensor in the header.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Its first byte, counted from the end of the header.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
}

/// Everything before the data of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The bytes as they lie: length and JSON text. The data begin after them.
    pub bytes: Vec<u8>,
    /// The tensors, in the order of the JSON text.
    pub entries: Vec<Entry>,
}

/// Why a header was not read.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// What the reader says.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// The header is not sound.
    #[error(transparent)]
    Refused(#[from] SafetensorsError),
}

/// Reads the header at the beginning of a file of so many bytes.
///
/// # Errors
///
/// What the reader says, or why the header is refused.
pub fn read_header(from: &mut impl Read, file_length: u64, limits: &Limits) -> Result<Header, HeaderError> {
    let mut first = [0; LENGTH_BYTES];
    from.read_exact(&mut first)?;
    let length = header_length(first, file_length, limits)?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(LENGTH_BYTES + length)
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory))?;
    bytes.resize(LENGTH_BYTES + length, 0);
    bytes[..LENGTH_BYTES].copy_from_slice(&first);
    from.read_exact(&mut bytes[LENGTH_BYTES..])?;
    let data = file_length.saturating_sub(bytes.len() as u64);
    let entries = parse_header_within(&bytes[LENGTH_BYTES..], data, limits)?;
    Ok(Header { bytes, entries })
}

/// Length of the JSON text, from the file's first eight bytes.
///
/// # Errors
///
/// [`SafetensorsError::BadLength`] if the file cannot hold it.
pub fn header_length(first: [u8; LENGTH_BYTES], file_length: u64, limits: &Limits) -> Result<usize, SafetensorsError> {
    let length = u64::from_le_bytes(first);
    let room = file_length.saturating_sub(LENGTH_BYTES as u64).min(limits.header_bytes as u64);
    if length > room {
        return Err(SafetensorsError::BadLength { length });
    }
    Ok(length as usize)
}

/// Reads the JSON text under the usual bounds; see [`parse_header_within`].
///
/// # Errors
///
/// [`SafetensorsError`] for anything malformed, and if the tensors do not fill the data exactly.
pub fn parse_header(text: &[u8], data_length: u64) -> Result<Vec<Entry>, SafetensorsError> {
    parse_header_within(text, data_length, &Limits::default())
}

/// Reads the JSON text; `data_length` is what the file holds after it.
///
/// Answers the tensors in the order of their data.
///
/// # Errors
///
/// [`SafetensorsError`] for anything malformed, and if the tensors do not fill the data exactly.
pub fn parse_header_within(text: &[u8], data_length: u64, limits: &Limits) -> Result<Vec<Entry>, SafetensorsError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    // One more than the tensors: the remarks.
    let fields = Collect { most: limits.tensors.saturating_add(1) }.deserialize(&mut json);
    let fields = fields.and_then(|fields| json.end().map(|()| fields));
    let fields = fields.map_err(|error| SafetensorsError::NotJson(error.to_string()))?;
    let fields = fields.ok_or(SafetensorsError::TooMany { limit: limits.tensors })?;
    let mut names = HashSet::new();
    let mut entries = Vec::new();
    for (name, value) in &fields {
        if !names.insert(name.as_str()) {
            return Err(SafetensorsError::Repeated { name: printable(name) });
        }
        if name == "__metadata__" {
            continue;
        }
        if entries.len() == limits.tensors {
            return Err(SafetensorsError::TooMany { limit: limits.tensors });
        }
        let entry = parse_entry(name, value, limits);
        entries.push(entry.map_err(|what| SafetensorsError::BadEntry { name: printable(name), what })?);
    }
    entries.sort_by_key(|entry| (entry.start, entry.end));
    let mut at = 0;
    for entry in &entries {
        if entry.start != at {
            return Err(SafetensorsError::Gap { at });
        }
        at = entry.end;
    }
    if at != data_length {
        return Err(SafetensorsError::Gap { at });
    }
    Ok(entries)
}

/// Collects the fields of a JSON object, repeated ones too, each value still as text: a list of
/// small numbers grows forty times when it becomes a tree of values. `None` if there are too many.
struct Collect {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Collect {
    type Value = Option<Vec<(String, &'de RawValue)>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collect {
    type Value = Option<Vec<(String, &'de RawValue)>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() == self.most {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            fields.push(field);
        }
        Ok(Some(fields))
    }
}

/// A list of sizes; what follows the first few is counted and not kept.
struct Sizes {
    kept: Vec<u64>,
    count: usize,
}

impl<'de> Deserialize<'de> for Sizes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;

        impl<'de> Visitor<'de> for Count {
            type Value = Sizes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                const KEPT: usize = 64;
                let mut sizes = Sizes { kept: Vec::new(), count: 0 };
                while let Some(size) = items.next_element()? {
                    if sizes.count < KEPT {
                        sizes.kept.push(size);
                    }
                    sizes.count += 1;
                }
                Ok(sizes)
            }
        }

        deserializer.deserialize_seq(Count)
    }
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow)]
    dtype: &'a RawValue,
    #[serde(borrow)]
    shape: &'a RawValue,
    #[serde(borrow)]
    data_offsets: &'a RawValue,
}

fn parse_entry(name: &str, value: &RawValue, limits: &Limits) -> Result<Entry, &'static str> {
    if name.len() > limits.name_bytes {
        return Err("the name is too long");
    }
    if name.contains(char::is_control) {
        return Err("the name holds a control character");
    }
    let raw: RawEntry<'_> = serde_json::from_str(value.get())
        .map_err(|_| "is not an object with `dtype`, `shape` and `data_offsets`, each once")?;
    let dtype = serde_json::from_str::<String>(raw.dtype.get()).ok();
    let dtype = dtype.and_then(|name| dtype_of(&name)).ok_or("unknown `dtype`")?;
    let shape: Sizes = serde_json::from_str(raw.shape.get()).map_err(|_| "`shape` is not a list of sizes")?;
    if shape.count > limits.rank.min(shape.kept.len()) {
        return Err("`shape` has too many dimensions");
    }
    let shape: Option<Vec<usize>> = shape.kept.iter().map(|&size| usize::try_from(size).ok()).collect();
    let shape = shape.ok_or("`shape` is not a list of sizes")?;
    let (start, end): (u64, u64) =
        serde_json::from_str(raw.data_offsets.get()).map_err(|_| "`data_offsets` are not two numbers")?;
    // Zero sizes count as one here, so that the product of the others is bounded, too.
    let all = shape.iter().try_fold(dtype.size(), |bytes, &size| bytes.checked_mul(size.max(1)));
    let bytes = all.map(|bytes| if shape.contains(&0) { 0 } else { bytes });
    if bytes.is_none() || end.checked_sub(start) != bytes.map(|bytes| bytes as u64) {
        return Err("`data_offsets` do not fit `shape`");
    }
    Ok(Entry { name: name.to_owned(), dtype, shape, start, end })
}

/// Each tensor of a file as a storage of its own, by the number of its entry; `part` is the file's number.
#[must_use]
pub fn one_storage_each(entries: &[Entry], part: usize) -> (Leaves, Storages) {
    let mut leaves = Leaves::default();
    let mut storages = Storages::default();
    storages.part = part;
    for (storage, entry) in entries.iter().enumerate() {
        let numel = entry.shape.iter().product();
        storages.list.push(Storage { key: entry.name.clone(), dtype: entry.dtype, numel });
        let tensor = Tensor::row_major(part, storage, entry.dtype, entry.shape.clone());
        leaves.insert(entry.name.clone(), Leaf::Tensor(tensor));
    }
    (leaves, storages)
}

/// Writes a header for tensors that follow each other in the order given.
///
/// Answers the bytes up to the first number, and where each tensor's data begin and end,
/// counted from there. `__metadata__` says `pt`, without which transformers refuses the file.
#[must_use]
pub fn write_header(tensors: &[(&str, Dtype, &[usize])]) -> (Vec<u8>, Vec<(u64, u64)>) {
    let mut map = Map::new();
    map.insert("__metadata__".to_owned(), serde_json::json!({"format": "pt"}));
    let mut places = Vec::new();
    let mut at = 0u64;
    for (name, dtype, shape) in tensors {
        let end = at + (shape.iter().product::<usize>() * dtype.size()) as u64;
        let entry = serde_json::json!({
            "dtype": name_of(*dtype),
            "shape": shape,
            "data_offsets": [at, end],
        });
        map.insert((*name).to_owned(), entry);
        places.push((at, end));
        at = end;
    }
    let mut text = Value::Object(map).to_string().into_bytes();
    // Spaces, so that the numbers are aligned for readers that map the file.
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut text);
    (bytes, places)
}

fn name_of(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F64 => "F64",
        Dtype::F32 => "F32",
        Dtype::F16 => "F16",
        Dtype::Bf16 => "BF16",
        Dtype::I64 => "I64",
        Dtype::I32 => "I32",
        Dtype::I16 => "I16",
        Dtype::I8 => "I8",
        Dtype::U8 => "U8",
        Dtype::Bool => "BOOL",
    }
}

fn dtype_of(name: &str) -> Option<Dtype> {
    Dtype::ALL.into_iter().find(|&dtype| name_of(dtype) == name)
}
