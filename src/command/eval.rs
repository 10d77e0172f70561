//! `megachat eval`: the zero-shot evaluations of the Megatron paper.

mod lambada;
mod run;
mod wikitext;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::run::{Protocol, Run};
use super::{Exit, measured, score};
use crate::TokenId;
use crate::cli::{EvalArguments, EvalVerb, FileArguments, ScoreArguments};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::ModelCard;
use crate::evaluation::{Paper, paper};
use crate::files::Place;
use crate::output;
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::{hex, visible, visible_json, visible_path};

/// A data set as it was read.
struct Data {
    /// Its path as it was written.
    name: String,
    text: String,
    sha256: String,
}

/// What comes out: lines of a table (what, value, note), and the same for programs.
struct Figures {
    rows: Vec<(&'static str, String, String)>,
    json: Value,
    /// Whether the paper has figures of this kind.
    are_the_papers: bool,
}

/// Where pairs come from.
const PAIRS: &str = "a good text, a tab and a bad one on each line, such as sentence_good and sentence_bad of BLiMP";

/// Evaluates a model and prints the figures beside the paper's.
///
/// # Errors
///
/// Status 2 without a file, or with one that no protocol fits; 3 if there is no such model, 6 if there is no such device, 7 if the
/// model is damaged, 130 or 143 after a signal: what is done is kept then; 1 if the file is not what it should be.
pub fn eval(verb: &EvalVerb, files: &FileArguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    // Before hours of work that could not be told.
    let mut out = output::stdout()?;
    let (wanted, plain, what, from) = match verb {
        EvalVerb::Lambada { plain, it } => (it, *plain, "lambada", lambada::FROM),
        EvalVerb::Wikitext103(it) => (it, false, "wikitext103", wikitext::FROM),
        EvalVerb::Pairs { it, .. } => (it, false, "pairs", PAIRS),
    };
    let Some(file) = wanted.file.as_deref() else {
        return Err(Exit::usage(format!("eval {what} needs a FILE: {from}")));
    };
    if let EvalVerb::Pairs { jsonl, csv, .. } = *verb {
        let EvalArguments { json, ref model, .. } = *wanted;
        let wanted = ScoreArguments { json, jsonl, csv, ..ScoreArguments::pairs(file, model) };
        return score(&wanted, files, config, paths);
    }
    let data = read(file)?;
    if let EvalVerb::Wikitext103(_) = verb {
        wikitext::check(file)?;
    }
    let mut loaded = measured::open(None, None, &wanted.model, files, config, paths)?;
    let figures = match verb {
        EvalVerb::Lambada { .. } => lambada::evaluate(&data, plain, &mut loaded, &paths.state)?,
        _ => wikitext::evaluate(&data, &mut loaded, &paths.state)?,
    };
    print(&mut out, what, wanted, &data, &loaded.card, figures)
}

/// Reads a data set, every byte as it is.
fn read(file: &Path) -> Result<Data, Exit> {
    let (name, bytes) = (visible_path(file), measured::read(file, Place::Text.most())?);
    let sha256 = hex(&Sha256::digest(&bytes));
    let text = String::from_utf8(bytes).map_err(|e| {
        Exit::failed(format!("{name} is not UTF-8: byte {} begins no character", e.utf8_error().valid_up_to()))
    })?;
    Ok(Data { name, text, sha256 })
}

/// Runs a protocol, from where it was stopped if it was. `of` says which it is.
fn run<P: Protocol>(
    protocol: &P,
    of: &str,
    data: &Data,
    loaded: &mut LoadedModel,
    state: &Path,
) -> Result<P::Sums, Exit> {
    let LoadedModel { model, card } = loaded;
    // All that the figures depend on, the rounding of a device too.
    let of = json!([
        1,
        of,
        data.sha256,
        card.sha256,
        card.vocabulary.hash(),
        card.dtype,
        card.arithmetic,
        card.device.to_string(),
        model.positions(),
    ]);
    let run = Run { protocol, of: of.to_string(), state, rows: card.vocabulary.len() };
    let sums = run.run(&mut **model)?;
    if let Some(moved) = model.moved() {
        super::say(&format!("megachat: {}", moved.why));
        card.device = moved.device;
    }
    Ok(sums)
}

/// Whether a file holds as many passages or words as the test set that the paper's figure is of; says if not.
fn is_whole((found, all, what): (usize, usize, &str)) -> bool {
    if found != all {
        super::say(&format!(
            "megachat: the file has {found} {what}, the paper's test set {all}: the paper's figure is not of this text"
        ));
    }
    found == all
}

/// The tokens of a text; says if something else is read, unless that `is_said`.
fn tokens(card: &ModelCard, text: &str, is_said: &mut bool) -> Result<Vec<TokenId>, Exit> {
    let encoded = card.vocabulary.encode(text).map_err(|e| Exit::failed(e.to_string()))?;
    if let Some(it) = encoded.read_as.filter(|_| !std::mem::replace(is_said, true)) {
        super::say(&format!("megachat: {}", it.sentence()));
    }
    Ok(encoded.tokens)
}

/// A mark such as <|endoftext|> in the data is one token here, and ordinary characters for Megatron's tokenizer.
fn say_marks(card: &ModelCard, data: &Data) {
    if let Some(mark) = card.vocabulary.begin_name().filter(|it| data.text.contains(it)) {
        super::say(&format!(
            "megachat: {} holds {mark}, which is one token here and ordinary characters in Megatron's tokenizer: the figures \
             differ from Megatron's",
            data.name
        ));
    }
}

fn print(
    out: &mut impl std::io::Write,
    what: &str,
    wanted: &EvalArguments,
    data: &Data,
    card: &ModelCard,
    figures: Figures,
) -> Result<(), Exit> {
    let paper = paper(card.parameters).filter(|_| figures.are_the_papers);
    let of_paper = |it: &Paper| if what == "lambada" { it.lambada } else { it.wikitext103 };
    if wanted.json {
        let mut object = json!({
            "evaluation": what,
            "file": data.name,
            "file_sha256": data.sha256,
            "model": {
                "name": card.name, "sha256": card.sha256, "parameters": card.parameters, "dtype": card.dtype,
                "device": card.device, "vocabulary": card.vocabulary.facts(),
            },
            "version": env!("CARGO_PKG_VERSION"),
        });
        if let (Value::Object(all), Value::Object(figures)) = (&mut object, figures.json) {
            all.extend(figures);
        }
        object["paper"] = paper.map_or(Value::Null, |it| json!({ "model": it.name, "value": of_paper(it) }));
        writeln!(out, "{}", visible_json(&object.to_string()))?;
        return Ok(());
    }
    let mut text = format!("{} by {}, {}, {}\n\n", visible(&data.name), visible(&card.name), card.dtype, card.device);
    let unit = if what == "lambada" { " %" } else { "" };
    let has = if figures.are_the_papers {
        "it has models of 355M, 2.5B and 8.3B parameters"
    } else {
        "it counts whole words: without --plain"
    };
    let of_paper = paper.map_or(("the paper's figure", "-".to_owned(), has.to_owned()), |it| {
        ("the paper's figure", format!("{:.2}{unit}", of_paper(it)), format!("of its model of {}", it.name))
    });
    for (what, value, note) in figures.rows.into_iter().chain([of_paper]) {
        let line = format!("{what:<22} {value:>12}  {note}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
