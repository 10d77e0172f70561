//! The header of a safetensors file, read and written.
//!
//! Eight bytes of length, a JSON object that names every tensor with its place, then the
//! numbers. The same tensors always give the same bytes.
//!
//! Source: the format section of the safetensors README.

use serde_json::{Map, Value};

use super::Limits;
use super::pickle::printable;
use super::tensors::Dtype;

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
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: &'static str,
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
    /// Its name.
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

/// Reads the JSON text; `data_length` is what the file holds after it.
///
/// Answers the tensors in the order of their data.
///
/// # Errors
///
/// [`SafetensorsError`] for anything malformed, and if the tensors do not fill the data exactly.
pub fn parse_header(text: &[u8], data_length: u64) -> Result<Vec<Entry>, SafetensorsError> {
    let map: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| SafetensorsError::NotJson(error.to_string()))?;
    let mut entries = Vec::new();
    for (name, value) in &map {
        if name == "__metadata__" {
            continue;
        }
        let entry = parse_entry(name, value);
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

fn parse_entry(name: &str, value: &Value) -> Result<Entry, &'static str> {
    let dtype = value["dtype"].as_str().and_then(dtype_of).ok_or("unknown `dtype`")?;
    let shape = value["shape"].as_array().ok_or("`shape` is not a list")?;
    let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
    let shape: Option<Vec<usize>> = shape.iter().map(size).collect();
    let shape = shape.ok_or("`shape` is not made of sizes")?;
    let [start, end] = value["data_offsets"].as_array().map_or(&[][..], Vec::as_slice) else {
        return Err("`data_offsets` are not two numbers");
    };
    let offsets = start.as_u64().zip(end.as_u64());
    let (start, end) = offsets.ok_or("`data_offsets` are not two numbers")?;
    let bytes = shape.iter().try_fold(dtype.size(), |bytes, &size| bytes.checked_mul(size));
    if bytes.is_none() || end.checked_sub(start) != bytes.map(|bytes| bytes as u64) {
        return Err("`data_offsets` do not fit `shape`");
    }
    Ok(Entry { name: name.to_owned(), dtype, shape, start, end })
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
