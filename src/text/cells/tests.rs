use super::*;

const FAMILY: &str = "👨‍👩‍👧‍👦";

#[test]
fn graphemes_are_cut_and_padded_whole() {
    for (text, width, expected) in [
        ("abc", 2, "ab"),
        ("abc", 5, "abc  "),
        (FAMILY, 1, " "),
        (FAMILY, 3, "👨‍👩‍👧‍👦 "),
        ("🇩🇪🇫🇷", 3, "🇩🇪 "),
        ("e\u{301}e\u{301}", 1, "e\u{301}"),
        ("日本", 3, "日 "),
        ("क्षत्रिय", 1, " "),
        ("ｶﾞ", 1, " "),
        ("ｶﾞ", 3, "ｶﾞ"),
    ] {
        assert_eq!(fit(text, width), expected, "{text} in {width}");
        assert_eq!(columns_of(&fit(text, width)), width, "{text} in {width}");
    }
    assert_eq!(pad(FAMILY, 1), FAMILY);
}

#[test]
fn a_line_is_as_wide_as_its_graphemes_one_by_one() {
    // Written together lam and alef are one sign in print, and two cells in a terminal.
    for (text, expected) in [("", 0), ("لا", 2), ("☺\u{fe0f}", 2), ("🇩🇪", 2), ("각", 2)] {
        assert_eq!(columns_of(text), expected, "{text}");
    }
}
