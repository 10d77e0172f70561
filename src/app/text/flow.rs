//! The document as rows on the screen.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::document::Document;
use crate::text::{ShownTokens, Vocabulary, Wrap};

/// The text as it is shown, where each token is in it, and its rows.
#[derive(Clone, Debug)]
pub struct Flow {
    shown: ShownTokens,
    wrap: Wrap,
}

impl Flow {
    /// An empty text, `width` columns wide.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { shown: ShownTokens::default(), wrap: Wrap::new(width) }
    }

    /// The text as it is shown.
    #[must_use]
    pub fn text(&self) -> &str {
        self.shown.text()
    }

    /// Which part of the text each token has.
    #[must_use]
    pub fn shown(&self) -> &ShownTokens {
        &self.shown
    }

    /// The rows, as ranges of [`text`](Self::text).
    #[must_use]
    pub fn rows(&self) -> &[Range<usize>] {
        self.wrap.rows()
    }

    /// The row that holds a byte.
    #[must_use]
    pub fn row_of(&self, offset: usize) -> usize {
        self.wrap.row_of(offset)
    }

    /// The columns it is wrapped to.
    #[must_use]
    pub fn width(&self) -> usize {
        self.wrap.width()
    }

    /// How many tokens are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The position of the token that a byte belongs to.
    #[must_use]
    pub fn token_at(&self, offset: usize) -> usize {
        self.shown.token_at(offset)
    }

    /// Where the text of a token begins; the end of the text for one that is not there.
    #[must_use]
    pub fn start_of(&self, position: usize) -> usize {
        self.shown.start_of(position)
    }

    /// Where the text of the token after `position` begins.
    #[must_use]
    pub fn end_of(&self, position: usize) -> usize {
        self.shown.end_of(position)
    }

    /// The positions of the tokens that have a part in a range of the text; a character may be of several.
    #[must_use]
    pub fn tokens_in(&self, range: &Range<usize>) -> Range<usize> {
        self.shown.tokens_in(range)
    }

    /// The grapheme that a byte of the text belongs to; none at its end.
    #[must_use]
    pub fn grapheme_at(&self, offset: usize) -> Range<usize> {
        let row = self.rows().get(self.row_of(offset)).cloned().unwrap_or_default();
        let found = self.text()[row.clone()]
            .grapheme_indices(true)
            .map(|(at, it)| row.start + at..row.start + at + it.len())
            .find(|it| offset < it.end);
        // Between two rows there is a line feed, or nothing.
        found.unwrap_or_else(|| row.end..self.text().len().min(row.end + 1))
    }

    /// The tokens that a range of them shares graphemes with, itself among them: what is seen as one cannot be parted.
    #[must_use]
    pub fn whole(&self, tokens: Range<usize>) -> Range<usize> {
        let mut whole = tokens;
        while !whole.is_empty() {
            let (start, end) = (self.start_of(whole.start), self.shown.place_of(whole.end - 1).end);
            let (first, last) = (self.grapheme_at(start), self.grapheme_at(end.saturating_sub(1).max(start)));
            let reached = self.tokens_in(&(first.start..last.end.max(first.end)));
            let wider = whole.start.min(reached.start)..whole.end.max(reached.end).min(self.len());
            if wider == whole {
                break;
            }
            whole = wider;
        }
        whole
    }

    /// Takes in what was appended to the document since the last call.
    pub fn extend(&mut self, document: &Document, vocabulary: &Vocabulary) {
        for position in self.len()..document.len() {
            self.shown.push(document.at(position).map_or(&[], |node| vocabulary.bytes(node.token)));
        }
        self.wrap.extend(self.shown.text());
    }

    /// Starts over, after the document changed elsewhere than at its end.
    pub fn rebuild(&mut self, document: &Document, vocabulary: &Vocabulary) {
        *self = Self::new(self.wrap.width());
        self.extend(document, vocabulary);
    }

    /// Wraps to another width.
    pub fn resize(&mut self, width: usize) {
        if width.max(1) != self.wrap.width() {
            self.wrap = Wrap::new(width);
            self.wrap.extend(self.shown.text());
        }
    }
}
