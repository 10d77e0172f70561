use super::date;

#[test]
fn a_time_outside_of_the_calendar_is_not_given_a_date() {
    for milliseconds in [i64::MIN, i64::MAX, i64::MAX / 2] {
        assert_eq!(date(milliseconds), "at no known time");
    }
    assert!(date(-1).starts_with("19") && date(253_402_000_000_000).starts_with("9999-"));
}
