//! The terminal lent to the editor, and texts handed to its clipboard.

use std::io;
use std::sync::mpsc::Sender;

use super::editor::{self, Back, Editor};
use super::effect_runner::EffectRunner;
use super::terminal::Terminal;
use super::{Input, clipboard, input};
use crate::app::{Copied, Msg};

/// Who has the terminal and its keys.
pub(super) struct TerminalLease {
    keys: input::Listener,
    editor: Option<Editor>,
    /// Whether another program has the terminal.
    away: bool,
    sender: Sender<Input>,
}

impl TerminalLease {
    /// The terminal is ours, and its keys arrive by way of `keys`.
    pub(super) fn new(keys: input::Listener, sender: Sender<Input>) -> Self {
        Self { keys, editor: None, away: false, sender }
    }

    /// Whether another program has the terminal.
    pub(super) fn is_away(&self) -> bool {
        self.away
    }

    /// Gives the terminal and the keys to the editor.
    pub(super) fn open_editor(&mut self, text: &str, terminal: &mut Terminal) {
        self.keys.hold();
        terminal.leave();
        self.away = true;
        match editor::start(text, self.sender.clone()) {
            Ok(it) => self.editor = Some(it),
            Err(why) => drop(self.sender.send(Input::Edited(Back { result: Err(why), file: None }))),
        }
    }

    /// Takes both back from an editor that has ended.
    pub(super) fn take_back(&mut self, terminal: &mut Terminal) -> io::Result<()> {
        (self.editor, self.away) = (None, false);
        terminal.take()?;
        self.keys.resume();
        Ok(())
    }

    /// Asks an editor that still runs to end.
    pub(super) fn ask_to_end(&self) {
        if let Some(editor) = &self.editor {
            editor.ask_to_end();
        }
    }

    /// Waits a moment for its end.
    pub(super) fn wait(&mut self) {
        if let Some(editor) = self.editor.take() {
            editor.wait();
        }
    }

    /// Hands the terminal what is to be in its clipboard.
    pub(super) fn copy_through(&self, runner: &mut EffectRunner, terminal: &mut Terminal) -> io::Result<()> {
        let Some((text, instead_of)) = runner.copy.take() else { return Ok(()) };
        let in_tmux = std::env::var_os("TMUX").is_some_and(|it| !it.is_empty());
        let how = match clipboard::osc52(&text, in_tmux) {
            Some(sequence) => {
                terminal.send(&sequence)?;
                Copied::Sent { instead_of }
            }
            None => Copied::TooLong { most: clipboard::MOST_BYTES, instead_of },
        };
        let characters = text.chars().count();
        drop(self.sender.send(Input::Msg(Msg::Copied { characters, how })));
        Ok(())
    }
}
