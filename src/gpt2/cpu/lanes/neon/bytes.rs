//! Products of bytes, in the three ways that processors with NEON have.
//!
//! All of them work on a register's sixteen bytes as four rows of four columns. Integers do not round, so that the order
//! of these sums is free: one token has two of them under way, so that an addition waits less for the one before.

use std::arch::aarch64::*;
use std::arch::asm;

use super::{Whole, prefetch};
use crate::gpt2::cpu::four::LEVELS;
use crate::gpt2::cpu::lanes::LANES;
use crate::gpt2::cpu::matrix::BLOCK;

/// Bytes of four columns of a panel's rows.
const LINE: usize = 4 * LANES;

/// How a processor multiplies bytes.
///
/// # Safety
///
/// As in [`super::Lanes`], whose block is what these add the products of.
pub(in crate::gpt2::cpu) trait Bytes: Copy {
    /// Whether weights of 8 bits are taken as they lie, above their values by 128.
    const UNSIGNED: bool;

    unsafe fn bytes<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize);
    unsafe fn nibbles<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize);
}

// SAFETY of every block below: the trait's callers have the instructions and lend the memory; prefetching may reach over
// the end.

/// Reads `R` registers of weights.
#[inline(always)]
unsafe fn load<const R: usize>(from: *const u8) -> [uint8x16_t; R] {
    unsafe { std::array::from_fn(|at| vld1q_u8(from.add(16 * at))) }
}

/// Weights of 8 bits, above their values by 128, as their values.
#[inline(always)]
unsafe fn with_signs<const R: usize>(weights: [uint8x16_t; R]) -> [int8x16_t; R] {
    unsafe { weights.map(|it| vreinterpretq_s8_u8(veorq_u8(it, vdupq_n_u8(0x80)))) }
}

/// What the lower and the upper halves of bytes stand for.
#[inline(always)]
unsafe fn halves<const R: usize>(weights: [uint8x16_t; R]) -> [[int8x16_t; R]; 2] {
    unsafe {
        let levels = vld1q_s8(LEVELS.as_ptr());
        [
            weights.map(|it| vqtbl1q_s8(levels, vandq_u8(it, vdupq_n_u8(15)))),
            weights.map(|it| vqtbl1q_s8(levels, vshrq_n_u8::<4>(it))),
        ]
    }
}

#[inline(always)]
unsafe fn added(a: Whole, b: Whole) -> Whole {
    unsafe { [vaddq_s32(a[0], b[0]), vaddq_s32(a[1], b[1]), vaddq_s32(a[2], b[2]), vaddq_s32(a[3], b[3])] }
}

/// NEON alone: products of bytes are 16 bits wide, and added in pairs to numbers of 32 bits.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Plain;

/// Number `AT` of four, for each of four rows. The compiler is not told that both halves of the register are alike: it
/// would take halves of the weights out of theirs, where there are instructions that read the upper one in place.
#[inline(always)]
unsafe fn spread<const AT: usize>(x: int32x4_t) -> int8x16_t {
    let all;
    unsafe {
        asm!("dup {all:v}.4s, {x:v}.s[{at}]", all = lateout(vreg) all, x = in(vreg) x, at = const AT,
            options(pure, nomem, nostack, preserves_flags));
    }
    all
}

/// Four activations of each of `M` tokens, for each of four rows.
#[inline(always)]
unsafe fn activations<const M: usize>(x: *const i32) -> [int8x16_t; M] {
    unsafe {
        let mut all = [vdupq_n_s8(0); M];
        if M == 1 {
            asm!("ld1r {{{all:v}.4s}}, [{x}]", all = lateout(vreg) all[0], x = in(reg) x,
                options(pure, readonly, nostack, preserves_flags));
        }
        for (at, four) in all.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let x = vld1q_s32(x.add(4 * at));
            *four = [spread::<0>(x), spread::<1>(x), spread::<2>(x), spread::<3>(x)];
        }
        all
    }
}

impl Plain {
    /// `R` registers of 8-bit weights from `first` on: with more than one token there is no room for the sums of all.
    #[inline(always)]
    unsafe fn rows<const M: usize, const R: usize>(
        sums: &mut [Whole; M],
        weights: *const u8,
        x: *const i32,
        group: usize,
        first: usize,
    ) {
        unsafe {
            // For each register the first two rows, two sums for each, and the others.
            let mut wide = [[[vdupq_n_s32(0); 2]; R]; M];
            for step in (0..BLOCK / 4).step_by(2) {
                let from = weights.add(step * LINE + 16 * first);
                if M == 1 || first == 0 {
                    prefetch::<0>(from);
                    prefetch::<LINE>(from);
                }
                let (one, two) = (with_signs(load::<R>(from)), with_signs(load::<R>(from.add(LINE))));
                let (x, y) = (activations::<M>(x.add(step * group)), activations::<M>(x.add((step + 1) * group)));
                for m in 0..M {
                    let (x, y) = (x[m], y[m]);
                    for r in 0..R {
                        // Two products of at most 128 * 127 fit 16 bits.
                        let low = vmull_s8(vget_low_s8(one[r]), vget_low_s8(x));
                        let low = vmlal_s8(low, vget_low_s8(two[r]), vget_low_s8(y));
                        let high = vmlal_high_s8(vmull_high_s8(one[r], x), two[r], y);
                        wide[m][r][0] = vpadalq_s16(wide[m][r][0], low);
                        wide[m][r][1] = vpadalq_s16(wide[m][r][1], high);
                    }
                }
            }
            for m in 0..M {
                for r in 0..R {
                    let sum = &mut sums[m][first + r];
                    *sum = vaddq_s32(*sum, vpaddq_s32(wide[m][r][0], wide[m][r][1]));
                }
            }
        }
    }

