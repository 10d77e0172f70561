//! `megachat score`: how surprising a model finds texts.

mod all;
mod csv;
mod items;
mod json;
mod rows;
mod scorer;
mod sidecar;
mod table;
mod told;
mod words;

use std::io::{self, IsTerminal as _, Write as _};

use all::All;
pub(super) use items::each_line;
use items::{Item, Items};
use rows::{Level, Rows, Unit};
use scorer::{Scored, Scorer, Token, Wanted};
use told::{Form, Teller};
pub(super) use words::{place_of, starts_of, tokens_of};

use serde_json::Value;

use super::{Exit, measured, say};
use crate::TokenId;
use crate::appearance::Colours;
use crate::cli::{ColorName, FileArguments, InterfaceArguments, ScoreArguments};
use crate::engine::protocol::ModelCard;
use crate::output::{self, Output};
use crate::sample::{Reading, Tally};
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::{visible_json, visible_name};

/// Everything that is told of one text.
struct Report<'a> {
    /// What the text is called.
    name: &'a str,
    card: &'a ModelCard,
    facts: Value,
    tokens: &'a [Token],
    tally: &'a Tally,
    /// The token before its first one, if one was put there.
    start: Option<TokenId>,
    overlap: usize,
    windows: usize,
    unit: Unit,
}

impl<'a> Report<'a> {
    fn new(it: &'a Scored, scorer: &'a Scorer, unit: Unit) -> Self {
        let Scored { item, tokens, tally, windows, .. } = it;
        let (card, start) = (&scorer.card, scorer.start.last().copied());
        let (facts, overlap, windows) = (scorer.facts(), scorer.overlap, *windows);
        Self { name: &item.name, card, facts, tokens, tally, start, overlap, windows, unit }
    }

    /// The most surprising tokens, `n` at the most.
    fn worst(&self, n: usize) -> Vec<(usize, &Token, &Reading)> {
        let scored = self.tokens.iter().enumerate();
        let mut worst: Vec<_> = scored.filter_map(|(at, it)| Some((at, it, it.reading.as_ref()?))).collect();
        // Stable: of equals the first comes first.
        worst.sort_by(|a, b| b.2.bits.total_cmp(&a.2.bits));
        worst.truncate(n);
        worst
    }

    /// The bytes of a token.
    fn bytes(&self, token: TokenId) -> &[u8] {
        self.card.vocabulary.bytes(token)
    }
}

/// Scores texts and prints what came out.
///
/// # Errors
///
/// Status 2 if the overlap does not fit the model, 3 if there is no such model, 6 if there is no such device, 7 if the
/// model is damaged, 130 or 143 after a signal, 1 if a text cannot be read or holds nothing, or the model cannot be run.
pub fn score(wanted: &ScoreArguments, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    // Before minutes of work that could not be told.
    let mut out = output::stdout()?;
    let shape = Shape::of(wanted)?;
    if let Some(file) = &wanted.sidecar {
        sidecar::check(file)?;
    }
    let mut items = Items::open(wanted)?;
    let Some(first) = items.stream.next().transpose()? else {
        return Err(Exit::failed("there is nothing to score: the input is empty"));
    };
    let unit = Unit(wanted.log);
    // Before a model is loaded for nothing.
    if let Some(name) = told::clash(shape.form, shape.level, unit, &items.carried) {
        let name = visible_name(name);
        return Err(Exit::failed(format!(
            "the input has a column `{name}`, as what is told has; give it another name"
        )));
    }
    if wanted.items && shape.level != Level::Word && items.carried.iter().any(|it| it.trim().to_lowercase() == "target")
    {
        say("megachat: the column `target` counts with --words");
    }
    let loaded = measured::open(None, None, &wanted.model, files, config, paths)?;
    let worked_out = Wanted {
        words: shape.level == Level::Word,
        standing: matches!(shape.level, Level::Word | Level::Text),
        lower: shape.level == Level::Text,
    };
    let mut scorer = Scorer::new(loaded, wanted, worked_out)?;
    let Items { carried, stream, progress } = items;
    let mut items = std::iter::once(Ok(first)).chain(stream);
    let vocabulary = scorer.card.vocabulary.clone();
    let told = if shape.is_report() {
        each_whole(&mut items, &mut scorer, &mut out, (wanted, style(wanted.color, config)?, unit))
    } else {
        let rows = Rows { level: shape.level, unit, vocabulary: &vocabulary };
        let (is_only, is_terminal) = (shape.is_only, io::stdout().is_terminal());
        let mut teller = Teller { form: shape.form, rows, carried: &carried, is_only, is_terminal, out };
        let mut all = All::default();
        let told = all.tell(&mut items, &mut scorer, &mut teller, &progress);
        told.and(all.end(&scorer, &mut teller))
    };
    // A reader that has left needs no other file.
    if let Some(file) = &wanted.sidecar {
        sidecar::write(file, &scorer, wanted)?;
    }
    told
}

