//! Numbers in blocks, as quantised GGUF files have them, as numbers again.
//!
//! A block has a scale, at times a least value, and a few bits for each number. The K types have 256 numbers in eight or sixteen
//! groups, whose scales are themselves numbers of a few bits beside the block's own.
//!
//! candle reads the same blocks, and the tests compare with it; it takes bytes for structures wherever they lie in memory, so it is not
//! asked here.
//!
//! Source: `dequantize_row_*` in `ggml-quants.c` of ggml, and `ggml-common.h` for how the bytes lie.

use half::f16;

use crate::checkpoint::tensors::Dtype;

/// How a tensor's numbers lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the format's")]
pub enum Stored {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// Every one, with the number the format gives it and its name there.
const ALL: [(Stored, u32, &str); 11] = [
    (Stored::F32, 0, "F32"),
    (Stored::F16, 1, "F16"),
    (Stored::Q4_0, 2, "Q4_0"),
    (Stored::Q4_1, 3, "Q4_1"),
    (Stored::Q5_0, 6, "Q5_0"),
    (Stored::Q5_1, 7, "Q5_1"),
    (Stored::Q8_0, 8, "Q8_0"),
    (Stored::Q4K, 12, "Q4_K"),
    (Stored::Q5K, 13, "Q5_K"),
    (Stored::Q6K, 14, "Q6_K"),
    (Stored::Bf16, 30, "BF16"),
];

/// Those that are known by name and not read.
const OTHERS: [(u32, &str); 24] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
    (4, "Q4_2"),
    (5, "Q4_3"),
];

/// Numbers in a block of the K types, and bytes of their packed scales.
const SUPER: usize = 256;
const SCALES: usize = 12;

impl Stored {
    /// The one of a number of the format.
    ///
    /// # Errors
    ///
    /// The name of the type, or its number, if it is not read.
    pub fn of(id: u32) -> Result<Self, String> {
        let name = || OTHERS.iter().find(|it| it.0 == id).map_or_else(|| format!("number {id}"), |it| it.1.to_owned());
        ALL.iter().find(|it| it.1 == id).map(|it| it.0).ok_or_else(name)
    }

    /// Its name in the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.iter().find(|it| it.0 == self).map_or("", |it| it.2)
    }

    /// Numbers in a block, and bytes of one.
    #[must_use]
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 2 + 16),
            Self::Q4_1 => (32, 4 + 16),
            Self::Q5_0 => (32, 2 + 4 + 16),
            Self::Q5_1 => (32, 4 + 4 + 16),
            Self::Q8_0 => (32, 2 + 32),
            Self::Q4K => (SUPER, 4 + SCALES + SUPER / 2),
            Self::Q5K => (SUPER, 4 + SCALES + SUPER / 8 + SUPER / 2),
            Self::Q6K => (SUPER, SUPER / 2 + SUPER / 4 + SUPER / 16 + 2),
        }
    }

    /// The type that the numbers are widened to: one that holds all of `Q8_0`'s to the last bit, sixteen bits for fewer.
    #[must_use]
    pub const fn widened(self) -> Dtype {
        match self {
            Self::F32 | Self::Q8_0 => Dtype::F32,
            Self::Bf16 => Dtype::Bf16,
            _ => Dtype::F16,
        }
    }

    /// Whether the bytes of the file are those of [`Stored::widened`] already.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        self.block().0 == 1
    }

    /// The numbers of whole blocks, appended to `out` as bytes of [`Stored::widened`], little-endian.
    ///
    /// # Shapes
    ///
    /// - `bytes`: whole blocks; what is left over is passed over
    pub fn widen(self, bytes: &[u8], out: &mut Vec<u8>) {
        let (numbers, length) = self.block();
        if self.is_plain() {
            return out.extend_from_slice(bytes);
        }
        let mut block = [0.0; SUPER];
        for it in bytes.chunks_exact(length) {
            self.unpack(it, &mut block[..numbers]);
            match self.widened() {
                Dtype::F32 => out.extend(block[..numbers].iter().flat_map(|it| it.to_le_bytes())),
                _ => out.extend(block[..numbers].iter().flat_map(|it| f16::from_f32(*it).to_le_bytes())),
            }
        }
    }

    /// One block.
    fn unpack(self, block: &[u8], out: &mut [f32]) {
        let scale = half(block, 0);
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => {}
            Self::Q8_0 => {
                for (number, &byte) in out.iter_mut().zip(&block[2..]) {
                    *number = scale * f32::from(byte.cast_signed());
                }
            }
            Self::Q4_0 => nibbles(&block[2..], out, |low, _| scale * (f32::from(low) - 8.0)),
            Self::Q4_1 => {
                let least = half(block, 2);
                nibbles(&block[4..], out, |low, _| scale * f32::from(low) + least);
            }
            Self::Q5_0 => {
                let high = word(block, 2);
                nibbles(&block[6..], out, |low, at| scale * (f32::from(low | fifth(high, at)) - 16.0));
            }
            Self::Q5_1 => {
                let (least, high) = (half(block, 2), word(block, 4));
                nibbles(&block[8..], out, |low, at| scale * f32::from(low | fifth(high, at)) + least);
            }
            Self::Q4K => groups_of_32(block, &block[4 + SCALES..], out, |_, _| 0),
            Self::Q5K => {
                let (high, low) = block[4 + SCALES..].split_at(SUPER / 8);
                groups_of_32(block, low, out, |group, at| (high[at] >> group & 1) << 4);
            }
            Self::Q6K => groups_of_16(block, out),
        }
    }
}

