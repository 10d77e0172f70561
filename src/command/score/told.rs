//! What is told of items as they come, in one of several forms.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::rows::{Cell, Level, Rows, Unit};
use super::scorer::{Scored, Scorer};
use super::{Item, csv, json};
use crate::sample::Tally;
use crate::text::{fit, pad, visible, visible_json, visible_line};

/// How many items' rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Csv,
    JsonLines,
    /// What all of them come to, alone.
    Totals,
}

/// A carried column that would stand beside one of the same name.
pub(super) fn clash(form: Form, level: Level, unit: Unit, carried: &[String]) -> Option<&String> {
    let columns = level.columns(unit);
    let mut written = columns.clone();
    if form == Form::JsonLines {
        let own = ["item", "text", "scored", unit.name(), "perplexity"];
        written.extend(own.map(str::to_owned));
        written.extend(
            [(Level::Token, "tokens"), (Level::Word, "words")]
                .iter()
                .filter(|it| it.0 == level)
                .map(|it| it.1.to_owned()),
        );
        if matches!(level, Level::Token | Level::Word) {
            // Those of the rows stand in objects of their own.
            written.drain(..columns.len());
        }
    } else {
        written.push("item".to_owned());
    }
    carried.iter().find(|it| written.contains(it))
}

/// Writes items as they come.
pub(super) struct Teller<'a, W> {
    pub(super) form: Form,
    pub(super) rows: Rows<'a>,
    pub(super) carried: &'a [String],
    /// Whether there is one whole text alone.
    pub(super) is_only: bool,
    /// Whether a person looks at it: nothing in it may be obeyed by the terminal.
    pub(super) is_terminal: bool,
    pub(super) out: W,
}

impl<W: Write> Teller<'_, W> {
    /// Columns of the name of an item, for people.
    fn name_width(&self) -> usize {
        if self.carried.first().is_some_and(|it| it == "file") { 28 } else { 12 }
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        match self.form {
            Form::JsonLines | Form::Totals => Ok(()),
            Form::Csv if self.is_nameless() => self.put(&csv::written(std::iter::once(self.rows.columns()))?),
            Form::Csv => self.put(&csv::heading(self.rows, self.carried)?),
            Form::Table => {
                let names = self.shown(&self.rows.columns().into_iter().map(Cell::Text).collect::<Vec<_>>(), true);
                writeln!(self.out, "{}", format!("{} {names}", pad("item", self.name_width())).trim_end())
            }
        }
    }

    pub(super) fn item(&mut self, it: &Scored, scorer: &Scorer) -> io::Result<()> {
        if self.form == Form::JsonLines {
            return self.line(&self.object(it, scorer));
        }
        self.put_rows(&it.item, &self.rows.of(it))
    }

    /// A good text and a bad one; answers whether the good one is likelier, and nothing where one has no score.
    pub(super) fn pair(&mut self, good: &Scored, bad: &Scored) -> io::Result<Option<std::cmp::Ordering>> {
        let row = self.rows.pair(good, bad);
        if self.form == Form::JsonLines {
            let mut out = self.named(&good.item);
            out.extend(self.rows.columns().into_iter().zip(row.iter().map(Cell::json)));
            self.line(&Value::Object(out))?;
        } else {
            self.put_rows(&good.item, &[row])?;
        }
        let is_known = good.tally.tokens > 0 && bad.tally.tokens > 0;
        Ok(is_known.then(|| bad.tally.bits.total_cmp(&good.tally.bits)))
    }

    /// The tokens of one text stand alone, as they always did.
    fn is_nameless(&self) -> bool {
        self.is_only && self.rows.level == Level::Token
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", visible_json(&value.to_string()))
    }

    fn put_rows(&mut self, item: &Item, rows: &[Vec<Cell>]) -> io::Result<()> {
        match self.form {
            Form::Table => {
                let name = fit(&visible_line(&item.called()), self.name_width());
                for row in rows {
                    writeln!(self.out, "{}", format!("{name} {}", self.shown(row, false)).trim_end())?;
                }
                Ok(())
            }
            Form::Totals => Ok(()),
            _ => self.put(&csv::rows(rows, item, self.is_nameless())?),
        }
    }

    /// What all items come to, for people.
    pub(super) fn end(&mut self, all: &Tally, items: usize) -> io::Result<()> {
        if self.form != Form::Table {
            return Ok(());
        }
        let unit = self.rows.unit;
        let digits = |it: Option<f64>| it.map_or("-".to_owned(), |it| format!("{it:.3}"));
        let (bits, perplexity) = (digits(all.bits_per_token().map(|it| unit.of(it))), digits(all.perplexity()));
        let (tokens, name) = (all.tokens, unit.name());
        writeln!(self.out, "\n{items} texts, {tokens} tokens, {bits} {name} a token, perplexity {perplexity}")
    }

    /// A row for people. Headings stand over their columns as the fields do.
    fn shown(&self, row: &[Cell], is_heading: bool) -> String {
        let names = self.rows.columns();
        let field = |(cell, name): (&Cell, &String)| {
            let is_words = matches!(&**name, "text" | "expected" | "good" | "bad");
            let width = if is_words { 20 } else { name.len().max(8) };
            match cell {
                Cell::Text(text) if is_heading && !is_words => format!("{text:>width$}"),
                Cell::Missing if is_words => pad("NA", width),
                cell => cell.shown(width),
            }
        };
        row.iter().zip(&names).map(field).collect::<Vec<_>>().join(" ")
    }

    /// The name of an item, and what it carries.
    fn named(&self, item: &Item) -> Map<String, Value> {
        let carried = self.carried.iter().cloned().zip(item.carried.iter().map(|it| it.clone().into()));
        std::iter::once(("item".to_owned(), item.name.clone().into())).chain(carried).collect()
    }

    fn object(&self, it: &Scored, scorer: &Scorer) -> Value {
        let mut out = self.named(&it.item);
        let (names, unit) = (self.rows.columns(), self.rows.unit);
        let object = |row: Vec<Cell>| {
            Value::Object(names.iter().cloned().zip(row.iter().map(Cell::json)).collect::<Map<_, _>>())
        };
        out.insert("text".to_owned(), it.item.text.clone().into());
        out.insert("scored".to_owned(), it.tally.tokens.into());
        let bits = (it.tally.tokens > 0).then(|| unit.of(it.tally.bits));
        out.insert(unit.name().to_owned(), json!(bits));
        out.insert("perplexity".to_owned(), json!(it.tally.perplexity()));
        match self.rows.level {
            Level::Token => {
                let tokens = it.tokens.iter().enumerate();
                let tokens: Vec<Value> = tokens.map(|(at, it)| json::token(&scorer.card, at, it, unit)).collect();
                out.insert("tokens".to_owned(), tokens.into());
            }
            Level::Word => {
                let rows = if it.words.is_empty() { Vec::new() } else { self.rows.of(it) };
                out.insert("words".to_owned(), rows.into_iter().map(object).collect::<Vec<_>>().into());
            }
            Level::Item | Level::Text | Level::Pair => {
                let cells = self.rows.of(it).into_iter().flatten();
                out.extend(names.iter().cloned().zip(cells.map(|it| it.json())));
            }
        }
        Value::Object(out)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        if self.is_terminal {
            self.out.write_all(visible(text).as_bytes())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}
