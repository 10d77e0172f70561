//! The thread that reads keys.

use std::sync::mpsc::Sender;

use crossterm::event::{Event, read};

use super::Input;
use crate::app::Msg;

/// Starts the thread. It ends with the program: a blocking read cannot be called off.
pub(super) fn listen(inbox: Sender<Input>) {
    let body = move || {
        loop {
            let input = match read() {
                Ok(Event::Key(key)) => Input::Msg(Msg::Key(key)),
                Ok(Event::Paste(text)) => Input::Msg(Msg::Paste(text)),
                Ok(Event::Resize(columns, rows)) => Input::Msg(Msg::Resize(columns, rows)),
                Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_)) => continue,
                Err(_) => Input::TerminalGone,
            };
            let gone = matches!(input, Input::TerminalGone);
            if inbox.send(input).is_err() || gone {
                return;
            }
        }
    };
    // Without the thread there are no keys, but signals still end the program.
    drop(std::thread::Builder::new().name("input".into()).spawn(body));
}
