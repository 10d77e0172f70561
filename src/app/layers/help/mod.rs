//! The help: the keys of the table in force.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::screen::theme::Theme;

/// The state of the help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Rows that it is scrolled down by.
    pub top: usize,
    /// What its lines are to contain, after `/`.
    pub filter: Option<Input>,
}

impl Help {}

impl Room for Help {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        match (&mut self.filter, key.code) {
            (_, KeyCode::Up) | (None, KeyCode::Char('k')) => self.top = self.top.saturating_sub(1),
            (_, KeyCode::Down) | (None, KeyCode::Char('j')) => self.top += 1,
            (_, KeyCode::PageUp) => self.top = self.top.saturating_sub(10),
            (_, KeyCode::PageDown) | (None, KeyCode::Char(' ')) => self.top += 10,
            (filter @ Some(_), KeyCode::Esc) => *filter = None,
            (Some(line), _) => {
                edit_line(&cx.keymap, line, key);
                self.top = 0;
            }
            (None, KeyCode::Char('/')) => (self.filter, self.top) = (Some(Input::default()), 0),
            (None, KeyCode::Home) => self.top = 0,
            (None, KeyCode::Esc | KeyCode::Char('q' | '?')) => return Answer::Close,
            (None, _) if action == Some(Action::Help) => return Answer::Close,
            (None, _) => {}
        }
        let rows = rows(cx, self.filter.as_ref().map_or("", Input::text));
        let room = cx.window.size.1.saturating_sub(if self.filter.is_some() { 3 } else { 2 }) as usize;
        self.top = self.top.min(rows.saturating_sub(room));
        Answer::Stay
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, _: &mut Context, text: &str) {
        if let Some(filter) = &mut self.filter {
            filter.insert(text.lines().next().unwrap_or_default());
        }
    }

    fn wheel(&self) -> usize {
        3
    }

    fn takes_help(&self) -> bool {
        false
    }
}

/// How many rows of the help contain a text, at the current size.
fn rows(cx: &Context, filter: &str) -> usize {
    draw::rows(cx, filter, cx.window.size.0.saturating_sub(4) as usize).len()
}
