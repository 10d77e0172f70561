//! A pass: tokens of one or several sequences through the model, in as many pieces as the device does quickly.

use std::ops::{Range, RangeInclusive};
use std::time::{Duration, Instant};

use super::context::CONTEXT;
use super::load::filled_up;
use super::machine::Machine;
use super::plan::{Cache, MOST_TOKENS, Parts, Step, Steps, Width};
use super::{GpuModel, Plan};
use crate::TokenId;
use crate::checkpoint::Config;
use crate::model::{ModelError, room};

/// A submission that takes longer is made shorter the next time: a wish to stop is heard between two, a screen is drawn by
/// the same device, and Windows resets one that is busy for 2 s.
const LONG: Duration = Duration::from_millis(40);

/// One that takes less may be made longer.
const SHORT: Duration = Duration::from_millis(15);

/// The fewest tokens of a pass over a prompt.
const FEWEST_TOKENS: usize = 16;

/// A token of a pass.
pub(super) struct Row {
    pub(super) token: TokenId,
    pub(super) sequence: usize,
}

/// How much is submitted at once.
pub(super) struct Window {
    /// Dispatches at once, for few tokens and for many.
    few: usize,
    many: usize,
    /// Tokens of a prompt at once.
    chunk: usize,
    /// Whether the device does not know the context's table.
    pub(super) stale: bool,
    /// The commands for one more token of the context.
    prepared: Option<wgpu::CommandBuffer>,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { few: usize::MAX, many: 8, chunk: MOST_TOKENS, stale: false, prepared: None }
    }

    /// Tokens of a prompt that are read at once.
    pub(super) fn chunk(&self) -> usize {
        self.chunk
    }

    fn steps(&mut self, width: Width) -> &mut usize {
        if width == Width::Many { &mut self.many } else { &mut self.few }
    }

    /// Hears how long `done` dispatches took.
    fn took(&mut self, width: Width, done: usize, took: Duration) {
        let steps = self.steps(width);
        if took > LONG && done > 1 {
            *steps = done / 2;
        } else if took < SHORT {
            *steps = steps.saturating_mul(2);
        }
        if width == Width::Many && done == 1 && took > LONG {
            self.chunk = (self.chunk / 2).max(FEWEST_TOKENS);
        }
    }
}

/// Room for the keys and values of so many positions, and for the tables of so many sequences.
pub(super) fn new_cache(
    machine: &Machine,
    config: &Config,
    half: bool,
    slots: usize,
    sequences: usize,
) -> Result<Cache, ModelError> {
    let bytes = (slots * config.n_embd * if half { 2 } else { 4 }) as u64;
    let layer = |_| Ok([machine.storage(bytes)?, machine.storage(bytes)?]);
    let layers = (0..config.n_layer).map(layer).collect::<Result<_, ModelError>>()?;
    Ok(Cache { layers, tables: machine.storage(4 * (sequences * config.n_positions) as u64)? })
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

/// Dispatches, and a copy of so many bytes behind them.
fn record<'a>(
    machine: &Machine,
    steps: impl IntoIterator<Item = (&'a Step, usize)>,
    copy: Option<(&wgpu::Buffer, &wgpu::Buffer, u64)>,
) -> wgpu::CommandBuffer {
    let mut encoder = machine.encoder();
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    for (step, tokens) in steps {
        step.record(&mut pass, tokens);
    }
    drop(pass);
    if let Some((from, to, bytes)) = copy {
        encoder.copy_buffer_to_buffer(from, 0, to, 0, bytes);
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
        drop(record(&self.machine, self.steps_of_a_token().map(|it| (it, 1)), None));
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
        if slots <= self.slots && sequences <= self.sequences {
            return Ok(());
        }
        let slots = slots.max(self.slots).next_multiple_of(256);
        let sequences = sequences.max(self.sequences).next_power_of_two();
        let half = self.pipelines.style.half_cache;
        let new = new_cache(&self.machine, &self.config, half, slots, sequences)?;
        let mut encoder = self.machine.encoder();
        for (old, new) in self.cache.layers.iter().flatten().zip(new.layers.iter().flatten()) {
            encoder.copy_buffer_to_buffer(old, 0, new, 0, old.size().min(new.size()));
        }
        let (old, tables) = (&self.cache.tables, &new.tables);
        encoder.copy_buffer_to_buffer(old, 0, tables, 0, old.size());
        self.machine.wait(self.machine.queue.submit([encoder.finish()]))?;
        (self.cache, self.slots, self.sequences) = (new, slots, sequences);
        self.plan = Plan::default();
        self.window.prepared = None;
        Ok(())
    }

    /// Runs steps in submissions of which none takes long, and brings the first floats of a buffer.
    fn run(
        &mut self,
        pieces: &[Piece],
        bring: Option<(&wgpu::Buffer, &mut [f32])>,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let Self { machine, pipelines, config, weights, buffers, cache, plan, window, staging, .. } = self;
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
            record(machine, steps.iter().copied(), copy.map(|(from, bytes)| (from, &*staging, bytes)))
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
                machine.read(staging, out)?;
                window.took(width, left.len(), started.elapsed());
                Ok(())
            }
            None => Ok(()),
        }
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
