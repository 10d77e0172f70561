use super::*;

#[test]
fn failures_are_sentences_with_a_way_on() {
    let text = engine_failure(&Failure::TooLong { tokens: 600, capacity: 512 }, &Keymap::default());
    assert!(text.starts_with("The text is 600 tokens long, the context holds 512. Shorten it"), "{text}");
    let text = install_failure(&install::Failure::NoSource { answers: Vec::new() }, &Keymap::default());
    assert!(text.contains("megachat model import FILE"), "{text}");
}
