//! Sixteen numbers at a time: what the kernels ask of a processor, and who offers it.
//!
//! A kernel is written once, over [`Lanes`], and compiled once for each of its implementations: [`naive`] runs
//! everywhere and is what the others are compared with.

#![allow(unsafe_code, reason = "instructions that not every processor has")]
#![allow(clippy::wildcard_imports, reason = "there are as many intrinsics as lines")]
#![allow(clippy::needless_range_loop, reason = "sums stay in registers where indices are known")]

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;

use super::matrix::BLOCK;
use crate::model::Precision;

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
pub(super) mod naive;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
#[cfg(test)]
mod tests;

/// Numbers in a group.
pub(super) const LANES: usize = 16;

/// How far ahead of where it is read memory is asked for, in bytes: about what one core has under way.
pub(super) const AHEAD: usize = 4096;

/// Operations on [`LANES`] numbers at once.
///
/// # Safety
///
/// Every function may need instructions that not every processor has: the caller makes sure, once, through
/// [`Isa::detect`]. Those that take pointers read or write as many bytes as they say, at any alignment.
pub(super) trait Lanes: Copy {
    /// Sixteen 32-bit floats.
    type F: Copy;
    /// Sixteen 32-bit integers.
    type I: Copy;

    /// Whether there are registers for two dozen sums.
    const ROOMY: bool;
    /// Sums that attention has side by side at the most.
    const SUMS: usize = 16;

    unsafe fn splat(x: f32) -> Self::F;
    /// Reads 16 floats.
    unsafe fn load(from: *const f32) -> Self::F;
    /// Reads 16 IEEE halves.
    unsafe fn load_f16(from: *const u16) -> Self::F;
    /// Reads 16 brain floats.
    unsafe fn load_bf16(from: *const u16) -> Self::F;
    /// Writes 16 floats.
    unsafe fn store(to: *mut f32, x: Self::F);
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the processor can.
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// To the nearest integer, halves to even.
    unsafe fn round(x: Self::F) -> Self::F;
    /// Two to the power of whole numbers from -126 to 127.
    unsafe fn exp2(whole: Self::F) -> Self::F;
    /// The sum: of the halves, then of the halves of those, and so on.
    unsafe fn sum(x: Self::F) -> f32;
    /// The largest.
    unsafe fn largest(x: Self::F) -> f32;

    /// What a sum of [`Self::block`] begins with, given `correction`, the product of the activations' sum and the weights'
    /// offset: instructions that take weights without sign need it.
    unsafe fn begin_bytes(correction: i32) -> Self::I;
    /// The same for 4-bit weights, of which [`LEVELS`](super::four::LEVELS) are multiplied.
    unsafe fn begin_nibbles(correction: i32) -> Self::I;
    /// The offsets of 4-bit weights: reads 16 halves, whose lowest two bits name them.
    unsafe fn offsets(scales: *const u16) -> Self::F;
    /// Adds the products of a block of `P` panels, of 8 bits or of 4 if `NIBBLES`, with the activations of `M` tokens.
    ///
    /// `weights` are where the panels have the block. Each number of `x` is four activations as its bytes: those of the
    /// tokens side by side, the next four of them `group` numbers further. One token is a group of its own.
    unsafe fn block<const NIBBLES: bool, const M: usize, const P: usize>(
        sums: &mut [[Self::I; M]; P],
        weights: [*const u8; P],
        x: *const i32,
        group: usize,
    );
    unsafe fn to_float(x: Self::I) -> Self::F;
    /// Writes 32 whole numbers from -128 to 127 as bytes; answers their sum.
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32;
    /// Asks for the memory [`AHEAD`] of an address. Any will do.
    unsafe fn prefetch(at: *const u8);
}

/// Products of four bytes and four bytes, which is what a block is made of where nothing larger pays.
///
/// # Safety
///
/// As in [`Lanes`].
pub(super) trait Dots: Lanes {
    /// Adds to each lane the product of four weights, each a byte above its value by 128, and four signed activations,
    /// which `x` holds as its bytes. Reads 64 bytes, four for each lane.
    unsafe fn dot_bytes(sum: Self::I, weights: *const u8, x: i32) -> Self::I;
    /// The same for 4-bit weights, eight for each lane: the lower halves of the 64 bytes go with `low`, the upper with
    /// `high`. Each stands for one of [`LEVELS`](super::four::LEVELS).
    unsafe fn dot_nibbles(sum: Self::I, weights: *const u8, low: i32, high: i32) -> Self::I;

