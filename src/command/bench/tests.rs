use super::*;

#[test]
fn weights_that_are_read_faster_than_memory_lie_in_the_cache() {
    let machine = |cache| Machine { threads: 1, peak: None, bandwidth: 20e9, cache };
    for (cache, weight_bytes, moved, expected) in [
        (None, 13_000_000, 43e9, true),
        (None, 13_000_000, 15e9, false),
        (Some(32 << 20), 13_000_000, 15e9, true),
        (Some(32 << 20), 360_000_000, 15e9, false),
        (Some(32 << 20), 360_000_000, 21e9, true),
    ] {
        assert_eq!(machine(cache).caches(weight_bytes, moved), expected, "{cache:?} {weight_bytes} {moved}");
    }
}
