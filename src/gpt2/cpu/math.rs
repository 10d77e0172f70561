//! What a transformer does beside products: exponentials, layer norm, the activation function, rounding to 8 bits.

#![allow(unsafe_code, reason = "kernels")]
#![allow(clippy::cast_ptr_alignment, reason = "what is read through these is read at any alignment")]

use super::lanes::{LANES, Lanes};
use super::matrix::BLOCK;
use crate::checkpoint::Activation;
use crate::gpt2::RawType;

/// e to the power of `x`, with a relative error below 2e-7; below -87 it is 1.6e-38, above 88 1.7e38.
///
/// Source: the argument is brought to ±ln(2)/2 and the polynomial is Cephes' `expf`.
#[inline(always)]
pub(super) unsafe fn exp<L: Lanes>(x: L::F) -> L::F {
    // SAFETY: the caller has the instructions.
    unsafe {
        let x = L::max(L::min(x, L::splat(88.0)), L::splat(-87.0));
        let whole = L::round(L::mul(x, L::splat(std::f32::consts::LOG2_E)));
        // ln 2 in two parts, the first exact in a few bits, so that nothing is lost.
        let x = L::mul_add(whole, L::splat(-0.693_359_4), x);
        let x = L::mul_add(whole, L::splat(2.121_944_4e-4), x);
        let mut y = L::splat(1.987_569_2e-4);
        for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            y = L::mul_add(y, x, L::splat(coefficient));
        }
        let y = L::add(L::mul_add(y, L::mul(x, x), x), L::splat(1.0));
        L::mul(y, L::exp2(whole))
    }
}

/// The activation function of the inner layer.
///
/// Source: Hendrycks and Gimpel, *Gaussian Error Linear Units*, section 2; the exact one through the error function,
/// by formula 7.1.26 of Abramowitz and Stegun (error below 1.5e-7).
#[inline(always)]
pub(super) unsafe fn gelu<L: Lanes>(x: L::F, function: Activation) -> L::F {
    // SAFETY: the caller has the instructions.
    unsafe {
        let one = L::splat(1.0);
        match function {
            Activation::GeluTanh => {
                // x * (1 + tanh(u)) / 2 is x / (1 + e^(-2u)).
                let cube = L::mul(L::mul(x, x), x);
                let inner = L::mul_add(cube, L::splat(0.044_715), x);
                let power = exp::<L>(L::mul(inner, L::splat(-2.0 * 0.797_884_6)));
                L::div(x, L::add(one, power))
            }
            Activation::Gelu => {
                let z = L::mul(x, L::splat(std::f32::consts::FRAC_1_SQRT_2));
                let size = L::max(z, L::sub(L::splat(0.0), z));
                let t = L::div(one, L::mul_add(size, L::splat(0.327_591_1), one));
                let mut y = L::splat(1.061_405_4);
                for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
                    y = L::mul_add(y, t, L::splat(coefficient));
                }
                let tail = L::mul(L::mul(y, t), exp::<L>(L::sub(L::splat(0.0), L::mul(size, size))));
                // The error function of |z| is 1 - tail, and it is odd.
                let half = L::mul(L::splat(0.5), tail);
                let below = L::mul(x, half);
                let above = L::sub(x, below);
                // x is either side's: the larger of the two where x is positive, and the smaller magnitude where not.
                L::add(L::max(L::min(above, x), L::splat(0.0)), L::min(L::max(below, x), L::splat(0.0)))
            }
        }
    }
}

