//! The header of a GGUF file: its keys and values, and where each tensor lies.
//!
//! A file chooses its own counts and lengths: each is held to a bound, and to what is left of the file, before memory is spent on
//! it.
//!
//! Not here: what the keys and names mean ([`super::model`]), and the numbers ([`super::blocks`]).
//!
//! Source: the GGUF specification, versions 2 and 3, which differ in nothing that a little-endian file shows.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::ALIGNMENT;
use super::blocks::Stored;
use crate::checkpoint::Limits;
use crate::checkpoint::pickle::printable;

/// The first bytes of every file.
pub const SIGNATURE: &[u8; 4] = b"GGUF";

/// Keys and values at the most. Models have some thirty.
const MOST_KEYS: u64 = 10_000;

/// Elements of a list at the most. The largest vocabularies have 300,000 tokens and as many merges.
const MOST_ELEMENTS: u64 = 4 << 20;

/// How deep lists may lie in lists.
const DEEPEST: usize = 2;

/// The largest alignment that is believed.
const MOST_ALIGNMENT: u64 = 1 << 16;

/// The value of a key, as far as anybody asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A whole number of any width.
    Integer(i128),
    /// A number of any width.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list of whole numbers.
    Integers(Vec<i64>),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of something else, which nobody asks for.
    Other,
}

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name by GGUF's convention.
    pub name: String,
    /// Length of each dimension, the slowest first.
    pub shape: Vec<usize>,
    /// How its numbers lie.
    pub stored: Stored,
    /// Where they begin, in bytes from the beginning of the file.
    pub start: u64,
    /// How many bytes they are.
    pub bytes: u64,
}

/// What stands before the numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The values by their keys.
    pub fields: BTreeMap<String, Field>,
    /// The tensors, in the order of the file.
    pub tensors: Vec<Entry>,
}

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file ends within its header.
    #[error("the GGUF file ends within its header")]
    Truncated,
    /// It is of a version that is not read.
    #[error("GGUF version {0}, expected 2 or 3{hint}", hint = if *.0 > 0xffff { " (the file is for big-endian machines)" } else { "" })]
    Version(u32),
    /// A count or length is beyond any that a model has.
    #[error("the GGUF file has {found} {what}, more than {limit}")]
    TooMany {
        /// What is counted, a noun in the plural.
        what: &'static str,
        /// How many the file says there are.
        found: u64,
        /// The bound.
        limit: u64,
    },
    /// Something in the header does not have the form that the format gives it.
    #[error("malformed GGUF header: {0}")]
    Malformed(String),
    /// A tensor's numbers are of a type that is not read.
    #[error(
        "{name} is of the type {found}, which is not read; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K are"
    )]
    Type {
        /// The tensor.
        name: String,
        /// The type's name in the format, or its number.
        found: String,
    },
    /// A tensor reaches beyond the end of the file.
    #[error("{name} ends {missing} bytes after the end of the file: it was not downloaded whole, or was cut")]
    Outside {
        /// The tensor.
        name: String,
        /// How many bytes are missing.
        missing: u64,
    },
}

/// Why a header was not read.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(io::Error),
    /// What was read cannot be used.
    #[error(transparent)]
    Refused(#[from] GgufError),
}

/// Reads a header from the beginning of a file of so many bytes.
///
/// # Errors
///
/// [`HeaderError`].
pub fn read_header(from: &mut impl Read, file_length: u64, limits: &Limits) -> Result<Header, HeaderError> {
    let mut source = Source { from, left: file_length.min(limits.header_bytes as u64), at: 0 };
    if &source.bytes::<4>()? != SIGNATURE {
        return Err(malformed("it does not begin with GGUF").into());
    }
    let version = source.u32()?;
    if !matches!(version, 2 | 3) {
        return Err(GgufError::Version(version).into());
    }
    let tensors = within("tensors", source.u64()?, limits.tensors as u64)?;
    let keys = within("keys", source.u64()?, MOST_KEYS)?;
    let mut fields = BTreeMap::new();
    for _ in 0..keys {
        let key = source.text(limits.name_bytes)?;
        let kind = source.u32()?;
        let field = source.field(kind, limits.header_bytes, 0)?;
        if fields.insert(key.clone(), field).is_some() {
            return Err(malformed(format!("the key {} stands there twice", printable(&key))).into());
        }
    }
    let alignment = match fields.get("general.alignment") {
        None => ALIGNMENT,
        Some(Field::Integer(it)) => u64::try_from(*it).unwrap_or_default(),
        Some(_) => 0,
    };
    if !alignment.is_power_of_two() || alignment > MOST_ALIGNMENT {
        return Err(malformed("general.alignment is no power of two up to 65536").into());
    }
    let mut names = 0;
    let mut entries = Vec::new();
    for _ in 0..tensors {
        let entry = source.tensor(limits)?;
        names += entry.name.len();
        if names > limits.names_bytes {
            let (found, limit) = (names as u64, limits.names_bytes as u64);
            return Err(GgufError::TooMany { what: "bytes of names", found, limit }.into());
        }
        if !entry.start.is_multiple_of(alignment) {
            let name = printable(&entry.name);
            return Err(malformed(format!("{name} begins at {}, no multiple of {alignment}", entry.start)).into());
        }
        entries.push(entry);
    }
    let data = source.at.next_multiple_of(alignment);
    for entry in &mut entries {
        let end = data.checked_add(entry.start).and_then(|it| it.checked_add(entry.bytes));
        let missing = end.unwrap_or(u64::MAX).saturating_sub(file_length);
        if missing > 0 {
            return Err(GgufError::Outside { name: printable(&entry.name), missing }.into());
        }
        entry.start += data;
    }
    Ok(Header { fields, tensors: entries })
}

