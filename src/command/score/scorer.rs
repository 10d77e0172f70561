//! Items read by the model, many at a time.

use std::io::Write as _;
use std::time::Instant;

use super::items::Item;
use super::words::{self, Word};
use crate::TokenId;
use crate::cli::ScoreArguments;
use crate::command::interrupt::Interrupt;
use crate::command::{Exit, lively, say};
use crate::engine::load::LoadedModel;
use crate::engine::protocol::ModelCard;
use crate::engine::reading::{read_several, windows};
use crate::format::span;
use crate::gpt2::{Model, ModelError};
use crate::output;
use crate::sample::{Reading, Standing, Statistics, Tally, begins_character, log_share};
use crate::text::visible_name;

/// One token of a text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) id: TokenId,
    /// Where it begins: its byte from 0, its line and its character in that from 1.
    pub(super) byte: usize,
    pub(super) line: usize,
    pub(super) column: usize,
    /// What the model thought of it; `None` for a first one with nothing before it.
    pub(super) reading: Option<Reading>,
    /// How it stands among all that could have come, where that is wanted.
    pub(super) standing: Option<Standing>,
}

/// An item as the model finds it.
#[derive(Clone, Debug)]
pub(super) struct Scored {
    pub(super) item: Item,
    pub(super) tokens: Vec<Token>,
    pub(super) tally: Tally,
    /// In how many windows it was read.
    pub(super) windows: usize,
    pub(super) words: Vec<Word>,
    pub(super) statistics: Statistics,
    /// The surprise of the text in lower case, in bits, where that is wanted.
    pub(super) lower: Option<f64>,
    /// The first token whose scores are no numbers, from 0. Nothing is known of such a text.
    pub(super) broken: Option<usize>,
}

impl Scored {
    /// What is wrong with it, if its scores are no numbers. `name` is its name where it needs one.
    pub(super) fn complaint(&self, name: Option<&str>) -> Option<String> {
        let of = name.map_or_else(String::new, |it| format!(" of {}", visible_name(it)));
        self.broken.map(|at| format!("the model's scores of token {}{of} are no numbers", at + 1))
    }
}

/// What is worked out besides each token's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) words: bool,
    pub(super) standing: bool,
    /// The text again, in lower case.
    pub(super) lower: bool,
}

/// A model that reads items.
pub(super) struct Scorer {
    model: Box<dyn Model>,
    pub(super) card: ModelCard,
    /// What is put before each text.
    pub(super) start: Vec<TokenId>,
    pub(super) overlap: usize,
    wanted: Wanted,
    /// The tokens that can begin a word.
    beginnings: Vec<TokenId>,
    interrupt: Interrupt,
    said_read_as: bool,
    progress: Shown,
}

/// What is shown of the work on a terminal.
struct Shown {
    lively: bool,
    begun: Instant,
    items: usize,
    tokens: usize,
    /// Of all bytes, those that were read from the files.
    share: Option<f64>,
    /// Tokens of the one text, where there is one.
    of: Option<usize>,
}

impl Shown {
    /// That it cannot be shown changes nothing.
    fn show(&self) {
        let _ = match (self.of, self.share) {
            (Some(of), _) => write!(output::stderr(), "\r\x1b[K{} of {of} tokens", self.tokens),
            (None, Some(share)) if share > 0.0 => {
                let left = self.begun.elapsed().mul_f64((1.0 - share) / share);
                let (items, tokens, percent) = (self.items, self.tokens, share * 100.0);
                write!(output::stderr(), "\r\x1b[K{items} texts, {tokens} tokens, {percent:.0} %, {} left", span(left))
            }
            _ => write!(output::stderr(), "\r\x1b[K{} texts, {} tokens", self.items, self.tokens),
        };
    }

    fn clear(&self) {
        if self.lively {
            let _ = write!(output::stderr(), "\r\x1b[K");
        }
    }
}

/// A text on the way to be read: the start and its tokens, where words end, what is known of it.
struct Job {
    ids: Vec<TokenId>,
    scored: Scored,
    /// Before which tokens of the text, and whether behind the last, a word begins or is over; empty where no words are wanted.
    borders: Vec<bool>,
    /// Natural logarithms of the probability that a word begins there.
    openings: Vec<f64>,
    is_done: bool,
}