    /// The same for weights of 4 bits.
    #[inline(always)]
    unsafe fn rows_of_nibbles<const M: usize, const R: usize>(
        sums: &mut [Whole; M],
        weights: *const u8,
        x: *const i32,
        group: usize,
        first: usize,
    ) {
        const STEPS: usize = BLOCK / 8;
        unsafe {
            let mut wide = [[[vdupq_n_s32(0); 2]; R]; M];
            for step in 0..STEPS {
                let from = weights.add(step * LINE + 16 * first);
                if M == 1 || first == 0 {
                    prefetch::<0>(from);
                }
                let [one, two] = halves(load::<R>(from));
                let (x, y) = (activations::<M>(x.add(step * group)), activations::<M>(x.add((STEPS + step) * group)));
                for m in 0..M {
                    let (x, y) = (x[m], y[m]);
                    for r in 0..R {
                        // Two products of at most 127 * 127 fit 16 bits.
                        let low = vmull_s8(vget_low_s8(one[r]), vget_low_s8(x));
                        let low = vmlal_s8(low, vget_low_s8(two[r]), vget_low_s8(y));
                        let high = vmlal_high_s8(vmull_high_s8(one[r], x), two[r], y);
                        wide[m][r][0] = vpadalq_s16(wide[m][r][0], low);
                        wide[m][r][1] = vpadalq_s16(wide[m][r][1], high);
                    }
                }
            }
            for m in 0..M {
                for r in 0..R {
                    let sum = &mut sums[m][first + r];
                    *sum = vaddq_s32(*sum, vpaddq_s32(wide[m][r][0], wide[m][r][1]));
                }
            }
        }
    }
}

impl Bytes for Plain {
    const UNSIGNED: bool = false;

    #[inline(always)]
    unsafe fn bytes<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize) {
        unsafe {
            if M == 1 {
                Self::rows::<M, 4>(sums, weights, x, group, 0);
            } else {
                Self::rows::<M, 2>(sums, weights, x, group, 0);
                Self::rows::<M, 2>(sums, weights, x, group, 2);
            }
        }
    }
    #[inline(always)]
    unsafe fn nibbles<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize) {
        unsafe {
            if M == 1 {
                Self::rows_of_nibbles::<M, 4>(sums, weights, x, group, 0);
            } else {
                Self::rows_of_nibbles::<M, 2>(sums, weights, x, group, 0);
                Self::rows_of_nibbles::<M, 2>(sums, weights, x, group, 2);
            }
        }
    }
}

/// An instruction that adds, to each of four numbers, the product of four bytes and four others.
///
/// # Safety
///
/// The processor has it.
trait Instruction: Copy {
    /// [`Bytes::UNSIGNED`].
    const UNSIGNED: bool;

    /// Adds the products of four rows of weights with four activations, number `X` of `x`.
    unsafe fn dot<const X: usize>(sum: int32x4_t, weights: int8x16_t, x: int32x4_t) -> int32x4_t;
    /// Weights of 8 bits as the instruction takes them.
    unsafe fn prepared(weights: [uint8x16_t; 4]) -> [int8x16_t; 4];

    #[inline(always)]
    unsafe fn four<const X: usize>(sum: &mut Whole, weights: [int8x16_t; 4], x: int32x4_t) {
        for at in 0..4 {
            sum[at] = unsafe { Self::dot::<X>(sum[at], weights[at], x) };
        }
    }

    /// Four steps of one token.
    #[inline(always)]
    unsafe fn one(mut sum: Whole, weights: *const u8, x: int32x4_t) -> Whole {
        unsafe {
            prefetch::<0>(weights);
            Self::four::<0>(&mut sum, Self::prepared(load(weights)), x);
            prefetch::<LINE>(weights);
            Self::four::<1>(&mut sum, Self::prepared(load(weights.add(LINE))), x);
            prefetch::<{ 2 * LINE }>(weights);
            Self::four::<2>(&mut sum, Self::prepared(load(weights.add(2 * LINE))), x);
            prefetch::<{ 3 * LINE }>(weights);
            Self::four::<3>(&mut sum, Self::prepared(load(weights.add(3 * LINE))), x);
        }
        sum
    }

