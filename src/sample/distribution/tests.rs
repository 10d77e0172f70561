use super::super::{Order, TokenConstraints};
use super::*;

/// Neutral settings, greedy nothing: the model's own distribution.
fn raw() -> Settings {
    Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, ..Settings::default() }
}

fn after(tokens: &[TokenId]) -> Context<'_> {
    const NONE: &TokenConstraints = &TokenConstraints::NONE;
    Context::new(tokens, NONE)
}

fn logits(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln()).collect()
}

/// The tokens left with their probabilities, likeliest first, rounded to four places.
fn left(logits: &[f32], history: &[TokenId], settings: &Settings) -> Vec<(TokenId, f64)> {
    let mut it = Distribution::new(logits, &after(history), settings).unwrap();
    let rows = it.rows(logits, logits.len());
    rows.iter().filter_map(|row| Some((row.token, (f64::from(row.after?) * 1e4).round() / 1e4))).collect()
}

#[test]
fn the_trace_tells_what_each_step_left_and_of_what() {
    // .5 .3 .15 .05: the repeat penalty turns ln .5 = -.69 into -1.39, .25 of then .75. top-k 3 leaves .70 of .75,
    // top-p .6 the first two of .30 .25 .15, .55 of .70.
    let logits = logits(&[0.5, 0.3, 0.15, 0.05]);
    let settings = Settings { repeat_penalty: 2.0, top_k: 3, top_p: 0.6, temperature: 0.5, ..raw() };
    let explained = Distribution::explained(&logits, &after(&[0]), &settings).unwrap();
    let steps: Vec<Step> = explained.trace.iter().map(|it| it.step).collect();
    assert_eq!(steps, [Step::RepeatPenalty, Step::TopK, Step::TopP, Step::Temperature]);
    assert_eq!(explained.trace[0].did, Did::Touched(1));
    for (index, left, of) in [(1, 3, 0.7 / 0.75), (2, 2, 0.55 / 0.7)] {
        let Did::Left { count, share: Some(share) } = explained.trace[index].did else { panic!("{explained:?}") };
        assert!(count == left && (f64::from(share) - of).abs() < 1e-6, "{:?}", explained.trace);
    }
    assert_eq!(explained.trace[3].did, Did::Divided { by: 0.5 });
    // Without the explanation it is the same distribution, and says the same but for the shares.
    let plain = Distribution::new(&logits, &after(&[0]), &settings).unwrap();
    assert_eq!(plain.trace[2].did, Did::Left { count: 2, share: None });
    assert_eq!((plain.after(1), plain.after(0)), (explained.after(1), explained.after(0)));
    // Dynamic temperature tells what became of it: the entropy of two equal candidates is the largest there is.
    let settings = Settings { temperature: 1.0, dynatemp_range: 0.5, ..raw() };
    let even = Distribution::new(&[0.0, 0.0], &after(&[]), &settings).unwrap();
    assert_eq!(even.trace[0].did, Did::Divided { by: 1.5 });
}

#[test]
fn any_token_has_a_line_in_the_table() {
    // .5 .3 .15 .05 and top-p .75: two are left, with .5 / .8 and .3 / .8.
    let logits = logits(&[0.5, 0.3, 0.15, 0.05]);
    let it = Distribution::new(&logits, &after(&[]), &Settings { top_p: 0.75, ..raw() }).unwrap();
    for (token, model, after) in [(0, 0.5, Some(0.625)), (1, 0.3, Some(0.375)), (3, 0.05, None)] {
        let row = it.row(&logits, token);
        assert!((row.model - model).abs() < 1e-6, "{row:?}");
        assert_eq!(row.after.map(|it| (it * 1e6).round()), after.map(|it: f32| (it * 1e6).round()), "{row:?}");
    }
}

#[test]
fn the_order_of_temperature_and_top_p_matters() {
    // softmax(3, 2, 1) = .6652 .2447 .0900: top-p .8 keeps two, and temperature .5 then makes .8808 .1192 of them.
    // softmax(6, 4, 2) = .8668 .1173 .0159: with the temperature first, top-p .8 keeps one.
    let settings = Settings { temperature: 0.5, top_p: 0.8, ..raw() };
    assert_eq!(left(&[3.0, 2.0, 1.0], &[], &settings), [(0, 0.8808), (1, 0.1192)]);
    let settings = Settings { order: Order::HuggingFace, ..settings };
    assert_eq!(left(&[3.0, 2.0, 1.0], &[], &settings), [(0, 1.0)]);
}

