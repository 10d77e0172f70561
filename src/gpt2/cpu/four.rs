//! Weights of 4 bits: sixteen levels that lie closer where weights are many, moved by one of four offsets, times a scale.
//!
//! A weight is `(LEVELS[code] + OFFSETS[shift]) * scale / 128`. A block of 32 weights has one scale, a half with a sign,
//! whose lowest two bits are its shift: the levels are not symmetric, and with sign and shift there are eight sets of them. A
//! product with 8-bit activations is the levels' product and the offset times the activations' sum, both whole numbers.
//!
//! The scale is the one that errs least of some that are tried: for each the codes are found, and then what scale suits them
//! best, which is least squares. Errors count as much as their column does: behind a layer norm those are large that have a
//! large gain or bias.
//!
//! The levels were fitted to blocks of normal numbers, by Lloyd's and Max's rule with the offsets as a part of it; they know no
//! text and no model.

use half::f16;

use super::lanes::LANES;

/// What a code stands for.
pub(super) const LEVELS: [i8; 16] = [-127, -103, -81, -64, -48, -35, -22, -9, 3, 15, 28, 41, 56, 72, 93, 127];

/// What is added to every level of a block, by the lowest bits of its scale.
pub(super) const OFFSETS: [f32; 4] = [-9.0, -3.0, 1.0, 6.0];

/// Scales are held so many times larger, so that those of small weights keep their digits.
pub(super) const LARGER: f32 = 128.0;

/// What is tried: a shift, and where the weight of the largest magnitude comes to stand, as a part of 127. Those that are best
/// most often come first.
const TRIED: [(usize, f32); 8] =
    [(3, 1.05), (0, -1.1), (1, -1.05), (2, 1.05), (2, -1.0), (1, 1.0), (3, -0.95), (0, -1.05)];

/// Halfway between each level and the next.
const BETWEEN: [f32; 15] = {
    let mut all = [0.0; 15];
    let mut at = 0;
    while at < 15 {
        all[at] = f32::midpoint(LEVELS[at] as f32, LEVELS[at + 1] as f32);
        at += 1;
    }
    all
};

type Row = [f32; LANES];

/// The offset that a scale's bits name.
pub(super) fn offset(scale: f16) -> f32 {
    OFFSETS[usize::from(scale.to_bits() & 3)]
}

/// Packs a block of at most [`BLOCK`](super::matrix::BLOCK) columns of sixteen rows.
///
/// # Shapes
///
/// - `block`: (columns, [`LANES`])
/// - `importance`: (columns,), what the square of an error counts in each, above 0; empty if all count alike
/// - `weights`: 16 bytes a row: for each four columns below 16 four bytes a row, whose upper halves are the columns 16 further
/// - `scales`: ([`LANES`],), halves
#[inline(always)]
pub(super) fn pack(block: &[f32], importance: &[f32], weights: &mut [u8], scales: &mut [u8]) {
    let (rows, _) = block.as_chunks::<LANES>();
    let scale_of = scales_of(rows, importance);
    let mut inverse = [0.0; LANES];
    let mut moved = [0.0; LANES];
    for lane in 0..LANES {
        let scale = scale_of[lane].to_f32() / LARGER;
        inverse[lane] = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        moved[lane] = offset(scale_of[lane]);
    }
    weights.fill(0);
    for (column, row) in rows.iter().enumerate() {
        let (low, shift) = (column % 16, if column < 16 { 0 } else { 4 });
        let start = low / 4 * 64 + low % 4;
        let mut codes = [0_u32; LANES];
        for border in BETWEEN {
            for lane in 0..LANES {
                codes[lane] += u32::from(row[lane] * inverse[lane] - moved[lane] > border);
            }
        }
        for lane in 0..LANES {
            weights[start + lane * 4] |= (codes[lane] as u8) << shift;
        }
    }
    for (scale, out) in scale_of.iter().zip(scales.as_chunks_mut::<2>().0) {
        *out = scale.to_le_bytes();
    }
}

/// The scale of each row, with its shift.
#[inline(always)]
fn scales_of(rows: &[Row], importance: &[f32]) -> [f16; LANES] {
    let mut largest = [0.0_f32; LANES];
    for row in rows {
        for lane in 0..LANES {
            largest[lane] = if row[lane].abs() > largest[lane].abs() { row[lane] } else { largest[lane] };
        }
    }
    let (mut best, mut scales, mut shifts) = ([0.0; LANES], [0.0; LANES], [0_u16; LANES]);
    for (shift, part) in TRIED {
        let inverse = largest.map(|it| if it == 0.0 { 0.0 } else { 127.0 * part / it });
        // With the best scale for these levels the error is as much less as this is more.
        let (xy, xx) = fit(rows, importance, inverse, OFFSETS[shift]);
        for lane in 0..LANES {
            let gain = xy[lane] * xy[lane] / xx[lane];
            if gain > best[lane] && largest[lane] != 0.0 {
                best[lane] = gain;
                scales[lane] = xy[lane] / xx[lane];
                shifts[lane] = shift as u16;
            }
        }
    }
    let mut all = [f16::ZERO; LANES];
    for lane in 0..LANES {
        all[lane] = with_shift(scales[lane] * LARGER, shifts[lane]);
    }
    all
}

/// The sums of weight times level, and of level times level, each as much as its column counts.
#[inline(always)]
fn fit(rows: &[Row], importance: &[f32], inverse: Row, offset: f32) -> (Row, Row) {
    let (mut xy, mut xx) = ([0.0; LANES], [0.0; LANES]);
    for (column, row) in rows.iter().enumerate() {
        let counts = importance.get(column).copied().unwrap_or(1.0);
        let mut level = [f32::from(LEVELS[0]) + offset; LANES];
        for (at, border) in BETWEEN.iter().enumerate() {
            let step = f32::from(LEVELS[at + 1]) - f32::from(LEVELS[at]);
            for lane in 0..LANES {
                let is_above = row[lane] * inverse[lane] - offset > *border;
                level[lane] += if is_above { step } else { 0.0 };
            }
        }
        for lane in 0..LANES {
            xy[lane] += counts * level[lane] * row[lane];
            xx[lane] += counts * level[lane] * level[lane];
        }
    }
    (xy, xx)
}

/// The half that is nearest to a scale of those whose lowest bits are the shift.
fn with_shift(scale: f32, shift: u16) -> f16 {
    /// Above this there is no number.
    const MOST: u16 = 0x7bfc;
    if scale == 0.0 {
        return f16::ZERO;
    }
    let bits = (f16::from_f32(scale).to_bits() & !3) | shift;
    let (sign, size) = (bits & 0x8000, bits & 0x7fff);
    let nearest = [size.saturating_sub(4), size, size + 4]
        .into_iter()
        .filter(|it| it & 3 == shift)
        .map(|it| f16::from_bits(sign | it.min(MOST | shift)))
        .min_by(|a, b| (a.to_f32() - scale).abs().total_cmp(&(b.to_f32() - scale).abs()));
    nearest.unwrap_or(f16::ZERO)
}

/// The weight of a code in a block of that scale.
pub(super) fn weight(code: u8, scale: f16) -> f32 {
    (f32::from(LEVELS[usize::from(code & 15)]) + offset(scale)) * (scale.to_f32() / LARGER)
}

#[cfg(test)]
mod tests;
