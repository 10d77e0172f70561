//! What could come after what is typed and not sent yet: asked of the model while nobody presses a key.
//!
//! Nothing of it is written down, and the engine leaves what it has read as it found it: a text that was looked at before it
//! was sent is drawn as one that was not.

use std::sync::Arc;
use std::time::Duration;

use super::ask::request;
use super::chat;
use crate::TokenId;
use crate::app::context::Context;
use crate::app::drawing::{LookAhead, Typed};
use crate::app::focus::Focus;
use crate::app::layout::{Panes, layout};
use crate::app::outbox::Effect;
use crate::app::text::Ahead;
use crate::engine::protocol::{Command, StopReason, Want};

/// How long nobody must have pressed a key.
const PAUSE: Duration = Duration::from_millis(300);
/// Bytes of a token that are more than most have: a text of more than so many for each position is no text to look ahead in.
const LONG_TOKEN: usize = 16;

/// Takes note of what is typed now, and asks when it is time. To be called after every message.
pub(in crate::app) fn follow(cx: &mut Context) {
    let is_wanted = is_wanted(cx);
    let (tip, chat) = (cx.text.document.tip(), cx.chat);
    let is_it = |it: &LookAhead| it.written == cx.input.text() && it.after == tip && it.chat == chat;
    if cx.drawing.ahead.as_ref().map_or(is_wanted, |it| !is_wanted || !is_it(it)) {
        forget(cx);
        let written = cx.input.text().to_owned();
        let due = Some(cx.outbox.now + PAUSE);
        cx.drawing.ahead = is_wanted.then_some(LookAhead { written, after: tip, chat, due, asked: None, came: false });
    }
    if deadline(cx).is_some_and(|due| due <= cx.outbox.now) {
        ask(cx);
    }
}

/// A key was pressed: what is being read is left, and asked for again after a pause.
pub(in crate::app) fn put_off(cx: &mut Context) {
    let due = cx.outbox.now + PAUSE;
    let Some(ahead) = &mut cx.drawing.ahead else { return };
    let is_read = ahead.asked.take().is_some();
    if is_read || ahead.due.is_some() {
        ahead.due = Some(due);
    }
    if is_read {
        cx.outbox.push(Effect::StopEngine);
    }
}

/// When it is to be asked for, in time since the start; `None` if it is not, or something else is being done.
pub(in crate::app) fn deadline(cx: &Context) -> Option<Duration> {
    let is_free = cx.drawing.awaited.is_none() && !cx.is_covered();
    cx.drawing.ahead.as_ref()?.due.filter(|_| is_free)
}

/// The scores came.
pub(in crate::app) fn came(cx: &mut Context, logits: Arc<[f32]>) {
    let Some(LookAhead { after, asked: Some((_, typed)), .. }) = &cx.drawing.ahead else { return };
    let (after, Typed { tokens, begun }) = (*after, typed.clone());
    if let Some(ahead) = &mut cx.drawing.ahead {
        ahead.came = true;
    }
    cx.text.put_ahead(Ahead { after, tokens, begun, logits, table: None });
}

/// The reading ended. One that was broken off for something else is begun again after that.
pub(in crate::app) fn ended(cx: &mut Context, reason: &StopReason) {
    let due = cx.outbox.now + PAUSE;
    if let Some(ahead) = &mut cx.drawing.ahead {
        ahead.asked = None;
        ahead.due = (*reason == StopReason::Cancelled).then_some(due);
    }
}

/// The model could not read it, and is not asked again before something else is typed.
pub(in crate::app) fn failed(cx: &mut Context) {
    if let Some(ahead) = &mut cx.drawing.ahead {
        (ahead.asked, ahead.due) = (None, None);
    }
}

fn forget(cx: &mut Context) {
    cx.text.ahead = None;
    if cx.drawing.ahead.take().is_some_and(|it| it.asked.is_some()) && cx.drawing.running.is_none() {
        cx.outbox.push(Effect::StopEngine);
    }
}

/// Whether somebody types what a model can read, and sees the panel.
fn is_wanted(cx: &Context) -> bool {
    let Some(card) = cx.card() else { return false };
    let areas = layout(cx);
    let is_seen = areas.panel.is_some() || areas.panes == Panes::One && cx.focus == Focus::Panel;
    let is_typed = !cx.input.is_empty() && cx.input.search().is_none();
    let is_long = cx.input.text().len() > card.n_positions * LONG_TOKEN;
    is_seen && is_typed && !is_long && cx.drawing.running.is_none() && cx.text.is_the_models()
}

fn ask(cx: &mut Context) {
    let typed = typed(cx);
    let Some(ahead) = &mut cx.drawing.ahead else { return };
    ahead.due = None;
    let Some(typed) = typed else { return };
    let id = cx.outbox.request();
    ahead.asked = Some((id, typed.clone()));
    let mut request = request(cx, id, Want::Scores);
    request.path.extend(typed.tokens);
    request.typed = true;
    cx.outbox.engine(Command::Generate(request));
}

/// What would be sent, as the model would read it; `None` where that cannot be, or is nothing yet.
fn typed(cx: &Context) -> Option<Typed> {
    let written = cx.input.text();
    let text = if cx.chat { chat::turn(cx, written) } else { written.to_owned() };
    let vocabulary = cx.text.vocabulary();
    let is_first = cx.text.document.is_empty();
    let encoded = if is_first { vocabulary.encode_beginning(&text) } else { vocabulary.encode(&text) };
    let mut tokens: Vec<TokenId> = encoded.ok()?.tokens;
    let mut begun = Vec::new();
    if let Some(&last) = tokens.last().filter(|_| cx.settings.heal) {
        let bytes = vocabulary.bytes(last);
        if !vocabulary.is_mark(last) && bytes.iter().all(|it| matches!(it, b' ' | b'\t')) {
            begun = bytes.to_vec();
            tokens.pop();
        }
    }
    let room = cx.card()?.n_positions.saturating_sub(cx.text.document.len() - cx.out_of_sight());
    (!tokens.is_empty() && tokens.len() <= room).then_some(Typed { tokens, begun })
}
