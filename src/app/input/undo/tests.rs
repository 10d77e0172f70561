use super::super::{Input, Motion};

#[test]
fn words_kills_and_pastes_are_taken_back_one_by_one() {
    let mut input = Input::default();
    for c in "one two".chars() {
        input.insert(c.encode_utf8(&mut [0; 4]));
    }
    input.insert(" and a paste");
    input.delete(Motion::WordLeft);
    input.delete(Motion::Left);
    input.set("all else");
    for expected in ["one two and a", "one two and a ", "one two and a paste", "one two", "one ", ""] {
        assert!(input.undo());
        assert_eq!((input.text(), input.cursor()), (expected, expected.len()));
    }
    assert!(!input.undo());
}

#[test]
fn what_is_kept_has_an_end() {
    let mut input = Input::default();
    input.insert(&"x".repeat(3 << 20));
    for _ in 0..300 {
        input.delete(Motion::Left);
    }
    let mut undone = 0;
    while input.undo() {
        undone += 1;
    }
    assert!((1..=3).contains(&undone), "{undone}");
}

#[test]
fn what_was_sent_is_not_taken_back() {
    let mut input = Input::default();
    input.insert("sent");
    input.take();
    assert!(!input.undo());
}