#[test]
fn the_order_of_temperature_and_min_p_matters() {
    // p = .5 .3 .2, min-p .5 keeps those of at least .25. At temperature 2, sqrt p = .7071 .5477 .4472 and all
    // three are at least half of the largest: .4154 .3218 .2628.
    let p = logits(&[0.5, 0.3, 0.2]);
    let settings = Settings { temperature: 2.0, min_p: 0.5, ..raw() };
    assert_eq!(left(&p, &[], &settings), [(0, 0.5635), (1, 0.4365)]);
    let settings = Settings { order: Order::HuggingFace, ..settings };
    assert_eq!(left(&p, &[], &settings), [(0, 0.4154), (1, 0.3218), (2, 0.2628)]);
}

#[test]
fn each_step_against_worked_numbers() {
    let p = logits(&[0.4, 0.3, 0.2, 0.1]);
    for (why, settings, expected) in [
        ("nothing", raw(), &[(0, 0.4), (1, 0.3), (2, 0.2), (3, 0.1)][..]),
        (
            "temperature .5 squares",
            Settings { temperature: 0.5, ..raw() },
            &[(0, 0.5333), (1, 0.3), (2, 0.1333), (3, 0.0333)],
        ),
        ("temperature 0 is greedy", Settings { temperature: 0.0, ..raw() }, &[(0, 1.0)]),
        ("top-k 2", Settings { top_k: 2, ..raw() }, &[(0, 0.5714), (1, 0.4286)]),
        ("top-k over the vocabulary", Settings { top_k: 99, ..raw() }, &[(0, 0.4), (1, 0.3), (2, 0.2), (3, 0.1)]),
        ("top-p, the head is enough", Settings { top_p: 0.39, ..raw() }, &[(0, 1.0)]),
        ("top-p, the crossing one stays", Settings { top_p: 0.65, ..raw() }, &[(0, 0.5714), (1, 0.4286)]),
        ("top-p 0 still keeps one", Settings { top_p: 0.0, ..raw() }, &[(0, 1.0)]),
        ("min-p .6 of .4 is .24", Settings { min_p: 0.6, ..raw() }, &[(0, 0.5714), (1, 0.4286)]),
        ("min-p 1 keeps the likeliest", Settings { min_p: 1.0, ..raw() }, &[(0, 1.0)]),
        ("top-k then top-p of what is left", Settings { top_k: 2, top_p: 0.5, ..raw() }, &[(0, 1.0)]),
    ] {
        for order in [Order::LlamaCpp, Order::HuggingFace] {
            let settings = Settings { order, ..settings.clone() };
            assert_eq!(left(&p, &[], &settings), expected, "{why}, {order:?}");
        }
    }
}

#[test]
fn the_further_samplers_against_worked_numbers() {
    let p = logits(&[0.4, 0.3, 0.2, 0.1]);
    let all = [(0, 0.4), (1, 0.3), (2, 0.2), (3, 0.1)];
    for (why, settings, expected) in [
        // The entropy is 1.2799 nats; surprises .9163 1.2040 1.6094 2.3026 are .3636 .0759 .3295 1.0227 away.
        ("typical .2: the nearest", Settings { typical_p: 0.2, ..raw() }, &[(1, 1.0)][..]),
        ("typical .45: the crossing one stays", Settings { typical_p: 0.45, ..raw() }, &[(1, 0.6), (2, 0.4)]),
        ("typical .6", Settings { typical_p: 0.6, ..raw() }, &[(0, 0.4444), (1, 0.3333), (2, 0.2222)]),
        ("typical 0 keeps one", Settings { typical_p: 0.0, ..raw() }, &[(1, 1.0)]),
        // The logits' deviation is .5206: 1 sigma reaches down to .4 / e^.5206 = .2377, 1.5 to .1832.
        ("1 sigma", Settings { top_n_sigma: 1.0, ..raw() }, &[(0, 0.5714), (1, 0.4286)]),
        ("1.5 sigma", Settings { top_n_sigma: 1.5, ..raw() }, &[(0, 0.4444), (1, 0.3333), (2, 0.2222)]),
        // Always: three reach .15, so the first two go; two reach .25; only one reaches .35, and stays.
        ("xtc .15", Settings { xtc_probability: 1.0, xtc_threshold: 0.15, ..raw() }, &[(2, 0.6667), (3, 0.3333)]),
        (
            "xtc .25",
            Settings { xtc_probability: 1.0, xtc_threshold: 0.25, ..raw() },
            &[(1, 0.5), (2, 0.3333), (3, 0.1667)],
        ),
        ("xtc .35", Settings { xtc_probability: 1.0, xtc_threshold: 0.35, ..raw() }, &all),
        ("xtc 0", Settings { xtc_probability: 1.0, xtc_threshold: 0.0, ..raw() }, &[(3, 1.0)]),
        ("xtc over a half", Settings { xtc_probability: 1.0, xtc_threshold: 0.51, ..raw() }, &all),
        // The entropy's share is 1.2799 / ln 4 = .9232: the temperature .5 + 1 * .9232 = 1.4232.
        (
            "dynamic temperature",
            Settings { dynatemp_range: 0.5, ..raw() },
            &[(0, 0.356), (1, 0.2908), (2, 0.2187), (3, 0.1344)],
        ),
    ] {
        assert_eq!(left(&p, &[], &settings), expected, "{why}");
    }
    // Twice and once: .4 / e^1 = .1472 and .3 / e^.5 = .1820, of .6291 together.
    let settings = Settings { frequency_penalty: 0.5, presence_penalty: 0.0, ..raw() };
    assert_eq!(left(&p, &[0, 0, 1], &settings), [(2, 0.3179), (1, 0.2892), (0, 0.2339), (3, 0.159)]);
    // After 0 1 0 nothing may make "0 1" a second time.
    let settings = Settings { no_repeat_ngram: 2, ..raw() };
    assert_eq!(left(&p, &[0, 1, 0], &settings), [(0, 0.5714), (2, 0.2857), (3, 0.1429)]);
    let traced = Distribution::new(&p, &after(&[0, 1, 0]), &settings).unwrap().trace;
    assert_eq!(traced, [StepTrace { step: Step::NoRepeatNgram, did: Did::Touched(1) }]);
    // Everything banned is an error, not an endless loop.
    let settings = Settings { no_repeat_ngram: 1, ..raw() };
    assert_eq!(Distribution::new(&p, &after(&[0, 1, 2, 3]), &settings).unwrap_err(), SampleError::NoCandidates);
}

