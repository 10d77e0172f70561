//! Undo and redo.

use crate::document::NodeId;

/// Where the text ended before each thing that was done to it. Nothing is ever taken out of the tree, so to undo is to go
/// back to an end.
#[derive(Clone, Debug, Default)]
pub struct UndoStack {
    undone: Vec<Option<NodeId>>,
    done: Vec<Option<NodeId>>,
}

impl UndoStack {
    /// Something is about to be done to a text with this end.
    pub fn keep(&mut self, tip: Option<NodeId>) {
        self.undone.clear();
        if self.done.last() != Some(&tip) {
            self.done.push(tip);
        }
    }

    /// The end to go back to from this one.
    pub fn undo(&mut self, tip: Option<NodeId>) -> Option<Option<NodeId>> {
        // Something that changed nothing in the end need not be undone.
        while self.done.last() == Some(&tip) {
            self.done.pop();
        }
        let back = self.done.pop()?;
        self.undone.push(tip);
        Some(back)
    }

    /// The end to go forward to from this one.
    pub fn redo(&mut self, tip: Option<NodeId>) -> Option<Option<NodeId>> {
        let forward = self.undone.pop()?;
        self.done.push(tip);
        Some(forward)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forth() {
        let mut undo = UndoStack::default();
        assert_eq!(undo.undo(None), None);
        undo.keep(None);
        undo.keep(Some(3));
        undo.keep(Some(3));
        // Now at 9.
        assert_eq!(undo.undo(Some(9)), Some(Some(3)));
        assert_eq!(undo.undo(Some(3)), Some(None));
        assert_eq!(undo.undo(None), None);
        assert_eq!(undo.redo(None), Some(Some(3)));
        assert_eq!(undo.redo(Some(3)), Some(Some(9)));
        assert_eq!(undo.redo(Some(9)), None);
        // What is done after an undo is a new future.
        assert_eq!(undo.undo(Some(9)), Some(Some(3)));
        undo.keep(Some(3));
        assert_eq!(undo.redo(Some(12)), None);
        assert_eq!(undo.undo(Some(12)), Some(Some(3)));
    }
}
