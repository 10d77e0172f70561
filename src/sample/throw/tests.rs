use super::super::{PRESETS, TokenConstraints};
use super::*;

fn row(seed: u64, width: u64) -> Vec<f32> {
    super::super::backwards::tests::row(seed, width)
}

/// As so many people with so many seeds.
fn one_by_one(logits: &[f32], context: &Context, settings: &Settings, dice: u64) -> HashMap<TokenId, u32> {
    let mut counts = HashMap::new();
    for seed in 0..dice {
        let settings = Settings { seed, ..settings.clone() };
        let mut distribution = Distribution::new(logits, context, &settings).unwrap();
        *counts.entry(distribution.pick(die(seed, context.tokens.len() as u64)).token).or_default() += 1;
    }
    counts
}

#[test]
fn a_hundred_dice_are_a_hundred_seeds_under_every_preset() {
    let xtc = Settings { xtc_probability: 0.5, xtc_threshold: 0.02, ..Settings::neutral().clone() };
    let presets = PRESETS.iter().map(|preset| {
        let mut it = Settings::default();
        it.apply(preset);
        it
    });
    for settings in presets.chain([xtc]) {
        for (seed, tokens) in [(1, &[][..]), (2, &[3, 5, 3]), (3, &[7; 40])] {
            let row = row(seed, 3000);
            let none = TokenConstraints::NONE;
            let context = Context::new(tokens, &none);
            for dice in [0, 1, 100, 2000] {
                let thrown = throw(&row, &context, &settings, dice, &[0, 1]).unwrap();
                let expected = one_by_one(&row, &context, &settings, dice);
                assert_eq!(thrown.counts.iter().copied().collect::<HashMap<_, _>>(), expected, "{settings:?}");
                assert_eq!(thrown.counts.iter().map(|it| u64::from(it.1)).sum::<u64>(), dice);
                assert!(thrown.counts.windows(2).all(|it| it[0].1 >= it[1].1));
            }
        }
    }
}

#[test]
fn ten_thousand_dice_come_as_often_as_is_expected() {
    // 1/2 1/4 1/4: 5,000 and 2,500 twice, within four deviations of 50 and 43.3.
    let row = [0.5_f32, 0.25, 0.25].map(f32::ln);
    let none = TokenConstraints::NONE;
    let context = Context::new(&[1, 2, 0], &none);
    let thrown = throw(&row, &context, Settings::neutral(), 10_000, &[0, 2]).unwrap();
    for (token, expected, deviation) in [(0, 5000.0, 50.0), (1, 2500.0, 43.3), (2, 2500.0, 43.3)] {
        let count = f64::from(thrown.count(token));
        assert!((count - expected).abs() < 4.0 * deviation, "{token}: {count}");
    }
    assert_eq!(thrown.count(9), 0);
    assert!((thrown.expected[0] - 5000.0).abs() < 0.01 && (thrown.expected[1] - 2500.0).abs() < 0.01);
    assert!(throw(&[f32::NAN], &context, Settings::neutral(), 5, &[]).is_err());
}
