//! `megachat transcripts import`: texts of other programs as transcripts.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::super::{DASH, Exit, find_model, say};
use super::transcript_exit;
use crate::assets;
use crate::cli::ImportFormat;
use crate::document::{Document, Header, Imported, Record, import_loom, import_text};
use crate::files::disk::is_of_the_disk;
use crate::files::{self, Place};
use crate::output;
use crate::store::appender::Appender;
use crate::store::library::Library;
use crate::store::paths::Paths;
use crate::store::transcripts::{journal_in, new_header};
use crate::store::vocabularies::vocabulary_of;
use crate::text::{Given, Vocabulary, title_of, visible_line, visible_name, visible_path};

/// Makes a transcript of a file and prints its name.
///
/// # Errors
///
/// Status 1 if the file cannot be used, 3 if there is no such model, 74 if the disk is full.
pub(super) fn import(
    file: &Path,
    title: Option<&str>,
    format: Option<ImportFormat>,
    model: Option<&str>,
    paths: &Paths,
) -> Result<(), Exit> {
    let (name, bytes) = read(file)?;
    // A transcript of somebody else's library is one here, too.
    if format.is_none() && bytes.starts_with(b"{\"n\":") {
        return copy(&name, &bytes, title, paths);
    }
    let format = format.unwrap_or_else(|| guess(file, &bytes));
    let given =
        Given::read(bytes).map_err(|e| Exit::failed(format!("{name} cannot be used: {e}; save it as UTF-8")))?;
    let imported = match format {
        ImportFormat::Text => import_text(&given.text),
        ImportFormat::Loom => import_loom(&given.text),
    };
    let imported = imported.map_err(|e| Exit::failed(format!("{name} cannot be imported: {e}")))?;
    let vocabulary = vocabulary(model, paths)?;
    let records = records(&imported, &vocabulary)?;
    let title = title.map(title_of).or_else(|| imported.title.as_deref().map(title_of)).unwrap_or_default();
    let titled = Some(title).filter(|it| !it.is_empty()).map(|title| Record::Title { title });
    let begun = [Record::Words { vocabulary: vocabulary.record() }].into_iter().chain(titled);
    let all: Vec<Record> = begun.chain(records).collect();
    make(&new_header(), &all, Some(&vocabulary), paths)
}

fn read(file: &Path) -> Result<(String, Vec<u8>), Exit> {
    let is_input = file == Path::new(DASH);
    let name = if is_input { "standard input".to_owned() } else { visible_path(file) };
    let cannot = |e: io::Error| Exit::failed(format!("cannot read {name}: {e}"));
    let most = Place::Text.most();
    let mut bytes = Vec::new();
    if is_input {
        if output::is_input_closed() {
            return Err(Exit::failed("standard input is closed"));
        }
        io::stdin().take(most + 1).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        files::open_text(Place::Text, file).and_then(|it| it.take(most + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    }
    if bytes.len() as u64 > most {
        return Err(Exit::failed(format!("{name} is longer than {most} bytes")));
    }
    Ok((name, bytes))
}

/// By the name, and by what is in it.
fn guess(file: &Path, bytes: &[u8]) -> ImportFormat {
    let is_json = file.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let has_tree = bytes.windows(8).take(4096).any(|it| it.starts_with(b"\"root\"") || it.starts_with(b"\"text\""));
    if is_json || is_object && has_tree { ImportFormat::Loom } else { ImportFormat::Text }
}

fn vocabulary(model: Option<&str>, paths: &Paths) -> Result<Arc<Vocabulary>, Exit> {
    let Some(model) = model else { return Ok(assets::vocabulary()) };
    let (name, directory) = find_model(paths, Some(model))?;
    let Some(directory) = directory else { return Ok(assets::vocabulary()) };
    let found = vocabulary_of(&directory);
    found
        .map(Arc::new)
        .map_err(|e| Exit { code: 3, message: format!("the words of {} are not known: {e}", visible_name(&name)) })
}

/// The records that make the tree.
fn records(imported: &Imported, vocabulary: &Vocabulary) -> Result<Vec<Record>, Exit> {
    let mut document = Document::default();
    let mut out = Vec::new();
    // The last token of each node.
    let mut ends = Vec::new();
    let mut is_said = false;
    for node in &imported.nodes {
        let encoded = vocabulary.encode(&node.text).map_err(|e| Exit::failed(e.to_string()))?;
        if let Some(it) = encoded.read_as.filter(|_| !std::mem::replace(&mut is_said, true)) {
            say(&format!("megachat: {}", it.sentence()));
        }
        let parent = node.parent.and_then(|it| ends[it]);
        let record = Record::Typed { first: document.next_node(), parent, tokens: encoded.tokens, chosen: false };
        document.apply(&record);
        ends.push(document.tip());
        out.push(record);
    }
    out.push(Record::Tip { node: imported.end.and_then(|it| ends[it]) });
    Ok(out)
}

/// Takes a transcript of this program in as it is.
fn copy(name: &str, bytes: &[u8], title: Option<&str>, paths: &Paths) -> Result<(), Exit> {
    let journal = journal_in(Path::new(name), bytes).map_err(|e| transcript_exit(&e))?;
    if !journal.faults.is_sound() {
        say(&format!("megachat: {} is damaged: {}", visible_name(name), journal.faults));
    }
    let title = title.map(|it| Record::Title { title: title_of(it) });
    // How often it was opened elsewhere says nothing here.
    let own = |it: &Record| !matches!(it, Record::Opened { .. });
    let records: Vec<Record> = journal.records.into_iter().filter(own).chain(title).collect();
    let is_date = !journal.header.id.is_empty() && journal.header.id.chars().all(|it| it.is_ascii_digit() || it == '-');
    let header = if is_date { journal.header } else { Header { id: new_header().id, ..journal.header } };
    make(&header, &records, None, paths)
}

/// Writes a transcript, all of it or nothing, and prints its name.
fn make(header: &Header, records: &[Record], vocabulary: Option<&Arc<Vocabulary>>, paths: &Paths) -> Result<(), Exit> {
    let cannot = |e: io::Error| Exit {
        code: if is_of_the_disk(&e) { 74 } else { 1 },
        message: format!("cannot write {}: {e}", visible_path(&paths.transcripts)),
    };
    let mut appender = Appender::create(&paths.transcripts, header).map_err(cannot)?;
    let number = next_number(paths);
    let mut write = || {
        vocabulary.map_or(Ok(()), |it| appender.keep(it))?;
        number.map_or(Ok(()), |number| appender.append(&Record::Opened { number }))?;
        records.iter().try_for_each(|it| appender.append(it))?;
        appender.sync()
    };
    if let Err(error) = write() {
        let _ = std::fs::remove_file(appender.path());
        return Err(cannot(error));
    }
    let id = appender.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    writeln!(output::stdout()?, "{}", visible_line(&id))?;
    Ok(())
}

/// The number that makes a transcript the one worked on last. Without a library it is found by its date.
fn next_number(paths: &Paths) -> Option<u64> {
    let mut library = Library::open(paths).ok()?;
    library.refresh(&mut |_, _| true).ok()?;
    library.largest_number().ok()?.checked_add(1)
}
