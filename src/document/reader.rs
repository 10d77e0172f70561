//! A journal read back, whatever happened to it.
//!
//! What a file says is input like any other. A line that is damaged costs itself and no other, the first one too; lines
//! that are missing, there twice or out of their order are told by their numbers; and what a line says is checked: the
//! numbers of its nodes by how many there are, settings by their ranges, what is known of a draw by what it can be. All of
//! it is told, as [`Faults`].

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

use super::NodeId;
use super::journal::{Header, Line, Record};
use crate::sample::{Draw, Parameter, Settings};
use crate::text::visible_name;

/// The most tokens that all lost lines of a journal together are taken to have held.
pub(super) const WIDEST_GAP: usize = 1 << 20;

/// Numbers of lines from here on are damage: nobody writes so many.
const MOST_LINES: u64 = 1 << 40;

/// How many settings that cannot be are named.
const NAMED: usize = 3;

/// A journal as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// The first line; without an id and a date where that is lost.
    pub header: Header,
    /// All others, in order.
    pub records: Vec<Record>,
    /// The number the next line gets.
    pub next: u64,
    /// What is wrong with it.
    pub faults: Faults,
    /// The bytes after the last whole line, if any: a write that was cut short.
    pub torn: Option<Range<usize>>,
}

/// What is wrong with a journal that can be read nevertheless.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Whether the first line is damaged or missing.
    pub header: bool,
    /// How many lines could not be read, or say what cannot be.
    pub damaged: usize,
    /// How many lines are missing, by the numbers of the others.
    pub missing: u64,
    /// How many lines are there once more; they count once.
    pub repeated: usize,
    /// How many lines have the number of a line that says something else.
    pub doubled: usize,
    /// How many lines stand behind ones of later numbers.
    pub misplaced: usize,
    /// How many draws are recorded with numbers that cannot be; those are brought into their ranges.
    pub draws: usize,
    /// Settings that cannot be, each as a sentence; their defaults are used.
    pub settings: Vec<String>,
}

impl Faults {
    /// Whether the journal is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something is lost or moved that what was drawn later may depend on.
    #[must_use]
    pub fn lose_something(&self) -> bool {
        let Self { header: _, damaged, missing, repeated: _, doubled, misplaced, draws, settings } = self;
        *damaged > 0 || *missing > 0 || *doubled > 0 || *misplaced > 0 || *draws > 0 || !settings.is_empty()
    }
}

impl fmt::Display for Faults {
    /// What is wrong, as parts of a sentence with semicolons; empty for a sound journal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: u64, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 line {one}")),
            n => Some(format!("{n} lines {many}")),
        };
        let parts = [
            self.header.then(|| "the first line, with its date, is damaged or missing".to_owned()),
            count(self.damaged as u64, "is damaged and left out", "are damaged and left out"),
            count(self.missing, "is missing", "are missing"),
            count(self.repeated as u64, "is there twice and counts once", "are there twice and count once"),
            count(self.doubled as u64, "has the number of another", "have the numbers of others"),
            count(self.misplaced as u64, "is out of order", "are out of order"),
            (self.draws > 0).then(|| format!("what is recorded of {} tokens' draws cannot be", self.draws)),
            (!self.settings.is_empty()).then(|| {
                let named = self.settings[..self.settings.len().min(NAMED)].join(", ");
                let more = self.settings.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("settings that cannot be are at their defaults: {named}{more}")
            }),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// Why a file is no journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// No line of it can be read.
    #[error("it is no transcript: not one line of it can be read")]
    NoLine,
    /// It was written by a later program.
    #[error("it is of version {found}; this program reads version 1")]
    Version {
        /// What its header says.
        found: u32,
    },
}

