//! A search through the whole vocabulary: which tokens contain a text, and how likely each is to come next.

mod draw;
mod tell;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

pub(in crate::app) use tell::tell;

use crate::TokenId;
use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::answer::{Answer, Kind};
use crate::app::layers::room::Room;
use crate::app::messages::words::{self, Word};
use crate::app::screen::theme::Theme;
use crate::app::text::Next;
use crate::app::verbs::panel;
use crate::sample::{Distribution, Parameter, Row};
use crate::text::Vocabulary;

/// Lines that are kept of what was found.
const MOST: usize = 200;

/// One token that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The id in the vocabulary of the text.
    pub token: TokenId,
    /// Its probabilities, and its place by the model, 1 for the likeliest; `None` while the model has said nothing.
    pub scores: Option<(Row, usize)>,
}

/// The state of the search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// What is typed.
    pub input: Input,
    /// Scrolled by so many lines.
    pub top: usize,
    /// The likeliest of what was found, likeliest first.
    pub found: Vec<Found>,
    /// How many were found.
    pub count: usize,
}

impl Find {
    /// Looks for a text.
    pub(in crate::app) fn open(cx: &Context, text: &str) -> Self {
        let mut find = Self::default();
        find.input.insert(text);
        find.refresh(cx);
        find
    }
}

impl Room for Find {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let page = draw::list_rows(cx.window.size).max(1);
        let most = self.found.len().saturating_sub(page);
        match key.code {
            KeyCode::Esc | KeyCode::Enter => return Answer::Close,
            _ if action == Some(Action::Palette) => return Answer::Open(Kind::Palette),
            KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::Down => self.top = (self.top + 1).min(most),
            KeyCode::PageUp => self.top = self.top.saturating_sub(page),
            KeyCode::PageDown => self.top = (self.top + page).min(most),
            _ => {
                let before = self.input.text().to_owned();
                edit_line(&cx.keymap, &mut self.input, key);
                if self.input.text() != before {
                    self.top = 0;
                    self.refresh(cx);
                }
            }
        }
        Answer::Stay
    }

    fn words(&self) -> &'static [Word] {
        words::FIND
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, cx: &mut Context, text: &str) {
        self.input.insert(text.lines().next().unwrap_or_default());
        self.top = 0;
        self.refresh(cx);
    }

    /// Searches anew. The model is not asked: its scores of the next token are known.
    fn refresh(&mut self, cx: &Context) {
        let mut tokens = matches(cx.text.vocabulary(), self.input.text());
        self.count = tokens.len();
        let Some((next, distribution)) = cx.text.next.as_ref().and_then(|it| Some((it, distribution(cx, it)?))) else {
            tokens.truncate(MOST);
            self.found = tokens.into_iter().map(|token| Found { token, scores: None }).collect();
            return;
        };
        let logits = &next.logits;
        tokens.retain(|&it| (it as usize) < logits.len());
        // Equal scores stay in the order of the vocabulary.
        tokens.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
        tokens.truncate(MOST);
        let mut falling = logits.to_vec();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let rank = |token: TokenId| 1 + falling.partition_point(|&it| it > logits[token as usize]);
        let found = |token| Found { token, scores: Some((distribution.row(logits, token), rank(token))) };
        self.found = tokens.into_iter().map(found).collect();
    }

    /// The title says what the settings are, and the table follows with the next frame.
    fn turn(&mut self, cx: &mut Context, parameter: Parameter, steps: i32) {
        panel::turn(cx, parameter, steps, false);
    }

    fn is_written_in(&self) -> bool {
        true
    }
}

fn distribution(cx: &Context, next: &Next) -> Option<Distribution> {
    let tokens = cx.text.document.tokens();
    Distribution::new(&next.logits, &cx.text.context_of_next(&tokens), &cx.settings).ok()
}

/// The tokens whose text contains `wanted`; none for nothing. Capitals count only if there are some in it.
fn matches(vocabulary: &Vocabulary, wanted: &str) -> Vec<TokenId> {
    // As tokens are shown, so they can be typed.
    let wanted = wanted.replace('␣', " ").replace("\\n", "\n");
    if wanted.is_empty() {
        return Vec::new();
    }
    let exact = wanted.chars().any(char::is_uppercase);
    let lower = wanted.to_lowercase();
    let fits = |token: &TokenId| {
        // A part of a character is no text.
        let Ok(text) = std::str::from_utf8(vocabulary.bytes(*token)) else { return false };
        if exact { text.contains(&wanted) } else { text.to_lowercase().contains(&lower) }
    };
    (0..vocabulary.len() as TokenId).filter(fits).collect()
}

#[cfg(test)]
mod tests;
