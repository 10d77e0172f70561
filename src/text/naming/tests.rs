use super::*;

#[test]
fn a_title_is_one_line_that_obeys_nobody() {
    assert_eq!(title_of("  The \n lighthouse\u{1b}[2J keeper\t"), "The lighthouse [2J keeper");
    assert_eq!(title_of("a\u{202e}b\u{2066}c"), "abc");
    assert_eq!(title_of(&"x".repeat(500)).chars().count(), MOST_TITLE);
    assert_eq!(title_of("\u{1b}\r\n"), "");
}

#[test]
fn tags_are_words_each_once() {
    assert_eq!(tags_of(["#Novel, draft", "novel", "日本"]).unwrap(), ["novel", "draft", "日本"]);
    assert_eq!(tags_of(["#"]), Err(TagError::Empty));
    assert_eq!(tags_of(["--"]), Err(TagError::Empty));
    assert_eq!(tags_of([&*"x".repeat(51)]), Err(TagError::Long));
    assert_eq!(tags_of([""]).unwrap(), [""; 0]);
}
