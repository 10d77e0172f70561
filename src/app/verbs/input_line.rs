//! The input line between the keys: its history, the search in it, vi's letters.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::focus;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::outbox::Effect;
use crate::store::protocol::Job;

/// Empties the input and hands out what was written; it is kept in the history, of later runs too.
pub(in crate::app) fn take(cx: &mut Context) -> String {
    let (text, is_new) = cx.input.hand_over();
    // Lines are read, and remembered, by the terminal or by the program that sends them.
    if is_new && !cx.keymap.is_written() {
        cx.outbox.store(Job::Remember(text.clone()));
    }
    text
}

/// Leaves the program. What is written is kept in the history.
pub(in crate::app) fn quit(cx: &mut Context) {
    take(cx);
    cx.outbox.push(Effect::Quit);
}

/// Text pasted while the input or what it searches is written.
pub(in crate::app) fn paste(cx: &mut Context, text: &str) {
    if cx.input.search().is_some() {
        cx.input.search_for(text.lines().next().unwrap_or_default());
    } else {
        cx.input.insert(text);
        cx.input.vi_settle();
    }
}

/// Begins to search what was sent before.
pub(in crate::app) fn search(cx: &mut Context) {
    focus::write(cx);
    cx.input.search_older();
}

/// Whether a key is the search's or vi's; then it has been done.
pub(in crate::app) fn takes(cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> bool {
    if cx.focus != Focus::Input {
        // A search that was left by another way than its keys is over, too.
        cx.input.search_leave();
        return false;
    }
    if cx.input.search().is_some() { searches(cx, key, action) } else { commands(cx, key, action) }
}

/// A key in the search: what is none of its own takes what was found, and then means what it always does.
fn searches(cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> bool {
    let is_control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        _ if action == Some(Action::SearchHistory) => cx.input.search_older(),
        KeyCode::Esc => cx.input.search_leave(),
        KeyCode::Char('g') if is_control && action.is_none() => cx.input.search_leave(),
        KeyCode::Enter if action == Some(Action::Send) => {
            cx.input.search_take();
            cx.input.vi_settle();
        }
        _ if action == Some(Action::Backspace) => cx.input.search_shorter(),
        KeyCode::Char(c) if !is_control && action.is_none() => cx.input.search_for(c.encode_utf8(&mut [0; 4])),
        _ => {
            cx.input.search_take();
            cx.input.vi_settle();
            return action.is_none();
        }
    }
    true
}

/// vi's letters in normal mode, and Esc, which leads there.
fn commands(cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> bool {
    let is_control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Esc if action.is_none() => cx.input.vi_escape(),
        _ if !cx.input.is_normal() || is_control => false,
        KeyCode::Backspace if cx.input.vi_waits() => cx.input.vi_escape(),
        KeyCode::Backspace => {
            cx.input.vi_key('h');
            true
        }
        KeyCode::Char('/') if !cx.input.vi_waits() => {
            cx.input.search_older();
            true
        }
        KeyCode::Char(c) => {
            cx.input.vi_key(c);
            true
        }
        _ => {
            // Half a command does not wait for what is no letter.
            cx.input.vi_escape();
            false
        }
    }
}
