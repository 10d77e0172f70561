//! A search through the text, on all its branches.

mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::screen::theme::Theme;
use crate::app::text::Place;
use crate::app::verbs::finding;

/// The state of the search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextFind {
    /// What is typed.
    pub input: Input,
    /// Where it stands.
    pub places: Vec<Place>,
    /// The place that is chosen.
    pub chosen: usize,
}

impl TextFind {
    /// Looks for words.
    pub(in crate::app) fn open(cx: &Context, words: &str) -> Self {
        let mut it = Self::default();
        it.input.insert(words);
        it.look(cx);
        it
    }

    /// From the cursor on, and round the end of the text.
    fn look(&mut self, cx: &Context) {
        self.places = finding::places(cx, self.input.text());
        let position = |it: &Place| cx.text.document.path().iter().position(|&node| node == it.node);
        let next = self.places.iter().position(|it| position(it).is_some_and(|at| at >= cx.text.cursor));
        self.chosen = next.unwrap_or(0);
    }
}

impl Room for TextFind {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let last = self.places.len().saturating_sub(1);
        let page = draw::list_rows(cx.window.size).max(1);
        match key.code {
            KeyCode::Esc => return Answer::Close,
            _ if action == Some(Action::Palette) => return Answer::Open(crate::app::layers::answer::Kind::Palette),
            KeyCode::Enter => {
                if let Some(place) = self.places.get(self.chosen) {
                    finding::go_to(cx, place);
                    return Answer::Close;
                }
            }
            KeyCode::Up => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Down => self.chosen = (self.chosen + 1).min(last),
            KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(page),
            KeyCode::PageDown => self.chosen = (self.chosen + page).min(last),
            _ => {
                let before = self.input.text().to_owned();
                edit_line(&cx.keymap, &mut self.input, key);
                if self.input.text() != before {
                    self.look(cx);
                }
            }
        }
        Answer::Stay
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, cx: &mut Context, text: &str) {
        self.input.insert(text.lines().next().unwrap_or_default());
        self.look(cx);
    }

    fn is_written_in(&self) -> bool {
        true
    }

    fn shows_settings(&self) -> bool {
        false
    }

    fn tell(&self, _: &Context) -> Option<Vec<String>> {
        Some(tell::tell(self))
    }
}
