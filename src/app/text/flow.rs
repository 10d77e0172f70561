//! The document as rows on the screen.

use std::ops::Range;

use crate::document::Document;
use crate::text::{Utf8Stream, Vocabulary, Wrap, push_visible};

/// The text as it is shown, where each token begins in it, and its rows.
#[derive(Clone, Debug)]
pub struct Flow {
    text: String,
    /// The byte of `text` at which each token of the path begins.
    starts: Vec<usize>,
    wrap: Wrap,
    utf8: Utf8Stream,
}

impl Flow {
    /// An empty text, `width` columns wide.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { text: String::new(), starts: Vec::new(), wrap: Wrap::new(width), utf8: Utf8Stream::default() }
    }

    /// The text as it is shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
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
        self.starts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The position of the token that a byte belongs to.
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

    /// Takes in what was appended to the document since the last call.
    pub fn extend(&mut self, document: &Document, vocabulary: &Vocabulary) {
        let mut fresh = String::new();
        for position in self.starts.len()..document.len() {
            self.starts.push(self.text.len());
            if let Some(node) = document.at(position) {
                fresh.clear();
                self.utf8.push(vocabulary.bytes(node.token), &mut fresh);
                push_visible(&fresh, &mut self.text);
            }
        }
        self.wrap.extend(&self.text);
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
            self.wrap.extend(&self.text);
        }
    }
}