impl Scorer {
    /// # Errors
    ///
    /// Status 2 if the overlap does not fit the model.
    pub(super) fn new(loaded: LoadedModel, arguments: &ScoreArguments, wanted: Wanted) -> Result<Self, Exit> {
        let LoadedModel { model, card } = loaded;
        let capacity = model.positions();
        let overlap = arguments.overlap.unwrap_or(capacity / 2);
        if !(1..capacity).contains(&overlap) {
            let message = format!("--overlap is {overlap}, but must be between 1 and {}", capacity - 1);
            return Err(Exit::usage(message));
        }
        let start = match card.vocabulary.before() {
            _ if arguments.no_start => Vec::new(),
            [] => card.vocabulary.begin().into_iter().collect(),
            several => several.to_vec(),
        };
        if start.is_empty() && !arguments.no_start {
            say("megachat: this model names no token that begins a text: the first token is not scored");
        }
        let beginnings = if wanted.words { words::beginnings(&card.vocabulary) } else { Vec::new() };
        let progress = Shown { lively: lively(), begun: Instant::now(), items: 0, tokens: 0, share: None, of: None };
        let interrupt = Interrupt::listen()?;
        let said_read_as = false;
        Ok(Self { model, card, start, overlap, wanted, beginnings, interrupt, said_read_as, progress })
    }

    /// Reads some items, and answers what is known of those that were read to their end, in order, also after an error.
    ///
    /// # Errors
    ///
    /// Status 130 or 143 after a signal, 6 if the device is lost, 1 if the model cannot be run.
    pub(super) fn score(
        &mut self,
        items: Vec<Item>,
        share: Option<f64>,
        is_only: bool,
    ) -> (Vec<Scored>, Result<(), Exit>) {
        let lower = |it: &Item| Item { text: it.text.to_lowercase(), ..it.clone() };
        let again: Option<Vec<Item>> = self.wanted.lower.then(|| items.iter().map(lower).collect());
        let (mut done, mut outcome) = self.score_once(items, share, is_only);
        if let Some(mut again) = again {
            again.truncate(done.len());
            let (items, tokens) = (self.progress.items, self.progress.tokens);
            let (lower, second) = self.score_once(again, share, is_only);
            // What is told of the work is about the texts as they stand.
            (self.progress.items, self.progress.tokens) = (items, tokens);
            // One that was not read to the end is not told in part.
            done.truncate(lower.len());
            for (it, lower) in done.iter_mut().zip(lower) {
                it.lower = (lower.tally.tokens > 0).then_some(lower.tally.bits);
            }
            outcome = outcome.and(second);
        }
        (done, outcome)
    }

    fn score_once(&mut self, items: Vec<Item>, share: Option<f64>, is_only: bool) -> (Vec<Scored>, Result<(), Exit>) {
        let mut jobs = Vec::new();
        let mut outcome = Ok(());
        for item in items {
            match self.job(item) {
                Ok(it) => jobs.push(it),
                Err(e) => {
                    outcome = Err(e);
                    break;
                }
            }
        }
        self.progress.share = share;
        if is_only {
            // Each text is counted from its beginning.
            self.progress.tokens = 0;
            self.progress.of = jobs.first().map(|it: &Job| it.scored.tokens.len());
        }
        let read = self.read(&mut jobs);
        self.progress.clear();
        if let Some(moved) = self.model.moved() {
            say(&format!("megachat: {}", moved.why));
            (self.card.device, self.card.arithmetic) = (moved.device, self.model.arithmetic());
        }
        let mut done = Vec::new();
        for job in jobs {
            if !job.is_done {
                break;
            }
            done.push(self.finish(job));
        }
        (done, read.and(outcome))
    }

    /// What the figures are of, for programs.
    pub(super) fn facts(&self) -> serde_json::Value {
        let card = &self.card;
        serde_json::json!({
            "name": card.name, "sha256": card.sha256, "dtype": card.dtype, "device": card.device,
            "vocabulary": card.vocabulary.facts(),
        })
    }

    /// Tokens that the model sees at once.
    pub(super) fn positions(&self) -> usize {
        self.model.positions()
    }

