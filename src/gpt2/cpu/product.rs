//! Products of packed matrices with the activations of one or many tokens.

#![allow(unsafe_code, reason = "kernels")]
#![allow(clippy::needless_range_loop, reason = "sums stay in registers where indices are known")]
#![allow(clippy::cast_ptr_alignment, reason = "what is read through these is read at any alignment")]

use super::four::LARGER;
use super::grouped::{Input, Quantized, groups};
use super::lanes::{LANES, Lanes};
use super::math::gelu;
use super::matrix::{BLOCK, Kind, Matrix};
use super::pool::Shareable;
use crate::checkpoint::Activation;

/// Where a tile's tokens are.
#[derive(Clone, Copy)]
struct Tokens {
    /// The first of the group.
    first: usize,
    /// How many the group has, G.
    group: usize,
    /// Where in the group the tile begins.
    at: usize,
}

/// What becomes of a product.
#[derive(Clone, Copy)]
pub(super) enum Finish<'a> {
    /// It is the result.
    Plain,
    /// A bias, (rows,), is added.
    Bias(&'a [f32]),
    /// A bias is added, then the activation function taken.
    Activation(&'a [f32], Activation),
    /// With the bias it is added to what is there.
    Add(&'a [f32]),
}

/// One product: `out[t][r] = finish(Σ input[t][c] · matrix[r][c])`.
pub(super) struct Product<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) input: Input<'a>,
    /// T.
    pub(super) tokens: usize,
    /// (T, rows).
    pub(super) out: Shareable<f32>,
    pub(super) finish: Finish<'a>,
}

