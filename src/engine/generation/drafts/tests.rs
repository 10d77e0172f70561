use super::*;

#[test]
fn a_text_goes_on_as_it_did_the_last_time() {
    let mut drafts = Drafts::default();
    assert_eq!(drafts.guess(&[1, 2, 3, 4, 5], 9), [0; 0]);
    // The last place, and no place that overlaps only in part.
    assert_eq!(drafts.guess(&[1, 2, 3, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3], 9), [4, 5, 6]);
    let mut drafts = Drafts::default();
    // A piece that is shorter than the guess goes round.
    assert_eq!(drafts.guess(&[8, 5, 5, 5, 5], 9), [5, 5, 5]);
    let mut drafts = Drafts::default();
    assert_eq!(drafts.guess(&[1, 2, 1, 2, 1], 3), [2, 1, 2]);
    let mut drafts = Drafts::default();
    assert_eq!(drafts.guess(&[1, 2, 1, 2, 1], 2), [0; 0]);
    assert_eq!(drafts.guess(&[1, 1], 9), [0; 0]);
}

#[test]
fn a_guess_that_was_right_is_followed_by_a_longer_one() {
    let text = [4, 4, 4, 4, 4, 4];
    let mut drafts = Drafts::default();
    for length in [FEW, MANY, MANY] {
        let guess = drafts.guess(&text, 100);
        assert_eq!(guess.len(), length);
        for it in &guess {
            drafts.keep(*it, &[0.5]);
        }
        for it in &guess {
            assert_eq!(drafts.take(*it), Some(vec![0.5]));
        }
    }
    // Not where there is no room for it.
    assert_eq!(drafts.guess(&text, MANY - 1).len(), FEW);
    drafts.keep(4, &[0.5]);
    assert_eq!(drafts.take(5), None);
    drafts.forget();
    assert_eq!(drafts.take(4), None);
}

/// Where every guess is wrong, they cost little: of a thousand passes at most SHARE, and a guess that is under way.
#[test]
fn wrong_guesses_end() {
    let text = [4, 4, 4, 4, 4, 4];
    let mut drafts = Drafts::default();
    let read: usize = (0..1000).map(|_| drafts.guess(&text, 100).len()).sum();
    assert!(read > 0 && COST * read as f64 <= SHARE * 1000.0 + COST * FEW as f64, "{read}");
    // What was gained once is not lost for long.
    for _ in 0..1000 {
        let guess = drafts.guess(&text, 100);
        for it in &guess {
            drafts.keep(*it, &[]);
        }
        for it in &guess {
            assert!(drafts.take(*it).is_some());
        }
    }
    let read: usize = (0..1000).map(|_| drafts.guess(&text, 100).len()).sum();
    assert!(COST * read as f64 <= SHARE * 1000.0 + MOST + COST * MANY as f64, "{read}");
}
