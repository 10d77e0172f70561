//! Where vi's motions lead.

use super::super::{Input, Motion};

/// Where a motion leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// To this byte.
    pub(super) to: usize,
    /// Whether an operator takes what stands there along.
    pub(super) inclusive: bool,
}

/// What words are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Mark,
    Word,
}

impl Input {
    /// Where a motion leads that is done so many times; `None` if the letter is none.
    pub(super) fn reach(&self, key: char, times: usize) -> Option<Reach> {
        let (start, end) = (self.target(Motion::LineStart), self.target(Motion::LineEnd));
        let again = |from: usize, step: &dyn Fn(usize) -> usize| (0..times).fold(from, |at, _| step(at));
        let (to, inclusive) = match key {
            'h' => (again(self.cursor, &|at| self.last_before(at).max(start)), false),
            'l' | ' ' => (again(self.cursor, &|at| self.next_from(at).min(end)), false),
            '0' => (start, false),
            '^' => {
                let line = &self.text[start..end];
                (start + line.len() - line.trim_start().len(), false)
            }
            '$' => (end, false),
            'w' | 'W' => (again(self.cursor, &|at| self.word_after(at, key == 'W')), false),
            'b' | 'B' => (again(self.cursor, &|at| self.word_before(at, key == 'B')), false),
            'e' | 'E' => (again(self.cursor, &|at| self.word_end(at, key == 'E')), true),
            _ => return None,
        };
        Some(Reach { to, inclusive })
    }

    /// The grapheme after the one at `at`.
    pub(super) fn next_from(&self, at: usize) -> usize {
        use unicode_segmentation::UnicodeSegmentation as _;
        at + self.text[at..].graphemes(true).next().map_or(0, str::len)
    }

    fn last_before(&self, at: usize) -> usize {
        use unicode_segmentation::UnicodeSegmentation as _;
        at - self.text[..at].graphemes(true).next_back().map_or(0, str::len)
    }

    fn class(&self, at: usize, big: bool) -> Option<Class> {
        let c = self.text[at..].chars().next()?;
        Some(match c {
            _ if c.is_whitespace() => Class::Space,
            _ if big || c.is_alphanumeric() || c == '_' => Class::Word,
            _ => Class::Mark,
        })
    }

    /// The first place from `at` on whose class is not this one.
    fn past(&self, mut at: usize, class: Class, big: bool) -> usize {
        while self.class(at, big) == Some(class) {
            at = self.next_from(at);
        }
        at
    }

    /// The first place of the run of this class that ends before `at`.
    fn first_of(&self, mut at: usize, class: Class, big: bool) -> usize {
        while at > 0 && self.class(self.last_before(at), big) == Some(class) {
            at = self.last_before(at);
        }
        at
    }

    fn word_after(&self, at: usize, big: bool) -> usize {
        let Some(class) = self.class(at, big) else { return at };
        let at = if class == Class::Space { at } else { self.past(at, class, big) };
        self.past(at, Class::Space, big)
    }

    fn word_before(&self, at: usize, big: bool) -> usize {
        let at = self.first_of(at, Class::Space, big);
        let class = self.class(self.last_before(at), big);
        class.map_or(at, |it| self.first_of(at, it, big))
    }

    fn word_end(&self, at: usize, big: bool) -> usize {
        let from = self.past(self.next_from(at), Class::Space, big);
        let Some(class) = self.class(from, big) else { return self.last_before(self.text.len()).max(at) };
        self.last_before(self.past(from, class, big))
    }
}
