use super::super::TokenConstraints;
use super::*;

#[test]
fn a_draw_comes_out_again_and_a_changed_one_does_not() {
    let logits: Vec<f32> = [0.1_f32, 0.6, 0.3].iter().map(|p| p.ln()).collect();
    let settings = Settings { temperature: 1.0, top_p: 1.0, repeat_penalty: 1.0, seed: 5, ..Settings::default() };
    let constraints = TokenConstraints::NONE;
    let context = Context::new(&[0, 1], &constraints);
    let first = redraw(&logits, &context, &settings, 0);
    let recorded = first.draw.unwrap();
    let again = redraw(&logits, &context, &settings, recorded.token);
    assert!(again.is_same(&recorded) && again.is_same_die(&recorded));
    assert!(again.difference(&recorded) < 1e-6 && again.difference_after(&recorded) < 1e-6);
    let other = redraw(&logits, &context, &Settings { seed: 6, ..settings.clone() }, recorded.token);
    assert!(!other.is_same_die(&recorded));
    let changed = Draw { model: recorded.model + 0.1, ..recorded.clone() };
    assert!((again.difference(&changed) - 0.1).abs() < 1e-6);
    // A token that the samplers cut, one that there is not, and scores that are none.
    let greedy = Settings { temperature: 0.0, ..settings.clone() };
    let cut = redraw(&logits, &context, &greedy, 0);
    assert!((cut.difference_after(&Draw { token: 0, after: 0.4, ..recorded.clone() }) - 0.4).abs() < 1e-6);
    assert!((redraw(&logits, &context, &settings, 3).difference(&recorded) - 1.0).abs() < 1e-6);
    let nothing = redraw(&[f32::NAN; 3], &context, &settings, 0);
    assert!(!nothing.is_same(&recorded) && nothing.difference(&recorded) > 0.9);
}