/// The bytes of a block are always there; the length is [`Stored::block`]'s.
fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn word(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

/// Four bits for each of 32 numbers: the lower halves of sixteen bytes, then their upper halves.
fn nibbles(bytes: &[u8], out: &mut [f32], number: impl Fn(u8, usize) -> f32) {
    for at in 0..16 {
        out[at] = number(bytes[at] & 15, at);
        out[at + 16] = number(bytes[at] >> 4, at + 16);
    }
}

/// The fifth bit of a number, in its place.
fn fifth(high: u32, at: usize) -> u8 {
    ((high >> at & 1) as u8) << 4
}

/// The scale and the least value of a group, six bits each, in twelve bytes.
fn scale_and_least(packed: &[u8], group: usize) -> (u8, u8) {
    if group < 4 {
        return (packed[group] & 63, packed[group + 4] & 63);
    }
    let both = packed[group + 4];
    (both & 15 | packed[group - 4] >> 6 << 4, both >> 4 | packed[group] >> 6 << 4)
}

/// Eight groups of 32 numbers: of every 32 bytes the lower halves are one group, the upper halves the next. `more` gives the bits
/// above the four, by group and place in it.
fn groups_of_32(block: &[u8], low: &[u8], out: &mut [f32], more: impl Fn(usize, usize) -> u8) {
    let (scale, least) = (half(block, 0), half(block, 2));
    for (group, numbers) in out.chunks_exact_mut(32).enumerate() {
        let (of_scale, of_least) = scale_and_least(&block[4..4 + SCALES], group);
        let (scale, least) = (scale * f32::from(of_scale), least * f32::from(of_least));
        let bytes = &low[group / 2 * 32..][..32];
        for (at, (number, byte)) in numbers.iter_mut().zip(bytes).enumerate() {
            let four = if group % 2 == 0 { byte & 15 } else { byte >> 4 };
            *number = scale * f32::from(four | more(group, at)) - least;
        }
    }
}

/// Sixteen groups of 16 numbers of six bits: of each half of the block four bits in 64 bytes, two in 32 bytes, and eight scales.
fn groups_of_16(block: &[u8], out: &mut [f32]) {
    let (low, rest) = block.split_at(SUPER / 2);
    let (high, rest) = rest.split_at(SUPER / 4);
    let (scales, rest) = rest.split_at(SUPER / 16);
    let scale = half(rest, 0);
    for (at, number) in out.iter_mut().enumerate() {
        let (part, within) = (at / 128, at % 128);
        // Four runs of 32: two of the lower halves, then two of the upper ones.
        let (run, place) = (within / 32, within % 32);
        let byte = low[part * 64 + run % 2 * 32 + place];
        let four = if run < 2 { byte & 15 } else { byte >> 4 };
        let two = high[part * 32 + place] >> (2 * run) & 3;
        let of_group = f32::from(scales[at / 16].cast_signed());
        *number = scale * of_group * (f32::from(four | two << 4) - 32.0);
    }
}

#[cfg(test)]
mod tests;
