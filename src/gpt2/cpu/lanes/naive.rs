//! Plain Rust: the meaning of each operation, and the fallback.

use half::{bf16, f16};

use super::{LANES, Lanes};

/// Arrays, which the compiler turns into what the processor has.
#[derive(Clone, Copy)]
pub(in crate::gpt2::cpu) struct Naive;

fn each(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    std::array::from_fn(f)
}

impl Lanes for Naive {
    type F = [f32; LANES];
    type I = [i32; LANES];

    const ROOMY: bool = false;

    unsafe fn splat(x: f32) -> Self::F {
        [x; LANES]
    }
    unsafe fn load(from: *const f32) -> Self::F {
        // SAFETY: the caller lends 16 floats.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }
    unsafe fn load_f16(from: *const u16) -> Self::F {
        // SAFETY: the caller lends 16 halves.
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        each(|lane| f16::from_bits(bits[lane]).to_f32())
    }
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        // SAFETY: the caller lends 16 brain floats.
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        each(|lane| bf16::from_bits(bits[lane]).to_f32())
    }
    unsafe fn store(to: *mut f32, x: Self::F) {
        // SAFETY: the caller lends room for 16 floats.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(x) }
    }
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] + b[lane])
    }
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] - b[lane])
    }
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] * b[lane])
    }
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| a[lane] / b[lane])
    }
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        // As the instructions do: the second where one is not a number.
        each(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        each(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }
    unsafe fn mul_add(a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // Without the instruction, `f32::mul_add` is a slow call.
        each(|lane| a[lane] * b[lane] + c[lane])
    }
    unsafe fn round(x: Self::F) -> Self::F {
        each(|lane| x[lane].round_ties_even())
    }
    unsafe fn exp2(whole: Self::F) -> Self::F {
        each(|lane| f32::from_bits(((whole[lane] as i32 + 127) as u32) << 23))
    }
    unsafe fn sum(x: Self::F) -> f32 {
        x.iter().sum()
    }
    unsafe fn largest(x: Self::F) -> f32 {
        x.iter().fold(f32::NEG_INFINITY, |a, &b| if a > b { a } else { b })
    }

    unsafe fn begin_bytes(_correction: i32) -> Self::I {
        [0; LANES]
    }
    unsafe fn begin_nibbles(_correction: i32) -> Self::I {
        [0; LANES]
    }
    unsafe fn dot_bytes(mut sum: Self::I, weights: *const u8, x: i32) -> Self::I {
        // SAFETY: the caller lends 64 bytes.
        let weights = unsafe { weights.cast::<[[u8; 4]; LANES]>().read_unaligned() };
        let x = x.to_le_bytes();
        for (sum, four) in sum.iter_mut().zip(weights) {
            for (weight, x) in four.into_iter().zip(x) {
                *sum += (i32::from(weight) - 128) * i32::from(x as i8);
            }
        }
        sum
    }
    unsafe fn dot_nibbles(mut sum: Self::I, weights: *const u8, low: i32, high: i32) -> Self::I {
        // SAFETY: the caller lends 64 bytes.
        let weights = unsafe { weights.cast::<[[u8; 4]; LANES]>().read_unaligned() };
        let (low, high) = (low.to_le_bytes(), high.to_le_bytes());
        for (sum, four) in sum.iter_mut().zip(weights) {
            for (at, both) in four.into_iter().enumerate() {
                *sum += (i32::from(both & 15) - 8) * i32::from(low[at] as i8);
                *sum += (i32::from(both >> 4) - 8) * i32::from(high[at] as i8);
            }
        }
        sum
    }
    unsafe fn to_float(x: Self::I) -> Self::F {
        each(|lane| x[lane] as f32)
    }
    unsafe fn narrow(to: *mut i8, low: Self::F, high: Self::F) -> i32 {
        let mut sum = 0;
        for (at, number) in low.into_iter().chain(high).enumerate() {
            // SAFETY: the caller lends 32 bytes.
            unsafe { to.add(at).write(number as i8) };
            sum += number as i32;
        }
        sum
    }
    unsafe fn prefetch(_at: *const u8) {}
}
