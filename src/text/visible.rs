//! Untrusted text to text that is safe to show: nothing in it can move a cursor, and nothing in it hides.

use std::path::Path;

use unicode_segmentation::UnicodeSegmentation as _;

use super::cells::is_plain;

/// How many code points one grapheme may stack before the rest is dropped from the screen ("Zalgo" text).
const MOST_MARKS: usize = 16;

/// How many characters of a name are shown: longer than any that is meant, and short enough for a message.
const LONGEST_NAME: usize = 200;

/// The text with every control and invisible character made visible; only `\n` stays a control.
///
/// Control characters become caret notation (`^[` for escape), C1 controls, bidirectional controls and other invisible
/// characters their hexadecimal code in angle brackets, a tab four spaces at the most. A lone carriage return is `^M`,
/// one before a line feed is dropped. A mark that stands on nothing would take no cell: it becomes its code as well.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Visible::default().push(text, &mut out);
    out
}

/// [`visible`] text in one line: names, which a list or a table shows. A line feed is `^J`.
#[must_use]
pub fn visible_line(text: &str) -> String {
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    visible(text).replace('\n', "^J")
}

/// A name in one line, of at most 200 characters; what is longer ends in `...`.
#[must_use]
pub fn visible_name(name: &str) -> String {
    let cut = name.char_indices().nth(LONGEST_NAME - 3).filter(|_| name.chars().nth(LONGEST_NAME).is_some());
    cut.map_or_else(|| visible_line(name), |(at, _)| format!("{}...", visible_line(&name[..at])))
}

/// A path in one line.
#[must_use]
pub fn visible_path(path: &Path) -> String {
    visible_line(&path.display().to_string())
}

/// JSON that means the same and is safe to show: what [`visible`] would name is escaped.
#[must_use]
pub fn visible_json(json: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_invisible(c) || c == '\x7f' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Makes a text visible that comes in pieces.
#[derive(Clone, Debug, Default)]
pub struct Visible {
    /// What a mark would stand on.
    base: Option<char>,
    /// How many marks stand on it.
    marks: usize,
}

impl Visible {
    /// Appends the next piece to `out`.
    pub fn push(&mut self, text: &str, out: &mut String) {
        use std::fmt::Write as _;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            if c == '\r' && characters.peek() == Some(&'\n') {
                continue;
            }
            let is_mark = is_mark(c);
            let stands = !is_mark || self.base.is_some_and(|it| is_one_grapheme(it, c));
            self.marks = if is_mark && stands { self.marks + 1 } else { 0 };
            if self.marks > MOST_MARKS {
                continue;
            }
            // A mark does not stand on what takes the place of a character.
            self.base = None;
            match c {
                '\n' => out.push('\n'),
                '\t' => out.push_str("    "),
                '\0'..='\x1f' => {
                    out.push('^');
                    out.push(char::from(c as u8 + 0x40));
                }
                '\x7f' => out.push_str("^?"),
                _ if is_invisible(c) || !stands => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "<{:X}>", u32::from(c));
                }
                _ => {
                    out.push(c);
                    self.base = Some(c);
                }
            }
        }
    }
}

/// Whether a mark joins the character before it.
fn is_one_grapheme(before: char, mark: char) -> bool {
    let mut both = String::from(before);
    both.push(mark);
    both.graphemes(true).count() == 1
}

/// What takes no cell of its own: combining marks, joiners, vowels and ends of Hangul syllables.
fn is_mark(c: char) -> bool {
    let has_no_width = || unicode_width::UnicodeWidthChar::width(c) == Some(0);
    !c.is_ascii() && !is_invisible(c) && has_no_width()
}

/// Characters that take no place and change how or whether the text around them is seen.
///
/// Zero-width joiner (U+200D), non-joiner and the emoji variation selectors stay: they are part of ordinary words.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'          // C1 controls
        | '\u{ad}'                   // soft hyphen
        | '\u{34f}'                  // combining grapheme joiner
        | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        | '\u{2028}'..='\u{202e}'    // separators, bidirectional embeddings and overrides
        | '\u{2060}'..='\u{206f}'    // word joiner, invisible operators, isolates
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}') // tags and supplementary variation selectors
}

#[cfg(test)]
mod tests;
