//! Products of packed matrices with the activations of one or many tokens.

#![allow(unsafe_code, reason = "kernels")]
#![allow(clippy::cast_ptr_alignment, reason = "what is read through these is read at any alignment")]

use super::lanes::{LANES, Lanes};
use super::math::gelu;
use super::matrix::{BLOCK, Kind, Matrix};
use super::pool::Shareable;
use crate::checkpoint::Activation;

/// Activations, (T, C), brought to 8 bits in blocks of [`BLOCK`].
#[derive(Default)]
pub(super) struct Quantized {
    /// (T, C), C filled up with zeros to whole blocks.
    pub(super) values: Vec<i8>,
    /// (T, blocks): one step of the values.
    pub(super) scales: Vec<f32>,
    /// (T, blocks): the sum of the values.
    pub(super) sums: Vec<i32>,
}

impl Quantized {
    /// Makes room for `tokens` rows of `columns`.
    pub(super) fn resize(&mut self, tokens: usize, columns: usize) {
        let blocks = columns.div_ceil(BLOCK);
        self.values.resize(tokens * blocks * BLOCK, 0);
        self.scales.resize(tokens * blocks, 0.0);
        self.sums.resize(tokens * blocks, 0);
    }
}

/// What a matrix is multiplied with.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// (T, C).
    Floats(&'a [f32]),
    /// The same in 8 bits, for matrices of 8 and 4 bits.
    Bytes(&'a Quantized),
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
        for index in first..last {
            let mut token = 0;
            // SAFETY: the caller's promises; tokens stay below T.
            unsafe {
                while token + 12 <= self.tokens {
                    self.tile::<L, 12>(index, token);
                    token += 12;
                }
                if token + 8 <= self.tokens {
                    self.tile::<L, 8>(index, token);
                    token += 8;
                }
                if token + 4 <= self.tokens {
                    self.tile::<L, 4>(index, token);
                    token += 4;
                }
                while token < self.tokens {
                    self.tile::<L, 1>(index, token);
                    token += 1;
                }
            }
        }
    }

    /// One panel with `M` tokens.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const M: usize>(&self, index: usize, token: usize) {
        let columns = self.matrix.columns;
        let panel = self.matrix.panel(index);
        // SAFETY: a panel has all columns, the input all columns of `token + M` tokens.
        let sums = unsafe {
            match (self.input, self.matrix.kind) {
                (Input::Floats(x), Kind::F32) => floats::<L, M>(panel, 4, columns, x, token, |at| L::load(at.cast())),
                (Input::Floats(x), Kind::F16) => {
                    floats::<L, M>(panel, 2, columns, x, token, |at| L::load_f16(at.cast()))
                }
                (Input::Floats(x), Kind::Bf16) => {
                    floats::<L, M>(panel, 2, columns, x, token, |at| L::load_bf16(at.cast()))
                }
                (Input::Bytes(x), Kind::Q8) => bytes::<L, M>(panel, columns, x, token),
                (Input::Bytes(x), Kind::Q4) => nibbles::<L, M>(panel, columns, x, token),
                _ => return,
            }
        };
        let rows = self.matrix.rows;
        let row = index * LANES;
        let width = LANES.min(rows - row);
        for (m, sum) in sums.into_iter().enumerate() {
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

/// How far ahead of the product the panel is asked for, in bytes: about what one core has under way.
const AHEAD: usize = 4096;

#[inline(always)]
unsafe fn floats<L: Lanes, const M: usize>(
    panel: &[u8],
    size: usize,
    columns: usize,
    x: &[f32],
    token: usize,
    load: impl Fn(*const u8) -> L::F,
) -> [L::F; M] {
    debug_assert!(panel.len() >= columns * LANES * size && x.len() >= (token + M) * columns);
    // SAFETY: as asserted; prefetching may reach over the end.
    unsafe {
        let x = x.as_ptr().add(token * columns);
        let mut weights = panel.as_ptr();
        let step = LANES * size;
        let zero = L::splat(0.0);
        if M == 1 {
            // Four sums, since each addition waits for the one before it.
            let mut sums = [zero; 4];
            let whole = columns / 4 * 4;
            for column in (0..whole).step_by(4) {
                for (at, sum) in sums.iter_mut().enumerate() {
                    L::prefetch(weights.wrapping_add(AHEAD + step * at));
                    *sum = L::mul_add(load(weights.add(step * at)), L::splat(*x.add(column + at)), *sum);
                }
                weights = weights.add(step * 4);
            }
            for column in whole..columns {
                sums[0] = L::mul_add(load(weights), L::splat(*x.add(column)), sums[0]);
                weights = weights.add(step);
            }
            return [L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])); M];
        }
        let mut sums = [zero; M];
        for column in 0..columns {
            if M <= 4 {
                L::prefetch(weights.wrapping_add(AHEAD));
            }
            let weight = load(weights);
            for (m, sum) in sums.iter_mut().enumerate() {
                *sum = L::mul_add(weight, L::splat(*x.add(m * columns + column)), *sum);
            }
            weights = weights.add(step);
        }
        sums
    }
}

