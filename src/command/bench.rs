//! `megachat bench`: how fast a model reads and writes on this machine, beside what the memory allows.
//!
//! The model alone is measured: no sampler, no screen. Prompts are the same every time, so are the tokens.

mod plan;

use std::io::{self, Write as _};
use std::time::Instant;

use serde_json::json;

use self::plan::{Batch, Plan};
use super::{Exit, demo_directory, find_model, model_source, places, say};
use crate::TokenId;
use crate::cli::{BenchArguments, FileArguments};
use crate::engine::backends::processor;
use crate::engine::load::LoadedModel;
use crate::engine::protocol::{ModelCard, ModelSource};
use crate::format;
use crate::gpt2::cpu::Stream;
use crate::loading::load_model;
use crate::memory;
use crate::model::{Device, Model, ModelError, Scores};
use crate::output;
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::visible_json;

/// One line of the result: what was measured, each run's figure, and its unit.
struct Row {
    key: String,
    what: String,
    runs: Vec<f64>,
    unit: &'static str,
}

impl Row {
    fn median(&self) -> f64 {
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        let middle = runs.len() / 2;
        if runs.len() % 2 == 1 { runs[middle] } else { f64::midpoint(runs[middle - 1], runs[middle]) }
    }

    fn least_and_most(&self) -> (f64, f64) {
        let fold = |start, pick: fn(f64, f64) -> f64| self.runs.iter().copied().fold(start, pick);
        (fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max))
    }
}

/// Measures and prints a table, or JSON. What does not fit into the model's context is shortened until it does.
///
/// # Errors
///
/// Status 3 if there is no such model, 6 if there is no such
/// device, 7 if the model is damaged, 1 if it cannot be run.
pub fn bench(wanted: &BenchArguments, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    // Before minutes of work that could not be told.
    let mut out = output::stdout()?;
    let (name, directory) = find_model(paths, wanted.model.model.as_deref().or(config.model.as_deref()))?;
    let directory = match directory {
        Some(it) => it,
        None => demo_directory(&places(paths, files))?,
    };
    let source = model_source(&wanted.model, config, name, directory).map_err(|e| Exit::usage(e.to_string()))?;
    let threads = source.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut measured = Measured { rows: Vec::new(), about: None };
    let mut progress = Progress { lively: super::lively(), total: 0, done: 0 };
    for run in 1..=wanted.runs {
        measured.run(wanted, &source, &mut progress, &format!("run {run} of {}", wanted.runs))?;
    }
    // Last, so that its memory is none of the model's.
    let peak = memory::peak();
    progress.show("memory");
    let bandwidth = read_bandwidth(threads);
    progress.clear();
    let machine = Machine { threads, peak, bandwidth, cache: memory::processor_cache() };
    let written =
        if wanted.json { measured.write_json(&machine, &mut out) } else { measured.write_table(&machine, &mut out) };
    written.map_err(Exit::from)
}

/// A bar on a terminal; elsewhere a line as each run begins.
struct Progress {
    lively: bool,
    total: usize,
    done: usize,
}

impl Progress {
    fn show(&mut self, what: &str) {
        if self.lively {
            let bar = "=".repeat(20 * self.done / self.total.max(1));
            let _ = write!(output::stderr(), "\r\x1b[K[{bar:<20}] {what}");
        }
        self.done += 1;
    }

    fn clear(&self) {
        if self.lively {
            let _ = write!(output::stderr(), "\r\x1b[K");
        }
    }
}

/// What is not the model's.
struct Machine {
    threads: usize,
    /// The most bytes that the process held.
    peak: Option<u64>,
    /// Bytes a second that reading alone reaches.
    bandwidth: f64,
    /// Bytes of the processor's largest cache, where the system says it.
    cache: Option<u64>,
}

impl Machine {
    /// Whether the weights, read at so many bytes a second, come from the processor's cache: nothing that comes from
    /// memory is read faster than by reading alone, and what takes half of the cache at the most stays there.
    fn caches(&self, weight_bytes: u64, moved: f64) -> bool {
        // Where there is no memory to measure it with, it is not known.
        (self.bandwidth > 0.0 && moved > self.bandwidth) || self.cache.is_some_and(|it| weight_bytes <= it / 2)
    }
}

/// The model that figures are of.
struct About {
    card: ModelCard,
    /// Bytes of its matrices.
    weight_bytes: u64,
    plan: Plan,
}

