//! The texts that are scored, one after the other, from files and standard input: no more than one is held.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::words;
use crate::cli::ScoreArguments;
use crate::command::{Exit, say};
use crate::engine::protocol::MOST_TEXT;
use crate::files::{self, Place};
use crate::text::{Given, NotUtf8, visible_name, visible_path};

/// A text with a context of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// Its file, the number of its line or row from 1, or what its row calls it.
    pub(super) name: String,
    pub(super) text: String,
    /// The words in it that are looked at, where not all are.
    pub(super) target: Option<String>,
    /// Where the regions that it marks are, in bytes, where such are told.
    pub(super) regions: Option<Vec<Range<usize>>>,
    /// The other fields of its row.
    pub(super) carried: Vec<String>,
}

/// How many bytes of the files were read, and how many there are, where that is known.
#[derive(Debug, Default)]
pub(super) struct Progress {
    done: Cell<u64>,
    total: Cell<Option<u64>>,
    /// Since the last item began.
    since: Cell<u64>,
}

impl Progress {
    /// The share that was read, 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        self.total.get().filter(|it| *it > 0).map(|it| (self.done.get() as f64 / it as f64).min(1.0))
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
        let progress = Rc::new(Progress { total: Cell::new(Some(0)), ..Progress::default() });
        let given = wanted.files.iter().map(|it| Some(it).filter(|it| *it != Path::new("-")).cloned());
        let files: Vec<Option<PathBuf>> = if wanted.files.is_empty() { vec![None] } else { given.collect() };
        let mut sources = Vec::new();
        for file in files {
            sources.push(Source::open(file.as_deref(), &progress)?);
        }
        let mut carried = Vec::new();
        let items: Stream = if wanted.items {
            let mut parts: Vec<Stream> = Vec::new();
            for (at, source) in sources.into_iter().enumerate() {
                let name = source.name.clone();
                let (others, rows) = rows(source)?;
                if at > 0 && others != carried {
                    return Err(Exit::failed(format!("{name} has other columns than the file before it")));
                }
                carried = others;
                parts.push(Box::new(rows));
            }
            Box::new(parts.into_iter().flatten())
        } else if wanted.pairs {
            carried.extend((sources.len() > 1).then(|| "file".to_owned()));
            let several = sources.len() > 1;
            Box::new(sources.into_iter().flat_map(move |it| lines(it, several)).flat_map(both))
        } else if wanted.lines {
            let several = sources.len() > 1;
            carried.extend(several.then(|| "file".to_owned()));
            Box::new(sources.into_iter().flat_map(move |it| lines(it, several)))
        } else {
            Box::new(sources.into_iter().map(whole))
        };
        let marked = |it: Item| {
            let (text, regions) = words::regions(&it.text);
            Item { text, regions: Some(regions), ..it }
        };
        let stream: Stream = if wanted.regions { Box::new(items.map(move |it| it.map(marked))) } else { items };
        Ok(Self { carried, stream, progress })
    }
}

/// A file or standard input.
struct Source {
    name: String,
    inner: Box<dyn Read>,
    progress: Rc<Progress>,
}

impl Source {
    fn open(file: Option<&Path>, progress: &Rc<Progress>) -> Result<Self, Exit> {
        let name = file.map_or_else(|| "standard input".to_owned(), visible_path);
        let failed = |e: io::Error| Exit::failed(format!("cannot read {name}: {e}"));
        let (inner, length): (Box<dyn Read>, Option<u64>) = if let Some(file) = file {
            let file = files::open_text(Place::Text, file).map_err(failed)?;
            let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|it| it.len());
            (Box::new(file), length)
        } else {
            if io::stdin().is_terminal() {
                say("megachat: write or paste the text; Ctrl-D at the beginning of a line ends it");
            }
            (Box::new(io::stdin()), None)
        };
        progress.total.set(progress.total.get().zip(length).map(|(sum, it)| sum + it));
        Ok(Self { name, inner, progress: progress.clone() })
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Progress { done, since, .. } = &*self.progress;
        if since.get() > 2 * MOST_TEXT as u64 {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("one of its texts is longer than {MOST_TEXT} bytes"),
            ));
        }
        let n = self.inner.read(out)?;
        done.set(done.get() + n as u64);
        since.set(since.get() + n as u64);
        Ok(n)
    }
}