/// Reads a journal, whatever happened to it.
///
/// # Errors
///
/// If no line of it can be read, or it is of another version.
pub fn read_journal(bytes: &[u8]) -> Result<Journal, JournalError> {
    let mut faults = Faults::default();
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        match decode_line(&bytes[start..start + length], &mut faults) {
            Some(it) => lines.push(it),
            None => faults.damaged += 1,
        }
        start += length + 1;
    }
    if lines.is_empty() {
        return Err(JournalError::NoLine);
    }
    let torn = (start < bytes.len()).then_some(start..bytes.len());
    let lines = in_order(lines, &mut faults);
    let next = lines.iter().map(|it| it.0 + 1).max().unwrap_or_default();
    let mut header = None;
    let mut records = Vec::new();
    for (_, record) in lines {
        match record {
            Record::Header(it) if header.is_none() => header = Some(it),
            it => records.push(it),
        }
    }
    faults.header = header.is_none();
    let lost = Header { version: 1, id: String::new(), created: 0, program: "unknown".to_owned() };
    let header = header.unwrap_or(lost);
    if header.version != 1 {
        return Err(JournalError::Version { found: header.version });
    }
    let mut nodes = Nodes::default();
    let before = records.len();
    records.retain(|it| nodes.can_be(it));
    faults.damaged += before - records.len();
    Ok(Journal { header, records, next, faults, torn })
}

/// The lines by their numbers, each once.
fn in_order(lines: Vec<(u64, Record)>, faults: &mut Faults) -> Vec<(u64, Record)> {
    let mut kept: Vec<(u64, Record)> = Vec::with_capacity(lines.len());
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut highest = 0;
    for (n, record) in lines {
        match places.get(&n) {
            Some(&at) if kept[at].1 == record => {
                faults.repeated += 1;
                continue;
            }
            Some(_) => faults.doubled += 1,
            None => _ = places.insert(n, kept.len()),
        }
        faults.misplaced += usize::from(n < highest);
        highest = highest.max(n);
        kept.push((n, record));
    }
    // A number may be damaged itself, for no checksum covers it. So lines change places only where their nodes then follow
    // each other better.
    if faults.misplaced > 0 {
        let mut order: Vec<usize> = (0..kept.len()).collect();
        // Stable: of two lines with one number the first stays the first.
        order.sort_by_key(|&it| kept[it].0);
        if follow_ups(order.iter().map(|&it| &kept[it].1)) > follow_ups(kept.iter().map(|it| &it.1)) {
            kept.sort_by_key(|it| it.0);
        }
    }
    // A line that could not be read had one of the numbers that are not there.
    let absent = (highest + 1).saturating_sub(places.len() as u64);
    faults.missing = absent.saturating_sub(faults.damaged as u64);
    kept
}

/// How many records make nodes just behind those that were there before.
fn follow_ups<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    let (mut count, mut fits) = (0, 0);
    for (first, _, made) in records.filter_map(made) {
        fits += usize::from(first as usize == count);
        count = count.max(first as usize) + made;
    }
    fits
}

/// The first node that a record makes, what it follows, and how many it makes; `None` if it is no such record.
fn made(record: &Record) -> Option<(NodeId, Option<NodeId>, usize)> {
    match record {
        Record::Typed { first, parent, tokens, .. } => Some((*first, *parent, tokens.len())),
        Record::Drawn { first, parent, draws, .. } => Some((*first, *parent, draws.len())),
        _ => None,
    }
}

fn decode_line(line: &[u8], faults: &mut Faults) -> Option<(u64, Record)> {
    // After a loss of power a file may hold blocks of zeros before the next line.
    let zeros = line.iter().take_while(|&&byte| byte == 0).count();
    let line: Line = serde_json::from_slice(&line[zeros..]).ok()?;
    let text = line.r.get();
    let crc = format!("{:08x}", crc32fast::hash(text.as_bytes()));
    if crc != line.crc || line.n >= MOST_LINES {
        return None;
    }
    let mut record = serde_json::from_str(text).ok().or_else(|| settings_one_by_one(text, faults))?;
    match &mut record {
        Record::Settings { settings } => bring_into_range(settings, faults),
        Record::Drawn { draws, .. } => {
            faults.draws += draws.iter_mut().map(|it| usize::from(!make_possible(it))).sum::<usize>();
        }
        _ => {}
    }
    Some((line.n, record))
}

/// Settings of which one cannot be read: the others count.
fn settings_one_by_one(text: &str, faults: &mut Faults) -> Option<Record> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    if value.get("kind") != Some(&Value::from("settings")) {
        return None;
    }
    let Value::Object(fields) = value.get_mut("settings")?.take() else { return None };
    let mut settings = Settings::default();
    for (name, value) in fields {
        // What a later program can set is left out, as everywhere.
        let Some(parameter) = Parameter::ALL.iter().find(|it| it.field() == name) else { continue };
        if let Err(why) = parameter.deserialize(&mut settings, value) {
            tell(faults, &format!("{}: {why}", parameter.name()));
        }
    }
    Some(Record::Settings { settings })
}

