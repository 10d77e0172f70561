use super::*;

#[test]
fn waits_double_up_to_the_longest() {
    let limits = Limits::default();
    let caps: Vec<f64> = (1..=8).map(|failures| backoff(failures, &limits, 1.0).as_secs_f64()).collect();
    assert_eq!(caps, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    assert_eq!(backoff(5, &limits, 0.0), Duration::ZERO);
    assert_eq!(backoff(5, &limits, 0.25), Duration::from_secs(2));
    assert_eq!(backoff(u32::MAX, &limits, 1.0), limits.longest_wait);
}

#[test]
fn coins_are_in_range_and_differ() {
    let coins: Vec<f64> = (0..100).map(|_| coin()).collect();
    assert!(coins.iter().all(|coin| (0.0..1.0).contains(coin)));
    assert!(coins.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01));
}

#[test]
fn retry_after_in_both_forms() {
    let now = 1_700_000_000; // 2023-11-14 22:13:20 UTC
    for (value, seconds) in [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
        ("Tue, 14 Nov 2023 22:13:00 GMT", Some(0)),
        ("soon", None),
        ("-3", None),
        ("", None),
    ] {
        assert_eq!(parse_retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
    }
}

#[test]
fn the_floor_breaks_on_a_trickle_only() {
    let limits = Limits { floor_rate: 10, floor_window: Duration::from_secs(2), ..Limits::default() };
    let start = Instant::now();
    let mut floor = Floor::new(&limits, start);
    assert!(!floor.is_broken(0, start + Duration::from_secs(1)));
    assert!(!floor.is_broken(20, start + Duration::from_secs(2)));
    assert!(floor.is_broken(19, start + Duration::from_secs(4)));
}

#[test]
fn speed_follows_the_bytes_and_the_ticker_holds_back() {
    let start = Instant::now();
    let mut speed = Speed::new(start);
    speed.add(1000);
    let measured = speed.measure(start + Duration::from_secs(1));
    assert!((measured - 1000.0).abs() < 1e-6);
    let stalled = speed.measure(start + Duration::from_secs(10));
    assert!(stalled < 100.0, "{stalled}");

    let mut ticker = Ticker::new(Duration::from_millis(100));
    assert!(ticker.is_due(start));
    assert!(!ticker.is_due(start + Duration::from_millis(99)));
    assert!(ticker.is_due(start + Duration::from_millis(100)));
}
