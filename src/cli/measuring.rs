//! What the commands that measure a model are given.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ModelArguments, candidates};

/// What is evaluated, and how it is told.
#[derive(Clone, Debug, Args)]
pub struct EvalArguments {
    /// The data set's file; without it, where it comes from is said
    pub file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Which model, and how it runs
    #[command(flatten)]
    pub model: ModelArguments,
}

/// What is compared, and how it is told.
#[derive(Clone, Debug, Args)]
pub struct CompareArguments {
    /// A model's name or a directory, with a precision behind a colon if need be: megatron-345m:q8
    #[arg(value_name = "A", add = candidates::model())]
    pub a: String,
    /// The other one
    #[arg(value_name = "B", add = candidates::model())]
    pub b: String,
    /// What both read, in UTF-8 [default: a few sentences]
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// How they run; a --model does not count
    #[command(flatten)]
    pub model: ModelArguments,
}

#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum EvalVerb {
    /// LAMBADA: how often the last word of a passage is guessed
    ///
    /// With --json one object: evaluation, file, `file_sha256`, model, version; target (strict or plain), passages, `left_out`,
    /// shortened, targets (tokens of the last words), right, accuracy (0 to 1), nats, `perplexity_of_words`,
    /// `perplexity_of_tokens`; paper (model, value in %), null where it has no model of this size.
    Lambada {
        /// Guess the last token, as Megatron does without --strict-lambada [default: the last word, all of its tokens]
        #[arg(long)]
        plain: bool,
        #[command(flatten)]
        it: EvalArguments,
    },
    /// WikiText-103: the perplexity of a word of its test set
    ///
    /// With --json one object: evaluation, file, `file_sha256`, model, version; words, tokens, scored, windows, `windows_read`,
    /// context, step, nats, loss (nats a token), perplexity, `adjusted_perplexity`; paper (model, value), null where it has no
    /// model of this size.
    Wikitext103(EvalArguments),
}