impl Product<'_> {
    /// Computes panels `first..last` for all tokens.
    ///
    /// # Safety
    ///
    /// The processor has what `L` needs, `out` points to (T, rows) floats, no other thread has the same panels, and
    /// the input is of the matrix's kind, with T rows of its columns.
    #[inline(always)]
    pub(super) unsafe fn panels<L: Lanes>(&self, first: usize, last: usize) {
        let mut index = first;
        while index < last {
            // Two panels at a time read the activations half as often, if there are registers for their sums.
            let pair = L::ROOMY && self.tokens >= 4 && index + 1 < last;
            for (first, group) in groups(self.tokens) {
                let tokens = Tokens { first, group, at: 0 };
                // SAFETY: the caller's promises; tokens stay below T.
                unsafe {
                    match (group, pair) {
                        (12, true) => self.tile::<L, 12, 2>(index, tokens),
                        (8, true) => self.tile::<L, 8, 2>(index, tokens),
                        (4, true) => self.tile::<L, 4, 2>(index, tokens),
                        (_, true) => {
                            self.tile::<L, 1, 1>(index, tokens);
                            self.tile::<L, 1, 1>(index + 1, tokens);
                        }
                        (12, false) if L::ROOMY => self.tile::<L, 12, 1>(index, tokens),
                        (1, false) => self.tile::<L, 1, 1>(index, tokens),
                        (_, false) => {
                            for at in (0..group).step_by(4) {
                                self.tile::<L, 4, 1>(index, Tokens { at, ..tokens });
                            }
                        }
                    }
                }
            }
            index += if pair { 2 } else { 1 };
        }
    }

    /// `P` panels with `M` tokens.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const M: usize, const P: usize>(&self, index: usize, tokens: Tokens) {
        let columns = self.matrix.columns;
        let mut panels: [&[u8]; P] = [&[]; P];
        for at in 0..P {
            panels[at] = self.matrix.panel(index + at);
        }
        // SAFETY: a panel has all columns, the input all columns of the tile's tokens.
        let sums = unsafe {
            match (self.input, self.matrix.kind) {
                (Input::Floats(x), Kind::F32) => {
                    floats::<L, M, P>(panels, 4, columns, x, tokens, |at| L::load(at.cast()))
                }
                (Input::Floats(x), Kind::F16) => {
                    floats::<L, M, P>(panels, 2, columns, x, tokens, |at| L::load_f16(at.cast()))
                }
                (Input::Floats(x), Kind::Bf16) => {
                    floats::<L, M, P>(panels, 2, columns, x, tokens, |at| L::load_bf16(at.cast()))
                }
                (Input::Bytes(x), Kind::Q8) => blocks::<L, false, M, P>(panels, columns, x, tokens),
                (Input::Bytes(x), Kind::Q4) => blocks::<L, true, M, P>(panels, columns, x, tokens),
                _ => return,
            }
        };
        for at in 0..P {
            // SAFETY: the caller's promises.
            unsafe { self.put::<L, M>(index + at, tokens.first + tokens.at, sums[at]) }
        }
    }

    /// Finishes a panel's results of some tokens and writes them.
    #[inline(always)]
    unsafe fn put<L: Lanes, const M: usize>(&self, index: usize, token: usize, sums: [L::F; M]) {
        let rows = self.matrix.rows;
        let row = index * LANES;
        let width = LANES.min(rows - row);
        for m in 0..M {
            let sum = sums[m];
            // SAFETY: `width` numbers of this token's row, which no other panel has.
            unsafe {
                let out = self.out.at((token + m) * rows + row);
                if width == LANES {
                    let there = if matches!(self.finish, Finish::Add(_)) { L::load(out) } else { L::splat(0.0) };
                    L::store(out, self.finished::<L>(sum, row, |bias| L::load(bias.as_ptr()), there));
                } else {
                    let mut part = [0f32; LANES];
                    std::ptr::copy_nonoverlapping(out, part.as_mut_ptr(), width);
                    let there = L::load(part.as_ptr());
                    let few = |bias: &[f32]| {
                        let mut part = [0f32; LANES];
                        part[..width].copy_from_slice(&bias[..width]);
                        L::load(part.as_ptr())
                    };
                    L::store(part.as_mut_ptr(), self.finished::<L>(sum, row, few, there));
                    std::ptr::copy_nonoverlapping(part.as_ptr(), out, width);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finished<L: Lanes>(&self, sum: L::F, row: usize, load: impl Fn(&[f32]) -> L::F, there: L::F) -> L::F {
        // SAFETY: the caller's promise; a bias has a number for each row.
        unsafe {
            match self.finish {
                Finish::Plain => sum,
                Finish::Bias(bias) => L::add(sum, load(&bias[row..])),
                Finish::Activation(bias, function) => gelu::<L>(L::add(sum, load(&bias[row..])), function),
                Finish::Add(bias) => L::add(there, L::add(sum, load(&bias[row..]))),
            }
        }
    }
}

/// Parts that a row's sum of floats is made of: column c belongs to part c mod 4, and each part is summed in the order
/// of its columns. It is the same for one token and for many, so that a text has one set of scores whoever reads it.
const PARTS: usize = 4;

/// Bytes of a row that are worked on before the next: sixteen rows of two panels stay in the nearest cache. A multiple of
/// [`PARTS`] times any number's size.
const NEAR: usize = 512;

#[inline(always)]
unsafe fn floats<L: Lanes, const M: usize, const P: usize>(
    panels: [&[u8]; P],
    size: usize,
    columns: usize,
    x: &[f32],
    tokens: Tokens,
    load: impl Fn(*const u8) -> L::F,
) -> [[L::F; M]; P] {
    debug_assert!(panels.iter().all(|it| it.len() >= columns * LANES * size));
    debug_assert!(x.len() >= (tokens.first + tokens.group) * columns && tokens.at + M <= tokens.group);
    // SAFETY: as asserted; prefetching may reach over the end.
    unsafe {
        let x = x.as_ptr().add(tokens.first * columns + tokens.at);
        let step = LANES * size;
        let mut parts = [[[L::splat(0.0); M]; P]; PARTS];
        if M == 1 {
            // One token has registers for all parts at once, so that no addition waits for the one before it.
            let whole = columns / PARTS * PARTS;
            for at in 0..P {
                let mut sums = [L::splat(0.0); PARTS];
                let mut weights = panels[at].as_ptr();
                for column in (0..whole).step_by(PARTS) {
                    for (part, sum) in sums.iter_mut().enumerate() {
                        L::prefetch(weights.wrapping_add(step * part));
                        let x = L::splat(*x.add((column + part) * tokens.group));
                        *sum = L::mul_add(load(weights.add(step * part)), x, *sum);
                    }
                    weights = weights.add(step * PARTS);
                }
                for column in whole..columns {
                    let x = L::splat(*x.add(column * tokens.group));
                    sums[column % PARTS] = L::mul_add(load(weights), x, sums[column % PARTS]);
                    weights = weights.add(step);
                }
                for part in 0..PARTS {
                    parts[part][at][0] = sums[part];
                }
            }
        } else {
            // Many tokens have sums enough side by side, and registers for one part at a time: stretch by stretch, so that
            // the others find the weights near.
            let stretch = NEAR / size;
            for start in (0..columns).step_by(stretch) {
                let end = columns.min(start + stretch);
                for part in 0..PARTS {
                    let mut sums = parts[part];
                    for column in (start + part..end).step_by(PARTS) {
                        let mut weights = [L::splat(0.0); P];
                        for at in 0..P {
                            let from = panels[at].as_ptr().add(step * column);
                            if M <= 4 {
                                L::prefetch(from);
                            }
                            weights[at] = load(from);
                        }
                        for m in 0..M {
                            let x = L::splat(*x.add(column * tokens.group + m));
                            for at in 0..P {
                                sums[at][m] = L::mul_add(weights[at], x, sums[at][m]);
                            }
                        }
                    }
                    parts[part] = sums;
                }
            }
        }
        let mut sums = parts[0];
        for at in 0..P {
            for m in 0..M {
                sums[at][m] =
                    L::add(L::add(parts[0][at][m], parts[1][at][m]), L::add(parts[2][at][m], parts[3][at][m]));
            }
        }
        sums
    }
}

/// A panel of 8 or 4 bits: where its scales begin and where its weights.
#[derive(Clone, Copy)]
struct Blocks {
    scales: *const u16,
    weights: *const u8,
}

impl Blocks {
    /// # Safety
    ///
    /// It is a panel of that kind and so many columns.
    #[inline(always)]
    unsafe fn of(panel: &[u8], kind: Kind, columns: usize) -> Self {
        debug_assert!(panel.len() >= kind.panel_bytes(columns));
        // SAFETY: the caller's promise.
        let weights = unsafe { panel.as_ptr().add(kind.scale_bytes(columns)) };
        Self { scales: panel.as_ptr().cast(), weights }
    }
}

/// A tile's activations in 8 bits.
#[derive(Clone, Copy)]
struct Bytes {
    values: *const i32,
    scales: *const f32,
    sums: *const i32,
}

impl Bytes {
    /// # Safety
    ///
    /// The tokens are there, with so many blocks each.
    #[inline(always)]
    unsafe fn of(x: &Quantized, blocks: usize, tokens: Tokens) -> Self {
        let Tokens { first, group, at } = tokens;
        debug_assert!(
            x.values.len() >= (first + group) * blocks * BLOCK / 4 && x.scales.len() >= (first + group) * blocks
        );
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                values: x.values.as_ptr().add(first * blocks * BLOCK / 4 + at),
                scales: x.scales.as_ptr().add(first * blocks + at),
                sums: x.sums.as_ptr().add(first * blocks + at),
            }
        }
    }
}

/// Adds a block's sums, scaled by the weights' and the activations' steps, to the others'.
///
/// # Safety
///
/// The block is there, of a tile of `M` tokens.
#[inline(always)]
unsafe fn scaled<L: Lanes, const NIBBLES: bool, const M: usize, const P: usize>(
    sums: &mut [[L::F; M]; P],
    whole: [[L::I; M]; P],
    panels: [Blocks; P],
    x: Bytes,
    (block, group): (usize, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        for at in 0..P {
            let scales = panels[at].scales.add(block * LANES);
            let scale = L::load_f16(scales);
            for m in 0..M {
                let mut total = L::to_float(whole[at][m]);
                let mut step = *x.scales.add(block * group + m);
                if NIBBLES {
                    // Whole numbers below 2 to the 24th, which nothing rounds.
                    let sum = *x.sums.add(block * group + m) as f32;
                    total = L::mul_add(L::offsets(scales), L::splat(sum), total);
                    step *= 1.0 / LARGER;
                }
                sums[at][m] = L::mul_add(total, L::mul(scale, L::splat(step)), sums[at][m]);
            }
        }
    }
}

/// Panels of 8 bits, or of 4 if `NIBBLES`, with the activations of `M` tokens.
///
/// # Safety
///
/// The panels are of that kind, and the tokens are there.
#[inline(always)]
unsafe fn blocks<L: Lanes, const NIBBLES: bool, const M: usize, const P: usize>(
    panels: [&[u8]; P],
    columns: usize,
    x: &Quantized,
    tokens: Tokens,
) -> [[L::F; M]; P] {
    // Bytes of a block's weights.
    let (kind, size) = if NIBBLES { (Kind::Q4, BLOCK / 2 * LANES) } else { (Kind::Q8, BLOCK * LANES) };
    let (blocks, group) = (columns.div_ceil(BLOCK), tokens.group);
    // SAFETY: the caller's promises; prefetching may reach over the end.
    unsafe {
        let mut of = [Blocks { scales: std::ptr::null(), weights: std::ptr::null() }; P];
        for at in 0..P {
            of[at] = Blocks::of(panels[at], kind, columns);
        }
        let x = Bytes::of(x, blocks, tokens);
        let mut sums = [[L::splat(0.0); M]; P];
        for block in 0..blocks {
            let mut whole = [[L::begin_bytes(0); M]; P];
            for m in 0..M {
                let sum = *x.sums.add(block * group + m);
                let start = if NIBBLES { L::begin_nibbles(sum) } else { L::begin_bytes(sum) };
                for at in 0..P {
                    whole[at][m] = start;
                }
            }
            let mut weights = [std::ptr::null(); P];
            for at in 0..P {
                weights[at] = of[at].weights.add(block * size);
            }
            L::block::<NIBBLES, M, P>(&mut whole, weights, x.values.add(block * (BLOCK / 4) * group), group);
            scaled::<L, NIBBLES, M, P>(&mut sums, whole, of, x, (block, group));
        }
        sums
    }
}
