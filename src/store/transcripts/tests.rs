use std::time::Duration;

use super::super::appender::Appender;
use super::*;
use crate::document::{Header, Record};

fn header(id: &str) -> Header {
    Header { version: 1, id: id.into(), created: 0, program: "test".into() }
}

#[test]
fn names_may_be_shortened_while_they_are_unique() {
    let home = tempfile::tempdir().unwrap();
    for id in ["20260101-a", "20260101-b", "20260202-c"] {
        Appender::create(home.path(), &header(id)).unwrap();
    }
    assert_eq!(resolve(home.path(), "202602").unwrap(), "20260202-c");
    assert_eq!(resolve(home.path(), "latest").unwrap(), "20260202-c");
    assert!(matches!(resolve(home.path(), "202601"), Err(TranscriptError::Ambiguous { .. })));
    assert!(matches!(resolve(home.path(), ""), Err(TranscriptError::Unknown { .. })));
    assert_eq!(ids(home.path()).unwrap(), ["20260202-c", "20260101-b", "20260101-a"]);
}

#[test]
fn a_transcript_whose_first_line_is_damaged_is_told_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let mut it = Appender::create(home.path(), &header("20260203-040506")).unwrap();
    it.append(&Record::Typed { first: 0, parent: None, tokens: vec![7], chosen: false }).unwrap();
    let path = it.path().to_owned();
    drop(it);
    for at in 0..40 {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 1;
        let journal = journal_in(&path, &bytes).unwrap();
        assert!(!journal.faults.is_sound() && replay(&journal).tokens() == [7], "{at}");
        // The number alone is no reason to doubt the rest.
        if !journal.faults.header {
            assert_eq!(at, r#"{"n":"#.len());
            continue;
        }
        assert_eq!(journal.header.id, "20260203-040506");
        let created = jiff::Timestamp::from_millisecond(journal.header.created).unwrap();
        let created = created.to_zoned(jiff::tz::TimeZone::system());
        assert_eq!(created.strftime("%Y%m%d-%H%M%S").to_string(), journal.header.id);
    }
}

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
