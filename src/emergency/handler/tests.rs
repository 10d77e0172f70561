use super::*;

#[test]
fn numbers_are_written_without_memory() {
    for number in [0, 7, 10, 123_456_789, usize::MAX] {
        assert_eq!(decimal(number, &mut [0; 20]), number.to_string());
    }
}

#[test]
fn what_no_system_has_is_refused_and_little_is_not() {
    assert!(is_refused(isize::MAX as usize & !0xffff) && !is_refused(TRIAL));
}

#[test]
fn a_transcript_is_only_spoken_of_where_there_is_one() {
    assert_eq!(transcript(0), "");
    assert!(transcript(3).contains("not in a transcript"));
}
