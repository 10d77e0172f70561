//! `megachat score`: how surprising a model finds a text.

mod csv;
mod json;
mod table;

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use super::generate::engine_exit;
use super::interrupt::Interrupt;
use super::{Exit, demo_directory, find_model, model_source, places, say, say_notes};
use crate::TokenId;
use crate::appearance::Colours;
use crate::cli::{ColorName, FileArguments, InterfaceArguments, ScoreArguments};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::{MOST_TEXT, ModelCard};
use crate::engine::reading::{read, windows};
use crate::files::{self, Place};
use crate::gpt2::ModelError;
use crate::loading::load_model;
use crate::output;
use crate::sample::{Reading, Tally, begins_character};
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::{Given, visible_json, visible_path};

/// One token of the text.
struct Token {
    id: TokenId,
    /// Where it begins: its byte, its line and its character in that; lines and characters count from 1.
    byte: usize,
    line: usize,
    column: usize,
    /// What the model thought of it; `None` for a first one with nothing before it.
    reading: Option<Reading>,
}

/// Everything that is told.
struct Report {
    /// What the text is called.
    name: String,
    card: ModelCard,
    tokens: Vec<Token>,
    tally: Tally,
    /// The token before its first one, if one was put there.
    start: Option<TokenId>,
    overlap: usize,
    windows: usize,
}

