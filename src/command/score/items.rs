//! The texts that are scored, one after the other, from files and standard input.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::words;
use crate::cli::ScoreArguments;
use crate::command::source::{Inner, Progress, Source, check, is_at_once};
use crate::command::{Exit, say};
use crate::engine::protocol::MOST_TEXT;
use crate::text::{Given, NotUtf8, visible_name};

/// A text with a context of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// Its file, the number of its line or row from 1, or what its row calls it.
    pub(super) name: String,
    /// Its file, where several are read.
    pub(super) file: Option<Rc<str>>,
    pub(super) text: String,
    /// The words in it that are looked at, where not all are.
    pub(super) target: Option<String>,
    /// Where the regions that it marks are, in bytes, where such are told.
    pub(super) regions: Option<Vec<Range<usize>>>,
    /// The other fields of its row.
    pub(super) carried: Vec<String>,
}

impl Item {
    /// What it is called among all of them.
    pub(super) fn called(&self) -> String {
        self.file.as_ref().map_or_else(|| self.name.clone(), |it| format!("{it}:{}", self.name))
    }
}

/// What an iterator of items is.
type Stream = Box<dyn Iterator<Item = Result<Item, Exit>>>;

/// All items, with the names of the columns that are carried through.
pub(super) struct Items {
    pub(super) carried: Vec<String>,
    pub(super) stream: Stream,
    pub(super) progress: Rc<Progress>,
}

impl Items {
    /// Those that the arguments mean.
    ///
    /// # Errors
    ///
    /// Status 1 if a file cannot be opened or has no such columns.
    pub(super) fn open(wanted: &ScoreArguments) -> Result<Self, Exit> {
        let mut total = Some(0);
        for file in wanted.files.iter().filter(|it| *it != Path::new("-")) {
            // Before hours of work: whether each can be read.
            total = total.zip(Some(check(file)?)).map(|(sum, it)| sum + it);
        }
        let has_pipe = wanted.files.is_empty() || wanted.files.iter().any(|it| it == Path::new("-"));
        let progress = Rc::new(Progress { total: Cell::new(total.filter(|_| !has_pipe)), ..Progress::default() });
        let given = wanted.files.iter().map(|it| Some(it).filter(|it| *it != Path::new("-")).cloned());
        let files: Vec<Option<PathBuf>> = if wanted.files.is_empty() { vec![None] } else { given.collect() };
        let several = files.len() > 1;
        let shared = progress.clone();
        // One after the other: a system lets only so many be open at once.
        let waits: Vec<bool> = files.iter().map(|it| !it.as_deref().is_some_and(is_at_once)).collect();
        let after = waits.into_iter().skip(1).chain([false]);
        let what = match wanted {
            _ if wanted.items => "the table, names of columns first",
            _ if wanted.pairs => "the pairs, a good text, a tab and a bad one in a line",
            _ if wanted.lines => "the texts, one in a line",
            _ => "the text",
        };
        let mut sources = files.into_iter().zip(after).map(move |(it, waits_after)| {
            Source::open(it.as_deref(), &shared, what).map(|it| Source { waits_after, ..it })
        });
        let mut carried = Vec::new();
        let items: Stream = if wanted.items {
            let (others, first) = sources.next().transpose()?.map(rows).transpose()?.unzip();
            carried = others.unwrap_or_default();
            let expected = carried.clone();
            let next = move |source: Result<Source, Exit>| -> Stream {
                let opened = source.and_then(|source| Ok((source.name.clone(), rows(source)?)));
                match opened {
                    Ok((_, (others, rows))) if others == expected => Box::new(rows),
                    Ok((name, _)) => failure(Exit::failed(format!("{name} has other columns than the first file"))),
                    Err(why) => failure(why),
                }
            };
            Box::new(first.into_iter().flatten().chain(sources.flat_map(next)))
        } else if wanted.pairs || wanted.lines {
            carried.extend(several.then(|| "file".to_owned()));
            let each = sources.flat_map(move |it| -> Stream {
                match it {
                    Ok(source) => Box::new(lines(source, several)),
                    Err(why) => failure(why),
                }
            });
            if wanted.pairs { Box::new(each.flat_map(both)) } else { Box::new(each) }
        } else {
            Box::new(sources.map(|it| it.and_then(whole)))
        };
        let mut ended = false;
        let items: Stream = Box::new(items.take_while(move |it| !std::mem::replace(&mut ended, it.is_err())));
        let marked = |it: Item| {
            let (text, regions) = words::regions(&it.text);
            Item { text, regions: Some(regions), ..it }
        };
        let stream: Stream = if wanted.regions { Box::new(items.map(move |it| it.map(marked))) } else { items };
        Ok(Self { carried, stream, progress })
    }
}

