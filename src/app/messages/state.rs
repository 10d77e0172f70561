//! What goes on, in words: the model, the continuation, the context, an installation.

use unicode_width::UnicodeWidthChar as _;

use super::{DOWNLOAD_345M, NEEDED_345M, bytes, stage, stopped};
use crate::app::context::Context;
use crate::app::models::EngineState;
use crate::text::visible_name;

/// Which model, in which precision, where.
#[must_use]
pub fn model(engine: &EngineState) -> String {
    match engine {
        EngineState::Ready(card) => format!("{} {} {}", card.name, card.dtype, card.device.short()),
        EngineState::Loading(loading) => format!("loading {}", loading.name),
        EngineState::Empty => "no model yet".to_owned(),
        EngineState::Failed(_) => "no model".to_owned(),
    }
}

/// What is going on, in a word or two, and whether it is worth a colour.
#[must_use]
pub fn phase(cx: &Context) -> (&'static str, bool) {
    match (&cx.drawing.running, &cx.models.engine) {
        (Some(running), _) if running.stopping => ("stopping", true),
        (Some(running), _) if running.reading.is_some() => ("reading", true),
        (Some(_), _) => ("writing", true),
        (None, EngineState::Ready(_)) => (cx.drawing.ended.as_ref().map_or("ready", stopped), false),
        (None, EngineState::Loading(_)) => ("loading", true),
        (None, EngineState::Empty | EngineState::Failed(_)) => ("no model", false),
    }
}

/// The word that the end of the text and the beginning of what is written make together, `sheBut`; `None` where a word
/// begins, or where words are written without spaces between them.
#[must_use]
pub fn run_together(cx: &Context, written: &str) -> Option<String> {
    /// Letters on either side that are enough to know the word again.
    const MOST: usize = 20;
    let joins = |it: &char| it.is_alphanumeric() && !is_of_a_script_without_spaces(*it);
    if cx.chat {
        return None;
    }
    let before: Vec<char> = cx.text.flow.text().chars().rev().take_while(joins).take(MOST).collect();
    let after: String = written.chars().take_while(joins).take(MOST).collect();
    let is_one = !before.is_empty() && !after.is_empty();
    is_one.then(|| before.into_iter().rev().chain(after.chars()).collect())
}

/// Chinese, Japanese and Korean, and Thai, Lao, Burmese and Khmer.
fn is_of_a_script_without_spaces(c: char) -> bool {
    c.width() == Some(2) || matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Tokens the model sees, of how many it could.
#[must_use]
pub fn context(cx: &Context) -> Option<(usize, usize)> {
    let card = cx.card()?;
    Some((cx.text.document.len() - cx.out_of_sight(), card.n_positions))
}

/// What the tokens in the model's sight are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The prompt: what was typed before anything was drawn.
    pub prompt: usize,
    /// Typed since.
    pub typed: usize,
    /// Drawn.
    pub drawn: usize,
}

/// How many of the tokens in the model's sight are what.
#[must_use]
pub fn seen(cx: &Context) -> Seen {
    let (from, mut seen) = (cx.out_of_sight(), Seen::default());
    for (index, it) in cx.text.document.segments().into_iter().enumerate() {
        let tokens = it.end.saturating_sub(it.start.max(from));
        match (it.drawn, index) {
            (true, _) => seen.drawn += tokens,
            (false, 0) => seen.prompt += tokens,
            (false, _) => seen.typed += tokens,
        }
    }
    seen
}

/// A line about the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What runs.
    Running,
    /// What drives the device, and how fast it was found to be.
    Device,
    /// The vocabulary that it reads and writes, in a line.
    Words,
    /// What could be switched to.
    Ready,
    /// What a source answered.
    Tried,
    /// Where an installation is.
    Now,
    /// How it failed.
    Failed,
}

