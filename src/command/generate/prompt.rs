//! The text that a continuation goes on from: the words of the command line, and standard input where it is asked for.

use std::io::{self, IsTerminal as _, Read as _};

use super::super::{DASH, Exit, say};
use crate::engine::protocol::MOST_TEXT;
use crate::output;
use crate::text::Given;

/// The words, with spaces between them. Standard input is read if there are no words, or in the place of a `-` among them;
/// the line end behind it does not count.
///
/// # Errors
///
/// Status 2 if standard input is asked for twice; 1 if it cannot be read, or is no text.
pub(super) fn read(words: &[String], quiet: bool) -> Result<String, Exit> {
    match words.iter().filter(|it| *it == DASH).count() {
        0 if words.is_empty() && output::is_input_closed() => Ok(String::new()),
        0 if words.is_empty() => standard_input(quiet),
        0 => Ok(words.join(" ")),
        1 => {
            let given = standard_input(quiet)?;
            let words = words.iter().map(|it| if it == DASH { given.as_str() } else { it });
            Ok(words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" "))
        }
        _ => Err(Exit::usage("`-` is standard input, which can be read once")),
    }
}

fn standard_input(quiet: bool) -> Result<String, Exit> {
    if output::is_input_closed() {
        return Err(Exit::failed("standard input is closed"));
    }
    if io::stdin().is_terminal() && !quiet {
        say("megachat: write or paste the text; Ctrl-D at the beginning of a line ends it");
    }
    let mut bytes = Vec::new();
    io::stdin()
        .take(MOST_TEXT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Exit::failed(format!("cannot read standard input: {e}")))?;
    if bytes.len() > MOST_TEXT {
        let why = format!("standard input is longer than {MOST_TEXT} bytes, far more than a context holds");
        return Err(Exit::failed(why));
    }
    let given = Given::read(bytes).map_err(|e| Exit::failed(format!("standard input cannot be used: {e}")))?;
    if let Some(remark) = given.remark().filter(|_| !quiet) {
        say(&format!("megachat: standard input: {remark}"));
    }
    Ok(given.without_line_end())
}

/// Whether something waits on standard input that nobody reads.
pub(super) fn waits() -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{FileType, SeekFrom, fstat, seek};
        let stdin = rustix::stdio::stdin();
        let Ok(stat) = fstat(stdin) else { return false };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                seek(stdin, SeekFrom::Current(0)).is_ok_and(|at| i128::from(stat.st_size) > i128::from(at))
            }
            FileType::Fifo | FileType::Socket => rustix::io::ioctl_fionread(stdin).is_ok_and(|it| it > 0),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    false
}
