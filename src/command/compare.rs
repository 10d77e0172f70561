//! `megachat model compare`: whether two models are one, and how far what they say differs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::{Exit, measured};
use crate::TokenId;
use crate::checkpoint::Config;
use crate::checkpoint::tensors::{Dtype, Tensor};
use crate::cli::{CompareArguments, FileArguments};
use crate::directory::{Contents, Opened};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::MOST_TEXT;
use crate::engine::reading::windows;
use crate::evaluation::comparison::{Sums, Verdict, Weights, difference};
use crate::model::{Model, ModelError, Precision, Scores};
use crate::output;
use crate::store::config::Config as Configuration;
use crate::store::paths::Paths;
use crate::text::{Given, visible, visible_json, visible_path};

/// What they read where no text is named: Dickens, 1859.
const SAMPLE: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, \
it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the \
spring of hope, it was the winter of despair, we had everything before us, we had nothing before us.\n\nOnce upon a time there \
was a little dog named Max. One day he found a red ball in the park, and he was very happy.";

/// Rows of scores that are held at once.
const BLOCK: usize = 16;

/// Loads both, has them read the text, and compares their weights.
///
/// # Errors
///
/// Status 3 if there is no such model, 6 if there is no such device, 7 if one is damaged, 130 or 143 after a signal, 1 if the text
/// cannot be read, or one cannot be run.
pub(super) fn compare(
    wanted: &CompareArguments,
    files: &FileArguments,
    config: &Configuration,
    paths: &Paths,
) -> Result<(), Exit> {
    let mut out = output::stdout()?;
    let text = wanted.text.as_deref().map_or_else(|| Ok(SAMPLE.to_owned()), read)?;
    let open = |named: &str| {
        let (name, precision) = name_and_precision(named);
        measured::open(Some(name), precision, &wanted.model, files, config, paths)
    };
    let (mut a, mut b) = (open(&wanted.a)?, open(&wanted.b)?);
    let shared = a.card.vocabulary.hash() == b.card.vocabulary.hash();
    let (sums, weights) = if shared {
        let tokens = tokens(&a, &text)?;
        let sums = read_both(&mut *a.model, &mut *b.model, &tokens, a.card.vocabulary.len())?;
        (sums, weights(&a.card.directory, &b.card.directory))
    } else {
        // No token of one is one of the other.
        (Sums::default(), Weights::Other("their vocabularies differ".to_owned()))
    };
    if wanted.json {
        writeln!(out, "{}", visible_json(&object(&a, &b, &sums, &weights).to_string()))?;
    } else {
        out.write_all(table(&a, &b, &sums, &weights).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

fn object(a: &LoadedModel, b: &LoadedModel, sums: &Sums, weights: &Weights) -> Value {
    let model = |it: &LoadedModel| {
        let card = &it.card;
        json!({ "name": card.name, "sha256": card.sha256, "dtype": card.dtype, "device": card.device })
    };
    let (first, by, why) = match weights {
        Weights::Same => (None, None, None),
        Weights::Differ { first, by, .. } => (Some(first), Some(by), None),
        Weights::Other(why) | Weights::Unknown(why) => (None, None, Some(why)),
    };
    let same = match weights {
        Weights::Same => Some(true),
        Weights::Differ { .. } | Weights::Other(_) => Some(false),
        Weights::Unknown(_) => None,
    };
    // Where nothing was read, nothing is known.
    let read = |it: f64| (sums.places > 0).then_some(it);
    json!({
        "a": model(a), "b": model(b), "verdict": Verdict::of(sums, weights).words(), "places": sums.places,
        "largest_logit_difference": read(sums.largest), "mean_logit_difference": read(sums.mean()),
        "kl_nats_per_token": read(sums.divergence()), "same_likeliest": read(sums.likeliest()),
        "same_weights": same, "first_tensor": first, "tensor_difference": by, "weights_not_compared": why,
    })
}

fn table(a: &LoadedModel, b: &LoadedModel, sums: &Sums, weights: &Weights) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (letter, LoadedModel { card, .. }) in [("A", a), ("B", b)] {
        let _ = writeln!(text, "{letter}  {}, {}, {}", visible(&card.name), card.dtype, card.device);
    }
    let _ = writeln!(text, "\n{}\n", Verdict::of(sums, weights).words());
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "{what:<30} {value}");
    };
    if sums.places > 0 {
        line("tokens of the text", sums.places.to_string());
        line("largest difference of logits", format!("{:.3e}", sums.largest));
        line("mean difference of logits", format!("{:.3e}", sums.mean()));
        line("KL(A, B)", format!("{:.3e} nats a token", sums.divergence()));
        line("same likeliest token", format!("{:.1} %", sums.likeliest() * 100.0));
    }
    let weights = match weights {
        Weights::Same if a.card.dtype == b.card.dtype => "the same numbers".to_owned(),
        Weights::Same => "the same numbers before they are rounded for their precisions".to_owned(),
        Weights::Differ { first, by, .. } => format!("differ first in {}, by {by:.3e} at the most", visible(first)),
        Weights::Other(why) => format!("of two models: {}", visible(why)),
        Weights::Unknown(why) => format!("not compared: {}", visible(why)),
    };
    line("weights", weights);
    text
}

