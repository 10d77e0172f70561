//! The chat template: visible text that a base model can go on with.

use super::ask::{next_logits, set_settings};
use super::journal::{record_circumstances, write};
use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::messages;
use crate::sample::Settings;
use crate::store::protocol::Job;

/// The chat template: a few turns that a base model can go on with. Nothing of it is hidden.
pub const CHAT_TEMPLATE: &str = "A conversation between User and Bot. Bot answers in a sentence or two.\n\n\
    User: Hello! Who are you?\nBot: I am a language model. I like to tell stories.\n\
    User: What is the colour of the sky?\nBot: On a clear day the sky is blue.\n";

/// The stop string of the chat template.
pub const CHAT_STOP: &str = "\nUser:";

/// Switches the chat template on, or off again.
pub(in crate::app) fn toggle(cx: &mut Context) {
    if cx.chat {
        return leave(cx);
    }
    if !cx.text.document.is_empty() {
        let new = cx.key_of(Action::NewTranscript);
        cx.outbox.say(format!("What you send is now wrapped as User: and Bot:. {new} begins with the template."));
    }
    enter(cx);
}

/// Puts the chat template, visibly, where the text ends, and its stop string among the settings.
pub(in crate::app) fn enter(cx: &mut Context) {
    if cx.drawing.running.is_some() {
        return;
    }
    cx.chat = true;
    let mut settings = cx.settings.clone();
    if !settings.stop.iter().any(|it| it == CHAT_STOP) {
        settings.stop.push(CHAT_STOP.to_owned());
    }
    set_settings(cx, settings);
    if cx.text.document.is_empty() {
        let encoded = match cx.text.vocabulary().encode_beginning(CHAT_TEMPLATE) {
            Ok(it) => it,
            Err(why) => return cx.outbox.complain(format!("Chat is on without its template: {why}.")),
        };
        record_circumstances(cx);
        append(cx, encoded.tokens);
        if let Some(it) = encoded.read_as {
            cx.outbox.say_first(&messages::sentence(&it.sentence(), ""));
        }
        next_logits(cx);
    }
}

/// Chat is on or off as the settings that undo came back to say, where they say another thing than those before.
pub(super) fn follow(cx: &mut Context, before: &Settings) {
    let has_stop = |it: &Settings| it.stop.iter().any(|it| it == CHAT_STOP);
    if has_stop(before) != has_stop(&cx.settings) {
        cx.chat = has_stop(&cx.settings);
    }
}

fn leave(cx: &mut Context) {
    cx.chat = false;
    let mut settings = cx.settings.clone();
    settings.stop.retain(|it| it != CHAT_STOP);
    // On and off again are two deeds, unlike a control that is turned back.
    set_settings(cx, settings);
    cx.outbox.say("Chat is off: what you send is added to the text as it is.");
}

/// Adds tokens that a person wrote to the end of the text; the cursor goes behind them.
pub(in crate::app) fn append(cx: &mut Context, tokens: Vec<crate::TokenId>) {
    let parent = cx.text.document.tip();
    write(cx, parent, tokens, false);
    cx.outbox.store(Job::Sync);
    (cx.text.cursor, cx.text.anchor) = (cx.text.document.len(), None);
}

/// What is sent, as a turn of the user's with the beginning of the answer.
pub(in crate::app) fn turn(cx: &Context, text: &str) -> String {
    let ends_line = cx.text.document.is_empty() || cx.text.flow.text().ends_with('\n');
    let start = if ends_line { "" } else { "\n" };
    format!("{start}User: {text}\nBot:")
}
