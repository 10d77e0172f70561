//! The input line: a small editor with readline's keys or vi's, a history and undo.

mod history;
mod undo;
mod vi;

use std::borrow::Cow;

use history::History;
use undo::Changes;
use unicode_segmentation::UnicodeSegmentation as _;
use vi::Vi;

pub use history::Search;
pub use vi::Mode;

/// Text being written, and where the cursor is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// A byte of `text`, between two graphemes.
    cursor: usize,
    killed: String,
    /// Boxed, since a line for a path has none.
    history: Box<History>,
    changes: Changes,
    vi: Option<Vi>,
    /// Whether what is written was taken from the text to be changed: what was sent before does not take its place.
    is_taken: bool,
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One grapheme to the left.
    Left,
    /// One grapheme to the right.
    Right,
    /// The beginning of the word.
    WordLeft,
    /// The end of the word.
    WordRight,
    /// The beginning of the line.
    LineStart,
    /// The end of the line.
    LineEnd,
}

impl Input {
    /// What is shown of the input, and the byte of that where the cursor is: what is written, or what a search has found.
    #[must_use]
    pub fn shown(&self) -> (Cow<'_, str>, usize) {
        let (text, cursor) = self.searched();
        let Some(search) = self.search() else { return (text.into(), cursor) };
        let before = if search.failed { "no more of" } else { "search" };
        let before = format!("{before} `{}`: ", search.query);
        (format!("{before}{text}").into(), before.len() + cursor)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte the cursor stands before.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts the cursor before the grapheme that holds a byte.
    pub fn put_cursor(&mut self, at: usize) {
        self.cursor = self.next_boundary_from(at.min(self.text.len()));
    }

    /// Writes at the cursor. Line ends become line feeds.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.changes.will_insert(&self.text, self.cursor, &text);
        self.write(&text);
        self.changes.inserted(self.cursor);
    }

    fn write(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        // A combining mark joins what stands before it: the cursor must not end up inside a grapheme.
        self.cursor = self.next_boundary_from(self.cursor);
    }

    /// Replaces everything.
    pub fn set(&mut self, text: &str) {
        // Also in the middle of what vi would take back as one change: it comes from elsewhere.
        self.changes.release();
        self.changes.keep(&self.text, self.cursor);
        self.text.clear();
        self.cursor = 0;
        self.write(&text.replace("\r\n", "\n").replace('\r', "\n"));
        self.is_taken = false;
    }

    /// Replaces everything by a piece of the text that is to be changed, with the cursor before it.
    pub fn take_up(&mut self, text: &str) {
        self.set(text);
        (self.cursor, self.is_taken) = (0, true);
    }

    /// Empties it and hands out what was written, keeping it in the history.
    pub fn take(&mut self) -> String {
        self.hand_over().0
    }

    /// Empties it and hands out what was written, and whether the history has it anew.
    pub fn hand_over(&mut self) -> (String, bool) {
        let text = std::mem::take(&mut self.text);
        (self.cursor, self.is_taken) = (0, false);
        self.changes = Changes::default();
        if let Some(vi) = &mut self.vi {
            *vi = Vi::default();
        }
        let is_new = self.history.push(&text);
        (text, is_new)
    }

    /// Takes back the last change of the text. Says whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some((text, cursor)) = self.changes.take() else { return false };
        (self.text, self.cursor) = (text, cursor);
        true
    }

    /// Moves the cursor.
    pub fn go(&mut self, motion: Motion) {
        self.cursor = self.target(motion);
    }

    /// Deletes from the cursor to where a motion would take it. Words and lines can be put back with [`yank`](Self::yank).
    pub fn delete(&mut self, motion: Motion) {
        let target = self.target(motion);
        let (start, end) = (target.min(self.cursor), target.max(self.cursor));
        if start == end {
            return;
        }
        self.changes.keep(&self.text, self.cursor);
        let gone: String = self.text.drain(start..end).collect();
        if !matches!(motion, Motion::Left | Motion::Right) {
            self.killed = gone;
        }
        self.cursor = start;
    }

    /// Writes what was last deleted as a word or line.
    pub fn yank(&mut self) {
        let killed = self.killed.clone();
        self.insert(&killed);
    }

    /// One line up; in the first line, one entry back in the history.
    pub fn up(&mut self) {
        let start = self.target(Motion::LineStart);
        if start > 0 {
            let column = self.text[start..self.cursor].graphemes(true).count();
            let above = self.text[..start - 1].rfind('\n').map_or(0, |it| it + 1);
            self.cursor = self.at_column(above, column);
            return;
        }
        if self.is_taken && !self.is_empty() {
            self.cursor = 0;
        } else if let Some(older) = self.history.older(&self.text) {
            self.set(&older);
        }
    }

    /// One line down; in the last line, one entry forward in the history.
    pub fn down(&mut self) {
        let end = self.target(Motion::LineEnd);
        if end < self.text.len() {
            let start = self.target(Motion::LineStart);
            let column = self.text[start..self.cursor].graphemes(true).count();
            self.cursor = self.at_column(end + 1, column);
            return;
        }
        if self.is_taken && !self.is_empty() {
            self.cursor = self.text.len();
        } else if let Some(newer) = self.history.newer() {
            self.set(&newer);
        }
    }

    fn at_column(&self, start: usize, column: usize) -> usize {
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        start + line.graphemes(true).take(column).map(str::len).sum::<usize>()
    }

    fn target(&self, motion: Motion) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        match motion {
            Motion::Left => before.graphemes(true).next_back().map_or(0, |it| self.cursor - it.len()),
            Motion::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Motion::LineStart => before.rfind('\n').map_or(0, |it| it + 1),
            Motion::LineEnd => after.find('\n').map_or(self.text.len(), |it| self.cursor + it),
            Motion::WordLeft => {
                let trimmed = before.trim_end_matches(|c: char| !c.is_alphanumeric());
                trimmed
                    .rfind(|c: char| !c.is_alphanumeric())
                    .map_or(0, |it| it + trimmed[it..].chars().next().map_or(0, char::len_utf8))
            }
            Motion::WordRight => {
                let skipped = after.find(char::is_alphanumeric).unwrap_or(after.len());
                let word = after[skipped..].find(|c: char| !c.is_alphanumeric());
                self.cursor + word.map_or(after.len(), |it| skipped + it)
            }
        }
    }

    fn next_boundary_from(&self, at: usize) -> usize {
        let starts = self.text.grapheme_indices(true).map(|it| it.0);
        // Only the neighbourhood matters, and a whole paste must not be walked for it.
        if self.text.is_char_boundary(at) && self.text[at..].chars().next().is_none_or(|c| c.is_ascii()) {
            return at;
        }
        starts.chain([self.text.len()]).find(|&it| it >= at).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests;
