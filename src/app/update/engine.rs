//! What the engine's events change.

use std::time::Duration;

use super::super::Effect;
use super::super::next::Next;
use super::super::state::{App, EngineState, Loaded, Overlay, Scroll};
use super::super::view::bars::label;
use super::super::words::{self, dice::spelled};
use super::{columns, error, give_back, peek, record, record_settings, vocabulary};
use crate::document::Record;
use crate::engine::protocol::{Cut, Event, Failure, RequestId, StopReason};
use crate::sample::{Draw, Score};
use crate::store::protocol::Job;

/// Over how long the speed on the screen is measured.
const SPEED_WINDOW: Duration = Duration::from_secs(2);

pub(super) fn heard(app: &mut App, event: Event, now: Duration, effects: &mut Vec<Effect>) {
    match event {
        Event::Loading { id, done, total } => {
            if let Some((_, name, _)) = app.loading.as_ref().filter(|it| it.0 == id) {
                app.engine = EngineState::Loading { name: name.clone(), done, total };
            }
        }
        Event::Loaded { id, card } if app.loading.as_ref().is_some_and(|it| it.0 == id) => {
            app.loading = None;
            if !card.notes.is_empty() {
                app.inform(format!("{}.", card.notes.join(". ")), now);
            }
            let other = app.written_by.take().filter(|it| it.0 != card.sha256 && !it.0.is_empty());
            if let Some((_, name)) = other {
                let text = format!("The weights of {} are not those that {name} wrote this text with.", card.name);
                app.inform_too(&text, now);
            }
            app.engine = EngineState::Ready(Loaded { card: (*card).into() });
            vocabulary::follow(app);
            vocabulary::read_again(app, now, effects);
            app.flow.rebuild(&app.document, &app.vocabulary);
            // The template is made of the model's own tokens, so it waits for the model.
            if app.chat && app.document.is_empty() {
                super::keys::enter_chat(app, now, effects);
            }
            if std::mem::take(&mut app.send_when_ready) {
                super::keys::send(app, now, effects);
            } else {
                peek(app, effects);
            }
        }
        Event::Encoded { id, tokens, read_as } if is_running(app, id) => {
            if let Some(it) = read_as {
                app.inform(words::sentence(&it, ""), now);
            }
            if let Some(running) = &mut app.running {
                running.sent.clear();
            }
            append_typed(app, tokens, effects);
            // What was written and what comes of it are undone one after the other.
            app.past.keep(app.document.tip());
        }
        Event::Prefill { id, done, total } if is_running(app, id) => {
            if let Some(running) = &mut app.running {
                running.reading = Some((done, total));
            }
        }
        Event::Next { id, logits, .. } if is_running(app, id) || app.peeking == Some(id) => {
            if let Some(running) = &mut app.running {
                running.reading = None;
            }
            let mut next = app.next.take().unwrap_or_else(|| Next {
                logits: logits.clone(),
                rows: Vec::new(),
                kept: 0,
                model_entropy: 0.0,
                entropy: 0.0,
                trace: Vec::new(),
                throw: None,
            });
            if let Some(tip) = app.document.tip() {
                app.lens.rows.put(tip, logits.clone());
            }
            next.logits = logits;
            app.next = Some(next);
            app.reshape_due = true;
        }
        Event::Surveyed { id, first, rows } if app.peeking == Some(id) || is_running(app, id) => {
            if is_running(app, id) && app.lens.reread.replace(id) != Some(id) {
                record(app, Record::Reread { first: first as u32 }, effects);
            }
            surveyed(app, first, rows);
        }
        Event::Under { id, settings } if is_running(app, id) => {
            record_settings(app, *settings, effects);
        }
        Event::Token { id, draw, .. } if is_running(app, id) => token(app, *draw, now, effects),
        Event::ColumnToken { id, .. } | Event::ColumnEnded { id, .. } | Event::Finished { id, .. }
            if columns::awaits(app, id) =>
        {
            columns::heard(app, event);
        }
        Event::Finished { id, reason, cut } => finished(app, id, &reason, cut, now, effects),
        Event::Failed { id, failure } => failed(app, id, &failure, effects),
        // Of a request that nobody waits for any more.
        Event::Loaded { .. }
        | Event::Encoded { .. }
        | Event::Prefill { .. }
        | Event::Next { .. }
        | Event::Surveyed { .. }
        | Event::Under { .. }
        | Event::ColumnToken { .. }
        | Event::ColumnEnded { .. }
        | Event::Token { .. } => {}
    }
}

