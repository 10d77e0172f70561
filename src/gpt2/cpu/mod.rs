//! GPT-2 on the processor: packed weights, pages of keys and values, kernels for what the processor has.
//!
//! Every number of a result is computed by one thread in one order, which is the same for one token and for many: results
//! depend neither on how many threads there are nor on how the tokens were read. [`Isa::arithmetic`] numbers that order.

#![allow(clippy::inline_always, reason = "what a kernel is made of must be compiled into it, for its processor")]

mod attention;
mod backend;
mod cache;
mod forward;
mod four;
mod grouped;
mod lanes;
mod large_pages;
mod load;
mod math;
mod matrix;
mod pool;
mod product;
mod run_on;
mod several;
mod stream;
#[cfg(test)]
mod tests;

pub use lanes::Isa;
pub use load::{CpuOptions, load};
pub use run_on::CpuBackend;
pub use stream::Stream;

use self::attention::Readable;
use self::cache::{Cache, Shape};
use self::forward::{Buffers, Pass, Run};
use self::matrix::Matrix;
use self::pool::Pool;
use crate::TokenId;
use crate::checkpoint::Config;
use crate::model::{Capabilities, Model, ModelError, Precision, Rows, Scores, room};

/// A matrix with a bias.
struct Linear {
    weight: Matrix,
    /// (rows,)
    bias: Vec<f32>,
}

/// A layer norm's gain and bias, (C,).
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    ln_1: Norm,
    c_attn: Linear,
    attn_proj: Linear,
    ln_2: Norm,
    c_fc: Linear,
    mlp_proj: Linear,
}

/// Everything that does not change.
struct Weights {
    config: Config,
    wte: Matrix,
    /// (N, C)
    wpe: Vec<f32>,
    layers: Vec<Layer>,
    ln_f: Norm,
    /// Where it is not the word table.
    head: Option<Matrix>,
}

/// Tokens that go through all layers together: enough that a weight, once read, is used often, and few enough that
/// a wish to stop is heard soon.
const CHUNK: usize = 128;

/// GPT-2 on the processor, its keys and values held as `E`.
struct CpuModel<E> {
    weights: Weights,
    isa: Isa,
    pool: Pool,
    /// What all branches began with; where there are none, everything.
    prefix: Cache<E>,
    branches: Vec<Cache<E>>,
    buffers: Buffers,
}

impl<E: Readable> CpuModel<E> {
    fn new(weights: Weights, isa: Isa, pool: Pool) -> Self {
        let config = &weights.config;
        let (layers, heads) = (config.n_layer, config.n_head);
        let prefix = Cache::new(Shape { layers, heads, width: config.n_embd / heads });
        Self { weights, isa, pool, prefix, branches: Vec::new(), buffers: Buffers::default() }
    }
}

impl<E: Readable> Model for CpuModel<E> {
    fn vocabulary(&self) -> usize {
        self.weights.config.vocab_size
    }

    fn positions(&self) -> usize {
        self.weights.config.n_positions
    }

    fn precision(&self) -> Precision {
        self.weights.wte.kind.precision()
    }

