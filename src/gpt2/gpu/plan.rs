//! What a pass is made of: kernels with their buffers, in order, made once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::kernels::{Finish, Kernel, MOST_OF_FEW, Pipelines, ROWS_OF_FEW, Source, TILE};
use super::load::{Linear, Matrix, Weights, filled_up};
use super::machine::Machine;
use crate::checkpoint::{Activation, Config};
use crate::model::ModelError;

/// The most tokens of a pass.
pub(super) const MOST_TOKENS: usize = 128;

/// The most tokens that scores are computed for at once: fifty thousand for each are 13 MB.
pub(super) const MOST_SCORED: usize = 64;

/// How many tokens a pass is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Width {
    /// At most 1, 2, 4 or 8.
    Few(usize),
    /// Up to [`MOST_TOKENS`].
    Many,
}

impl Width {
    pub(super) fn of(tokens: usize) -> Self {
        if tokens <= MOST_OF_FEW { Self::Few(tokens.next_power_of_two()) } else { Self::Many }
    }
}

/// Groups of a dispatch.
#[derive(Clone, Copy)]
enum Groups {
    /// So many.
    Fixed(usize),
    /// One for each token.
    Tokens,
    /// So many across, and a token each down.
    EachToken(usize),
    /// So many across, and down one for [`TILE`] tokens.
    Tiles(usize),
}

/// A dispatch.
pub(super) struct Step {
    pipeline: wgpu::ComputePipeline,
    buffers: wgpu::BindGroup,
    groups: Groups,
}

impl Step {
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>, tokens: usize) {
        let (across, down) = match self.groups {
            Groups::Fixed(count) => (count, 1),
            Groups::Tokens => (tokens, 1),
            Groups::EachToken(count) => (count, tokens),
            Groups::Tiles(count) => (count, tokens.div_ceil(TILE)),
        };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.buffers, &[]);
        pass.dispatch_workgroups(across as u32, down as u32, 1);
    }
}

/// The steps of a pass.
pub(super) struct Steps {
    /// From tokens to the state after the last block.
    pub(super) body: Vec<Step>,
    /// How many of those are done after the embedding, and after each block.
    pub(super) ends: Vec<usize>,
    /// From that state to scores.
    pub(super) head: Vec<Step>,
}

/// Buffers for what lies between two steps; C and I filled up.
pub(super) struct Buffers {
    /// What is known of each token: see `few.wgsl`.
    pub(super) rows: wgpu::Buffer,
    /// The residual stream, (tokens, C).
    pub(super) hidden: wgpu::Buffer,
    /// After a norm, (tokens, C).
    normed: wgpu::Buffer,
    /// (tokens, C)
    queries: wgpu::Buffer,
    /// The heads' results, (tokens, C).
    attended: wgpu::Buffer,
    /// The inner layer, (tokens, I).
    inner: wgpu::Buffer,
    /// (scored tokens, V)
    pub(super) scores: wgpu::Buffer,
}

impl Buffers {
    pub(super) fn new(machine: &Machine, config: &Config) -> Result<Self, ModelError> {
        let floats = |count: usize| machine.storage(4 * count as u64);
        let c = filled_up(config.n_embd);
        Ok(Self {
            rows: floats(4 * (1 + MOST_TOKENS))?,
            hidden: floats(MOST_TOKENS * c)?,
            normed: floats(MOST_TOKENS * c)?,
            queries: floats(MOST_TOKENS * c)?,
            attended: floats(MOST_TOKENS * c)?,
            inner: floats(MOST_TOKENS * filled_up(config.n_inner))?,
            scores: floats(MOST_SCORED * config.vocab_size)?,
        })
    }
}

/// Keys and values of all layers, and the tables that say which place is whose.
pub(super) struct Cache {
    /// Keys and values of each layer, (slots, C).
    pub(super) layers: Vec<[wgpu::Buffer; 2]>,
    /// (sequences, N)
    pub(super) tables: wgpu::Buffer,
}

/// Everything that steps are made of.
pub(super) struct Parts<'a> {
    pub(super) machine: &'a Machine,
    pub(super) pipelines: &'a mut Pipelines,
    pub(super) config: &'a Config,
    pub(super) weights: &'a Weights,
    pub(super) buffers: &'a Buffers,
    pub(super) cache: &'a Cache,
}

