//! Brings the bytes of one tensor into the order in which they are written.
//!
//! Only whole elements are moved; no number is ever changed.
//!
//! Source: Megatron-LM's `checkpointing.py` (`fix_query_key_value_ordering`) for the row orders,
//! Hugging Face's `Conv1D` for the transposition.

use std::ops::Range;

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

/// A rectangle of a tensor of the checkpoint.
///
/// # Shapes
///
/// All three of one or two dimensions, and alike in that.
#[derive(Debug, Clone, Copy)]
pub struct Rectangle<'a> {
    /// The tensor's shape.
    pub whole: &'a [usize],
    /// The rectangle's first element.
    pub at: &'a [usize],
    /// The rectangle's shape.
    pub shape: &'a [usize],
}

impl Rectangle<'_> {
    /// Rows and columns; a vector is a column.
    fn rows_and_columns(&self) -> [(usize, usize); 3] {
        let pair = |of: &[usize], default: usize| {
            (of.first().copied().unwrap_or(default), of.get(1).copied().unwrap_or(default))
        };
        [pair(self.whole, 1), pair(self.at, 0), pair(self.shape, 1)]
    }

    /// Whether its rows are whole rows of the tensor.
    #[must_use]
    pub fn has_whole_rows(&self) -> bool {
        self.whole.get(1) == self.shape.get(1)
    }
}

/// Takes bytes and the element of the result at which they begin.
pub type Put<'a, E> = &'a mut dyn FnMut(usize, &[u8]) -> Result<(), E>;

impl Arrange {
    /// Whether a piece of whole rows can be written as it comes.
    #[must_use]
    pub fn keeps_order(self) -> bool {
        self == Self::Keep
    }

    /// Hands the bytes of a rectangle to `put`, run by run as they lie in the result.
    ///
    /// # Shapes
    ///
    /// - `bytes`: row-major elements of `size` bytes, of the rectangle's shape
    ///
    /// # Errors
    ///
    /// Those of `put`.
    pub fn place<E>(self, bytes: &[u8], size: usize, rectangle: Rectangle<'_>, put: Put<'_, E>) -> Result<(), E> {
        let [(whole_rows, whole_columns), (row, column), (rows, columns)] = rectangle.rows_and_columns();
        if bytes.is_empty() {
            return Ok(());
        }
        let target = |source: usize| match self {
            Self::Keep | Self::Transpose => source,
            Self::QkvWeight(order, heads) | Self::QkvBias(order, heads) => target_row(order, heads, whole_rows, source),
        };
        if self == Self::Keep {
            if rectangle.has_whole_rows() {
                return put(row * whole_columns, bytes);
            }
            let lines = bytes.chunks_exact(columns * size).enumerate();
            return lines.into_iter().try_for_each(|(at, line)| put((row + at) * whole_columns + column, line));
        }
        let targets: Vec<usize> = (row..row + rows).map(target).collect();
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_unstable_by_key(|&at| targets[at]);
        let across = transpose(bytes, columns, size, &order);
        let gaps = (1..rows).filter(|&at| targets[order[at]] != targets[order[at - 1]] + 1);
        let starts: Vec<usize> = [0].into_iter().chain(gaps).collect();
        if starts.len() == 1 && rows == whole_rows {
            return put(column * whole_rows, &across);
        }
        for (at, line) in across.chunks_exact(rows * size).enumerate() {
            for (index, &start) in starts.iter().enumerate() {
                let end = starts.get(index + 1).copied().unwrap_or(rows);
                put((column + at) * whole_rows + targets[order[start]], &line[start * size..end * size])?;
            }
        }
        Ok(())
    }
}

/// Where the file's row `source` belongs among all queries, all keys, all values.
fn target_row(order: QkvOrder, heads: usize, rows: usize, source: usize) -> usize {
    let width = rows / 3;
    let head_width = width / heads;
    let (head, within) = (source / (3 * head_width), source % (3 * head_width));
    let (kind, channel) = match order {
        QkvOrder::Blocks => return source,
        QkvOrder::Channels => (within % 3, within / 3),
        QkvOrder::Heads => (within / head_width, within % head_width),
    };
    kind * width + head * head_width + channel
}

