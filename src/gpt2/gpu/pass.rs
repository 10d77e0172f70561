//! A pass: tokens of one or several sequences through the model, in as many pieces as the device does quickly.

use std::ops::{Range, RangeInclusive};
use std::time::Instant;

use super::context::CONTEXT;
use super::load::filled_up;
use super::machine::Machine;
use super::plan::{MOST_SCORED, Parts, Step, Steps, Width};
use super::{GpuModel, Plan};
use crate::TokenId;
use crate::checkpoint::Config;
use crate::model::{ModelError, room};

/// A token of a pass.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) token: TokenId,
    pub(super) sequence: usize,
}

/// Room for the keys and values of so many positions.
pub(super) fn new_layers(
    machine: &Machine,
    config: &Config,
    half: bool,
    slots: usize,
) -> Result<Vec<[wgpu::Buffer; 2]>, ModelError> {
    let bytes = (slots * config.n_embd * if half { 2 } else { 4 }) as u64;
    (0..config.n_layer).map(|_| Ok([machine.storage(bytes)?, machine.storage(bytes)?])).collect()
}

/// What is refused for so many bytes is so for want of memory, and the model is as it was.
fn no_room(error: ModelError, bytes: usize) -> ModelError {
    match error {
        ModelError::Backend { .. } => ModelError::Memory { what: "so many branches on the GPU", bytes: bytes as u64 },
        other => other,
    }
}

/// What a pass does.
pub(super) struct Pass<'a> {
    /// The tokens, each of which is appended to its sequence.
    pub(super) rows: &'a [Row],
    /// Which of them are scored, at most [`super::plan::MOST_SCORED`].
    pub(super) scored: Range<usize>,
}

/// Which of the steps for a width, for how many tokens.
struct Piece {
    width: Width,
    what: What,
    tokens: usize,
}

enum What {
    /// From tokens to the state after the last block.
    Body,
    /// From a state to scores.
    Head,
    /// One block, or the embedding before block 0.
    Block(usize),
}

impl Steps {
    fn of(&self, what: &What) -> &[Step] {
        match *what {
            What::Body => &self.body,
            What::Head => &self.head,
            What::Block(0) => &self.body[..self.ends[0]],
            What::Block(index) => &self.body[self.ends[index - 1]..self.ends[index]],
        }
    }
}

/// Counts what was submitted, on the device.
pub(super) struct Counter {
    pub(super) number: wgpu::Buffer,
    pub(super) step: Step,
}

/// Dispatches, the count of them as one submission, and a copy of so many bytes and of that number behind them.
fn record<'a>(
    machine: &Machine,
    steps: impl IntoIterator<Item = (&'a Step, usize)>,
    counter: &Counter,
    copy: Option<(&wgpu::Buffer, &wgpu::Buffer, u64)>,
) -> wgpu::CommandBuffer {
    let mut encoder = machine.encoder();
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    for (step, tokens) in steps {
        step.record(&mut pass, tokens);
    }
    counter.step.record(&mut pass, 1);
    drop(pass);
    if let Some((from, to, bytes)) = copy {
        encoder.copy_buffer_to_buffer(from, 0, to, 0, bytes);
        encoder.copy_buffer_to_buffer(&counter.number, 0, to, bytes, 4);
    }
    encoder.finish()
}

impl GpuModel {
    /// The steps of one token, if they were made.
    fn steps_of_a_token(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps(Width::Few(1)).into_iter().flat_map(|it| it.body.iter().chain(&it.head))
    }

    /// Dispatches of one token, once there was one.
    pub(super) fn dispatches(&self) -> usize {
        self.steps_of_a_token().count()
    }

    /// Records the commands of one token, and drops them.
    pub(super) fn record_token(&self) {
        drop(record(&self.machine, self.steps_of_a_token().map(|it| (it, 1)), &self.counter, None));
    }

    /// Appends a token to the sequence of each row, and computes the scores after those that are wanted, (scored, V).
    /// `wanted` is asked before each submission. After an error the sequences may be longer than before.
    pub(super) fn pass(
        &mut self,
        pass: &Pass<'_>,
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.begin(pass)?;
        let tokens = pass.rows.len();
        let mut pieces = vec![Piece { width: Width::of(tokens), what: What::Body, tokens }];
        let count = pass.scored.len();
        if count == 0 {
            return self.run(&pieces, None, wanted);
        }
        pieces.push(Piece { width: Width::of(count), what: What::Head, tokens: count });
        let from = self.buffers.scores.clone();
        self.run(&pieces, Some((&from, scores)), wanted)
    }

    /// The scores after other tokens of the last pass, (range, V).
    pub(super) fn more_scores(&mut self, range: Range<usize>, scores: &mut [f32]) -> Result<(), ModelError> {
        let header = [0, range.start as u32, range.len() as u32, 0];
        self.machine.queue.write_buffer(&self.buffers.rows, 0, bytemuck::cast_slice(&header));
        let tokens = range.len();
        let from = self.buffers.scores.clone();
        self.run(&[Piece { width: Width::of(tokens), what: What::Head, tokens }], Some((&from, scores)), &mut || true)
    }

