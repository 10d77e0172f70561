//! Tables: a text with `|` before the cursor, keys, and what they make of it. `<` in the keys is Esc.

use super::super::Input;

fn vi(before: &str) -> Input {
    let at = before.find('|').unwrap();
    let mut input = Input::default();
    input.use_vi();
    input.insert(&before.replace('|', ""));
    input.vi_escape();
    input.put_cursor(at);
    input.changes = super::super::undo::Changes::default();
    input
}

fn keys(input: &mut Input, keys: &str) {
    for key in keys.chars() {
        match key {
            '<' => drop(input.vi_escape()),
            _ if input.is_normal() => input.vi_key(key),
            _ => input.insert(key.encode_utf8(&mut [0; 4])),
        }
    }
}

fn shown(input: &Input) -> String {
    let (before, after) = input.text().split_at(input.cursor());
    format!("{before}|{after}")
}

#[track_caller]
fn check(table: &[(&str, &str, &str)]) {
    for &(before, typed, after) in table {
        let mut input = vi(before);
        keys(&mut input, typed);
        assert_eq!(shown(&input), after, "{before:?} {typed:?}");
    }
}

#[test]
fn motions() {
    check(&[
        ("one two, |three", "h", "one two,| three"),
        ("|one", "h", "|one"),
        ("on|e", "l", "on|e"),
        ("|one two", "2l", "on|e two"),
        ("|one two, three", "w", "one |two, three"),
        ("|one two, three", "3w", "one two, |three"),
        ("|one two, three", "2W", "one two, |three"),
        ("one two, |three", "b", "one two|, three"),
        ("one two, |three", "2b", "one |two, three"),
        ("one two, |three", "B", "one |two, three"),
        ("|one two", "b", "|one two"),
        ("|one two, three", "e", "on|e two, three"),
        ("|one two, three", "2e", "one tw|o, three"),
        ("|one two, three", "2E", "one two|, three"),
        ("one |two", "e", "one tw|o"),
        ("one tw|o", "e", "one tw|o"),
        ("a\n  on|e", "0", "a\n|  one"),
        ("a\n  on|e", "^", "a\n  |one"),
        ("|one\ntwo", "$", "on|e\ntwo"),
        ("|one\ntwo", "w", "one\n|two"),
        ("o|ne\ntwo", "j", "one\nt|wo"),
        ("one\ntw|o", "k", "on|e\ntwo"),
        ("|ä é日本", "w", "ä |é日本"),
        ("|e\u{301}x", "l", "e\u{301}|x"),
        ("|", "hlwbe0^$jk", "|"),
        ("|one", "999999999l", "on|e"),
    ]);
}

#[test]
fn writing() {
    check(&[
        ("o|ne", "ix<", "o|xne"),
        ("o|ne", "ax<", "on|xe"),
        ("on|e", "ax<", "one|x"),
        (" o|ne", "Ix<", " |xone"),
        ("|one", "Ax<", "one|x"),
        ("|one\ntwo", "ox<", "one\n|x\ntwo"),
        ("one\n|two", "Ox<", "one\n|x\ntwo"),
        ("|one", "Ox<", "|x\none"),
        ("o|ne", "i", "o|ne"),
        ("o|ne", "ia b<", "oa |bne"),
        ("|", "ia<", "|a"),
    ]);
}

#[test]
fn deleting_and_changing() {
    check(&[
        ("o|ne", "x", "o|e"),
        ("on|e", "x", "o|n"),
        ("|one", "2x", "|e"),
        ("|one", "9x", "|"),
        ("on|e", "X", "o|e"),
        ("|one two", "dw", "|two"),
        ("|one two three", "2dw", "|three"),
        ("|one two three", "d2w", "|three"),
        ("one |two\nthree", "dw", "one| \nthree"),
        ("|one\ntwo", "2dw", "|"),
        ("one |two", "db", "|two"),
        ("|one two", "de", "| two"),
        ("one |two", "D", "one| "),
        ("one |two\nx", "d$", "one| \nx"),
        ("one |two", "d0", "|two"),
        ("one |two", "cwx<", "one |x"),
        ("|one two", "cwx<", "|x two"),
        ("|one, two", "cWx<", "|x two"),
        ("one |two", "Cx<", "one |x"),
        ("one |two", "cbx<", "|xtwo"),
        ("o|ne", "sxy<", "ox|ye"),
        ("a\no|ne\nb", "Sx<", "a\n|x\nb"),
        ("a\no|ne\nb", "ccx<", "a\n|x\nb"),
        ("a\no|ne\nb", "dd", "a\n|b"),
        ("a\n o|ne", "dd", "|a"),
        ("|one", "dd", "|"),
        ("|a\nb\nc", "2dd", "|c"),
        ("|a\nb\nc", "dj", "|c"),
        ("a\nb\n|c", "dk", "|a"),
        ("|a", "dk", "|a"),
        ("|a", "dj", "|"),
        ("o|ne", "rx", "o|xe"),
        ("|one", "2rx", "x|xe"),
        ("|one", "9rx", "|one"),
        ("|oNe", "~~~", "On|E"),
        ("|one", "2~", "ON|e"),
        ("|one two", "d<w", "one |two"),
        ("|one two", "dzw", "one |two"),
    ]);
}

#[test]
fn putting_back() {
    check(&[
        ("|ab", "xp", "b|a"),
        ("|one two", "dwP", "one| two"),
        ("|a\nb", "ddp", "b\n|a"),
        ("a\n|b", "ddP", "|b\na"),
        ("|a\nb", "yyjp", "a\nb\n|a"),
        ("|a", "Y2p", "a\n|a\na"),
        ("|one two", "yw$p", "one twoone| "),
        ("|a", "p", "|a"),
    ]);
}

#[test]
fn undo_takes_back_whole_commands() {
    check(&[
        ("|one two", "dwu", "|one two"),
        ("|one two", "cwthree four<u", "|one two"),
        ("|one", "Amore words here<u", "on|e"),
        ("|one", "xxuu", "|one"),
        ("|one", "3xu", "|one"),
        ("|one", "onew<u", "|one"),
        ("|a\nb", "ddpu", "|b"),
        ("|one", "rxu", "|one"),
        ("|one", "2~u", "|one"),
        ("|one", "u", "|one"),
    ]);
}

#[test]
fn escape_says_whether_it_meant_anything() {
    let mut input = vi("one |two");
    assert!(!input.vi_escape(), "nothing waits in normal mode");
    keys(&mut input, "d");
    assert!(input.vi_escape());
    keys(&mut input, "i");
    assert!(input.vi_escape());
    let mut readline = Input::default();
    assert!(!readline.vi_escape());
    input.take();
    assert!(!input.is_normal(), "a new line begins with writing");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn no_keys_take_the_cursor_out_of_the_text(text in "[a ,é日\n\u{301}]{0,12}", typed in "[a-zA-Z0-9^$~< é\u{301}]{0,40}") {
        let mut input = vi("|");
        input.set(&text);
        input.vi_escape();
        for key in typed.chars() {
            keys(&mut input, key.encode_utf8(&mut [0; 4]));
            proptest::prop_assert!(input.text().is_char_boundary(input.cursor()));
        }
    }
}
