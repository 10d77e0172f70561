//! The command line: arguments as typed ([`Arguments`]), and what is meant by them (`meaning`).

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, ValueEnum};

use crate::checkpoint::tensors::Dtype;
use crate::engine::protocol::Said;
use crate::model::DeviceChoice;
use crate::store::export::Format;
use crate::store::sampling::Sampling;
use crate::text::TokenizerChoice;

mod about;
mod appearance;
mod candidates;
mod completion;
mod manual;
mod meaning;
mod measuring;
mod near;
pub mod reference;
mod verbs;

pub use about::{RELEASED, citation};
pub use completion::{ShellName, answer_a_shell};
pub use manual::manual;
pub use meaning::{MeaningError, drop_words_without_meaning, error_json, wants_json};
pub use measuring::{CompareArguments, EvalArguments, EvalVerb, GuessArguments, ScoreArguments};
pub use verbs::{BenchArguments, CacheVerb, ConfigVerb, ModelVerb, ReplayArguments, TranscriptsVerb, Verb};

/// A terminal where you can see the dice: explore GPT-2-class base language models.
///
/// With a terminal on both sides this opens the interface, or with --plain the same line by line; otherwise, or with --print, the continuation of PROMPT
/// goes to standard output and nothing else does. Standard input is read where PROMPT is missing or has a `-` among its words, and nowhere else.
#[derive(Clone, Debug, Parser)]
#[command(name = "megachat", version, long_version = about::long_version())]
#[command(after_long_help = reference::after_help(), args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What the text begins with; `-` among the words, or no words, is standard input
    pub prompt: Vec<String>,
    /// Print how to cite the program and the model's paper, as BibTeX
    #[arg(long)]
    pub cite: bool,
    /// Which model, and how to run it.
    #[command(flatten)]
    pub model: ModelArguments,
    /// How to draw.
    #[command(flatten)]
    pub sampling: SamplingArguments,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How the interface starts.
    #[command(flatten)]
    pub interface: InterfaceArguments,
    /// Files and addresses.
    #[command(flatten)]
    pub files: FileArguments,
    /// Something else than text.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Model")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub struct ModelArguments {
    /// A model's name (megatron-345m, demo), a GPT-2 directory in Hugging Face's layout, or a GGUF file [default: what was installed last, else megatron-345m, else demo] [env: `MEGACHAT_MODEL`]
    #[arg(short, long, value_name = "NAME|DIR", env = "MEGACHAT_MODEL", hide_env = true, add = candidates::model())]
    pub model: Option<String>,
    #[arg(help = format!("Where to run: {} [default: auto, the faster of GPU and CPU] [env: MEGACHAT_DEVICE]", DeviceChoice::names()))]
    #[arg(long, env = "MEGACHAT_DEVICE", hide_env = true, add = candidates::device())]
    pub device: Option<DeviceChoice>,
    /// Precision of the weights [default: auto] [env: `MEGACHAT_DTYPE`]
    #[arg(long, env = "MEGACHAT_DTYPE", hide_env = true)]
    pub dtype: Option<DtypeName>,
    /// Threads on the CPU [default: one for each processor] [env: `MEGACHAT_THREADS`]
    #[arg(long, value_name = "N", env = "MEGACHAT_THREADS", hide_env = true, value_parser = positive)]
    pub threads: Option<usize>,
    /// The words of a model that does not say them: `gpt2`, or a directory with a tokenizer [env: `MEGACHAT_TOKENIZER`]
    #[arg(long, value_name = "gpt2|DIR", env = "MEGACHAT_TOKENIZER", hide_env = true, add = candidates::tokenizer())]
    pub tokenizer: Option<TokenizerChoice>,
    /// Number of attention heads of a model that does not say it
    #[arg(long, value_name = "N")]
    pub heads: Option<usize>,
}