/// An error in the place of items.
fn failure(why: Exit) -> Stream {
    Box::new(std::iter::once(Err(why)))
}

/// A file as one text.
fn whole(mut source: Source) -> Result<Item, Exit> {
    source.progress.since.set(0);
    source.progress.waits.set(source.waits_after);
    let name = source.name.clone();
    let mut bytes = Vec::new();
    let failed = |e| Source::failed(&name, &e);
    source.by_ref().take(MOST_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MOST_TEXT {
        return Err(Exit::failed(format!("{name} is longer than {MOST_TEXT} bytes; score it in parts")));
    }
    let given = Given::read(bytes).map_err(|e| not_text(&name, &e))?;
    if let Some(remark) = given.remark() {
        say(&format!("megachat: {name}: {remark}; places are those in what is read"));
    }
    if given.text.is_empty() {
        return Err(Exit::failed(format!("there is nothing to score: {name} is empty")));
    }
    say_if_a_table(&name, given.text.lines().next().unwrap_or_default());
    let lines = given.text.lines().filter(|it| !it.trim().is_empty()).count();
    if lines >= MANY {
        say(&format!(
            "megachat: {name} is read as one text: each of its {lines} lines is scored after those before it; --lines scores each by itself"
        ));
    }
    Ok(Item { name, text: given.text, ..Item::default() })
}

/// So many lines may be texts of their own.
const MANY: usize = 10;

fn not_text(name: &str, error: &NotUtf8) -> Exit {
    Exit::failed(format!("{name} cannot be used: {error}; save it as UTF-8"))
}

/// Each line as a text; empty ones too. With `several` files each carries the name of its own.
fn lines(source: Source, several: bool) -> impl Iterator<Item = Result<Item, Exit>> {
    let (name, progress) = (source.name.clone(), source.progress.clone());
    let mut input = BufReader::new(source);
    let mut number = 0;
    let mut next = move || -> Result<Option<Item>, Exit> {
        progress.since.set(0);
        let mut bytes = Vec::new();
        let read = input.read_until(b'\n', &mut bytes).map_err(|e| Source::failed(&name, &e))?;
        let is_next = input.buffer().contains(&b'\n');
        let holds = is_next
            || matches!(input.get_ref().inner, Inner::Ready(_)) && input.fill_buf().is_ok_and(|it| !it.is_empty());
        progress.waits.set(!is_next && !input.get_mut().is_ready(holds));
        if read == 0 {
            return Ok(None);
        }
        number += 1;
        if bytes.len() > MOST_TEXT {
            return Err(Exit::failed(format!("line {number} of {name} is longer than {MOST_TEXT} bytes")));
        }
        let given = if number == 1 { Given::read(bytes) } else { Given::read_on(bytes) };
        let text = given.map_err(|e| not_text(&name, &NotUtf8 { line: number, ..e }))?.without_line_end();
        if number == 1 {
            say_if_a_table(&name, &text);
        }
        let carried = several.then(|| name.clone()).into_iter().collect();
        let file = several.then(|| Rc::from(&*name));
        Ok(Some(Item { name: number.to_string(), file, text, carried, ..Item::default() }))
    };
    until_an_error(move || next().transpose())
}

/// The lines of a file, or of standard input, and how far it is read. `what` is what a person at a terminal is asked for.
///
/// # Errors
///
/// Status 1 if it cannot be opened; each line, if it cannot be read, or is no text.
pub(in crate::command) fn each_line(file: Option<&Path>, what: &str) -> Result<(Lines, Rc<Progress>), Exit> {
    let progress = Rc::new(Progress::default());
    let source = Source::open(file, &progress, what)?;
    Ok((Box::new(lines(source, false).map(|it| it.map(|it| it.text))), progress))
}

/// Lines as texts.
pub(in crate::command) type Lines = Box<dyn Iterator<Item = Result<String, Exit>>>;

/// The good text and the bad one of a line.
fn both(line: Result<Item, Exit>) -> Vec<Result<Item, Exit>> {
    let line = match line {
        Ok(it) => it,
        Err(it) => return vec![Err(it)],
    };
    let parts: Vec<&str> = line.text.split('\t').collect();
    let [good, bad] = match parts[..] {
        [""] => ["", ""],
        [good, bad] => [good, bad],
        _ => {
            let (name, n) = (line.called(), parts.len());
            let why = "a good text, a tab and a bad one";
            return vec![Err(Exit::failed(format!(
                "line {name} has {n} fields with tabs between; --pairs wants {why}"
            )))];
        }
    };
    [good, bad].map(|it| Ok(Item { text: it.to_owned(), ..line.clone() })).into()
}

/// What is wrong with a table that has no column `text`.
fn without_text(file: &str, headers: &[String]) -> String {
    let wants = format!("{file}: --items wants a column `text`, and may have `item` and `target`");
    match headers {
        [] => format!("{wants}; it is empty"),
        [one] if one.contains([';', '\t']) => {
            let parted = if one.contains(';') { "semicolons, as some spreadsheets write them" } else { "tabs" };
            format!("{wants}; its columns are parted by {parted}: save it with commas between them")
        }
        _ => {
            let all: Vec<String> = headers.iter().map(|it| format!("`{}`", visible_name(it))).collect();
            format!("{wants}; the first row, with commas between, is {}", all.join(", "))
        }
    }
}

/// A note on a file that is read as text and looks like a table.
fn say_if_a_table(name: &str, first: &str) {
    let names: Vec<String> =
        first.trim_end().split([',', ';', '\t']).map(|it| it.trim_matches('"').to_lowercase()).collect();
    if names.len() > 1 && names.iter().any(|it| it == "text") {
        say(&format!("megachat: {name} looks like a table with a column `text`; --items scores that, row by row"));
    }
}

/// Each row of a CSV file as a text; also the names of the columns that are carried through.
fn rows(source: Source) -> Result<(Vec<String>, impl Iterator<Item = Result<Item, Exit>>), Exit> {
    let (name, progress) = (source.name.clone(), source.progress.clone());
    let file = name.clone();
    progress.since.set(0);
    let mut input = csv::ReaderBuilder::new().has_headers(false).from_reader(source);
    let mut number = 0;
    let mut next = move || -> Result<Option<Vec<String>>, Exit> {
        progress.since.set(0);
        let mut row = csv::ByteRecord::new();
        let failed = |e: csv::Error| Source::failed(&name, &format!("{e}; fields with commas stand in quotes"));
        let is_row = input.read_byte_record(&mut row).map_err(failed)?;
        let read = input.position().byte();
        let source = input.get_mut();
        // What ends a row may be of two bytes, of which one was read.
        let is_next = source.line_end > read + 1;
        let holds = is_next || matches!(source.inner, Inner::Ready(_)) && source.delivered > read;
        progress.waits.set(!is_next && !source.is_ready(holds));
        if !is_row {
            return Ok(None);
        }
        number += 1;
        let field = |(at, bytes): (usize, &[u8])| {
            let read = if number == 1 { Given::read(bytes.to_vec()) } else { Given::read_on(bytes.to_vec()) };
            // Rows are what spreadsheets count, too; the names of the columns are the first.
            read.map(|it| it.text).map_err(|_| {
                Exit::failed(format!(
                    "{name} cannot be used: field {} of row {number} is not UTF-8 ({}); save it as UTF-8",
                    at + 1,
                    super::csv::one_line(bytes)
                ))
            })
        };
        row.iter().enumerate().map(field).collect::<Result<_, _>>().map(Some)
    };
    let headers = next()?.unwrap_or_default();
    let exactly = |wanted: &str| headers.iter().position(|it| it.trim() == wanted);
    let column =
        |wanted: &str| exactly(wanted).or_else(|| headers.iter().position(|it| it.trim().to_lowercase() == wanted));
    let Some(text) = column("text") else {
        return Err(Exit::failed(without_text(&file, &headers)));
    };
    let (item, target) = (column("item"), column("target"));
    let is_carried = move |at: usize| at != text && Some(at) != item;
    let carried = (0..headers.len()).filter(|it| is_carried(*it)).map(|it| headers[it].clone()).collect();
    let mut number = 0;
    let items = until_an_error(move || {
        let row = next().transpose()?;
        number += 1;
        Some(row.map(|row| Item {
            name: item.map_or_else(|| number.to_string(), |it| row[it].clone()),
            text: row[text].clone(),
            target: target.map(|it| row[it].clone()).filter(|it| !it.trim().is_empty()),
            file: None,
            carried: (0..row.len()).filter(|it| is_carried(*it)).map(|it| row[it].clone()).collect(),
            regions: None,
        }))
    });
    Ok((carried, items))
}

/// What `next` answers, up to its first error.
fn until_an_error(mut next: impl FnMut() -> Option<Result<Item, Exit>>) -> impl Iterator<Item = Result<Item, Exit>> {
    let mut failed = false;
    std::iter::from_fn(move || {
        let found = if failed { None } else { next() };
        failed = matches!(found, Some(Err(_)));
        found
    })
}

#[cfg(test)]
mod tests;
