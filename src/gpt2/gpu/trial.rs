//! Whether a GPU computes what it should: a small model of the same widths, on it and on the processor.
//!
//! Some drivers answer with wrong numbers, and say nothing.

use super::adapters::Adapter;
use super::backend::style;
use super::kernels::Pipelines;
use super::machine::Machine;
use super::{GpuModel, filled_up};
use crate::TokenId;
use crate::checkpoint::Config;
use crate::gpt2::cpu::{self, CpuOptions, Isa};
use crate::model::{Model, ModelError, Precision, RawTensor, RawType, Scores, TensorSource};

/// Tokens read in one go, by the kernels for many, and then one by one, by those for few.
const TOKENS: usize = 32;

/// What the largest score may differ by, of the largest there is.
fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 1e-3,
        Precision::F16 | Precision::Bf16 => 1e-2,
        // The processor rounds what it multiplies to 8 bits as well.
        Precision::Q8 | Precision::Q4 => 5e-2,
    }
}

/// Runs it: the widths are those of `config`, and with them every pipeline but that of the last product.
///
/// # Errors
///
/// [`ModelError::Wrong`] if the scores are not those of the processor; else what went wrong on the way.
pub(super) fn run(adapter: &Adapter, config: &Config, precision: Precision) -> Result<(), ModelError> {
    compare(adapter.open()?, Pipelines::new(style(adapter, config, precision)?), config)
}

/// As [`run`], on a device that is open.
pub(super) fn compare(machine: Machine, pipelines: Pipelines, config: &Config) -> Result<(), ModelError> {
    let small = Config {
        n_layer: 2,
        vocab_size: config.vocab_size.min(997),
        n_positions: 2 * TOKENS,
        tie_word_embeddings: true,
        ..config.clone()
    };
    let tokens: Vec<TokenId> = (0..TOKENS).map(|it| ((it * 37 + 11) % small.vocab_size) as TokenId).collect();
    let (device, precision) = (machine.name.clone(), pipelines.style.precision);
    let options = CpuOptions { precision, threads: 1, isa: Isa::detect() };
    let mut right = cpu::load(&small, &mut Noise(&small), options, &mut |_| (), &mut |_| ())?;
    let expected = at_once(&mut *right, &tokens)?;
    let mut tried = GpuModel::load(machine, &small, &mut Noise(&small), pipelines, &mut |_| ())?;
    let many = at_once(&mut tried, &tokens)?;
    tried.rewind(0);
    let mut few = Vec::new();
    for token in &tokens {
        let mut row = vec![0.0; small.vocab_size];
        tried.extend(&[*token], Scores::Last(&mut row), &mut || true)?;
        few.push(row);
    }
    let largest = expected.iter().flatten().fold(0.0_f32, |top, it| top.max(it.abs()));
    for (how, found) in [("many tokens at once", many), ("one token after the other", few)] {
        if found.iter().flatten().any(|it| !it.is_finite()) {
            return Err(ModelError::Wrong { device, why: format!("{how}: scores that are no numbers") });
        }
        let pairs = found.iter().flatten().zip(expected.iter().flatten());
        let share = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
        if share > tolerance(precision) {
            return Err(ModelError::Wrong { device, why: format!("{how}: scores differ by {:.1} %", 100.0 * share) });
        }
    }
    Ok(())
}

fn at_once(model: &mut dyn Model, tokens: &[TokenId]) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut rows = Vec::new();
    model.extend(tokens, Scores::Each(&mut |_, row| rows.push(row.to_vec())), &mut || true)?;
    Ok(rows)
}

/// Weights without a pattern, the same every time, such that scores differ much from each other.
struct Noise<'a>(&'a Config);

impl Noise<'_> {
    fn shape(&self, name: &str) -> Vec<usize> {
        let &Config { n_embd: c, n_inner: i, vocab_size, n_positions, .. } = self.0;
        match name.strip_prefix("h.").and_then(|it| it.split_once('.')).map_or(name, |it| it.1) {
            "wte.weight" => vec![vocab_size, c],
            "wpe.weight" => vec![n_positions, c],
            "attn.c_attn.weight" => vec![c, 3 * c],
            "attn.c_attn.bias" => vec![3 * c],
            "attn.c_proj.weight" => vec![c, c],
            "mlp.c_fc.weight" => vec![c, i],
            "mlp.c_fc.bias" => vec![i],
            "mlp.c_proj.weight" => vec![i, c],
            _ => vec![c],
        }
    }
}

impl TensorSource for Noise<'_> {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let shape = self.shape(name);
        let mut state = name.bytes().fold(1_u64, |it, byte| it.wrapping_mul(31).wrapping_add(u64::from(byte)));
        // Sums of as many terms as a row has stay of the size of one.
        let scale = if shape.len() == 2 { 4.0 / (filled_up(self.0.n_embd) as f32).sqrt() } else { 1.0 };
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * scale
        };
        let bytes = (0..shape.iter().product::<usize>()).flat_map(|_| next().to_le_bytes()).collect();
        Ok(RawTensor { dtype: RawType::F32, shape, bytes })
    }
}
