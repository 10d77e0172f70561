use super::super::Order;
use super::super::TokenConstraints;
use super::*;

fn raw() -> Settings {
    Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, ..Settings::default() }
}

fn logits(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln()).collect()
}

fn drawn(logits: &[f32], settings: &Settings, die: f64) -> TokenId {
    Distribution::new(logits, &Context::new(&[], &TokenConstraints::NONE), settings).unwrap().pick(die).token
}

#[test]
fn flips_against_worked_numbers() {
    // p = .4 .3 .2 .1 and the die .65: the sums are .4 .7 .9 1, so the second token.
    let row = logits(&[0.4, 0.3, 0.2, 0.1]);
    let (settings, die) = (raw(), 0.65);
    assert_eq!(drawn(&row, &settings, die), 1);
    for (parameter, above, expected) in [
        // Squeezed to the power 1/T: .4 / (.4 + .3 + .2 + .1) reaches .65 at 1/T = 3.10774.
        (Parameter::Temperature, false, Some((0.32178, 0))),
        // The first two together come down to .65 at 1/T = 0.71936.
        (Parameter::Temperature, true, Some((1.39013, 2))),
        // Two are kept down to top-p .4 (exclusive), then one: and .4 / .7 = .5714 < .65 all the way down to there.
        (Parameter::TopP, false, Some((0.4, 0))),
        (Parameter::TopP, true, None),
        (Parameter::TopK, false, Some((1.0, 0))),
        (Parameter::TopK, true, None),
        // Three are left from .25 on: .4/.9 = .44, .7/.9 = .78, the same; two from .5 on: .571, the same; one over .75.
        (Parameter::MinP, true, Some((0.75, 0))),
        (Parameter::MinP, false, None),
    ] {
        let found = flip(&row, &Context::new(&[], &TokenConstraints::NONE), &settings, die, 1, (parameter, above));
        assert_eq!(found.map(|it| it.token), expected.map(|it| it.1), "{parameter:?} {above}");
        if let (Some(found), Some((value, _))) = (found, expected) {
            assert!(
                (found.beyond - value).abs() <= parameter.flips().unwrap().grain * 1.01,
                "{parameter:?} {above}: {found:?}"
            );
        }
    }
}

proptest::proptest! {
    /// Just below and just above, the draw is made again.
    #[test]
    fn on_either_side_of_a_flip_the_draw_is_as_told(
        scores in proptest::collection::vec(-6.0_f32..6.0, 2..300),
        temperature in 0.2_f32..2.0, top_p in 0.3_f32..1.0, min_p in 0.0_f32..0.2, top_k in 0_u32..60,
        hugging_face: bool, die in 0.0_f64..1.0,
    ) {
        let order = if hugging_face { Order::HuggingFace } else { Order::LlamaCpp };
        let settings = Settings { temperature, top_k, top_p, min_p, order, ..raw() };
        let token = drawn(&scores, &settings, die);
        for parameter in Parameter::flippable() {
            for above in [false, true] {
                let Some(flip) = flip(&scores, &Context::new(&[], &TokenConstraints::NONE), &settings, die, token, (parameter, above)) else { continue };
                proptest::prop_assert_eq!(drawn(&scores, &parameter.at(&settings, flip.same), die), token);
                proptest::prop_assert_eq!(drawn(&scores, &parameter.at(&settings, flip.beyond), die), flip.token);
                proptest::prop_assert!(flip.token != token);
                proptest::prop_assert!((flip.same - flip.beyond).abs() <= parameter.flips().unwrap().grain);
                proptest::prop_assert_eq!(above, flip.beyond > parameter.flip_value(&settings, parameter.flips().unwrap(), scores.len()));
            }
        }
    }
}
