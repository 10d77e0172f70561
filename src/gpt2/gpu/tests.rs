//! The kernels against a plain model in 64 bits, and what may go wrong with a device. Where there is no adapter these tests are
//! left out, unless `MEGACHAT_TEST_GPU` demands them.

#![allow(clippy::print_stdout, reason = "what is left out is said")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use super::kernels::{Pipelines, Source, Style, text};
use super::machine::Machine;
use super::trial::Noise;
use super::*;
use crate::checkpoint::Activation;

/// The adapters to test with.
fn all() -> Vec<Adapter> {
    let all = adapters();
    if all.is_empty() {
        assert!(std::env::var_os("MEGACHAT_TEST_GPU").is_none(), "MEGACHAT_TEST_GPU is set, and there is no adapter");
        println!("there is no adapter: tests of the GPU are left out");
    }
    all
}

fn config(n_embd: usize, n_head: usize, n_inner: usize, vocab_size: usize) -> Config {
    Config {
        vocab_size,
        n_positions: 160,
        n_embd,
        n_layer: 2,
        n_head,
        n_inner,
        layer_norm_epsilon: 1e-5,
        activation: Activation::Gelu,
        tie_word_embeddings: true,
    }
}

/// GPT-2 as its definition reads, in 64 bits, of weights as a precision holds them; each as it was made when it was first
/// asked for.
struct Plain<'a>(&'a Noise<'a>, Precision, RefCell<HashMap<String, Rc<[f64]>>>);

/// Blocks of 32 that share a scale of 16 bits, as 8 bits hold them.
fn in_8_bits(row: &mut [f64]) {
    for block in row.chunks_mut(32) {
        let largest = block.iter().fold(0.0_f64, |top, it| top.max(it.abs()));
        let scale = f64::from(half::f16::from_f64(largest / 127.0));
        for it in block {
            *it = (*it * 127.0 / largest).round_ties_even() * scale;
        }
    }
}

impl Plain<'_> {
    fn get(&self, name: &str) -> Rc<[f64]> {
        let make = || self.held(name).into();
        self.2.borrow_mut().entry(name.to_owned()).or_insert_with(make).clone()
    }

    fn held(&self, name: &str) -> Vec<f64> {
        let mut numbers: Vec<f64> = self.0.numbers(name).into_iter().map(f64::from).collect();
        let shape = self.0.shape(name);
        let ([rows, columns], false) = (&shape[..], name == "wpe.weight") else { return numbers };
        match self.1 {
            Precision::Q8 if name == "wte.weight" => numbers.chunks_mut(*columns).for_each(in_8_bits),
            // A matrix lies as (columns, rows).
            Precision::Q8 => {
                for index in 0..*columns {
                    let mut row: Vec<f64> = numbers.iter().skip(index).step_by(*columns).copied().collect();
                    in_8_bits(&mut row);
                    assert_eq!(row.len(), *rows);
                    numbers.iter_mut().skip(index).step_by(*columns).zip(row).for_each(|(it, held)| *it = held);
                }
            }
            Precision::F16 => numbers.iter_mut().for_each(|it| *it = half::f16::from_f64(*it).to_f64()),
            _ => {}
        }
        numbers
    }

    fn norm(&self, x: &[f64], name: &str) -> Vec<f64> {
        let (gain, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let of = |(index, x): (usize, &f64)| (x - mean) / (variance + 1e-5).sqrt() * gain[index] + bias[index];
        x.iter().enumerate().map(of).collect()
    }

    fn linear(&self, x: &[f64], name: &str) -> Vec<f64> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let rows = bias.len();
        (0..rows).map(|row| bias[row] + (0..x.len()).map(|i| x[i] * weight[i * rows + row]).sum::<f64>()).collect()
    }

    /// The error function, by the midpoint rule.
    fn erf(x: f64) -> f64 {
        const PARTS: u32 = 2000;
        let at = |part: u32| (f64::from(part) + 0.5) / f64::from(PARTS) * x;
        let sum: f64 = (0..PARTS).map(|it| (-at(it).powi(2)).exp()).sum();
        sum * x / f64::from(PARTS) * std::f64::consts::FRAC_2_SQRT_PI
    }

    fn attention(&self, qkv: &[Vec<f64>], t: usize) -> Vec<f64> {
        let (c, heads) = (self.0.0.n_embd, self.0.0.n_head);
        let width = c / heads;
        let mut y = vec![0.0; c];
        for first in (0..c).step_by(width) {
            let score = |p: usize| {
                let product: f64 = (first..first + width).map(|i| qkv[t][i] * qkv[p][c + i]).sum();
                (product / (width as f64).sqrt()).exp()
            };
            let weights: Vec<f64> = (0..=t).map(score).collect();
            let sum: f64 = weights.iter().sum();
            for i in first..first + width {
                y[i] = (0..=t).map(|p| weights[p] / sum * qkv[p][2 * c + i]).sum();
            }
        }
        y
    }

    /// The scores after each token.
    fn scores(&self, tokens: &[u32]) -> Vec<Vec<f64>> {
        let config = self.0.0;
        let c = config.n_embd;
        let (words, positions) = (self.get("wte.weight"), self.get("wpe.weight"));
        let begin = |(p, t): (usize, &u32)| (0..c).map(|i| words[*t as usize * c + i] + positions[p * c + i]).collect();
        let mut x: Vec<Vec<f64>> = tokens.iter().enumerate().map(begin).collect();
        for layer in 0..config.n_layer {
            let name = |part: &str| format!("h.{layer}.{part}");
            let qkv: Vec<Vec<f64>> =
                x.iter().map(|x| self.linear(&self.norm(x, &name("ln_1")), &name("attn.c_attn"))).collect();
            for (t, x) in x.iter_mut().enumerate() {
                let y = self.linear(&self.attention(&qkv, t), &name("attn.c_proj"));
                x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
                let inner = self.linear(&self.norm(x, &name("ln_2")), &name("mlp.c_fc"));
                let gelu = |x: f64| 0.5 * x * (1.0 + Self::erf(x / std::f64::consts::SQRT_2));
                let inner: Vec<f64> = inner.into_iter().map(gelu).collect();
                let y = self.linear(&inner, &name("mlp.c_proj"));
                x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
            }
        }
        let of_words = |x: &[f64]| -> Vec<f64> {
            (0..config.vocab_size).map(|v| (0..c).map(|i| x[i] * words[v * c + i]).sum()).collect()
        };
        x.iter().map(|x| of_words(&self.norm(x, "ln_f"))).collect()
    }
}

