use super::share;

/// What is told of a bound is true: never above it, and near 1 not far below.
#[test]
fn a_share_is_rounded_down_with_the_digits_that_it_needs() {
    for (value, expected) in [
        (0.0, "0"),
        (1.7e-5, "1e-5"),
        (9.99e-4, "9e-4"),
        (0.25, "0.250"),
        (0.9019, "0.901"),
        (0.999_96, "0.99996"),
        (0.999_999_999_99, "0.999999999"),
        (1.0, "1"),
    ] {
        let told = share(value);
        assert_eq!(told, expected);
        assert!(told.parse::<f64>().unwrap() <= value);
    }
}
