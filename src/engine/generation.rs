//! A continuation, from tokens to a reason to stop. Knows no thread and no channel.

mod again;
mod batch;
mod columns;
mod drafts;
mod heal;
mod read;

use std::sync::Arc;

use self::drafts::Drafts;
use super::protocol::{Cut, Event, Failure, MOST_TEXT, Request, RequestId, StopReason, Want};
use crate::TokenId;
use crate::model::{Model, ModelError, Moved};
use crate::sample::{Context, Distribution, Draw, EndOfText, Settings, StepTrace, TokenConstraints, WhenFull, die};
use crate::text::vocabulary::Encoded;
use crate::text::{EncodeError, Vocabulary, stops};

/// Why a model cannot write on an empty page.
const NO_BEGINNING: &str =
    "this model names no token that begins a text, so it cannot begin by itself: write a beginning";

/// The other side of a running continuation.
pub trait Control {
    /// Hears what happened.
    fn event(&mut self, event: Event);
    /// The settings to go on with, if they changed since the last call.
    fn new_settings(&mut self) -> Option<Settings>;
    /// Whether the request should go on.
    fn wanted(&mut self) -> bool;
    /// Waits until the next token is due, at so many a second; 0 is as fast as they come.
    fn rest(&mut self, _pace: f32) {}
}

/// A model with its vocabulary, and what the model has read so far.
pub struct Session {
    model: Box<dyn Model>,
    vocabulary: Arc<Vocabulary>,
    /// The tokens in the model's context.
    read: Vec<TokenId>,
    /// The scores after `read`, (V,).
    logits: Vec<f32>,
    /// Whether `logits` belong to `read`.
    fresh: bool,
    /// What the model has read behind `read`.
    drafts: Drafts,
    /// The texts that the settings name, in the model's tokens.
    constraints: TokenConstraints,
}

/// Where a request is before its first token is drawn.
enum Begun {
    /// It goes on behind these tokens.
    Goes(Vec<TokenId>, Run),
    /// It is over already.
    Ended(StopReason, Option<Cut>),
}

/// Why something broke off without an answer of its own.
#[derive(Clone, Debug)]
pub enum Break {
    /// It was not wanted any more.
    Cancelled,
    /// It did not work.
    Failed(Failure),
}

impl From<ModelError> for Break {
    fn from(error: ModelError) -> Self {
        Self::Failed(match error {
            ModelError::DeviceLost { .. } => Failure::DeviceLost(error.to_string()),
            ModelError::Memory { .. } => Failure::OutOfMemory(error.to_string()),
            _ => Failure::Model(error.to_string()),
        })
    }
}

impl Session {
    /// A model that has read nothing.
    #[must_use]
    pub fn new(model: Box<dyn Model>, vocabulary: Arc<Vocabulary>) -> Self {
        let rows = model.vocabulary();
        Self {
            model,
            vocabulary,
            read: Vec::new(),
            logits: vec![0.0; rows],
            fresh: false,
            drafts: Drafts::default(),
            constraints: TokenConstraints::NONE,
        }
    }

    /// Draws a continuation; the outcome is an event.
    pub fn run(&mut self, request: &Request, control: &mut dyn Control) {
        let outcome = self.continuation(request, control);
        // Also where it was interrupted, or failed.
        self.tell_move(request.id, control);
        report(request.id, outcome, control);
    }

    fn continuation(
        &mut self,
        request: &Request,
        control: &mut dyn Control,
    ) -> Result<(StopReason, Option<Cut>), Break> {
        match self.begin(request, control)? {
            Begun::Ended(reason, cut) => Ok((reason, cut)),
            Begun::Goes(path, run) => self.go_on(request, path, run, control),
        }
    }

    /// Takes in the request's text, and lets a half word at its end go on.
    fn begin(&mut self, request: &Request, control: &mut dyn Control) -> Result<Begun, Break> {
        let (id, settings) = (request.id, &request.settings);
        settings.check().map_err(|e| Break::Failed(Failure::Settings(e.to_string())))?;
        if let Some(why) = TokenConstraints::refusal(settings, &self.vocabulary) {
            return Err(Break::Failed(Failure::Unspelled(why)));
        }
        let mut path = request.path.clone();
        self.take_in(request, settings, &mut path, control)?;
        let mu = if request.text.is_empty() { request.mu } else { None };
        let mut run = Run { drawn: Vec::new(), bytes: Vec::new(), keep: request.keep, begun: 0, mu };
        let typed = request.typed || !request.text.is_empty();
        if typed && settings.heal && request.want == Want::Continuation {
            self.heal(id, &mut path, settings, &mut run, control)?;
            if let Some((stop, cut)) = run.cut_at_stop(settings, &self.vocabulary) {
                return Ok(Begun::Ended(StopReason::StopString(stop), Some(cut)));
            }
        }
        let prompt_logprobs =
            if let Want::PromptLogprobs(first) = request.want { Some(first) } else { request.prompt_logprobs };
        if let Some(first) = prompt_logprobs.filter(|&it| it < path.len()) {
            self.prompt_logprobs(id, &path, first, control)?;
        }
        Ok(Begun::Goes(path, run))
    }

