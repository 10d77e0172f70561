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
            if is_cut {
                if input.skip_until(b'\n').is_err() {
                    // The thread that waits for lines has to hear of their end.
                    let _ = inbox.send(Input::LastLine);
                    return;
                }
                // As long as it is cut, whatever is in it, so that it is refused for its length and never taken in part.
                line.fill(b'?');
            }
            let read = match if number == 1 { Given::read(line) } else { Given::read_on(line) } {
                _ if at_end => Input::LastLine,
                Ok(it) => Input::Line(it.without_line_end()),
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