    /// Step `X` of one token with 4-bit weights: the lower halves' sum and the upper's.
    #[inline(always)]
    unsafe fn one_of_nibbles<const X: usize>(sums: &mut [Whole; 2], weights: *const u8, x: [int32x4_t; 2]) {
        unsafe {
            let [low, high] = halves(load(weights.add(X * LINE)));
            // Levels have a sign, and whoever has the other instruction has this one.
            Dot::four::<X>(&mut sums[0], low, x[0]);
            Dot::four::<X>(&mut sums[1], high, x[1]);
        }
    }

    /// One step of tokens, four at a time: theirs lie side by side.
    #[inline(always)]
    unsafe fn many<const M: usize>(sums: &mut [Whole; M], weights: [int8x16_t; 4], x: *const i32) {
        unsafe {
            for four in sums.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let (at, [a, b, c, d]) = four;
                let x = vld1q_s32(x.add(4 * at));
                Self::four::<0>(a, weights, x);
                Self::four::<1>(b, weights, x);
                Self::four::<2>(c, weights, x);
                Self::four::<3>(d, weights, x);
            }
        }
    }
}

impl<D: Instruction> Bytes for D {
    const UNSIGNED: bool = <D as Instruction>::UNSIGNED;

    #[inline(always)]
    unsafe fn bytes<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize) {
        const { assert!(M == 1 || M.is_multiple_of(4), "tokens come one by one or in fours") }
        unsafe {
            if M == 1 {
                let first = Self::one(sums[0], weights, vld1q_s32(x));
                let second = Self::one([vdupq_n_s32(0); 4], weights.add(4 * LINE), vld1q_s32(x.add(4)));
                sums[0] = added(first, second);
                return;
            }
            for step in 0..BLOCK / 4 {
                let from = weights.add(step * LINE);
                prefetch::<0>(from);
                Self::many(sums, Self::prepared(load(from)), x.add(step * group));
            }
        }
    }

    #[inline(always)]
    unsafe fn nibbles<const M: usize>(sums: &mut [Whole; M], weights: *const u8, x: *const i32, group: usize) {
        const STEPS: usize = BLOCK / 8;
        unsafe {
            if M == 1 {
                let mut both = [sums[0], [vdupq_n_s32(0); 4]];
                let x = [vld1q_s32(x), vld1q_s32(x.add(STEPS))];
                prefetch::<0>(weights);
                Self::one_of_nibbles::<0>(&mut both, weights, x);
                prefetch::<LINE>(weights);
                Self::one_of_nibbles::<1>(&mut both, weights, x);
                prefetch::<{ 2 * LINE }>(weights);
                Self::one_of_nibbles::<2>(&mut both, weights, x);
                prefetch::<{ 3 * LINE }>(weights);
                Self::one_of_nibbles::<3>(&mut both, weights, x);
                sums[0] = added(both[0], both[1]);
                return;
            }
            for step in 0..STEPS {
                let from = weights.add(step * LINE);
                prefetch::<0>(from);
                let [low, high] = halves(load(from));
                Dot::many(sums, low, x.add(step * group));
                Dot::many(sums, high, x.add((STEPS + step) * group));
            }
        }
    }
}

/// Processors with `sdot`, products of bytes that both have a sign.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Dot;

impl Instruction for Dot {
    const UNSIGNED: bool = false;

    #[inline(always)]
    unsafe fn dot<const X: usize>(mut sum: int32x4_t, weights: int8x16_t, x: int32x4_t) -> int32x4_t {
        // The library's name for it is not stable yet.
        unsafe {
            asm!("sdot {sum:v}.4s, {weights:v}.16b, {x:v}.4b[{at}]", sum = inout(vreg) sum,
                weights = in(vreg) weights, x = in(vreg) x, at = const X,
                options(pure, nomem, nostack, preserves_flags));
        }
        sum
    }
    #[inline(always)]
    unsafe fn prepared(weights: [uint8x16_t; 4]) -> [int8x16_t; 4] {
        unsafe { with_signs(weights) }
    }
}

/// Processors with `usdot`, products of bytes without a sign and bytes with one: weights are taken as they lie.
///
/// Their products of matrices, `usmmla`, are twice as many in one instruction, but of rows of eight columns. Panels have four
/// side by side, and to bring them together and the sums apart again costs about what it saves.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct I8mm;

impl Instruction for I8mm {
    const UNSIGNED: bool = true;

    #[inline(always)]
    unsafe fn dot<const X: usize>(mut sum: int32x4_t, weights: int8x16_t, x: int32x4_t) -> int32x4_t {
        unsafe {
            asm!("usdot {sum:v}.4s, {weights:v}.16b, {x:v}.4b[{at}]", sum = inout(vreg) sum,
                weights = in(vreg) weights, x = in(vreg) x, at = const X,
                options(pure, nomem, nostack, preserves_flags));
        }
        sum
    }
    #[inline(always)]
    unsafe fn prepared(weights: [uint8x16_t; 4]) -> [int8x16_t; 4] {
        unsafe { weights.map(|it| vreinterpretq_s8_u8(it)) }
    }
}