/// Puts the default in the place of each value that is out of its range.
fn bring_into_range(settings: &mut Settings, faults: &mut Faults) {
    for parameter in Parameter::ALL {
        if let Err(why) = parameter.check(settings) {
            parameter.copy(&Settings::default(), settings);
            tell(faults, &why.to_string());
        }
    }
}

fn tell(faults: &mut Faults, why: &str) {
    // What was read stands in it.
    let why = visible_name(why);
    if !faults.settings.contains(&why) {
        faults.settings.push(why);
    }
}

/// Brings what is known of a draw into its range; answers whether it was.
fn make_possible(draw: &mut Draw) -> bool {
    let share = |it: &mut f32| replace(it, |it| (0.0..=1.0).contains(&it), 0.0);
    let bits = |it: &mut f32| replace(it, f32::is_finite, 0.0);
    let Draw { token: _, model, after, rank: _, kept: _, die, entropy, mu, begun: _, top } = draw;
    let mut is_sound = share(model) & share(after) & replace(die, |it| (0.0..1.0).contains(&it), 0.0);
    for it in entropy.iter_mut().chain(mu) {
        is_sound &= bits(it);
    }
    for row in top {
        is_sound &= share(&mut row.model) & row.after.as_mut().is_none_or(share);
    }
    is_sound
}

fn replace<T: Copy>(value: &mut T, is_possible: impl Fn(T) -> bool, otherwise: T) -> bool {
    let is_sound = is_possible(*value);
    if !is_sound {
        *value = otherwise;
    }
    is_sound
}

/// How many nodes there are, and how many more lost lines may have held.
struct Nodes {
    count: usize,
    room: usize,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { count: 0, room: WIDEST_GAP }
    }
}

impl Nodes {
    /// Whether what a record says of nodes can be; takes note of those that it makes.
    fn can_be(&mut self, record: &Record) -> bool {
        // A lost line may have made the node.
        let may_be = |node: NodeId| (node as usize) < self.count + self.room;
        match record {
            Record::Tip { node } | Record::Undo { node } | Record::Redo { node } => return node.is_none_or(may_be),
            Record::Bookmark { node, .. } => return may_be(*node),
            _ => {}
        }
        let Some((first, parent, made)) = made(record) else { return true };
        let gap = (first as usize).saturating_sub(self.count);
        let count = self.count + gap + made;
        if gap > self.room || u32::try_from(count).is_err() || parent.is_some_and(|it| it as usize >= self.count + gap)
        {
            return false;
        }
        self.room -= gap;
        self.count = count;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, encode_line, tests::draw};
    use super::*;

    fn header() -> Record {
        Record::Header(Header { version: 1, id: "t".into(), created: 5, program: "megachat 0".into() })
    }

    fn typed(first: u32, parent: Option<u32>, tokens: &[u32]) -> Record {
        Record::Typed { first, parent, tokens: tokens.to_vec(), chosen: false }
    }

    fn sample() -> Vec<Record> {
        let each = (0..6).map(|it: u32| typed(it, it.checked_sub(1), &[it + 10]));
        std::iter::once(header()).chain(each).collect()
    }

    fn lines(records: &[Record]) -> Vec<String> {
        (0..).zip(records).map(|(n, it)| encode_line(n, it).unwrap()).collect()
    }

    /// A line with any record, the checksum of which is right.
    fn line(n: u64, record: &str) -> String {
        format!("{{\"n\":{n},\"crc\":\"{:08x}\",\"r\":{record}}}\n", crc32fast::hash(record.as_bytes()))
    }

    fn read(lines: &[String]) -> Journal {
        read_journal(lines.concat().as_bytes()).unwrap()
    }

    fn tokens(journal: &Journal) -> Vec<u32> {
        let mut document = Document::default();
        journal.records.iter().for_each(|it| document.apply(it));
        document.tokens()
    }

