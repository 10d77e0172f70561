//! Each kernel against plain Rust, over odd shapes; the model against itself in every way it can be asked.

use std::collections::HashMap;

use super::grouped::{Input, Quantized, QuantizedGroup, groups, transpose};
use super::lanes::{Isa, LANES};
use super::matrix::{Arena, Kind, Matrix};
use super::pool::{Pool, Shareable};
use super::product::{Finish, Product};
use super::{CpuOptions, load};
use crate::TokenId;
use crate::checkpoint::{Activation, Config};
use crate::gpt2::{Model, ModelError, Precision, RawTensor, RawType, Scores, TensorSource};

/// Numbers from -1 to 1 that follow from their seed.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

const KINDS: [Kind; 5] = [Kind::F32, Kind::F16, Kind::Bf16, Kind::Q8, Kind::Q4];

fn packed(isa: Isa, kind: Kind, rows: usize, columns: usize, weights: &[f32]) -> Matrix {
    let mut arena = Arena::new(Matrix::size(kind, rows, columns)).unwrap();
    for (index, panel) in arena.bytes_mut().chunks_exact_mut(kind.panel_bytes(columns)).enumerate() {
        let mut tile = vec![0.0; columns * LANES];
        for lane in 0..LANES.min(rows - index * LANES) {
            for column in 0..columns {
                tile[column * LANES + lane] = weights[(index * LANES + lane) * columns + column];
            }
        }
        isa.pack(kind, columns, &tile, &[], panel);
    }
    Matrix { kind, rows, columns, start: 0, arena: arena.into() }
}

fn product(isa: Isa, matrix: &Matrix, x: &[f32], tokens: usize, finish: Finish<'_>, out: &mut [f32]) {
    let (mut quantized, mut floats) = (Quantized::default(), vec![0.0; x.len()]);
    let columns = matrix.columns;
    let blocks = columns.div_ceil(32);
    quantized.resize(tokens, columns);
    for (first, count) in groups(tokens) {
        let x = &x[first * columns..(first + count) * columns];
        let part = first * blocks..(first + count) * blocks;
        let mut group = QuantizedGroup {
            values: &mut quantized.values[part.start * 8..part.end * 8],
            scales: &mut quantized.scales[part.clone()],
            sums: &mut quantized.sums[part],
        };
        group.fill(isa, x, columns);
        transpose(x, columns, &mut floats[first * columns..(first + count) * columns]);
    }
    let input = if matrix.kind.is_quantized() { Input::Bytes(&quantized) } else { Input::Floats(&floats) };
    let product = Product { matrix, input, tokens, out: Shareable(out.as_mut_ptr()), finish };
    // SAFETY: `out` has (T, rows) numbers, the input T rows, and no other thread is here.
    #[allow(unsafe_code, reason = "a kernel is called as the model calls it")]
    unsafe {
        isa.panels(&product, 0, matrix.panels());
    }
}

