use super::super::{Context, Distribution, TokenConstraints, die};
use super::*;

/// Scores that look like a model's: some stand out, most lag behind.
pub(in crate::sample) fn row(seed: u64, width: u64) -> Vec<f32> {
    let spread = 1.0 + 4.0 * die(seed, 999_999);
    (0..width).map(|at| (spread * -(die(seed, at) + 1e-9).ln()) as f32).collect()
}

pub(in crate::sample) fn drawn(row: &[f32], temperature: f32, die: f64) -> TokenId {
    drawn_under(row, &Settings { temperature, ..Settings::neutral().clone() }, die)
}

fn drawn_under(row: &[f32], settings: &Settings, die: f64) -> TokenId {
    Distribution::new(row, &Context::new(&[], &TokenConstraints::NONE), settings).unwrap().pick(die).token
}

fn found(text: &[(Vec<f32>, TokenId)]) -> Found {
    let mut it = Backwards::default();
    for _ in 0..60 {
        for (row, token) in text {
            it.add(row, *token);
        }
        if let Some(found) = it.end_pass() {
            return found;
        }
    }
    panic!("no end: {it:?}");
}

#[test]
fn a_temperature_is_found_as_worked_by_hand() {
    // Two tokens, logits ln 3 and 0. Of ten, 9 are the first: 3^b / (3^b + 1) = .9, so b = ln 9 / ln 3 = 2.
    // The information in b is 10 * .9 * .1 * (ln 3)^2 = 1.0863, in ln b four times that: a deviation of .47973.
    let row = vec![3_f32.ln(), 0.0];
    let text: Vec<_> = (0..10).map(|it| (row.clone(), u32::from(it == 0))).collect();
    let Found::At { temperature, from, to } = found(&text) else { panic!() };
    assert!((temperature - 0.5).abs() < 1e-3, "{temperature}");
    assert!(
        (to / temperature - (1.96_f64 * 0.479_73).exp()).abs() < 2e-3
            && (temperature * temperature - from * to).abs() < 1e-6
    );
}

#[test]
fn the_temperature_of_500_drawn_texts_is_within_its_interval_in_95_of_100() {
    for temperature in [0.4_f32, 0.7, 1.0, 1.5] {
        let mut within = 0;
        for text in 0..500_u64 {
            let tokens = (0..60).map(|position| {
                let row = row(text * 1000 + position, 80);
                let token = drawn(&row, temperature, die(text + 77, position));
                (row, token)
            });
            if let Found::At { from, to, .. } = found(&tokens.collect::<Vec<_>>()) {
                within += u32::from((from..=to).contains(&f64::from(temperature)));
            }
        }
        assert!(within >= 465, "{within} of 500 at {temperature}");
    }
}

#[test]
fn the_ends_are_told_as_ends() {
    let rows: Vec<_> = (0..20).map(|it| row(it, 50)).collect();
    let by = |die: f64, temperature| -> Vec<_> {
        rows.iter().map(|row| (row.clone(), drawn(row, temperature, die))).collect()
    };
    assert_eq!(found(&by(0.5, 0.0)), Found::Greedy);
    // Always the least likely one: colder than cold the other way round.
    assert_eq!(found(&by(0.999_999_9, 50.0)), Found::Hotter);
    // Nothing to choose from says nothing.
    assert!(!matches!(found(&[(vec![0.0], 0)]), Found::At { .. }));
}

#[test]
fn a_bound_is_where_the_chain_cuts() {
    let rows: Vec<_> = (0..30).map(|it| row(it, 60)).collect();
    let tokens: Vec<TokenId> = rows.iter().zip(0..).map(|(row, at)| drawn(row, 1.2, die(5, at))).collect();
    let mut bounds = Bounds::default();
    for (row, &token) in rows.iter().zip(&tokens) {
        bounds.add(&Measure::new(row, token).unwrap());
    }
    let leaves_all = |settings: &Settings| {
        rows.iter().zip(&tokens).all(|(row, &token)| {
            Distribution::new(row, &Context::new(&[], &TokenConstraints::NONE), settings).unwrap().contains(token)
        })
    };
    let raw = Settings::neutral();
    assert!(bounds.top_k > 1 && bounds.top_p < 0.999 && bounds.min_p > 1e-4, "{bounds:?}");
    for (top_k, leaves) in [(bounds.top_k, true), (bounds.top_k - 1, false)] {
        assert_eq!(leaves_all(&Settings { top_k, ..raw.clone() }), leaves, "top-k {top_k}");
    }
    for (by, leaves) in [(1e-4, true), (-1e-4, false)] {
        let top_p = (bounds.top_p + by) as f32;
        assert_eq!(leaves_all(&Settings { top_p, ..raw.clone() }), leaves, "top-p {top_p}");
        let min_p = (bounds.min_p * (1.0 - by)) as f32;
        assert_eq!(leaves_all(&Settings { min_p, ..raw.clone() }), leaves, "min-p {min_p}");
    }
}

#[test]
fn some_steps_hide_the_temperature() {
    let with = |name: &str| {
        let mut it = Settings::neutral().clone();
        it.apply(super::super::preset(name).unwrap());
        it.hides_temperature()
    };
    assert_eq!(with("steady"), Some(Step::RepeatPenalty));
    assert_eq!(with("noloop"), Some(Step::RepeatPenalty));
    assert_eq!(with("mirostat"), Some(Step::Mirostat));
    assert_eq!((with("raw"), with("nucleus"), with("wild"), with("greedy")), (None, None, None, None));
    let mut it = Settings { dynatemp_range: 0.3, ..Settings::neutral().clone() };
    assert_eq!(it.hides_temperature(), Some(Step::Temperature));
    it.switch(Step::Temperature);
    assert_eq!(it.hides_temperature(), None);
}