#[test]
fn xtc_throws_its_own_die_at_each_position() {
    let p = logits(&[0.4, 0.3, 0.2, 0.1]);
    let settings = Settings { xtc_probability: 0.3, xtc_threshold: 0.15, ..raw() };
    let cuts = |position: usize| Distribution::new(&p, &after(&vec![0; position]), &settings).unwrap().kept() < 4;
    let often = (0..1000).filter(|&it| cuts(it)).count();
    assert!((250..350).contains(&often), "{often}");
    assert!((0..1000).all(|it| cuts(it) == cuts(it)), "a position has one die");
}

#[test]
fn one_own_order() {
    // softmax(6, 4, 2) = .8668 .1173 .0159: with the temperature first, top-p .8 keeps one.
    let own = Order::own(&[Step::Temperature, Step::TopP]).unwrap();
    let settings = Settings { temperature: 0.5, top_p: 0.8, order: own, ..raw() };
    assert_eq!(left(&[3.0, 2.0, 1.0], &[], &settings), [(0, 1.0)]);
}

#[test]
fn the_coin_walks_down_the_sorted_candidates() {
    let p = logits(&[0.2, 0.5, 0.3]);
    let mut it = Distribution::new(&p, &after(&[]), &raw()).unwrap();
    for (coin, token, rank) in [(0.0, 1, 0), (0.49, 1, 0), (0.51, 2, 1), (0.79, 2, 1), (0.81, 0, 2), (0.999_999, 0, 2)]
    {
        let picked = it.pick(coin);
        assert_eq!((picked.token, picked.rank), (token, rank), "coin {coin}");
    }
    assert!((it.pick(0.6).p - 0.3).abs() < 1e-6);
}

#[test]
fn draws_follow_the_probabilities() {
    let p = logits(&[0.7, 0.2, 0.1]);
    let mut it = Distribution::new(&p, &after(&[]), &raw()).unwrap();
    let mut counts = [0.0_f64; 3];
    for position in 0..20_000 {
        counts[it.pick(super::super::die(1, position)).token as usize] += 1.0;
    }
    let chi_square: f64 = [0.7, 0.2, 0.1].iter().zip(counts).map(|(p, n)| (n - p * 2e4).powi(2) / (p * 2e4)).sum();
    assert!(chi_square < 13.8, "{chi_square}"); // 2 degrees of freedom, one in a thousand; the dice are fixed
}

#[test]
fn rows_show_what_is_left_and_then_what_was_cut() {
    let p = logits(&[0.1, 0.6, 0.3]);
    let mut it = Distribution::new(&p, &after(&[]), &Settings { top_k: 1, ..raw() }).unwrap();
    let rows = it.rows(&p, 2);
    assert_eq!(rows.iter().map(|r| (r.token, r.after)).collect::<Vec<_>>(), [(1, Some(1.0)), (2, None)]);
    assert!((rows[1].model - 0.3).abs() < 1e-6);
}

