use super::*;

#[test]
fn the_repeat_penalty_divides_above_zero_multiplies_below_and_counts_a_token_once() {
    // 2 / 1.25 = 1.6 and -1 * 1.25 = -1.25; token 0 appears twice in the window.
    let mut row = [2.0, -1.0, 0.5];
    assert_eq!(repeat(&mut row, &[0, 1, 0, 77], 1.25), 2);
    assert_eq!(row, [1.6, -1.25, 0.5]);
}

#[test]
fn frequency_counts_and_presence_does_not() {
    // 2 - 3*.5 - .25 = .25 and 1 - .5 - .25 = .25.
    let mut row = [2.0, 1.0, 0.5];
    assert_eq!(frequency_presence(&mut row, &[0, 1, 0, 0, 77], 0.5, 0.25), 2);
    assert_eq!(row, [0.25, 0.25, 0.5]);
}

#[test]
fn what_would_repeat_an_ngram_is_out() {
    let banned = |history: &[TokenId], n| {
        let mut row = [0.0; 6];
        let count = no_repeat_ngram(&mut row, history, n);
        let out: Vec<usize> = (0..6).filter(|&it| row[it] < 0.0).collect();
        assert_eq!(count, out.len());
        out
    };
    assert_eq!(banned(&[1, 2, 3, 1, 2], 3), [3]);
    assert_eq!(banned(&[1, 2, 3, 1, 2, 4, 1, 2], 3), [3, 4]);
    assert_eq!(banned(&[1, 2, 1], 1), [1, 2]);
    assert_eq!(banned(&[1, 2], 3), [] as [usize; 0]);
    assert_eq!(banned(&[], 3), [] as [usize; 0]);
}

#[test]
fn dry_grows_with_what_is_repeated_and_ends_at_breakers() {
    let penalties = |history: &[TokenId], breaker: Option<usize>| {
        let settings = Settings { dry_multiplier: 0.8, ..Settings::default() };
        let mut row = [0.0; 8];
        let breaks: Vec<bool> = (0..8).map(|it| Some(it) == breaker).collect();
        let touched = dry(&mut row, history, &settings, &breaks);
        assert_eq!(touched, row.iter().filter(|it| **it != 0.0).count());
        row.map(|it| (it * -1000.0).round() as i32)
    };
    // "1 2" was followed by 3: two repeated, .8 * 1.75^0. "5 1 2" by 3: three, .8 * 1.75 = 1.4.
    assert_eq!(penalties(&[1, 2, 3, 1, 2], None), [0, 0, 0, 800, 0, 0, 0, 0]);
    assert_eq!(penalties(&[5, 1, 2, 3, 5, 1, 2], None), [0, 0, 0, 1400, 0, 0, 0, 0]);
    // Followed by 3 after three and by 4 after two: each its own length.
    assert_eq!(penalties(&[5, 1, 2, 3, 6, 1, 2, 4, 5, 1, 2], None), [0, 0, 0, 1400, 800, 0, 0, 0]);
    // One repeated token is allowed; 1 as a breaker leaves one only.
    assert_eq!(penalties(&[1, 2, 3, 4, 2], None), [0; 8]);
    assert_eq!(penalties(&[5, 1, 2, 3, 5, 1, 2], Some(1)), [0; 8]);
    assert_eq!(penalties(&[], None), [0; 8]);
    // The same over and over: nine of ten are repeated, .8 * 1.75^7 = 40.212.
    assert_eq!(penalties(&[7; 10], None)[7], 40_212);
}

#[test]
fn common_prefixes_of_a_known_word() {
    assert_eq!(common_prefixes(&[1, 2, 1, 1, 2, 1, 2]), [0, 0, 1, 3, 0, 2, 0]);
}