    /// Draws behind `path` until something ends it.
    fn go_on(
        &mut self,
        request: &Request,
        mut path: Vec<TokenId>,
        mut run: Run,
        control: &mut dyn Control,
    ) -> Result<(StopReason, Option<Cut>), Break> {
        let id = request.id;
        let mut settings = request.settings.clone();
        self.prefill(id, &path, 0, control)?;
        loop {
            let most = if settings.max_tokens > 0 { settings.max_tokens as usize } else { usize::MAX };
            if request.want == Want::Continuation && run.drawn.len() < most {
                control.rest(settings.pace);
            }
            // What cannot hold was refused where it was set; if it came, the old settings would hold.
            if let Some(new) = control.new_settings().filter(|it| self.accepts(it)) {
                settings = new;
                control.event(Event::Under { id, settings: Box::new(settings.clone()) });
            }
            if request.want != Want::Continuation {
                return Ok((StopReason::ScoresReady, None));
            }
            let enough = settings.max_tokens > 0 && run.drawn.len() >= settings.max_tokens as usize;
            if enough {
                return Ok((StopReason::MaxTokens, None));
            }
            if !control.wanted() {
                return Ok((StopReason::Cancelled, None));
            }
            let capacity = self.model.positions();
            if path.len() >= capacity && settings.when_full == WhenFull::Stop {
                return Ok((StopReason::ContextFull, None));
            }
            let token = self.draw(id, &path, &settings, &mut run, control)?;
            path.push(token);
            if let Some((stop, cut)) = run.cut_at_stop(&settings, &self.vocabulary) {
                return Ok((StopReason::StopString(stop), Some(cut)));
            }
            let left =
                if settings.max_tokens > 0 { settings.max_tokens as usize - run.drawn.len() } else { usize::MAX };
            self.prefill(id, &path, left, control)?;
            if self.vocabulary.is_end(token) && settings.end_of_text == EndOfText::Stop {
                return Ok((StopReason::EndOfText, None));
            }
        }
    }

    /// Whether settings can hold for this model.
    fn accepts(&self, settings: &Settings) -> bool {
        settings.check().is_ok() && TokenConstraints::refusal(settings, &self.vocabulary).is_none()
    }

    /// Adds the request's text to `path`; an empty document starts from the token that begins a text.
    fn take_in(
        &self,
        request: &Request,
        settings: &Settings,
        path: &mut Vec<TokenId>,
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        if request.text.len() > MOST_TEXT {
            return Err(Break::Failed(Failure::TooMuchText { bytes: request.text.len() }));
        }
        let unspelled = |e: EncodeError| Break::Failed(Failure::Unspelled(e.to_string()));
        // Some models never saw a text that does not begin with a mark.
        let encoded = if path.is_empty() {
            self.vocabulary.encode_beginning(&request.text)
        } else {
            self.vocabulary.encode(&request.text)
        };
        let Encoded { mut tokens, read_as } = encoded.map_err(unspelled)?;
        if path.is_empty() && tokens.is_empty() {
            tokens.extend(self.vocabulary.begin());
        }
        let rows = self.model.vocabulary();
        if let Some(&it) = tokens.iter().find(|it| **it as usize >= rows) {
            let name = self.vocabulary.name_of(it);
            let why = format!("the model's word table has no row for `{name}` (token {it}); it has {rows}");
            return Err(Break::Failed(Failure::Unspelled(why)));
        }
        let capacity = self.model.positions();
        let length = path.len() + tokens.len();
        if length > capacity && settings.when_full == WhenFull::Stop {
            return Err(Break::Failed(Failure::TooLong { tokens: length, capacity }));
        }
        path.extend_from_slice(&tokens);
        if path.is_empty() {
            return Err(Break::Failed(Failure::Unspelled(NO_BEGINNING.to_owned())));
        }
        // An empty event is not sent; and a look at the scores must not change the document.
        if !tokens.is_empty() && request.want == Want::Continuation {
            let read_as = read_as.map(|it| it.sentence());
            control.event(Event::Encoded { id: request.id, tokens, read_as });
        }
        Ok(())
    }

