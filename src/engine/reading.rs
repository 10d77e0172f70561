//! A text of any length read once, for what the model thinks of each of its tokens.

use std::ops::Range;

use crate::TokenId;
use crate::model::{Model, ModelError, Scores};

/// How many tokens are read at a time.
const BLOCK: usize = 128;

/// A stretch of a text that fits the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What the model reads, as positions of the text.
    pub read: Range<usize>,
    /// The first position of it that is scored; what lies before was scored in the window before, or has nothing before it.
    pub scored: usize,
}

/// The windows of a text of `length` tokens: each begins `overlap` tokens before the end of the one before, so that every
/// token but those of the first window has at least so many before it, and all but the first token are scored once.
#[must_use]
pub fn windows(length: usize, capacity: usize, overlap: usize) -> Vec<Window> {
    let capacity = capacity.max(2);
    // A token with nothing before it could not be scored.
    let step = capacity - overlap.clamp(1, capacity - 1);
    let mut windows = Vec::new();
    let (mut start, mut scored) = (0, 1);
    while scored < length {
        let end = (start + capacity).min(length);
        windows.push(Window { read: start..end, scored });
        (start, scored) = (start + step, end);
    }
    windows
}

/// Reads `tokens` window by window; `hear` is told the scores, (V,), of every position but the first, in order.
///
/// The scores of ids at and above `vocabulary`, which only a padded output matrix has, are left out.
///
/// # Errors
///
/// [`ModelError::Interrupted`] once `wanted` says no, else what the model says.
pub fn read(
    model: &mut dyn Model,
    tokens: &[TokenId],
    (overlap, vocabulary): (usize, usize),
    hear: &mut dyn FnMut(usize, &[f32]),
    wanted: &mut dyn FnMut() -> bool,
) -> Result<(), ModelError> {
    for Window { read, scored } in windows(tokens.len(), model.positions(), overlap) {
        model.rewind(0);
        // The scores of a position come with the token before it; those of the last token are about nothing here.
        let (known, new) = (&tokens[read.start..scored - 1], &tokens[scored - 1..read.end - 1]);
        for block in known.chunks(BLOCK) {
            model.extend(block, Scores::None, wanted)?;
        }
        let mut position = scored;
        for block in new.chunks(BLOCK) {
            if !wanted() {
                return Err(ModelError::Interrupted);
            }
            let mut each = |index: usize, row: &[f32]| hear(position + index, &row[..row.len().min(vocabulary)]);
            model.extend(block, Scores::Each(&mut each), wanted)?;
            position += block.len();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