    #[test]
    fn a_first_line_that_is_damaged_or_missing_hides_nothing() {
        let whole = lines(&sample());
        for first in ["", "rubbish\n", "\n", &whole[0].replacen('t', "u", 1), "\u{feff}{}\n"] {
            let mut lines = whole.clone();
            first.clone_into(&mut lines[0]);
            let journal = read(&lines);
            assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15], "{first:?}");
            assert_eq!((journal.next, journal.header.version), (7, 1));
            assert!(journal.faults.header && journal.faults.to_string().contains("first line"), "{first:?}");
        }
    }

    #[test]
    fn lines_that_are_missing_double_or_out_of_order_are_told_and_read_in_their_order() {
        let whole = lines(&sample());
        assert!(read(&whole).faults.is_sound());
        let mut missing = whole.clone();
        missing.drain(3..5);
        let journal = read(&missing);
        assert_eq!(tokens(&journal), [10, 11, 14, 15]);
        assert_eq!(journal.faults, Faults { missing: 2, ..Faults::default() });
        assert_eq!(journal.faults.to_string(), "2 lines are missing");

        let mut twice = whole.clone();
        twice.insert(4, whole[2].clone());
        let journal = read(&twice);
        assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15]);
        assert_eq!(journal.faults, Faults { repeated: 1, ..Faults::default() });

        let mut moved = whole.clone();
        moved.swap(2, 5);
        let journal = read(&moved);
        assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15]);
        assert_eq!((journal.faults.misplaced > 0, journal.faults.missing, journal.next), (true, 0, 7));

        let mut other = whole.clone();
        other.insert(3, encode_line(2, &typed(1, Some(0), &[99])).unwrap());
        assert_eq!(read(&other).faults, Faults { doubled: 1, ..Faults::default() });

        let mut damaged = whole.clone();
        damaged[3] = "rubbish\n".to_owned();
        assert_eq!(read(&damaged).faults, Faults { damaged: 1, ..Faults::default() }, "it is missing for a reason");
    }

    #[test]
    fn a_number_that_is_damaged_moves_no_line() {
        let whole = lines(&sample());
        for (at, wrong) in [(6, 0), (6, 2), (2, 5), (3, 70), (0, 4), (5, 4)] {
            let mut lines = whole.clone();
            lines[at] = lines[at].replacen(&format!("\"n\":{at}"), &format!("\"n\":{wrong}"), 1);
            let journal = read(&lines);
            assert_eq!(tokens(&journal), [10, 11, 12, 13, 14, 15], "{at} as {wrong}");
            assert!(!journal.faults.is_sound() && journal.next >= 6, "{at} as {wrong}");
        }
    }

    #[test]
    fn numbers_far_beyond_what_there_is_are_damage_and_ask_for_no_memory() {
        let far = [
            typed(u32::MAX, Some(0), &[1]),
            typed(4_000_000_000, Some(3_999_999_999), &[1]),
            typed(1, Some(77), &[1]),
            Record::Drawn { first: 1 << 30, parent: Some(0), draws: vec![draw(3)] },
            Record::Tip { node: Some(u32::MAX) },
            Record::Undo { node: Some(u32::MAX) },
            Record::Redo { node: Some(u32::MAX) },
            Record::Bookmark { node: u32::MAX, on: true },
        ];
        for record in far {
            let records = [header(), typed(0, None, &[10]), record.clone(), typed(1, Some(0), &[11])];
            let journal = read(&lines(&records));
            assert_eq!((tokens(&journal), journal.faults.damaged), (vec![10, 11], 1), "{record:?}");
        }
        // Many gaps, each of which could be.
        let step = 1 << 19;
        let many = (1..4000_u32).map(|it| typed(it * step, Some(it * step - 1), &[it]));
        let records: Vec<Record> = [header(), typed(0, None, &[10])].into_iter().chain(many).collect();
        let journal = read(&lines(&records));
        let mut document = Document::default();
        journal.records.iter().for_each(|it| document.apply(it));
        assert!((document.next_node() as usize) <= WIDEST_GAP + records.len(), "{}", document.next_node());
        assert!(journal.faults.damaged > 3000);
        for n in [u64::MAX, u64::MAX - 1, MOST_LINES] {
            let mut lines = lines(&sample());
            lines.push(line(n, r#"{"kind":"tip","node":0}"#));
            let journal = read(&lines);
            assert_eq!((journal.faults.damaged, journal.faults.missing, journal.next), (1, 0, 7), "{n}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_is_told_and_the_others_count() {
        for (field, value, says) in [
            ("temperature", "-3", "temp"),
            ("temperature", "1e30", "temp"),
            ("temperature", "1e300", "temp"),
            ("temperature", "null", "temp"),
            ("temperature", "\"hot\"", "temp"),
            ("top_p", "17", "top-p"),
            ("top_k", "-1", "top-k"),
            ("top_k", "99999999999999", "top-k"),
            ("seed", "-1", "seed"),
            ("order", "\"temp,magic\"", "order"),
            ("order", "\"temp,temp\"", "order"),
            ("when_full", "\"explode\"", "when-full"),
            ("end_of_text", "\"maybe\"", "ignore-eos"),
            ("off", "[\"magic\"]", "off"),
            ("bias", "[\"x=1e9\"]", "bias"),
            ("bias", "[\"nothing\"]", "bias"),
            ("stop", "[\"\"]", "stop"),
            ("stop", "7", "stop"),
            ("mirostat_tau", "-1", "mirostat-tau"),
        ] {
            let record = format!(r#"{{"kind":"settings","settings":{{"seed":5,"max_tokens":9,"{field}":{value}}}}}"#);
            let record = if field == "seed" { record.replacen(r#""seed":5,"#, "", 1) } else { record };
            let journal = read(&[lines(&[header()]).remove(0), line(1, &record)]);
            let [Record::Settings { settings }] = &journal.records[..] else { panic!("{field}: {journal:?}") };
            assert!(settings.check().is_ok() && settings.max_tokens == 9, "{field} {value}");
            let default = Settings::default();
            assert!(Parameter::ALL.iter().find(|it| it.field() == field).unwrap().is_same(settings, &default));
            let told = journal.faults.to_string();
            assert!(told.contains("defaults") && told.contains(says), "{field} {value}: {told}");
            assert_eq!(journal.faults.damaged, 0);
        }
        let many = |field: &str| {
            let texts = vec!["\"x=1\""; 100_000].join(",");
            let record = format!(r#"{{"kind":"settings","settings":{{"{field}":[{texts}]}}}}"#);
            read(&[lines(&[header()]).remove(0), line(1, &record)]).faults.to_string()
        };
        for field in ["stop", "ban", "bias", "dry_breakers"] {
            assert!(many(field).contains("at most"), "{field}: {}", many(field));
        }
    }

    #[test]
    fn the_same_wrong_setting_is_told_once() {
        let record = r#"{"kind":"settings","settings":{"temperature":-3}}"#;
        let lines: Vec<String> =
            std::iter::once(lines(&[header()]).remove(0)).chain((1..50).map(|n| line(n, record))).collect();
        assert_eq!(read(&lines).faults.settings.len(), 1);
    }

    #[test]
    fn what_cannot_be_known_of_a_draw_is_brought_into_its_range() {
        let record = r#"{"kind":"drawn","first":0,"parent":null,"draws":[{"token":3,"model":1e39,"after":-1,"rank":1,
            "kept":2,"die":7.5,"entropy":1e39,"mu":1e39,"begun":99999999999,"top":[{"token":1,"model":5,"after":-2}]}]}"#;
        let record = record.split_whitespace().collect::<String>();
        let journal = read(&[lines(&[header()]).remove(0), line(1, &record)]);
        let [Record::Drawn { draws, .. }] = &journal.records[..] else { panic!("{journal:?}") };
        assert_eq!((draws[0].model, draws[0].after, draws[0].die), (0.0, 0.0, 0.0));
        assert_eq!((draws[0].entropy, draws[0].mu, draws[0].top[0].model), (Some(0.0), Some(0.0), 0.0));
        assert_eq!((journal.faults.draws, tokens(&journal)), (1, vec![3]));
        let sound = Record::Drawn { first: 0, parent: None, draws: vec![draw(3)] };
        let journal = read(&lines(&[header(), sound.clone()]));
        assert_eq!((journal.faults.is_sound(), journal.records), (true, vec![sound]));
    }
}
