use super::{Sums, strict};

#[test]
fn the_last_word_is_what_blanks_leave_at_the_end() {
    assert_eq!(strict("I don't care about signs"), Some(("I don't care about", " signs".to_owned())));
    assert_eq!(strict(" a\n\nb\u{a0}c \n"), Some(("a\n\nb", " c".to_owned())));
    // It is looked for from the end, as a piece of any word.
    assert_eq!(strict("an ant, an"), Some(("an ant,", " an".to_owned())));
    assert_eq!(strict("\x1cone"), None);
    assert_eq!(strict(" \n"), None);
}

#[test]
fn sums_come_to_shares() {
    let sums = Sums { passages: 4, right: 1, targets: 8, nats: 8.0 };
    assert_eq!((sums.accuracy(), sums.perplexity_of_tokens()), (0.25, 1f64.exp()));
    assert_eq!(sums.perplexity_of_words(), 2f64.exp());
    assert_eq!(Sums::default().accuracy(), 0.0);
}