/// The models: what runs, what is ready, what was tried, what goes on, what failed.
#[must_use]
pub fn models(cx: &Context) -> Vec<(About, String)> {
    let running = cx.card().map_or("nothing yet".to_owned(), |card| {
        let millions = card.parameters / 1_000_000;
        format!(
            "{}: {millions} M parameters, {} on {}, context {}",
            card.name, card.dtype, card.device, card.n_positions
        )
    });
    let mut out = vec![(About::Running, running)];
    if let EngineState::Failed(why) = &cx.models.engine {
        out.push((About::Failed, why.clone()));
    }
    out.extend(cx.models.offered.iter().map(|it| (About::Ready, it.name.clone())));
    if let Some(job) = &cx.models.installing {
        out.extend(job.answers.iter().map(|(source, answer)| (About::Tried, format!("{source}: {answer}"))));
        out.extend(job.stage.iter().map(|it| (About::Now, format!("{}: {}", job.name, stage(it)))));
        out.extend(job.failure.iter().map(|it| (About::Failed, it.clone())));
    }
    // What goes on comes first.
    let card = cx.card();
    let device = card.and_then(|it| it.driver.iter().chain(&it.measured).cloned().reduce(|a, b| format!("{a}; {b}")));
    out.extend(device.map(|it| (About::Device, it)));
    out.extend(card.map(|card| (About::Words, card.vocabulary.summary())));
    out
}

/// What the 345M model needs, and whether that is more than there is.
#[must_use]
pub fn needs(cx: &Context) -> (String, bool) {
    let free = cx.models.free.map_or("unknown".to_owned(), bytes);
    let text = format!("Download about {}; on disk {} needed, {free} free.", bytes(DOWNLOAD_345M), bytes(NEEDED_345M));
    (text, cx.models.free.is_some_and(|it| it < NEEDED_345M))
}

/// Where the 345M model comes from.
#[must_use]
pub fn sources(cx: &Context) -> String {
    format!("From, in turn: {}.", cx.models.sources.join("; "))
}

/// What is known of the sources, and what there is besides.
pub const SOURCES_REPORTED: &str =
    "NVIDIA's own addresses are reported gone; each answer is shown. A small demo model is built in.";

/// An answer to the question of the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAnswer {
    /// Start with the installed model of that place among those that are offered.
    Start(usize),
    /// Download the 345M model.
    Download,
    /// Do with the demo.
    Demo,
    /// Import a file.
    Own,
}

/// The most installed models that the question of the first run offers.
pub const MOST_OFFERED: usize = 3;

/// The answers to the question of the first run, the best one first: each with what it does, at length and in short.
#[must_use]
pub fn first_answers(cx: &Context) -> Vec<(FirstAnswer, String, String)> {
    let installed = cx.models.installed.iter().take(MOST_OFFERED).enumerate().map(|(index, it)| {
        let (name, size) = (visible_name(&it.name), bytes(it.bytes));
        (
            FirstAnswer::Start(index),
            format!("start with {name}, which is installed ({size})"),
            format!("start {name} ({size})"),
        )
    });
    let whose = if cx.models.installed.is_empty() { "it" } else { "Megatron GPT-2 345M" };
    let download = (
        FirstAnswer::Download,
        format!("download {whose} now, and use the demo meanwhile"),
        format!("download {}; demo meanwhile", if cx.models.installed.is_empty() { "it" } else { "345M" }),
    );
    let demo = (
        FirstAnswer::Demo,
        "only the demo: small, writes children's stories, works offline".to_owned(),
        "only the demo, offline".to_owned(),
    );
    let own = "I have the file already".to_owned();
    installed.chain([download, demo, (FirstAnswer::Own, own.clone(), own)]).collect()
}

/// What to say of installed models that there is no room for among the answers; empty if there are none.
#[must_use]
pub fn more_installed(cx: &Context) -> String {
    match cx.models.installed.len().saturating_sub(MOST_OFFERED) {
        0 => String::new(),
        1 => "One more model is installed: `megachat model list` names it, `megachat -m NAME` starts it.".to_owned(),
        n => format!("{n} more models are installed: `megachat model list` names them, `megachat -m NAME` starts one."),
    }
}

/// What can be done while it is downloaded.
pub const SAFE_TO_STOP: &str = "Safe to stop at any time: the next start goes on.";
