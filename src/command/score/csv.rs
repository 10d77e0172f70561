//! Rows as CSV, by RFC 4180.

use std::fmt::Write as _;
use std::io;

use super::items::Item;
use super::rows::{Cell, Rows};

/// The heading: what the item is called, the columns that are carried through, and the others.
pub(super) fn heading(rows: Rows, carried: &[String]) -> io::Result<String> {
    let names = std::iter::once("item".to_owned()).chain(carried.iter().cloned()).chain(rows.columns());
    written(std::iter::once(names.collect()))
}

/// Rows of an item, each after its name and what it carries; without these if `is_only`.
pub(super) fn rows(rows: &[Vec<Cell>], item: &Item, is_only: bool) -> io::Result<String> {
    let named = std::iter::once(&item.name).chain(&item.carried).filter(|_| !is_only);
    let before: Vec<String> = named.cloned().collect();
    written(rows.iter().map(|row| before.iter().cloned().chain(row.iter().map(Cell::field)).collect()))
}

/// Fields with commas, quotes or line ends stand in quotes; a row ends in a line feed.
pub(super) fn written(rows: impl Iterator<Item = Vec<String>>) -> io::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    for row in rows {
        out.write_record(row).map_err(io::Error::other)?;
    }
    let bytes = out.into_inner().map_err(|it| io::Error::other(it.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The text of a token in one line: line ends and other controls as backslash and letter or number, so are the bytes of half
/// a character.
pub(super) fn one_line(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
