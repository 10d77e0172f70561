use super::*;

#[test]
fn a_row_concerns_the_program_and_the_verbs_it_names() {
    let of_replay = STATUSES.iter().find(|it| it.name == "8").unwrap();
    assert!(of_replay.concerns(None) && of_replay.concerns(Some("replay")) && !of_replay.concerns(Some("score")));
    assert!(STATUSES[0].concerns(Some("config-path")));
    assert!(examples(Some("config-path")).is_empty());
    assert_eq!(examples(Some("replay")).len(), 1);
    assert_eq!(examples(None), EXAMPLES);
}

#[test]
fn statuses_are_numbers_in_order() {
    let numbers: Vec<u8> = STATUSES.iter().map(|it| it.name.parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
}
