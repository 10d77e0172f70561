//! One's own words in the middle of the text: it is cut, and what is sent next goes there. Until then it can be left.

use super::branch::{go_to, undo};
use super::{focus, input_line};
use crate::app::context::{Context, Rewriting};
use crate::app::focus::Focus;
use crate::app::keymap::Action;

/// Takes the text from the cursor on into the input, to be changed and sent again.
pub(super) fn edit_from_here(cx: &mut Context) {
    if !cx.input.is_empty() {
        return cx.outbox.say("There is something in the input already: send it or clear it first.");
    }
    let tail = cx.text.document.tokens().split_off(cx.text.cursor.min(cx.text.document.len()));
    let text = cx.text.vocabulary().decode(&tail);
    type_here(cx, &text);
}

/// Ends the text before the cursor, so that what is sent next goes there, and puts `text` into the input.
pub(super) fn type_here(cx: &mut Context, text: &str) {
    let (back, parent) = (cx.text.document.tip(), cx.text.before_cursor());
    let before = cx.rewriting.take().filter(|it| it.at == back);
    cx.uncover();
    focus::write(cx);
    go_to(cx, parent);
    if !text.is_empty() {
        cx.input.take_up(text);
    }
    // What is rewritten already and cut once more is left to where it began, with what was put into the input then.
    let before = before.filter(|_| text.is_empty());
    let put = before.as_ref().map_or(text, |it| &it.put).to_owned();
    let back = before.map_or(back, |it| it.back);
    cx.rewriting = Some(Rewriting { back, at: parent, put });
    cx.outbox.say("What you send now goes here; the old text stays as another branch. Esc goes back to it.");
}

/// Goes back to the text as it was before it was cut, with the focus on it. Answers whether it was cut.
pub(in crate::app) fn leave(cx: &mut Context) -> bool {
    let is_here = |it: &mut Rewriting| it.at == cx.text.document.tip();
    if cx.drawing.running.is_some() {
        return false;
    }
    let Some(Rewriting { back, put, at }) = cx.rewriting.take_if(is_here) else { return false };
    let cursor = cx.text.document.len();
    let is_changed = !cx.input.is_empty() && cx.input.text() != put;
    if is_changed {
        input_line::take(cx);
    } else {
        cx.input.set("");
    }
    if back != at {
        if cx.text.document.before_last_deed().is_some_and(|it| it.tip == back) {
            undo(cx);
        } else {
            go_to(cx, back);
        }
    }
    focus::put(cx, Focus::Text);
    cx.text.put_cursor(cursor);
    let older = cx.key_of(Action::Up);
    cx.outbox.say(if is_changed {
        format!("The text is as it was; in the input {older} brings back what you wrote.")
    } else {
        "The text is as it was.".to_owned()
    });
    true
}

/// If the text ends elsewhere now: what was taken from it into the input is there again.
pub(super) fn forget(cx: &mut Context) {
    let tip = cx.text.document.tip();
    if cx.rewriting.take_if(|it| it.at != tip).is_some_and(|it| it.put == cx.input.text()) {
        cx.input.set("");
    }
}
