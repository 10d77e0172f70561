use super::*;

#[test]
fn a_score_against_worked_numbers() {
    // p = 1/2 1/4 1/4: entropy 1.5 bits; the third is as likely as the second and comes after it.
    let row: Vec<f32> = [0.5_f32, 0.25, 0.25].iter().map(|p| p.ln()).collect();
    let score = Score::new(&row, 2).unwrap();
    assert!((score.p - 0.25).abs() < 1e-6 && (score.bits() - 2.0).abs() < 1e-5, "{score:?}");
    assert_eq!(score.rank, 2);
    assert!((score.entropy.unwrap() - 1.5).abs() < 1e-5);
    assert_eq!(Score::new(&row, 3), None);
    assert_eq!(Score::new(&[f32::NAN, 1.0], 0), None);
    assert_eq!(Score::new(&[f32::NEG_INFINITY; 2], 0), None);
}

#[test]
fn a_probability_that_is_nothing_in_32_bits_has_its_logarithm_from_the_scores() {
    let logits = [0.0, -200.0, -104.5];
    for (token, nats) in [(1, 200.0), (2, 104.5)] {
        let score = Score::new(&logits, token).unwrap();
        let expected = nats / std::f32::consts::LN_2;
        assert!(score.p == 0.0 && (score.bits() - expected).abs() < 1e-3, "{score:?}");
    }
    let certain = Score::new(&[0.0, -900.0], 0).unwrap();
    assert!(certain.bits() == 0.0 && certain.bits().is_sign_positive());
}
