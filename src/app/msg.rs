//! What can happen, and what must be done about it.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};

use super::Intent;
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
        /// How.
        how: Copied,
    },
    /// The engine said something.
    Engine(engine::Event),
    /// The installer said something.
    Install(install::Event),
    /// The transcripts' writer said something.
    Store(store::Event),
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

/// Something must be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell the engine.
    Engine(engine::Command),
    /// End what the engine is doing.
    StopEngine,
    /// Tell the transcripts' writer.
    Store(store::Job),
    /// Begin a new transcript; its name is made from the clock.
    NewTranscript,
    /// Install something.
    Install(install::Job),
    /// End what the installer is doing.
    StopInstall,
    /// Remember that the question of the first run was answered with "only the demo".
    RememberDemoOnly(bool),
    /// Find the model in a directory that a path names, and load or import it.
    Open(PathBuf),
    /// Draw everything anew: something else may have written to the terminal.
    Repaint,
    /// Stop the process as a shell's Ctrl-Z does, and go on when it is continued.
    Suspend,
    /// Give the terminal to the user's editor, with this text.
    Edit(String),
    /// Put this text into the clipboard.
    Copy(String),
    /// Leave.
    Quit,
}
