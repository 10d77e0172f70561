//! Tokens as the text they make up, and which part of it each of them has.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Utf8Stream, Visible};

/// Tokens as visible text. A token may begin and end inside a character, and a character be of several tokens.
#[derive(Clone, Debug, Default)]
pub struct ShownTokens {
    text: String,
    /// The byte of `text` at which each token begins.
    starts: Vec<usize>,
    /// The byte of `text` that each token reaches to. One that ends inside a character reaches into what comes next.
    ends: Vec<usize>,
    utf8: Utf8Stream,
    visible: Visible,
}

impl ShownTokens {
    /// Appends a token, given by its bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let (start, mut fresh) = (self.text.len(), String::new());
        self.utf8.push(bytes, &mut fresh);
        self.visible.push(&fresh, &mut self.text);
        // What is held back is a part of the character that comes next.
        let end = self.text.len() + usize::from(!self.utf8.pending().is_empty());
        let start = if end == start { self.last_character() } else { start };
        self.starts.push(start.max(self.starts.last().copied().unwrap_or(0)));
        self.ends.push(end.max(self.ends.last().copied().unwrap_or(0)));
    }

    /// Where the last character begins. What shows nothing of its own, as one mark too many, is a part of it.
    fn last_character(&self) -> usize {
        self.text.char_indices().next_back().map_or(0, |it| it.0)
    }

    /// The text as it is shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many tokens are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The position of the token that a byte belongs to; the last one, where it is of several.
    #[must_use]
    pub fn token_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// Where the text of a token begins; the end of the text for one that is not there.
    #[must_use]
    pub fn start_of(&self, position: usize) -> usize {
        self.starts.get(position).copied().unwrap_or(self.text.len())
    }

    /// Where the text of the token after `position` begins.
    #[must_use]
    pub fn end_of(&self, position: usize) -> usize {
        self.starts.get(position + 1).copied().unwrap_or(self.text.len())
    }

    /// The positions of the tokens that have a part in a range of the text.
    #[must_use]
    pub fn tokens_in(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.ends.partition_point(|&end| end <= range.start);
        let behind = self.starts.partition_point(|&start| start < range.end);
        first..behind.max(first)
    }

    /// The graphemes of a range of the text that begins and ends between two, each with its tokens.
    pub fn graphemes(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        self.text[range.clone()].grapheme_indices(true).map(move |(at, grapheme)| {
            let place = range.start + at..range.start + at + grapheme.len();
            let tokens = self.tokens_in(&place);
            (place, tokens)
        })
    }

    /// The part of the text that a token has, up to the byte it reaches to.
    #[must_use]
    pub fn place_of(&self, position: usize) -> Range<usize> {
        let start = self.start_of(position);
        start..self.ends.get(position).map_or(start, |&it| it.min(self.text.len()).max(start))
    }
}

/// Where the grapheme begins that holds a byte of a text; the end of the text behind it.
#[must_use]
pub fn grapheme_start(text: &str, offset: usize) -> usize {
    text.grapheme_indices(true)
        .map(|it| it.0)
        .take_while(|&it| it <= offset)
        .last()
        .filter(|_| offset < text.len())
        .unwrap_or(text.len())
}

/// Where the first grapheme begins that begins at a byte of a text or behind it.
#[must_use]
pub fn grapheme_end(text: &str, offset: usize) -> usize {
    text.grapheme_indices(true).map(|it| it.0).find(|&it| it >= offset).unwrap_or(text.len())
}

/// What a text says behind another one that it begins with. What is seen as one character is told whole, also where it
/// begins in the other.
#[must_use]
pub fn rest_of<'a>(text: &'a str, before: &str) -> &'a str {
    let shared = text.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
    &text[grapheme_start(text, shared)..]
}

#[cfg(test)]
mod tests;
