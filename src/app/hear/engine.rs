//! What the engine says.

use std::path::PathBuf;

use crate::app::context::Context;
use crate::app::layers::Layer;
use crate::app::layers::loops::LoopFound;
use crate::app::messages::{self, dice::spelled};
use crate::app::models::{EngineState, WrittenBy};
use crate::app::outbox::Effect;
use crate::app::screen::bars::label;
use crate::app::state::App;
use crate::app::verbs::ask::{give_back, next_logits};
use crate::app::verbs::journal::{record, record_model, record_settings, write};
use crate::app::verbs::models::{load, load_on};
use crate::app::verbs::translation::read_again;
use crate::app::verbs::{ahead, chat, journal, send};
use crate::document::Record;
use crate::engine::protocol::{Cut, Device, DeviceChoice, Event, Failure, ModelCard, RequestId, StopReason};
use crate::sample::Draw;
use crate::store::protocol::Job;
use crate::text::visible_name;

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The model that is being loaded.
    Loading,
    /// The continuation that is being drawn.
    Continuation,
    /// Scores that the screen waits for.
    Scores,
    Columns,
    /// Scores of what comes after what is typed and not sent.
    Ahead,
}

/// What the events of a request are for; `None` if they are no longer waited for.
fn purpose(app: &App, id: RequestId) -> Option<Purpose> {
    let cx = &app.context;
    if cx.models.is_loading(id) {
        Some(Purpose::Loading)
    } else if cx.drawing.is_running(id) {
        Some(Purpose::Continuation)
    } else if cx.drawing.awaited == Some(id) {
        Some(Purpose::Scores)
    } else if cx.drawing.looks_ahead(id) {
        Some(Purpose::Ahead)
    } else {
        app.layers.await_columns(id).then_some(Purpose::Columns)
    }
}

/// Takes in what the engine says. An event of a request that is no longer waited for changes nothing.
pub(in crate::app) fn heard(app: &mut App, event: Event) {
    let id = event.id();
    // Whoever waits for the request or not: the model that is here now is another.
    if let Event::Moved { device, dtype, arithmetic, why, .. } = event {
        return moved(&mut app.context, (device, dtype, arithmetic), &why);
    }
    let purpose = purpose(app, id);
    if let Event::Failed { failure, .. } = &event {
        match purpose {
            Some(purpose) => failed(app, purpose, failure),
            // Nobody waits for it any more, and the engine has no model nevertheless.
            None if failure.drops_the_model() => load_again(&mut app.context, failure),
            None => {}
        }
        return;
    }
    let Some(purpose) = purpose else { return };
    if purpose == Purpose::Columns {
        return of_columns(app, event);
    }
    let cx = &mut app.context;
    if purpose == Purpose::Ahead {
        return of_ahead(cx, event);
    }
    match event {
        Event::Loading { done, total, .. } => {
            if let EngineState::Loading(loading) = &mut cx.models.engine {
                (loading.done, loading.total) = (done, total);
            }
        }
        Event::Loaded { card, .. } => loaded(cx, *card),
        Event::Encoded { tokens, read_as, .. } => {
            if let Some(it) = read_as {
                cx.outbox.say(messages::sentence(&it, ""));
            }
            if let Some(running) = &mut cx.drawing.running {
                running.sent.clear();
            }
            chat::append(cx, tokens);
            // What was written and what comes of it are undone one after the other; new dice go on with what was begun.
            if !cx.drawing.running.as_ref().is_some_and(|it| it.is_one_deed) {
                record(cx, Record::Deed);
            }
        }
        Event::Prefill { done, total, .. } => {
            if let Some(running) = cx.drawing.running.as_mut().filter(|it| it.id == id) {
                running.reading = Some((done, total));
            }
        }
        Event::Next { logits, .. } => {
            if let Some(running) = &mut cx.drawing.running {
                running.reading = None;
            }
            cx.text.put_next(logits);
        }
        Event::PromptLogprobs { first, rows, .. } => {
            cx.text.put_scores(first, rows);
        }
        Event::Under { settings, .. } => record_settings(cx, *settings),
        Event::Token { draw, .. } => {
            token(cx, *draw);
            watch_for_loops(app);
        }
        Event::Finished { reason, cut, .. } => finished(cx, id, reason, cut),
        Event::ColumnToken { .. } | Event::ColumnEnded { .. } | Event::Failed { .. } | Event::Moved { .. } => {}
    }
}

