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
    let Draw { token: _, model, log_model, after, rank: _, kept: _, die, entropy, mu, begun: _, top } = draw;
    let mut is_sound = share(model) & share(after) & replace(die, |it| (0.0..1.0).contains(&it), 0.0);
    for it in entropy.iter_mut().chain(mu).chain(log_model) {
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
mod tests;
