//! Sending what is written, going on, and beginning anew.

use super::ask::{generate, go_on, next_logits, still_writing};
use super::{chat, input_line, journal};
use crate::app::context::{Context, Saved};
use crate::app::keymap::Action;

/// Sends what is written; where nothing is written, the text is continued.
pub(in crate::app) fn send(cx: &mut Context) {
    if cx.drawing.running.is_some() {
        let stop = cx.key_of(Action::Interrupt);
        return cx.outbox.say(format!("Still writing: {stop} stops it. What you wrote stays here."));
    }
    if cx.card().is_none() {
        return wait_for_a_model(cx);
    }
    cx.rewriting = None;
    let written = input_line::take(cx);
    let text = if cx.chat && !written.is_empty() { chat::turn(cx, &written) } else { written.clone() };
    generate(cx, text, written);
}

/// Keeps what was sent until there is a model; it can still be changed until then.
fn wait_for_a_model(cx: &mut Context) {
    cx.drawing.send_when_ready = cx.models.is_one_coming();
    let why = if cx.drawing.send_when_ready {
        "The model is not ready yet; this is sent as soon as it is.".to_owned()
    } else {
        format!("There is no model. {} shows what can be done.", cx.key_of(Action::Models))
    };
    cx.outbox.say(why);
}

/// Continues the text.
pub(in crate::app) fn continue_text(cx: &mut Context) {
    if cx.card().is_none() {
        cx.outbox.say("The model is not ready yet.");
    } else if cx.drawing.running.is_none() {
        go_on(cx);
    }
}

/// Begins a new, empty transcript, unless the old one is not on the disk yet.
pub(in crate::app) fn new_transcript(cx: &mut Context) {
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    if let Saved::No(why) = &cx.journal.saved {
        let text = format!("Not yet: this transcript is not saved ({why}). It is tried again with every change.");
        return cx.outbox.complain(text);
    }
    journal::begin_transcript(cx);
    cx.outbox.say(format!("A new transcript. The old one is in {}.", cx.journal.place));
    if cx.chat {
        chat::enter(cx);
    }
    next_logits(cx);
}
