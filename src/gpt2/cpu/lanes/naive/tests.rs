use super::*;

#[test]
fn every_half_is_the_float_it_should_be() {
    for bits in 0..=u16::MAX {
        let (found, expected) = (float_of_half(bits), half::f16::from_bits(bits).to_f32());
        assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()), "{bits:04x}");
    }
}
