//! Plain Rust: the meaning of each operation, and the fallback.

use half::bf16;

use super::{Dots, LANES, Lanes, sum_of_halves};
use crate::gpt2::cpu::four::{LEVELS, OFFSETS};

/// Arrays, which the compiler turns into what the processor has.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Naive;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    std::array::from_fn(f)
}

/// The float of a half's bits, without a branch, so that many are made at once.
#[inline(always)]
fn float_of_half(half: u16) -> f32 {
    /// 2 to the power of 112, by which the exponents' middles differ. A product with it also makes small numbers right.
    const SHIFT: f32 = f32::from_bits(0x7780_0000);
    let (sign, size) = (u32::from(half & 0x8000) << 16, u32::from(half & 0x7fff) << 13);
    let beyond = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits((f32::from_bits(size) * SHIFT).to_bits() | beyond | sign)
}

/// Sixteen times four bytes, the first byte lowest.
///
/// # Safety
///
/// They are there.
#[inline(always)]
unsafe fn words(from: *const u8) -> [u32; LANES] {
    // SAFETY: the caller's promise.
    let words = unsafe { from.cast::<[u32; LANES]>().read_unaligned() };
    std::array::from_fn(|lane| u32::from_le(words[lane]))
}

impl Lanes for Naive {
    type F = [f32; LANES];
    type I = [i32; LANES];

    const ROOMY: bool = false;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        // SAFETY: the caller lends 16 floats.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self::F {
        // SAFETY: the caller lends 16 halves.
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        each(|lane| float_of_half(bits[lane]))
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        // SAFETY: the caller lends 16 brain floats.
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        each(|lane| bf16::from_bits(bits[lane]).to_f32())
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::F) {
        // SAFETY: the caller lends room for 16 floats.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] + b[lane])
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] - b[lane])
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] * b[lane])
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] / b[lane])
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        // As the instructions do: the second where one is not a number.
        each(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // Without the instruction, `f32::mul_add` is a slow call.
        each(|lane| a[lane] * b[lane] + c[lane])
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        each(|lane| x[lane].round_ties_even())
    }
    #[inline(always)]
    unsafe fn exp2(whole: Self::F) -> Self::F {
        each(|lane| f32::from_bits(((whole[lane] as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    unsafe fn sum(x: Self::F) -> f32 {
        sum_of_halves(x)
    }
    #[inline(always)]
    unsafe fn largest(x: Self::F) -> f32 {
        x.iter().fold(f32::NEG_INFINITY, |a, &b| if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn begin_bytes(_correction: i32) -> Self::I {
        [0; LANES]
    }
    #[inline(always)]
    unsafe fn begin_nibbles(_correction: i32) -> Self::I {
        [0; LANES]
    }
    #[inline(always)]
    unsafe fn offsets(scales: *const u16) -> Self::F {
        // SAFETY: the caller lends 32 bytes.
        each(|lane| OFFSETS[usize::from(unsafe { scales.add(lane).read_unaligned() } & 3)])
    }
    #[inline(always)]
    unsafe fn block<const NIBBLES: bool, const M: usize, const P: usize>(
        sums: &mut [[Self::I; M]; P],
        weights: [*const u8; P],
        x: *const i32,
        group: usize,
    ) {
        // SAFETY: the caller's promises.
        unsafe { Self::steps::<NIBBLES, M, P>(sums, weights, x, group) }
    }
    #[inline(always)]
    unsafe fn to_float(x: Self::I) -> Self::F {
        each(|lane| x[lane] as f32)
    }
    #[inline(always)]
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32 {
        let mut sum = 0;
        for (at, number) in low.into_iter().chain(high).enumerate() {
            // SAFETY: the caller lends 32 bytes.
            unsafe { to.add(at).write(number as i8) };
            sum += number as i32;
        }
        sum
    }
    #[inline(always)]
    unsafe fn prefetch(_at: *const u8) {}
}

impl Dots for Naive {
    #[inline(always)]
    unsafe fn dot_bytes(mut sum: Self::I, weights: *const u8, x: i32) -> Self::I {
        // SAFETY: the caller lends 64 bytes.
        let weights = unsafe { words(weights) };
        for (at, x) in x.to_le_bytes().into_iter().enumerate() {
            for (sum, four) in sum.iter_mut().zip(weights) {
                // The sign bit turned over is the value, which shifts bring down from the top.
                let weight = ((four ^ 0x8080_8080) << (24 - 8 * at)).cast_signed() >> 24;
                *sum += weight * i32::from(x as i8);
            }
        }
        sum
    }
    #[inline(always)]
    unsafe fn dot_nibbles(mut sum: Self::I, weights: *const u8, low: i32, high: i32) -> Self::I {
        // SAFETY: the caller lends 64 bytes.
        let weights = unsafe { words(weights) };
        let (low, high) = (low.to_le_bytes(), high.to_le_bytes());
        for at in 0..4 {
            for (sum, both) in sum.iter_mut().zip(weights) {
                let both = (both >> (8 * at)).cast_signed();
                let level = |code: i32| i32::from(LEVELS[(code & 15) as usize]);
                *sum += level(both) * i32::from(low[at] as i8);
                *sum += level(both >> 4) * i32::from(high[at] as i8);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests;