/// The largest difference, as a share of the largest score.
fn worst(rows: &[Vec<f32>], expected: &[Vec<f64>]) -> f64 {
    let pairs = rows.iter().flatten().zip(expected.iter().flatten());
    let largest = expected.iter().flatten().fold(0.0_f64, |top, it| top.max(it.abs()));
    pairs.map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max) / largest
}

fn each(model: &mut GpuModel, tokens: &[u32]) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut rows = Vec::new();
    model.extend(tokens, Scores::Each(&mut |_, row| rows.push(row.to_vec())), &mut || true)?;
    Ok(rows)
}

fn styles(width: usize) -> Vec<Style> {
    let half = |it| it != Precision::F32 && width.is_multiple_of(2);
    let of = |precision| [false, true].map(|subgroups| Style { precision, half_cache: half(precision), subgroups });
    [Precision::F32, Precision::F16, Precision::Q8].into_iter().flat_map(of).collect()
}

/// Widths that are whole blocks, that are none, and odd ones, with heads of an odd width.
#[test]
fn scores_are_those_of_a_plain_model_however_they_are_read() {
    for (c, heads, inner, vocab) in [(64, 4, 256, 97), (36, 2, 100, 30), (33, 3, 70, 41)] {
        let config = config(c, heads, inner, vocab);
        let mut noise = Noise(&config);
        let tokens: Vec<u32> = (0..100).map(|it| (it * 37 + it / 7 + 11) % vocab as u32).collect();
        let plain = |precision| Plain(&Noise(&config), precision, RefCell::default()).scores(&tokens);
        let expected = [Precision::F32, Precision::F16, Precision::Q8].map(|it| (it, plain(it)));
        for adapter in all() {
            for style in styles(c / heads) {
                if style.subgroups && !adapter.has_subgroups() {
                    continue;
                }
                let machine = adapter.open().unwrap();
                let mut model =
                    GpuModel::load(machine, &config, &mut noise, Pipelines::new(style), &mut |_| ()).unwrap();
                // Keys and values of 16 bits are the difference.
                let tolerance = if style.half_cache { 5e-4 } else { 1e-6 };
                let expected = &expected.iter().find(|it| it.0 == style.precision).unwrap().1;
                // Pieces for which other kernels are taken, and other numbers of tokens at once.
                for piece in [100, 1, 3, 8, 9, 65] {
                    model.rewind(0);
                    let rows: Vec<Vec<f32>> =
                        tokens.chunks(piece).flat_map(|it| each(&mut model, it).unwrap()).collect();
                    let worst = worst(&rows, expected);
                    assert!(worst < tolerance, "{style:?}, {c} channels, pieces of {piece}: {worst:.1e}");
                }
            }
        }
    }
}

