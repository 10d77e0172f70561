//! AVX-512: sixteen numbers in one register, and VNNI's product of bytes.

use std::arch::x86_64::*;

use super::{AHEAD, Dots, LANES, Lanes, sum_of_halves};
use crate::gpt2::cpu::four::{LEVELS, OFFSETS};

/// Processors with AVX-512 F, BW, VL and VNNI.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Avx512;

// SAFETY of every block below: the trait's callers have the instructions and lend the memory.
impl Lanes for Avx512 {
    type F = __m512;
    type I = __m512i;

    const ROOMY: bool = true;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self::F {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast())))) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::F) {
        unsafe { _mm512_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x) }
    }
    #[inline(always)]
    unsafe fn exp2(whole: Self::F) -> Self::F {
        unsafe {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(whole), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        }
    }
    #[inline(always)]
    unsafe fn sum(x: Self::F) -> f32 {
        // Not the library's reduction: it leaves the order to the compiler.
        let mut all = [0.0; LANES];
        unsafe { Self::store(all.as_mut_ptr(), x) };
        sum_of_halves(all)
    }
    #[inline(always)]
    unsafe fn largest(x: Self::F) -> f32 {
        unsafe { _mm512_reduce_max_ps(x) }
    }

    #[inline(always)]
    unsafe fn begin_bytes(correction: i32) -> Self::I {
        unsafe { _mm512_set1_epi32(correction.wrapping_mul(-128)) }
    }
    #[inline(always)]
    unsafe fn begin_nibbles(correction: i32) -> Self::I {
        unsafe { _mm512_set1_epi32(correction.wrapping_mul(-128)) }
    }
    #[inline(always)]
    unsafe fn offsets(scales: *const u16) -> Self::F {
        unsafe {
            // Of the index the lowest four bits count, of which two are the offset's.
            let all = _mm512_broadcast_f32x4(_mm_loadu_ps(OFFSETS.as_ptr()));
            _mm512_permutexvar_ps(_mm512_cvtepu16_epi32(_mm256_loadu_si256(scales.cast())), all)
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
        unsafe { _mm512_cvtepi32_ps(x) }
    }
    #[inline(always)]
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32 {
        unsafe {
            let (low, high) = (_mm512_cvtps_epi32(low), _mm512_cvtps_epi32(high));
            _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(low));
            _mm_storeu_si128(to.add(16).cast(), _mm512_cvtepi32_epi8(high));
            _mm512_reduce_add_epi32(_mm512_add_epi32(low, high))
        }
    }
    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast()) }
    }
}

impl Dots for Avx512 {
    #[inline(always)]
    unsafe fn dot_bytes(sum: Self::I, weights: *const u8, x: i32) -> Self::I {
        unsafe { _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(weights.cast()), _mm512_set1_epi32(x)) }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(sum: Self::I, weights: *const u8, low: i32, high: i32) -> Self::I {
        unsafe {
            let both = _mm512_loadu_si512(weights.cast());
            let mask = _mm512_set1_epi8(15);
            // Above their values by 128, as bytes are.
            let levels = _mm_xor_si128(_mm_loadu_si128(LEVELS.as_ptr().cast()), _mm_set1_epi8(-128));
            let level = |codes| _mm512_shuffle_epi8(_mm512_broadcast_i32x4(levels), codes);
            let lower = level(_mm512_and_si512(both, mask));
            let upper = level(_mm512_and_si512(_mm512_srli_epi16::<4>(both), mask));
            let sum = _mm512_dpbusd_epi32(sum, lower, _mm512_set1_epi32(low));
            _mm512_dpbusd_epi32(sum, upper, _mm512_set1_epi32(high))
        }
    }
}
