//! Prints what is drawn: whole characters that cannot turn out to be the beginning of a stop string.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::interrupt::Interrupt;
use super::super::{Exit, engine_exit, say};
use super::told::{Begin, End, Line, Scored, Seconds, Token, Which, Whole};
use crate::TokenId;
use crate::engine::generation::Control;
use crate::engine::pace::Pace;
use crate::engine::protocol::{Cut, Event, Failure, ModelCard, StopReason};
use crate::sample::{Draw, EndOfText, Reading, Settings, StepTrace};
use crate::text::{StopBuffer, Utf8Stream, Visible, stops, visible_json};

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The text alone.
    Text,
    /// One JSON object at the end.
    Json,
    /// JSON Lines: one for what begins, one for each token, one for the end.
    Lines,
}

/// A token that was drawn.
struct Drawn {
    /// Where its text ends among what was written.
    end: usize,
    draw: Draw,
    trace: Vec<StepTrace>,
}

/// What is asked, and how it is told.
pub(super) struct Told<'a> {
    pub(super) form: Form,
    pub(super) card: &'a ModelCard,
    pub(super) prompt: &'a str,
    pub(super) settings: &'a Settings,
    /// Whether standard error stays silent.
    pub(super) quiet: bool,
    /// Whether the prompt is told, too.
    pub(super) echo: bool,
    /// Which of several it is.
    pub(super) which: Option<Which>,
}

/// Prints a continuation while it is drawn.
pub(super) struct Printer<'a, W> {
    told: Told<'a>,
    out: W,
    interrupt: Interrupt,
    /// The bytes that were drawn, behind those of the prompt that they begin with.
    bytes: StopBuffer,
    /// How many of them are the prompt's.
    typed: usize,
    utf8: Utf8Stream,
    /// Draws, with where they end in `bytes`; those of `Form::Lines` leave when they are printed.
    draws: VecDeque<Drawn>,
    /// How many were printed, and the sum of their log-probabilities.
    printed: (usize, f64),
    /// Whether standard output is a terminal, which control characters could harm.
    terminal: bool,
    /// What was printed last there, which a mark may stand on.
    visible: Visible,
    outcome: Option<Result<(StopReason, Option<Cut>), Failure>>,
    broken: Option<io::Error>,
    started: Instant,
    pace: Pace,
    first: Option<Duration>,
    prompt_tokens: Vec<TokenId>,
    /// What the model thought of each, where that is asked for.
    prompt_scores: Option<Vec<Scored>>,
    /// The last of them, where the first draw took its place.
    healed: Option<TokenId>,
    /// What the vocabulary reads instead of the prompt, where it changes it.
    read_as: Option<String>,
    has_begun: bool,
}

impl<'a, W: Write> Printer<'a, W> {
    pub(super) fn new(told: Told<'a>, out: W, interrupt: Interrupt) -> Self {
        Self {
            prompt_scores: (told.echo && told.form != Form::Text).then(Vec::new),
            told,
            out,
            interrupt,
            bytes: StopBuffer::default(),
            typed: 0,
            utf8: Utf8Stream::default(),
            draws: VecDeque::new(),
            printed: (0, 0.0),
            terminal: io::stdout().is_terminal(),
            visible: Visible::default(),
            outcome: None,
            broken: None,
            started: Instant::now(),
            pace: Pace::default(),
            first: None,
            prompt_tokens: Vec::new(),
            healed: None,
            read_as: None,
            has_begun: false,
        }
    }