fn is_running(app: &App, id: RequestId) -> bool {
    app.running.as_ref().is_some_and(|it| it.id == id)
}

/// Adds typed tokens to the document and to the screen.
pub(super) fn append_typed(app: &mut App, tokens: Vec<crate::TokenId>, effects: &mut Vec<Effect>) {
    let first = app.document.next_node();
    let parent = app.document.tip();
    record(app, Record::Typed { first, parent, tokens, chosen: false }, effects);
    effects.push(Effect::Store(Job::Sync));
    app.flow.extend(&app.document, &app.vocabulary);
    (app.lens.cursor, app.lens.anchor) = (app.document.len(), None);
}

/// Keeps the scores of tokens that are there already.
fn surveyed(app: &mut App, first: usize, rows: Vec<std::sync::Arc<[f32]>>) {
    for (position, row) in (first..).zip(rows) {
        let path = app.document.path();
        let (Some(&before), Some(&id)) = (path.get(position - 1), path.get(position)) else { return };
        if let Some(score) = app.document.node(id).and_then(|it| Score::new(&row, it.token)) {
            app.lens.rows.put_score(id, score);
        }
        app.lens.rows.put_again(before, row);
    }
}

fn token(app: &mut App, draw: Draw, now: Duration, effects: &mut Vec<Effect>) {
    if draw.begun > 0 {
        let written = app.keymap.is_written();
        let place = if written { "/heal" } else { "heal, in the panel" };
        let name = |token| {
            let bytes = app.vocabulary.bytes(token);
            if written { spelled(bytes) } else { label(bytes, app.look.glyphs()) }
        };
        let typed = app.document.tokens().last().map_or_else(String::new, |&it| name(it));
        let healed = format!("\"{typed}\" of yours went on as \"{}\" ({place}).", name(draw.token));
        app.inform(healed, now);
        take_away(app, Cut { tokens: 1, tail: Vec::new() }, effects);
        app.lens.cursor = app.document.len();
    }
    let first = app.document.next_node();
    let parent = app.document.tip();
    // A cursor at the end stays there.
    app.lens.cursor += usize::from(app.lens.cursor == app.document.len());
    record(app, Record::Drawn { first, parent, draws: vec![draw], batch: None }, effects);
    app.flow.extend(&app.document, &app.vocabulary);
    if let Scroll::At { unseen, .. } = &mut app.scroll {
        *unseen += 1;
    }
    if let Some(running) = &mut app.running {
        running.drawn += 1;
        if running.drawn == 1 {
            app.first_token = Some(now.saturating_sub(running.asked));
        }
    }
    watch_for_circles(app, effects);
    app.recent.push_back(now);
    while app.recent.front().is_some_and(|&it| now.saturating_sub(it) > SPEED_WINDOW) {
        app.recent.pop_front();
    }
    if let (Some(&from), true) = (app.recent.front(), app.recent.len() > 1) {
        let seconds = now.saturating_sub(from).as_secs_f64();
        app.speed = (seconds > 0.0).then(|| (app.recent.len() - 1) as f64 / seconds);
    }
}