/// A matrix that is larger than what an adapter binds comes in pieces.
#[test]
fn a_word_table_in_pieces_is_one() {
    let config = config(64, 4, 128, 30_000);
    let mut noise = Noise(&config);
    let tokens = [3, 29_999, 15_000, 12];
    let expected = Plain(&noise, Precision::F32, RefCell::default()).scores(&tokens);
    for adapter in all() {
        let style = Style { precision: Precision::F32, half_cache: false, subgroups: false };
        let machine = adapter.open().unwrap();
        let mut model = GpuModel::load(machine, &config, &mut noise, Pipelines::new(style), &mut |_| ()).unwrap();
        assert!(model.weights.words.len() > 4);
        let rows = each(&mut model, &tokens).unwrap();
        assert!(worst(&rows, &expected) < 1e-6, "{:.1e}", worst(&rows, &expected));
    }
}

#[test]
fn every_kernel_is_translated_for_other_systems() {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let mut kernels = 0;
    for style in styles(2) {
        let sources = [
            Source::Embed,
            Source::Few(1),
            Source::Few(8),
            Source::Tile,
            Source::Norm,
            Source::Attention,
            Source::Count,
        ];
        let products = |it: &Source| matches!(it, Source::Few(_) | Source::Tile);
        let writing = sources.iter().filter(|it| products(it)).map(|it| (*it, true));
        for (source, writes_cache) in sources.into_iter().map(|it| (it, false)).chain(writing) {
            let text = text(source, style, writes_cache);
            let module = naga::front::wgsl::parse_str(&text).unwrap();
            let info = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module).unwrap();
            // Constants that are set when a pipeline is made.
            let constants = module.overrides.iter().filter(|it| it.1.init.is_none());
            let constants = constants.filter_map(|it| Some((it.1.name.clone()?, 32.0))).collect();
            let (module, info) =
                naga::back::pipeline_constants::process_overrides(&module, &info, None, &constants).unwrap();
            let options = naga::back::msl::Options {
                lang_version: (2, 4),
                fake_missing_bindings: true,
                ..naga::back::msl::Options::default()
            };
            let (msl, _) =
                naga::back::msl::write_string(&module, &info, &options, &naga::back::msl::PipelineOptions::default())
                    .unwrap();
            assert!(msl.contains("kernel void"), "{source:?}");
            let mut hlsl = String::new();
            let options = naga::back::hlsl::Options {
                shader_model: naga::back::hlsl::ShaderModel::V6_0,
                fake_missing_bindings: true,
                ..naga::back::hlsl::Options::default()
            };
            let pipeline = naga::back::hlsl::PipelineOptions::default();
            let mut writer = naga::back::hlsl::Writer::new(&mut hlsl, &options, &pipeline);
            writer.write(&module, &info, None).unwrap();
            assert!(hlsl.contains("numthreads"), "{source:?}");
            kernels += 1;
        }
    }
    assert_eq!(kernels, 6 * 10);
}

fn small() -> Config {
    Config { activation: Activation::GeluTanh, ..config(64, 4, 256, 97) }
}