    /// The first line of JSON Lines, or the prompt, once.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        match self.told.form {
            Form::Text if self.told.echo => {
                let prompt = self.told.prompt;
                self.write(prompt.to_owned())
            }
            Form::Text | Form::Json => Ok(()),
            Form::Lines => {
                let begin = self.begin_of(self.read_as.as_deref());
                let text = json(&Line::Begin(begin))?;
                self.out.write_all(text.as_bytes())
            }
        }
    }

    fn begin_of<'b>(&'b self, read_as: Option<&'b str>) -> Begin<'b> {
        let Self { told, prompt_tokens, prompt_scores, .. } = self;
        let prompt = (told.prompt, &prompt_tokens[..], read_as, prompt_scores.as_deref());
        Begin::new(told.card, prompt, told.settings, told.which.as_ref())
    }

    /// Writes text, so that a terminal obeys nothing in it.
    fn write(&mut self, mut text: String) -> io::Result<()> {
        if self.terminal {
            let mut shown = String::new();
            self.visible.push(&text, &mut shown);
            text = shown;
        }
        self.out.write_all(text.as_bytes())
    }

    /// Prints everything drawn up to `end`.
    fn print(&mut self, end: usize) -> io::Result<()> {
        match self.told.form {
            Form::Json => return Ok(()),
            Form::Text => {
                self.begin()?;
                let mut text = String::new();
                self.utf8.push(self.bytes.take(end), &mut text);
                self.write(text)?;
            }
            Form::Lines => {
                self.bytes.take(end);
                while self.draws.front().is_some_and(|it| it.end <= end) {
                    let Some(drawn) = self.draws.pop_front() else { break };
                    self.begin()?;
                    let token = Token::new(self.printed.0, &drawn.draw, &drawn.trace, &self.told.card.vocabulary);
                    line(&mut self.out, &Line::Token(token))?;
                    self.count(&drawn.draw);
                }
            }
        }
        self.out.flush()
    }

    fn count(&mut self, draw: &Draw) {
        self.printed.0 += 1;
        self.printed.1 += f64::from(draw.log_p());
    }

    fn token(&mut self, draw: Draw, trace: Vec<StepTrace>) {
        self.first.get_or_insert_with(|| self.started.elapsed());
        let vocabulary = &self.told.card.vocabulary;
        let is_end = vocabulary.is_end(draw.token);
        if draw.begun > 0 {
            self.healed = self.prompt_tokens.pop();
        }
        // The mark is no text; where it does not end the continuation, it is.
        if !is_end || self.told.settings.end_of_text == EndOfText::Continue {
            // A stop string may begin in what was typed, so that is looked at too, and not printed again.
            let (typed, new) = vocabulary.bytes(draw.token).split_at(draw.begun);
            self.bytes.push_taken(typed);
            self.bytes.push(new);
            self.typed += typed.len();
        }
        self.draws.push_back(Drawn { end: self.bytes.bytes().len(), draw, trace });
        let safe = self.bytes.safe(&self.told.settings.stop);
        if let Err(error) = self.print(safe) {
            self.broken = Some(error);
        }
    }

    /// Prints what is left.
    ///
    /// # Errors
    ///
    /// If the engine failed, or standard output cannot be written.
    pub(super) fn finish(mut self) -> Result<StopReason, Exit> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let (reason, cut) = match self.outcome.take() {
            Some(Ok(it)) => it,
            Some(Err(failure)) => {
                // What was held back is no stop string after all.
                self.print(self.bytes.bytes().len())?;
                return Err(engine_exit(&failure));
            }
            None => return Err(Exit::failed("the engine ended without an answer")),
        };
        let bytes = self.bytes.bytes();
        let end = match &reason {
            StopReason::StopString(stop) => {
                let found = stops::find(bytes, self.typed, std::slice::from_ref(stop));
                found.map_or(bytes.len(), |it| it.0.max(self.typed))
            }
            _ => bytes.len(),
        };
        if end == self.typed && cut.as_ref().is_some_and(|it| it.tokens == self.draws.len()) {
            // The stop string begins in the healed word, which stays as it was typed.
            self.prompt_tokens.extend(self.healed.take());
        }
        self.print(end)?;
        match self.told.form {
            Form::Text => {
                let mut rest = String::new();
                self.utf8.finish(&mut rest);
                self.out.write_all(rest.as_bytes())?;
                // The next of several begins a line of its own.
                if self.terminal || self.told.which.is_some() {
                    self.out.write_all(b"\n")?;
                }
            }
            Form::Json => {
                self.draws.truncate(self.draws.len() - cut.as_ref().map_or(0, |it| it.tokens));
                let seconds = self.seconds();
                let draws = std::mem::take(&mut self.draws);
                for it in &draws {
                    self.count(&it.draw);
                }
                let vocabulary = &self.told.card.vocabulary;
                let tokens = draws.iter().enumerate();
                let whole = Whole {
                    begin: self.begin_of(self.read_as.as_deref()),
                    tokens: tokens.map(|(index, it)| Token::new(index, &it.draw, &it.trace, vocabulary)).collect(),
                    end: self.end(&reason, cut.as_ref(), end, seconds),
                };
                let text = json(&whole)?;
                self.out.write_all(text.as_bytes())?;
            }
            Form::Lines => {
                self.begin()?;
                let last = self.end(&reason, cut.as_ref(), end, self.seconds());
                let text = json(&Line::End(last))?;
                self.out.write_all(text.as_bytes())?;
            }
        }
        self.out.flush()?;
        Ok(reason)
    }

    fn seconds(&self) -> Seconds {
        Seconds { to_first_token: self.first.map(|it| it.as_secs_f64()), total: self.started.elapsed().as_secs_f64() }
    }

    fn end<'b>(&'b self, reason: &'b StopReason, cut: Option<&Cut>, end: usize, seconds: Seconds) -> End<'b> {
        let text = &self.bytes.bytes()[self.typed.min(end)..end];
        let totals = (self.prompt_tokens.len(), self.printed.0, self.printed.1);
        // Where nothing that was drawn is kept, what is left of it is what was typed.
        let cut = cut.filter(|_| end > self.typed);
        // The healed token is the first; one behind it begins with nothing that was typed.
        let begun = if self.printed.0 == 0 { self.typed } else { 0 };
        End::new(text, (reason, cut, begun), totals, seconds, &self.told.card.vocabulary)
    }
}

