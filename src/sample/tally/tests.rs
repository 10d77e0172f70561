use super::*;

#[test]
fn perplexity_is_worked_out_by_hand() {
    // p = 1/2, 1/4, 1/4, 1/16: 1 + 2 + 2 + 4 = 9 bits for four tokens, 2.25 each, and 2^2.25 = 4.7568.
    let mut it = Tally::default();
    for (bits, rank, text) in [(1.0, 0, "Once"), (2.0, 9, " upon"), (2.0, 10, " a"), (4.0, 1000, " tïme")] {
        it.add(bits, rank, text.as_bytes());
    }
    assert_eq!((it.tokens, it.characters, it.bytes, it.likeliest), (4, 16, 17, 1));
    assert_eq!(it.bits_per_token(), Some(2.25));
    assert_eq!(it.bits_per_character(), Some(9.0 / 16.0));
    assert_eq!(it.bits_per_byte(), Some(9.0 / 17.0));
    assert!((it.perplexity().unwrap() - 4.756_828_460_010_884).abs() < 1e-12);
    // The same, as the text books have it: the fourth root of 2 * 4 * 4 * 16.
    assert!((it.perplexity().unwrap() - 512_f64.powf(0.25)).abs() < 1e-12);
    assert_eq!(it.buckets, [2, 1, 0, 1]);
    assert_eq!(it.share(0).to_bits(), 0.5_f64.to_bits());
}

#[test]
fn nothing_has_no_mean() {
    let it = Tally::default();
    assert_eq!((it.bits_per_token(), it.bits_per_character(), it.perplexity()), (None, None, None));
}

#[test]
fn buckets_begin_where_they_say() {
    let buckets = [0, 9, 10, 99, 100, 999, 1000, 50_256].map(bucket);
    assert_eq!(buckets, [0, 0, 1, 1, 2, 2, 3, 3]);
}

#[test]
fn a_cut_character_is_counted_once() {
    let mut it = Tally::default();
    let text = "日".as_bytes();
    it.add(1.0, 0, &text[..2]);
    it.add(1.0, 0, &text[2..]);
    assert_eq!((it.characters, it.bytes, it.bits_per_character()), (1, 3, Some(2.0)));
}

#[test]
fn a_reading_says_what_was_expected_and_holds_for_the_smallest_probabilities() {
    // e^0 / (e^0 + e^-200): certain, but for what no f32 can hold.
    let it = Reading::new(&[-200.0, 0.0], 0).unwrap();
    assert_eq!((it.score.p, it.score.rank, it.expected, it.expected_p), (0.0, 1, 1, 1.0));
    assert!((it.bits - 200.0 / std::f64::consts::LN_2).abs() < 1e-9, "{}", it.bits);
    // Of equals the smaller comes first.
    let it = Reading::new(&[1.0, 1.0], 1).unwrap();
    assert_eq!((it.expected, it.score.rank), (0, 1));
    assert!((it.bits - 1.0).abs() < 1e-12);
    assert_eq!(Score::new(&[1.0, 1.0], 1), Some(it.score));
    assert_eq!(Reading::new(&[0.0], 1), None);
    assert_eq!(Reading::new(&[f32::NAN, 0.0], 0), None);
}