impl ModelArguments {
    /// What the user says of the model because its files do not.
    #[must_use]
    pub fn said(&self) -> Said {
        Said { tokenizer: self.tokenizer.clone(), heads: self.heads }
    }
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&it| (1..=1024).contains(&it))
        .ok_or_else(|| "expected a number from 1 to 1024".to_owned())
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sampling")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub struct SamplingArguments {
    #[command(flatten)]
    pub values: Sampling,
    /// A named mix: steady, raw, gpt2, nucleus, minp, wild, noloop, mirostat, greedy [env: `MEGACHAT_PRESET`]
    #[arg(long, value_name = "NAME", env = "MEGACHAT_PRESET", hide_env = true, add = candidates::preset())]
    pub preset: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct OutputArguments {
    /// Print the continuation instead of opening the interface
    #[arg(short, long)]
    pub print: bool,
    /// One JSON object at the end
    #[arg(long, conflicts_with = "jsonl")]
    pub json: bool,
    /// One JSON object a line: what begins, each token, how it ended
    #[arg(long)]
    pub jsonl: bool,
    /// With --json or --jsonl: the N likeliest tokens at each place
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub logprobs: Option<u16>,
    /// The text as well, before what is drawn; with --json or --jsonl: how likely each of its tokens is
    #[arg(long)]
    pub echo: bool,
    /// N continuations of the text, with the seeds S, S + 1 and so on
    #[arg(short = 'N', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: Option<u32>,
    /// Continue the texts of a JSON Lines file, `-` for standard input: in each line prompt, and what it has of its own: seed, temp...
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub input: Option<PathBuf>,
    /// Say nothing on standard error but errors
    #[arg(short, long)]
    pub quiet: bool,
}

impl OutputArguments {
    /// Whether something is printed instead of the interface being opened.
    #[must_use]
    pub fn prints(&self) -> bool {
        let is_batch = self.samples.is_some() || self.input.is_some();
        self.print || self.json || self.jsonl || self.echo || is_batch
    }
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Interface")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct InterfaceArguments {
    /// Begin with the chat template: a visible few-shot <User:/Bot>: text
    #[arg(long)]
    pub chat: bool,
    /// A tour for teaching, on the demo model in 32 bits: what to press and what to watch, in six to eight steps
    #[arg(long, value_name = "NAME", conflicts_with_all = ["prompt", "chat", "resume", "print", "json", "jsonl"])]
    pub tour: Option<TourName>,
    /// Go on with a transcript, the newest if no ID is given
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "latest", add = candidates::transcript())]
    pub resume: Option<String>,
    /// Write no transcript, and keep nothing of what is sent
    #[arg(long, conflicts_with = "resume")]
    pub no_save: bool,
    /// Line by line, for screen readers and simple terminals: nothing is redrawn [env: `MEGACHAT_PLAIN`]
    #[arg(long, env = "MEGACHAT_PLAIN", hide_env = true, value_parser = BoolishValueParser::new())]
    pub plain: bool,
    /// Whether that was asked for on the command line itself.
    #[arg(skip)]
    pub plain_here: bool,
    /// When to use colour, or how much of it; `NO_COLOR` counts with auto [default: auto] [env: `MEGACHAT_COLOR`]
    #[arg(long, value_name = "WHEN", env = "MEGACHAT_COLOR", hide_env = true)]
    pub color: Option<ColorName>,
    /// The background to be readable on; auto asks `COLORFGBG` [default: auto] [env: `MEGACHAT_THEME`]
    #[arg(long, value_name = "WHICH", env = "MEGACHAT_THEME", hide_env = true)]
    pub theme: Option<ThemeName>,
    /// Frames, bars and marks in ASCII [default: if the locale is not UTF-8] [env: `MEGACHAT_ASCII`]
    #[arg(
        long, value_name = "WHETHER", env = "MEGACHAT_ASCII", hide_env = true, value_parser = BoolishValueParser::new(),
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub ascii: Option<bool>,
    /// The keys of the input [default: emacs] [env: `MEGACHAT_EDIT_MODE`]
    #[arg(long, value_name = "MODE", env = "MEGACHAT_EDIT_MODE", hide_env = true)]
    pub edit_mode: Option<EditModeName>,
    /// Leave the mouse to the terminal [env: `MEGACHAT_NO_MOUSE`]
    #[arg(long, env = "MEGACHAT_NO_MOUSE", hide_env = true, value_parser = BoolishValueParser::new())]
    pub no_mouse: bool,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Files and network")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub struct FileArguments {
    /// Read this configuration file instead [env: `MEGACHAT_CONFIG`]
    #[arg(long, value_name = "FILE", global = true, env = "MEGACHAT_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// Download the 345M model from here instead; may be given again [env: `MEGACHAT_MODEL_URL`]
    #[arg(long, value_name = "URL", global = true, env = "MEGACHAT_MODEL_URL", hide_env = true, value_delimiter = ' ')]
    pub model_url: Vec<String>,
    /// Trust the certificates in this file instead of the system's [env: `MEGACHAT_CA_FILE`]
    #[arg(long, value_name = "FILE", global = true, env = "MEGACHAT_CA_FILE", hide_env = true)]
    pub ca_file: Option<PathBuf>,
    /// Open no connection [env: `MEGACHAT_OFFLINE` or `HF_HUB_OFFLINE`]
    #[arg(long, global = true, env = "MEGACHAT_OFFLINE", hide_env = true, value_parser = BoolishValueParser::new())]
    pub offline: bool,
}