    fn arithmetic(&self) -> u32 {
        self.isa.arithmetic(self.precision())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { together: true, probes: true, rows: Rows::Logits }
    }

    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        self.check(tokens, self.prefix.length + tokens.len())?;
        self.branches.clear();
        for chunk in tokens.chunks(CHUNK) {
            self.prefix.reserve(chunk.len())?;
            let mut runs = [Run { cache: &mut self.prefix, tokens: chunk }];
            let pass = Pass { weights: &self.weights, isa: self.isa, pool: &mut self.pool, buffers: &mut self.buffers };
            forward::forward(pass, &mut runs, &mut || true, hear)?;
            self.prefix.length += chunk.len();
        }
        Ok(())
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        mut scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.check(tokens, self.prefix.length + tokens.len())?;
        self.branches.clear();
        // All of it first: what does not fit leaves the context as it was.
        self.prefix.reserve(tokens.len())?;
        let mut done = 0;
        for chunk in tokens.chunks(CHUNK) {
            let run = Run { cache: &mut self.prefix, tokens: chunk };
            let pass = Pass { weights: &self.weights, isa: self.isa, pool: &mut self.pool, buffers: &mut self.buffers };
            forward::forward(pass, &mut [run], wanted, &mut |_, _| ())?;
            let head = |of: &mut Self, first, out: &mut [f32]| {
                forward::scores(&of.weights, of.isa, &mut of.pool, &mut of.buffers, first, out);
            };
            done += chunk.len();
            match &mut scores {
                Scores::Last(out) if done == tokens.len() => head(self, chunk.len() - 1, out),
                Scores::None | Scores::Last(_) => {}
                Scores::Each(take) => {
                    let vocabulary = self.weights.config.vocab_size;
                    let mut rows = room(vocabulary * chunk.len().min(several::ROWS), 0.0, "rows of scores")?;
                    for first in (0..chunk.len()).step_by(several::ROWS) {
                        let count = (chunk.len() - first).min(several::ROWS);
                        head(self, first, &mut rows[..count * vocabulary]);
                        for (index, row) in rows.chunks_exact(vocabulary).take(count).enumerate() {
                            take(done - chunk.len() + first + index, row);
                        }
                    }
                }
            }
            self.prefix.length += chunk.len();
        }
        Ok(())
    }

    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        several.iter().try_for_each(|tokens| self.check(tokens, self.prefix.length + tokens.len()))?;
        self.branches.clear();
        several::read(self, several, hear, wanted)
    }

    fn weight_bytes(&self) -> u64 {
        self.weights.wte.arena.bytes().len() as u64
    }

    fn notes(&self) -> Vec<String> {
        let (threads, wanted) = self.pool.size();
        let fewer = (threads < wanted).then(|| {
            format!("the system gives {threads} of {wanted} threads, so that the model is slower than it could be")
        });
        fewer.into_iter().collect()
    }

    fn position(&self) -> usize {
        self.prefix.length
    }

    fn rewind(&mut self, position: usize) {
        self.branches.clear();
        self.prefix.cut(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.branches = vec![self.prefix.clone(); count];
        Ok(())
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        let (found, expected) = (tokens.len(), self.branches.len());
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let longest = self.branches.iter().map(|it| it.length).max().unwrap_or(0);
        self.check(tokens, longest + 1)?;
        self.branches.iter_mut().try_for_each(|it| it.reserve(1))?;
        let runs = self.branches.iter_mut().zip(tokens.chunks(1));
        let mut runs: Vec<_> = runs.map(|(cache, tokens)| Run { cache, tokens }).collect();
        let pass = Pass { weights: &self.weights, isa: self.isa, pool: &mut self.pool, buffers: &mut self.buffers };
        forward::forward(pass, &mut runs, &mut || true, &mut |_, _| ())?;
        forward::scores(&self.weights, self.isa, &mut self.pool, &mut self.buffers, 0, scores);
        self.branches.iter_mut().for_each(|it| it.length += 1);
        Ok(())
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let (found, expected) = (several.len(), self.branches.len());
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let lengths: Vec<usize> = self.branches.iter().map(|it| it.length).collect();
        lengths.iter().zip(several).try_for_each(|(length, tokens)| self.check(tokens, length + tokens.len()))?;
        self.branches.iter_mut().zip(several).try_for_each(|(it, tokens)| it.reserve(tokens.len()))?;
        let outcome = several::grow(self, several, scores, wanted);
        if outcome.is_err() {
            self.branches.iter_mut().zip(lengths).for_each(|(it, length)| it.cut(length));
        }
        outcome
    }

    fn keep(&mut self, branch: usize) {
        if branch < self.branches.len() {
            self.prefix = self.branches.swap_remove(branch);
        }
        self.branches.clear();
    }
}