#[test]
fn entropies_are_in_bits() {
    let four = [0.0; 4];
    let it = Distribution::new(&four, &after(&[]), &Settings { top_k: 2, ..raw() }).unwrap();
    assert!((it.model_entropy - 2.0).abs() < 1e-9);
    assert!((it.entropy() - 1.0).abs() < 1e-9);
    let it = Distribution::new(&four, &after(&[]), &Settings { temperature: 0.0, ..raw() }).unwrap();
    assert!(it.entropy().abs() < 1e-9);
}

#[test]
fn a_draw_keeps_what_was_known() {
    let p = logits(&[0.1, 0.6, 0.3]);
    let mut it = Distribution::new(&p, &after(&[]), &Settings { top_k: 2, ..raw() }).unwrap();
    let picked = it.pick(0.9);
    let draw = it.draw(&p, picked, 0.9, 3);
    assert_eq!((draw.token, draw.rank, draw.kept), (2, 1, 2));
    assert!((draw.model - 0.3).abs() < 1e-6 && (draw.after - 1.0 / 3.0).abs() < 1e-6);
    assert_eq!(
        draw.top.iter().map(|r| (r.token, r.after.is_some())).collect::<Vec<_>>(),
        [(1, true), (2, true), (0, false)]
    );
}

#[test]
fn a_draw_of_what_the_model_all_but_excludes_keeps_the_logarithm() {
    let row = [0.0, -150.0, f32::NEG_INFINITY];
    let mut it = Distribution::new(&row, &after(&[]), &raw()).unwrap();
    let draw = it.draw(&row, Picked { token: 1, p: 1.0, rank: 0 }, 0.5, 0);
    assert!(draw.model == 0.0 && (draw.log_p() + 150.0).abs() < 1e-3, "{draw:?}");
    let written = serde_json::to_string(&draw).unwrap();
    assert_eq!(serde_json::from_str::<Draw>(&written).unwrap(), draw);
    // A common one is written as before, and an older transcript has nothing but the probability.
    let common = it.draw(&row, Picked { token: 0, p: 1.0, rank: 0 }, 0.5, 0);
    assert!(common.log_model.is_none() && !serde_json::to_string(&common).unwrap().contains("log_model"));
    assert!(Draw { log_model: None, ..draw }.log_p().is_finite());
}

#[test]
fn a_temperature_next_to_nothing_is_greedy_and_no_number_breaks() {
    let settings = Settings { temperature: 1e-38, ..raw() };
    let mut it = Distribution::new(&[-104.0, -101.0, -108.0], &after(&[]), &settings).unwrap();
    assert_eq!((it.pick(0.999).token, it.pick(0.999).p), (1, 1.0));
    assert!(it.entropy().abs() < 1e-9);
}

#[test]
fn broken_scores_are_errors() {
    let new = |row: &[f32]| Distribution::new(row, &after(&[]), &raw()).map(|_| ());
    assert!(matches!(new(&[0.0, f32::NAN]), Err(SampleError::NotFinite { token: 1, .. })));
    assert!(matches!(new(&[f32::INFINITY]), Err(SampleError::NotFinite { token: 0, .. })));
    assert_eq!(new(&[f32::NEG_INFINITY; 3]), Err(SampleError::NoCandidates));
    assert_eq!(new(&[]), Err(SampleError::NoCandidates));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_finite_scores_and_any_settings_in_range_give_a_token(
        row in proptest::collection::vec(-1e4_f32..1e4, 1..200),
        temperature in 0.0_f32..100.0, top_k in 0_u32..300, top_p in 0.0_f32..=1.0, min_p in 0.0_f32..=1.0,
        repeat_penalty in 0.01_f32..100.0, typical_p in 0.0_f32..=1.0, top_n_sigma in 0.0_f32..5.0,
        xtc_threshold in 0.0_f32..0.6, dynatemp_range in 0.0_f32..3.0, frequency_penalty in -2.0_f32..2.0, hf in proptest::bool::ANY, coin in 0.0_f64..1.0,
    ) {
        let order = if hf { Order::HuggingFace } else { Order::LlamaCpp };
        let more = Settings { frequency_penalty, top_n_sigma, typical_p, xtc_threshold, dynatemp_range, ..raw() };
        let settings =
            Settings { temperature, top_k, top_p, min_p, repeat_penalty, order, xtc_probability: 0.5, ..more };
        let mut it = Distribution::new(&row, &after(&[0, 1, 2]), &settings).unwrap();
        let picked = it.pick(coin);
        proptest::prop_assert!((picked.token as usize) < row.len());
        proptest::prop_assert!(picked.p > 0.0 && picked.p <= 1.0 + 1e-9);
        let sum: f64 = it.rows(&row, row.len()).iter().filter_map(|r| r.after).map(f64::from).sum();
        proptest::prop_assert!((sum - 1.0).abs() < 1e-3, "{}", sum);
    }
}