    fn job(&mut self, mut item: Item) -> Result<Job, Exit> {
        let encoded = self.card.vocabulary.encode(&item.text).map_err(|e| Exit::usage(e.to_string()))?;
        if let Some(it) = &encoded.read_as {
            if !std::mem::replace(&mut self.said_read_as, true) {
                say(&format!("megachat: {}; places are those in what is read", it.sentence()));
            }
            let read = self.card.vocabulary.decode(&encoded.tokens);
            if let Some(regions) = &mut item.regions {
                // A space put before the text moves all places; after any other change nobody knows where they are.
                let Some(added) = read.strip_suffix(&*item.text) else {
                    let (name, why) = (visible_name(&item.called()), it.sentence());
                    return Err(Exit::failed(format!(
                        "the regions of {name} cannot be told: {why}; leave --regions out"
                    )));
                };
                for region in regions {
                    *region = region.start + added.len()..region.end + added.len();
                }
            }
            item.text = read;
        }
        let ids: Vec<TokenId> = self.start.iter().chain(&encoded.tokens).copied().collect();
        let tokens = self.places(&encoded.tokens);
        let windows = windows(ids.len(), self.model.positions(), self.overlap).len();
        let words = Vec::new();
        // Where nothing is to be read, nothing will be heard.
        let is_done = encoded.tokens.is_empty();
        let mut scored = Scored {
            item,
            tokens,
            tally: Tally::default(),
            windows,
            words,
            statistics: Statistics::default(),
            lower: None,
            broken: None,
        };
        let mut borders = Vec::new();
        if self.wanted.words {
            scored.words = words::find(&scored, &self.card.vocabulary);
            borders = words::borders(&scored.words, scored.tokens.len());
        }
        let openings = vec![f64::NAN; borders.len()];
        Ok(Job { ids, scored, borders, openings, is_done })
    }

    /// The tokens of a text with their places in it.
    fn places(&self, ids: &[TokenId]) -> Vec<Token> {
        let (mut byte, mut line, mut column) = (0, 1, 1);
        let place = |&id: &TokenId| {
            let it = Token { id, byte, line, column, reading: None, standing: None };
            for &next in self.card.vocabulary.bytes(id) {
                byte += 1;
                if next == b'\n' {
                    (line, column) = (line + 1, 1);
                } else {
                    column += usize::from(begins_character(next));
                }
            }
            it
        };
        ids.iter().map(place).collect()
    }

    fn read(&mut self, jobs: &mut [Job]) -> Result<(), Exit> {
        let Self { model, card, start, overlap, wanted, beginnings, interrupt, progress, .. } = self;
        let before = start.len();
        let texts: Vec<(usize, Vec<TokenId>)> = jobs
            .iter_mut()
            .enumerate()
            .filter(|it| !it.1.is_done)
            .map(|(at, it)| (at, std::mem::take(&mut it.ids)))
            .collect();
        let ids: Vec<&[TokenId]> = texts.iter().map(|it| &*it.1).collect();
        let mut hear = |which: usize, position: usize, row: &[f32]| {
            let job = &mut jobs[texts[which].0];
            let Some(at) = position.checked_sub(before) else { return };
            if job.borders.get(at) == Some(&true) {
                job.openings[at] = log_share(row, beginnings);
            }
            let Some(token) = job.scored.tokens.get_mut(at) else {
                job.is_done = true;
                progress.items += 1;
                return;
            };
            token.reading = Reading::new(row, token.id);
            match &token.reading {
                Some(_) if wanted.standing => token.standing = Standing::new(row, token.id, 1.0),
                Some(_) => {}
                None => job.scored.broken = job.scored.broken.or(Some(at)),
            }
            progress.tokens += 1;
            if progress.lively && progress.tokens.is_multiple_of(256) {
                progress.show();
            }
        };
        let limits = (*overlap, card.vocabulary.len());
        let outcome = read_several(&mut **model, &ids, limits, &mut hear, &mut || !interrupt.came());
        drop(ids);
        for (at, ids) in texts {
            jobs[at].ids = ids;
        }
        match outcome {
            Err(ModelError::Interrupted) => Err(Exit { code: interrupt.status(), message: String::new() }),
            Err(error @ ModelError::DeviceLost { .. }) => Err(Exit { code: 6, message: error.to_string() }),
            Err(error) => Err(Exit::failed(error.to_string())),
            Ok(()) => Ok(()),
        }
    }

    fn finish(&self, job: Job) -> Scored {
        let Job { mut scored, openings, .. } = job;
        if scored.broken.is_some() {
            // A sum of what is left would be of another text.
            scored.tokens.iter_mut().for_each(|it| it.reading = None);
        }
        for it in &scored.tokens {
            if let Some(reading) = &it.reading {
                scored.tally.add(reading.bits, reading.score.rank, self.card.vocabulary.bytes(it.id));
            }
        }
        words::weigh(&mut scored, &openings);
        let known = scored.tokens.iter().filter_map(|it| it.reading.as_ref().zip(it.standing.as_ref()));
        scored.statistics = Statistics::new(known);
        scored
    }
}