/// A value in one line, with nothing in it that a terminal would obey.
fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(visible_json(&serde_json::to_string(value)?) + "\n")
}

fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    out.write_all(json(line)?.as_bytes())
}

impl<W: Write> Control for Printer<'_, W> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Token { draw, trace, .. } => self.token(*draw, trace),
            Event::Encoded { tokens, read_as, .. } => {
                self.prompt_tokens = tokens;
                self.read_as = read_as;
                if let (Some(it), false) = (&self.read_as, self.told.quiet) {
                    say(&format!("megachat: {it}"));
                }
            }
            Event::PromptLogprobs { first, rows, .. } => {
                let score = |(position, row): (usize, &Arc<[f32]>)| {
                    // The token that was drawn in the place of a half word is told with those that were drawn.
                    let token = self.prompt_tokens.get(position)?;
                    Some(Scored::new(*token, Reading::new(row, *token).as_ref(), &self.told.card.vocabulary))
                };
                if let Some(scores) = &mut self.prompt_scores {
                    let unscored = self.prompt_tokens.iter().take(first).skip(scores.len());
                    scores.extend(unscored.map(|it| Scored::new(*it, None, &self.told.card.vocabulary)));
                    scores.extend((first..).zip(&rows).filter_map(score));
                }
            }
            Event::Finished { reason, cut, .. } => self.outcome = Some(Ok((reason, cut))),
            Event::Failed { failure, .. } => self.outcome = Some(Err(failure)),
            Event::Moved { why, .. } => say(&format!("megachat: {why}")),
            Event::Loading { .. }
            | Event::Loaded { .. }
            | Event::Prefill { .. }
            | Event::Next { .. }
            | Event::Under { .. }
            | Event::ColumnToken { .. }
            | Event::ColumnEnded { .. } => {}
        }
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        self.broken.is_none() && !self.interrupt.came()
    }

    fn rest(&mut self, pace: f32) {
        self.pace.rest(pace, || !self.interrupt.came());
    }
}
