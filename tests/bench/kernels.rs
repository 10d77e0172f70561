//! The kernels alone: how fast each precision reads its weights and multiplies with them, by kind of processor.
//!
//!     cargo bench --bench kernels [-- THREADS]
//!
//! The model is made of nothing but products that count: eight layers of the 345M shape and a small vocabulary. Drawing a
//! token is bound by reading (GB/s of weights, beside what reading alone reaches), a prompt of 512 by multiplying (billions
//! of multiplications and additions a second). Plain Rust gets 8, for it takes seconds where the others take some
//! milliseconds.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and may fail loudly")]

use std::time::Instant;

use megachat::checkpoint::{Activation, Config};
use megachat::gpt2::cpu::{CpuOptions, Isa, Stream, load};
use megachat::gpt2::{Model, ModelError, Precision, RawTensor, RawType, Scores, TensorSource};

const WIDTH: usize = 1024;
const LAYERS: usize = 8;
const VOCABULARY: usize = 512;
const POSITIONS: usize = 1024;

/// Half floats between 2^-6 and 2^-2, of either sign.
struct Noise;

impl TensorSource for Noise {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let c = WIDTH;
        let shape = match name.rsplit_once('.').map_or(name, |it| it.0).rsplit('.').next().unwrap_or(name) {
            "wte" => vec![VOCABULARY, c],
            "wpe" => vec![POSITIONS, c],
            "c_attn" if name.ends_with("bias") => vec![3 * c],
            "c_attn" => vec![c, 3 * c],
            "c_fc" if name.ends_with("bias") => vec![4 * c],
            "c_fc" => vec![c, 4 * c],
            "c_proj" if name.ends_with("bias") => vec![c],
            "c_proj" if name.contains("mlp") => vec![4 * c, c],
            "c_proj" => vec![c, c],
            _ => vec![c],
        };
        let mut state = name.len() as u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16 & 0x8000) as u16 | (9 + (state >> 20) as u16 % 4) << 10 | (state >> 8) as u16 & 0x3ff
        };
        let bytes = (0..shape.iter().product::<usize>()).flat_map(|_| next().to_le_bytes()).collect();
        Ok(RawTensor { dtype: RawType::F16, shape, bytes })
    }
}

fn main() {
    let threads = std::env::args().find_map(|it| it.parse().ok()).unwrap_or(2);
    let config = Config {
        vocab_size: VOCABULARY,
        n_positions: POSITIONS,
        n_embd: WIDTH,
        n_head: 16,
        n_layer: LAYERS,
        n_inner: 4 * WIDTH,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    let mut stream = Stream::new(threads).unwrap();
    let reading = best(6, || stream.pass() as f64) / 1e9;
    println!("{threads} threads; reading alone {reading:.1} GB/s");
    println!("{:<14} {:<5} {:>14} {:>10} {:>16}", "kernels", "", "one token GB/s", "of reading", "prompt GMAC/s");
    let products = (12 * LAYERS * WIDTH * WIDTH) as f64;
    for isa in Isa::available() {
        for precision in [Precision::F32, Precision::F16, Precision::Bf16, Precision::Q8, Precision::Q4] {
            let options = CpuOptions { precision, threads, isa };
            let mut model = load(&config, &mut Noise, options, &mut |_| (), &mut |_| ()).unwrap();
            let weights = model.weight_bytes() as f64;
            let one = best(if isa.name() == "portable" { 2 } else { 20 }, || run(&mut *model, 1, weights)) / 1e9;
            let tokens = if isa.name() == "portable" { 8 } else { 512 };
            let many = best(3, || run(&mut *model, tokens, f64::from(tokens) * products)) / 1e9;
            let share = one / reading * 100.0;
            println!("{:<14} {:<5} {one:>14.1} {share:>8.0} % {many:>16.0}", isa.name(), precision.name());
        }
    }
}

/// Reads so many tokens; answers `amount`.
fn run(model: &mut dyn Model, tokens: u32, amount: f64) -> f64 {
    model.rewind(0);
    let tokens: Vec<u32> = (0..tokens).map(|it| it % VOCABULARY as u32).collect();
    model.extend(&tokens, Scores::None, &mut || true).unwrap();
    amount
}

/// The highest amount per second of some runs.
fn best(runs: usize, mut run: impl FnMut() -> f64) -> f64 {
    let rate = |_| {
        let started = Instant::now();
        let amount = run();
        amount / started.elapsed().as_secs_f64()
    };
    (0..runs).map(rate).fold(0.0, f64::max)
}
