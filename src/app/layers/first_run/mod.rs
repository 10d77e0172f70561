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
use crate::app::messages::state::{FirstAnswer, first_answers};
use crate::app::outbox::Effect;
use crate::app::screen::theme::Theme;
use crate::app::verbs::models::{download, import, remember_demo_only, start_with};

/// The question of the first run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// The path being written, after `i`.
    pub path: Option<Input>,
}

impl FirstRun {
    fn answered(&mut self, cx: &mut Context, answer: FirstAnswer) -> Answer {
        match answer {
            FirstAnswer::Start(index) => start_with(cx, index),
            FirstAnswer::Download => download(cx),
            FirstAnswer::Demo => remember_demo_only(cx),
            FirstAnswer::Own => {
                self.path = Some(Input::default());
                return Answer::Stay;
            }
        }
        Answer::Close
    }
}

/// The key of an answer, as it is shown: Enter for the first, a digit for another installed model, else a letter.
fn key_of(place: usize, answer: FirstAnswer) -> String {
    match (place, answer) {
        (0, _) => "Enter".to_owned(),
        (_, FirstAnswer::Start(index)) => (index + 1).to_string(),
        (_, other) => letter(other).to_string(),
    }
}

fn letter(answer: FirstAnswer) -> char {
    match answer {
        FirstAnswer::Start(index) => char::from_digit(index as u32 + 1, 10).unwrap_or('9'),
        FirstAnswer::Download => 'd',
        FirstAnswer::Demo => 'n',
        FirstAnswer::Own => 'i',
    }
}

fn is_key_of(place: usize, answer: FirstAnswer, key: &KeyEvent) -> bool {
    match key.code {
        KeyCode::Enter => place == 0,
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            c.to_ascii_lowercase() == letter(answer)
        }
        _ => false,
    }
}

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
        let answers = first_answers(cx);
        let chosen = (answers.iter().enumerate())
            .find(|(place, (answer, ..))| is_key_of(*place, *answer, key))
            .map(|(_, &(answer, ..))| answer);
        if let Some(answer) = chosen {
            return self.answered(cx, answer);
        }
        match (key.code, key.modifiers) {
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

    fn paste(&mut self, _: &mut Context, text: &str) {
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
