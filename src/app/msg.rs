//! What can happen.

use crossterm::event::{KeyEvent, MouseEvent};

use super::intent::Intent;
use crate::engine::protocol as engine;
use crate::install::protocol as install;
use crate::store::protocol as store;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted in one piece.
    Paste(String),
    /// The terminal has a new size, in columns and rows.
    Resize(u16, u16),
    /// Something was asked for by name.
    Intent(Intent),
    /// The editor has ended: the text, or why there is none.
    Edited(Result<String, String>),
    /// A text was copied, or not.
    Copied {
        /// How many characters it has.
        characters: usize,
        /// The way that the text took to the clipboard, or why it did not arrive.
        how: Copied,
    },
    /// The engine said something.
    Engine(engine::Event),
    /// The installer said something.
    Install(install::Event),
    /// The transcripts' writer said something.
    Store(store::Event),
    /// The keeper of the library said something.
    Library(store::LibraryEvent),
    /// Nothing but time passed.
    Tick,
}

/// How a text was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// With this tool, which said that it did.
    With(String),
    /// Sent to the terminal, which says nothing.
    Sent {
        /// What a tool said that should have done it.
        instead_of: Option<String>,
    },
    /// Not at all: the terminal would not take as much.
    TooLong {
        /// How many bytes it would take.
        most: usize,
        /// What a tool said that should have done it.
        instead_of: Option<String>,
    },
}
