//! NEON: sixteen numbers in four registers, on 64-bit ARM.
//!
//! Whatever rounds does so as on other processors, so that the scores of one arithmetic are the same bits on all. What
//! differs between processors of this family is how they multiply bytes, [`bytes`].

use std::arch::aarch64::*;
use std::arch::asm;
use std::marker::PhantomData;

use self::bytes::Bytes;
use super::{AHEAD, Lanes};
use crate::gpt2::cpu::four::OFFSETS;

pub(in crate::gpt2::cpu) mod bytes;

/// Processors with NEON that multiply bytes by `B`.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Neon<B>(PhantomData<B>);

/// Numbers 0 to 3, 4 to 7, 8 to 11 and 12 to 15.
type Floats = [float32x4_t; 4];

/// The same of whole numbers.
type Whole = [int32x4_t; 4];

/// [`OFFSETS`] as bytes.
const SMALL_OFFSETS: [i8; 8] = [OFFSETS[0] as i8, OFFSETS[1] as i8, OFFSETS[2] as i8, OFFSETS[3] as i8, 0, 0, 0, 0];

// SAFETY of every block below: the trait's callers have the instructions and lend the memory.
#[inline(always)]
unsafe fn each(a: Floats, b: Floats, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Floats {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

/// The larger of each two, or the second where one is not a number, as elsewhere; the instruction for it would not be one.
#[inline(always)]
unsafe fn larger(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
}

/// Eight halves as floats, the lower four and the upper. Every processor converts them, which the compiler does not know
/// by a name yet.
#[inline(always)]
unsafe fn of_halves(halves: uint16x8_t) -> [float32x4_t; 2] {
    let (low, high);
    unsafe {
        asm!("fcvtl {to:v}.4s, {from:v}.4h", to = lateout(vreg) low, from = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
        asm!("fcvtl2 {to:v}.4s, {from:v}.8h", to = lateout(vreg) high, from = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
    }
    [low, high]
}

/// Eight brain floats as floats.
#[inline(always)]
unsafe fn of_brain_floats(halves: uint16x8_t) -> [float32x4_t; 2] {
    unsafe {
        let (low, high) = (vshll_n_u16::<16>(vget_low_u16(halves)), vshll_high_n_u16::<16>(halves));
        [vreinterpretq_f32_u32(low), vreinterpretq_f32_u32(high)]
    }
}

/// Asks for the memory [`AHEAD`] of what is `BEYOND` an address, both of which the instruction adds.
#[inline(always)]
unsafe fn prefetch<const BEYOND: usize>(at: *const u8) {
    unsafe {
        asm!("prfm pldl1keep, [{at}, {ahead}]", at = in(reg) at, ahead = const AHEAD + BEYOND,
            options(readonly, nostack, preserves_flags));
    }
}

impl<B: Bytes> Lanes for Neon<B> {
    type F = Floats;
    type I = Whole;

    // Thirty-two registers are eight sums, or four and all that they are made of.
    const ROOMY: bool = false;
    const SUMS: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::F {
        unsafe { [vdupq_n_f32(x); 4] }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        unsafe { [vld1q_f32(from), vld1q_f32(from.add(4)), vld1q_f32(from.add(8)), vld1q_f32(from.add(12))] }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self::F {
        unsafe {
            let ([a, b], [c, d]) = (of_halves(vld1q_u16(from)), of_halves(vld1q_u16(from.add(8))));
            [a, b, c, d]
        }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        unsafe {
            let ([a, b], [c, d]) = (of_brain_floats(vld1q_u16(from)), of_brain_floats(vld1q_u16(from.add(8))));
            [a, b, c, d]
        }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: Self::F) {
        unsafe {
            vst1q_f32(to, x[0]);
            vst1q_f32(to.add(4), x[1]);
            vst1q_f32(to.add(8), x[2]);
            vst1q_f32(to.add(12), x[3]);
        }
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| vaddq_f32(a, b)) }
    }
    #[inline(always)]
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| vsubq_f32(a, b)) }
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| vmulq_f32(a, b)) }
    }
    #[inline(always)]
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| vdivq_f32(a, b)) }
    }
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| larger(a, b)) }
    }
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        unsafe { each(a, b, |a, b| vbslq_f32(vcltq_f32(a, b), a, b)) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        unsafe {
            [
                vfmaq_f32(c[0], a[0], b[0]),
                vfmaq_f32(c[1], a[1], b[1]),
                vfmaq_f32(c[2], a[2], b[2]),
                vfmaq_f32(c[3], a[3], b[3]),
            ]
        }
    }
    #[inline(always)]
    unsafe fn round(x: Self::F) -> Self::F {
        unsafe { x.map(|it| vrndnq_f32(it)) }
    }
    #[inline(always)]
    unsafe fn exp2(whole: Self::F) -> Self::F {
        unsafe {
            whole.map(|it| {
                let exponent = vaddq_s32(vcvtnq_s32_f32(it), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
            })
        }
    }
    #[inline(always)]
    unsafe fn sum(x: Self::F) -> f32 {
        // In the order of `sum_of_halves`.
        unsafe {
            let four = vaddq_f32(vaddq_f32(x[0], x[2]), vaddq_f32(x[1], x[3]));
            vpadds_f32(vadd_f32(vget_low_f32(four), vget_high_f32(four)))
        }
    }
    #[inline(always)]
    unsafe fn largest(x: Self::F) -> f32 {
        unsafe { vmaxvq_f32(larger(larger(x[0], x[1]), larger(x[2], x[3]))) }
    }

    #[inline(always)]
    unsafe fn begin_bytes(correction: i32) -> Self::I {
        unsafe { [vdupq_n_s32(if B::UNSIGNED { correction.wrapping_mul(-128) } else { 0 }); 4] }
    }
    #[inline(always)]
    unsafe fn begin_nibbles(_correction: i32) -> Self::I {
        // Levels have a sign, whatever bytes have.
        unsafe { [vdupq_n_s32(0); 4] }
    }
    #[inline(always)]
    unsafe fn offsets(scales: *const u16) -> Self::F {
        unsafe {
            // Offsets are small whole numbers, which bytes hold.
            let table = vld1_s8(SMALL_OFFSETS.as_ptr());
            let part = |at: usize| {
                let index = vand_u8(vmovn_u16(vld1q_u16(scales.add(at))), vdup_n_u8(3));
                let wide = vmovl_s8(vtbl1_s8(table, vreinterpret_s8_u8(index)));
                let (low, high) = (vmovl_s16(vget_low_s16(wide)), vmovl_high_s16(wide));
                [vcvtq_f32_s32(low), vcvtq_f32_s32(high)]
            };
            let ([a, b], [c, d]) = (part(0), part(8));
            [a, b, c, d]
        }
    }
    #[inline(always)]
    unsafe fn block<const NIBBLES: bool, const M: usize, const P: usize>(
        sums: &mut [[Self::I; M]; P],
        weights: [*const u8; P],
        x: *const i32,
        group: usize,
    ) {
        debug_assert!(M > 1 || group == 1);
        for at in 0..P {
            unsafe {
                if NIBBLES {
                    B::nibbles(&mut sums[at], weights[at], x, group);
                } else {
                    B::bytes(&mut sums[at], weights[at], x, group);
                }
            }
        }
    }
    #[inline(always)]
    unsafe fn to_float(x: Self::I) -> Self::F {
        unsafe { x.map(|it| vcvtq_f32_s32(it)) }
    }
    #[inline(always)]
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32 {
        unsafe {
            let half = |x: Floats, at: usize| {
                let (low, high) = (vcvtnq_s32_f32(x[at]), vcvtnq_s32_f32(x[at + 1]));
                vqmovn_high_s32(vqmovn_s32(low), high)
            };
            let (a, b, c, d) = (half(low, 0), half(low, 2), half(high, 0), half(high, 2));
            vst1q_s8(to, vqmovn_high_s16(vqmovn_s16(a), b));
            vst1q_s8(to.add(16), vqmovn_high_s16(vqmovn_s16(c), d));
            vaddlvq_s16(vaddq_s16(vaddq_s16(a, b), vaddq_s16(c, d)))
        }
    }
    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        unsafe { prefetch::<0>(at) }
    }
}
