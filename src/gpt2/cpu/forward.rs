//! Tokens through all layers.

#![allow(unsafe_code, reason = "threads write different places of one result")]

use std::cell::RefCell;

use super::attention::{Attention, Readable, TILE};
use super::cache::Cache;
use super::grouped::{Input, Quantized, QuantizedGroup, groups, transpose};
use super::lanes::Isa;
use super::matrix::{BLOCK, Matrix};
use super::pool::{Pool, Shareable};
use super::product::{Finish, Product};
use super::{Linear, Norm, Weights};
use crate::TokenId;
use crate::gpt2::ModelError;

/// New tokens of one sequence, which has room for them.
pub(super) struct Run<'a, E> {
    pub(super) cache: &'a mut Cache<E>,
    pub(super) tokens: &'a [TokenId],
}

/// Room for what lies between two steps; T tokens of all sequences together.
#[derive(Default)]
pub(super) struct Buffers {
    /// The residual stream, (T, C).
    hidden: Vec<f32>,
    /// After a layer norm, or the heads' results, (T, C).
    normed: Vec<f32>,
    /// Queries, keys and values, (T, 3, C).
    qkv: Vec<f32>,
    /// The inner layer, (T, I).
    inner: Vec<f32>,
    grouped: Grouped,
}

/// Activations in the order that products read them in.
#[derive(Default)]
struct Grouped {
    floats: Vec<f32>,
    quantized: Quantized,
}

/// Bytes of a matrix in one piece of work with few tokens: long enough that taking it costs nothing, short enough that
/// no thread waits long for the last one.
const PIECE_BYTES: usize = 48 << 10;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Everything that a step needs beside its numbers.
struct Step<'a> {
    isa: Isa,
    pool: &'a mut Pool,
    /// T.
    tokens: usize,
}

/// What a pass through all layers works with.
pub(super) struct Pass<'a> {
    pub(super) weights: &'a Weights,
    pub(super) isa: Isa,
    pub(super) pool: &'a mut Pool,
    pub(super) buffers: &'a mut Buffers,
}

