//! Text as people and programs give it: a file, standard input, a line, what an editor leaves.

/// A text that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The text, with a line feed alone at the end of each line.
    pub text: String,
    /// How many line ends were a carriage return and a line feed, as Windows writes them.
    pub carriage_returns: usize,
}

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not UTF-8: byte {at} of line {line} (0x{value:02x}) belongs to no character")]
pub struct NotUtf8 {
    /// Where the first such byte is in its line, from 0.
    pub at: usize,
    /// That byte.
    pub value: u8,
    /// On which line it is, from 1.
    pub line: usize,
}

/// The mark that some programs put before a text to say that it is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Given {
    /// Reads bytes as a text. A byte order mark before it is dropped.
    ///
    /// # Errors
    ///
    /// If it is not UTF-8: to guess another encoding would be to change the text.
    pub fn read(bytes: Vec<u8>) -> Result<Self, NotUtf8> {
        let mut given = Self::read_on(bytes)?;
        if given.text.starts_with(BYTE_ORDER_MARK) {
            given.text.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(given)
    }

    /// Reads more of a text that has begun: a mark in it is a character.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_on(bytes: Vec<u8>) -> Result<Self, NotUtf8> {
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let (end, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            let lines: Vec<&[u8]> = bytes[..end].split(|&it| it == b'\n').collect();
            let at = lines.last().map_or(0, |it| it.len());
            NotUtf8 { at, value: bytes.get(end).copied().unwrap_or_default(), line: lines.len() }
        })?;
        let carriage_returns = text.matches("\r\n").count();
        if carriage_returns > 0 {
            text = text.replace("\r\n", "\n");
        }
        Ok(Self { text, carriage_returns })
    }

    /// The text without the line end behind it, if it has one.
    #[must_use]
    pub fn without_line_end(mut self) -> String {
        if self.text.ends_with('\n') {
            self.text.pop();
        }
        self.text
    }

    /// What a user should know of how it was read, if anything.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let n = self.carriage_returns;
        let lines =
            if n == 1 { "1 line end of Windows is".to_owned() } else { format!("{n} line ends of Windows are") };
        (n > 0).then(|| format!("{lines} read as line feeds"))
    }
}

#[cfg(test)]
mod tests;