/// Pauses a text that goes round in circles, unless somebody is busy with something else or allowed it.
fn watch_for_circles(app: &mut App, effects: &mut Vec<Effect>) {
    let free = app.overlay.is_none() && app.input.is_empty() && !app.circles_allowed;
    let Some(running) = app.running.as_mut().filter(|it| free && !it.stopping) else { return };
    if let Some(since) = app.document.looping_since() {
        running.stopping = true;
        effects.push(Effect::StopEngine);
        app.overlay = Some(Overlay::Circles { since });
    }
}

fn finished(
    app: &mut App,
    id: RequestId,
    reason: &StopReason,
    cut: Option<Cut>,
    now: Duration,
    effects: &mut Vec<Effect>,
) {
    if app.peeking == Some(id) {
        app.peeking = None;
        return;
    }
    if !is_running(app, id) {
        return;
    }
    let drawn = app.running.as_ref().map_or(0, |it| it.drawn);
    let sent = app.running.take().map(|it| it.sent).unwrap_or_default();
    // Cancelled before the engine took it: the text is not in the document, so it goes back to where it came from.
    give_back(app, &sent);
    app.ended = Some(words::stopped(reason));
    if let Some(cut) = cut {
        if cut.tokens >= drawn && cut.tail.is_empty() {
            app.inform(
                "The stop string comes at once here: change the seed, the stop string or the text to get past it.",
                now,
            );
        }
        take_away(app, cut, effects);
    }
    effects.push(Effect::Store(Job::Append(Record::Stopped { reason: reason.name().to_owned() })));
    effects.push(Effect::Store(Job::Sync));
    peek_if_stale(app, reason, effects);
}

/// After a cut or an interrupted reading, the scores are not those of the document's end.
fn peek_if_stale(app: &mut App, reason: &StopReason, effects: &mut Vec<Effect>) {
    let stale = matches!(reason, StopReason::StopString(_) | StopReason::Cancelled);
    if stale || app.first_unknown().is_some() {
        peek(app, effects);
    }
}

/// Takes a stop string out of the text. Its tokens stay in the tree, off the path.
fn take_away(app: &mut App, cut: Cut, effects: &mut Vec<Effect>) {
    app.lens.inspection = None;
    let keep = app.document.len().saturating_sub(cut.tokens);
    let node = keep.checked_sub(1).map(|it| app.document.path()[it]);
    record(app, Record::Tip { node }, effects);
    if !cut.tail.is_empty() {
        let first = app.document.next_node();
        record(app, Record::Typed { first, parent: node, tokens: cut.tail, chosen: false }, effects);
    }
    app.flow.rebuild(&app.document, &app.vocabulary);
    (app.lens.cursor, app.lens.anchor) = (app.lens.cursor.min(app.document.len()), None);
}

fn failed(app: &mut App, id: RequestId, failure: &Failure, effects: &mut Vec<Effect>) {
    if app.loading.as_ref().is_some_and(|it| it.0 == id) {
        app.loading = None;
        app.engine = EngineState::Failed;
        app.notice = Some(error(words::engine_failure(failure, &app.keymap)));
        return;
    }
    if app.peeking == Some(id) {
        app.peeking = None;
        // A look at the scores of a text that is too long is not worth a word: nobody asked.
        if !matches!(failure, Failure::Panic(_)) {
            return;
        }
    } else if columns::awaits(app, id) {
        columns::heard(app, Event::Failed { id, failure: failure.clone() });
    } else if is_running(app, id) {
        let sent = app.running.take().map(|it| it.sent).unwrap_or_default();
        give_back(app, &sent);
        effects.push(Effect::Store(Job::Append(Record::Stopped { reason: "failed".to_owned() })));
    } else {
        return;
    }
    app.notice = Some(error(words::engine_failure(failure, &app.keymap)));
    // The engine has dropped a model that panicked.
    if let (Failure::Panic(_), Some(card)) = (failure, app.card()) {
        let (name, directory) = (card.name.clone(), card.directory.clone());
        super::load(app, name, directory, effects);
    }
}