/// What is told, and how.
#[derive(Clone, Copy, Debug)]
struct Shape {
    form: Form,
    level: Level,
    /// Whether there is one whole text.
    is_only: bool,
    is_whole: bool,
}

impl Shape {
    fn of(wanted: &ScoreArguments) -> Result<Self, Exit> {
        let is_whole = !wanted.items && !wanted.lines && !wanted.pairs;
        let is_only = is_whole && wanted.files.len() < 2;
        let level = match wanted {
            _ if wanted.words || wanted.regions => Level::Word,
            _ if wanted.stats => Level::Text,
            _ if wanted.pairs => Level::Pair,
            _ if is_whole || wanted.csv || wanted.jsonl => Level::Token,
            _ => Level::Item,
        };
        let form = match wanted {
            _ if wanted.csv => Form::Csv,
            _ if wanted.json && wanted.pairs => Form::Totals,
            _ if wanted.json && is_whole && !is_only => {
                return Err(Exit::usage("--json is about one text; --jsonl prints an object for each"));
            }
            _ if wanted.jsonl || (wanted.json && level != Level::Token) => Form::JsonLines,
            _ => Form::Table,
        };
        Ok(Self { form, level, is_only, is_whole })
    }

    /// Whether each text gets the report that one text has always had.
    fn is_report(self) -> bool {
        self.is_whole && self.level == Level::Token && self.form == Form::Table
    }
}

/// How the report of a text is written.
pub(super) fn style(wanted: Option<ColorName>, config: &Config) -> Result<table::Style, Exit> {
    let terminal = io::stdout().is_terminal();
    let asked = InterfaceArguments { color: wanted, ..InterfaceArguments::default() };
    let appearance =
        asked.appearance(config, |name| std::env::var(name).ok()).map_err(|e| Exit::usage(e.to_string()))?;
    // What the user chose holds in a pipe, too.
    let by_itself = matches!(wanted, None | Some(ColorName::Auto));
    let colour = appearance.colours != Colours::None && (terminal || !by_itself);
    let width = if terminal { crossterm::terminal::size().map_or(80, |it| usize::from(it.0)) } else { 80 };
    Ok(table::Style { colour, text: terminal || colour, width: width.clamp(20, 100), appearance })
}

/// A report of each text, as JSON or for people.
fn each_whole(
    items: &mut dyn Iterator<Item = Result<Item, Exit>>,
    scorer: &mut Scorer,
    out: &mut Output,
    (wanted, style, unit): (&ScoreArguments, table::Style, Unit),
) -> Result<(), Exit> {
    for (number, item) in items.enumerate() {
        let (done, outcome) = scorer.score(vec![item?], None, true);
        outcome?;
        for it in &done {
            if let Some(complaint) = it.complaint((wanted.files.len() > 1).then_some(&*it.item.name)) {
                return Err(Exit::failed(complaint));
            }
            if it.tally.tokens == 0 {
                let name = &it.item.name;
                return Err(Exit::failed(format!(
                    "{name} is one token, which has nothing before it; leave --no-start out"
                )));
            }
            let report = Report::new(it, scorer, unit);
            if wanted.json {
                writeln!(out, "{}", visible_json(&json::object(&report, wanted.worst).to_string()))?;
            } else {
                let between = if number > 0 { "\n" } else { "" };
                write!(out, "{between}{}", table::table(&report, wanted.worst, style))?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