/// Layer norm of one row: `(x - mean) / sqrt(variance + epsilon) * gain + bias`, all (C,).
///
/// # Safety
///
/// The processor has what `L` needs.
#[inline(always)]
pub(super) unsafe fn layer_norm<L: Lanes>(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    let columns = x.len();
    let whole = columns / LANES * LANES;
    assert!(gain.len() == columns && bias.len() == columns && out.len() == columns);
    // SAFETY: all have `columns` elements, and only whole groups below that are touched.
    unsafe {
        let mut sum = L::splat(0.0);
        for at in (0..whole).step_by(LANES) {
            sum = L::add(sum, L::load(x.as_ptr().add(at)));
        }
        let mean = (L::sum(sum) + x[whole..].iter().sum::<f32>()) / columns as f32;
        let mut sum = L::splat(0.0);
        for at in (0..whole).step_by(LANES) {
            let it = L::sub(L::load(x.as_ptr().add(at)), L::splat(mean));
            sum = L::mul_add(it, it, sum);
        }
        let rest: f32 = x[whole..].iter().map(|it| (it - mean) * (it - mean)).sum();
        let variance = (L::sum(sum) + rest) / columns as f32;
        let factor = (variance + epsilon).sqrt().recip();
        for at in (0..whole).step_by(LANES) {
            let it = L::mul(L::sub(L::load(x.as_ptr().add(at)), L::splat(mean)), L::splat(factor));
            let it = L::mul_add(it, L::load(gain.as_ptr().add(at)), L::load(bias.as_ptr().add(at)));
            L::store(out.as_mut_ptr().add(at), it);
        }
        for at in whole..columns {
            out[at] = (x[at] - mean) * factor * gain[at] + bias[at];
        }
    }
}

/// Brings one row, (C,), to 8 bits in blocks: the largest magnitude of a block becomes 127.
///
/// # Safety
///
/// The processor has what `L` needs.
#[inline(always)]
pub(super) unsafe fn quantize<L: Lanes>(x: &[f32], values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    let blocks = values.chunks_exact_mut(BLOCK).zip(scales).zip(sums);
    for (block, ((values, scale), sum)) in x.chunks(BLOCK).zip(blocks) {
        let mut padded = [0f32; BLOCK];
        let from = if block.len() == BLOCK {
            block.as_ptr()
        } else {
            padded[..block.len()].copy_from_slice(block);
            padded.as_ptr()
        };
        // SAFETY: a block is two groups, of numbers as of bytes.
        unsafe {
            let (low, high) = (L::load(from), L::load(from.add(LANES)));
            let zero = L::splat(0.0);
            let size = L::max(L::max(low, L::sub(zero, low)), L::max(high, L::sub(zero, high)));
            let largest = L::largest(size);
            let inverse = L::splat(if largest > 0.0 { 127.0 / largest } else { 0.0 });
            *scale = largest / 127.0;
            *sum = L::narrow(values.as_mut_ptr(), L::round(L::mul(low, inverse)), L::round(L::mul(high, inverse)));
        }
    }
}

/// Little-endian numbers of a file as floats, as many as `out` has.
///
/// # Safety
///
/// The processor has what `L` needs.
#[inline(always)]
pub(super) unsafe fn widen<L: Lanes>(from: &[u8], kind: RawType, out: &mut [f32]) {
    let size = if kind == RawType::F32 { 4 } else { 2 };
    assert!(from.len() >= out.len() * size);
    let mut rest = [0u8; 4 * LANES];
    let mut wide = [0f32; LANES];
    for (from, out) in from.chunks(size * LANES).zip(out.chunks_mut(LANES)) {
        rest[..from.len()].copy_from_slice(from);
        // SAFETY: sixteen numbers of four bytes are there; processors with these kernels are little-endian, and the
        // naive one is only right on those that are.
        unsafe {
            let x = match kind {
                RawType::F32 => L::load(rest.as_ptr().cast()),
                RawType::F16 => L::load_f16(rest.as_ptr().cast()),
                RawType::Bf16 => L::load_bf16(rest.as_ptr().cast()),
            };
            L::store(wide.as_mut_ptr(), x);
        }
        out.copy_from_slice(&wide[..out.len()]);
    }
}

/// The sum of bytes taken for floats: reads them, and does as little else as can be.
///
/// # Safety
///
/// The processor has what `L` needs.
#[inline(always)]
pub(super) unsafe fn sum<L: Lanes>(bytes: &[u8]) -> f32 {
    const GROUP: usize = 4 * LANES;
    // SAFETY: four whole groups at a time; prefetching may reach over the end.
    unsafe {
        let mut sums = [L::splat(0.0); 4];
        for groups in bytes.chunks_exact(4 * GROUP) {
            for (at, sum) in sums.iter_mut().enumerate() {
                let from = groups.as_ptr().add(at * GROUP);
                L::prefetch(from);
                *sum = L::add(*sum, L::load(from.cast()));
            }
        }
        L::sum(L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])))
    }
}