#[inline(always)]
unsafe fn bytes<L: Lanes, const M: usize>(panel: &[u8], columns: usize, x: &Quantized, token: usize) -> [L::F; M] {
    let blocks = columns.div_ceil(BLOCK);
    let scale_bytes = Kind::Q8.scale_bytes(columns);
    debug_assert!(panel.len() >= scale_bytes + blocks * BLOCK * LANES);
    debug_assert!(x.values.len() >= (token + M) * blocks * BLOCK && x.scales.len() >= (token + M) * blocks);
    // SAFETY: as asserted; prefetching may reach over the end.
    unsafe {
        let mut scales = panel.as_ptr().cast::<u16>();
        let mut weights = panel.as_ptr().add(scale_bytes);
        let values = x.values.as_ptr().add(token * blocks * BLOCK).cast::<i32>();
        let steps = x.scales.as_ptr().add(token * blocks);
        let corrections = x.sums.as_ptr().add(token * blocks);
        let mut sums = [L::splat(0.0); M];
        for block in 0..blocks {
            let mut whole = [L::begin_bytes(0); M];
            for (m, whole) in whole.iter_mut().enumerate() {
                *whole = L::begin_bytes(*corrections.add(m * blocks + block));
            }
            for four in 0..BLOCK / 4 {
                if M <= 4 {
                    L::prefetch(weights.wrapping_add(AHEAD));
                }
                for (m, whole) in whole.iter_mut().enumerate() {
                    let x = values.add((m * blocks + block) * (BLOCK / 4) + four).read_unaligned();
                    *whole = L::dot_bytes(*whole, weights, x);
                }
                weights = weights.add(4 * LANES);
            }
            let scale = L::load_f16(scales);
            scales = scales.add(LANES);
            for (m, sum) in sums.iter_mut().enumerate() {
                let step = L::mul(scale, L::splat(*steps.add(m * blocks + block)));
                *sum = L::mul_add(L::to_float(whole[m]), step, *sum);
            }
        }
        sums
    }
}

#[inline(always)]
unsafe fn nibbles<L: Lanes, const M: usize>(panel: &[u8], columns: usize, x: &Quantized, token: usize) -> [L::F; M] {
    let blocks = columns.div_ceil(BLOCK);
    let scale_bytes = Kind::Q4.scale_bytes(columns);
    debug_assert!(panel.len() >= scale_bytes + blocks * BLOCK * LANES / 2);
    debug_assert!(x.values.len() >= (token + M) * blocks * BLOCK && x.scales.len() >= (token + M) * blocks);
    // SAFETY: as asserted; prefetching may reach over the end.
    unsafe {
        let mut scales = panel.as_ptr().cast::<u16>();
        let mut weights = panel.as_ptr().add(scale_bytes);
        let values = x.values.as_ptr().add(token * blocks * BLOCK).cast::<i32>();
        let steps = x.scales.as_ptr().add(token * blocks);
        let corrections = x.sums.as_ptr().add(token * blocks);
        let mut sums = [L::splat(0.0); M];
        for block in 0..blocks {
            let mut whole = [L::begin_nibbles(0); M];
            for (m, whole) in whole.iter_mut().enumerate() {
                *whole = L::begin_nibbles(*corrections.add(m * blocks + block));
            }
            for four in 0..BLOCK / 8 {
                if M <= 4 {
                    L::prefetch(weights.wrapping_add(AHEAD));
                }
                for (m, whole) in whole.iter_mut().enumerate() {
                    let x = values.add((m * blocks + block) * (BLOCK / 4) + four);
                    *whole = L::dot_nibbles(*whole, weights, x.read_unaligned(), x.add(4).read_unaligned());
                }
                weights = weights.add(4 * LANES);
            }
            let scale = L::load_f16(scales);
            scales = scales.add(LANES);
            for (m, sum) in sums.iter_mut().enumerate() {
                let step = L::mul(scale, L::splat(*steps.add(m * blocks + block)));
                *sum = L::mul_add(L::to_float(whole[m]), step, *sum);
            }
        }
        sums
    }
}
