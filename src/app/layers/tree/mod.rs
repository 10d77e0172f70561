//! The branches of the text.

mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::list::chosen_after;
use crate::app::layers::room::Room;
use crate::app::messages::words::{self, Word};
use crate::app::screen::theme::Theme;
use crate::app::verbs::branch;

pub(in crate::app) use tell::tell;

/// The state of the list of branches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The run that is chosen, an index of [`Document::runs`](crate::document::Document::runs).
    pub chosen: usize,
}

impl Tree {
    /// Opens on the run that the text ends with.
    pub(in crate::app) fn open(cx: &Context) -> Self {
        Self { chosen: cx.text.document.runs().iter().rposition(|it| it.on_path).unwrap_or(0) }
    }
}

impl Room for Tree {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let last = cx.text.document.runs().len().saturating_sub(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Answer::Close,
            KeyCode::Enter => branch::go_to_run(cx, self.chosen),
            _ if action == Some(Action::Tree) => return Answer::Close,
            _ => self.chosen = chosen_after(key.code, self.chosen, last).unwrap_or(self.chosen),
        }
        Answer::Stay
    }

    fn words(&self) -> &'static [Word] {
        words::TREE
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self.chosen, theme, frame);
    }

    fn tell(&self, cx: &Context) -> Option<Vec<String>> {
        Some(tell(cx))
    }
}
