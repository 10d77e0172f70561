//! How surprising the model finds the text.

mod dice;
mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::{Context, Needs};
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::list::chosen_after;
use crate::app::layers::room::Room;
use crate::app::messages::words::{self, Word};
use crate::app::screen::theme::Theme;
use crate::app::text::Wanted;
use crate::app::verbs::cursor::show_cursor;
use crate::app::verbs::focus;

pub(in crate::app) use tell::tell;

/// Of what the figures are, and how the command is asked for the same ones.
fn premises(dtype: &str) -> String {
    let other = if dtype == "f32" { "" } else { " (score takes f32 if nothing is said)" };
    format!(
        "By the model alone in {dtype}: no sampler counts. The first token has nothing before it, and no score. The same \
         by command: megachat score --no-start --dtype {dtype}{other}."
    )
}

/// The state of the table of scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreTable {
    /// Which of the most surprising tokens is chosen, from 0 for the worst.
    pub chosen: usize,
    /// Whether the second page is shown: what the text says of the dice that drew it.
    pub dice: bool,
}

impl ScoreTable {
    /// Opens on the most surprising token.
    pub(in crate::app) fn open(cx: &mut Context) -> Option<Self> {
        if cx.text.document.is_empty() {
            cx.outbox.say("There is no text to score yet: write something first.");
            return None;
        }
        Some(Self::default())
    }
}

impl Room for ScoreTable {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let worst = cx.text.text_score().worst;
        let last = worst.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Answer::Close,
            KeyCode::Tab | KeyCode::BackTab => self.dice = !self.dice,
            KeyCode::Enter if !self.dice => {
                let Some(surprise) = worst.get(self.chosen.min(last)) else { return Answer::Stay };
                focus::read(cx);
                cx.text.put_cursor(surprise.position);
                show_cursor(cx);
                return Answer::Close;
            }
            _ if action == Some(Action::Score) => return Answer::Close,
            _ => self.chosen = chosen_after(key.code, self.chosen, last).unwrap_or(self.chosen),
        }
        Answer::Stay
    }

    fn words(&self) -> &'static [Word] {
        words::SCORE
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        if self.dice {
            dice::draw(cx, theme, frame);
        } else {
            draw::draw(cx, self.chosen, theme, frame);
        }
    }

    fn needs(&self) -> Needs {
        Needs { scores: true, rows: true, wanted: Wanted { measures: true, ..Wanted::default() } }
    }
}
