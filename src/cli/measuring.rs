//! What the commands that measure a model are given.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{ColorName, LogBase, ModelArguments, candidates, positive};

/// What is scored, and how it is told.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ScoreArguments {
    /// Texts in UTF-8, every byte of them; `-` or nothing is standard input
    pub files: Vec<PathBuf>,
    /// Score each line by itself, not after the lines before it
    #[arg(long, group = "shape")]
    pub lines: bool,
    /// Score each row of a CSV file by itself: columns text and, if there are, item and target; the others are carried through
    #[arg(long, group = "shape")]
    pub items: bool,
    /// Score pairs, a good text, a tab and a bad one on each line: whether the good one is likelier
    #[arg(long, group = "shape", conflicts_with_all = ["words", "regions", "stats"])]
    pub pairs: bool,
    /// Tell words instead of tokens: what white space separates, with the correction for the space at their beginning
    #[arg(long, group = "what")]
    pub words: bool,
    /// Tell regions instead of tokens: what `|` parts in the texts, which do not have it
    #[arg(long, group = "what")]
    pub regions: bool,
    /// Tell a row of statistics for each text, as detectors and studies of memorisation use them; the text is read twice
    #[arg(long, group = "what")]
    pub stats: bool,
    /// What surprise is measured in: 2 or bits, e or nats
    #[arg(long, value_name = "BASE", default_value = "2")]
    pub log: LogBase,
    /// A text longer than the context is read in windows: after the first, each token has at least N tokens before it
    /// [default: half of the context]
    #[arg(long, value_name = "N")]
    pub overlap: Option<usize>,
    /// Put no token that begins a text before it: its first token then has nothing before it and is not scored
    #[arg(long)]
    pub no_start: bool,
    /// How many of the most surprising tokens are listed
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub worst: usize,
    /// Print one JSON object: of one text, or what pairs come to
    #[arg(long, group = "form", conflicts_with_all = ["lines", "items"])]
    pub json: bool,
    /// Print one JSON object a text
    #[arg(long, group = "form")]
    pub jsonl: bool,
    /// Print CSV, a row for each token, word, text or pair, with a heading
    #[arg(long, group = "form")]
    pub csv: bool,
    /// Write model, hash, precision and version into this file, as JSON
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub sidecar: Option<PathBuf>,
    /// When to print the text in colour by the rank of its tokens; `NO_COLOR` counts with auto [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorName>,
    /// Which model, and how it runs
    #[command(flatten)]
    pub model: ModelArguments,
}

impl ScoreArguments {
    /// Those that score the pairs of a file.
    #[must_use]
    pub fn pairs(file: &Path, model: &ModelArguments) -> Self {
        Self {
            files: vec![file.to_owned()],
            lines: false,
            items: false,
            pairs: true,
            words: false,
            regions: false,
            stats: false,
            log: LogBase::Two,
            overlap: None,
            no_start: false,
            worst: 0,
            json: false,
            jsonl: false,
            csv: false,
            sidecar: None,
            color: None,
            model: model.clone(),
        }
    }
}

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

/// Of which text words are guessed, and how it is told.
#[derive(Clone, Debug, Args)]
pub struct GuessArguments {
    /// A text in UTF-8 [default: a short passage that comes with the program]
    pub file: Option<PathBuf>,
    /// How many words are given before the first question
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub first: usize,
    /// How many words are asked [default: to the end of the text]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub words: Option<usize>,
    /// How many guesses there are for a word
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive)]
    pub guesses: usize,
    /// Which passage it is, where no FILE is given: the same one for a number on every machine
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object at the end; the questions then go to standard error
    #[arg(long)]
    pub json: bool,
    /// When to use colour; `NO_COLOR` counts with auto [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorName>,
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
    /// `perplexity_of_tokens`; paper (model, value in %), null where it has no model of this size, and with --plain, which it does not count.
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
    /// Pairs: how often the good text of a pair is likelier, as `megachat score --pairs` tells it
    ///
    /// Each line of the file has a good text, a tab and a bad one; `BLiMP`'s `sentence_good` and `sentence_bad` are such. With --json
    /// one object: pairs, right, equal, wrong, unscored, accuracy (equal ones count as wrong), model.
    Pairs {
        /// Print one JSON object for each pair
        #[arg(long, conflicts_with = "json")]
        jsonl: bool,
        /// Print CSV, a row for each pair
        #[arg(long, conflicts_with_all = ["json", "jsonl"])]
        csv: bool,
        #[command(flatten)]
        it: EvalArguments,
    },
}