/// The steps of passes, made when a pass of that width is first wanted.
#[derive(Default)]
pub(super) struct Plan {
    made: HashMap<Width, Steps>,
}

impl Plan {
    /// Makes the steps for a width, unless they are there.
    pub(super) fn make(&mut self, width: Width, parts: Parts<'_>) -> Result<(), ModelError> {
        if let Entry::Vacant(place) = self.made.entry(width) {
            place.insert(Maker { width, parts }.all()?);
        }
        Ok(())
    }

    /// The steps for a width, which were made.
    pub(super) fn steps(&self, width: Width) -> Option<&Steps> {
        self.made.get(&width)
    }
}

struct Maker<'a> {
    width: Width,
    parts: Parts<'a>,
}

impl Maker<'_> {
    fn all(mut self) -> Result<Steps, ModelError> {
        let (weights, buffers) = (self.parts.weights, self.parts.buffers);
        let mut body = Vec::new();
        for piece in &weights.words {
            body.push(self.embed(piece)?);
        }
        let mut ends = vec![body.len()];
        for index in 0..weights.layers.len() {
            self.block(index, &mut body)?;
            ends.push(body.len());
        }
        let mut head = Vec::new();
        let input = if self.width == Width::Many {
            head.push(self.norm(&weights.last_norm, 0, true)?);
            &buffers.normed
        } else {
            &buffers.hidden
        };
        for piece in weights.head.as_ref().unwrap_or(&weights.words) {
            let stride = self.parts.config.vocab_size;
            let vectors = (&weights.last_norm, Some(0));
            head.push(self.product(piece, vectors, [input, &buffers.scores], (Finish::Scores, stride), None)?);
        }
        Ok(Steps { body, ends, head })
    }

    fn block(&mut self, index: usize, body: &mut Vec<Step>) -> Result<(), ModelError> {
        let (weights, buffers, cache) = (self.parts.weights, self.parts.buffers, self.parts.cache);
        let config = self.parts.config;
        let (layer, [keys, values]) = (&weights.layers[index], &cache.layers[index]);
        let (c, inner) = (filled_up(config.n_embd), filled_up(config.n_inner));
        let gelu = match config.activation {
            Activation::GeluTanh => Finish::GeluTanh,
            Activation::Gelu => Finish::GeluErf,
        };
        let finish = (Finish::Attention, c);
        self.linear(&layer.attention, [&buffers.hidden, &buffers.queries], finish, Some([keys, values]), body)?;
        body.push(self.attention(keys, values)?);
        let finish = (Finish::Residual, c);
        self.linear(&layer.attention_projection, [&buffers.attended, &buffers.hidden], finish, None, body)?;
        self.linear(&layer.inner, [&buffers.hidden, &buffers.inner], (gelu, inner), None, body)?;
        self.linear(&layer.projection, [&buffers.inner, &buffers.hidden], finish, None, body)
    }

    /// A product, and before it the norm where the product does not do it itself.
    fn linear(
        &mut self,
        of: &Linear,
        [input, output]: [&wgpu::Buffer; 2],
        finish: (Finish, usize),
        cache: Option<[&wgpu::Buffer; 2]>,
        body: &mut Vec<Step>,
    ) -> Result<(), ModelError> {
        let mut input = input;
        if let Some(gain) = of.gain.filter(|_| self.width == Width::Many) {
            body.push(self.norm(&of.vectors, gain, false)?);
            input = &self.parts.buffers.normed;
        }
        body.push(self.product(&of.weight, (&of.vectors, of.gain), [input, output], finish, cache)?);
        Ok(())
    }

    fn product(
        &mut self,
        weight: &Matrix,
        (vectors, gain): (&wgpu::Buffer, Option<usize>),
        [input, output]: [&wgpu::Buffer; 2],
        (finish, stride): (Finish, usize),
        cache: Option<[&wgpu::Buffer; 2]>,
    ) -> Result<Step, ModelError> {
        let mut constants = vec![
            ("ROWS", weight.rows as f64),
            ("FIRST", weight.first as f64),
            ("STRIDE", stride as f64),
            ("MODE", f64::from(finish as u8)),
            ("KP", filled_up(weight.columns) as f64),
        ];
        constants.extend(self.scales(weight));
        let (source, groups) = match self.width {
            Width::Few(most) => {
                constants.extend([
                    ("K", weight.columns as f64),
                    ("NORM", if gain.is_some() { 1.0 } else { 0.0 }),
                    ("GAIN", gain.unwrap_or(0) as f64 / 4.0),
                    ("EPSILON", self.parts.config.layer_norm_epsilon),
                ]);
                (Source::Few(most as u32), Groups::Fixed(weight.rows.div_ceil(ROWS_OF_FEW)))
            }
            Width::Many => (Source::Tile, Groups::Tiles(weight.rows.div_ceil(TILE))),
        };
        let mut kernel = Kernel::new(source, &constants);
        kernel.writes_cache = cache.is_some();
        let rows = &self.parts.buffers.rows;
        let mut buffers = vec![&weight.buffer, vectors, input, output, rows];
        buffers.extend(cache.into_iter().flatten());
        self.step(&kernel, &buffers, groups)
    }

    /// Where a matrix of 8 bits has its scales, for the kernels that read it.
    fn scales(&self, weight: &Matrix) -> Option<(&'static str, f64)> {
        self.parts.pipelines.has_scales().then_some(("SCALES", weight.scales as f64 / 16.0))
    }

    fn embed(&mut self, piece: &Matrix) -> Result<Step, ModelError> {
        let mut constants =
            vec![("ROWS", piece.rows as f64), ("FIRST", piece.first as f64), ("KP", filled_up(piece.columns) as f64)];
        constants.extend(self.scales(piece));
        let (weights, buffers) = (self.parts.weights, self.parts.buffers);
        let all = [&piece.buffer, &weights.positions, &buffers.hidden, &buffers.rows];
        self.step(&Kernel::new(Source::Embed, &constants), &all, Groups::Tokens)
    }

    /// The norm of all tokens, or of those to be scored.
    fn norm(&mut self, vectors: &wgpu::Buffer, gain: usize, is_scored: bool) -> Result<Step, ModelError> {
        let config = self.parts.config;
        let constants = [
            ("SCORED", f64::from(u8::from(is_scored))),
            ("GAIN", gain as f64 / 4.0),
            ("K", config.n_embd as f64),
            ("KP", filled_up(config.n_embd) as f64),
            ("EPSILON", config.layer_norm_epsilon),
        ];
        let buffers = self.parts.buffers;
        let all = [vectors, &buffers.hidden, &buffers.normed, &buffers.rows];
        self.step(&Kernel::new(Source::Norm, &constants), &all, Groups::Tokens)
    }

    fn attention(&mut self, keys: &wgpu::Buffer, values: &wgpu::Buffer) -> Result<Step, ModelError> {
        let &Config { n_embd: c, n_head: heads, .. } = self.parts.config;
        let constants = [("C", c as f64), ("D", (c / heads) as f64), ("STRIDE", filled_up(c) as f64)];
        let (buffers, cache) = (self.parts.buffers, self.parts.cache);
        let all = [&buffers.queries, keys, values, &buffers.attended, &buffers.rows, &cache.tables];
        self.step(&Kernel::new(Source::Attention, &constants), &all, Groups::EachToken(heads))
    }

    fn step(&mut self, kernel: &Kernel, buffers: &[&wgpu::Buffer], groups: Groups) -> Result<Step, ModelError> {
        step(self.parts.machine, self.parts.pipelines, kernel, buffers, groups)
    }
}

/// The step that counts submissions in a buffer of one number.
pub(super) fn count(machine: &Machine, pipelines: &mut Pipelines, counter: &wgpu::Buffer) -> Result<Step, ModelError> {
    step(machine, pipelines, &Kernel::new(Source::Count, &[]), &[counter], Groups::Fixed(1))
}

fn step(
    machine: &Machine,
    pipelines: &mut Pipelines,
    kernel: &Kernel,
    buffers: &[&wgpu::Buffer],
    groups: Groups,
) -> Result<Step, ModelError> {
    let pipeline = pipelines.pipeline(machine, kernel)?;
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    let buffers = machine.checked(|device| {
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    })?;
    Ok(Step { pipeline, buffers, groups })
}
