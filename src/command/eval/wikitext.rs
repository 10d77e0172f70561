//! `WikiText-103`.

use std::path::Path;

use serde_json::json;

use super::{Data, Figures, is_whole, run, say_marks, tokens};
use crate::TokenId;
use crate::command::Exit;
use crate::command::eval::run::Protocol;
use crate::engine::load::LoadedModel;
use crate::evaluation::wikitext::{LONGEST, STEP, Sums, Window, detokenize, windows, words};
use crate::model::{Model, ModelError, Scores};
use crate::sample::Reading;

/// Where the file comes from.
pub(super) const FROM: &str = "wiki.test.tokens of wikitext-103-v1.zip (Merity et al. 2016; not the raw one), which the card of \
                               the data set Salesforce/wikitext names";

/// The words of the whole test set.
const ALL: usize = 245_566;

/// Rows of scores that are asked for at once.
const BLOCK: usize = 128;

struct Stream {
    tokens: Vec<TokenId>,
    words: usize,
    /// Those that score something.
    windows: Vec<Window>,
}

/// Megatron chooses how a text is put together again by its path.
pub(super) fn check(file: &Path) -> Result<(), Exit> {
    let path = file.to_string_lossy();
    if path.contains("wiki") && !path.contains("ptb") {
        return Ok(());
    }
    let why = "Megatron tells by the path how a text is put together again: it must hold `wiki`, and no `ptb`";
    Err(Exit::usage(format!("{why}; rename the file or write its directory before it. It is {FROM}")))
}

pub(super) fn evaluate(data: &Data, loaded: &mut LoadedModel, state: &Path) -> Result<Figures, Exit> {
    say_marks(&loaded.card, data);
    let longest = loaded.model.positions().min(LONGEST);
    let tokens = tokens(&loaded.card, &detokenize(&data.text), &mut false)?;
    if tokens.len() < 2 {
        return Err(Exit::failed(format!("there is nothing to score in {}; {FROM}", data.name)));
    }
    let mut windows = windows(tokens.len(), longest);
    let all = windows.len();
    windows.retain(|it| !it.scored.is_empty());
    let stream = Stream { words: words(&data.text), tokens, windows };
    let sums = run(&stream, "wikitext103", data, loaded, state)?;
    let (words, tokens) = (stream.words, stream.tokens.len());
    let (perplexity, adjusted) = (sums.perplexity(tokens), sums.adjusted(words));
    let rows = vec![
        ("words", words.to_string(), "what single spaces separate in the file".to_owned()),
        ("tokens", tokens.to_string(), format!("{} scored", sums.scored)),
        ("windows", all.to_string(), format!("of {longest} tokens, each {STEP} further on")),
        ("loss", format!("{:.4}", sums.loss(tokens)), "nats a token".to_owned()),
        ("perplexity of tokens", format!("{perplexity:.3}"), String::new()),
        ("adjusted perplexity", format!("{adjusted:.2}"), "of words: the one to compare".to_owned()),
    ];
    let json = json!({
        "words": words, "tokens": tokens, "scored": sums.scored, "windows": all, "windows_read": stream.windows.len(),
        "context": longest, "step": STEP, "nats": sums.nats, "loss": sums.loss(tokens), "perplexity": perplexity,
        "adjusted_perplexity": adjusted,
    });
    Ok(Figures { rows, json, are_the_papers: is_whole((words, ALL, "words")) })
}

impl Protocol for Stream {
    type Sums = Sums;

    fn costs(&self) -> Vec<usize> {
        self.windows.iter().map(|it| it.read.len()).collect()
    }

    fn read(
        &self,
        piece: usize,
        rows: usize,
        model: &mut dyn Model,
        sums: &mut Sums,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<bool, ModelError> {
        let Window { read, scored } = &self.windows[piece];
        let mut numbers = true;
        model.rewind(0);
        model.extend(&self.tokens[read.start..scored.start - 1], Scores::None, wanted)?;
        // What is read last is scored: its rows alone are asked for.
        let mut at = scored.start;
        for block in self.tokens[scored.start - 1..scored.end - 1].chunks(BLOCK) {
            let mut hear =
                |index: usize, row: &[f32]| match Reading::new(&row[..row.len().min(rows)], self.tokens[at + index]) {
                    Some(it) => {
                        sums.scored += 1;
                        sums.nats += it.bits * std::f64::consts::LN_2;
                    }
                    None => numbers = false,
                };
            model.extend(block, Scores::Each(&mut hear), wanted)?;
            at += block.len();
        }
        Ok(numbers)
    }

    fn so_far(&self, sums: &Sums) -> String {
        // Words are counted in the whole text only.
        let words = sums.scored as f64 * self.words.saturating_sub(1) as f64 / (self.tokens.len() - 1) as f64;
        format!("adjusted perplexity {:.2}", (sums.nats / words.max(1.0)).exp())
    }
}