    /// The states of tokens of the context after the embedding and after each block.
    pub(super) fn states(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        let rows: Vec<Row> = tokens.iter().map(|token| Row { token: *token, sequence: CONTEXT }).collect();
        self.begin(&Pass { rows: &rows, scored: 0..0 })?;
        let c = self.config.n_embd;
        let mut state = room(rows.len() * filled_up(c), 0.0, "hidden states")?;
        let from = self.buffers.hidden.clone();
        for index in 0..=self.config.n_layer {
            let piece = Piece { width: Width::of(rows.len()), what: What::Block(index), tokens: rows.len() };
            self.run(&[piece], Some((&from, &mut state)), &mut || true)?;
            let name = if index == 0 { "embedding".to_owned() } else { format!("h.{}", index - 1) };
            let exact: Vec<f32> = state.chunks_exact(filled_up(c)).flat_map(|row| &row[..c]).copied().collect();
            hear(&name, &exact);
        }
        Ok(())
    }

    /// Gives each row its slot, makes room, and tells the device of both.
    fn begin(&mut self, pass: &Pass<'_>) -> Result<(), ModelError> {
        let n = self.config.n_positions;
        let header = [pass.rows.len() as u32, pass.scored.start as u32, pass.scored.len() as u32, 0];
        let mut told: Vec<[u32; 4]> = vec![header];
        self.all.trim(self.slots);
        for row in pass.rows {
            let position = self.all.length(row.sequence);
            let slot = self.all.push(row.sequence);
            told.push([row.token, position as u32, (row.sequence * n) as u32, slot]);
        }
        self.make_room()?;
        if std::mem::take(&mut self.window.stale) {
            self.tell_tables(CONTEXT..=CONTEXT)?;
        }
        // Positions that follow each other are told at once.
        for run in told[1..].chunk_by(|a, b| a[2] + a[1] + 1 == b[2] + b[1]) {
            let slots: Vec<u32> = run.iter().map(|it| it[3]).collect();
            let at = 4 * u64::from(run[0][2] + run[0][1]);
            self.machine.queue.write_buffer(&self.cache.tables, at, bytemuck::cast_slice(&slots));
        }
        self.machine.queue.write_buffer(&self.buffers.rows, 0, bytemuck::cast_slice(&told));
        Ok(())
    }

    /// Tells the device the tables of some sequences.
    pub(super) fn tell_tables(&mut self, sequences: RangeInclusive<usize>) -> Result<(), ModelError> {
        self.make_room()?;
        let n = self.config.n_positions;
        for sequence in sequences {
            let table = bytemuck::cast_slice(self.all.table(sequence));
            self.machine.queue.write_buffer(&self.cache.tables, 4 * (sequence * n) as u64, table);
        }
        self.machine.look()
    }

    /// Makes the cache as large as the sequences need, and keeps what is in it.
    fn make_room(&mut self) -> Result<(), ModelError> {
        let (slots, sequences) = (self.all.slots(), self.all.count());
        if slots > self.slots {
            // By half at least, so that what is copied stays a small part of what is computed.
            let slots = slots.max(self.slots + self.slots / 2).next_multiple_of(256);
            let new = new_layers(&self.machine, &self.config, self.pipelines.style.half_cache, slots);
            let layers = new.map_err(|e| no_room(e, slots * self.config.n_layer * self.config.n_embd * 4))?;
            self.copy(self.cache.layers.iter().flatten().zip(layers.iter().flatten()))?;
            (self.cache.layers, self.slots) = (layers, slots);
        } else if sequences <= self.sequences {
            return Ok(());
        }
        if sequences > self.sequences {
            let sequences = sequences.next_power_of_two();
            let bytes = 4 * sequences * self.config.n_positions;
            let tables = self.machine.storage(bytes as u64).map_err(|e| no_room(e, bytes))?;
            self.copy([(&self.cache.tables, &tables)])?;
            (self.cache.tables, self.sequences) = (tables, sequences);
        }
        self.plan = Plan::default();
        self.window.prepared = None;
        Ok(())
    }