/// Column `at` of the result is row `order[at]` of `source`.
fn transpose(source: &[u8], columns: usize, size: usize, order: &[usize]) -> Vec<u8> {
    let mut out = vec![0; source.len()];
    match size {
        2 => transpose_elements::<2>(source, &mut out, columns, order),
        _ => transpose_elements::<4>(source, &mut out, columns, order),
    }
    out
}

fn transpose_elements<const N: usize>(source: &[u8], out: &mut [u8], columns: usize, order: &[usize]) {
    // Squares small enough that both sides stay in the first cache.
    const SQUARE: usize = 64;
    let rows = order.len();
    let (source, _) = source.as_chunks::<N>();
    let (out, _) = out.as_chunks_mut::<N>();
    for first_row in (0..rows).step_by(SQUARE) {
        for first_column in (0..columns).step_by(SQUARE) {
            for row in first_row..rows.min(first_row + SQUARE) {
                let from = order[row] * columns;
                for column in first_column..columns.min(first_column + SQUARE) {
                    out[column * rows + row] = source[from + column];
                }
            }
        }
    }
}

/// Copies those elements of a tensor that lie in a run of its storage to their places in row-major order.
///
/// # Shapes
///
/// - `run`: whole elements of the storage, the first of them `from` elements after the tensor's first
/// - `out`: all elements of the tensor
///
/// # Panics
///
/// If `out` has not the tensor's length, or the run ends beyond its last element. That is a bug here, never a bad file.
pub fn collect(tensor: &Tensor, from: usize, run: &[u8], out: &mut [u8]) {
    let size = tensor.dtype.size();
    if tensor.is_contiguous() {
        out[from * size..][..run.len()].copy_from_slice(run);
        return;
    }
    let (mut axes, mut step) = (Vec::new(), 1);
    for (&length, &stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
        if length != 1 {
            axes.push(Axis { length, stride, step, rest: 0 });
        }
        step *= length;
    }
    if step == 0 {
        return;
    }
    // Neighbours in the storage come one after the other.
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.stride));
    let mut rest = 0;
    for axis in axes.iter_mut().rev() {
        axis.rest = rest;
        rest += (axis.length - 1) * axis.stride;
    }
    let run_of = from..from + run.len() / size;
    visit(&axes, (0, 0), &run_of, &mut |at, place, count| {
        let bytes = &run[(at - from) * size..][..count * size];
        out[place * size..][..count * size].copy_from_slice(bytes);
    });
}

/// A dimension of a tensor, all distances in elements.
struct Axis {
    length: usize,
    /// From one index to the next in the storage.
    stride: usize,
    /// The same in row-major order.
    step: usize,
    /// How far the dimensions of smaller strides reach in the storage.
    rest: usize,
}

/// Tells of every element within `run`: its place in the storage and in row-major order, and how many follow it in both.
fn visit(axes: &[Axis], (at, place): (usize, usize), run: &Range<usize>, tell: &mut dyn FnMut(usize, usize, usize)) {
    let Some((outer, inner)) = axes.split_first() else {
        if run.contains(&at) {
            tell(at, place, 1);
        }
        return;
    };
    if run.end <= at {
        return;
    }
    // The indices whose elements can lie in the run; with a stride of nought each of them.
    let first = match outer.stride {
        0 => 0,
        stride => run.start.saturating_sub(at + outer.rest).div_ceil(stride),
    };
    let last = (run.end - 1 - at).checked_div(outer.stride).unwrap_or(usize::MAX).min(outer.length - 1);
    if first > last {
        return;
    }
    if inner.is_empty() && (outer.stride, outer.step) == (1, 1) {
        tell(at + first, place + first, last + 1 - first);
        return;
    }
    for index in first..=last {
        visit(inner, (at + index * outer.stride, place + index * outer.step), run, tell);
    }
}

#[cfg(test)]
mod tests;
