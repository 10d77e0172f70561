use super::*;

#[test]
fn levels_begin_where_the_legend_says() {
    let score = |p: f32, rank| Score { p, log_p: p.ln(), rank, entropy: Some(-p.log2()) };
    for (heat, score, expected) in [
        (Heat::Surprise, score(0.6, 0), Some(0)),
        (Heat::Surprise, score(0.5, 0), Some(1)),
        (Heat::Surprise, score(0.126, 0), Some(1)),
        (Heat::Surprise, score(0.1249, 0), Some(2)),
        (Heat::Surprise, score(0.0009, 0), Some(4)),
        (Heat::Entropy, score(0.1249, 0), Some(2)),
        (Heat::Rank, score(0.5, 0), Some(0)),
        (Heat::Rank, score(0.5, 1), Some(1)),
        (Heat::Rank, score(0.5, 9), Some(1)),
        (Heat::Rank, score(0.5, 10), Some(2)),
        (Heat::Rank, score(0.5, 1000), Some(4)),
        (Heat::Entropy, Score { entropy: None, ..score(0.5, 0) }, None),
        (Heat::Varentropy, score(0.5, 0), Some(1)),
        (Heat::Off, score(0.5, 0), None),
    ] {
        assert_eq!(heat.level(&score, Some(3.5)), expected, "{heat:?} {score:?}");
    }
    assert_eq!(Heat::Varentropy.level(&score(0.5, 0), None), None);
}