/// The model goes on elsewhere: what is drawn from here on is another device's.
fn moved(cx: &mut Context, (device, dtype, arithmetic): (Device, String, u32), why: &str) {
    let Some(card) = cx.card() else { return };
    let card = ModelCard { device, driver: None, measured: None, dtype, arithmetic, ..card.clone() };
    cx.models.engine = EngineState::Ready(card.into());
    if cx.drawing.running.is_some() {
        // Settings that came meanwhile hold from where the engine says so.
        record_model(cx);
    }
    cx.outbox.complain(messages::sentence(why, ""));
}

fn of_ahead(cx: &mut Context, event: Event) {
    match event {
        Event::Next { logits, .. } => ahead::came(cx, logits),
        Event::Finished { reason, .. } => ahead::ended(cx, &reason),
        _ => {}
    }
}

fn of_columns(app: &mut App, event: Event) {
    if let Some(columns) = app.layers.columns_mut()
        && !columns.heard_exactly(&mut app.context, &event)
    {
        columns.heard(event);
    }
}

fn loaded(cx: &mut Context, card: ModelCard) {
    if !card.notes.is_empty() {
        cx.outbox.say(format!("{}.", card.notes.join(". ")));
    }
    if let Some(WrittenBy { sha256, name, device }) = cx.models.written_by.take() {
        let here = card.device.to_string();
        if sha256 != card.sha256 && !sha256.is_empty() {
            let text = format!("The weights of {} are not those that {name} wrote this text with.", card.name);
            cx.outbox.say_first(&text);
        } else if device != here && !device.is_empty() {
            let device = visible_name(&device);
            let rounds = "which rounds otherwise: the same dice may fall otherwise";
            cx.outbox.say_first(&format!("This text was drawn on {device}; it goes on on {here}, {rounds}."));
        }
    }
    let vocabulary = card.vocabulary.clone();
    cx.models.engine = EngineState::Ready(card.into());
    cx.text.set_model(Some(vocabulary));
    read_again(cx);
    // The template is made of the model's own tokens, so it waits for the model.
    if cx.chat && cx.text.document.is_empty() {
        chat::enter(cx);
    }
    if std::mem::take(&mut cx.drawing.send_when_ready) {
        send::send(cx);
    } else {
        next_logits(cx);
    }
}

fn token(cx: &mut Context, draw: Draw) {
    if draw.begun > 0 {
        say_healed(cx, &draw);
        take_away(cx, Cut { tokens: 1, tail: Vec::new() });
        cx.text.cursor = cx.text.document.len();
    }
    let first = cx.text.document.next_node();
    let parent = cx.text.document.tip();
    record(cx, Record::Drawn { first, parent, draws: vec![draw] });
    cx.drawing.count(cx.outbox.now);
}

/// Says that a half word of the user's went on.
fn say_healed(cx: &mut Context, draw: &Draw) {
    let is_written = cx.keymap.is_written();
    let place = if is_written { "/heal" } else { "heal, in the panel" };
    let name = |token| {
        let bytes = cx.text.vocabulary().bytes(token);
        if is_written { spelled(bytes) } else { label(bytes, cx.window.appearance.glyphs()) }
    };
    let typed = cx.text.document.tokens().last().map_or_else(String::new, |&it| name(it));
    let healed = format!("\"{typed}\" of yours went on as \"{}\" ({place}).", name(draw.token));
    cx.outbox.say(healed);
}

/// Pauses a text that goes on in a loop, unless the user is busy with something else or allowed it.
fn watch_for_loops(app: &mut App) {
    let cx = &mut app.context;
    let is_free = app.layers.is_empty() && cx.input.is_empty() && !cx.drawing.loops_allowed;
    let Some(running) = cx.drawing.running.as_mut().filter(|it| is_free && !it.stopping) else { return };
    if let Some(since) = cx.text.document.looping_since() {
        running.stopping = true;
        cx.outbox.push(Effect::StopEngine);
        app.interject(Layer::Loop(LoopFound { since }));
    }
}

