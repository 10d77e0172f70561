//! The models: what runs, what is being installed, what was tried, what can be done.

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
use crate::app::outbox::Effect;
use crate::app::screen::theme::Theme;
use crate::app::verbs::models::{download, import, switch};

pub(in crate::app) use tell::tell;

/// The state of the list of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelList {
    /// The path being written, after `i`.
    pub path: Option<Input>,
    /// Rows that it is scrolled down by.
    pub top: usize,
}

impl ModelList {}

impl Room for ModelList {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        if let Some(line) = &mut self.path {
            match key.code {
                KeyCode::Esc => self.path = None,
                KeyCode::Enter => {
                    let text = line.take();
                    if !text.trim().is_empty() {
                        import(cx, &text);
                        return Answer::Close;
                    }
                }
                _ => edit_line(&cx.keymap, line, key),
            }
            return Answer::Stay;
        }
        let is_busy = cx.models.is_installing();
        match key.code {
            _ if action == Some(Action::Models) => return Answer::Close,
            KeyCode::Esc | KeyCode::Char('q') => return Answer::Close,
            KeyCode::Char('i') => self.path = Some(Input::default()),
            KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::Down => self.top += 1,
            KeyCode::Char('d') if !is_busy && !cx.models.has_345m => download(cx),
            KeyCode::Char('c') if is_busy => cx.outbox.push(Effect::StopInstall),
            KeyCode::Enter => {
                switch(cx);
                return Answer::Close;
            }
            KeyCode::Char(_) => return Answer::Nothing,
            _ => {}
        }
        self.top = self.top.min(draw::overflow(cx));
        Answer::Stay
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self.path.as_ref(), self.top, theme, frame);
    }

    fn paste(&mut self, _: &mut Context, text: &str) {
        if let Some(path) = &mut self.path {
            path.insert(text.trim());
        }
    }

    fn is_written_in(&self) -> bool {
        self.path.is_some()
    }

    fn tell(&self, cx: &Context) -> Option<Vec<String>> {
        Some(tell(cx))
    }
}
