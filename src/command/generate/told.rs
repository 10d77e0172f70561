//! A continuation as JSON: one object at the end, or a line for each token between a first and a last one. Numbers are as
//! short as they read back; log-probabilities are natural.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::TokenId;
use crate::engine::protocol::{Cut, ModelCard, StopReason};
use crate::model::Device;
use crate::sample::{Draw, Reading, Row, Settings, StepTrace};
use crate::text::Vocabulary;

/// Which of several continuations it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Which {
    /// The line of the input, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    /// What the line calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Value>,
    /// From 1, and of how many.
    pub(super) sample: u32,
    #[serde(skip)]
    pub(super) samples: u32,
}

/// The model, the prompt and the settings.
#[derive(Serialize)]
pub(super) struct Begin<'a> {
    #[serde(flatten)]
    which: Option<&'a Which>,
    model: Model<'a>,
    prompt: &'a str,
    prompt_tokens: &'a [TokenId],
    /// What the vocabulary reads instead of the prompt, where it changes it.
    prompt_read_as: Option<&'a str>,
    /// What the model thought of its tokens, where that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_scores: Option<&'a [Scored]>,
    settings: &'a Settings,
    seed: u64,
}

/// A token of the prompt.
#[derive(Serialize)]
pub(super) struct Scored {
    id: TokenId,
    text: String,
    /// Null for one that the model sees nothing before, or does not see.
    logprob: Option<f64>,
    /// 1 for the likeliest.
    rank: Option<u32>,
}

impl Scored {
    pub(super) fn new(id: TokenId, reading: Option<&Reading>, vocabulary: &Vocabulary) -> Self {
        let logprob = reading.map(|it| -it.bits * std::f64::consts::LN_2);
        let text = String::from_utf8_lossy(vocabulary.bytes(id)).into_owned();
        Self { id, text, logprob, rank: reading.map(|it| it.score.rank + 1) }
    }
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    sha256: &'a str,
    dtype: &'a str,
    device: &'a Device,
    vocabulary: Value,
    /// What a user should know of it; without `--quiet` they stand on standard error too.
    notes: &'a [String],
}

impl<'a> Begin<'a> {
    pub(super) fn new(
        card: &'a ModelCard,
        (prompt, prompt_tokens, prompt_read_as, prompt_scores): (
            &'a str,
            &'a [TokenId],
            Option<&'a str>,
            Option<&'a [Scored]>,
        ),
        settings: &'a Settings,
        which: Option<&'a Which>,
    ) -> Self {
        let model = Model {
            name: &card.name,
            sha256: &card.sha256,
            dtype: &card.dtype,
            device: &card.device,
            vocabulary: card.vocabulary.facts(),
            notes: &card.notes,
        };
        Self { which, model, prompt, prompt_tokens, prompt_read_as, prompt_scores, settings, seed: settings.seed }
    }
}

/// One token.
#[derive(Serialize)]
pub(super) struct Token<'a> {
    index: usize,
    id: TokenId,
    text: Cow<'a, str>,
    logprob: f32,
    logprob_after: f32,
    /// 1 for the likeliest.
    rank: u32,
    kept: u32,
    die: f64,
    chain: &'a [StepTrace],
    /// How many of its first bytes end the prompt.
    #[serde(skip_serializing_if = "is_zero")]
    begun: usize,
    /// Its bytes, where they are no whole characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<&'a [u8]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top: Vec<Candidate<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    id: TokenId,
    text: Cow<'a, str>,
    logprob: f32,
    logprob_after: Option<f32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(it: &usize) -> bool {
    *it == 0
}

impl<'a> Token<'a> {
    pub(super) fn new(index: usize, draw: &Draw, chain: &'a [StepTrace], vocabulary: &'a Vocabulary) -> Self {
        let text = |token| String::from_utf8_lossy(vocabulary.bytes(token));
        let candidate = |row: &Row| Candidate {
            id: row.token,
            text: text(row.token),
            logprob: row.log_p(),
            logprob_after: row.log_p_after(),
        };
        let bytes = vocabulary.bytes(draw.token);
        Self {
            index,
            id: draw.token,
            text: text(draw.token),
            logprob: draw.log_p(),
            logprob_after: draw.after.ln(),
            rank: draw.rank + 1,
            kept: draw.kept,
            die: draw.die,
            chain,
            begun: draw.begun,
            bytes: std::str::from_utf8(bytes).is_err().then_some(bytes),
            top: draw.top.iter().map(candidate).collect(),
        }
    }
}

/// How it ended, and what it came to.
#[derive(Serialize)]
pub(super) struct End<'a> {
    /// Everything that was written: the texts of the tokens and of the tail, without what they share with the prompt.
    text: Cow<'a, str>,
    /// What is left of the token that a stop string begins in.
    tail: Option<Tail>,
    stop_reason: &'a str,
    stop_string: Option<&'a str>,
    totals: Totals,
    seconds: Seconds,
}

#[derive(Serialize)]
struct Tail {
    tokens: Vec<TokenId>,
    text: String,
    /// How many of its first bytes end the prompt, whose last token it takes the place of.
    #[serde(skip_serializing_if = "is_zero")]
    begun: usize,
}

#[derive(Serialize)]
struct Totals {
    prompt_tokens: usize,
    tokens: usize,
    /// The sum over the tokens, by the model.
    logprob: f64,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Seconds {
    pub(super) to_first_token: Option<f64>,
    pub(super) total: f64,
}

impl<'a> End<'a> {
    pub(super) fn new(
        text: &'a [u8],
        (reason, cut, begun): (&'a StopReason, Option<&Cut>, usize),
        (prompt_tokens, tokens, logprob): (usize, usize, f64),
        seconds: Seconds,
        vocabulary: &Vocabulary,
    ) -> Self {
        let tail = cut.filter(|it| !it.tail.is_empty()).map(|it| Tail {
            tokens: it.tail.clone(),
            text: String::from_utf8_lossy(
                &it.tail.iter().flat_map(|&id| vocabulary.bytes(id)).copied().collect::<Vec<_>>(),
            )
            .into_owned(),
            begun,
        });
        Self {
            text: String::from_utf8_lossy(text),
            tail,
            stop_reason: reason.name(),
            stop_string: if let StopReason::StopString(it) = reason { Some(it) } else { None },
            totals: Totals { prompt_tokens, tokens, logprob },
            seconds,
        }
    }
}

/// A line of JSON Lines.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum Line<'a> {
    Begin(Begin<'a>),
    Token(Token<'a>),
    End(End<'a>),
}

/// The one object.
#[derive(Serialize)]
pub(super) struct Whole<'a> {
    #[serde(flatten)]
    pub(super) begin: Begin<'a>,
    pub(super) tokens: Vec<Token<'a>>,
    #[serde(flatten)]
    pub(super) end: End<'a>,
}