/// `megatron-345m:q8` is that model in that precision.
fn name_and_precision(text: &str) -> (&str, Option<Precision>) {
    let named = text.rsplit_once(':').and_then(|(name, precision)| Some((name, Precision::named(precision)?)));
    named.map_or((text, None), |(name, precision)| (name, Some(precision)))
}

fn read(file: &Path) -> Result<String, Exit> {
    let name = visible_path(file);
    let given = Given::read(measured::read(file, MOST_TEXT as u64)?)
        .map_err(|e| Exit::failed(format!("{name} cannot be used: {e}")))?;
    if given.text.is_empty() {
        return Err(Exit::failed(format!("there is nothing to compare them on: {name} is empty")));
    }
    Ok(given.text)
}

/// The text's tokens behind the one that begins a text, if there is one.
fn tokens(model: &LoadedModel, text: &str) -> Result<Vec<TokenId>, Exit> {
    let vocabulary = &model.card.vocabulary;
    let encoded = vocabulary.encode(text).map_err(|e| Exit::failed(e.to_string()))?;
    let tokens: Vec<TokenId> = vocabulary.begin().into_iter().chain(encoded.tokens).collect();
    if tokens.len() < 2 {
        return Err(Exit::failed("there is nothing to compare them on: the text is one token"));
    }
    Ok(tokens)
}

/// Both read the text, in windows of what the shorter context has.
fn read_both(a: &mut dyn Model, b: &mut dyn Model, tokens: &[TokenId], vocabulary: usize) -> Result<Sums, Exit> {
    let interrupt = Interrupt::listen()?;
    let exit = |e: ModelError| match e {
        ModelError::Interrupted => Exit { code: interrupt.status(), message: String::new() },
        ModelError::DeviceLost { .. } => Exit { code: 6, message: e.to_string() },
        e => Exit::failed(e.to_string()),
    };
    let capacity = a.positions().min(b.positions());
    let (mut sums, mut numbers, wanted) = (Sums::default(), true, &mut || !interrupt.came());
    for window in windows(tokens.len(), capacity, capacity / 2) {
        a.rewind(0);
        b.rewind(0);
        let known = &tokens[window.read.start..window.scored - 1];
        a.extend(known, Scores::None, wanted).map_err(exit)?;
        b.extend(known, Scores::None, wanted).map_err(exit)?;
        for block in tokens[window.scored - 1..window.read.end - 1].chunks(BLOCK) {
            let mut rows: Vec<Vec<f32>> = Vec::new();
            let mut keep = |_: usize, row: &[f32]| rows.push(row[..row.len().min(vocabulary)].to_vec());
            a.extend(block, Scores::Each(&mut keep), wanted).map_err(exit)?;
            let mut add = |index: usize, row: &[f32]| {
                let first = &rows[index];
                let both = first.len().min(row.len());
                numbers &= sums.add(&first[..both], &row[..both]);
            };
            b.extend(block, Scores::Each(&mut add), wanted).map_err(exit)?;
        }
    }
    if numbers { Ok(sums) } else { Err(Exit::failed("the scores of one of the models are no numbers")) }
}