#[test]
fn products_agree_with_plain_sums_on_every_processor() {
    let shapes = [(1, 1), (16, 32), (17, 33), (50, 96), (31, 7), (128, 64), (5, 130)];
    for (seed, (rows, columns)) in (1..).zip(shapes) {
        let weights = noise(seed, rows * columns);
        let bias = noise(seed + 100, rows);
        for tokens in [1, 2, 4, 5, 8, 13, 33] {
            let x = noise(seed + 200, tokens * columns);
            for kind in KINDS {
                let mut first: Option<Vec<f32>> = None;
                for isa in Isa::available() {
                    let matrix = packed(isa, kind, rows, columns, &weights);
                    let mut out = vec![0.5; tokens * rows];
                    product(isa, &matrix, &x, tokens, Finish::Add(&bias), &mut out);
                    let mut row = vec![0.0; columns];
                    for r in 0..rows {
                        matrix.row(r, &mut row);
                        for t in 0..tokens {
                            let x = &x[t * columns..(t + 1) * columns];
                            let plain: f32 = row.iter().zip(x).map(|(a, b)| a * b).sum::<f32>() + bias[r] + 0.5;
                            // Activations in 8 bits are off by half a step of 1/127 at the most, each.
                            let slack =
                                if kind.is_quantized() { 0.004 * columns as f32 } else { 1e-5 * columns as f32 };
                            let found = out[t * rows + r];
                            assert!((found - plain).abs() <= slack + 1e-5, "{kind:?} {isa:?} {found} {plain}");
                        }
                    }
                    let first = first.get_or_insert_with(|| out.clone());
                    for (a, b) in first.iter().zip(&out) {
                        assert!((a - b).abs() <= 1e-5 * columns as f32 + 1e-5, "{kind:?} {isa:?}: {a} {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn packed_weights_are_as_near_as_their_type_allows() {
    let (rows, columns) = (19, 75);
    let weights = noise(9, rows * columns);
    for isa in Isa::available() {
        for (kind, slack) in KINDS.into_iter().zip([0.0, 5e-4, 4e-3, 0.5 / 127.0 + 1e-3, 0.16]) {
            let matrix = packed(isa, kind, rows, columns, &weights);
            let mut row = vec![0.0; columns];
            for r in 0..rows {
                matrix.row(r, &mut row);
                for (found, weight) in row.iter().zip(&weights[r * columns..]) {
                    assert!((found - weight).abs() <= slack, "{kind:?} {isa:?}: {found} {weight}");
                }
            }
        }
    }
}

#[test]
fn activation_functions_and_layer_norms_are_what_their_formulas_say() {
    let x: Vec<f32> = (-120..=120).map(|it| it as f32 / 12.0).chain([-90.0, 90.0, 0.0]).collect();
    let exact = |x: f64, function| match function {
        Activation::GeluTanh => 0.5 * x * (1.0 + (0.797_884_560_802_865_4 * (x + 0.044_715 * x * x * x)).tanh()),
        // The error function by its series, which converges everywhere.
        Activation::Gelu => {
            let z = x / std::f64::consts::SQRT_2;
            // Beyond, the series loses more in its large terms than the function is away from one.
            if z.abs() > 3.9 {
                return if x > 0.0 { x } else { 0.0 };
            }
            let (mut term, mut sum) = (z, z);
            for n in 1..200 {
                term *= -z * z / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            0.5 * x * (1.0 + sum * std::f64::consts::FRAC_2_SQRT_PI)
        }
    };
    for isa in Isa::available() {
        for function in [Activation::GeluTanh, Activation::Gelu] {
            // A product with ones leaves each number as it is.
            let bias = vec![0.0; x.len()];
            let matrix = packed(isa, Kind::F32, x.len(), 1, &x);
            let mut out = vec![0.0; x.len()];
            product(isa, &matrix, &[1.0], 1, Finish::Activation(&bias, function), &mut out);
            for (x, found) in x.iter().zip(&out) {
                let expected = exact(f64::from(*x), function);
                assert!(
                    (f64::from(*found) - expected).abs() < 3e-6 * (1.0 + f64::from(x.abs())),
                    "{isa:?} {function:?} {x}: {found} {expected}"
                );
            }
        }
        for columns in [1, 15, 16, 33, 100] {
            let (x, gain, bias) = (noise(1, columns), noise(2, columns), noise(3, columns));
            let mut out = vec![0.0; columns];
            isa.layer_norm(&x, &gain, &bias, 1e-5, &mut out);
            let mean = x.iter().map(|&it| f64::from(it)).sum::<f64>() / columns as f64;
            let variance = x.iter().map(|&it| (f64::from(it) - mean).powi(2)).sum::<f64>() / columns as f64;
            for (at, found) in out.iter().enumerate() {
                let expected =
                    (f64::from(x[at]) - mean) / (variance + 1e-5).sqrt() * f64::from(gain[at]) + f64::from(bias[at]);
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{isa:?} {found} {expected}");
            }
        }
    }
}

/// A random model; what `broken` names has one weight that is not a number.
struct Random {
    broken: Option<&'static str>,
}

fn config() -> Config {
    Config {
        vocab_size: 211,
        n_positions: 200,
        n_embd: 60,
        n_layer: 3,
        n_head: 3,
        n_inner: 150,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    }
}

impl TensorSource for Random {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let (c, inner) = (60, 150);
        let part = name.rsplit_once("h.").map_or(name, |it| it.1.split_once('.').unwrap().1);
        let shape = match part {
            "wte.weight" => vec![211, c],
            "wpe.weight" => vec![200, c],
            "attn.c_attn.weight" => vec![c, 3 * c],
            "attn.c_attn.bias" => vec![3 * c],
            "attn.c_proj.weight" => vec![c, c],
            "mlp.c_fc.weight" => vec![c, inner],
            "mlp.c_fc.bias" => vec![inner],
            "mlp.c_proj.weight" => vec![inner, c],
            _ => vec![c],
        };
        let seed = name.bytes().fold(7u32, |it, byte| it.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let mut numbers = noise(seed, shape.iter().product());
        if name.contains("ln_") && name.ends_with("weight") {
            for it in &mut numbers {
                *it = 1.0 + 0.1 * *it;
            }
        } else if name.contains("h.") {
            for it in &mut numbers {
                *it *= 0.2;
            }
        }
        if self.broken == Some(name) {
            numbers[shape[0] / 2] = f32::NAN;
        }
        let bytes = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
        Ok(RawTensor { dtype: RawType::F32, shape, bytes })
    }
}

fn model(precision: Precision, threads: usize, isa: Isa) -> Box<dyn Model> {
    let options = CpuOptions { precision, threads, isa };
    load(&config(), &mut Random { broken: None }, options, &mut |_| (), &mut |_| ()).unwrap()
}

fn tokens(count: usize) -> Vec<TokenId> {
    (0..count).map(|it| (it * 37 % 211) as TokenId).collect()
}

fn last(model: &mut dyn Model, tokens: &[TokenId]) -> Vec<f32> {
    let mut out = vec![0.0; 211];
    model.extend(tokens, Scores::Last(&mut out), &mut || true).unwrap();
    out
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn processors_agree_and_threads_change_nothing() {
    let tokens = tokens(150);
    for precision in [Precision::F32, Precision::F16, Precision::Bf16, Precision::Q8, Precision::Q4] {
        let expected = last(&mut *model(precision, 1, Isa::detect()), &tokens);
        assert!(expected.iter().all(|it| it.is_finite()) && difference(&expected, &[0.0; 211]) > 0.1);
        for threads in [2, 3, 64] {
            assert_eq!(last(&mut *model(precision, threads, Isa::detect()), &tokens), expected, "{threads} threads");
        }
        let slack = match precision {
            Precision::Q8 => 0.1,
            Precision::Q4 => 0.2,
            _ => 1e-4,
        };
        for isa in Isa::available() {
            let found = last(&mut *model(precision, 2, isa), &tokens);
            // In 8 bits a number on the edge of two steps may fall to either.
            assert!(difference(&found, &expected) < slack, "{isa:?} {precision:?} {}", difference(&found, &expected));
        }
    }
}

/// Transcripts go from one machine to another, and what a number of an arithmetic promises goes with them. Whoever changes
/// any of these takes a new number.
#[test]
fn a_number_of_an_arithmetic_stands_for_the_same_bits_on_every_machine() {
    const KNOWN: [(u32, Precision, u32); 10] = [
        (1, Precision::F32, 0x8f53_4e65),
        (1, Precision::F16, 0x7853_be7b),
        (1, Precision::Bf16, 0x168e_ea0b),
        (1, Precision::Q8, 0x2389_0638),
        (3, Precision::Q4, 0x7117_8f70),
        (2, Precision::F32, 0x9d63_f577),
        (2, Precision::F16, 0x05e0_4b27),
        (2, Precision::Bf16, 0x67d4_a91e),
        (2, Precision::Q8, 0x178c_04dd),
        (4, Precision::Q4, 0x22a6_13e8),
    ];
    let mut others = Vec::new();
    for isa in Isa::available() {
        for precision in Precision::ALL {
            let mut sum = crc32fast::Hasher::new();
            for score in last(&mut *model(precision, 2, isa), &tokens(77)) {
                sum.update(&score.to_le_bytes());
            }
            let found = (isa.arithmetic(precision), precision, sum.finalize());
            if !KNOWN.contains(&found) {
                others.push(format!("{}: {}, {:?}, {:#010x}", isa.name(), found.0, found.1, found.2));
            }
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn however_it_is_read_it_is_the_same_text() {
    let tokens = tokens(140);
    for precision in Precision::ALL {
        let mut model = model(precision, 2, Isa::detect());
        let whole = last(&mut *model, &tokens);
        let mut rows = HashMap::new();
        model.rewind(0);
        model.extend(&tokens, Scores::Each(&mut |at, row| drop(rows.insert(at, row.to_vec()))), &mut || true).unwrap();
        assert_eq!(rows.len(), 140);
        assert_eq!(rows[&139], whole);
        model.rewind(0);
        for (at, token) in tokens.iter().enumerate() {
            let one = last(&mut *model, std::slice::from_ref(token));
            assert_eq!(one, rows[&at], "{precision:?} {at}");
        }
        for cut in [0, 1, 63, 64, 65, 128, 139] {
            model.rewind(cut);
            model.extend(&[3, 1, 4, 1, 5], Scores::None, &mut || true).unwrap();
            model.rewind(cut);
            assert_eq!(model.position(), cut);
            assert_eq!(last(&mut *model, &tokens[cut..]), whole, "{precision:?} after {cut}");
        }
    }
}

#[test]
fn branches_go_their_own_ways_and_leave_the_prefix_alone() {
    let tokens = tokens(70);
    let mut model = model(Precision::F32, 2, Isa::detect());
    let tails: [[TokenId; 3]; 5] = [[1, 2, 3], [200, 100, 5], [1, 2, 4], [7, 7, 7], [0, 210, 9]];
    let mut expected = Vec::new();
    for tail in tails {
        model.rewind(0);
        model.extend(&tokens, Scores::None, &mut || true).unwrap();
        expected.push(last(&mut *model, &tail));
    }
    model.rewind(0);
    let before = last(&mut *model, &tokens);
    model.branch(5).unwrap();
    let mut scores = vec![0.0; 5 * 211];
    for step in 0..3 {
        let each: Vec<TokenId> = tails.iter().map(|it| it[step]).collect();
        model.step(&each, &mut scores).unwrap();
    }
    for (row, expected) in scores.chunks_exact(211).zip(&expected) {
        assert!(difference(row, expected) < 2e-4);
    }
    assert_eq!(model.position(), 70);
    let mut error = |model: &mut dyn Model, tokens: &[TokenId]| model.step(tokens, &mut scores).unwrap_err();
    assert!(matches!(error(&mut *model, &[1]), ModelError::Branches { found: 1, expected: 5 }));
    assert!(matches!(error(&mut *model, &[1, 2, 3, 4, 211]), ModelError::UnknownToken { .. }));
    model.keep(1);
    assert_eq!(model.position(), 73);
    let went_on = last(&mut *model, &[8]);
    model.rewind(70);
    let again = last(&mut *model, &[200, 100, 5, 8]);
    assert!(difference(&went_on, &again) < 2e-4);
    model.rewind(0);
    assert!(difference(&last(&mut *model, &tokens), &before) < 1e-6);
}

#[test]
fn what_cannot_be_is_an_error_and_what_is_not_wanted_stops() {
    let options = CpuOptions { precision: Precision::Q8, threads: 2, isa: Isa::detect() };
    for name in ["wte.weight", "h.1.attn.c_attn.weight", "h.2.mlp.c_proj.bias", "ln_f.weight"] {
        let outcome = load(&config(), &mut Random { broken: Some(name) }, options, &mut |_| (), &mut |_| ());
        assert!(matches!(outcome, Err(ModelError::NotFinite { name: found }) if found == name), "{name}");
    }
    let wide = Config { n_embd: 63, ..config() };
    let outcome = load(&wide, &mut Random { broken: None }, options, &mut |_| (), &mut |_| ());
    assert!(matches!(outcome, Err(ModelError::Shape { .. })));
    let vast = Config { vocab_size: 1 << 50, ..config() };
    let outcome = load(&vast, &mut Random { broken: None }, options, &mut |_| (), &mut |_| ());
    assert!(matches!(outcome, Err(ModelError::Memory { .. })));
    let mut model = model(Precision::Q8, 0, Isa::detect());
    assert!(matches!(model.extend(&tokens(201), Scores::None, &mut || true), Err(ModelError::ContextFull { .. })));
    let mut asked = 0;
    let outcome = model.extend(&tokens(190), Scores::None, &mut || {
        asked += 1;
        asked < 5
    });
    // Asked before each of the three layers: five times is in the second block of 128.
    assert!(matches!(outcome, Err(ModelError::Interrupted)));
    assert_eq!(model.position(), 128);
    let after = last(&mut *model, &tokens(190)[128..]);
    model.rewind(0);
    assert_eq!(last(&mut *model, &tokens(190)), after);
}

#[test]
fn what_was_packed_once_is_not_packed_again() {
    struct Kept(Vec<u8>);
    impl TensorSource for Kept {
        fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
            assert!(!name.ends_with("c_attn.weight"), "it was packed before");
            Random { broken: None }.tensor(name)
        }
        fn packed(&mut self, _precision: Precision, out: &mut [u8]) -> bool {
            out.copy_from_slice(&self.0);
            true
        }
    }
    let options = CpuOptions { precision: Precision::Q4, threads: 2, isa: Isa::detect() };
    let mut kept = Vec::new();
    let mut first =
        load(&config(), &mut Random { broken: None }, options, &mut |_| (), &mut |it| kept = it.to_vec()).unwrap();
    assert_eq!(first.weight_bytes(), kept.len() as u64);
    let mut second = load(&config(), &mut Kept(kept), options, &mut |_| (), &mut |_| panic!("packed twice")).unwrap();
    assert_eq!(last(&mut *second, &tokens(20)), last(&mut *first, &tokens(20)));
    // A pool outlives the models that it worked for.
    drop((first, second));
    Pool::new(2).run(4, &|_| ());
}
