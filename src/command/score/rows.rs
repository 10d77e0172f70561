//! What is told of an item as rows, for every way of writing them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::scorer::Scored;
use super::words::Word;
use crate::cli::LogBase;
use crate::text::{Vocabulary, fit, pad, visible_line};

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Count(u64),
    Number(f64),
    /// No value.
    Missing,
}

impl Cell {
    fn number(value: Option<f64>) -> Self {
        value.filter(|it| it.is_finite()).map_or(Self::Missing, Self::Number)
    }

    fn count(value: Option<impl Into<u64>>) -> Self {
        value.map_or(Self::Missing, |it| Self::Count(it.into()))
    }

    /// As CSV has it; numbers as short as they read back.
    pub(super) fn field(&self) -> String {
        match self {
            Self::Text(it) => it.clone(),
            Self::Count(it) => it.to_string(),
            Self::Number(it) => it.to_string(),
            Self::Missing => "NA".to_owned(),
        }
    }

    pub(super) fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(it) => it.clone().into(),
            Self::Count(it) => (*it).into(),
            Self::Number(it) => (*it).into(),
            Self::Missing => serde_json::Value::Null,
        }
    }

    /// For people, in so many columns: words on the left, numbers on the right.
    pub(super) fn shown(&self, width: usize) -> String {
        let text = match self {
            Self::Text(it) => return pad(fit(&visible_line(it), width.max(1)).trim_end(), width),
            Self::Number(it) => format!("{it:.3}"),
            other => other.field(),
        };
        format!("{text:>width$}")
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Token,
    Word,
    Item,
    /// Its statistics.
    Text,
    /// Two items.
    Pair,
}

impl Level {
    /// The names of the columns; `bits` in them is `nats` where those are told.
    pub(super) fn columns(self, unit: Unit) -> Vec<String> {
        let names = match self {
            Self::Token => "index byte line column id text bits rank entropy expected_id expected expected_p",
            Self::Word => {
                "word start end text tokens bits bits_corrected boundary_before boundary_after entropy rank z"
            }
            Self::Item => "text tokens bits bits_per_token perplexity",
            Self::Text => {
                "tokens bits bits_per_token bits_per_char bits_per_byte ppl luck min_k_pp log_rank lrr zlib_ratio case_ratio"
            }
            Self::Pair => "good_tokens bad_tokens good_bits bad_bits difference right good bad",
        };
        names.split(' ').map(|it| it.replace("bits", unit.name())).collect()
    }
}

/// How a surprise is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit(pub(super) LogBase);

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            LogBase::Two => "bits",
            LogBase::E => "nats",
        }
    }

    pub(super) fn of(self, bits: f64) -> f64 {
        match self.0 {
            LogBase::Two => bits,
            LogBase::E => bits * std::f64::consts::LN_2,
        }
    }
}

/// The rows of a level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) level: Level,
    pub(super) unit: Unit,
    pub(super) vocabulary: &'a Vocabulary,
}

impl Rows<'_> {
    pub(super) fn columns(self) -> Vec<String> {
        self.level.columns(self.unit)
    }

    /// The rows of an item: one of nothing where it has none.
    pub(super) fn of(self, it: &Scored) -> Vec<Vec<Cell>> {
        let mut rows: Vec<Vec<Cell>> = match self.level {
            Level::Token => (0..it.tokens.len()).map(|at| self.token(it, at)).collect(),
            Level::Word => it.words.iter().enumerate().map(|(at, word)| self.word(it, at, word)).collect(),
            Level::Item => vec![self.item(it)],
            Level::Text => vec![self.statistics(it)],
            Level::Pair => Vec::new(),
        };
        if rows.is_empty() {
            rows.push(vec![Cell::Missing; self.columns().len()]);
        }
        rows
    }

    fn bits(self, bits: Option<f64>) -> Cell {
        Cell::number(bits.map(|it| self.unit.of(it)))
    }

    fn token(self, it: &Scored, at: usize) -> Vec<Cell> {
        let token = &it.tokens[at];
        let text = |id| Cell::Text(super::csv::one_line(self.vocabulary.bytes(id)));
        let reading = token.reading.as_ref();
        let mut row: Vec<Cell> =
            [at, token.byte, token.line, token.column, token.id as usize].map(|it| Cell::Count(it as u64)).into();
        row.push(text(token.id));
        row.push(self.bits(reading.map(|it| it.bits)));
        row.push(Cell::count(reading.map(|it| it.score.rank + 1)));
        row.push(self.bits(reading.and_then(|it| it.score.entropy).map(short)));
        row.push(Cell::count(reading.map(|it| it.expected)));
        row.push(reading.map_or(Cell::Missing, |it| text(it.expected)));
        row.push(Cell::number(reading.map(|it| short(it.expected_p))));
        row
    }

    fn word(self, it: &Scored, at: usize, word: &Word) -> Vec<Cell> {
        let figures = &word.figures;
        vec![
            Cell::Count(at as u64 + 1),
            Cell::Count(word.characters.start as u64),
            Cell::Count(word.characters.end as u64),
            Cell::Text(it.item.text[word.place.clone()].to_owned()),
            Cell::Count(word.tokens.len() as u64),
            self.bits(figures.bits),
            self.bits(figures.corrected),
            self.bits(figures.before),
            self.bits(figures.after),
            self.bits(figures.entropy),
            Cell::count(figures.rank),
            Cell::number(figures.z),
        ]
    }

    fn statistics(self, it: &Scored) -> Vec<Cell> {
        let (tally, of) = (&it.tally, &it.statistics);
        let bits = (tally.tokens > 0).then_some(tally.bits);
        let mut row = vec![Cell::Count(tally.tokens as u64)];
        row.extend(
            [bits, tally.bits_per_token(), tally.bits_per_character(), tally.bits_per_byte()].map(|it| self.bits(it)),
        );
        let zlib = bits.map(|bits| bits / (8.0 * deflated(&it.item.text) as f64));
        let case = bits.zip(it.lower).map(|(bits, lower)| bits / lower);
        let figures = [tally.perplexity(), of.luck, of.min_k_pp, of.log_rank, of.lrr, zlib, case];
        row.extend(figures.map(Cell::number));
        row
    }

    /// A good text and a bad one. Of equals neither is right.
    pub(super) fn pair(self, good: &Scored, bad: &Scored) -> Vec<Cell> {
        let bits = |it: &Scored| (it.tally.tokens > 0).then_some(it.tally.bits);
        let difference = bits(bad).zip(bits(good)).map(|(bad, good)| bad - good);
        let mut row: Vec<Cell> = [good, bad].map(|it| Cell::Count(it.tally.tokens as u64)).into();
        row.extend([bits(good), bits(bad), difference].map(|it| self.bits(it)));
        row.push(Cell::count(difference.map(|it| u64::from(it > 0.0))));
        row.extend([good, bad].map(|it| Cell::Text(it.item.text.clone())));
        row
    }

    fn item(self, it: &Scored) -> Vec<Cell> {
        let tally = &it.tally;
        vec![
            Cell::Text(it.item.text.clone()),
            Cell::Count(tally.tokens as u64),
            self.bits((tally.tokens > 0).then_some(tally.bits)),
            self.bits(tally.bits_per_token()),
            Cell::number(tally.perplexity()),
        ]
    }
}

/// The bytes of a text as zlib deflates it, at its usual level.
fn deflated(text: &str) -> usize {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    out.write_all(text.as_bytes()).and_then(|()| out.finish()).map_or(0, |it| it.len())
}

/// A number of 32 bits as one of 64 that is written as shortly.
fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}
