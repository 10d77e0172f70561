use super::super::TokenConstraints;
use super::*;

/// How many of tokens with these probabilities stay.
fn kept(filter: fn(&mut Candidates, &Context, &Settings), probabilities: &[f64], settings: &Settings) -> usize {
    let logits: Vec<f32> = probabilities.iter().map(|it| it.ln() as f32).collect();
    let mut candidates = Candidates::new(&logits);
    filter(&mut candidates, &Context::new(&[], &TokenConstraints::NONE), settings);
    candidates.len()
}

#[test]
fn top_h_against_worked_numbers() {
    // H(p) = 1.75 bits. One token has 0 bits, two (2/3, 1/3) 0.918, three (4/7, 2/7, 1/7) 1.379.
    let p = [0.5, 0.25, 0.125, 0.125];
    for (top_h, expected) in [(0.0, 1), (0.4, 1), (0.52, 1), (0.53, 2), (0.78, 2), (0.79, 3), (0.99, 3), (1.0, 4)] {
        let settings = Settings { top_h, ..Settings::default() };
        assert_eq!(kept(super::top_h, &p, &settings), expected, "{top_h}");
    }
    // Sixteen alike have 4 bits; four of them 2, a half: the one that reaches the line stays.
    assert_eq!(kept(top_h, &[1.0 / 16.0; 16], &Settings { top_h: 0.5, ..Settings::default() }), 4);
    assert_eq!(kept(top_h, &[1.0 / 1024.0; 1024], &Settings { top_h: 0.7, ..Settings::default() }), 128);
    assert_eq!(kept(top_h, &[1.0 - 1e-11, 1e-11], &Settings { top_h: 0.0, ..Settings::default() }), 1);
}

#[test]
fn p_less_against_worked_numbers() {
    for (p, expected) in [
        // .25 + .0625 + .015625 + .015625 = .34375
        (&[0.5, 0.25, 0.125, 0.125][..], 1),
        // .1225 + .09 + .04 + .0225 = .275
        (&[0.35, 0.3, 0.2, 0.15], 2),
        // .0676 + .0625 + .0625 + .0576 = .2502
        (&[0.26, 0.25, 0.25, 0.24], 1),
        // All alike: each is as likely as the line.
        (&[0.125; 8], 8),
        (&[1.0], 1),
    ] {
        assert_eq!(kept(p_less, p, &Settings::default()), expected, "{p:?}");
    }
}

proptest::proptest! {
    /// Against the definitions, computed naively in 64 bits.
    #[test]
    fn both_keep_what_their_definitions_say(
        scores in proptest::collection::vec(-12.0_f32..12.0, 1..3000), top_h in 0.05_f32..0.95,
    ) {
        let mut sorted: Vec<f64> = scores.iter().map(|&it| f64::from(it).exp()).collect();
        let total: f64 = sorted.iter().sum();
        for it in &mut sorted {
            *it /= total;
        }
        sorted.sort_by(|a, b| b.total_cmp(a));
        let bits = |p: &[f64]| {
            let sum: f64 = p.iter().sum();
            -p.iter().map(|it| it / sum * (it / sum).log2()).sum::<f64>()
        };
        let limit = f64::from(top_h) * bits(&sorted);
        let expected = (1..=sorted.len()).take_while(|&n| n == 1 || bits(&sorted[..n]) <= limit).count();
        let words = TokenConstraints::NONE;
        let context = Context::new(&[], &words);
        let mut left = Candidates::new(&scores);
        self::top_h(&mut left, &context, &Settings { top_h, ..Settings::default() });
        // One more or less where the entropies are equal but for the rounding of 32-bit scores.
        let is_near = |n: usize| n > 0 && n <= sorted.len() && (bits(&sorted[..n]) - limit).abs() < 1e-4;
        proptest::prop_assert!(
            left.len() == expected || is_near(left.len().max(expected)), "{} {expected}", left.len()
        );
        let line: f64 = sorted.iter().map(|it| it * it).sum();
        let expected = sorted.iter().filter(|&&it| it >= line).count();
        let mut left = Candidates::new(&scores);
        p_less(&mut left, &context, &Settings::default());
        let is_near = |n: usize| sorted.get(n).is_some_and(|it| (it / line - 1.0).abs() < 1e-4);
        proptest::prop_assert!(
            left.len() == expected || is_near(left.len().min(expected)), "{} {expected}", left.len()
        );
    }
}
