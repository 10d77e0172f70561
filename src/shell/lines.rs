//! The thread that reads lines, one at a time, when it is told to.

use std::io::{BufRead as _, Read as _, stdin};
use std::sync::mpsc::{Receiver, Sender};

use super::Input;
use crate::engine::protocol::MOST_TEXT;
use crate::text::{Given, NotUtf8};
use crate::threads::{self, NoThread};

/// Starts the thread. It reads a line for each permit, so that what cannot be used yet waits where it comes from, and
/// ends with the program: a blocking read cannot be called off.
///
/// # Errors
///
/// If the system gives no thread.
pub(super) fn listen(inbox: Sender<Input>, permits: Receiver<()>) -> Result<(), NoThread> {
    let body = move || {
        let mut input = stdin().lock();
        for (number, ()) in (1..).zip(permits) {
            let mut line = Vec::new();
            // One byte more than the engine takes: it says that this is too much.
            let limit = MOST_TEXT as u64 + 1;
            let read = input.by_ref().take(limit).read_until(b'\n', &mut line);
            let at_end = matches!(read, Ok(0) | Err(_));
            let is_cut = line.len() as u64 == limit && !line.ends_with(b"\n");
            if is_cut && input.skip_until(b'\n').is_err() {
                line.clear();
            }
            // Cut inside a character it would be no text; that it is too long is what the engine says of it.
            let torn = std::str::from_utf8(&line).err().filter(|it| is_cut && it.error_len().is_none());
            if let Some(error) = torn {
                line[error.valid_up_to()..].fill(b'?');
            }
            let read = match Given::read(line) {
                _ if at_end => Input::LastLine,
                Ok(it) => Input::Line(it.text.strip_suffix('\n').map_or(it.text.clone(), str::to_owned)),
                Err(error) => Input::NotText(NotUtf8 { line: number, ..error }),
            };
            if inbox.send(read).is_err() || at_end {
                return;
            }
        }
    };
    threads::start("lines", "the lines that are read", body)?;
    Ok(())
}
