use super::{Sums, Verdict, Weights, difference};

#[test]
fn a_divergence_is_that_of_the_formula() {
    let mut sums = Sums::default();
    assert!(sums.add(&[0.0, 0.0], &[0.0, 3f32.ln()]));
    // A: 1/2, 1/2; B: 1/4, 3/4.
    let expected = 0.5 * (0.5f64 / 0.25).ln() + 0.5 * (0.5f64 / 0.75).ln();
    assert!((sums.divergence() - expected).abs() < 1e-6, "{}", sums.divergence());
    assert!((sums.largest - 3f64.ln()).abs() < 1e-6 && (sums.mean() - 3f64.ln() / 2.0).abs() < 1e-6);
    assert_eq!((sums.likeliest(), sums.differs), (0.0, true));
    assert!(sums.add(&[1.0, 2.0], &[1.0, 2.0]));
    assert_eq!((sums.likeliest(), sums.places, sums.logits), (0.5, 2, 4));
    assert!(!sums.add(&[f32::NAN, 0.0], &[0.0, 0.0]) && !sums.add(&[f32::NEG_INFINITY; 2], &[0.0, 0.0]));
}

#[test]
fn rounding_is_told_from_another_model() {
    let numbers = [1.0f32, -0.3, 1e-9, 700.0];
    let rounded = numbers.map(|it| f32::from_bits(it.to_bits() & 0xffff_0000));
    assert_eq!(difference(&numbers, &numbers), (0.0, true));
    assert!(difference(&numbers, &rounded).1);
    assert!(!difference(&[1.0], &[1.01]).1);
    let (quiet, loud) = (Sums::default(), Sums { differs: true, nats: 9.0, places: 1, ..Sums::default() });
    let differ = |rounded| Weights::Differ { first: "wte.weight".into(), by: 0.1, rounded };
    let unknown = Weights::Unknown(String::new());
    for (sums, weights, expected) in [
        (&quiet, &Weights::Same, Verdict::Same),
        (&quiet, &unknown, Verdict::Same),
        (&loud, &Weights::Same, Verdict::Rounded),
        (&loud, &differ(true), Verdict::Rounded),
        (&loud, &differ(false), Verdict::Another),
        (&quiet, &differ(false), Verdict::Another),
        (&quiet, &differ(true), Verdict::Rounded),
        (&quiet, &Weights::Other(String::new()), Verdict::Another),
        (&loud, &unknown, Verdict::Another),
        (&Sums { nats: 0.01, ..loud }, &unknown, Verdict::Rounded),
    ] {
        assert_eq!(Verdict::of(sums, weights), expected, "{sums:?} {weights:?}");
    }
}
