use super::*;

#[test]
fn readline_motions_and_kills() {
    let mut input = Input::default();
    input.insert("one two, three");
    input.go(Motion::WordLeft);
    assert_eq!(input.cursor(), 9);
    input.delete(Motion::WordLeft);
    assert_eq!(input.text(), "one three");
    input.go(Motion::LineStart);
    input.yank();
    assert_eq!(input.text(), "two, one three");
    input.go(Motion::WordRight);
    input.delete(Motion::LineEnd);
    assert_eq!(input.text(), "two, one");
    input.delete(Motion::LineStart);
    assert_eq!((input.text(), input.cursor()), ("", 0));
    input.delete(Motion::Left);
    input.delete(Motion::Right);
}

#[test]
fn a_grapheme_is_one_step() {
    let mut input = Input::default();
    input.insert("a👨‍👩‍👧e\u{301}");
    input.go(Motion::Left);
    input.delete(Motion::Left);
    assert_eq!(input.text(), "ae\u{301}");
    input.go(Motion::LineEnd);
    input.delete(Motion::Left);
    assert_eq!(input.text(), "a");
}

#[test]
fn up_and_down_walk_lines_then_history() {
    let mut input = Input::default();
    for text in ["first", "second"] {
        input.insert(text);
        assert_eq!(input.take(), text);
    }
    input.insert("ab\r\nc");
    input.up();
    assert_eq!(input.cursor(), 1);
    input.up();
    assert_eq!(input.text(), "second");
    input.up();
    input.up();
    assert_eq!(input.text(), "first");
    input.down();
    input.down();
    assert_eq!(input.text(), "ab\nc");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn the_cursor_never_leaves_the_text(steps in proptest::collection::vec((0_u8..18, "[a é日\n\u{301}]{0,3}"), 0..60)) {
        let mut input = Input::default();
        for (step, text) in steps {
            match step {
                0..=3 => input.insert(&text),
                4 => input.go(Motion::Left),
                5 => input.go(Motion::Right),
                6 => input.go(Motion::WordLeft),
                7 => input.go(Motion::WordRight),
                8 => input.delete(Motion::WordLeft),
                9 => input.delete(Motion::Right),
                10 => input.up(),
                11 => input.down(),
                12 => input.yank(),
                13 => { input.undo(); }
                14 => input.search_older(),
                15 => input.search_for(&text),
                16 => input.search_take(),
                _ => { input.take(); }
            }
            proptest::prop_assert!(input.text().is_char_boundary(input.cursor()));
        }
    }
}
