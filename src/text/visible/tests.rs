use super::*;

#[test]
fn nothing_that_could_harm_or_hide_comes_through() {
    for (input, expected) in [
        ("plain é 日本 👍🏽 👨‍👩‍👧", "plain é 日本 👍🏽 👨‍👩‍👧"),
        ("\x1b[31mred\x1b]52;c;AAAA\x07", "^[[31mred^[]52;c;AAAA^G"),
        ("a\r\nb\rc\0", "a\nb^Mc^@"),
        ("\u{9b}31m\x7f", "<9B>31m^?"),
        ("abc\u{202e}def\u{2066}", "abc<202E>def<2066>"),
        ("hi\u{e0041}\u{feff}", "hi<E0041><FEFF>"),
        ("a\tb", "a    b"),
        ("\u{301}a\u{301}\n\u{301}", "<301>a\u{301}\n<301>"),
        ("\u{200d}👩\u{200d}🚀", "<200D>👩\u{200d}🚀"),
        ("\x01\u{301}", "^A<301>"),
        // A vowel of Hangul joins the consonant before it, and nothing else.
        ("\u{1100}\u{1161}a\u{1161}", "\u{1100}\u{1161}a<1161>"),
        ("ﾞ", "ﾞ"),
    ] {
        assert_eq!(visible(input), expected);
    }
    let zalgo = format!("a{}", "\u{301}".repeat(100));
    assert_eq!(visible(&zalgo).chars().count(), 1 + MOST_MARKS);
}

#[test]
fn marks_that_come_one_by_one_are_marks_of_what_was_there() {
    let (mut out, mut stream) = (String::new(), Visible::default());
    for piece in ["a", "\u{301}", "👩", "\u{200d}", "🚀", "\x1b", "\u{301}"] {
        stream.push(piece, &mut out);
    }
    assert_eq!(out, "a\u{301}👩\u{200d}🚀^[<301>");
    let (mut out, mut stream) = (String::new(), Visible::default());
    stream.push("a", &mut out);
    for _ in 0..100 {
        stream.push("\u{301}", &mut out);
    }
    assert_eq!(out.chars().count(), 1 + MOST_MARKS);
}

#[test]
fn a_name_stays_in_its_line_and_is_not_longer_than_a_message() {
    assert_eq!(visible_line("a\nb\r\nc\u{202e}"), "a^Jb^Jc<202E>");
    let (longest, longer) = ("é".repeat(200), "é".repeat(201));
    assert_eq!(visible_name(&longest), longest);
    assert_eq!(visible_name(&longer), format!("{}...", "é".repeat(197)));
}

#[test]
fn json_is_shown_without_what_hides_and_means_the_same() {
    let text = "a\u{9b}31m\u{202e}\u{e0041}\u{7f}é\n";
    let shown = visible_json(&serde_json::to_string(text).unwrap());
    assert_eq!(shown, r#""a\u009b31m\u202e\udb40\udc41\u007fé\n""#);
    assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 5000, failure_persistence: None, ..Default::default() })]
    #[test]
    fn no_control_character_but_the_line_feed_comes_out(text in "(\\PC|[\\x00-\\x20\\x7f-\\xa0\u{2000}-\u{2070}\u{e0000}-\u{e0100}]){0,60}") {
        let out = visible(&text);
        proptest::prop_assert!(out.chars().all(|c| c == '\n' || !(c.is_control() || is_invisible(c))), "{:?}", out);
        let hidden = out.graphemes(true).find(|it| *it != "\n" && super::super::cells::grapheme_columns(it) == 0);
        proptest::prop_assert_eq!(hidden, None);
    }
}