#[test]
fn a_device_that_computes_wrong_is_found_out() {
    type Spoil = fn(String) -> String;
    let spoilt: [(&str, Spoil); 6] = [
        ("a constant", |it| it.replace("0.044715", "0.144715")),
        ("a product", |it| it.replace("dot(a[part], x)", "dot(b[part], x)")),
        ("a second piece", |it| it.replace("sum *= shrink;", "")),
        ("four at once", |it| {
            if it.contains("COLUMNS: u32 = 4u") { it.replace("sums[t] = sum;", "sums[t] = sums[0];") } else { it }
        }),
        ("a tile", |it| it.replace("x_piece[at + down + token]", "x_piece[at + down]")),
        ("no number", |it| it.replace("let result = sum / total;", "let result = sum / (total - total);")),
    ];
    for adapter in all() {
        for style in styles(16) {
            if style.subgroups && !adapter.has_subgroups() {
                continue;
            }
            let right = trial::compare(adapter.open().unwrap(), Pipelines::new(style), &small());
            assert!(right.is_ok(), "{style:?}: {right:?}");
        }
        for (what, spoil) in spoilt {
            let style = Style { precision: Precision::F32, half_cache: false, subgroups: false };
            let wrong = trial::compare(adapter.open().unwrap(), Pipelines::spoiled(style, spoil), &small());
            assert!(matches!(wrong, Err(ModelError::Wrong { .. })), "{what}: {wrong:?}");
        }
    }
}

fn loaded(machine: Machine) -> GpuModel {
    let style = Style { precision: Precision::F32, half_cache: false, subgroups: false };
    GpuModel::load(machine, &small(), &mut Noise(&small()), Pipelines::new(style), &mut |_| ()).unwrap()
}

#[test]
fn a_device_that_is_gone_is_lost() {
    for adapter in all() {
        let mut model = loaded(adapter.open().unwrap());
        each(&mut model, &[1, 2, 3]).unwrap();
        model.lose();
        for _ in 0..2 {
            let failed = each(&mut model, &[4]);
            assert!(matches!(failed, Err(ModelError::DeviceLost { .. })), "{failed:?}");
            assert_eq!(model.position(), 3);
        }
        let failed = model.branch(200).and_then(|()| model.step(&[1; 200], &mut vec![0.0; 200 * 97]));
        assert!(matches!(failed, Err(ModelError::DeviceLost { .. })), "{failed:?}");
    }
}

/// The library panics where a driver fails while it is waited for.
#[test]
fn a_driver_that_fails_in_a_wait_is_a_lost_device() {
    for adapter in all() {
        let mut model = loaded(adapter.open().unwrap());
        each(&mut model, &[1, 2, 3]).unwrap();
        model.machine.breaks.store(true, std::sync::atomic::Ordering::Relaxed);
        for _ in 0..2 {
            let failed = each(&mut model, &[4]);
            assert!(matches!(failed, Err(ModelError::DeviceLost { .. })), "{failed:?}");
            assert_eq!(model.position(), 3);
        }
        assert!(!machine::panic_is_caught());
    }
}

/// Some drivers drop what fails and say that it was done: what was computed before must not be taken for it.
#[test]
fn a_submission_that_is_left_out_is_noticed() {
    for adapter in all() {
        let mut model = loaded(adapter.open().unwrap());
        for token in 1..4 {
            each(&mut model, &[token]).unwrap();
        }
        // As if one had been made that the device does not know of.
        model.window.submitted += 1;
        let failed = each(&mut model, &[4]);
        let Err(ModelError::DeviceLost { why, .. }) = failed else { panic!("{failed:?}") };
        assert!(why.contains("left something out"), "{why}");
    }
}

#[test]
fn a_device_that_does_not_answer_in_time_is_lost() {
    for adapter in all() {
        let mut machine = adapter.open().unwrap();
        let config = Config { n_embd: 512, n_inner: 2048, n_head: 8, vocab_size: 20_000, ..small() };
        machine.patience = Duration::from_secs(60);
        let style = Style { precision: Precision::F32, half_cache: false, subgroups: false };
        let mut noise = Noise(&config);
        let mut model = GpuModel::load(machine, &config, &mut noise, Pipelines::new(style), &mut |_| ()).unwrap();
        model.machine.patience = Duration::from_micros(1);
        let failed = each(&mut model, &[1; 128]);
        let Err(ModelError::DeviceLost { why, .. }) = failed else { panic!("{failed:?}") };
        assert!(why.contains("did not answer for"), "{why}");
    }
}

#[test]
fn a_wish_to_stop_is_heard_between_two_submissions() {
    for adapter in all() {
        let mut model = loaded(adapter.open().unwrap());
        let mut asked = 0;
        let stopped = model.extend(&[1; 140], Scores::None, &mut || {
            asked += 1;
            asked < 2
        });
        assert!(matches!(stopped, Err(ModelError::Interrupted)), "{stopped:?}");
        assert_eq!((model.position(), asked), (0, 2));
        assert_eq!(each(&mut model, &[1, 2]).unwrap().len(), 2);
    }
}