fn malformed(what: impl Into<String>) -> GgufError {
    GgufError::Malformed(what.into())
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<u64, GgufError> {
    if found > limit { Err(GgufError::TooMany { what, found, limit }) } else { Ok(found) }
}

/// What is left of a header.
struct Source<'a, R> {
    from: &'a mut R,
    left: u64,
    at: u64,
}

impl<R: Read> Source<'_, R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let mut out = [0; N];
        self.take(N as u64)?;
        self.from.read_exact(&mut out).map_err(read_error)?;
        Ok(out)
    }

    fn take(&mut self, count: u64) -> Result<(), GgufError> {
        self.left = self.left.checked_sub(count).ok_or(GgufError::Truncated)?;
        self.at += count;
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, HeaderError> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, HeaderError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn text(&mut self, most: usize) -> Result<String, HeaderError> {
        let length = within("bytes in one text", self.u64()?, most as u64)?;
        self.take(length)?;
        let mut bytes = Vec::new();
        let count = self.from.take(length).read_to_end(&mut bytes).map_err(read_error)?;
        if (count as u64) < length {
            return Err(GgufError::Truncated.into());
        }
        String::from_utf8(bytes).map_err(|_| malformed("a text is not UTF-8").into())
    }

    fn field(&mut self, kind: u32, most: usize, depth: usize) -> Result<Field, HeaderError> {
        Ok(match kind {
            0 => Field::Integer(self.bytes().map(u8::from_le_bytes)?.into()),
            1 => Field::Integer(self.bytes().map(i8::from_le_bytes)?.into()),
            2 => Field::Integer(self.bytes().map(u16::from_le_bytes)?.into()),
            3 => Field::Integer(self.bytes().map(i16::from_le_bytes)?.into()),
            4 => Field::Integer(self.u32()?.into()),
            5 => Field::Integer(self.bytes().map(i32::from_le_bytes)?.into()),
            6 => Field::Float(self.bytes().map(f32::from_le_bytes)?.into()),
            7 => Field::Bool(self.bytes::<1>()? != [0]),
            8 => Field::Text(self.text(most)?),
            9 => self.list(most, depth)?,
            10 => Field::Integer(self.u64()?.into()),
            11 => Field::Integer(self.bytes().map(i64::from_le_bytes)?.into()),
            12 => Field::Float(self.bytes().map(f64::from_le_bytes)?),
            other => return Err(malformed(format!("a value is of the unknown type {other}")).into()),
        })
    }

    fn list(&mut self, most: usize, depth: usize) -> Result<Field, HeaderError> {
        if depth == DEEPEST {
            return Err(malformed("lists lie too deep in lists").into());
        }
        let kind = self.u32()?;
        let count = within("elements in one list", self.u64()?, MOST_ELEMENTS)?;
        // Each has one byte at least.
        if count > self.left {
            return Err(GgufError::Truncated.into());
        }
        let (mut integers, mut texts) = (Vec::new(), Vec::new());
        for _ in 0..count {
            match self.field(kind, most, depth + 1)? {
                Field::Integer(it) => integers.push(i64::try_from(it).unwrap_or(i64::MAX)),
                Field::Text(it) => texts.push(it),
                _ => {}
            }
        }
        Ok(match kind {
            0..=5 | 10 | 11 => Field::Integers(integers),
            8 => Field::Texts(texts),
            _ => Field::Other,
        })
    }

    /// A tensor, whose place counts from where the numbers begin.
    fn tensor(&mut self, limits: &Limits) -> Result<Entry, HeaderError> {
        let name = self.text(limits.name_bytes)?;
        let rank = within("dimensions", self.u32()?.into(), limits.rank as u64)?;
        let mut shape = Vec::new();
        for _ in 0..rank {
            let size = self.u64()?;
            let size = usize::try_from(size).map_err(|_| malformed("a dimension is too long"))?;
            // The file has them the other way round.
            shape.insert(0, size);
        }
        let stored = Stored::of(self.u32()?).map_err(|found| GgufError::Type { name: printable(&name), found })?;
        let start = self.u64()?;
        let (numbers, length) = stored.block();
        let row = shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(numbers) {
            let (name, of) = (printable(&name), stored.name());
            return Err(malformed(format!("the rows of {name} have {row} numbers, no whole blocks of {of}")).into());
        }
        let count = shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
        let bytes = count.and_then(|it| (it / numbers as u64).checked_mul(length as u64));
        let bytes = bytes.ok_or_else(|| malformed(format!("{} is too large", printable(&name))))?;
        Ok(Entry { name, shape, stored, start, bytes })
    }
}

/// A file that is shorter than it said is cut.
fn read_error(error: io::Error) -> HeaderError {
    if error.kind() == io::ErrorKind::UnexpectedEof { GgufError::Truncated.into() } else { HeaderError::Read(error) }
}

#[cfg(test)]
mod tests;
