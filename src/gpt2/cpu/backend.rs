//! The kernels, compiled for each processor, and the one place where it is chosen between them.

#![allow(unsafe_code, reason = "an `Isa` is made only after the processor was asked")]

use super::attention::{Attention, Readable};
use super::lanes::naive::Naive;
#[cfg(target_arch = "aarch64")]
use super::lanes::neon::{Neon, bytes};
use super::lanes::{Isa, Level};
#[cfg(target_arch = "x86_64")]
use super::lanes::{avx2::Avx2, avx512::Avx512};
use super::math;
use super::matrix::{self, Kind};
use super::product::Product;
use crate::gpt2::RawType;

/// Compiles every kernel for one processor.
macro_rules! compiled {
    ($module:ident, $lanes:ty $(, $features:literal)?) => {
        mod $module {
            use super::*;

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn panels(product: &Product<'_>, first: usize, last: usize) {
                // SAFETY: the caller's promise, and the processor has the features.
                unsafe { product.panels::<$lanes>(first, last) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn attend<E: Readable>(
                attention: &Attention<'_, E>,
                head: usize,
                first: usize,
                scratch: &mut Vec<f32>,
            ) {
                // SAFETY: as above.
                unsafe { attention.tile::<$lanes>(head, first, scratch) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
                // SAFETY: as above.
                unsafe { math::layer_norm::<$lanes>(x, gain, bias, epsilon, out) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn quantize(x: &[f32], values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
                // SAFETY: as above.
                unsafe { math::quantize::<$lanes>(x, values, scales, sums) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn widen(from: &[u8], kind: RawType, out: &mut [f32]) {
                // SAFETY: as above.
                unsafe { math::widen::<$lanes>(from, kind, out) }
            }

            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn sum(bytes: &[u8]) -> f32 {
                // SAFETY: as above.
                unsafe { math::sum::<$lanes>(bytes) }
            }

            // Plain Rust, but rounding is one instruction here and a call elsewhere.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn pack(kind: Kind, columns: usize, tile: &[f32], importance: &[f32], out: &mut [u8]) {
                matrix::pack(kind, columns, tile, importance, out);
            }
        }
    };
}

compiled!(naive, Naive);
#[cfg(target_arch = "x86_64")]
compiled!(avx2, Avx2, "avx2,fma,f16c");
#[cfg(target_arch = "x86_64")]
compiled!(avx512, Avx512, "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni");
#[cfg(target_arch = "aarch64")]
compiled!(neon, Neon<bytes::Plain>, "neon");
#[cfg(target_arch = "aarch64")]
compiled!(neon_dot, Neon<bytes::Dot>, "neon,dotprod");
#[cfg(target_arch = "aarch64")]
compiled!(neon_i8mm, Neon<bytes::I8mm>, "neon,dotprod,i8mm");

/// Calls a kernel as it was compiled for the processor.
macro_rules! dispatch {
    ($isa:expr, $name:ident($($argument:expr),*)) => {
        match $isa.0 {
            Level::Naive => naive::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::$name($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => neon::$name($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Level::NeonDot => neon_dot::$name($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Level::NeonI8mm => neon_i8mm::$name($($argument),*),
        }
    };
}

impl Isa {
    /// [`Product::panels`].
    ///
    /// # Safety
    ///
    /// As there, but for the processor.
    pub(super) unsafe fn panels(self, product: &Product<'_>, first: usize, last: usize) {
        // SAFETY: the caller's promise; `Isa::available` asked the processor.
        unsafe { dispatch!(self, panels(product, first, last)) }
    }

    /// [`Attention::tile`].
    ///
    /// # Safety
    ///
    /// As there, but for the processor.
    pub(super) unsafe fn attend<E: Readable>(
        self,
        attention: &Attention<'_, E>,
        head: usize,
        first: usize,
        scratch: &mut Vec<f32>,
    ) {
        // SAFETY: the caller's promise; `Isa::available` asked the processor.
        unsafe { dispatch!(self, attend(attention, head, first, scratch)) }
    }

    /// Layer norm of one row, all (C,).
    pub(super) fn layer_norm(self, x: &[f32], gain: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        // SAFETY: `Isa::available` asked the processor.
        unsafe { dispatch!(self, layer_norm(x, gain, bias, epsilon, out)) }
    }

    /// One row, (C,), to 8 bits; `values` are whole blocks.
    pub(super) fn quantize(self, x: &[f32], values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
        // SAFETY: `Isa::available` asked the processor.
        unsafe { dispatch!(self, quantize(x, values, scales, sums)) }
    }

    /// Little-endian numbers of a file as floats, as many as `out` has.
    pub(super) fn widen(self, from: &[u8], kind: RawType, out: &mut [f32]) {
        // SAFETY: `Isa::available` asked the processor.
        unsafe { dispatch!(self, widen(from, kind, out)) }
    }

    /// The sum of bytes taken for floats, a use for what was read.
    pub(super) fn sum(self, bytes: &[u8]) -> f32 {
        // SAFETY: `Isa::available` asked the processor.
        unsafe { dispatch!(self, sum(bytes)) }
    }

    /// [`matrix::pack`].
    pub(super) fn pack(self, kind: Kind, columns: usize, tile: &[f32], importance: &[f32], out: &mut [u8]) {
        // SAFETY: `Isa::available` asked the processor.
        unsafe { dispatch!(self, pack(kind, columns, tile, importance, out)) }
    }
}
