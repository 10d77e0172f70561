use std::time::Duration;

use super::*;

#[test]
fn a_transcript_has_a_date_whatever_the_clock_says() {
    const YEAR: Duration = Duration::from_secs(31_556_952);
    let epoch = SystemTime::UNIX_EPOCH;
    let zones = [-25, 0, 25].map(|hours| TimeZone::fixed(jiff::tz::offset(hours)));
    for (now, year) in [
        (epoch - 50 * YEAR, "19"),
        (epoch - Duration::from_secs(1), "19"),
        (epoch + 56 * YEAR, "202"),
        (epoch + 8_000 * YEAR, "99"),
        (epoch + 8_030 * YEAR, "9999"),
        (epoch + 200_000 * YEAR, "9999"),
        (epoch + Duration::from_secs(i64::MAX as u64), "9999"),
    ] {
        for zone in &zones {
            let Header { id, created, .. } = header_at(now, zone.clone());
            assert!(id.starts_with(year) && id.len() == "YYYYMMDD-HHMMSS".len(), "{now:?}: {id}");
            assert!(created >= 0);
        }
    }
}
