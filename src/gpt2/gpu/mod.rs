//! GPT-2 on a GPU, by way of Vulkan, Metal or Direct3D: kernels in WGSL, one file each, and a plan of dispatches made once.
//!
//! Sums are in 32 bits whatever the weights are held in; they are added in another order for one token than for many, so
//! that [`Model::arithmetic`] promises nothing. Scores come back whole: nothing is drawn on the device.
//!
//! The only files that name wgpu are these.

mod adapters;
mod backend;
mod context;
mod costs;
mod kernels;
mod load;
mod machine;
mod pass;
mod plan;
#[cfg(test)]
mod tests;
mod trial;
mod window;

pub use adapters::{Adapter, adapters};
pub use backend::{GpuBackend, GpuOptions, IS_BUILT, load};
pub use costs::Costs;
pub use machine::panic_is_caught;

use self::context::{CONTEXT, Sequences};
use self::kernels::Pipelines;
use self::load::{Loader, Weights, filled_up};
use self::machine::Machine;
use self::pass::{Counter, Pass, Row};
use self::plan::{Buffers, Cache, MOST_SCORED, MOST_TOKENS, Plan};
use self::window::Window;
use crate::TokenId;
use crate::checkpoint::Config;
use crate::model::{Capabilities, Model, ModelError, Precision, Rows, Scores, TensorSource, room};

/// A number that is another one where any kernel is another: what was found out about a device holds for these kernels.
#[must_use]
pub fn kernels() -> u64 {
    kernels::fingerprint()
}

/// GPT-2 on a GPU.
pub struct GpuModel {
    config: Config,
    precision: Precision,
    machine: Machine,
    pipelines: Pipelines,
    weights: Weights,
    buffers: Buffers,
    cache: Cache,
    /// Positions that the cache has room for, and sequences that the tables have.
    slots: usize,
    sequences: usize,
    plan: Plan,
    all: Sequences,
    window: Window,
    /// Where scores and states are read by the processor.
    staging: wgpu::Buffer,
    counter: Counter,
}

