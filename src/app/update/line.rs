//! The input line between the keys: its history, the search in it, vi's letters.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus};
use crate::store::protocol::Job;

/// Empties the input and hands out what was written; it is kept in the history, of later runs too.
pub(super) fn take(app: &mut App, effects: &mut Vec<Effect>) -> String {
    let (text, is_new) = app.input.hand_over();
    // Lines are read, and remembered, by the terminal or by whoever sends them.
    if is_new && !app.keymap.is_written() {
        effects.push(Effect::Store(Job::Remember(text.clone())));
    }
    text
}

/// Text pasted while the input or what it searches is written.
pub(super) fn paste(app: &mut App, text: &str) {
    if app.input.search().is_some() {
        app.input.search_for(text.lines().next().unwrap_or_default());
    } else {
        app.input.insert(text);
        app.input.vi_settle();
    }
}

/// Begins to search what was sent before.
pub(super) fn search(app: &mut App) {
    app.focus = Focus::Input;
    app.input.search_older();
}

/// Whether a key is the search's or vi's; then it has been done.
pub(super) fn takes(app: &mut App, key: &KeyEvent, action: Option<Action>) -> bool {
    if app.focus != Focus::Input {
        // Whoever left it otherwise than by its keys has left it.
        app.input.search_leave();
        return false;
    }
    if app.input.search().is_some() { searches(app, key, action) } else { commands(app, key, action) }
}

/// A key in the search: what is none of its own takes what was found, and then means what it always does.
fn searches(app: &mut App, key: &KeyEvent, action: Option<Action>) -> bool {
    let is_control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        _ if action == Some(Action::SearchHistory) => app.input.search_older(),
        KeyCode::Esc => app.input.search_leave(),
        KeyCode::Char('g') if is_control && action.is_none() => app.input.search_leave(),
        KeyCode::Enter if action == Some(Action::Send) => {
            app.input.search_take();
            app.input.vi_settle();
        }
        _ if action == Some(Action::Backspace) => app.input.search_shorter(),
        KeyCode::Char(c) if !is_control && action.is_none() => app.input.search_for(c.encode_utf8(&mut [0; 4])),
        _ => {
            app.input.search_take();
            app.input.vi_settle();
            return action.is_none();
        }
    }
    true
}

/// vi's letters in normal mode, and Esc, which leads there.
fn commands(app: &mut App, key: &KeyEvent, action: Option<Action>) -> bool {
    let is_control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Esc if action.is_none() => app.input.vi_escape(),
        _ if !app.input.is_normal() || is_control => false,
        KeyCode::Backspace if app.input.vi_waits() => app.input.vi_escape(),
        KeyCode::Backspace => {
            app.input.vi_key('h');
            true
        }
        KeyCode::Char('/') if !app.input.vi_waits() => {
            app.input.search_older();
            true
        }
        KeyCode::Char(c) => {
            app.input.vi_key(c);
            true
        }
        _ => {
            // Half a command does not wait for what is no letter.
            app.input.vi_escape();
            false
        }
    }
}
