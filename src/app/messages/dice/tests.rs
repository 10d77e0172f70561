use super::*;

#[test]
fn a_border_near_the_value_that_is_set_is_told_from_it() {
    for (border, set, expected) in
        [(0.687_31, 0.7, "0.687"), (0.700_04, 0.7, "0.70004"), (0.699_8, 0.7, "0.6998"), (1.2, 0.7, "1.200")]
    {
        assert_eq!(apart(border, set, 3), expected);
    }
}
