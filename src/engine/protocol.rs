//! What goes to the engine and what comes back: plain data.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use super::failure::Failure;
use crate::TokenId;
use crate::model::Precision;
pub use crate::model::{Device, DeviceChoice};
use crate::sample::{Draw, Settings, StepTrace};
use crate::text::{TokenizerChoice, Vocabulary};

/// The most text a request may bring, in bytes: far more than any GPT-2 can see, and some hundred megabytes to tokenize.
pub const MOST_TEXT: usize = 4 << 20;

/// Names a request. An event for any other request than the current one changes nothing, which is all there is to
/// cancelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Which model to load, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSource {
    /// The name to show.
    pub name: String,
    /// A directory of a GPT-2, or a file of its weights.
    pub directory: PathBuf,
    /// Where to run.
    pub device: DeviceChoice,
    /// In which precision; `None` is the engine's choice for the device.
    pub precision: Option<Precision>,
    /// Threads on the CPU; `None` is one for each processor.
    pub threads: Option<usize>,
    /// What a user says of it.
    pub said: Said,
}

/// What a user says of a model because its files do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The tokenizer to read it with, instead of the one beside its weights.
    pub tokenizer: Option<TokenizerChoice>,
    /// Attention heads of each layer.
    pub heads: Option<usize>,
}

/// What is known of a loaded model.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// The name it is installed under, or that of its directory.
    pub name: String,
    /// The directory or file that it was loaded from.
    pub directory: PathBuf,
    /// Where it lies, if it is not an installed one.
    pub path: Option<PathBuf>,
    /// SHA-256 of its weights, hexadecimal.
    pub sha256: String,
    /// Where it runs.
    pub device: Device,
    /// What computes there, but for the processor: the kind of GPU, its driver and that driver's version.
    pub driver: Option<String>,
    /// Why it runs there, where that was measured.
    pub measured: Option<String>,
    /// The precision of its weights, in a word.
    pub dtype: String,
    /// The number of its arithmetic, [`crate::model::Model::arithmetic`].
    pub arithmetic: u32,
    /// Positions of its context, N.
    pub n_positions: usize,
    /// Number of parameters.
    pub parameters: u64,
    /// The vocabulary that its ids are of.
    pub vocabulary: Arc<Vocabulary>,
    /// What the user should know: about the choice of device, about the vocabulary.
    pub notes: Vec<String>,
    /// How long it took to load.
    pub took: Duration,
}

/// A continuation to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The number that its events carry.
    pub id: RequestId,
    /// The document's tokens.
    pub path: Vec<TokenId>,
    /// Text to add to them first.
    pub text: String,
    /// How to draw; [`Command::Settings`] changes them on the way.
    pub settings: Settings,
    /// Mirostat's limit as the last token of the path left it, in bits.
    pub mu: Option<f32>,
    /// Whether a person typed the last token of the path, so that it may still be a half word.
    pub typed: bool,
    /// How many of the likeliest tokens each [`Draw`] keeps.
    pub keep: usize,
    /// What is wanted.
    pub want: Want,
    /// With a continuation: the scores of every token from this position on that is there before it begins.
    pub prompt_logprobs: Option<usize>,
}

/// Several continuations of one text, drawn as one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnsRequest {
    /// The number that its events carry.
    pub id: RequestId,
    /// The document's tokens; at least one.
    pub path: Vec<TokenId>,
    /// Mirostat's limit as the last token of the path left it, in bits.
    pub mu: Option<f32>,
    /// How to draw each.
    pub columns: Vec<Settings>,
    /// How many tokens each gets at the most.
    pub tokens: usize,
    /// How many of the likeliest tokens each [`Draw`] keeps.
    pub keep: usize,
}

/// How far a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Draw tokens.
    Continuation,
    /// Only compute the scores of the next token.
    Scores,
    /// Compute the scores of every token from this position of the path on that the model can see, and of the next one.
    PromptLogprobs(usize),
}

/// To the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Load a model in place of the current one.
    Load {
        /// Names the request.
        id: RequestId,
        /// The model, and how to load it.
        source: ModelSource,
    },
    /// Draw a continuation.
    Generate(Request),
    /// Draw several continuations at once.
    Columns(ColumnsRequest),
    /// From the next token on, draw under these.
    Settings(Settings),
    /// End the thread.
    Quit,
}

