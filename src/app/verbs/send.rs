//! Sending what is written, going on, and beginning anew.

use super::ask::{generate, give_back, go_on, next_logits, still_writing};
use super::{branch, chat, focus, input_line, journal};
use crate::app::context::{Context, Saved};
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::messages;
use crate::app::messages::state::run_together;
use crate::app::outbox::Tone;
use crate::engine::protocol::{Failure, MOST_TEXT};

/// Sends what is written; where nothing is written, the text is continued.
pub(in crate::app) fn send(cx: &mut Context) {
    if cx.drawing.running.is_some() {
        return still_writing_so_it_stays(cx);
    }
    if cx.card().is_none() {
        return wait_for_a_model(cx);
    }
    let written = input_line::take(cx);
    let text = if cx.chat && !written.is_empty() { chat::turn(cx, &written) } else { written.clone() };
    let word = run_together(cx, &written);
    generate(cx, text, written);
    say_run_together(cx, word);
}

/// Adds what is written to the text as it is, and draws nothing.
pub(in crate::app) fn add(cx: &mut Context) {
    let send = cx.key_in(Focus::Input, Action::Send);
    if cx.drawing.running.is_some() {
        return still_writing_so_it_stays(cx);
    }
    if cx.input.is_empty() {
        return cx.outbox.say(format!("Nothing is written that could be added. {send} goes on with the text."));
    }
    if cx.card().is_none() {
        return cx.outbox.say("The model is not ready yet, and with it its words. What you wrote stays here.");
    }
    let written = input_line::take(cx);
    if written.len() > MOST_TEXT {
        let failure = Failure::TooMuchText { bytes: written.len() };
        cx.outbox.complain(messages::engine_failure(&failure, &cx.keymap, true));
        return give_back(cx, &written);
    }
    let (word, end) = (run_together(cx, &written), cx.text.document.tip());
    if !branch::put(cx, end, &written) {
        return give_back(cx, &written);
    }
    let undo = cx.key_of(Action::Undo);
    cx.outbox.say_first(&format!("Added, and nothing is drawn. {send} goes on from there, {undo} takes it back."));
    say_run_together(cx, word);
}

/// Says that what was sent does not begin a word; it may be meant so.
fn say_run_together(cx: &mut Context, word: Option<String>) {
    let is_sent = cx.outbox.notice.as_ref().is_none_or(|it| it.tone == Tone::Info);
    if let Some(word) = word.filter(|_| is_sent) {
        cx.outbox.say_first(&format!("It goes on as \"{word}\": begin with a space to begin a word."));
    }
}

fn still_writing_so_it_stays(cx: &mut Context) {
    let stop = cx.key_of(Action::Interrupt);
    cx.outbox.say(format!("Still writing: {stop} stops it. What you wrote stays here."));
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
    let was_empty = cx.text.document.is_empty();
    journal::begin_transcript(cx);
    focus::write(cx);
    let library = cx.key_of(Action::Library);
    let before = format!(" The one before is in the library ({library}), which is {}.", cx.journal.place);
    cx.outbox.say(format!("A new text.{}", if was_empty { "" } else { &before }));
    if cx.chat {
        chat::enter(cx);
    }
    next_logits(cx);
}
