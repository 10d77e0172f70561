//! The samplers against Hugging Face's logits processors and llama.cpp's samplers, on the same rows of scores.

use std::collections::BTreeMap;

use megachat::TokenId;
use megachat::assets;
use megachat::sample::{Context, Distribution, Order, Settings, TokenConstraints};

#[derive(serde::Deserialize)]
struct Fixture {
    history: Vec<TokenId>,
    rows: Vec<Vec<f32>>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    settings: serde_json::Map<String, serde_json::Value>,
    row: usize,
    left: BTreeMap<TokenId, f64>,
}

/// What a case does not name changes nothing.
fn neutral(order: Order) -> Settings {
    Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, order, ..Settings::default() }
}

/// Holds every case of a fixture against the chain in `order`.
fn check(fixture: &str, cases: usize, order: Order) {
    let fixture: Fixture = serde_json::from_str(fixture).unwrap();
    assert!(fixture.cases.len() >= cases);
    for case in fixture.cases {
        let mut settings = serde_json::to_value(neutral(order)).unwrap();
        settings.as_object_mut().unwrap().extend(case.settings.clone());
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let row = &fixture.rows[case.row];
        let constraints = TokenConstraints::of(&settings, &assets::vocabulary());
        let distribution = Distribution::new(row, &Context::new(&fixture.history, &constraints), &settings).unwrap();
        let left: BTreeMap<TokenId, f64> =
            (0..row.len() as TokenId).filter_map(|it| Some((it, f64::from(distribution.after(it)?)))).collect();
        let what = format!("{:?}, row {}", case.settings, case.row);
        assert_eq!(left.keys().collect::<Vec<_>>(), case.left.keys().collect::<Vec<_>>(), "{what}");
        for (token, p) in left {
            assert!((p - case.left[&token]).abs() < 2e-6, "{what}: token {token}: {p} for {}", case.left[&token]);
        }
    }
}

#[test]
fn hugging_face_leaves_the_same_tokens_with_the_same_probabilities() {
    check(include_str!("../data/samplers/hugging_face.json"), 27, Order::HuggingFace);
}

#[test]
fn llama_cpp_leaves_the_same_tokens_with_the_same_probabilities() {
    check(include_str!("../data/samplers/llama_cpp.json"), 45, Order::LlamaCpp);
}
