use super::super::logits::log_sum_exp_and_entropy;
use super::*;

fn logits(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln() + 3.0).collect()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{found} {expected}");
}

#[test]
fn a_token_is_measured_as_worked_by_hand() {
    // p = 1/2 1/4 1/8 1/8: H = 1.75 bits; surprises 1 2 3 3, their mean square .5 + 1 + 1.125 + 1.125 = 3.75,
    // so the varentropy is 3.75 - 1.75 * 1.75 = .6875.
    let row = logits(&[0.5, 0.25, 0.125, 0.125]);
    let it = Measure::new(&row, 1).unwrap();
    near(it.entropy(), 1.75);
    near(it.varentropy(), 0.6875);
    near(it.log_p, 0.25_f64.ln());
    near(it.lead / std::f64::consts::LN_2, 1.75 - 2.0);
    assert_eq!(it.rank, 1);
    near(it.above, 0.5);
    near(it.ratio, 0.5);
    // Of equals the first comes first, and none of them is above the other.
    let last = Measure::new(&row, 3).unwrap();
    assert_eq!(last.rank, 3);
    near(last.above, 0.75);
    // At temperature 1/2 they are squared: 16 4 1 1 of 22.
    let cold = Standing::new(&row, 0, 2.0).unwrap();
    near(cold.log_p.exp(), 16.0 / 22.0);
    let p = [16.0_f64, 4.0, 1.0, 1.0].map(|it| it / 22.0);
    let entropy: f64 = p.iter().map(|it| -it * it.ln()).sum();
    near(cold.lead, p[0].ln() + entropy);
    near(cold.variance, p.iter().map(|it| it * it.ln().powi(2)).sum::<f64>() - entropy * entropy);
}

#[test]
fn a_place_is_open_in_one_of_four_ways() {
    let place = |parts: &[(f32, usize)]| {
        let p: Vec<f32> = parts.iter().flat_map(|&(p, n)| std::iter::repeat_n(p / n as f32, n)).collect();
        Measure::new(&logits(&p), 0).unwrap()
    };
    // .9 of one, .1 of two: H = .569 bits, v = (.9 * .152^2 + .1 * 4.32^2) - .569^2 = 1.57.
    let sure = place(&[(0.9, 1), (0.1, 2)]);
    assert!((sure.entropy() - 0.569).abs() < 1e-3 && (sure.varentropy() - 1.566).abs() < 2e-3, "{}", sure.varentropy());
    assert_eq!(sure.quadrant(), Quadrant::Sure);
    // The tenth in 500 parts: each has 12.3 bits.
    assert_eq!(place(&[(0.9, 1), (0.1, 500)]).quadrant(), Quadrant::Exceptions);
    assert_eq!(place(&[(1.0, 64)]).quadrant(), Quadrant::Open);
    assert_eq!(place(&[(0.5, 2), (0.5, 2000)]).quadrant(), Quadrant::Torn);
}

#[test]
fn luck_is_the_sum_of_the_leads_over_the_root_of_the_variances() {
    let row = logits(&[0.5, 0.25, 0.125, 0.125]);
    let mut luck = Luck::default();
    assert_eq!(luck.sigmas(), None);
    // In bits: leads .75, -.25, -1.25; three times the variance of .6875: -.75 / sqrt(2.0625) = -.52223.
    for token in 0..3 {
        let it = Measure::new(&row, token).unwrap();
        luck.add(it.lead, it.variance);
    }
    near(luck.sigmas().unwrap(), -0.522_233);
}

#[test]
fn of_the_dice_luck_has_mean_0_and_deviation_1() {
    let (mut sum, mut squares) = (0.0, 0.0);
    for text in 0..2000 {
        let mut luck = Luck::default();
        for position in 0..40 {
            let row = super::super::backwards::tests::row(text * 100 + position, 60);
            let token = super::super::backwards::tests::drawn(&row, 1.0, super::super::die(text, position));
            let it = Measure::new(&row, token).unwrap();
            luck.add(it.lead, it.variance);
        }
        let it = luck.sigmas().unwrap();
        (sum, squares) = (sum + it, squares + it * it);
    }
    let mean: f64 = sum / 2000.0;
    assert!(mean.abs() < 0.07 && (squares / 2000.0 - mean * mean - 1.0).abs() < 0.1, "{mean} {}", squares / 2000.0);
}

#[test]
fn what_is_no_score_has_no_measure_and_what_cannot_come_does_not_count() {
    let mut row = logits(&[0.5, 0.25, 0.125, 0.125]);
    assert_eq!(Measure::new(&row, 4), None);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut row = row.clone();
        row[2] = bad;
        assert_eq!(Measure::new(&row, 0), None, "{bad}");
    }
    assert_eq!(Measure::new(&[f32::NEG_INFINITY; 3], 0), None);
    row.extend([f32::NEG_INFINITY; 40]);
    near(Measure::new(&row, 0).unwrap().varentropy(), 0.6875);
    assert_eq!(Measure::new(&row, 9), None);
    // One that is far behind all others is told in numbers, too.
    let far = Measure::new(&[900.0, -900.0], 1).unwrap();
    assert_eq!((far.log_p, far.ratio, far.above), (-1800.0, 0.0, 1.0));
    // One that is certain leaves nothing to luck.
    let sure = Measure::new(&[0.0, f32::NEG_INFINITY], 0).unwrap();
    assert_eq!((sure.lead, sure.variance, sure.above), (0.0, 0.0, 0.0));
}

proptest::proptest! {
    /// Equal to plain sums in 64 bits, whatever the length of the row.
    #[test]
    fn a_row_of_any_length_is_measured(scores in proptest::collection::vec(-30.0_f32..30.0, 1..700), cold in 0.05_f64..8.0) {
        let token = scores.len() / 2;
        let it = Standing::new(&scores, token as TokenId, cold).unwrap();
        let scaled: Vec<f64> = scores.iter().map(|&z| f64::from(z) * cold).collect();
        let top = scaled.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scaled.iter().map(|z| (z - top).exp()).sum();
        let logs: Vec<f64> = scaled.iter().map(|z| z - top - total.ln()).collect();
        let mean: f64 = logs.iter().map(|l| l.exp() * l).sum();
        let variance: f64 = logs.iter().map(|l| l.exp() * (l - mean).powi(2)).sum();
        proptest::prop_assert!((it.log_p - logs[token]).abs() < 1e-4 * logs[token].abs().max(1.0));
        proptest::prop_assert!((it.lead - logs[token] + mean).abs() < 1e-4 * logs[token].abs().max(1.0));
        proptest::prop_assert!((it.variance - variance).abs() < 1e-4 * variance.max(1.0), "{} {variance}", it.variance);
        let plain = Measure::new(&scores, token as TokenId).unwrap();
        let (_, entropy) = log_sum_exp_and_entropy(&scores, largest(&scores));
        proptest::prop_assert!((plain.entropy() - entropy).abs() < 1e-4, "{} {entropy}", plain.entropy());
    }
}