    /// Copies buffers to the beginnings of larger ones.
    fn copy<'a>(
        &self,
        pairs: impl IntoIterator<Item = (&'a wgpu::Buffer, &'a wgpu::Buffer)>,
    ) -> Result<(), ModelError> {
        let mut encoder = self.machine.encoder();
        for (old, new) in pairs {
            encoder.copy_buffer_to_buffer(old, 0, new, 0, old.size().min(new.size()));
        }
        self.machine.wait(self.machine.queue.submit([encoder.finish()]))
    }

    /// Runs steps in submissions of which none takes long, and brings the first floats of a buffer.
    fn run(
        &mut self,
        pieces: &[Piece],
        bring: Option<(&wgpu::Buffer, &mut [f32])>,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let Self { machine, pipelines, config, weights, buffers, cache, plan, window, staging, counter, .. } = self;
        for piece in pieces {
            plan.make(piece.width, Parts { machine, pipelines, config, weights, buffers, cache })?;
        }
        let of = |piece: &Piece| plan.steps(piece.width).map(|it| (it.of(&piece.what), piece.tokens));
        let all: Vec<(&Step, usize)> =
            pieces.iter().filter_map(of).flat_map(|(steps, tokens)| steps.iter().map(move |it| (it, tokens))).collect();
        let width = pieces[0].width;
        let copy = bring.as_ref().map(|(from, out)| (*from, size_of_val(&**out) as u64));
        // One token after the other is the same every time but for what the buffers hold.
        let is_usual = matches!(pieces, [Piece { what: What::Body, tokens: 1, .. }, Piece { what: What::Head, .. }]);
        let record = |steps: &[(&Step, usize)], copy: Option<(&wgpu::Buffer, u64)>| {
            record(machine, steps.iter().copied(), counter, copy.map(|(from, bytes)| (from, &*staging, bytes)))
        };
        let mut left = &all[..];
        while !left.is_empty() {
            if !wanted() {
                return Err(ModelError::Interrupted);
            }
            let (now, later) = left.split_at((*window.steps(width)).min(left.len()));
            let is_whole = is_usual && now.len() == all.len();
            let copy = copy.filter(|_| later.is_empty());
            let prepared = window.prepared.take().filter(|_| is_whole);
            let commands = prepared.unwrap_or_else(|| record(now, copy));
            let started = Instant::now();
            let submitted = machine.queue.submit([commands]);
            window.submitted = window.submitted.wrapping_add(1);
            if is_whole {
                // The next token's, while the device is at work.
                window.prepared = Some(record(now, copy));
            }
            match (&bring, later.is_empty()) {
                (Some(_), true) => break,
                _ => machine.wait(submitted)?,
            }
            window.took(width, now.len(), started.elapsed());
            left = later;
        }
        match bring {
            Some((_, out)) => {
                let started = Instant::now();
                machine.read(staging, out, window.submitted)?;
                window.took(width, left.len(), started.elapsed());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Appends to each branch its tokens, and computes the scores after the last of each, (B, V): first what lies before the last
    /// ones, branch by branch, then these together. After an error the branches may be longer than before.
    pub(super) fn read_branches(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let row = |which: usize, token: &TokenId| Row { token: *token, sequence: 1 + which };
        let mut ends = Vec::new();
        for (which, tokens) in several.iter().enumerate() {
            let Some((last, before)) = tokens.split_last() else { continue };
            ends.push((which, row(which, last)));
            let mut left = before;
            while !left.is_empty() {
                let (now, later) = left.split_at(left.len().min(self.window.chunk()));
                let rows: Vec<Row> = now.iter().map(|it| row(which, it)).collect();
                self.pass(&Pass { rows: &rows, scored: 0..0 }, &mut [], wanted)?;
                left = later;
            }
        }
        let vocabulary = self.config.vocab_size;
        let mut found = room(vocabulary * ends.len().min(MOST_SCORED), 0.0, "rows of scores")?;
        for group in ends.chunks(MOST_SCORED) {
            let (whose, rows): (Vec<usize>, Vec<Row>) = group.iter().copied().unzip();
            let found = &mut found[..rows.len() * vocabulary];
            self.pass(&Pass { rows: &rows, scored: 0..rows.len() }, found, wanted)?;
            for (which, row) in whose.into_iter().zip(found.chunks_exact(vocabulary)) {
                scores[which * vocabulary..][..vocabulary].copy_from_slice(row);
            }
        }
        Ok(())
    }

    /// Reads several continuations of the context, in passes that take tokens of as many as there is room for.
    pub(super) fn several(
        &mut self,
        several: &[&[TokenId]],
        hear: &mut dyn FnMut(usize, usize, &[f32]),
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        // Which continuation is being read, how far it is, and as which sequence.
        let mut reading: Option<(usize, usize)> = None;
        let mut next = 0;
        while next < several.len() || reading.is_some() {
            // What is half read goes on as the first branch.
            let mut rows = Vec::new();
            let mut whose = Vec::new();
            let mut branch = 1;
            while rows.len() < self.window.chunk() {
                let (which, done) = match reading.take() {
                    Some(it) => it,
                    None if next < several.len() => {
                        next += 1;
                        self.all.fork();
                        let sequence = self.all.count() - 1;
                        self.tell_tables(sequence..=sequence)?;
                        (next - 1, 0)
                    }
                    None => break,
                };
                let room = self.window.chunk() - rows.len();
                let piece = &several[which][done..];
                let piece = &piece[..piece.len().min(room)];
                rows.extend(piece.iter().map(|token| Row { token: *token, sequence: branch }));
                whose.extend((done..done + piece.len()).map(|index| (which, index)));
                if done + piece.len() < several[which].len() {
                    reading = Some((which, done + piece.len()));
                    break;
                }
                branch += 1;
            }
            let mut each = |index: usize, row: &[f32]| {
                let (which, at): (usize, usize) = whose[index];
                hear(which, at, row);
            };
            self.each(&rows, &mut each, wanted)?;
            self.all.forget_read(reading.is_some());
            if reading.is_some() {
                self.tell_tables(1..=1)?;
            }
        }
        Ok(())
    }
}