/// Why a continuation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// As many tokens as asked for.
    MaxTokens,
    /// A token was drawn that ends a text.
    EndOfText,
    /// A stop string was written; it and what follows is cut.
    StopString(String),
    /// The context has no position left.
    ContextFull,
    /// The user asked.
    Cancelled,
    /// Only the scores were wanted.
    ScoresReady,
}

impl StopReason {
    /// The reason in JSON and in the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MaxTokens => "max-tokens",
            Self::EndOfText => "end-of-text",
            Self::StopString(_) => "stop-string",
            Self::ContextFull => "context-full",
            Self::Cancelled => "cancelled",
            Self::ScoresReady => "scores",
        }
    }
}

/// What a stop string takes away again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many of the drawn tokens go.
    pub tokens: usize,
    /// What takes their place: the beginning of the first of them, before the stop string.
    pub tail: Vec<TokenId>,
}

/// From the engine.
#[derive(Clone, Debug)]
pub enum Event {
    /// A model is being read.
    Loading {
        /// The request.
        id: RequestId,
        /// Blocks done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// A model is ready.
    Loaded {
        /// The request.
        id: RequestId,
        /// What it is.
        card: Box<ModelCard>,
    },
    /// The model's device was lost or failed; from here on the model runs elsewhere, and what it says goes on from there.
    Moved {
        /// The request.
        id: RequestId,
        /// Where it runs now.
        device: Device,
        /// The precision of its weights, in a word.
        dtype: String,
        /// The number of its arithmetic.
        arithmetic: u32,
        /// What happened, as a sentence without its stop.
        why: String,
    },
    /// The request's text as tokens, now part of the document.
    Encoded {
        /// The request.
        id: RequestId,
        /// The tokens to add.
        tokens: Vec<TokenId>,
        /// What the vocabulary reads instead of the text, where it changes it, as a sentence.
        read_as: Option<String>,
    },
    /// Part of the context has been read.
    Prefill {
        /// The request.
        id: RequestId,
        /// Tokens read.
        done: usize,
        /// Tokens to read.
        total: usize,
    },
    /// The model's scores of the next token.
    Next {
        /// The request.
        id: RequestId,
        /// (V,).
        logits: Arc<[f32]>,
    },
    /// The model's scores of tokens that are in the document already.
    PromptLogprobs {
        /// The request.
        id: RequestId,
        /// The position of the path that the first row is about.
        first: usize,
        /// A row, (V,), for each position on.
        rows: Vec<Arc<[f32]>>,
    },
    /// What is drawn from here on is drawn under new settings.
    Under {
        /// The request.
        id: RequestId,
        /// Every setting that holds from the next token on.
        settings: Box<Settings>,
    },
    /// A token was drawn. If some of its text had been typed ([`Draw::begun`]), it takes the place of the last token.
    Token {
        /// The request.
        id: RequestId,
        /// The token with its die, probabilities and likeliest alternatives.
        draw: Box<Draw>,
        /// What each step of the chain did.
        trace: Vec<StepTrace>,
    },
    /// A token of one column was drawn.
    ColumnToken {
        /// The request.
        id: RequestId,
        /// The index of the column in the request.
        column: usize,
        /// The token with its die, probabilities and likeliest alternatives.
        draw: Box<Draw>,
    },
    /// One column ended; the others may go on.
    ColumnEnded {
        /// The request.
        id: RequestId,
        /// The index of the column in the request.
        column: usize,
        /// The reason for the end of this column.
        reason: StopReason,
        /// What a stop string takes away.
        cut: Option<Cut>,
    },
    /// The continuation, or the last of the columns, ended.
    Finished {
        /// The request.
        id: RequestId,
        /// The reason for the end.
        reason: StopReason,
        /// What a stop string takes away.
        cut: Option<Cut>,
    },
    /// It did not work.
    Failed {
        /// The request.
        id: RequestId,
        /// The failure, in words that can be shown.
        failure: Failure,
    },
}

impl Event {
    /// The request that it answers.
    #[must_use]
    pub fn id(&self) -> RequestId {
        match *self {
            Self::Loading { id, .. }
            | Self::Loaded { id, .. }
            | Self::Moved { id, .. }
            | Self::Encoded { id, .. }
            | Self::Prefill { id, .. }
            | Self::Next { id, .. }
            | Self::PromptLogprobs { id, .. }
            | Self::Under { id, .. }
            | Self::Token { id, .. }
            | Self::ColumnToken { id, .. }
            | Self::ColumnEnded { id, .. }
            | Self::Finished { id, .. }
            | Self::Failed { id, .. } => id,
        }
    }
}
