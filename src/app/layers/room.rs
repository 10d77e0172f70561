//! What every layer is: a room with keys, a face, and words for those who read lines.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use super::answer::Answer;
use crate::app::context::{Context, Needs};
use crate::app::keymap::Action;
use crate::app::messages::words::Word;
use crate::app::screen::theme::Theme;
use crate::app::verbs::panel;
use crate::sample::Parameter;

/// A layer. What most layers do not have is given here.
pub(in crate::app) trait Room {
    /// Does a key; `action` is what the key means where the focus is.
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer;

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame);

    /// Takes pasted text, where something is written.
    fn paste(&mut self, _: &mut Context, _: &str) {}

    /// Whether this key must wait for an answer that is on its way: it was pressed for what will be there then.
    fn waits(&self, _: &KeyEvent, _: Option<Action>) -> bool {
        false
    }

    /// Whether letters are written in it now.
    fn is_written_in(&self) -> bool {
        false
    }

    /// Whether help can lie over it.
    fn takes_help(&self) -> bool {
        true
    }

    /// Whether the text's cursor is moved in it, and the keys that it has no use for are those of the text.
    fn looks_at_the_text(&self) -> bool {
        false
    }

    /// How many arrow keys one step of the wheel stands for.
    fn wheel(&self) -> usize {
        1
    }

    /// Whether the settings can be turned over it.
    fn shows_settings(&self) -> bool {
        true
    }

    /// Turns one of the settings by so many steps, and what is shown of it.
    fn turn(&mut self, cx: &mut Context, parameter: Parameter, steps: i32) {
        panel::turn_unseen(cx, parameter, steps);
    }

    /// The short words in it, which the help over it explains.
    fn words(&self) -> &'static [Word] {
        &[]
    }

    /// Which scores are wanted while it is open.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Brings what is shown up to date with new scores or settings.
    fn refresh(&mut self, _: &Context) {}

    /// What opened over the text without being asked for, in lines; `None` for what is told otherwise.
    fn tell(&self, _: &Context) -> Option<Vec<String>> {
        None
    }

    /// Whether help can be asked for by this key, which would else be written.
    fn has_help(&self, key: &KeyEvent) -> bool {
        self.takes_help() && !(self.is_written_in() && matches!(key.code, KeyCode::Char(_)))
    }
}