/// A precision, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the precision of that name")]
pub enum DtypeName {
    Auto,
    F32,
    F16,
    Bf16,
    Q8,
    Q4,
}

/// A precision that weights are written in, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the precision of that name")]
pub enum WeightName {
    F32,
    F16,
    Bf16,
}

impl From<WeightName> for Dtype {
    fn from(name: WeightName) -> Self {
        match name {
            WeightName::F32 => Self::F32,
            WeightName::F16 => Self::F16,
            WeightName::Bf16 => Self::Bf16,
        }
    }
}

/// When to use colour, or how much of it, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorName {
    /// As much as the terminal says it has.
    Auto,
    /// That, whatever `NO_COLOR` says.
    Always,
    /// None.
    Never,
    /// The terminal's own sixteen.
    #[value(name = "16")]
    Sixteen,
    /// The 256 of xterm.
    #[value(name = "256")]
    Indexed,
    /// Any.
    #[value(alias = "truecolor")]
    True,
}

/// The background to be readable on, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the background of that name")]
pub enum ThemeName {
    Auto,
    Dark,
    Light,
}

/// A tour, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the tour of that name")]
pub enum TourName {
    Temperature,
    TopP,
    Surprise,
    Loops,
}

/// Whose keys the input has, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EditModeName {
    /// Readline's.
    Emacs,
    /// vi's.
    Vi,
}

/// What surprise is measured in, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogBase {
    /// Bits.
    #[value(name = "2", alias = "bits")]
    Two,
    /// Nats.
    #[value(alias = "nats")]
    E,
}

/// What a transcript is exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Markdown.
    Md,
    /// Plain text.
    Txt,
    /// JSON.
    Json,
    /// A page for browsers.
    Html,
    /// A loom's tree.
    Loom,
}

impl ExportFormat {
    /// The format that it names.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::Md => Format::Markdown,
            Self::Txt => Format::Text,
            Self::Json => Format::Json,
            Self::Html => Format::Html,
            Self::Loom => Format::Loom,
        }
    }
}

/// What a transcript is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// Plain text, and Markdown as it is written.
    #[value(alias = "txt", alias = "md")]
    Text,
    /// A loom's tree.
    Loom,
}

/// What a model is exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelFormat {
    /// llama.cpp's.
    Gguf,
}

/// How the matrices of an exported model are written, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the type of that name")]
pub enum ExportDtype {
    F16,
    #[value(name = "q8_0", alias = "q8")]
    Q8_0,
    F32,
}
