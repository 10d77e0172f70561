use super::*;

#[test]
fn the_order_made_in_pieces_is_the_order_made_at_once() {
    // Few different values, so that ties cross every border between two pieces.
    let logits: Vec<f32> = (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 28) as f32).collect();
    let mut whole = Candidates::new(&logits);
    let whole = whole.likeliest(5000).to_vec();
    let mut pieces = Candidates::new(&logits);
    for n in [1, 2, 64, 65, 1000, 4999, 5000] {
        assert_eq!(pieces.likeliest(n), &whole[..n]);
    }
    let mut expected: Vec<TokenId> = (0..5000).collect();
    expected.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b)));
    assert_eq!(whole.iter().map(|it| it.token).collect::<Vec<_>>(), expected);
}

#[test]
fn powers_of_e() {
    assert_eq!(exp(0.0), 1.0);
    for step in 0..100_000 {
        let x = step as f32 * -8.7e-4;
        let expected = f64::from(x).exp();
        assert!((f64::from(exp(x)) / expected - 1.0).abs() < 2e-7, "{x}: {} {expected}", exp(x));
    }
    assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(f32::NEG_INFINITY) > 0.0);
}

#[test]
fn what_is_cut_by_a_floor_is_out_whether_few_or_many_stay() {
    let logits: Vec<f32> = (0..20_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 8) as f32 / 1e6).collect();
    let mut sorted: Vec<f32> = logits.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    for count in [1, 10, FEW, FEW + 1, 15_000] {
        for listed in [0, 5, FEW, 17_000] {
            let mut candidates = Candidates::new(&logits);
            candidates.likeliest(listed);
            candidates.keep_from(sorted[count - 1]);
            assert_eq!(candidates.len(), count, "{listed}");
            let rest: Vec<f32> = candidates.likeliest(20_000).iter().map(|it| it.logit).collect();
            assert_eq!(rest, sorted[..count], "{listed}");
            let expected: f64 = rest.iter().map(|it| f64::from(it - rest[0]).exp()).sum();
            assert!((candidates.masses().0 / expected - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn minus_infinity_is_not_in_the_running() {
    let mut candidates = Candidates::new(&[1.0, f32::NEG_INFINITY, 2.0]);
    assert_eq!(candidates.likeliest(9).iter().map(|it| it.token).collect::<Vec<_>>(), [2, 0]);
    assert!(Candidates::new(&[f32::NEG_INFINITY]).is_empty());
}

#[test]
fn keeping_from_a_floor_keeps_what_was_ordered_in_order() {
    let mut candidates = Candidates::new(&[1.0, 4.0, 2.0, 3.0]);
    candidates.likeliest(3);
    candidates.keep_from(2.0);
    assert_eq!(candidates.ordered(), 3);
    assert_eq!(candidates.likeliest(4).iter().map(|it| it.token).collect::<Vec<_>>(), [1, 3, 2]);
    candidates.keep_from(9.0);
    assert!(candidates.is_empty());
}
