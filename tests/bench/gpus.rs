//! The 345M shape on every GPU beside the processor: whether scores agree, what a token costs, how fast both are.
//!
//!     cargo bench --bench gpus [-- PRECISION ...] [-- PROMPT ...]
//!
//! Weights are random. For prompts of 1, 17 and 1,024 tokens (or those that are named) the scores after the last token are
//! compared with those of the processor in the same precision: the largest difference, the KL divergence in nats, and
//! whether the likeliest token is the same. In 8 bits the processor rounds its activations, too, and the GPU does not.
//! Then 16 tokens are drawn on both in turn, five rounds, medians. Software that stands for a GPU takes minutes for 1,024.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and may fail loudly")]

use std::time::Instant;

use megachat::checkpoint::{Activation, Config};
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::gpt2::gpu::{self, GpuOptions, adapters};
use megachat::gpt2::{Model, ModelError, Precision, RawTensor, RawType, Scores, TensorSource};

const ROUNDS: usize = 5;
const DRAWN: u32 = 16;

fn config() -> Config {
    Config {
        vocab_size: 50_257,
        n_positions: 1024,
        n_embd: 1024,
        n_head: 16,
        n_layer: 24,
        n_inner: 4096,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    }
}

/// Numbers of a mean of 0, as large as GPT-2's are when its training begins; gains of 1.
struct Noise;

impl TensorSource for Noise {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let Config { n_embd: c, n_inner: inner, vocab_size, n_positions, .. } = config();
        let part = name.strip_prefix("h.").and_then(|it| it.split_once('.')).map_or(name, |it| it.1);
        let shape = match part {
            "wte.weight" => vec![vocab_size, c],
            "wpe.weight" => vec![n_positions, c],
            "attn.c_attn.weight" => vec![c, 3 * c],
            "attn.c_attn.bias" => vec![3 * c],
            "attn.c_proj.weight" => vec![c, c],
            "mlp.c_fc.weight" => vec![c, inner],
            "mlp.c_fc.bias" => vec![inner],
            "mlp.c_proj.weight" => vec![inner, c],
            _ => vec![c],
        };
        let is_gain = part.contains("ln_") && part.ends_with("weight");
        let (center, scale) = if is_gain { (1.0, 0.2) } else { (0.0, 0.14) };
        let mut state = name.bytes().fold(1_u64, |it, byte| it.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            center + ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * scale
        };
        let count = shape.iter().product::<usize>();
        let bytes = (0..count).flat_map(|_| half::f16::from_f32(next()).to_le_bytes()).collect();
        Ok(RawTensor { dtype: RawType::F16, shape, bytes })
    }
}

fn scores(model: &mut dyn Model, tokens: &[u32]) -> (Vec<f32>, f64) {
    let mut row = vec![0.0; model.vocabulary()];
    model.rewind(0);
    let started = Instant::now();
    model.extend(tokens, Scores::Last(&mut row), &mut || true).unwrap();
    (row, tokens.len() as f64 / started.elapsed().as_secs_f64())
}

fn probabilities(row: &[f32]) -> Vec<f64> {
    let top = f64::from(row.iter().copied().fold(f32::MIN, f32::max));
    let sum: f64 = row.iter().map(|it| (f64::from(*it) - top).exp()).sum();
    row.iter().map(|it| (f64::from(*it) - top).exp() / sum).collect()
}

fn likeliest(row: &[f32]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap()
}

fn compare(gpu: &mut dyn Model, cpu: &mut dyn Model, length: usize) {
    let tokens: Vec<u32> = (0..length as u32).map(|it| (it * 7919 + 11) % 50_257).collect();
    let ((found, fast), (expected, other)) = (scores(gpu, &tokens), scores(cpu, &tokens));
    let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let (p, q) = (probabilities(&expected), probabilities(&found));
    let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
    let same = if likeliest(&found) == likeliest(&expected) { "the same" } else { "another" };
    println!(
        "  {length:>4} tokens: scores differ by {largest:.1e} at the most, KL {divergence:.1e}, {same} likeliest token; \
         {fast:.1} tok/s, the CPU {other:.1}"
    );
}

fn drawn(model: &mut dyn Model) -> f64 {
    let mut row = vec![0.0; model.vocabulary()];
    model.rewind(0);
    model.extend(&[1, 2], Scores::Last(&mut row), &mut || true).unwrap();
    let started = Instant::now();
    for token in 0..DRAWN {
        model.extend(&[token], Scores::Last(&mut row), &mut || true).unwrap();
    }
    f64::from(DRAWN) / started.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut prompts: Vec<usize> = words.iter().filter_map(|it| it.parse().ok()).collect();
    let mut precisions: Vec<Precision> = words.iter().filter_map(|it| Precision::named(it)).collect();
    if prompts.is_empty() {
        prompts = vec![1, 17, 1024];
    }
    if precisions.is_empty() {
        precisions = vec![Precision::F32, Precision::F16, Precision::Q8];
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for adapter in adapters() {
        println!("{}: {}; {}", adapter.name, adapter.described(), adapter.limits);
        for &precision in &precisions {
            let options = GpuOptions { precision, subgroups: true };
            let started = Instant::now();
            let mut model = gpu::load(&adapter, &config(), &mut Noise, options, &mut |_| ()).unwrap();
            let took = started.elapsed().as_secs_f64();
            let costs = model.costs().unwrap();
            println!(
                " {}: loaded in {took:.1} s; a token is {} dispatches, recorded in {:.2} ms; to submit nothing and read takes \
                 {:.3} ms",
                precision.name(),
                costs.dispatches,
                costs.record.as_secs_f64() * 1e3,
                costs.round_trip.as_secs_f64() * 1e3,
            );
            let options = CpuOptions { precision, threads, isa: Isa::detect() };
            let mut other = cpu::load(&config(), &mut Noise, options, &mut |_| (), &mut |_| ()).unwrap();
            for length in &prompts {
                compare(&mut model, &mut *other, *length);
            }
            let (mut here, mut there) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                here.push(drawn(&mut model));
                there.push(drawn(&mut *other));
            }
            println!("  drawn: {:.1} tok/s, the CPU {:.1}", median(here), median(there));
        }
    }
}
