//! A question that is answered with a few words: a title, tags, the name of a mark.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::intent::{Intent, Question};
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::screen::kit::{lines, over, put_cursor};
use crate::app::screen::theme::Theme;
use crate::text::{columns_of, fit, visible};

/// The state of the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What is asked.
    pub question: Question,
    /// What is written.
    pub line: Input,
}

impl Ask {
    /// Asks, with what is so now; nothing where there is no text.
    pub(in crate::app) fn open(cx: &mut Context, question: Question) -> Option<Self> {
        let document = &cx.text.document;
        if document.is_empty() {
            cx.outbox.say("There is no text yet: write something first.");
            return None;
        }
        let last = document.len().saturating_sub(1);
        let node = document.path()[cx.text.cursor.min(last)];
        let before = match question {
            Question::Title => document.title().unwrap_or_default().to_owned(),
            Question::Tags => document.tags().join(" "),
            Question::Bookmark => document.bookmark_name(node).unwrap_or_default().to_owned(),
        };
        let mut line = Input::default();
        line.insert(&before);
        Some(Self { question, line })
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self.question {
            Question::Title => ("title", "What it is called; empty: no title."),
            Question::Tags => ("tags", "Words, spaces between; empty: none."),
            Question::Bookmark => ("mark", "What this place is called, or empty."),
        }
    }
}

impl Room for Ask {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, _: Option<Action>) -> Answer {
        match key.code {
            KeyCode::Esc => return Answer::Close,
            KeyCode::Enter => return Answer::Do(Intent::Name(self.question, self.line.take())),
            _ => edit_line(&cx.keymap, &mut self.line, key),
        }
        Answer::Stay
    }

    fn draw(&self, _: &Context, theme: &Theme, frame: &mut Frame) {
        let (title, what) = self.words();
        let inner = over(frame, &format!("{title}: Enter keeps it, Esc leaves it"), 70, 4, theme);
        let text = visible(self.line.text());
        let line = Line::from(vec![Span::styled("> ", theme.focus), Span::raw(text)]);
        lines(frame, inner, vec![line, Line::styled(fit(what, inner.width as usize), theme.dim)]);
        put_cursor(frame, inner, 2 + columns_of(&visible(&self.line.text()[..self.line.cursor()])), 0);
    }

    fn paste(&mut self, _: &mut Context, text: &str) {
        self.line.insert(text.lines().next().unwrap_or_default());
    }

    fn is_written_in(&self) -> bool {
        true
    }

    fn takes_help(&self) -> bool {
        false
    }

    fn shows_settings(&self) -> bool {
        false
    }
}
