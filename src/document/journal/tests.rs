use super::super::{Document, JournalError, read_journal, tests::draw};
use super::*;
use crate::assets;
use crate::sample::GENERATOR;

fn sample() -> (Vec<Record>, Vec<u8>, Vec<usize>) {
    let header = Header { version: 1, id: "t".into(), created: 5, program: "megachat 0".into() };
    let mut records = vec![
        Record::Header(header),
        Record::Model {
            name: "demo".into(),
            sha256: "00".into(),
            dtype: "f32".into(),
            arithmetic: 1,
            device: "cpu".into(),
            driver: None,
            generator: GENERATOR.into(),
            vocabulary: Some(assets::vocabulary().record()),
            path: None,
        },
        Record::Settings { settings: Settings::default() },
        Record::Typed { first: 0, parent: None, tokens: vec![1, 2], chosen: false },
    ];
    for node in 2..18 {
        records.push(Record::Drawn { first: node, parent: Some(node - 1), draws: vec![draw(node + 7)] });
    }
    records.push(Record::Stopped { reason: "stopped".into() });
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for (n, record) in (0..).zip(&records) {
        bytes.extend(encode_line(n, record).unwrap().into_bytes());
        ends.push(bytes.len());
    }
    (records, bytes, ends)
}

#[test]
fn every_prefix_keeps_every_whole_record() {
    let (records, bytes, ends) = sample();
    for cut in 0..=bytes.len() {
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let read = read_journal(&bytes[..cut]);
        if whole == 0 {
            assert_eq!(read, Err(JournalError::NoLine), "cut at {cut}");
            continue;
        }
        let read = read.unwrap();
        assert_eq!(read.records, records[1..whole], "cut at {cut}");
        assert_eq!((read.next, read.faults.damaged), (whole as u64, 0));
        assert_eq!(read.torn, (ends[whole - 1] < cut).then_some(ends[whole - 1]..cut));
    }
}

#[test]
fn a_flipped_bit_costs_its_line_and_no_other() {
    let (records, bytes, ends) = sample();
    for line in 1..records.len() {
        let mut bytes = bytes.clone();
        // In the record's own bytes, before the closing braces.
        bytes[ends[line] - 5] ^= 1;
        let read = read_journal(&bytes).unwrap();
        assert_eq!((read.faults.damaged, read.records.len()), (1, records.len() - 2), "line {line}");
    }
}

#[test]
fn zeros_and_glued_lines_are_survived() {
    let (records, bytes, ends) = sample();
    let mut zeros = bytes[..ends[3]].to_vec();
    zeros.extend([0; 512]);
    zeros.extend(&bytes[ends[3]..]);
    assert_eq!(read_journal(&zeros).unwrap().records, records[1..]);
    let mut glued = bytes.clone();
    glued.remove(ends[4] - 1);
    let read = read_journal(&glued).unwrap();
    assert_eq!((read.faults.damaged, read.records.len()), (1, records.len() - 3));
}

#[test]
fn what_older_programs_wrote_is_read() {
    for (old, expected) in [
        (
            r#"{"kind":"model","name":"demo","sha256":"00","dtype":"q8","device":"cpu"}"#,
            Record::Model {
                name: "demo".into(),
                sha256: "00".into(),
                dtype: "q8".into(),
                arithmetic: 0,
                device: "cpu".into(),
                driver: None,
                generator: String::new(),
                vocabulary: None,
                path: None,
            },
        ),
        (
            r#"{"kind":"drawn","first":3,"parent":2,"draws":[],"batch":{"width":2,"column":1,"before":0}}"#,
            Record::Drawn { first: 3, parent: Some(2), draws: Vec::new() },
        ),
        (r#"{"kind":"reread","first":3}"#, Record::Read),
        (r#"{"kind":"read-to","node":9}"#, Record::Read),
    ] {
        assert_eq!(serde_json::from_str::<Record>(old).unwrap(), expected);
    }
}

#[test]
fn what_is_no_transcript_is_refused() {
    assert_eq!(read_journal(b""), Err(JournalError::NoLine));
    assert_eq!(read_journal(b"hello\n"), Err(JournalError::NoLine));
    let header = Header { version: 2, id: "t".into(), created: 0, program: String::new() };
    let line = encode_line(0, &Record::Header(header)).unwrap();
    assert_eq!(read_journal(line.as_bytes()), Err(JournalError::Version { found: 2 }));
}

#[test]
fn a_document_read_back_is_the_document_that_was_written() {
    let (records, bytes, _) = sample();
    let (mut live, mut read) = (Document::default(), Document::default());
    for record in &records {
        live.apply(record);
    }
    for record in &read_journal(&bytes).unwrap().records {
        read.apply(record);
    }
    assert_eq!(live, read);
    assert_eq!(read.len(), 18);
}
