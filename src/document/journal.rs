//! The journal: a transcript as lines that can be appended, and read back after anything.
//!
//! One JSON object a line, `{"n":3,"crc":"90ab12cd","r":{...}}`: a running number, the CRC-32 of the record's own bytes, the
//! record. A torn last line is what a killed process leaves and is reported apart; a damaged line in the middle is
//! skipped and counted. No file is touched here.

use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::NodeId;
use crate::TokenId;
use crate::sample::{Draw, Settings};
use crate::text::vocabulary::VocabularyRecord;

/// What a transcript starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of this format, 1.
    pub version: u32,
    /// The transcript's name, also that of its file.
    pub id: String,
    /// When it was begun, in milliseconds since 1970, UTC.
    pub created: i64,
    /// The program and its version.
    pub program: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// The first line.
    Header(Header),
    /// The model that draws from here on.
    Model {
        /// The name it is installed under, or that of its directory.
        name: String,
        /// SHA-256 of its weights, hexadecimal; empty if unknown.
        sha256: String,
        /// The precision it runs in.
        dtype: String,
        /// The number of its arithmetic, [`crate::model::Model::arithmetic`]; older transcripts do not say it.
        #[serde(default)]
        arithmetic: u32,
        /// Where it runs.
        device: String,
        /// What makes the dice, [`crate::sample::GENERATOR`]; older transcripts do not say it, and have the same.
        #[serde(default)]
        generator: String,
        /// Its vocabulary; older transcripts do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vocabulary: Option<VocabularyRecord>,
        /// Where it lies, if it is not an installed one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    },
    /// The settings that hold from here on.
    Settings {
        /// Every setting, also those that did not change.
        settings: Settings,
    },
    /// Tokens a person wrote.
    Typed {
        /// The number of the first one.
        first: NodeId,
        /// What they follow.
        parent: Option<NodeId>,
        /// Each follows the one before.
        tokens: Vec<TokenId>,
        /// Whether they were chosen as tokens, and not written as text: then the last of them is no half word.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chosen: bool,
    },
    /// Tokens the model drew.
    Drawn {
        /// The number of the first one.
        first: NodeId,
        /// What they follow.
        parent: Option<NodeId>,
        /// Each follows the one before.
        draws: Vec<Draw>,
    },
    /// The text now ends here.
    Tip {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// A person does something: all that follows is undone in one step, until there is the next of these.
    Deed,
    /// The last deed is undone: the text ends here again. The settings of then follow, if they were others.
    Undo {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// What was undone last is done again: the text ends here.
    Redo {
        /// Its last node; none for the empty text.
        node: Option<NodeId>,
    },
    /// A place is marked, or no longer.
    Bookmark {
        /// The node that is marked.
        node: NodeId,
        /// Whether it is marked.
        on: bool,
    },
    /// How the model read the text. Older programs noted it, whose scores depended on it; it says nothing of the text.
    #[serde(rename = "reread", alias = "read-to")]
    Read,
    /// A continuation ended.
    Stopped {
        /// Why, in a word or two.
        reason: String,
    },
}

/// A journal as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// The first line.
    pub header: Header,
    /// All others, in order.
    pub records: Vec<Record>,
    /// The number the next line gets.
    pub next: u64,
    /// How many lines in the middle could not be read.
    pub damaged: usize,
    /// The bytes after the last whole line, if any: a write that was cut short.
    pub torn: Option<Range<usize>>,
}

/// Why a file is no journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// There is no readable first line.
    #[error("it does not begin with a transcript's header")]
    NoHeader,
    /// It was written by a later program.
    #[error("it is of version {found}; this program reads version 1")]
    Version {
        /// What its header says.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    n: u64,
    crc: &'a str,
    #[serde(borrow)]
    r: &'a RawValue,
}

/// The line for a record, with its line feed.
///
/// # Errors
///
/// None in practice: every record can be written as JSON. The error is the library's.
pub fn encode_line(n: u64, record: &Record) -> Result<String, serde_json::Error> {
    let r = serde_json::value::to_raw_value(record)?;
    let crc = format!("{:08x}", crc32fast::hash(r.get().as_bytes()));
    let mut line = serde_json::to_string(&Line { n, crc: &crc, r: &r })?;
    line.push('\n');
    Ok(line)
}

/// Reads a journal, whatever happened to it after its first line.
///
/// # Errors
///
/// If it has no header of version 1.
pub fn read_journal(bytes: &[u8]) -> Result<Journal, JournalError> {
    let mut header = None;
    let mut records = Vec::new();
    let (mut next, mut damaged, mut start) = (0, 0, 0);
    while let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[start..start + length];
        start += length + 1;
        match decode_line(line) {
            Some((n, record)) => {
                next = next.max(n + 1);
                match record {
                    Record::Header(it) if header.is_none() => header = Some(it),
                    it => records.push(it),
                }
            }
            None => damaged += 1,
        }
    }
    let header = header.ok_or(JournalError::NoHeader)?;
    if header.version != 1 {
        return Err(JournalError::Version { found: header.version });
    }
    let torn = (start < bytes.len()).then_some(start..bytes.len());
    Ok(Journal { header, records, next, damaged, torn })
}

fn decode_line(line: &[u8]) -> Option<(u64, Record)> {
    // After a loss of power a file may hold blocks of zeros before the next line.
    let zeros = line.iter().take_while(|&&byte| byte == 0).count();
    let line: Line = serde_json::from_slice(&line[zeros..]).ok()?;
    let crc = format!("{:08x}", crc32fast::hash(line.r.get().as_bytes()));
    if crc != line.crc {
        return None;
    }
    Some((line.n, serde_json::from_str(line.r.get()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::{Document, tests::draw};
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
                assert_eq!(read, Err(JournalError::NoHeader), "cut at {cut}");
                continue;
            }
            let read = read.unwrap();
            assert_eq!(read.records, records[1..whole], "cut at {cut}");
            assert_eq!((read.next, read.damaged), (whole as u64, 0));
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
            assert_eq!((read.damaged, read.records.len()), (1, records.len() - 2), "line {line}");
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
        assert_eq!((read.damaged, read.records.len()), (1, records.len() - 3));
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
        assert_eq!(read_journal(b""), Err(JournalError::NoHeader));
        assert_eq!(read_journal(b"hello\n"), Err(JournalError::NoHeader));
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
}
