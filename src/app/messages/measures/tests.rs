use super::{least, most};

/// What is told of a bound is true whichever side it bounds, and near 0 and 1 not far from it.
#[test]
fn a_bound_is_rounded_to_the_side_on_which_it_is_true() {
    for (value, low, high) in [
        (0.0, "0", "0"),
        (1.7e-5, "1e-5", "2e-5"),
        (9.96e-4, "9e-4", "1e-3"),
        (0.25, "0.250", "0.250"),
        (0.0129, "0.012", "0.013"),
        (0.999_96, "0.99996", "0.99996"),
        (0.999_962, "0.99996", "0.99997"),
        (0.999_999_999_99, "0.99999", "1.00000"),
        (1.0, "1", "1"),
    ] {
        assert_eq!((&*least(value), &*most(value)), (low, high));
        let read = |it: String| it.parse::<f64>().unwrap();
        assert!(read(least(value)) <= value && read(most(value)) >= value);
    }
}
