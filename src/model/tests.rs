use super::rest;

#[test]
fn what_the_likeliest_leave_is_the_rest() {
    let row = [0.5_f32.ln(), f32::NEG_INFINITY, 0.25_f32.ln(), f32::NEG_INFINITY];
    assert!((rest(&row) - 0.25).abs() < 1e-6);
    assert_eq!(rest(&[0.0]), 0.0);
}
