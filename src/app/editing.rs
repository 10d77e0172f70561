//! The editing keys, the same in every line that can be written in.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::focus::Focus;
use crate::app::input::{Input, Motion};
use crate::app::keymap::{Action, Keymap, lookup};

/// Does an editing action; any other does nothing.
pub(super) fn edit(input: &mut Input, action: Action) {
    match action {
        Action::NewLine => input.insert("\n"),
        Action::Up => input.up(),
        Action::Down => input.down(),
        Action::Left => input.go(Motion::Left),
        Action::Right => input.go(Motion::Right),
        Action::WordLeft => input.go(Motion::WordLeft),
        Action::WordRight => input.go(Motion::WordRight),
        Action::LineStart => input.go(Motion::LineStart),
        Action::LineEnd => input.go(Motion::LineEnd),
        Action::Backspace => input.delete(Motion::Left),
        Action::Delete | Action::QuitOrDelete => input.delete(Motion::Right),
        Action::DeleteWord => input.delete(Motion::WordLeft),
        Action::DeleteWordRight => input.delete(Motion::WordRight),
        Action::DeleteToStart => input.delete(Motion::LineStart),
        Action::DeleteToEnd => input.delete(Motion::LineEnd),
        Action::Yank => input.yank(),
        Action::UndoEdit => {
            input.undo();
        }
        _ => {}
    }
}

/// A key in a line of its own: a path, a value, a search.
pub(super) fn edit_line(keymap: &Keymap, line: &mut Input, key: &KeyEvent) {
    match (key.code, lookup(keymap, Focus::Input, key)) {
        (_, Some(Action::NewLine | Action::Up | Action::Down | Action::SearchHistory)) => {}
        (_, Some(action)) => edit(line, action),
        (KeyCode::Char(c), None) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            line.insert(c.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}
