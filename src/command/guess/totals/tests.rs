use super::*;

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} {b}");
}

#[test]
fn bounds_are_those_worked_out_by_hand() {
    // Upper: 1/2 1 + 1/4 2 + 2 (1/8) 3. Lower: 2 (1/4 - 1/8) 1 + 3 (1/8 - 1/8) log2 3 + 4 (1/8) 2.
    let (upper, lower) = bounds(&[0.5, 0.25, 0.125, 0.125]);
    near(upper, 1.75);
    near(lower.unwrap(), 1.25);
    // All alike: both are log2 4. All at once: both are nothing.
    let (upper, lower) = bounds(&[0.25; 4]);
    near(upper, 2.0);
    near(lower.unwrap(), 2.0);
    assert_eq!(bounds(&[1.0, 0.0]), (0.0, Some(0.0)));
    // Without order there is no lower bound.
    assert_eq!(bounds(&[0.25, 0.75]).1, None);
}

#[test]
fn words_never_guessed_count_as_one_guess_more() {
    let mut totals = Totals::new(2);
    assert_eq!((totals.bits(), totals.bounds()), (None, None));
    for right in [Some(0), Some(0), Some(0), Some(0), Some(0), Some(1), Some(1), Some(1), None] {
        totals.add(right, right == Some(0), 3.0);
    }
    assert_eq!(totals.bounds(), None);
    totals.add(None, false, 5.0);
    assert_eq!((totals.words, totals.first(), totals.any(), totals.model), (10, 5, 8, 5));
    near(totals.bits().unwrap(), 3.2);
    let (upper, lower) = totals.bounds().unwrap();
    near(upper, 0.5 - 0.3 * 0.3f64.log2() - 0.2 * 0.2f64.log2());
    near(lower.unwrap(), 0.2 + 0.6 * 3f64.log2());
}
