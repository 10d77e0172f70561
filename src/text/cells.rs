//! Text to the cells of a terminal. What people see as one character, a grapheme, may be many code points; it is measured,
//! cut and padded whole.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How many columns are kept for one grapheme.
///
/// What draws the screen keeps one more for each halfwidth sound mark of katakana, and what is laid out for it must agree.
#[must_use]
pub fn grapheme_columns(grapheme: &str) -> usize {
    let marks = grapheme.chars().filter(|it| matches!(it, '\u{ff9e}' | '\u{ff9f}')).count();
    grapheme.width() + marks
}

/// How many columns a text in one line takes: its graphemes one by one, as they are drawn.
#[must_use]
pub fn columns_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(grapheme_columns).sum() }
}

/// The graphemes at the beginning of a text that fit into `width` columns.
#[must_use]
pub fn cut(text: &str, width: usize) -> &str {
    // Most text that is cut is of letters that take a column each.
    if text.bytes().take(width.saturating_add(1)).all(is_plain) {
        return &text[..width.min(text.len())];
    }
    let mut used = 0;
    for (offset, grapheme) in text.grapheme_indices(true) {
        used += grapheme_columns(grapheme);
        if used > width {
            return &text[..offset];
        }
    }
    text
}

/// Whether a byte is a visible character of ASCII, or a space.
pub(super) fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// At least `width` columns: padded with spaces where it is shorter.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(columns_of(text))));
    out
}

/// Exactly `width` columns: cut or padded.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    pad(cut(text, width), width)
}

#[cfg(test)]
mod tests;
