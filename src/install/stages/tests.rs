use super::*;

#[test]
fn a_download_is_one_honest_line() {
    let stage_at = |total, rate| install::Stage::Downloading { source: 2, of: 3, done: 341_000_000, total, rate };
    assert_eq!(stage(&stage_at(Some(723_000_000), 18.2e6)), "source 2 of 3: 341 MB of 723 MB  18 MB/s  ETA 21.0 s");
    assert_eq!(stage(&stage_at(None, 0.0)), "source 2 of 3: 341 MB  0 B/s");
    assert_eq!(progress(&stage_at(None, 0.0)), None);
}
