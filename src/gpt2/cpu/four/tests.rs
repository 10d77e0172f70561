use super::*;
use crate::gpt2::cpu::matrix::BLOCK;

/// Nearly normal numbers of a spread of 1, without a pattern.
fn normal(count: usize) -> Vec<f32> {
    let mut state = 11_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    };
    (0..count).map(|_| (0..12).map(|_| next()).sum()).collect()
}

/// Packs one block and reads it back.
fn there_and_back(block: &[f32], importance: &[f32]) -> Vec<f32> {
    let (mut weights, mut scales) = ([0xff; BLOCK * LANES / 2], [0xff; 2 * LANES]);
    pack(block, importance, &mut weights, &mut scales);
    let read = |at: usize| {
        let (column, lane) = (at / LANES, at % LANES);
        let both = weights[column % 16 / 4 * 64 + lane * 4 + column % 4];
        let scale = f16::from_le_bytes([scales[2 * lane], scales[2 * lane + 1]]);
        weight(if column < 16 { both } else { both >> 4 }, scale)
    };
    (0..block.len()).map(read).collect()
}

/// The mean square of the errors, as a part of that of the weights.
fn error(block: &[f32], importance: &[f32], column: impl Fn(usize) -> bool) -> f64 {
    let found = there_and_back(block, importance);
    let pairs = || block.iter().zip(&found).enumerate().filter(|it| column(it.0 / LANES)).map(|it| it.1);
    let square = |it: f32| f64::from(it) * f64::from(it);
    pairs().map(|(a, b)| square(a - b)).sum::<f64>() / pairs().map(|(a, _)| square(*a)).sum::<f64>()
}

#[test]
fn normal_weights_of_any_size_come_back_with_half_a_percent_of_error() {
    let all = normal(400 * BLOCK * LANES);
    for size in [1.0, 1e-4, 3e-3, 100.0] {
        let blocks = all.chunks(BLOCK * LANES).take(if size == 1.0 { 400 } else { 50 });
        let errors: Vec<f64> = blocks
            .map(|block| {
                let block: Vec<f32> = block.iter().map(|it| it * size).collect();
                error(&block, &[], |_| true)
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        // Evenly spaced levels and the largest weight at -8: 0.74 %.
        assert!(mean < 0.0052, "{size}: {mean}");
    }
}

#[test]
fn what_counts_more_errs_less() {
    let all = normal(40 * BLOCK * LANES);
    let importance: Vec<f32> = (0..BLOCK).map(|it| if it % 2 == 0 { 25.0 } else { 1.0 }).collect();
    let (mut with, mut without) = (0.0, 0.0);
    for block in all.chunks(BLOCK * LANES) {
        with += error(block, &importance, |it| it % 2 == 0);
        without += error(block, &[], |it| it % 2 == 0);
    }
    assert!(with < 0.95 * without, "{with} {without}");
}

#[test]
fn nothing_stays_nothing_and_one_weight_is_kept_whatever_its_sign_and_size() {
    assert!(there_and_back(&[0.0; BLOCK * LANES], &[]).iter().all(|it| *it == 0.0));
    for size in [1e-6, 0.02, -0.02, 1.0, -300.0] {
        // Alone in its row, and a row in the last block that is short.
        let mut block = vec![0.0; 5 * LANES];
        block[3 * LANES + 7] = size;
        let found = there_and_back(&block, &[]);
        let slack = if size.abs() < 1e-4 { 0.05 } else { 0.01 };
        assert!((found[3 * LANES + 7] / size - 1.0).abs() < slack, "{size}: {}", found[3 * LANES + 7]);
        // Zeros have a level near them, if none of their own.
        assert!(found.iter().filter(|it| it.abs() > 0.04 * size.abs()).count() == 1, "{size}: {found:?}");
    }
}

#[test]
fn a_scale_keeps_its_shift_whatever_it_is() {
    for shift in 0..4 {
        for scale in [1e-9, -1e-7, 3e-5, 0.1, -0.5, 1.0, 77.7, 65504.0, 1e9, -1e9] {
            let found = with_shift(scale, shift);
            assert!(found.is_finite() && found.to_bits() & 3 == shift, "{scale} {shift}: {found}");
            if (1e-3..65504.0).contains(&scale.abs()) {
                assert!((found.to_f32() / scale - 1.0).abs() < 2.5e-3, "{scale} {shift}: {found}");
            }
        }
        assert_eq!(with_shift(0.0, shift), f16::ZERO);
    }
}
