//! The model as one who guesses: what it thinks of the words of a text, and of others in their places.

use std::ops::Range;

use crate::TokenId;
use crate::command::interrupt::Interrupt;
use crate::command::score::{place_of, starts_of, tokens_of};
use crate::command::{Exit, say};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::ModelCard;
use crate::engine::reading::{Window, windows};
use crate::gpt2::{Model, ModelError};
use crate::model::Scores;
use crate::sample::{Candidates, Reading};

/// How many of the likeliest tokens are told.
const LIKELIEST: usize = 3;

/// The likeliest tokens with their probabilities.
pub(super) type Likeliest = Vec<(TokenId, f64)>;

/// A word of the text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// Its bytes in the text, and its tokens there, with the white space before it.
    pub(super) place: Range<usize>,
    tokens: Range<usize>,
}

/// What the model thinks of a word.
#[derive(Clone, Debug)]
pub(super) struct Thought {
    pub(super) tokens: usize,
    /// The surprise of all its tokens, in bits.
    pub(super) bits: f64,
    /// The rank of its first token, from 1.
    pub(super) rank: u32,
    /// Of each token, whether it was the likeliest.
    is_likeliest: Vec<bool>,
}

impl Thought {
    fn new(readings: &[Reading]) -> Self {
        Self {
            tokens: readings.len(),
            bits: readings.iter().map(|it| it.bits).sum(),
            rank: readings.first().map_or(0, |it| it.score.rank + 1),
            is_likeliest: readings.iter().map(|it| it.score.rank == 0).collect(),
        }
    }
}

/// A model, and the text whose words are asked.
pub(super) struct Player {
    model: Box<dyn Model>,
    pub(super) card: ModelCard,
    pub(super) text: String,
    pub(super) words: Vec<Word>,
    /// The text's tokens, those that begin a text before them.
    ids: Vec<TokenId>,
    /// How many of these there are.
    before: usize,
    /// The byte at which each token of the text begins.
    bytes: Vec<usize>,
    windows: Vec<Window>,
    /// Where the model's context begins among `ids`; none before anything is read.
    begun: Option<usize>,
    pub(super) interrupt: Interrupt,
}

impl Player {
    /// # Errors
    ///
    /// Status 1 if the model has no encoder for the text.
    pub(super) fn new(loaded: LoadedModel, mut text: String) -> Result<Self, Exit> {
        let LoadedModel { model, card } = loaded;
        let encoded = card.vocabulary.encode(&text).map_err(|e| Exit::failed(e.to_string()))?;
        if let Some(it) = encoded.read_as {
            say(&format!("megachat: {}", it.sentence()));
            text = card.vocabulary.decode(&encoded.tokens);
        }
        let start: Vec<TokenId> = match card.vocabulary.before() {
            [] => card.vocabulary.begin().into_iter().collect(),
            several => several.to_vec(),
        };
        let mut byte = 0;
        let begin = |it: &TokenId| {
            byte += card.vocabulary.bytes(*it).len();
            byte - card.vocabulary.bytes(*it).len()
        };
        let bytes: Vec<usize> = encoded.tokens.iter().map(begin).collect();
        let starts = starts_of(&text, bytes.iter().copied());
        let word = |it: &str| {
            let place = place_of(&text, it);
            Word { tokens: tokens_of(&starts, &place), place }
        };
        // A token with nothing before it has no score, and a word inside another's token none of its own.
        let is_scored = |it: &Word| !it.tokens.is_empty() && it.tokens.start + start.len() > 0;
        let words = text.split_whitespace().map(word).filter(is_scored).collect();
        let before = start.len();
        let ids: Vec<TokenId> = start.into_iter().chain(encoded.tokens).collect();
        let windows = windows(ids.len(), model.positions(), model.positions() / 2);
        let interrupt = Interrupt::listen()?;
        Ok(Self { model, card, text, words, ids, before, bytes, windows, begun: None, interrupt })
    }

