use super::*;

#[test]
fn every_token_but_the_first_is_scored_once_and_sees_what_was_promised() {
    for (length, capacity) in [(0, 8), (1, 8), (2, 8), (8, 8), (9, 8), (10, 8), (100, 8), (1000, 64), (5, 1)] {
        for overlap in [0, 1, 4, 7, 8, 99] {
            let windows = windows(length, capacity, overlap);
            let mut next = 1;
            for (index, it) in windows.iter().enumerate() {
                assert_eq!(it.scored, next, "{length} {capacity} {overlap}");
                assert!(it.read.len() <= capacity.max(2) && it.scored > it.read.start);
                let promised = if index == 0 { 1 } else { overlap.clamp(1, capacity.max(2) - 1) };
                assert!(it.scored - it.read.start >= promised, "{length} {capacity} {overlap}: {windows:?}");
                next = it.read.end;
            }
            assert_eq!(next, length.max(1), "{length} {capacity} {overlap}: {windows:?}");
        }
    }
}