impl Report {
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

/// Scores a text and prints what came out.
///
/// # Errors
///
/// Status 2 if the overlap does not fit the model, 3 if there is no such model, 6 if there is no such device, 7 if the
/// model is damaged, 130 or 143 after a signal, 1 if the text cannot be read or holds nothing, or the model cannot be run.
pub fn score(wanted: &ScoreArguments, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    // Before minutes of work that could not be told.
    let mut out = output::stdout()?;
    let (name, text) = read_text(wanted.file.as_deref())?;
    let (model, directory) = find_model(paths, wanted.model.model.as_deref().or(config.model.as_deref()))?;
    let directory = match directory {
        Some(it) => it,
        None => demo_directory(&places(paths, files))?,
    };
    let source = model_source(&wanted.model, config, model, directory).map_err(|e| Exit::usage(e.to_string()))?;
    let loaded = load_model(&source, &mut |_, _| ()).map_err(|e| engine_exit(&e))?;
    say_notes(&loaded.card);
    let report = report(name, &text, loaded, wanted)?;
    if wanted.json {
        writeln!(out, "{}", visible_json(&json::object(&report, wanted.worst).to_string()))?;
    } else if wanted.csv {
        csv::write(&report, &mut out)?;
    } else {
        let terminal = io::stdout().is_terminal();
        let asked = InterfaceArguments { color: wanted.color, ..InterfaceArguments::default() };
        let appearance =
            asked.appearance(config, |name| std::env::var(name).ok()).map_err(|e| Exit::usage(e.to_string()))?;
        // What the user chose holds in a pipe, too.
        let by_itself = matches!(wanted.color, None | Some(ColorName::Auto));
        let colour = appearance.colours != Colours::None && (terminal || !by_itself);
        let width = if terminal { crossterm::terminal::size().map_or(80, |it| usize::from(it.0)) } else { 80 };
        let style = table::Style { colour, text: terminal || colour, width: width.clamp(20, 100), appearance };
        out.write_all(table::table(&report, wanted.worst, style).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

fn report(name: String, text: &str, loaded: LoadedModel, wanted: &ScoreArguments) -> Result<Report, Exit> {
    let LoadedModel { mut model, mut card } = loaded;
    let capacity = model.positions();
    let overlap = wanted.overlap.unwrap_or(capacity / 2);
    if !(1..capacity).contains(&overlap) {
        let message = format!("--overlap is {overlap}, but must be between 1 and {}", capacity - 1);
        return Err(Exit::usage(message));
    }
    let mut tokens = places_of(&card, text)?;
    let start = match card.vocabulary.before() {
        _ if wanted.no_start => Vec::new(),
        [] => card.vocabulary.begin().into_iter().collect(),
        several => several.to_vec(),
    };
    if start.is_empty() && !wanted.no_start {
        say("megachat: this model names no token that begins a text: the first token is not scored");
    }
    let before = start.len();
    let read_tokens: Vec<TokenId> = start.into_iter().chain(tokens.iter().map(|it| it.id)).collect();
    let windows = windows(read_tokens.len(), capacity, overlap).len();
    let interrupt = Interrupt::listen()?;
    let lively = super::lively();
    let (total, mut broken) = (tokens.len(), None);
    let mut hear = |position: usize, row: &[f32]| {
        let at = position - before;
        tokens[at].reading = Reading::new(row, tokens[at].id);
        if tokens[at].reading.is_none() {
            broken.get_or_insert(at);
        }
        if lively && (at + 1).is_multiple_of(256) {
            // That it cannot be shown changes nothing.
            let _ = write!(output::stderr(), "\r\x1b[K{} of {total} tokens", at + 1);
        }
    };
    let limits = (overlap, card.vocabulary.len());
    let outcome = read(&mut *model, &read_tokens, limits, &mut hear, &mut || !interrupt.came());
    if let Some(moved) = model.moved() {
        say(&format!("megachat: {}", moved.why));
        (card.device, card.arithmetic) = (moved.device, model.arithmetic());
    }
    if lively {
        let _ = write!(output::stderr(), "\r\x1b[K");
    }
    match outcome {
        Err(ModelError::Interrupted) => return Err(Exit { code: interrupt.status(), message: String::new() }),
        Err(error @ ModelError::DeviceLost { .. }) => return Err(Exit { code: 6, message: error.to_string() }),
        Err(error) => return Err(Exit::failed(error.to_string())),
        Ok(()) => {}
    }
    if let Some(at) = broken {
        return Err(Exit::failed(format!("the model's scores of token {} are no numbers", at + 1)));
    }
    let mut tally = Tally::default();
    for it in &tokens {
        if let Some(reading) = &it.reading {
            tally.add(reading.bits, reading.score.rank, card.vocabulary.bytes(it.id));
        }
    }
    if tally.tokens == 0 {
        return Err(Exit::failed(format!("{name} is one token, which has nothing before it; leave --no-start out")));
    }
    Ok(Report { name, card, tokens, tally, start: read_tokens[..before].last().copied(), overlap, windows })
}

/// The tokens of a text with their places in it.
fn places_of(card: &ModelCard, text: &str) -> Result<Vec<Token>, Exit> {
    let encoded = card.vocabulary.encode(text).map_err(|e| Exit::usage(e.to_string()))?;
    if let Some(it) = &encoded.read_as {
        say(&format!("megachat: {}; places are those in what is read", it.sentence()));
    }
    let (mut byte, mut line, mut column) = (0, 1, 1);
    let place = |id: TokenId| {
        let it = Token { id, byte, line, column, reading: None };
        for &next in card.vocabulary.bytes(id) {
            byte += 1;
            if next == b'\n' {
                (line, column) = (line + 1, 1);
            } else {
                column += usize::from(begins_character(next));
            }
        }
        it
    };
    Ok(encoded.tokens.into_iter().map(place).collect())
}

/// The text and what it is called.
fn read_text(file: Option<&Path>) -> Result<(String, String), Exit> {
    let file = file.filter(|it| *it != Path::new("-"));
    let name = file.map_or_else(|| "standard input".to_owned(), visible_path);
    let failed = |e: io::Error| Exit::failed(format!("cannot read {name}: {e}"));
    let mut bytes = Vec::new();
    let most = MOST_TEXT as u64 + 1;
    if let Some(file) = file {
        files::open_text(Place::Text, file).and_then(|it| it.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    } else {
        if io::stdin().is_terminal() {
            say("megachat: write or paste the text; Ctrl-D at the beginning of a line ends it");
        }
        io::stdin().take(most).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() > MOST_TEXT {
        return Err(Exit::failed(format!("{name} is longer than {MOST_TEXT} bytes; score it in parts")));
    }
    let given = Given::read(bytes).map_err(|e| Exit::failed(format!("{name} cannot be used: {e}")))?;
    if let Some(remark) = given.remark() {
        say(&format!("megachat: {name}: {remark}; places are those in what is read"));
    }
    if given.text.is_empty() {
        return Err(Exit::failed(format!("there is nothing to score: {name} is empty")));
    }
    Ok((name, given.text))
}
