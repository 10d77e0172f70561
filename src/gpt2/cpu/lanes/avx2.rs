//! AVX2: sixteen numbers in two registers.

use std::arch::x86_64::*;

use super::{AHEAD, Dots, Lanes, sum_of_halves};
use crate::gpt2::cpu::four::{LEVELS, OFFSETS};

/// Processors with AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Avx2;

/// The lower eight and the upper eight.
type Pair = (__m256, __m256);

// SAFETY of every block below: the trait's callers have the instructions and lend the memory.
#[inline(always)]
unsafe fn both(a: Pair, b: Pair, f: impl Fn(__m256, __m256) -> __m256) -> Pair {
    (f(a.0, b.0), f(a.1, b.1))
}

impl Lanes for Avx2 {
    type F = Pair;
    type I = (__m256i, __m256i);

    const ROOMY: bool = false;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        unsafe { (_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        unsafe { (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self::F {
        unsafe {
            let half = |at: usize| _mm256_cvtph_ps(_mm_loadu_si128(from.add(at).cast()));
            (half(0), half(8))
        }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        unsafe {
            let half = |at: usize| {
                let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(at).cast()));
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
            };
            (half(0), half(8))
        }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::F) {
        unsafe {
            _mm256_storeu_ps(to, x.0);
            _mm256_storeu_ps(to.add(8), x.1);
        }
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_add_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_sub_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_mul_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_div_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_max_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        unsafe { both(a, b, |a, b| _mm256_min_ps(a, b)) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        unsafe { (_mm256_fmadd_ps(a.0, b.0, c.0), _mm256_fmadd_ps(a.1, b.1, c.1)) }
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        unsafe {
            let round = |x| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x);
            (round(x.0), round(x.1))
        }
    }
    #[inline(always)]
    unsafe fn exp2(whole: Self::F) -> Self::F {
        unsafe {
            let power = |x| {
                let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
            };
            (power(whole.0), power(whole.1))
        }
    }
    #[inline(always)]
    unsafe fn sum(x: Self::F) -> f32 {
        let mut all = [0.0; 16];
        unsafe { Self::store(all.as_mut_ptr(), x) };
        sum_of_halves(all)
    }
    #[inline(always)]
    unsafe fn largest(x: Self::F) -> f32 {
        let mut all = [0.0; 16];
        unsafe { Self::store(all.as_mut_ptr(), x) };
        all.iter().fold(f32::NEG_INFINITY, |a, &b| if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn begin_bytes(_correction: i32) -> Self::I {
        unsafe { (_mm256_setzero_si256(), _mm256_setzero_si256()) }
    }
    #[inline(always)]
    unsafe fn begin_nibbles(_correction: i32) -> Self::I {
        unsafe { (_mm256_setzero_si256(), _mm256_setzero_si256()) }
    }
    #[inline(always)]
    unsafe fn offsets(scales: *const u16) -> Self::F {
        unsafe {
            // Of the index the lowest three bits count, of which two are the offset's.
            let all = _mm256_broadcast_ps(&_mm_loadu_ps(OFFSETS.as_ptr()));
            let half = |at: usize| {
                let index = _mm256_cvtepu16_epi32(_mm_loadu_si128(scales.add(at).cast()));
                _mm256_permutevar8x32_ps(all, index)
            };
            (half(0), half(8))
        }
    }
    #[inline(always)]
    unsafe fn block<const NIBBLES: bool, const M: usize, const P: usize>(
        sums: &mut [[Self::I; M]; P],
        weights: [*const u8; P],
        x: *const i32,
        group: usize,
    ) {
        unsafe { Self::steps::<NIBBLES, M, P>(sums, weights, x, group) }
    }
    #[inline(always)]
    unsafe fn to_float(x: Self::I) -> Self::F {
        unsafe { (_mm256_cvtepi32_ps(x.0), _mm256_cvtepi32_ps(x.1)) }
    }
    #[inline(always)]
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32 {
        unsafe {
            let whole = [low.0, low.1, high.0, high.1].map(|it| _mm256_cvtps_epi32(it));
            let (low, high) = (_mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
            // Packing goes by halves of registers, so that groups of four come out in this order.
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
            _mm256_storeu_si256(to.cast(), bytes);
            let sum = _mm256_madd_epi16(_mm256_add_epi16(low, high), _mm256_set1_epi16(1));
            let mut parts = [0i32; 8];
            _mm256_storeu_si256(parts.as_mut_ptr().cast(), sum);
            parts.iter().sum()
        }
    }
    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast()) }
    }
}

impl Dots for Avx2 {
    #[inline(always)]
    unsafe fn dot_bytes(sum: Self::I, weights: *const u8, x: i32) -> Self::I {
        unsafe {
            let x = _mm256_set1_epi32(x);
            let dot = |sum, at| {
                let weights = _mm256_loadu_si256(weights.add(at).cast());
                let weights = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
                // Two products of a full byte without sign would not fit 16 bits, so the sign moves to the other side.
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
                _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
            };
            (dot(sum.0, 0), dot(sum.1, 32))
        }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(sum: Self::I, weights: *const u8, low: i32, high: i32) -> Self::I {
        unsafe {
            let (low, high) = (_mm256_set1_epi32(low), _mm256_set1_epi32(high));
            let mask = _mm256_set1_epi8(15);
            let levels = _mm256_broadcastsi128_si256(_mm_loadu_si128(LEVELS.as_ptr().cast()));
            // Two products of levels fit 16 bits, as those of bytes do, and four do not.
            let pairs = |codes, x| {
                let level = _mm256_shuffle_epi8(levels, codes);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(level), _mm256_sign_epi8(x, level));
                _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
            };
            let dot = |sum, at| {
                let both = _mm256_loadu_si256(weights.add(at).cast());
                let lower = pairs(_mm256_and_si256(both, mask), low);
                let upper = pairs(_mm256_and_si256(_mm256_srli_epi16::<4>(both), mask), high);
                _mm256_add_epi32(sum, _mm256_add_epi32(lower, upper))
            };
            (dot(sum.0, 0), dot(sum.1, 32))
        }
    }
}
