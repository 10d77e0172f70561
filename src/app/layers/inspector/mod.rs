//! The inspector: what the token under the cursor could have been, and what would have made it so.

mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Position;

use crate::app::context::{Context, Needs};
use crate::app::focus::Focus;
use crate::app::keymap::{Action, lookup};
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::layout::layout;
use crate::app::messages::words::{self, Word};
use crate::app::screen::text::token_at;
use crate::app::screen::theme::Theme;
use crate::app::text::{Under, Wanted};
use crate::app::verbs::{ask, branch, cursor, panel};
use crate::sample::Parameter;

pub(in crate::app) use tell::{tell, tell_thrown};

/// The state of the inspector; the token in question is the one under the text's cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspector {
    /// The candidate that was chosen, from 0 for the likeliest; none is the token itself.
    pub chosen: Option<usize>,
    /// The settings that a drawn token is looked at under.
    pub under: Under,
    /// How many dice are thrown in its place, of the seeds from 0 on.
    pub dice: u64,
}

/// How many dice a first throw is of, and how many a second.
pub(in crate::app) const DICE: [u64; 2] = [100, 10_000];

impl Inspector {
    /// Opens on the token under the cursor; from elsewhere than the text on the next token.
    pub(in crate::app) fn open(cx: &mut Context) -> Option<Self> {
        if cx.text.document.is_empty() {
            cx.outbox.say("There is no token to look at yet: write something first.");
            return None;
        }
        if cx.focus != Focus::Text {
            cx.text.put_cursor(cx.text.document.len());
        }
        cx.text.inspection = None;
        Some(Self::default())
    }

    fn step(&mut self, cx: &mut Context, action: Action) {
        cursor::go(cx, action);
        self.look_again(cx);
    }

    /// Throws a hundred dice, then ten thousand, then none.
    pub(in crate::app) fn throw(&mut self) {
        let next = DICE.iter().position(|&it| it == self.dice).map_or(0, |it| it + 1);
        self.dice = DICE.get(next).copied().unwrap_or_default();
        self.chosen = None;
    }

    fn look_again(&mut self, cx: &mut Context) {
        self.chosen = None;
        cx.text.inspection = None;
        ask::prompt_logprobs(cx);
    }

    /// A click in what is seen of the text beside the inspector looks at another token.
    pub(in crate::app) fn click(&mut self, cx: &mut Context, at: Position) {
        let areas = layout(cx);
        let (token, is_on_it) = token_at(cx, &areas, at);
        if is_on_it && areas.text.contains(at) && !draw::area(cx).contains(at) {
            cx.text.cursor = token;
            self.look_again(cx);
        }
    }
}

impl Room for Inspector {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, _: Option<Action>) -> Answer {
        let rows = cx.text.inspection.as_ref().map_or(&[][..], |it| &it.rows);
        let own = cx.text.inspection.as_ref().and_then(|it| rows.iter().position(|row| row.token == it.token));
        let last = rows.len().saturating_sub(1);
        let at = self.chosen.or(own).unwrap_or(0).min(last);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Answer::Close,
            KeyCode::Up | KeyCode::Char('k') => self.chosen = Some(at.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.chosen = Some((at + 1).min(last)),
            KeyCode::PageUp => self.chosen = Some(at.saturating_sub(10)),
            KeyCode::PageDown => self.chosen = Some((at + 10).min(last)),
            KeyCode::Enter | KeyCode::Char(' ') => {
                let Some(token) = rows.get(at).map(|it| it.token) else { return Answer::Stay };
                self.chosen = None;
                branch::take(cx, token, key.code == KeyCode::Enter);
            }
            KeyCode::Left | KeyCode::Char('h') => self.step(cx, Action::TokenLeft),
            KeyCode::Right | KeyCode::Char('l') => self.step(cx, Action::TokenRight),
            KeyCode::Home | KeyCode::Char('g') => self.step(cx, Action::Top),
            KeyCode::End | KeyCode::Char('G') => self.step(cx, Action::Follow),
            KeyCode::Char('n') => self.under = self.under.other(),
            // The keys of the text hold in what looks at it.
            _ => match lookup(&cx.keymap, Focus::Text, key) {
                Some(action) if action.steers() => {
                    branch::act(cx, action);
                    ask::prompt_logprobs(cx);
                }
                Some(Action::Heat) => cursor::next_heat(cx),
                Some(Action::ThrowDice) => self.throw(),
                _ => {}
            },
        }
        Answer::Stay
    }

    fn words(&self) -> &'static [Word] {
        words::INSPECTOR
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self.chosen, theme, frame);
    }

    /// Whoever turns a setting wants to see what it does to this token.
    fn turn(&mut self, cx: &mut Context, parameter: Parameter, steps: i32) {
        panel::turn(cx, parameter, steps, false);
        self.under = Under::Now;
    }

    fn looks_at_the_text(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        let wanted = Wanted { inspection: Some(self.under), dice: self.dice, measures: false };
        Needs { scores: true, rows: true, wanted }
    }
}