/// The figures of all runs, and the model that they are of.
struct Measured {
    rows: Vec<Row>,
    about: Option<About>,
}

impl Measured {
    fn add(&mut self, key: impl Into<String>, what: impl Into<String>, unit: &'static str, figure: f64) {
        let key = key.into();
        match self.rows.iter_mut().find(|it| it.key == key) {
            Some(row) => row.runs.push(figure),
            None => self.rows.push(Row { key, what: what.into(), runs: vec![figure], unit }),
        }
    }

    /// Loads the model and measures it once.
    fn run(
        &mut self,
        wanted: &BenchArguments,
        source: &ModelSource,
        progress: &mut Progress,
        run: &str,
    ) -> Result<(), Exit> {
        if !progress.lively {
            say(&format!("megachat: {run}"));
        }
        progress.show(&format!("{run}: loading"));
        let LoadedModel { mut model, card } =
            load_model(source, &mut |_, _| ()).map_err(|e| super::generate::engine_exit(&e))?;
        self.add("load", "load", "s", card.took.as_secs_f64());
        let plan = Plan::of(wanted, model.positions());
        if self.about.is_none() {
            progress.clear();
            // The speed of the memory is measured, too.
            progress.total = plan.steps() + 1;
            if let Some(shortened) = &plan.shortened {
                say(&format!("megachat: {shortened}"));
            }
        }
        let failed = |e: ModelError| Exit::failed(e.to_string());
        // The first pass pays for pages and threads that later ones find ready.
        prefill(&mut *model, plan.short).map_err(failed)?;
        progress.show(&format!("{run}: reading"));
        let first = prefill(&mut *model, plan.short).map_err(failed)?;
        self.add("first_token", format!("first token after {}", plan.short), "ms", first * 1e3);
        let seconds = prefill(&mut *model, plan.prefill).map_err(failed)?;
        self.add("prefill", format!("read {}", plan.prefill), "tokens/s", plan.prefill as f64 / seconds);
        for &depth in &plan.depths {
            progress.show(&format!("{run}: drawing at {depth}"));
            let seconds = decode(&mut *model, depth, plan.decode).map_err(failed)?;
            let what = format!("draw {} after {depth}", plan.decode);
            self.add(format!("decode_{depth}"), what, "tokens/s", plan.decode as f64 / seconds);
        }
        if let Some(batch) = plan.batch {
            progress.show(&format!("{run}: {} at once", batch.count));
            let seconds = together(&mut *model, batch).map_err(failed)?;
            let figure = (batch.count * batch.decode) as f64 / seconds;
            self.add("batch", format!("draw {} times {} at once", batch.count, batch.decode), "tokens/s", figure);
        }
        // Its figures would be of two devices.
        if let Some(moved) = model.moved() {
            return Err(Exit { code: 6, message: moved.why });
        }
        self.about = Some(About { card, weight_bytes: model.weight_bytes(), plan });
        Ok(())
    }

    /// Bytes of weights that drawing reads a second.
    fn moved(&self, weight_bytes: u64) -> Option<f64> {
        let drawn = self.rows.iter().find(|it| it.key.starts_with("decode_")).map(Row::median);
        drawn.map(|it| it * weight_bytes as f64)
    }

    fn write_json(&self, machine: &Machine, out: &mut impl io::Write) -> io::Result<()> {
        let Some(About { card, weight_bytes, plan }) = &self.about else { return Ok(()) };
        let moved = self.moved(*weight_bytes);
        // Of a GPU's memory nothing is known.
        let on_cpu = card.device == Device::Cpu;
        let figures: serde_json::Map<String, serde_json::Value> = self
            .rows
            .iter()
            .map(|it| (it.key.clone(), json!({"median": it.median(), "runs": it.runs, "unit": it.unit})))
            .collect();
        let value = json!({
            "model": card.name, "parameters": card.parameters, "device": card.device.to_string(), "dtype": card.dtype,
            "kernels": kernels(card), "threads": on_cpu.then_some(machine.threads), "weight_bytes": weight_bytes,
            "peak_rss_bytes": machine.peak, "memory_bandwidth": on_cpu.then_some(machine.bandwidth),
            "processor_cache_bytes": machine.cache.filter(|_| on_cpu),
            "weights_in_cache": moved.filter(|_| on_cpu).map(|it| machine.caches(*weight_bytes, it)),
            "weights_per_second": moved, "measured": plan.json(), "shortened": plan.shortened, "figures": figures,
        });
        writeln!(out, "{}", visible_json(&value.to_string()))
    }

