//! Texts of any length read once, for what the model thinks of each of their tokens.

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

/// Reads `tokens` window by window; `hear` is told the scores, (V,), of every position but the first, in order, and of the
/// one behind the last token.
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
        // The scores of a position come with the token before it; those behind a window are of the next one.
        let end = if read.end == tokens.len() { read.end } else { read.end - 1 };
        let (known, new) = (&tokens[read.start..scored - 1], &tokens[scored - 1..end]);
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

/// Reads several texts, each in a context of its own; `hear` is told the scores, (V,), of every position but the first of
/// each text, and of the one behind its last token: which text, the position, the row. All of a text come before those of
/// the next.
///
/// Texts that fit the context are read together, so that many short ones cost hardly more than one as long as all of them.
/// The others are read in windows, see [`windows`].
///
/// # Errors
///
/// As [`read`]. What was heard is right.
pub fn read_several(
    model: &mut dyn Model,
    texts: &[&[TokenId]],
    (overlap, vocabulary): (usize, usize),
    hear: &mut dyn FnMut(usize, usize, &[f32]),
    wanted: &mut dyn FnMut() -> bool,
) -> Result<(), ModelError> {
    let capacity = model.positions();
    let mut first = 0;
    while first < texts.len() {
        let fitting = texts[first..].iter().take_while(|it| it.len() <= capacity).count();
        if fitting > 0 {
            model.rewind(0);
            let mut each = |which: usize, index: usize, row: &[f32]| {
                hear(first + which, index + 1, &row[..row.len().min(vocabulary)]);
            };
            model.extend_several(&texts[first..first + fitting], &mut each, wanted)?;
            first += fitting;
        } else {
            read(model, texts[first], (overlap, vocabulary), &mut |position, row| hear(first, position, row), wanted)?;
            first += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