    /// Brings the model's context to the end of `path`, and tells what comes next. At most `left` tokens are drawn after it.
    fn prefill(
        &mut self,
        id: RequestId,
        path: &[TokenId],
        left: usize,
        control: &mut dyn Control,
    ) -> Result<(), Break> {
        self.read_to(id, path, left, control)?;
        control.event(Event::Next { id, logits: self.scores().into() });
        Ok(())
    }

    /// Tells if the model had to go on elsewhere.
    fn tell_move(&mut self, id: RequestId, control: &mut dyn Control) {
        if let Some(Moved { device, why }) = self.model.moved() {
            let (dtype, arithmetic) = (self.model.precision().name().to_owned(), self.model.arithmetic());
            control.event(Event::Moved { id, device, dtype, arithmetic, why });
        }
    }

    /// The scores of the tokens that have a text: a padded head's other rows are never shown or drawn.
    fn scores(&self) -> &[f32] {
        &self.logits[..self.logits.len().min(self.vocabulary.len())]
    }

    fn draw(
        &mut self,
        id: RequestId,
        path: &[TokenId],
        settings: &Settings,
        run: &mut Run,
        control: &mut dyn Control,
    ) -> Result<TokenId, Break> {
        self.constraints.follow(settings, &self.vocabulary);
        let context = Context::new(path, &self.constraints).with_mu(run.mu);
        let (draw, trace) = throw(&self.vocabulary, self.scores(), &context, settings, run)?;
        let token = draw.token;
        control.event(Event::Token { id, draw: Box::new(draw), trace });
        Ok(token)
    }
}

/// Says how it ended.
fn report(id: RequestId, outcome: Result<(StopReason, Option<Cut>), Break>, control: &mut dyn Control) {
    match outcome {
        Ok((reason, cut)) => control.event(Event::Finished { id, reason, cut }),
        Err(Break::Cancelled) => control.event(Event::Finished { id, reason: StopReason::Cancelled, cut: None }),
        Err(Break::Failed(failure)) => control.event(Event::Failed { id, failure }),
    }
}

/// Draws the next token from its scores, and adds its bytes to what was written. What the chain did is told with it.
fn throw(
    vocabulary: &Vocabulary,
    logits: &[f32],
    context: &Context,
    settings: &Settings,
    run: &mut Run,
) -> Result<(Draw, Vec<StepTrace>), Break> {
    let failed = |e: crate::sample::SampleError| Break::Failed(Failure::Model(e.to_string()));
    let mut distribution = Distribution::new(logits, context, settings).map_err(failed)?;
    let coin = die(settings.seed, context.tokens.len() as u64);
    let picked = distribution.pick(coin);
    let draw = distribution.draw(logits, picked, coin, run.keep);
    // The mark has a name, but where it ends the text it is no text: a stop string must not be found in it.
    let ends = vocabulary.is_end(picked.token) && settings.end_of_text == EndOfText::Stop;
    if !ends {
        run.bytes.extend_from_slice(vocabulary.bytes(picked.token));
    }
    run.drawn.push(run.bytes.len());
    run.mu = draw.mu;
    Ok((draw, distribution.trace))
}

/// What one continuation has written.
struct Run {
    /// Where each drawn token ends in `bytes`.
    drawn: Vec<usize>,
    bytes: Vec<u8>,
    keep: usize,
    /// How many of the first bytes were typed.
    begun: usize,
    /// Mirostat's limit, in bits.
    mu: Option<f32>,
}

impl Run {
    /// Takes back everything that was drawn.
    fn forget(&mut self) {
        self.drawn.clear();
        self.bytes.clear();
        (self.begun, self.mu) = (0, None);
    }

    /// The stop string that the last token finished, and what it takes away.
    fn cut_at_stop(&self, settings: &Settings, vocabulary: &Vocabulary) -> Option<(String, Cut)> {
        let before_last = self.drawn.len().checked_sub(2).map_or(0, |it| self.drawn[it]);
        // What was typed is no stop string, and stays.
        let from = before_last.max(self.begun.min(self.bytes.len()));
        let (at, stop) = stops::find(&self.bytes, from, &settings.stop)?;
        let at = at.max(self.begun);
        let kept = self.drawn.iter().take_while(|&&end| end <= at).count();
        let start = kept.checked_sub(1).map_or(0, |it| self.drawn[it]);
        // What is kept of a token that the stop string begins in; half a character goes with the stop string.
        let tail = &self.bytes[start..at];
        let tail = std::str::from_utf8(tail).ok().and_then(|_| vocabulary.spell(tail)).unwrap_or_default();
        Some((stop.to_owned(), Cut { tokens: self.drawn.len() - kept, tail }))
    }
}
