use super::*;

fn shown(pieces: &[&[u8]]) -> ShownTokens {
    let mut it = ShownTokens::default();
    for piece in pieces {
        it.push(piece);
    }
    it
}

#[test]
fn a_character_is_of_every_token_that_has_a_byte_of_it() {
    let it = shown(&[b"a\xe6", b"\x97", b"\xa5b", b"c"]);
    assert_eq!(it.text(), "a日bc");
    for (range, expected) in [(0..1, 0..1), (1..4, 0..3), (4..5, 2..3), (5..6, 3..4), (0..6, 0..4), (6..6, 4..4)] {
        assert_eq!(it.tokens_in(&range), expected, "{range:?}");
    }
    // The rest of it was not there when it ended.
    assert_eq!((it.place_of(0), it.place_of(2)), (0..2, 1..5));
}

#[test]
fn what_is_not_there_yet_is_of_no_character() {
    let it = shown(&[b"a", b"\xf0\x9f"]);
    assert_eq!((it.text(), it.tokens_in(&(0..1)), it.place_of(1)), ("a", 0..1, 1..1));
    assert_eq!(it.tokens_in(&(1..1)), 1..1);
}

#[test]
fn a_mark_too_many_belongs_to_what_it_would_stand_on() {
    let mark = "\u{301}".as_bytes();
    let it = shown(&[&[b"a".as_slice()], &[mark; 20][..], &[b"b".as_slice()]].concat());
    let b = it.text().len() - 1;
    assert_eq!((it.tokens_in(&(0..b)), it.tokens_in(&(b..b + 1))), (0..21, 21..22));
}

#[test]
fn graphemes_come_with_their_tokens() {
    let it = shown(&["x👩".as_bytes(), "\u{200d}".as_bytes(), "🚀y".as_bytes()]);
    let found: Vec<_> = it.graphemes(0..it.text().len()).map(|(place, tokens)| (&it.text()[place], tokens)).collect();
    assert_eq!(found, [("x", 0..1), ("👩‍🚀", 0..3), ("y", 2..3)]);
}

#[test]
fn what_goes_on_inside_a_character_is_told_with_its_beginning() {
    for (text, before, expected) in [
        ("one two", "one", " two"),
        ("a👩‍🚀b", "a👩\u{200d}", "👩‍🚀b"),
        ("日本", "日\u{fffd}", "本"),
        ("e\u{301}f", "e", "e\u{301}f"),
        ("same", "same", ""),
        ("a", "", "a"),
    ] {
        assert_eq!(rest_of(text, before), expected, "{text}");
    }
    let family = "a👨‍👩‍👧b";
    assert_eq!((grapheme_start(family, 5), grapheme_end(family, 5)), (1, family.len() - 1));
    assert_eq!((grapheme_start(family, 99), grapheme_end(family, 0)), (family.len(), 0));
}