    /// [`Lanes::block`], 64 bytes of a panel at a time.
    #[inline(always)]
    unsafe fn steps<const NIBBLES: bool, const M: usize, const P: usize>(
        sums: &mut [[Self::I; M]; P],
        weights: [*const u8; P],
        x: *const i32,
        group: usize,
    ) {
        // 64 bytes of a panel are four columns of its rows, or eight.
        let steps = if NIBBLES { BLOCK / 8 } else { BLOCK / 4 };
        // SAFETY: the caller's promises; prefetching may reach over the end.
        unsafe {
            for step in 0..steps {
                let mut here = weights;
                for at in 0..P {
                    here[at] = weights[at].add(step * 4 * LANES);
                    if M <= 4 {
                        Self::prefetch(here[at]);
                    }
                }
                for m in 0..M {
                    let four = x.add(step * group + m);
                    for at in 0..P {
                        sums[at][m] = if NIBBLES {
                            // The lower halves are the first sixteen columns, the upper the others.
                            Self::dot_nibbles(sums[at][m], here[at], *four, *four.add(steps * group))
                        } else {
                            Self::dot_bytes(sums[at][m], here[at], *four)
                        };
                    }
                }
            }
        }
    }
}

/// The sum of sixteen numbers: of the halves, then of the halves of those. No addition waits for fifteen others.
#[inline(always)]
fn sum_of_halves(mut all: [f32; LANES]) -> f32 {
    for width in [8, 4, 2, 1] {
        for at in 0..width {
            all[at] += all[at + width];
        }
    }
    all[0]
}

/// What the processor can do, of what there are kernels for. To have one is to have asked the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(super) Level);

/// The kinds of processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Whatever the compiler makes of it.
    Naive,
    /// AVX2 with FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// What every 64-bit ARM has.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// NEON with products of bytes.
    #[cfg(target_arch = "aarch64")]
    NeonDot,
    /// NEON with products of bytes without sign and bytes with one.
    #[cfg(target_arch = "aarch64")]
    NeonI8mm,
}

impl Isa {
    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().pop().unwrap_or(Self(Level::Naive))
    }

    /// All that this processor has, the best last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "not every processor adds to it")]
        let mut all = vec![Self(Level::Naive)];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            if avx2 {
                all.push(Self(Level::Avx2));
            }
            if avx2 && avx512 {
                all.push(Self(Level::Avx512));
            }
        }
        // Where the most significant byte comes first, four bytes are no number of four columns.
        #[cfg(target_arch = "aarch64")]
        if cfg!(target_endian = "little") && is_aarch64_feature_detected!("neon") {
            all.push(Self(Level::Neon));
            if is_aarch64_feature_detected!("dotprod") {
                all.push(Self(Level::NeonDot));
                if is_aarch64_feature_detected!("i8mm") {
                    all.push(Self(Level::NeonI8mm));
                }
            }
        }
        all
    }

    /// Whether there are no kernels for this processor but plain Rust, whose products of bytes are slow.
    #[must_use]
    pub fn is_portable(self) -> bool {
        self.0 == Level::Naive
    }

    /// The number of its arithmetic, as [`crate::model::Model::arithmetic`] tells it and transcripts keep it. Whoever changes
    /// the order or the rounding of any sum of the kernels takes a number that was never used.
    #[must_use]
    pub fn arithmetic(self, precision: Precision) -> u32 {
        match (self.0, precision) {
            // Products are rounded before they are added. 4 bits had evenly spaced levels, once.
            (Level::Naive, Precision::Q4) => 4,
            (Level::Naive, _) => 2,
            // A product and its addition are rounded once, wherever else.
            (_, Precision::Q4) => 3,
            (_, _) => 1,
        }
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Naive => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Level::Neon => "NEON",
            #[cfg(target_arch = "aarch64")]
            Level::NeonDot => "NEON dotprod",
            #[cfg(target_arch = "aarch64")]
            Level::NeonI8mm => "NEON i8mm",
        }
    }
}
