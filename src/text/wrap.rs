//! Words to rows, once, incrementally.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::cells::grapheme_columns;

/// A text cut into rows of at most `width` columns.
///
/// Appending re-wraps the last row, and those before it that the last character made, which may go on in what comes: a greedy
/// wrap never moves an earlier break. So a token costs what a row costs, however long the text or its last line are. What is
/// drawn and what is scrolled over are the same rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    width: usize,
    rows: Vec<Range<usize>>,
    /// Rows whose end does not depend on the last grapheme.
    settled: usize,
}

impl Wrap {
    /// An empty text has one empty row.
    ///
    /// `width` is in columns; zero is taken as one.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1), rows: std::iter::once(0..0).collect(), settled: 0 }
    }

    /// The width it wraps to, in columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The byte ranges of the rows, in order. A line feed at the end of a row is not part of it; spaces are, and may
    /// hang over the edge.
    #[must_use]
    pub fn rows(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// Takes in `text`, of which everything wrapped so far must be the beginning.
    pub fn extend(&mut self, text: &str) {
        let start = self.rows.get(self.settled).map_or(0, |row| row.start);
        self.rows.truncate(self.settled);
        let mut row = start;
        let mut columns = 0;
        // Where this row may be cut, and how many columns come before it.
        let mut cut: Option<(usize, usize)> = None;
        for (offset, grapheme) in text[start..].grapheme_indices(true) {
            let at = start + offset;
            self.settled = self.rows.len();
            if grapheme == "\n" {
                self.rows.push(row..at);
                (row, columns, cut) = (at + 1, 0, None);
                continue;
            }
            let wide = grapheme_columns(grapheme);
            if grapheme == " " {
                columns += 1;
                cut = Some((at + 1, columns));
                continue;
            }
            if columns + wide > self.width && at > row {
                let (next, before) = cut.unwrap_or((at, columns));
                self.rows.push(row..next);
                (row, columns, cut) = (next, columns - before, None);
                // A word longer than a row, behind a cut.
                if columns + wide > self.width && at > row {
                    self.rows.push(row..at);
                    (row, columns) = (at, 0);
                }
            }
            columns += wide;
            // Between ideographs a row may be cut anywhere.
            if wide == 2 {
                cut = Some((at + grapheme.len(), columns));
            }
        }
        self.rows.push(row..text.len());
    }

    /// The row that holds a byte offset.
    #[must_use]
    pub fn row_of(&self, offset: usize) -> usize {
        self.rows.partition_point(|row| row.start <= offset).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests;
