//! LAMBADA.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::{Data, Figures, is_whole, run, say_marks, tokens};
use crate::TokenId;
use crate::command::eval::run::Protocol;
use crate::command::{Exit, say};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::ModelCard;
use crate::evaluation::lambada::{Sums, strict};
use crate::model::{Model, ModelError};
use crate::sample::Reading;

/// Where the file comes from.
pub(super) const FROM: &str =
    "lambada_test.jsonl of github.com/cybertronai/bflm, 5,153 lines, each an object with a field `text`";

/// The passages of the whole test set.
const ALL: usize = 5153;

/// Tokens that are read together, more or less.
const BATCH: usize = 2048;

#[derive(Deserialize)]
struct Line {
    text: String,
}

/// A passage: what the model reads and, at its end, what it should have guessed.
struct Passage {
    tokens: Vec<TokenId>,
    targets: usize,
}

#[derive(Default)]
struct Passages {
    all: Vec<Passage>,
    /// Where each batch of them ends.
    ends: Vec<usize>,
    left_out: usize,
    /// Those of them whose last word is longer than the context.
    too_long: usize,
    shortened: usize,
}

pub(super) fn evaluate(data: &Data, plain: bool, loaded: &mut LoadedModel, state: &Path) -> Result<Figures, Exit> {
    say_marks(&loaded.card, data);
    let passages = passages(data, plain, &loaded.card, loaded.model.positions())?;
    let Passages { left_out, too_long, shortened, .. } = passages;
    for (count, what) in [
        (left_out - too_long, "left out, since nothing stands before the last word"),
        (too_long, "left out, since the last word alone is longer than the context"),
        (shortened, "longer than the context, and read without the beginning"),
    ] {
        if count > 0 {
            say(&format!("megachat: of the passages so many are {what}: {count}"));
        }
    }
    let target = if plain { "plain" } else { "strict" };
    let sums = run(&passages, target, data, loaded, state)?;
    let note = if plain { "the last token" } else { "the last word, all of its tokens" };
    let rows = vec![
        ("passages", sums.passages.to_string(), String::new()),
        ("right", sums.right.to_string(), format!("{note} ({target})")),
        ("accuracy", format!("{:.2} %", sums.accuracy() * 100.0), String::new()),
        (
            "perplexity of words",
            format!("{:.3}", sums.perplexity_of_words()),
            "as the evaluation harness counts".into(),
        ),
        ("perplexity of tokens", format!("{:.3}", sums.perplexity_of_tokens()), format!("of {}", sums.targets)),
    ];
    let json = json!({
        "target": target, "passages": sums.passages, "left_out": left_out, "shortened": shortened, "targets": sums.targets,
        "right": sums.right, "accuracy": sums.accuracy(), "nats": sums.nats,
        "perplexity_of_words": sums.perplexity_of_words(), "perplexity_of_tokens": sums.perplexity_of_tokens(),
    });
    let of = (left_out + sums.passages, ALL, "passages");
    Ok(Figures { rows, json, are_the_papers: !plain && is_whole(of) })
}

fn passages(data: &Data, plain: bool, card: &ModelCard, positions: usize) -> Result<Passages, Exit> {
    let mut found = Passages::default();
    let lines = data.text.trim_start_matches('\u{feff}').split('\n').zip(1..);
    let (mut batch, mut is_said) = (0, false);
    for (line, number) in lines.filter(|it| !it.0.trim().is_empty()) {
        let Line { text } = serde_json::from_str(line).map_err(|e| {
            Exit::failed(format!("{}:{number} is no object with a text in its field `text`: {e}; {FROM}", data.name))
        })?;
        let (mut tokens, targets) = if plain {
            (tokens(card, &text, &mut is_said)?, 1)
        } else {
            let Some((before, last)) = strict(&text) else {
                found.left_out += 1;
                continue;
            };
            let (before, last) = (tokens(card, before, &mut is_said)?, tokens(card, &last, &mut is_said)?);
            let targets = last.len();
            ([before, last].concat(), targets)
        };
        if tokens.len() <= targets {
            found.left_out += 1;
            continue;
        }
        // The last token is guessed and not read.
        let over = tokens.len().saturating_sub(positions + 1);
        if targets > positions {
            found.left_out += 1;
            found.too_long += 1;
            continue;
        }
        found.shortened += usize::from(over > 0);
        tokens.drain(..over);
        if batch > 0 && batch + tokens.len() > BATCH {
            found.ends.push(found.all.len());
            batch = 0;
        }
        batch += tokens.len();
        found.all.push(Passage { tokens, targets });
    }
    if found.all.is_empty() {
        return Err(Exit::failed(format!("{} holds no passage; {FROM}", data.name)));
    }
    found.ends.push(found.all.len());
    Ok(found)
}

impl Passages {
    fn batch(&self, piece: usize) -> &[Passage] {
        let begin = piece.checked_sub(1).map_or(0, |it| self.ends[it]);
        &self.all[begin..self.ends[piece]]
    }
}

impl Protocol for Passages {
    type Sums = Sums;

    fn costs(&self) -> Vec<usize> {
        (0..self.ends.len()).map(|it| self.batch(it).iter().map(|it| it.tokens.len()).sum()).collect()
    }

    fn read(
        &self,
        piece: usize,
        rows: usize,
        model: &mut dyn Model,
        sums: &mut Sums,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<bool, ModelError> {
        let batch = self.batch(piece);
        let several: Vec<&[TokenId]> = batch.iter().map(|it| &it.tokens[..it.tokens.len() - 1]).collect();
        // Of each passage, minus the logarithm of its targets' probability and how many were the likeliest.
        let mut found = vec![(0.0, 0); batch.len()];
        let mut numbers = true;
        let mut hear = |which: usize, index: usize, row: &[f32]| {
            let Passage { tokens, targets } = &batch[which];
            if index + 1 + targets < tokens.len() {
                return;
            }
            match Reading::new(&row[..row.len().min(rows)], tokens[index + 1]) {
                Some(it) => {
                    found[which].0 += it.bits * std::f64::consts::LN_2;
                    found[which].1 += usize::from(it.score.rank == 0);
                }
                None => numbers = false,
            }
        };
        model.rewind(0);
        model.extend_several(&several, &mut hear, wanted)?;
        for (it, (nats, right)) in batch.iter().zip(found) {
            sums.passages += 1;
            sums.right += usize::from(right == it.targets);
            sums.targets += it.targets;
            sums.nats += nats;
        }
        Ok(numbers)
    }

    fn so_far(&self, sums: &Sums) -> String {
        format!("{} of {} passages right, {:.2} %", sums.right, sums.passages, sums.accuracy() * 100.0)
    }
}
