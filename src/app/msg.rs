//! What can happen, and what must be done about it.

use std::path::PathBuf;

use crossterm::event::KeyEvent;

use super::Intent;
use crate::engine::protocol as engine;
use crate::install::protocol as install;
use crate::store::protocol as store;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted in one piece.
    Paste(String),
    /// The terminal has a new size, in columns and rows.
    Resize(u16, u16),
    /// Something was asked for by name.
    Intent(Intent),
    /// The engine said something.
    Engine(engine::Event),
    /// The installer said something.
    Install(install::Event),
    /// The transcripts' writer said something.
    Store(store::Event),
    /// Nothing but time passed.
    Tick,
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
    /// Leave.
    Quit,
}
