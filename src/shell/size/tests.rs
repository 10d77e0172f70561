use super::*;

#[test]
fn a_size_that_cannot_be_is_made_one_that_can() {
    for (said, drawn) in [
        ((80, 24), (80, 24)),
        ((1, 1), (1, 1)),
        ((0, 0), (80, 24)),
        ((0, 50), (80, 50)),
        ((65_535, 65_535), (MOST_COLUMNS, MOST_ROWS)),
        ((5_000, 10), (MOST_COLUMNS, 10)),
        ((500, 300), (500, 300)),
    ] {
        assert_eq!(sane(said.0, said.1), drawn, "{said:?}");
    }
}