fn finished(cx: &mut Context, id: RequestId, reason: StopReason, cut: Option<Cut>) {
    if cx.drawing.awaited == Some(id) {
        cx.drawing.awaited = None;
        return;
    }
    let Some(running) = cx.drawing.running.take_if(|it| it.id == id) else { return };
    // Cancelled before the engine took it: the text is not in the document, so it goes back to where it came from.
    give_back(cx, &running.sent);
    if let Some(cut) = cut {
        if cut.tokens >= running.drawn && cut.tail.is_empty() {
            cx.outbox.say(
                "The stop string comes at once here: change the seed, the stop string or the text to get past it.",
            );
        }
        take_away(cx, cut);
    }
    if let (StopReason::ContextFull, Some(card)) = (&reason, cx.card()) {
        cx.outbox.say(messages::context_full(card.n_positions, &cx.keymap));
    }
    // The engine heard nothing of what was set after the last token.
    record_settings(cx, cx.settings.clone());
    journal::append(cx, Record::Stopped { reason: reason.name().to_owned() });
    cx.outbox.store(Job::Sync);
    // After a cut or an interrupted reading, the scores are not those of the document's end.
    let is_stale = matches!(reason, StopReason::StopString(_) | StopReason::Cancelled);
    cx.drawing.ended = Some(reason);
    if is_stale || cx.first_unknown().is_some() {
        next_logits(cx);
    }
}

/// Takes a stop string out of the text. Its tokens stay in the tree, off the path.
fn take_away(cx: &mut Context, cut: Cut) {
    let keep = cx.text.document.len().saturating_sub(cut.tokens);
    let node = keep.checked_sub(1).map(|it| cx.text.document.path()[it]);
    record(cx, Record::Tip { node });
    if !cut.tail.is_empty() {
        write(cx, node, cut.tail, false);
    }
}

fn failed(app: &mut App, purpose: Purpose, failure: &Failure) {
    let cx = &mut app.context;
    let mut is_back = false;
    match purpose {
        Purpose::Loading => {
            if let Some((name, directory)) = for_the_processor(cx, failure) {
                cx.outbox.complain(messages::sentence(&format!("{failure}; it runs on the CPU"), ""));
                return load_on(cx, name, &directory, DeviceChoice::On(Device::Cpu));
            }
            cx.models.engine = EngineState::Failed(messages::engine_failure(failure, &cx.keymap, false));
        }
        Purpose::Scores => {
            cx.drawing.awaited = None;
            // Scores of a text that is too long are not worth a word: the user did not ask for them.
            if !failure.drops_the_model() {
                return;
            }
        }
        // Nobody asked for it in so many words.
        Purpose::Ahead => {
            ahead::failed(cx);
            if !failure.drops_the_model() {
                return;
            }
        }
        Purpose::Columns => {
            if let Some(columns) = app.layers.columns_mut() {
                columns.ended();
            }
        }
        Purpose::Continuation => {
            if let Some(running) = cx.drawing.running.take() {
                is_back = !running.sent.is_empty();
                give_back(cx, &running.sent);
            }
            record_settings(cx, cx.settings.clone());
            journal::append(cx, Record::Stopped { reason: "failed".to_owned() });
        }
    }
    let cx = &mut app.context;
    cx.outbox.complain(messages::engine_failure(failure, &cx.keymap, is_back));
    if purpose != Purpose::Loading && failure.drops_the_model() {
        load_again(cx, failure);
    }
}

/// The model that a device could not be given, or was lost with, if the processor was not tried with it.
fn for_the_processor(cx: &Context, failure: &Failure) -> Option<(String, PathBuf)> {
    let Failure::CannotRun { device, .. } = failure else { return None };
    let loading = cx.models.loading().filter(|_| *device != Device::Cpu)?;
    Some((loading.name.clone(), loading.directory.clone()))
}

/// The engine has dropped a model that panicked, or whose device is lost. A device that was lost once is not tried again: it
/// could be lost with the same text for ever.
fn load_again(cx: &mut Context, failure: &Failure) {
    if let Some(card) = cx.models.card().cloned() {
        if matches!(failure, Failure::DeviceLost(_)) {
            cx.models.options.device = DeviceChoice::On(Device::Cpu);
        }
        load(cx, card.name.clone(), &card.directory);
    }
}