/// Brings the tokens of all runs into their caches and leaves their hidden states in `buffers`.
///
/// # Errors
///
/// [`ModelError::Interrupted`] if `wanted` says so between two layers; the caches' lengths are then as they were.
///
/// `hear` is told the name of each hidden state and the state of all tokens, (T, C).
pub(super) fn forward<E: Readable>(
    pass: Pass<'_>,
    runs: &mut [Run<'_, E>],
    wanted: &mut dyn FnMut() -> bool,
    hear: &mut dyn FnMut(&str, &[f32]),
) -> Result<(), ModelError> {
    let Pass { weights, isa, pool, buffers } = pass;
    let config = &weights.config;
    let (c, inner) = (config.n_embd, config.n_inner);
    let tokens = runs.iter().map(|it| it.tokens.len()).sum();
    let Buffers { hidden, normed, qkv, inner: middle, grouped } = buffers;
    for (buffer, length) in [(&mut *hidden, c), (&mut *normed, c), (&mut *qkv, 3 * c), (&mut *middle, inner)] {
        fit(buffer, tokens * length)?;
    }
    embed(weights, runs, hidden);
    hear("embedding", hidden);
    let epsilon = config.layer_norm_epsilon as f32;
    let mut step = Step { isa, pool, tokens };
    for (index, layer) in weights.layers.iter().enumerate() {
        if !wanted() {
            return Err(ModelError::Interrupted);
        }
        step.norm(&layer.ln_1, epsilon, hidden, normed);
        step.linear(&layer.c_attn, normed, grouped, qkv, Finish::Bias);
        step.attend(runs, index, qkv, normed);
        step.linear(&layer.attn_proj, normed, grouped, hidden, Finish::Add);
        step.norm(&layer.ln_2, epsilon, hidden, normed);
        step.linear(&layer.c_fc, normed, grouped, middle, |bias| Finish::Activation(bias, config.activation));
        step.linear(&layer.mlp_proj, middle, grouped, hidden, Finish::Add);
        hear(&format!("h.{index}"), hidden);
    }
    Ok(())
}

/// Makes a buffer so long.
fn fit(buffer: &mut Vec<f32>, length: usize) -> Result<(), ModelError> {
    let bytes = 4 * length as u64;
    let refused = |_| ModelError::Memory { what: "the hidden states", bytes };
    buffer.try_reserve(length.saturating_sub(buffer.len())).map_err(refused)?;
    buffer.resize(length, 0.0);
    Ok(())
}

/// The scores of the tokens from `first` on that `out`, (T', V), has room for, from the hidden states in `buffers`.
pub(super) fn scores(
    weights: &Weights,
    isa: Isa,
    pool: &mut Pool,
    buffers: &mut Buffers,
    first: usize,
    out: &mut [f32],
) {
    let c = weights.config.n_embd;
    let tokens = out.len() / weights.config.vocab_size;
    let Buffers { hidden, normed, grouped, .. } = buffers;
    let epsilon = weights.config.layer_norm_epsilon as f32;
    let mut step = Step { isa, pool, tokens };
    step.norm(&weights.ln_f, epsilon, &hidden[first * c..(first + tokens) * c], &mut normed[..tokens * c]);
    let head = weights.head.as_ref().unwrap_or(&weights.wte);
    step.product(head, &normed[..tokens * c], grouped, out, Finish::Plain);
}

fn embed<E>(weights: &Weights, runs: &[Run<'_, E>], hidden: &mut [f32]) {
    let c = weights.config.n_embd;
    let places = runs.iter().flat_map(|run| run.tokens.iter().zip(run.cache.length..));
    for ((&token, position), row) in places.zip(hidden.chunks_exact_mut(c)) {
        weights.wte.row(token as usize, row);
        for (x, place) in row.iter_mut().zip(&weights.wpe[position * c..]) {
            *x += place;
        }
    }
}

impl Step<'_> {
    fn norm(&mut self, norm: &Norm, epsilon: f32, x: &[f32], out: &mut [f32]) {
        let (isa, c) = (self.isa, norm.gain.len());
        // Some rows at a time: a row is a microsecond's work.
        self.pool.chunks(&mut out[..self.tokens * c], 8 * c, &|index, rows| {
            for (row, x) in rows.chunks_exact_mut(c).zip(x[index * 8 * c..].chunks_exact(c)) {
                isa.layer_norm(x, &norm.gain, &norm.bias, epsilon, row);
            }
        });
    }

    fn linear<'b>(
        &mut self,
        linear: &'b Linear,
        x: &[f32],
        grouped: &mut Grouped,
        out: &mut [f32],
        finish: impl FnOnce(&'b [f32]) -> Finish<'b>,
    ) {
        self.product(&linear.weight, x, grouped, out, finish(&linear.bias));
    }

    fn product(&mut self, matrix: &Matrix, x: &[f32], grouped: &mut Grouped, out: &mut [f32], finish: Finish<'_>) {
        let (isa, tokens) = (self.isa, self.tokens);
        assert!(x.len() >= tokens * matrix.columns && out.len() >= tokens * matrix.rows);
        let input = if matrix.kind.is_quantized() {
            self.quantize(x, matrix.columns, &mut grouped.quantized);
            Input::Bytes(&grouped.quantized)
        } else if tokens < 4 {
            // Groups of one are as they are.
            Input::Floats(x)
        } else {
            self.transpose(x, matrix.columns, &mut grouped.floats);
            Input::Floats(&grouped.floats)
        };
        let panel = matrix.kind.panel_bytes(matrix.columns);
        let panels = matrix.panels();
        // With many tokens a panel is much work; with few, only as much as reading it. With some they go in pairs.
        let per = match tokens {
            0..4 => (PIECE_BYTES / panel).max(1),
            4..8 => (PIECE_BYTES / panel).next_multiple_of(2).max(2),
            _ => 2,
        };
        let product = Product { matrix, input, tokens, out: Shareable(out.as_mut_ptr()), finish };
        self.pool.run(panels.div_ceil(per), &|piece| {
            // SAFETY: pieces are different panels, and the sizes are as asserted.
            unsafe { isa.panels(&product, piece * per, ((piece + 1) * per).min(panels)) }
        });
    }

    fn quantize(&mut self, x: &[f32], columns: usize, out: &mut Quantized) {
        let isa = self.isa;
        out.resize(self.tokens, columns);
        let blocks = columns.div_ceil(BLOCK);
        let values = Shareable(out.values.as_mut_ptr());
        let (scales, sums) = (Shareable(out.scales.as_mut_ptr()), Shareable(out.sums.as_mut_ptr()));
        self.for_groups(&|first, count| {
            // SAFETY: a group's part is this piece's alone, and `resize` made room for it.
            let mut group = unsafe {
                let (at, length) = (first * blocks, count * blocks);
                let values = values.at(at * BLOCK / 4);
                QuantizedGroup {
                    values: std::slice::from_raw_parts_mut(values, length * BLOCK / 4),
                    scales: std::slice::from_raw_parts_mut(scales.at(at), length),
                    sums: std::slice::from_raw_parts_mut(sums.at(at), length),
                }
            };
            group.fill(isa, &x[first * columns..(first + count) * columns], columns);
        });
    }

    fn transpose(&mut self, x: &[f32], columns: usize, out: &mut Vec<f32>) {
        out.resize(self.tokens * columns, 0.0);
        let to = Shareable(out.as_mut_ptr());
        self.for_groups(&|first, count| {
            let (start, length) = (first * columns, count * columns);
            // SAFETY: a group's part is this piece's alone, and `resize` made room for it.
            let out = unsafe { std::slice::from_raw_parts_mut(to.at(start), length) };
            transpose(&x[start..start + length], columns, out);
        });
    }

    /// Calls `run` with the first token and the size of each group.
    fn for_groups(&mut self, run: &(dyn Fn(usize, usize) + Sync)) {
        let all: Vec<(usize, usize)> = groups(self.tokens).collect();
        self.pool.run(all.len(), &|index| run(all[index].0, all[index].1));
    }

    /// Puts keys and values into the caches, then attends: (T, 3, H, D) to (T, H, D).
    fn attend<E: Readable>(&mut self, runs: &mut [Run<'_, E>], layer: usize, qkv: &[f32], out: &mut [f32]) {
        let isa = self.isa;
        let mut first = 0;
        for run in &mut *runs {
            let shape = run.cache.shape;
            let (heads, width, position) = (shape.heads, shape.width, run.cache.length);
            let c = heads * width;
            let tokens = run.tokens.len();
            let rows = &qkv[first * 3 * c..(first + tokens) * 3 * c];
            let writer = run.cache.writer(tokens);
            let write = |head: usize| {
                for (row, position) in rows.chunks_exact(3 * c).zip(position..) {
                    let part = |which: usize| &row[which * c + head * width..][..width];
                    // SAFETY: each head is one piece's alone.
                    unsafe { writer.put(position, layer, head, part(1), part(2)) }
                }
            };
            if tokens < 8 {
                // Less work than telling the others of it.
                (0..heads).for_each(write);
            } else {
                self.pool.run(heads, &write);
            }
            first += tokens;
        }
        // One list for all sequences, so that no thread waits between them.
        let mut tiles = Vec::new();
        let mut first = 0;
        let attentions: Vec<Attention<'_, E>> = runs
            .iter()
            .enumerate()
            .map(|(index, run)| {
                let (shape, tokens) = (run.cache.shape, run.tokens.len());
                let c = shape.heads * shape.width;
                tiles.extend(
                    (0..tokens).step_by(TILE).flat_map(|at| (0..shape.heads).map(move |head| (index, head, at))),
                );
                let start = first;
                first += tokens;
                Attention {
                    cache: &*run.cache,
                    layer,
                    qkv: &qkv[start * 3 * c..(start + tokens) * 3 * c],
                    position: run.cache.length,
                    tokens,
                    out: Shareable(out[start * c..(start + tokens) * c].as_mut_ptr()),
                }
            })
            .collect();
        // The last tiles see the most; to begin with them leaves the short ones for the end.
        self.pool.run(tiles.len(), &|piece| {
            let (index, head, at) = tiles[tiles.len() - 1 - piece];
            SCRATCH.with_borrow_mut(|scratch| {
                // SAFETY: tiles are different queries or heads, and the caches hold all positions.
                unsafe { isa.attend(&attentions[index], head, at, scratch) }
            });
        });
    }
}
