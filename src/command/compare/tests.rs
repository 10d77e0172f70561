use super::name_and_precision;
use crate::model::Precision;

#[test]
fn a_precision_may_stand_behind_a_name() {
    assert_eq!(name_and_precision("megatron-345m:q8"), ("megatron-345m", Some(Precision::Q8)));
    assert_eq!(name_and_precision("a:b"), ("a:b", None));
    assert_eq!(name_and_precision("C:\\models:f32"), ("C:\\models", Some(Precision::F32)));
}
