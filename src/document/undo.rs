//! Undo and redo.
//!
//! Nothing is ever taken out of the tree, so to undo is to go back to an end of the text, and to the settings of then. The
//! stack follows from the records alone: it is there again when a transcript is gone on with.

use super::{Document, NodeId};
use crate::sample::Settings;

/// What undo goes back to.
#[derive(Clone, Debug, PartialEq)]
pub struct UndoState {
    /// The end of the text.
    pub tip: Option<NodeId>,
    /// The settings in force, as far as they were recorded.
    pub settings: Option<Settings>,
}

/// The states before each deed, and those that were undone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct UndoStack {
    done: Vec<UndoState>,
    undone: Vec<UndoState>,
}

impl UndoStack {
    /// A deed begins in this state: what was undone before it is no future any more.
    pub(super) fn begin(&mut self, state: UndoState) {
        self.undone.clear();
        if self.done.last() != Some(&state) {
            self.done.push(state);
        }
    }

    /// The state to go back to from this one: a deed that changed nothing need not be undone.
    fn before(&self, state: &UndoState) -> Option<&UndoState> {
        self.done.iter().rfind(|it| *it != state)
    }

    pub(super) fn undo(&mut self, state: UndoState) {
        while self.done.last() == Some(&state) {
            self.done.pop();
        }
        if self.done.pop().is_some() {
            self.undone.push(state);
        }
    }

    pub(super) fn redo(&mut self, state: UndoState) {
        if self.undone.pop().is_some() {
            self.done.push(state);
        }
    }
}

impl Document {
    /// The state of now, as undo would come back to it.
    #[must_use]
    pub fn undo_state(&self) -> UndoState {
        UndoState { tip: self.tip(), settings: self.settings().cloned() }
    }

    /// The state that undo goes back to, if there is anything to undo.
    #[must_use]
    pub fn before_last_deed(&self) -> Option<&UndoState> {
        self.undo.before(&self.undo_state())
    }

    /// The state that redo goes forward to, if something was undone.
    #[must_use]
    pub fn after_undone_deed(&self) -> Option<&UndoState> {
        self.undo.undone.last()
    }
}

#[cfg(test)]
mod tests;