/// Compares the weights as they lie in the files, tensor by tensor, in the order of the first.
fn weights(a: &Path, b: &Path) -> Weights {
    let open = |path: &Path| {
        let opened = Contents::of(path).and_then(|it| it.open(None));
        let opened = opened.map_err(|e| e.to_string())?;
        opened.ok_or_else(|| format!("{} has to be converted first (`megachat model import`)", visible_path(path)))
    };
    let (mut a, mut b) = match (open(a), open(b)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(why), _) | (_, Err(why)) => return Weights::Unknown(why),
    };
    if let Some(why) = configurations(&a.plan.config, &b.plan.config) {
        return Weights::Other(why);
    }
    let (mut first, mut all_rounded) = (None, true);
    if let Some(only) = b.plan.targets.iter().find(|it| a.target(&it.name).is_none()) {
        return Weights::Other(format!("only B has {}", only.name));
    }
    for target in a.plan.targets.clone() {
        let Some(other) = b.target(&target.name) else {
            return Weights::Other(format!("only A has {}", target.name));
        };
        let pieces = target.from.pieces.first().zip(other.from.pieces.first().map(|it| it.tensor.clone()));
        let Some((piece, other)) = pieces.filter(|_| other.shape == target.shape) else {
            return Weights::Other(format!("their shapes differ in {}", target.name));
        };
        let (one, other) = match (numbers(&mut a, &piece.tensor), numbers(&mut b, &other)) {
            (Ok(one), Ok(other)) => (one, other),
            (Err(e), _) | (_, Err(e)) => return Weights::Unknown(format!("{} cannot be read: {e}", target.name)),
        };
        if one.iter().zip(&other).all(|(a, b)| a.to_bits() == b.to_bits()) {
            continue;
        }
        let (by, rounded) = difference(&one, &other);
        first.get_or_insert((target.name, by));
        all_rounded &= rounded;
    }
    first.map_or(Weights::Same, |(first, by)| Weights::Differ { first, by, rounded: all_rounded })
}

/// The first number in which two configurations differ, in words.
fn configurations(a: &Config, b: &Config) -> Option<String> {
    let all = |it: &Config| {
        [
            ("n_layer", it.n_layer.to_string()),
            ("n_embd", it.n_embd.to_string()),
            ("n_head", it.n_head.to_string()),
            ("n_inner", it.n_inner.to_string()),
            ("n_positions", it.n_positions.to_string()),
            ("vocab_size", it.vocab_size.to_string()),
            ("layer_norm_epsilon", it.layer_norm_epsilon.to_string()),
            ("activation_function", format!("{:?}", it.activation)),
            ("tie_word_embeddings", it.tie_word_embeddings.to_string()),
        ]
    };
    let differs = all(a).into_iter().zip(all(b)).find(|(a, b)| a != b);
    differs.map(|((name, a), (_, b))| format!("{name} is {a} and {b}"))
}

/// A tensor's numbers, whatever they are written in.
fn numbers(opened: &mut Opened, tensor: &Tensor) -> std::io::Result<Vec<f32>> {
    let mut bytes = vec![0; tensor.numel() * tensor.dtype.size()];
    opened.read(tensor, 0, &mut bytes)?;
    let pairs = || bytes.chunks_exact(2).map(|it| [it[0], it[1]]);
    Ok(match tensor.dtype {
        Dtype::F16 => pairs().map(|it| half::f16::from_le_bytes(it).to_f32()).collect(),
        Dtype::Bf16 => pairs().map(|it| half::bf16::from_le_bytes(it).to_f32()).collect(),
        // The plan lets no other type through.
        _ => bytes.chunks_exact(4).map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect(),
    })
}

#[cfg(test)]
mod tests;
