//! The file that llama.cpp loads: writing its header and numbers, and below reading them.
//!
//! A GGUF file is a list of keys with values, a list of tensors, and the tensors' numbers, each at a multiple of
//! [`ALIGNMENT`]. The same model always gives the same bytes.
//!
//! Not here: which keys and names a GPT-2 has, and carrying the numbers over; that is the installer's.
//!
//! Source: the GGUF specification, version 3; `quantize_row_q8_0_ref` of ggml for the blocks of 8-bit numbers.

pub mod blocks;
pub mod model;
pub mod read;

use half::f16;

/// Every tensor begins at a multiple of this many bytes: the format's default.
pub const ALIGNMENT: u64 = 32;

/// Numbers in one block of [`Type::Q8_0`].
pub const BLOCK: usize = 32;

/// The version of the format.
const VERSION: u32 = 3;

/// How a tensor's numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// Blocks of [`BLOCK`] numbers: a 16-bit scale, then a signed byte for each number.
    Q8_0,
}

impl Type {
    /// The number the format gives it.
    fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q8_0 => 8,
        }
    }

    /// Bytes of `count` numbers. For [`Type::Q8_0`] they are whole blocks.
    #[must_use]
    pub fn bytes(self, count: usize) -> usize {
        match self {
            Self::F32 => 4 * count,
            Self::F16 => 2 * count,
            Self::Q8_0 => count / BLOCK * (2 + BLOCK),
        }
    }
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number without sign.
    U32(u32),
    /// A number.
    F32(f32),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<i32>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The name by GGUF's convention: `blk.0.attn_qkv.weight`.
    pub name: String,
    /// Length of each dimension, the slowest first; the file has them the other way round.
    pub shape: Vec<usize>,
    /// How its numbers are written.
    pub kind: Type,
}

impl Info {
    /// Bytes of its numbers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kind.bytes(self.shape.iter().product()) as u64
    }

    /// Bytes with what stands between it and the next.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.bytes().next_multiple_of(ALIGNMENT)
    }
}

/// A number that the type cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} cannot be held in 16 bits or fewer")]
pub struct Unfit(pub f32);

/// Everything before the first number. Tensors follow in the order given, each in its [`Info::room`].
#[must_use]
pub fn write_header(metadata: &[(String, Value)], tensors: &[Info]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(VERSION.to_le_bytes());
    put_length(&mut out, tensors.len());
    put_length(&mut out, metadata.len());
    for (key, value) in metadata {
        put_text(&mut out, key);
        put_value(&mut out, value);
    }
    let mut at = 0u64;
    for tensor in tensors {
        put_text(&mut out, &tensor.name);
        out.extend((tensor.shape.len() as u32).to_le_bytes());
        for &size in tensor.shape.iter().rev() {
            put_length(&mut out, size);
        }
        out.extend(tensor.kind.id().to_le_bytes());
        out.extend(at.to_le_bytes());
        at += tensor.room();
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT as usize), 0);
    out
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend((length as u64).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    const I32: u32 = 5;
    const TEXT: u32 = 8;
    const LIST: u32 = 9;
    let kind: u32 = match value {
        Value::U32(_) => 4,
        Value::F32(_) => 6,
        Value::Bool(_) => 7,
        Value::Text(_) => TEXT,
        Value::Numbers(_) | Value::Texts(_) => LIST,
    };
    out.extend(kind.to_le_bytes());
    match value {
        Value::U32(number) => out.extend(number.to_le_bytes()),
        Value::F32(number) => out.extend(number.to_le_bytes()),
        Value::Bool(is) => out.push(u8::from(*is)),
        Value::Text(text) => put_text(out, text),
        Value::Numbers(numbers) => {
            out.extend(I32.to_le_bytes());
            put_length(out, numbers.len());
            out.extend(numbers.iter().flat_map(|it| it.to_le_bytes()));
        }
        Value::Texts(texts) => {
            out.extend(TEXT.to_le_bytes());
            put_length(out, texts.len());
            for text in texts {
                put_text(out, text);
            }
        }
    }
}

/// Appends the numbers in the given type. For [`Type::Q8_0`] they are whole blocks.
///
/// # Errors
///
/// [`Unfit`] if a number that is finite would become infinite, or an 8-bit block holds one that is not finite.
pub fn encode(numbers: &[f32], kind: Type, out: &mut Vec<u8>) -> Result<(), Unfit> {
    out.reserve(kind.bytes(numbers.len()));
    match kind {
        Type::F32 => out.extend(numbers.iter().flat_map(|it| it.to_le_bytes())),
        Type::F16 => {
            for &number in numbers {
                let half = f16::from_f32(number);
                if half.is_infinite() && number.is_finite() {
                    return Err(Unfit(number));
                }
                out.extend(half.to_le_bytes());
            }
        }
        Type::Q8_0 => {
            for block in numbers.chunks_exact(BLOCK) {
                encode_block(block, out)?;
            }
        }
    }
    Ok(())
}

/// The largest magnitude becomes 127, and the others what is nearest in proportion, halves away from zero.
///
/// The bytes are ggml's: it multiplies by the scale's reciprocal in 32 bits, before the scale itself loses half its
/// bits.
fn encode_block(block: &[f32], out: &mut Vec<u8>) -> Result<(), Unfit> {
    if let Some(&bad) = block.iter().find(|it| !it.is_finite()) {
        return Err(Unfit(bad));
    }
    let largest = block.iter().fold(0f32, |largest, it| largest.max(it.abs()));
    let scale = largest / 127.0;
    let half = f16::from_f32(scale);
    if half.is_infinite() {
        return Err(Unfit(largest));
    }
    let reciprocal = if scale == 0.0 { 0.0 } else { scale.recip() };
    out.extend(half.to_le_bytes());
    out.extend(block.iter().map(|it| (it * reciprocal).round() as i8 as u8));
    Ok(())
}

#[cfg(test)]
mod tests;
