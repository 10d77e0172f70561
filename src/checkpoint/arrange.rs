//! Brings the bytes of one tensor into the order in which they are written.
//!
//! Only whole elements are moved; no number is ever changed.
//!
//! Source: Megatron-LM's `checkpointing.py` (`fix_query_key_value_ordering`) for the row orders,
//! Hugging Face's `Conv1D` for the transposition.

use super::tensors::Tensor;

/// The order of the rows of Megatron's joint query, key and value matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkvOrder {
    /// `checkpoint_version` 0, and GPT-2: all queries, all keys, all values.
    Blocks,
    /// Version 1: query, key and value of one channel side by side.
    Channels,
    /// Versions 2 and 3: per head its queries, keys and values.
    Heads,
}

/// What is done to a source tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrange {
    /// Nothing; of a taller tensor only the first rows are taken.
    Keep,
    /// Rows become columns.
    Transpose,
    /// Rows are brought into the order of [`QkvOrder::Blocks`]; then rows become columns.
    QkvWeight(QkvOrder, usize),
    /// The same for a vector. The number is that of the heads.
    QkvBias(QkvOrder, usize),
}

impl Arrange {
    /// Whether the bytes written are a beginning of the bytes read.
    #[must_use]
    pub fn is_prefix(self) -> bool {
        self == Self::Keep
    }

    /// Arranges the contiguous bytes of a tensor.
    ///
    /// # Shapes
    ///
    /// - `bytes`: row-major elements of `size` bytes, of shape `shape`: one or two dimensions
    #[must_use]
    pub fn apply(self, bytes: Vec<u8>, shape: &[usize], size: usize) -> Vec<u8> {
        let rows = shape.first().copied().unwrap_or(1);
        let columns = shape.get(1).copied().unwrap_or(1);
        match self {
            Self::Keep | Self::QkvBias(QkvOrder::Blocks, _) => bytes,
            Self::Transpose | Self::QkvWeight(QkvOrder::Blocks, _) => transpose(&bytes, rows, columns, size, |row| row),
            Self::QkvWeight(order, heads) => {
                transpose(&bytes, rows, columns, size, |row| source_row(order, heads, rows, row))
            }
            Self::QkvBias(order, heads) => transpose(&bytes, rows, 1, size, |row| source_row(order, heads, rows, row)),
        }
    }
}

/// The row of the file that belongs at `row` of all queries, all keys, all values.
fn source_row(order: QkvOrder, heads: usize, rows: usize, row: usize) -> usize {
    let width = rows / 3;
    let head_width = width / heads;
    let (kind, within) = (row / width, row % width);
    let (head, channel) = (within / head_width, within % head_width);
    match order {
        QkvOrder::Blocks => row,
        QkvOrder::Channels => head * head_width * 3 + channel * 3 + kind,
        QkvOrder::Heads => head * 3 * head_width + kind * head_width + channel,
    }
}

/// Element (`row`, `column`) of the result's transpose is (`row_of(row)`, `column`) of `source`.
fn transpose(source: &[u8], rows: usize, columns: usize, size: usize, row_of: impl Fn(usize) -> usize) -> Vec<u8> {
    let mut out = vec![0; source.len()];
    match size {
        2 => transpose_elements::<2>(source, &mut out, rows, columns, row_of),
        _ => transpose_elements::<4>(source, &mut out, rows, columns, row_of),
    }
    out
}

fn transpose_elements<const N: usize>(
    source: &[u8],
    out: &mut [u8],
    rows: usize,
    columns: usize,
    row_of: impl Fn(usize) -> usize,
) {
    // Squares small enough that both sides stay in the first cache.
    const SQUARE: usize = 64;
    let (source, _) = source.as_chunks::<N>();
    let (out, _) = out.as_chunks_mut::<N>();
    for first_row in (0..rows).step_by(SQUARE) {
        for first_column in (0..columns).step_by(SQUARE) {
            for row in first_row..rows.min(first_row + SQUARE) {
                let from = row_of(row) * columns;
                for column in first_column..columns.min(first_column + SQUARE) {
                    out[column * rows + row] = source[from + column];
                }
            }
        }
    }
}

/// Copies a tensor's elements into row-major order out of the bytes it spans.
///
/// # Shapes
///
/// - `span`: the storage's bytes from the tensor's first element to its last
///
/// # Panics
///
/// If `span` is shorter than [`Tensor::span`] says. That is a bug here, never a bad file.
#[must_use]
pub fn gather(span: Vec<u8>, tensor: &Tensor) -> Vec<u8> {
    if tensor.is_contiguous() {
        return span;
    }
    let size = tensor.dtype.size();
    let numel = tensor.numel();
    let mut out = Vec::with_capacity(numel * size);
    let mut index = vec![0; tensor.shape.len()];
    let mut at = 0;
    for _ in 0..numel {
        out.extend_from_slice(&span[at * size..(at + 1) * size]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            at += tensor.strides[axis];
            if index[axis] < tensor.shape[axis] {
                break;
            }
            at -= tensor.strides[axis] * tensor.shape[axis];
            index[axis] = 0;
        }
    }
    out
}
