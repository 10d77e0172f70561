//! Weight matrices as the kernels read them: in panels of sixteen rows, from front to back.
//!
//! A panel of floats has, for each column, the sixteen rows' weights side by side. A panel of 8 or 4 bits has first the
//! scales, sixteen for each block of 32 columns, then the weights: for each four columns, four bytes a row. A product
//! with a vector reads every byte once, in order.
//!
//! The blocks of 8 bits are ggml's `Q8_0`, but for the order; those of 4 bits are our own, see [`four`].

use std::sync::Arc;

use half::{bf16, f16};

use super::four;
use super::lanes::LANES;
use super::large_pages;
use crate::model::Precision;

/// Columns that share a scale.
pub(super) const BLOCK: usize = 32;

/// Every panel begins at a multiple of this many bytes: a line of the cache.
pub(super) const ALIGN: usize = 64;

/// How a matrix's weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
    Bf16,
    Q8,
    Q4,
}

impl Kind {
    pub(super) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::F16 => Self::F16,
            Precision::Bf16 => Self::Bf16,
            Precision::Q8 => Self::Q8,
            Precision::Q4 => Self::Q4,
        }
    }

    pub(super) fn precision(self) -> Precision {
        match self {
            Self::F32 => Precision::F32,
            Self::F16 => Precision::F16,
            Self::Bf16 => Precision::Bf16,
            Self::Q8 => Precision::Q8,
            Self::Q4 => Precision::Q4,
        }
    }

    /// Bytes of the scales of a panel, up to the weights.
    pub(super) fn scale_bytes(self, columns: usize) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 0,
            Self::Q8 | Self::Q4 => (columns.div_ceil(BLOCK) * LANES * 2).next_multiple_of(ALIGN),
        }
    }

    /// Bytes of a panel.
    pub(super) fn panel_bytes(self, columns: usize) -> usize {
        let padded = columns.next_multiple_of(BLOCK);
        let weights = match self {
            Self::F32 => columns * LANES * 4,
            Self::F16 | Self::Bf16 => columns * LANES * 2,
            Self::Q8 => padded * LANES,
            Self::Q4 => padded * LANES / 2,
        };
        (self.scale_bytes(columns) + weights).next_multiple_of(ALIGN)
    }

    /// Whether activations are brought to 8 bits before a product.
    pub(super) fn is_quantized(self) -> bool {
        matches!(self, Self::Q8 | Self::Q4)
    }
}

/// Room for all matrices of a model, one after the other.
pub(super) struct Arena {
    bytes: Vec<u8>,
    /// Where in them the room begins, and how many bytes it has.
    start: usize,
    size: usize,
}

#[allow(unsafe_code, reason = "zeros are asked for")]
#[allow(clippy::same_length_and_capacity, reason = "it is full from the beginning")]
impl Arena {
    /// Where the room begins: on a large page of memory.
    const PLACE: usize = 2 << 20;

    /// Zeros, `size` of them, a multiple of [`ALIGN`]; `None` if there is not so much memory.
    pub(super) fn new(size: usize) -> Option<Self> {
        // Asked for at any place, zeros touch no memory yet. At a multiple of 64 they would be written, each page by itself,
        // before the system hears that it may take large ones.
        let whole = size.checked_add(Self::PLACE)?;
        let layout = std::alloc::Layout::array::<u8>(whole).ok().filter(|_| size > 0)?;
        // SAFETY: the layout is not empty, and zeros are bytes.
        let bytes = unsafe {
            let bytes = std::alloc::alloc_zeroed(layout);
            if bytes.is_null() {
                return None;
            }
            Vec::from_raw_parts(bytes, whole, whole)
        };
        let start = bytes.as_ptr().addr().next_multiple_of(Self::PLACE) - bytes.as_ptr().addr();
        let mut arena = Self { bytes, start, size };
        let room = arena.bytes_mut();
        large_pages::advise(room.as_mut_ptr(), room.len());
        Some(arena)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..][..self.size]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.size]
    }
}

/// A matrix of shape (rows, columns), packed.
pub(super) struct Matrix {
    pub(super) kind: Kind,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Where in the arena its panels begin.
    pub(super) start: usize,
    pub(super) arena: Arc<Arena>,
}

impl Matrix {
    /// Bytes of a packed matrix.
    pub(super) fn size(kind: Kind, rows: usize, columns: usize) -> usize {
        rows.div_ceil(LANES) * kind.panel_bytes(columns)
    }

