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

/// Tokens that are read: more than attention takes at once, and more than a pass.
const TOKENS: usize = 300;

/// What the largest score may differ by, of the largest there is.
fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 1e-3,
        Precision::F16 | Precision::Bf16 => 1e-2,
        // The processor rounds what it multiplies to 8 bits as well.
        Precision::Q8 | Precision::Q4 => 5e-2,
    }
}

/// Runs it: the widths are those of `config`, and with them every pipeline but those of the last product, which has fewer rows.
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
        n_positions: TOKENS + 8,
        tie_word_embeddings: true,
        ..config.clone()
    };
    let tokens: Vec<TokenId> = (0..TOKENS).map(|it| ((it * 37 + it / 7 + 11) % small.vocab_size) as TokenId).collect();
    let (device, precision) = (machine.name.clone(), pipelines.style.precision);
    let options = CpuOptions { precision, threads: 1, isa: Isa::detect() };
    let mut right = cpu::load(&small, &mut Noise(&small), options, &mut |_| (), &mut |_| ())?;
    let expected = read(&mut *right, &[&tokens])?;
    let on_branches = branch(&mut *right)?;
    let mut tried = GpuModel::load(machine, &small, &mut Noise(&small), pipelines, &mut |_| ())?;
    let largest = expected.iter().flatten().fold(0.0_f32, |top, it| top.max(it.abs()));
    let alike = |how: &str, found: &[Vec<f32>], expected: &[Vec<f32>]| {
        let wrong = |why: String| ModelError::Wrong { device: device.clone(), why: format!("{how}: {why}") };
        if found.iter().flatten().any(|it| !it.is_finite()) {
            return Err(wrong("scores that are no numbers".to_owned()));
        }
        let pairs = found.iter().flatten().zip(expected.iter().flatten());
        let share = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
        if share > tolerance(precision) {
            return Err(wrong(format!("scores differ by {:.1} %", 100.0 * share)));
        }
        Ok(())
    };
    // Every kernel for few tokens, at the beginning and where attention has several pieces.
    let (first, rest) = tokens.split_at(TOKENS - 40);
    let few: Vec<&[TokenId]> = [1, 2, 3, 8, 1, 5].into_iter().scan(rest, take).collect();
    alike("many tokens at once", &read(&mut tried, &[&tokens])?, &expected)?;
    tried.rewind(0);
    let found = read(&mut tried, &[&[first], &few[..]].concat())?;
    alike("a few tokens after many", &found, &expected[..found.len()])?;
    tried.rewind(0);
    let found = read(&mut tried, &tokens[..8].chunks(1).collect::<Vec<_>>())?;
    alike("one token after the other", &found, &expected[..8])?;
    tried.rewind(0);
    read(&mut tried, &[&tokens])?;
    alike("branches", &branch(&mut tried)?, &on_branches)
}

/// Takes so many tokens off the front.
fn take<'a>(rest: &mut &'a [TokenId], count: usize) -> Option<&'a [TokenId]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// The scores after every token, read in these pieces.
fn read(model: &mut dyn Model, pieces: &[&[TokenId]]) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut rows = Vec::new();
    for piece in pieces {
        model.extend(piece, Scores::Each(&mut |_, row| rows.push(row.to_vec())), &mut || true)?;
    }
    Ok(rows)
}

/// The scores of three branches after two tokens each, and of the one that is kept after another.
fn branch(model: &mut dyn Model) -> Result<Vec<Vec<f32>>, ModelError> {
    let width = model.vocabulary();
    let mut scores = vec![0.0; 3 * width];
    let mut rows = Vec::new();
    model.branch(3)?;
    for tokens in [[1, 2, 3], [4, 5, 6]] {
        model.step(&tokens.map(|it| it % width as TokenId), &mut scores)?;
        rows.extend(scores.chunks_exact(width).map(<[f32]>::to_vec));
    }
    model.keep(1);
    let last = rows.len();
    rows.push(vec![0.0; width]);
    model.extend(&[7 % width as TokenId], Scores::Last(&mut rows[last]), &mut || true)?;
    Ok(rows)
}

/// Weights without a pattern, the same every time, such that scores differ much from each other.
pub(super) struct Noise<'a>(pub(super) &'a Config);

impl Noise<'_> {
    pub(super) fn shape(&self, name: &str) -> Vec<usize> {
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

    pub(super) fn numbers(&self, name: &str) -> Vec<f32> {
        let shape = self.shape(name);
        let mut state = name.bytes().fold(1_u64, |it, byte| it.wrapping_mul(31).wrapping_add(u64::from(byte)));
        // Sums of as many terms as a row has stay of the size of one.
        let scale = if shape.len() == 2 { 4.0 / (filled_up(self.0.n_embd) as f32).sqrt() } else { 1.0 };
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * scale
        };
        (0..shape.iter().product::<usize>()).map(|_| next()).collect()
    }
}

impl TensorSource for Noise<'_> {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let bytes = self.numbers(name).into_iter().flat_map(f32::to_le_bytes).collect();
        Ok(RawTensor { dtype: RawType::F32, shape: self.shape(name), bytes })
    }
}
