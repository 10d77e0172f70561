//! The question of the first run. It covers the whole screen until it is answered.

mod draw;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::outbox::Effect;
use crate::app::screen::theme::Theme;
use crate::app::verbs::models::{download, import, remember_demo_only};

/// The question of the first run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// The path being written, after `i`.
    pub path: Option<Input>,
}

impl FirstRun {}

impl Room for FirstRun {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, _: Option<Action>) -> Answer {
        if let Some(path) = &mut self.path {
            match key.code {
                KeyCode::Esc => self.path = None,
                KeyCode::Enter => {
                    let text = path.take();
                    if !text.trim().is_empty() {
                        remember_demo_only(cx);
                        import(cx, &text);
                        return Answer::Close;
                    }
                }
                _ => edit_line(&cx.keymap, path, key),
            }
            return Answer::Stay;
        }
        match (key.code, key.modifiers) {
            (KeyCode::Enter, _) => {
                download(cx);
                Answer::Close
            }
            (KeyCode::Char('n' | 'N'), _) => {
                remember_demo_only(cx);
                Answer::Close
            }
            (KeyCode::Char('i' | 'I'), _) => {
                self.path = Some(Input::default());
                Answer::Stay
            }
            (KeyCode::Char('q'), _) | (KeyCode::Char('d'), KeyModifiers::CONTROL) => {
                cx.outbox.push(Effect::Quit);
                Answer::Stay
            }
            _ => Answer::Stay,
        }
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, _: &Context, text: &str) {
        if let Some(path) = &mut self.path {
            path.insert(text.trim());
        }
    }

    fn wheel(&self) -> usize {
        0
    }

    fn shows_settings(&self) -> bool {
        false
    }

    fn takes_help(&self) -> bool {
        false
    }
}
