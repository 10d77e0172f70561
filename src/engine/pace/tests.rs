use super::*;

#[test]
fn tokens_come_at_the_pace_or_at_once() {
    let mut pace = Pace::default();
    let begun = Instant::now();
    for _ in 0..6 {
        pace.rest(100.0, || true);
    }
    // The first is there at once, five more follow by a hundredth of a second each.
    assert!(begun.elapsed() >= Duration::from_millis(50), "{:?}", begun.elapsed());
    // Slower than anybody waits for, but nobody waits.
    let mut asked = 0;
    let begun = Instant::now();
    pace.rest(1e-30, || {
        asked += 1;
        asked < 3
    });
    pace.rest(0.0, || panic!("without a pace nobody is asked"));
    assert!(asked == 3 && begun.elapsed() < Duration::from_secs(30));
}