    pub(super) fn panels(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    pub(super) fn panel(&self, index: usize) -> &[u8] {
        let size = self.kind.panel_bytes(self.columns);
        &self.arena.bytes()[self.start + index * size..][..size]
    }

    /// Reads one row, (columns,), as it is held.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        let (panel, lane) = (self.panel(row / LANES), row % LANES);
        let (scales, weights) = panel.split_at(self.kind.scale_bytes(self.columns));
        let pair = |bytes: &[u8], index: usize| [bytes[2 * index], bytes[2 * index + 1]];
        for (column, out) in out.iter_mut().enumerate() {
            let at = column * LANES + lane;
            let (block, within) = (column / BLOCK, column % BLOCK);
            let scale = || f16::from_le_bytes(pair(scales, block * LANES + lane));
            *out = match self.kind {
                Kind::F32 => {
                    let [[a, b], [c, d]] = [pair(weights, 2 * at), pair(weights, 2 * at + 1)];
                    f32::from_le_bytes([a, b, c, d])
                }
                Kind::F16 => f16::from_le_bytes(pair(weights, at)).to_f32(),
                Kind::Bf16 => bf16::from_le_bytes(pair(weights, at)).to_f32(),
                Kind::Q8 => {
                    let byte = weights[block * BLOCK * LANES + within / 4 * 64 + lane * 4 + within % 4];
                    (f32::from(byte) - 128.0) * scale().to_f32()
                }
                Kind::Q4 => {
                    let low = within % 16;
                    let both = weights[block * BLOCK * LANES / 2 + low / 4 * 64 + lane * 4 + low % 4];
                    let code = if within < 16 { both & 15 } else { both >> 4 };
                    four::weight(code, scale())
                }
            };
        }
    }
}

/// Packs one panel.
///
/// # Shapes
///
/// - `tile`: (columns, [`LANES`]), the panel's rows side by side, zeros where it has no more rows
/// - `importance`: (columns,), what an error counts in each, for weights of 4 bits; empty if all count alike
/// - `out`: [`Kind::panel_bytes`]
#[inline(always)]
pub(super) fn pack(kind: Kind, columns: usize, tile: &[f32], importance: &[f32], out: &mut [u8]) {
    let (scales, weights) = out.split_at_mut(kind.scale_bytes(columns));
    match kind {
        Kind::F32 => put(tile, weights, f32::to_le_bytes),
        Kind::F16 => put(tile, weights, |it| f16::from_f32(it).to_le_bytes()),
        Kind::Bf16 => put(tile, weights, |it| bf16::from_f32(it).to_le_bytes()),
        Kind::Q8 => {
            let blocks = tile.chunks(BLOCK * LANES).zip(weights.chunks_exact_mut(BLOCK * LANES));
            for ((block, weights), scales) in blocks.zip(scales.chunks_exact_mut(2 * LANES)) {
                let factors = pack_bytes(block, weights);
                put(&factors, scales, |it| f16::from_f32(it).to_le_bytes());
            }
        }
        Kind::Q4 => {
            let blocks = tile.chunks(BLOCK * LANES).zip(weights.chunks_exact_mut(BLOCK * LANES / 2));
            for (at, ((block, weights), scales)) in blocks.zip(scales.chunks_exact_mut(2 * LANES)).enumerate() {
                four::pack(block, importance.get(at * BLOCK..).unwrap_or_default(), weights, scales);
            }
        }
    }
}

#[inline(always)]
fn put<const N: usize>(numbers: &[f32], out: &mut [u8], bytes: impl Fn(f32) -> [u8; N]) {
    for (number, out) in numbers.iter().zip(out.as_chunks_mut::<N>().0) {
        *out = bytes(*number);
    }
}

/// Answers the scales: the largest magnitude becomes 127.
#[inline(always)]
fn pack_bytes(block: &[f32], out: &mut [u8]) -> [f32; LANES] {
    let mut largest = [0f32; LANES];
    let (rows, _) = block.as_chunks::<LANES>();
    for row in rows {
        for (largest, weight) in largest.iter_mut().zip(row) {
            *largest = largest.max(weight.abs());
        }
    }
    let inverse = largest.map(|it| if it > 0.0 { 127.0 / it } else { 0.0 });
    out.fill(128);
    for (column, row) in rows.iter().enumerate() {
        let start = column / 4 * 64 + column % 4;
        for lane in 0..LANES {
            // Halves to even: one instruction, where away from zero are several.
            out[start + lane * 4] = ((row[lane] * inverse[lane]).round_ties_even() + 128.0) as u8;
        }
    }
    largest.map(|it| it / 127.0)
}
