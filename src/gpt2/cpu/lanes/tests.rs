//! What each processor's instructions must give to the last bit, and which processor this is said to be.

use half::{bf16, f16};

use super::{Isa, LANES};
use crate::gpt2::RawType;
use crate::gpt2::cpu::four;
use crate::gpt2::cpu::grouped::{Input, Quantized, groups};
use crate::gpt2::cpu::matrix::{Arena, BLOCK, Kind, Matrix};
use crate::gpt2::cpu::pool::Shareable;
use crate::gpt2::cpu::product::{Finish, Product};

/// Whole numbers below `end` without a pattern, the same in every run.
fn chance(state: &mut u64, end: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % end
}

/// Whoever runs these tests as a processor that is not here says what it should be: nothing else would tell that only
/// plain Rust was tested.
#[test]
fn the_processor_is_taken_for_what_it_is() {
    let found = Isa::available();
    assert_eq!(found.last(), Some(&Isa::detect()));
    assert!(found[0].is_portable() && found[1..].iter().all(|it| !it.is_portable()));
    let names: Vec<_> = found.iter().map(|it| it.name()).collect();
    if let Ok(expected) = std::env::var("MEGACHAT_TEST_ISA") {
        assert_eq!(names.last(), Some(&expected.as_str()), "{names:?}");
    }
}

/// What scales of 4 bits are held as, where they are 1.
const LARGE: f16 = f16::from_f32_const(four::LARGER);

/// A matrix of weights without scales: any bytes.
fn matrix(kind: Kind, rows: usize, columns: usize, byte: &mut impl FnMut() -> u8) -> Matrix {
    let mut arena = Arena::new(Matrix::size(kind, rows, columns)).unwrap();
    for panel in arena.bytes_mut().chunks_exact_mut(kind.panel_bytes(columns)) {
        let (scales, weights) = panel.split_at_mut(kind.scale_bytes(columns));
        for scale in scales.as_chunks_mut::<2>().0 {
            // Of 4 bits the lowest two are an offset's.
            let bits = if kind == Kind::Q4 { LARGE.to_bits() | u16::from(byte() & 3) } else { f16::ONE.to_bits() };
            *scale = bits.to_le_bytes();
        }
        weights.fill_with(&mut *byte);
    }
    Matrix { kind, rows, columns, start: 0, arena: arena.into() }
}

/// Activations of so many tokens without scales, and for each token its numbers.
fn activations(tokens: usize, columns: usize, number: &mut impl FnMut() -> i8) -> (Quantized, Vec<Vec<i8>>) {
    let (mut quantized, mut plain) = (Quantized::default(), Vec::new());
    let blocks = columns / BLOCK;
    quantized.resize(tokens, columns);
    quantized.scales.fill(1.0);
    for (first, count) in groups(tokens) {
        for token in 0..count {
            let numbers: Vec<i8> = (0..columns).map(|_| number()).collect();
            for (at, four) in numbers.as_chunks::<4>().0.iter().enumerate() {
                quantized.values[first * columns / 4 + at * count + token] =
                    i32::from_le_bytes(four.map(i8::cast_unsigned));
            }
            for (at, block) in numbers.chunks(BLOCK).enumerate() {
                quantized.sums[first * blocks + at * count + token] = block.iter().map(|&it| i32::from(it)).sum();
            }
            plain.push(numbers);
        }
    }
    (quantized, plain)
}

#[test]
fn products_of_bytes_are_exact_up_to_the_largest() {
    const ROWS: usize = 2 * LANES;
    const COLUMNS: usize = 3 * BLOCK;
    // The ends of what bytes can be, then anything. No activation is -128: the largest magnitude becomes 127.
    const ENDS: [Option<(u8, i8)>; 6] =
        [Some((0, -127)), Some((0, 127)), Some((255, 127)), Some((255, -127)), None, None];
    let mut state = 5;
    let cases = [1, 2, 4, 5, 8, 12, 17].into_iter().flat_map(|tokens| ENDS.map(|it| (tokens, it)));
    for ((tokens, end), kind) in cases.flat_map(|it| [(it, Kind::Q8), (it, Kind::Q4)]) {
        let mut byte = || end.map_or_else(|| chance(&mut state, 256) as u8, |it| it.0);
        let matrix = matrix(kind, ROWS, COLUMNS, &mut byte);
        let mut number = || end.map_or_else(|| (chance(&mut state, 255) as i32 - 127) as i8, |it| it.1);
        let (x, plain) = activations(tokens, COLUMNS, &mut number);
        for isa in Isa::available() {
            let mut out = vec![0.0; tokens * ROWS];
            let to = Shareable(out.as_mut_ptr());
            let product = Product { matrix: &matrix, input: Input::Bytes(&x), tokens, out: to, finish: Finish::Plain };
            // SAFETY: `out` has (T, rows) numbers, the input T rows, and no other thread is here.
            unsafe { isa.panels(&product, 0, matrix.panels()) };
            let mut row = vec![0.0; COLUMNS];
            for r in 0..ROWS {
                // Scales are 1, so that these are whole numbers in 8 bits.
                matrix.row(r, &mut row);
                for (t, x) in plain.iter().enumerate() {
                    let products = row.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b));
                    let (expected, size) = products.fold((0.0, 0.0), |(sum, size), it| (sum + it, size + it.abs()));
                    // An offset is in the digits of its scale, which rounds.
                    let slack = if kind == Kind::Q4 { 1e-6 * size } else { 0.0 };
                    let found = f64::from(out[t * ROWS + r]);
                    assert!((found - expected).abs() <= slack, "{isa:?} {kind:?}, {t} of {tokens}, row {r}: {found}");
                }
            }
        }
    }
}

#[test]
fn every_short_float_is_the_float_it_should_be() {
    let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    for isa in Isa::available() {
        for kind in [RawType::F16, RawType::Bf16] {
            let mut out = vec![0.0; 1 << 16];
            isa.widen(&all, kind, &mut out);
            for (bits, found) in (0..=u16::MAX).zip(out) {
                let half = kind == RawType::F16;
                let expected = if half { f16::from_bits(bits).to_f32() } else { bf16::from_bits(bits).to_f32() };
                let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                assert!(same, "{isa:?} {kind:?} {bits:04x}: {found} {expected}");
            }
        }
    }
}
