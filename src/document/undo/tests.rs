use super::*;

fn at(tip: NodeId) -> UndoState {
    UndoState { tip: Some(tip), settings: None }
}

fn warmer(tip: NodeId) -> UndoState {
    UndoState { settings: Some(Settings { temperature: 1.5, ..Settings::default() }), ..at(tip) }
}

#[test]
fn back_and_forth_over_ends_and_settings() {
    let mut undo = UndoStack::default();
    assert_eq!(undo.before(&at(0)), None);
    undo.begin(at(0));
    undo.begin(at(3));
    undo.begin(at(3));
    undo.begin(warmer(3));
    // Now at 9.
    assert_eq!(undo.before(&warmer(9)), Some(&warmer(3)));
    undo.undo(warmer(9));
    assert_eq!(undo.before(&warmer(3)), Some(&at(3)));
    undo.undo(warmer(3));
    undo.undo(at(3));
    assert_eq!(undo.before(&at(0)), None);
    for (here, there) in [(at(0), at(3)), (at(3), warmer(3)), (warmer(3), warmer(9))] {
        assert_eq!(undo.undone.last(), Some(&there));
        undo.redo(here);
    }
    assert_eq!(undo.undone, []);
    // What is done after an undo is a new future.
    undo.undo(warmer(9));
    undo.begin(warmer(3));
    assert_eq!(undo.undone, []);
    assert_eq!(undo.before(&at(12)), Some(&warmer(3)));
}
