use super::*;
use crate::memory::Limit;

#[test]
fn a_model_that_does_not_fit_is_refused_with_need_have_and_what_would_fit() {
    let need = |it: Precision| Some(if it == Precision::Q4 { 60_000_000 } else { 100_000_000 });
    let have = |bytes| Some(Memory { bytes, limit: Limit::Group });
    assert_eq!(fits(&need, have(100_000_000), "m", Precision::Q8), Ok(()));
    assert_eq!(fits(&need, None, "m", Precision::Q8), Ok(()), "nobody says what there is");
    assert_eq!(fits(&|_| None, have(1), "m", Precision::Q8), Ok(()), "a device with memory of its own");
    let Err(Failure::NoMemory(said)) = fits(&need, have(99_999_999), "m", Precision::Q8) else { panic!() };
    assert_eq!(
        said,
        "there is not enough memory for m: with a full context it takes 100 MB in q8, and 99 MB are left under the limit \
             of this container (cgroup); in q4 it would fit (--dtype q4)"
    );
    let Err(Failure::NoMemory(said)) = fits(&need, have(1_000_000), "m", Precision::Q4) else { panic!() };
    assert!(
        said.ends_with("takes 60 MB in q4, and 1 MB are left under the limit of this container (cgroup)"),
        "{said}"
    );
}
