//! Instructions that carry a number, text or bytes.

use super::PickleError;
use super::machine::Machine;
use super::value::{Node, printable};

impl Machine<'_> {
    /// Answers whether it knew the opcode.
    pub(super) fn scalar(&mut self, opcode: u8) -> Result<bool, PickleError> {
        let node = match opcode {
            b'N' => Node::None,
            0x88 => Node::Bool(true),
            0x89 => Node::Bool(false),
            b'J' => Node::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'K' => Node::Int(i64::from(self.byte()?)),
            b'M' => Node::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'I' | b'L' => self.decimal_integer()?,
            0x8a => {
                let length = usize::from(self.byte()?);
                self.integer(length)?
            }
            0x8b => {
                let length = self.signed_length()?;
                self.integer(length)?
            }
            b'F' => self.decimal_float()?,
            b'G' => Node::Float(f64::from_be_bytes(self.array()?)),
            _ => return self.string(opcode),
        };
        self.push(node)
    }

    fn string(&mut self, opcode: u8) -> Result<bool, PickleError> {
        let node = match opcode {
            b'S' => {
                let line = self.line()?;
                let unquoted = unquote(line).ok_or(PickleError::BadText { at: self.start })?;
                Node::Bytes(unquoted.into())
            }
            b'T' => {
                let length = self.signed_length()?;
                Node::Bytes(self.counted(length)?.into())
            }
            b'U' | b'C' => {
                let length = usize::from(self.byte()?);
                Node::Bytes(self.counted(length)?.into())
            }
            b'B' => {
                let length = self.length4()?;
                Node::Bytes(self.counted(length)?.into())
            }
            0x8e | 0x96 => {
                let length = self.length8()?;
                Node::Bytes(self.counted(length)?.into())
            }
            b'V' => {
                let line = self.line()?;
                let text = raw_unicode(line).ok_or(PickleError::BadText { at: self.start })?;
                Node::Text(text.into())
            }
            0x8c => {
                let length = usize::from(self.byte()?);
                self.text(length)?
            }
            b'X' => {
                let length = self.length4()?;
                self.text(length)?
            }
            0x8d => {
                let length = self.length8()?;
                self.text(length)?
            }
            _ => return Ok(false),
        };
        self.push(node)
    }

    fn length4(&mut self) -> Result<usize, PickleError> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn length8(&mut self) -> Result<usize, PickleError> {
        let length = u64::from_le_bytes(self.array()?);
        let limit = self.limits.text_bytes;
        usize::try_from(length).map_err(|_| self.too_large("bytes of one text", limit))
    }

    fn signed_length(&mut self) -> Result<usize, PickleError> {
        let length = i32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| PickleError::NegativeLength { at: self.start })
    }

    fn counted(&mut self, length: usize) -> Result<&[u8], PickleError> {
        let limit = self.limits.text_bytes;
        if length > limit {
            return Err(self.too_large("bytes of one text", limit));
        }
        self.take(length)
    }

    fn text(&mut self, length: usize) -> Result<Node, PickleError> {
        let at = self.start;
        let bytes = self.counted(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| PickleError::BadText { at })?;
        Ok(Node::Text(text.into()))
    }

    fn integer(&mut self, length: usize) -> Result<Node, PickleError> {
        let limit = self.limits.integer_bytes;
        if length > limit {
            return Err(self.too_large("bytes of one integer", limit));
        }
        let bytes = self.take(length)?;
        if length > 8 {
            return Ok(Node::BigInt(bytes.into()));
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide[..length].copy_from_slice(bytes);
        Ok(Node::Int(i64::from_le_bytes(wide)))
    }

    fn decimal_integer(&mut self) -> Result<Node, PickleError> {
        let line = self.line()?;
        // Protocol 0 writes truth values as integers with a leading zero.
        match line {
            b"00" => return Ok(Node::Bool(false)),
            b"01" => return Ok(Node::Bool(true)),
            _ => {}
        }
        let text = std::str::from_utf8(line).unwrap_or_default().trim();
        let digits = text.strip_suffix('L').unwrap_or(text);
        if let Ok(number) = digits.parse() {
            return Ok(Node::Int(number));
        }
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        // Nothing that is read from a checkpoint is larger than 64 bits; the digits are kept.
        if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Node::Text(digits.into()));
        }
        Err(self.bad_number(line))
    }

    fn decimal_float(&mut self) -> Result<Node, PickleError> {
        let line = self.line()?;
        let number = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
        number.map(Node::Float).ok_or_else(|| self.bad_number(line))
    }

    pub(super) fn bad_number(&self, line: &[u8]) -> PickleError {
        let text = printable(&String::from_utf8_lossy(&line[..line.len().min(80)]));
        PickleError::BadNumber { text, at: self.start }
    }
}

/// Undoes Python's `repr` of a byte string.
fn unquote(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let quote = *line.first()?;
    if line.len() < 2 || line.last() != Some(&quote) || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut rest = line[1..line.len() - 1].iter().copied();
    let mut out = Vec::new();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => hexadecimal(&mut rest, 2).and_then(|code| u8::try_from(code).ok())?,
            same @ (b'\\' | b'\'' | b'"') => same,
            _ => return None,
        });
    }
    Some(out)
}

/// Undoes Python's `raw-unicode-escape`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
fn raw_unicode(line: &[u8]) -> Option<String> {
    let mut rest = line.iter().copied().peekable();
    let mut out = String::new();
    while let Some(byte) = rest.next() {
        let digits = match (byte, rest.peek()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(byte));
                continue;
            }
        };
        rest.next();
        out.push(char::from_u32(hexadecimal(&mut rest, digits)?)?);
    }
    Some(out)
}

fn hexadecimal(rest: &mut impl Iterator<Item = u8>, digits: usize) -> Option<u32> {
    let mut code = 0u32;
    for _ in 0..digits {
        code = code.checked_mul(16)? + char::from(rest.next()?).to_digit(16)?;
    }
    Some(code)
}
