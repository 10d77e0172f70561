//! The scores as a line for each token.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Report;

/// Writes a heading and the lines. Fields of what has no score are empty; the likeliest token has rank 0.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "index,byte,line,column,id,text,bits,rank,entropy,expected_id,expected,expected_p")?;
    for (at, it) in report.tokens.iter().enumerate() {
        let text = field(report.bytes(it.id));
        write!(out, "{at},{},{},{},{},{text},", it.byte, it.line, it.column, it.id)?;
        match &it.reading {
            Some(reading) => {
                let entropy = reading.score.entropy.map_or_else(String::new, |it| it.to_string());
                let (id, p) = (reading.expected, reading.expected_p);
                let (bits, rank, expected) = (reading.bits, reading.score.rank, field(report.bytes(id)));
                writeln!(out, "{bits},{rank},{entropy},{id},{expected},{p}")?;
            }
            None => writeln!(out, ",,,,,")?,
        }
    }
    Ok(())
}

/// The text of a token in quotes, on one line: line ends and other controls as backslash and letter or number, so are the
/// bytes of half a character.
fn field(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\"\""),
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
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
