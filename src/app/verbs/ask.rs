//! What is asked of the engine: continuations, and scores of what is there.

use super::journal::{deed, record, record_circumstances, record_settings};
use super::translation::read_again;
use crate::app::context::Context;
use crate::app::drawing::Running;
use crate::app::keymap::Action;
use crate::app::messages::changes;
use crate::app::text::{Change, Scroll};
use crate::document::Record;
use crate::engine::protocol::{Command, Request, RequestId, Want};
use crate::sample::Settings;

/// How many of the likeliest tokens the journal keeps of each draw.
pub(in crate::app) const KEPT_IN_JOURNAL: usize = 5;

/// Asks for a continuation of the text with `text` added, as a deed of its own; `written` goes back to the input if that
/// cannot be done.
pub(in crate::app) fn generate(cx: &mut Context, text: String, written: String) {
    if !is_ours_now(cx) {
        return give_back(cx, &written);
    }
    deed(cx);
    begin(cx, text, written, false);
}

/// Asks for a continuation of the text with `text` added, as part of the deed under way.
pub(in crate::app) fn generate_on(cx: &mut Context, text: String, written: String) {
    begin(cx, text, written, true);
}

fn begin(cx: &mut Context, text: String, written: String, is_one_deed: bool) {
    record_circumstances(cx);
    let id = cx.outbox.request();
    let asked = cx.outbox.now;
    cx.drawing.begin(Running { id, asked, reading: None, drawn: 0, sent: written, is_one_deed, stopping: false });
    cx.text.scroll = Scroll::Follow;
    // Where the tokens' scores are looked at, those of what is typed now are wanted, too.
    let prompt_logprobs = cx.needs().scores.then(|| cx.first_unknown().unwrap_or(cx.text.document.len()));
    let request = Request {
        text,
        mu: cx.text.document.mu(cx.text.document.len()),
        typed: cx.text.document.last_is_typed(),
        keep: KEPT_IN_JOURNAL,
        prompt_logprobs,
        ..request(cx, id, Want::Continuation)
    };
    cx.outbox.engine(Command::Generate(request));
}

/// Asks for a continuation of the text as it is.
pub(in crate::app) fn go_on(cx: &mut Context) {
    generate(cx, String::new(), String::new());
}

/// Asks for the scores of the next token, so that the bars show where the text could go, and for others that are wanted.
pub(in crate::app) fn next_logits(cx: &mut Context) {
    if cx.drawing.running.is_some() {
        return;
    }
    // Scores that are still to come are those of another end of the text.
    cx.drawing.awaited = None;
    // Of a text in another vocabulary than its own the model has no scores.
    if cx.card().is_none() || !cx.text.is_the_models() {
        return;
    }
    let id = cx.outbox.request();
    cx.drawing.awaited = Some(id);
    let want = cx.first_unknown().map_or(Want::Scores, Want::PromptLogprobs);
    let request = request(cx, id, want);
    cx.outbox.engine(Command::Generate(request));
}

pub(in crate::app) fn request(cx: &Context, id: RequestId, want: Want) -> Request {
    Request {
        id,
        path: cx.text.document.tokens(),
        text: String::new(),
        settings: cx.settings.clone(),
        mu: None,
        typed: false,
        keep: 0,
        want,
        prompt_logprobs: None,
    }
}

/// Asks for scores that are not there, if some are wanted.
pub(in crate::app) fn prompt_logprobs(cx: &mut Context) {
    if cx.drawing.running.is_none() && cx.first_unknown().is_some() {
        next_logits(cx);
    }
}

/// Asks for the scores of the next token and for others that are wanted, if any of them is not there.
pub(in crate::app) fn next_logits_if_unknown(cx: &mut Context) {
    if !cx.text.knows_next() || cx.first_unknown().is_some() {
        next_logits(cx);
    }
}

/// Puts a text that could not be used back into the input.
pub(in crate::app) fn give_back(cx: &mut Context, sent: &str) {
    if !sent.is_empty() && cx.input.is_empty() {
        cx.input.set(sent);
    }
}

/// Whether the text is in the loaded model's vocabulary, or could be read again in it just now.
fn is_ours_now(cx: &mut Context) -> bool {
    cx.card().is_none() || read_again(cx)
}

/// Whether something can be done to the text as it is.
///
/// Where the text is in another vocabulary than the model's, it is read again first; what was asked for has then to be
/// asked again.
pub(in crate::app) fn is_ours(cx: &mut Context) -> bool {
    if cx.card().is_none() || cx.text.is_the_models() {
        return true;
    }
    if read_again(cx) {
        next_logits(cx);
    }
    false
}

/// Says that the running continuation must end first.
pub(in crate::app) fn still_writing(cx: &mut Context) {
    let text = format!("Still writing: {} stops it first.", cx.key_of(Action::Interrupt));
    cx.outbox.say(text);
}

/// The settings moved: what streams obeys from the next token on, what is shown and written down at once.
///
/// That is a deed of its own. A control that is turned further goes on with the deed.
pub(in crate::app) fn settings_changed(cx: &mut Context) {
    settings_moved(cx);
    // The engine says from which token on they hold.
    if cx.drawing.running.is_some() || cx.journal.settings.as_ref() == Some(&cx.settings) {
        return;
    }
    if !goes_on_turning(cx) {
        record(cx, Record::Deed);
    }
    record_settings(cx, cx.settings.clone());
}

/// Puts other settings in the place of those of now, as a deed of its own; while text streams, as part of what is drawn.
pub(in crate::app) fn set_settings(cx: &mut Context, settings: Settings) {
    let is_drawing = cx.drawing.running.is_some();
    if !is_drawing {
        deed(cx);
    }
    cx.settings = settings;
    settings_moved(cx);
    // The engine says from which token on they hold.
    if !is_drawing {
        record_settings(cx, cx.settings.clone());
    }
}

/// The settings moved as part of the deed under way.
pub(in crate::app) fn settings_moved(cx: &mut Context) {
    cx.text.forget(Change::Settings);
    if cx.drawing.running.is_some() {
        cx.outbox.engine(Command::Settings(cx.settings.clone()));
    }
}

/// Whether the controls that are turned now are those that the last deed turned, which did nothing else.
fn goes_on_turning(cx: &Context) -> bool {
    let document = &cx.text.document;
    if document.after_undone_deed().is_some() {
        return false;
    }
    let (Some(before), Some(recorded)) = (document.before_last_deed(), document.settings()) else { return false };
    let Some(first) = &before.settings else { return false };
    let turned = |from, to| -> Vec<_> { changes(from, to).into_iter().map(|it| it.0).collect() };
    let earlier = turned(first, recorded);
    before.tip == document.tip() && !earlier.is_empty() && earlier == turned(recorded, &cx.settings)
}