    fn write_table(&self, machine: &Machine, out: &mut impl io::Write) -> io::Result<()> {
        let Some(About { card, weight_bytes, .. }) = &self.about else { return Ok(()) };
        let millions = card.parameters as f64 / 1e6;
        let head = format!("{}, {millions:.1} M parameters, {}, {}", card.name, card.dtype, card.device);
        let on_cpu = card.device == Device::Cpu;
        let threads = if on_cpu { format!(", {} threads", machine.threads) } else { String::new() };
        writeln!(out, "{head}, {}{threads}", kernels(card))?;
        for row in &self.rows {
            let (least, most) = row.least_and_most();
            let digits = if row.median() < 10.0 { 2 } else { 1 };
            let middle = format!("{:.digits$} {}", row.median(), row.unit);
            writeln!(out, "{:<26} {middle:<18} {least:.digits$} to {most:.digits$}", row.what)?;
        }
        if let Some(moved) = self.moved(*weight_bytes).filter(|&it| it > 0.0) {
            let (shown, reading) = (moved / 1e9, machine.bandwidth / 1e9);
            let text = if !on_cpu {
                format!("{shown:.1} GB/s")
            } else if machine.caches(*weight_bytes, moved) {
                format!("{shown:.1} GB/s; the weights lie in the processor's cache")
            } else if reading <= 0.0 {
                format!("{shown:.1} GB/s")
            } else {
                let share = shown / reading * 100.0;
                format!("{shown:.1} GB/s, {share:.0} % of the {reading:.1} that reading alone reaches")
            };
            writeln!(out, "{:<26} {text}", format!("weights, {}", format::bytes(*weight_bytes)))?;
        }
        machine.peak.map_or(Ok(()), |bytes| writeln!(out, "{:<26} {}", "peak memory", format::bytes(bytes)))
    }
}

/// What computes the products of a model, as the backend says it.
fn kernels(card: &ModelCard) -> String {
    card.driver.clone().unwrap_or_else(processor)
}

/// Some tokens that are not all alike.
fn tokens(model: &dyn Model, count: usize) -> Vec<TokenId> {
    let vocabulary = model.vocabulary();
    (0..count).map(|index| (index * 7919 % vocabulary) as TokenId).collect()
}

/// Seconds to read so many tokens from the beginning, with the scores after the last.
fn prefill(model: &mut dyn Model, count: usize) -> Result<f64, ModelError> {
    let tokens = tokens(model, count);
    let mut scores = vec![0.0; model.vocabulary()];
    model.rewind(0);
    let started = Instant::now();
    model.extend(&tokens, Scores::Last(&mut scores), &mut || true)?;
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds for so many tokens, one after the other, after `depth` others.
fn decode(model: &mut dyn Model, depth: usize, count: usize) -> Result<f64, ModelError> {
    let tokens = tokens(model, depth + count);
    let mut scores = vec![0.0; model.vocabulary()];
    model.rewind(0);
    model.extend(&tokens[..depth], Scores::None, &mut || true)?;
    let started = Instant::now();
    for token in tokens[depth..].chunks(1) {
        model.extend(token, Scores::Last(&mut scores), &mut || true)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds for the tokens in each of some branches of a short prompt.
fn together(model: &mut dyn Model, batch: Batch) -> Result<f64, ModelError> {
    let Batch { count: branches, prompt, decode } = batch;
    let prompt = tokens(model, prompt);
    let vocabulary = model.vocabulary();
    let mut scores = vec![0.0; branches * vocabulary];
    model.rewind(0);
    model.extend(&prompt, Scores::None, &mut || true)?;
    model.branch(branches)?;
    let started = Instant::now();
    for step in 0..decode {
        let tokens: Vec<TokenId> = (0..branches).map(|it| ((step * branches + it) % vocabulary) as TokenId).collect();
        model.step(&tokens, &mut scores)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    model.rewind(0);
    Ok(seconds)
}

/// Bytes per second that so many threads read from memory, the best of some passes; 0 if there is too little of it.
fn read_bandwidth(threads: usize) -> f64 {
    let Some(mut stream) = Stream::new(threads) else {
        return 0.0;
    };
    let passes = (0..8).map(|_| {
        let started = Instant::now();
        stream.pass() as f64 / started.elapsed().as_secs_f64()
    });
    passes.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
