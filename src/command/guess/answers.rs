//! What the class types: lines of standard input.

use std::io::{self, BufRead, BufReader, Read};

use crate::command::Exit;
use crate::command::input::Piped;
use crate::command::interrupt::Interrupt;

/// The longest line that is taken whole, in bytes; the rest of a longer one is left out.
const LONGEST: u64 = 1000;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Line(String),
    /// There will be no more lines.
    End,
    /// A signal came.
    Stopped,
}

/// Standard input by lines.
pub(super) struct Answers<R>(BufReader<R>);

impl Answers<Piped> {
    /// # Errors
    ///
    /// Status 71 if the system gives no thread.
    pub(super) fn open() -> Result<Self, Exit> {
        Ok(Self(BufReader::new(Piped::open(None)?)))
    }
}

impl<R: Read> Answers<R> {
    /// The next line, without its end and the white space around it.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Heard> {
        let mut line = Vec::new();
        match self.0.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Err(_) if Interrupt::pending().is_some() => return Ok(Heard::Stopped),
            Err(error) => return Err(error),
            Ok(0) => return Ok(Heard::End),
            Ok(_) if line.last() != Some(&b'\n') => _ = self.0.skip_until(b'\n')?,
            Ok(_) => {}
        }
        Ok(Heard::Line(String::from_utf8_lossy(&line).trim().to_owned()))
    }
}

#[cfg(test)]
mod tests;
