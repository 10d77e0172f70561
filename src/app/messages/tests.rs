use super::*;

#[test]
fn failures_are_sentences_with_a_way_on() {
    let too_long = Failure::TooLong { tokens: 600, capacity: 512 };
    let text = engine_failure(&too_long, &Keymap::default(), true);
    assert!(text.starts_with("The text is 600 tokens long, the context holds 512. Shorten it"), "{text}");
    assert!(text.ends_with("What you wrote is back in the input line."), "{text}");
    // Of a text that was opened nothing was sent, and nothing is back.
    let text = engine_failure(&too_long, &Keymap::default(), false);
    assert!(!text.contains("Shorten") && !text.contains("back") && text.contains("slide, lets"), "{text}");
    let text = install_failure(&install::Failure::NoSource { answers: Vec::new() }, &Keymap::default());
    assert!(text.contains("megachat model import FILE"), "{text}");
}