/// A file as one text.
fn whole(mut source: Source) -> Result<Item, Exit> {
    source.progress.since.set(0);
    let name = source.name.clone();
    let mut bytes = Vec::new();
    let failed = |e: io::Error| Exit::failed(format!("cannot read {name}: {e}"));
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
        let read = input.read_until(b'\n', &mut bytes).map_err(|e| Exit::failed(format!("cannot read {name}: {e}")))?;
        if read == 0 {
            return Ok(None);
        }
        number += 1;
        if bytes.len() > MOST_TEXT {
            return Err(Exit::failed(format!("line {number} of {name} is longer than {MOST_TEXT} bytes")));
        }
        let given = if number == 1 { Given::read(bytes) } else { Given::read_on(bytes) };
        let text = given.map_err(|e| not_text(&name, &NotUtf8 { line: number, ..e }))?.without_line_end();
        let carried = several.then(|| name.clone()).into_iter().collect();
        Ok(Some(Item { name: number.to_string(), text, carried, ..Item::default() }))
    };
    until_an_error(move || next().transpose())
}

/// The lines of a file, or of standard input.
///
/// # Errors
///
/// Status 1 if it cannot be opened; each line, if it cannot be read, or is no text.
pub(in crate::command) fn each_line(
    file: Option<&Path>,
) -> Result<impl Iterator<Item = Result<String, Exit>> + use<>, Exit> {
    let source = Source::open(file, &Rc::new(Progress::default()))?;
    Ok(lines(source, false).map(|it| it.map(|it| it.text)))
}

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
            let (name, n) = (&line.name, parts.len());
            let why = "a good text, a tab and a bad one";
            return vec![Err(Exit::failed(format!(
                "line {name} has {n} fields with tabs between; --pairs wants {why}"
            )))];
        }
    };
    [good, bad].map(|it| Ok(Item { text: it.to_owned(), ..line.clone() })).into()
}

/// Each row of a CSV file as a text; also the names of the columns that are carried through.
fn rows(source: Source) -> Result<(Vec<String>, impl Iterator<Item = Result<Item, Exit>>), Exit> {
    let (name, progress) = (source.name.clone(), source.progress.clone());
    progress.since.set(0);
    let mut input = csv::ReaderBuilder::new().has_headers(false).from_reader(source);
    let mut number = 0;
    let mut next = move || -> Result<Option<Vec<String>>, Exit> {
        progress.since.set(0);
        let mut row = csv::ByteRecord::new();
        let failed =
            |e: csv::Error| Exit::failed(format!("cannot read {name}: {e}; fields with commas stand in quotes"));
        if !input.read_byte_record(&mut row).map_err(failed)? {
            return Ok(None);
        }
        number += 1;
        let line = row.position().map_or(number, |it| it.line() as usize);
        let field = |bytes: &[u8]| {
            let read = if number == 1 { Given::read(bytes.to_vec()) } else { Given::read_on(bytes.to_vec()) };
            read.map(|it| it.text).map_err(|e| not_text(&name, &NotUtf8 { line: line + e.line - 1, ..e }))
        };
        row.iter().map(field).collect::<Result<_, _>>().map(Some)
    };
    let headers = next()?.unwrap_or_default();
    let column = |wanted: &str| headers.iter().position(|it| it.trim() == wanted);
    let Some(text) = column("text") else {
        let all: Vec<String> = headers.iter().map(|it| format!("`{}`", visible_name(it))).collect();
        return Err(Exit::failed(format!(
            "--items wants a column `text`, and may have `item` and `target`; the first row, with commas between, is {}",
            if all.is_empty() { "empty".to_owned() } else { all.join(", ") }
        )));
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