impl GpuModel {
    /// # Errors
    ///
    /// If a tensor is missing, misshapen or unreadable, if there is no room, or if the device fails.
    fn load(
        machine: Machine,
        config: &Config,
        source: &mut dyn TensorSource,
        pipelines: Pipelines,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, ModelError> {
        let style = pipelines.style;
        let mut loader = Loader { machine: &machine, source, precision: style.precision, bytes: 0 };
        let weights = loader.load(config, progress)?;
        let buffers = Buffers::new(&machine, config)?;
        let (slots, sequences) = (config.n_positions, 1);
        let cache = Cache {
            layers: pass::new_layers(&machine, config, style.half_cache, slots)?,
            tables: machine.storage(4 * (sequences * config.n_positions) as u64)?,
        };
        let mut pipelines = pipelines;
        let number = machine.storage(4)?;
        let counter = Counter { step: plan::count(&machine, &mut pipelines, &number)?, number };
        let largest = (MOST_SCORED * config.vocab_size).max(MOST_TOKENS * filled_up(config.n_embd));
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = machine.buffer(4 * largest as u64 + 4, usage)?;
        Ok(Self {
            config: config.clone(),
            precision: style.precision,
            window: Window::new(),
            machine,
            pipelines,
            weights,
            buffers,
            cache,
            slots,
            sequences,
            plan: Plan::default(),
            all: Sequences::new(),
            staging,
            counter,
        })
    }

    /// Gives the device up, as if it had been unplugged; the model is of no use any more.
    pub fn lose(&self) {
        self.machine.device.destroy();
    }

    /// A pass over rows that hears the scores of each.
    fn each(
        &mut self,
        rows: &[Row],
        hear: &mut dyn FnMut(usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let vocabulary = self.config.vocab_size;
        let mut some = room(vocabulary * rows.len().min(MOST_SCORED), 0.0, "rows of scores")?;
        for first in (0..rows.len()).step_by(MOST_SCORED) {
            let range = first..rows.len().min(first + MOST_SCORED);
            let scores = &mut some[..range.len() * vocabulary];
            if first == 0 {
                self.pass(&Pass { rows, scored: range.clone() }, scores, wanted)?;
            } else {
                self.more_scores(range.clone(), scores)?;
            }
            for (index, row) in range.zip(scores.chunks_exact(vocabulary)) {
                hear(index, row);
            }
        }
        Ok(())
    }

    /// Reads tokens of the context and hears the scores of those asked for; after an error it is as it was.
    fn read(
        &mut self,
        tokens: &[TokenId],
        scores: &mut Scores<'_>,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let mut done = 0;
        while done < tokens.len() {
            let chunk = &tokens[done..tokens.len().min(done + self.window.chunk())];
            let before = self.all.length(CONTEXT);
            let rows: Vec<Row> = chunk.iter().map(|token| Row { token: *token, sequence: CONTEXT }).collect();
            let is_last = done + chunk.len() == tokens.len();
            let outcome = match scores {
                Scores::Last(out) if is_last => {
                    self.pass(&Pass { rows: &rows, scored: chunk.len() - 1..chunk.len() }, out, wanted)
                }
                Scores::None | Scores::Last(_) => self.pass(&Pass { rows: &rows, scored: 0..0 }, &mut [], wanted),
                Scores::Each(hear) => self.each(&rows, &mut |index, row| hear(done + index, row), wanted),
            };
            if let Err(error) = outcome {
                self.all.cut(CONTEXT, before);
                return Err(error);
            }
            done += chunk.len();
        }
        Ok(())
    }
}

impl Model for GpuModel {
    fn vocabulary(&self) -> usize {
        self.config.vocab_size
    }

    fn positions(&self) -> usize {
        self.config.n_positions
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { together: true, probes: true, rows: Rows::Logits }
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        mut scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let before = self.all.length(CONTEXT);
        self.check(tokens, before + tokens.len())?;
        self.all.forget_branches();
        let outcome = self.read(tokens, &mut scores, wanted);
        if !matches!(outcome, Ok(()) | Err(ModelError::Interrupted)) {
            self.all.cut(CONTEXT, before);
        }
        outcome
    }

    fn extend_several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let before = self.all.length(CONTEXT);
        several.iter().try_for_each(|tokens| self.check(tokens, before + tokens.len()))?;
        self.all.forget_branches();
        let outcome = self.several(several, hear, wanted);
        self.all.forget_branches();
        outcome
    }

    fn weight_bytes(&self) -> u64 {
        self.weights.bytes
    }

    fn position(&self) -> usize {
        self.all.length(CONTEXT)
    }

    fn rewind(&mut self, position: usize) {
        self.all.forget_branches();
        self.all.cut(CONTEXT, position);
    }

    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        let before = self.all.length(CONTEXT);
        self.check(tokens, before + tokens.len())?;
        self.all.forget_branches();
        for chunk in tokens.chunks(MOST_TOKENS) {
            let outcome = self.states(chunk, hear);
            if outcome.is_err() {
                self.all.cut(CONTEXT, before);
                return outcome;
            }
        }
        Ok(())
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.all.forget_branches();
        for _ in 0..count {
            self.all.fork();
        }
        let told = self.tell_tables(1..=count);
        if told.is_err() {
            self.all.forget_branches();
        }
        told
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        let (found, expected) = (tokens.len(), self.all.count() - 1);
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let several: Vec<&[TokenId]> = tokens.chunks(1).collect();
        self.grow(&several, scores, &mut || true)
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let (found, expected) = (several.len(), self.all.count() - 1);
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let lengths: Vec<usize> = (1..=expected).map(|it| self.all.length(it)).collect();
        lengths.iter().zip(several).try_for_each(|(length, tokens)| self.check(tokens, length + tokens.len()))?;
        let outcome = self.read_branches(several, scores, wanted);
        if outcome.is_err() {
            for (branch, length) in lengths.into_iter().enumerate() {
                self.all.cut(1 + branch, length);
            }
        }
        outcome
    }

    fn keep(&mut self, branch: usize) {
        if branch + 1 < self.all.count() {
            self.all.keep(branch + 1);
            // What cannot be told now is told with the next pass.
            self.window.stale = true;
        }
        self.all.forget_branches();
    }
}