    /// What it thinks of a word of the text, whether it would have said it, and the likeliest tokens there with their
    /// probabilities.
    ///
    /// # Errors
    ///
    /// Status 130 or 143 after a signal, 6 if the device is lost, 1 if the model cannot be run.
    pub(super) fn word(&mut self, at: usize) -> Result<(Thought, bool, Likeliest), Exit> {
        let Word { place, tokens } = self.words[at].clone();
        let (mut readings, mut likeliest) = (Vec::new(), Vec::new());
        for index in tokens.clone() {
            let position = self.before + index;
            let row = self.scores(position)?;
            let reading = reading(&row, self.ids[position])?;
            if index == tokens.start {
                let mut all = Candidates::new(&row);
                let first = all.likeliest(LIKELIEST).iter().map(|it| it.token).collect::<Vec<_>>();
                let p = |it: TokenId| Reading::new(&row, it).map_or(0.0, |it| f64::from(it.score.p));
                likeliest = first.into_iter().map(|it| (it, p(it))).collect();
            }
            readings.push(reading);
        }
        let thought = Thought::new(&readings);
        // The punctuation behind the word is not asked for.
        let word = &self.text[place.clone()];
        let end = place.start + word.trim_end_matches(|it: char| !it.is_alphanumeric()).len();
        let end = if end == place.start { place.end } else { end };
        let asked = tokens.clone().zip(&thought.is_likeliest).filter(|it| self.bytes[it.0] < end);
        let is_right = { asked }.all(|it| *it.1);
        Ok((thought, is_right, likeliest))
    }

    /// What it thinks of another word in the place of one; `None` of one that is too long.
    ///
    /// # Errors
    ///
    /// As [`word`](Self::word).
    pub(super) fn instead(&mut self, at: usize, guess: &str) -> Result<Option<Thought>, Exit> {
        let Word { place, tokens } = self.words[at].clone();
        // With the white space that is before the word: most tokens that begin a word hold it.
        let gap = self.bytes[tokens.start].min(place.start)..place.start;
        let guess = format!("{}{guess}", &self.text[gap]);
        let encoded = self.card.vocabulary.encode(&guess).map_err(|e| Exit::failed(e.to_string()))?.tokens;
        let (position, capacity) = (self.before + tokens.start, self.model.positions());
        if encoded.is_empty() || encoded.len() > capacity / 2 {
            return Ok(None);
        }
        let mut row = self.scores(position)?;
        if self.model.position() + encoded.len() > capacity {
            row = self.scores_from(position - capacity / 2, position)?;
        }
        let (known, mut readings) = (self.model.position(), Vec::new());
        for (index, &token) in encoded.iter().enumerate() {
            readings.push(reading(&row, token)?);
            if index + 1 < encoded.len() {
                row = self.extend(&[token])?;
            }
        }
        self.model.rewind(known);
        Ok(Some(Thought::new(&readings)))
    }

    /// The scores, (V,), of the token at a position of `ids`, in the window in which `megachat score` reads it.
    fn scores(&mut self, position: usize) -> Result<Vec<f32>, Exit> {
        let window = self.windows.iter().rfind(|it| it.scored <= position);
        self.scores_from(window.map_or(0, |it| it.read.start), position)
    }

    /// The same with the context beginning at `start`, which must be before the position.
    fn scores_from(&mut self, start: usize, position: usize) -> Result<Vec<f32>, Exit> {
        let kept = if self.begun == Some(start) { self.model.position().min(position - start - 1) } else { 0 };
        self.begun = Some(start);
        self.model.rewind(kept);
        let new = self.ids[start + kept..position].to_vec();
        self.extend(&new)
    }

    /// Reads tokens, one at least, and answers the scores behind them.
    fn extend(&mut self, tokens: &[TokenId]) -> Result<Vec<f32>, Exit> {
        let mut row = vec![0.0; self.model.vocabulary()];
        let interrupt = &self.interrupt;
        match self.model.extend(tokens, Scores::Last(&mut row), &mut || !interrupt.came()) {
            Err(ModelError::Interrupted) => return Err(Exit { code: interrupt.status(), message: String::new() }),
            Err(error @ ModelError::DeviceLost { .. }) => return Err(Exit { code: 6, message: error.to_string() }),
            Err(error) => return Err(Exit::failed(error.to_string())),
            Ok(()) => {}
        }
        // A padded output matrix has scores of ids that stand for nothing.
        row.truncate(self.card.vocabulary.len());
        if let Some(moved) = self.model.moved() {
            say(&format!("megachat: {}", moved.why));
            self.card.device = moved.device;
        }
        Ok(row)
    }
}

fn reading(row: &[f32], token: TokenId) -> Result<Reading, Exit> {
    Reading::new(row, token).ok_or_else(|| Exit::failed("the model's scores are no numbers"))
}
