//! The command line: arguments as typed, and what is meant by them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::protocol::DeviceChoice;
use crate::gpt2::Precision;
use crate::sample::{EndOfText, Order, Settings, SettingsError, WhenFull, preset};
use crate::store::config::Config;

const AFTER_HELP: &str = "\
EXAMPLES
  megachat                                          the interface
  echo 'Once upon a time' | megachat -n 60 -s 7     a continuation on stdout
  megachat -p 'The dragon' --jsonl --logprobs 5     one JSON object a token
  megachat model download                           NVIDIA's 345M model

ENVIRONMENT
  MEGACHAT_HOME overrides every directory. Flags marked [env: ...] can be given there.
  A flag goes before the environment, that before the configuration file, that before the default.

EXIT STATUS
  0 done   1 failed   2 usage   3 no such model   4 download failed   5 conversion failed
  6 no such device   130 interrupted (what was drawn was printed)";

/// A terminal where you can see the dice: explore GPT-2-class base language models.
///
/// With a terminal on both sides this opens the interface; otherwise, or with --print, the continuation of PROMPT and
/// standard input goes to standard output and nothing else does.
#[derive(Clone, Debug, Parser)]
#[command(name = "megachat", version, after_long_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What the text begins with; standard input, if it is no terminal, is added to it.
    pub prompt: Vec<String>,
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
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub struct ModelArguments {
    /// A model's name (megatron-345m, demo) or a GPT-2 directory in Hugging Face's layout [env: `MEGACHAT_MODEL`]
    #[arg(
        short,
        long,
        value_name = "NAME|DIR",
        env = "MEGACHAT_MODEL",
        hide_env = true
    )]
    pub model: Option<String>,
    /// Where to run [default: auto] [env: `MEGACHAT_DEVICE`]
    #[arg(long, env = "MEGACHAT_DEVICE", hide_env = true)]
    pub device: Option<DeviceName>,
    /// Precision of the weights [default: auto] [env: `MEGACHAT_DTYPE`]
    #[arg(long, env = "MEGACHAT_DTYPE", hide_env = true)]
    pub dtype: Option<DtypeName>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sampling")]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub struct SamplingArguments {
    /// How many tokens to draw at the most, 0 = no limit [default: 200] [env: `MEGACHAT_MAX_TOKENS`]
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        env = "MEGACHAT_MAX_TOKENS",
        hide_env = true
    )]
    pub max_tokens: Option<u32>,
    /// Temperature: 1 = off, 0 = always the likeliest [default: 0.7] [env: `MEGACHAT_TEMP`]
    #[arg(
        long,
        visible_alias = "temperature",
        value_name = "T",
        env = "MEGACHAT_TEMP",
        hide_env = true
    )]
    pub temp: Option<f32>,
    /// Keep the K likeliest, 0 = off [default: 0] [env: `MEGACHAT_TOP_K`]
    #[arg(long, value_name = "K", env = "MEGACHAT_TOP_K", hide_env = true)]
    pub top_k: Option<u32>,
    /// Keep the likeliest that together hold P, 1 = off [default: 0.9] [env: `MEGACHAT_TOP_P`]
    #[arg(long, value_name = "P", env = "MEGACHAT_TOP_P", hide_env = true)]
    pub top_p: Option<f32>,
    /// Keep those with P of the likeliest one's probability, 0 = off [default: 0] [env: `MEGACHAT_MIN_P`]
    #[arg(long, value_name = "P", env = "MEGACHAT_MIN_P", hide_env = true)]
    pub min_p: Option<f32>,
    /// Make recent tokens less likely, 1 = off [default: 1.1] [env: `MEGACHAT_REPEAT_PENALTY`]
    #[arg(
        long,
        value_name = "X",
        env = "MEGACHAT_REPEAT_PENALTY",
        hide_env = true
    )]
    pub repeat_penalty: Option<f32>,
    /// How many recent tokens, 0 = off, -1 = all [default: 64] [env: `MEGACHAT_REPEAT_LAST_N`]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        env = "MEGACHAT_REPEAT_LAST_N",
        hide_env = true
    )]
    pub repeat_last_n: Option<i32>,
    /// Order of the samplers: llama (temperature last) or hf (first) [default: llama] [env: `MEGACHAT_ORDER`]
    #[arg(long, env = "MEGACHAT_ORDER", hide_env = true)]
    pub order: Option<OrderName>,
    /// A named mix: steady, raw, gpt2, nucleus, minp, wild, greedy [env: `MEGACHAT_PRESET`]
    #[arg(long, value_name = "NAME", env = "MEGACHAT_PRESET", hide_env = true)]
    pub preset: Option<String>,
    /// The dice; chosen anew and told if not given [env: `MEGACHAT_SEED`]
    #[arg(short, long, value_name = "N", env = "MEGACHAT_SEED", hide_env = true)]
    pub seed: Option<u64>,
    /// Stop at this string and leave it out; may be given again. \n is a line feed
    #[arg(long, value_name = "TEXT")]
    pub stop: Vec<String>,
    /// Go on past <|endoftext|> [env: `MEGACHAT_IGNORE_EOS`]
    #[arg(long, env = "MEGACHAT_IGNORE_EOS", hide_env = true)]
    pub ignore_eos: bool,
    /// When the context is full: stop, or slide (forget the oldest quarter) [default: stop] [env: `MEGACHAT_WHEN_FULL`]
    #[arg(long, env = "MEGACHAT_WHEN_FULL", hide_env = true)]
    pub when_full: Option<WhenFullName>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct OutputArguments {
    /// Print the continuation instead of opening the interface
    #[arg(short, long)]
    pub print: bool,
    /// One JSON object at the end
    #[arg(long, conflicts_with = "jsonl")]
    pub json: bool,
    /// One JSON object for each token
    #[arg(long)]
    pub jsonl: bool,
    /// With --json or --jsonl: the N likeliest tokens at each place
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub logprobs: u16,
    /// Say nothing on standard error but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Interface")]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub struct InterfaceArguments {
    /// Begin with the chat template: a visible few-shot <User:/Bot>: text
    #[arg(long)]
    pub chat: bool,
    /// Go on with a transcript, the newest if no ID is given
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "latest")]
    pub resume: Option<String>,
    /// Write no transcript
    #[arg(long, conflicts_with = "resume")]
    pub no_save: bool,
    /// When to use colour; `NO_COLOR` counts with auto [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorName>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Files")]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub struct FileArguments {
    /// Read this configuration file instead [env: `MEGACHAT_CONFIG`]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "MEGACHAT_CONFIG",
        hide_env = true
    )]
    pub config: Option<PathBuf>,
    /// Download the 345M model from here instead; may be given again [env: `MEGACHAT_MODEL_URL`]
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "MEGACHAT_MODEL_URL",
        hide_env = true,
        value_delimiter = ' '
    )]
    pub model_url: Vec<String>,
    /// Trust the certificates in this file instead of the system's [env: `MEGACHAT_CA_FILE`]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "MEGACHAT_CA_FILE",
        hide_env = true
    )]
    pub ca_file: Option<PathBuf>,
}

/// Where to run, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the device of that name")]
pub enum DeviceName {
    Auto,
    Cpu,
    Cuda,
    Metal,
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
}

/// An order of samplers, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the order of that name")]
pub enum OrderName {
    Llama,
    Hf,
}

/// What a full context does, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the choice of that name")]
pub enum WhenFullName {
    Stop,
    Slide,
}

/// When to use colour, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the choice of that name")]
pub enum ColorName {
    Auto,
    Always,
    Never,
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
}

#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub enum Verb {
    /// Convert a Megatron checkpoint into a new directory that Hugging Face loads too
    Convert {
        /// A zip, a .pt file or a checkpoint directory
        input: PathBuf,
        /// A directory that does not exist yet
        output: PathBuf,
        /// Number of attention heads, where the checkpoint does not say
        #[arg(long, value_name = "N")]
        heads: Option<usize>,
        /// Number of vocabulary rows to keep
        #[arg(long, value_name = "N")]
        vocab: Option<usize>,
        /// Accept checksums that are absent or wrong
        #[arg(long)]
        force: bool,
    },
    /// Models: list, info, download, import, remove
    Model {
        #[command(subcommand)]
        verb: ModelVerb,
    },
    /// Transcripts: list, show, export
    Transcripts {
        #[command(subcommand)]
        verb: TranscriptsVerb,
    },
    /// The configuration: path, show
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
}

#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub enum ModelVerb {
    /// The installed models
    List,
    /// What is known of a model
    Info { name: String },
    /// Download NVIDIA's Megatron GPT-2 345M and install it
    Download,
    /// Install a checkpoint you have
    Import {
        /// A zip, a .pt file or a directory
        file: PathBuf,
        /// The name to install it under
        #[arg(long)]
        name: Option<String>,
        /// Number of attention heads, where the checkpoint does not say
        #[arg(long, value_name = "N")]
        heads: Option<usize>,
        /// Accept checksums that are absent or wrong
        #[arg(long)]
        force: bool,
    },
    /// Remove an installed model
    Remove { name: String },
}

#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub enum TranscriptsVerb {
    /// All transcripts, newest first
    List,
    /// The text of a transcript
    Show {
        /// Its name, the beginning of it, or `latest`
        id: String,
    },
    /// A transcript as a file, on standard output
    Export {
        /// Its name, the beginning of it, or `latest`
        id: String,
        /// In which format
        #[arg(long)]
        to: ExportFormat,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "clap shows the comments, and they are the documentation"
)]
pub enum ConfigVerb {
    /// Where the configuration file is
    Path,
    /// Every value with where it comes from
    Show,
}

/// A value that cannot be meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeaningError {
    /// Out of its range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no such preset.
    #[error("there is no preset `{0}`; there are steady, raw, gpt2, nucleus, minp, wild, greedy")]
    Preset(String),
    /// A word of the configuration file that means nothing.
    #[error("`{value}` is no {what}")]
    Word {
        /// What was written.
        value: String,
        /// What it should be.
        what: &'static str,
    },
}

impl SamplingArguments {
    /// How to draw, by flags and environment over the configuration over the defaults. The seed stays `None` where
    /// nobody gave one.
    ///
    /// # Errors
    ///
    /// If a value is out of its range.
    pub fn settings(&self, config: &Config) -> Result<(Settings, Option<u64>), MeaningError> {
        fn set<T: Copy>(to: &mut T, from: Option<T>) {
            if let Some(value) = from {
                *to = value;
            }
        }
        let mut it = Settings::default();
        let apply = |name: &Option<String>, it: &mut Settings| match name {
            Some(name) => preset(name)
                .map(|found| it.apply(found))
                .ok_or_else(|| MeaningError::Preset(name.clone())),
            None => Ok(()),
        };
        apply(&config.preset, &mut it)?;
        config.sampling.apply(&mut it);
        apply(&self.preset, &mut it)?;
        set(&mut it.max_tokens, self.max_tokens);
        set(&mut it.temperature, self.temp);
        set(&mut it.top_k, self.top_k);
        set(&mut it.top_p, self.top_p);
        set(&mut it.min_p, self.min_p);
        set(&mut it.repeat_penalty, self.repeat_penalty);
        set(&mut it.repeat_last_n, self.repeat_last_n);
        if let Some(order) = self.order {
            it.order = match order {
                OrderName::Llama => Order::LlamaCpp,
                OrderName::Hf => Order::HuggingFace,
            };
        }
        if let Some(when_full) = self.when_full {
            it.when_full = match when_full {
                WhenFullName::Stop => WhenFull::Stop,
                WhenFullName::Slide => WhenFull::Slide,
            };
        }
        if self.ignore_eos {
            it.end_of_text = EndOfText::Continue;
        }
        if !self.stop.is_empty() {
            it.stop = self.stop.iter().map(|text| unescape(text)).collect();
        }
        let seed = self.seed.or(config.sampling.seed);
        set(&mut it.seed, seed);
        it.check()?;
        Ok((it, seed))
    }
}

impl ModelArguments {
    /// Where to run.
    ///
    /// # Errors
    ///
    /// If the configuration names no device.
    pub fn device(&self, config: &Config) -> Result<DeviceChoice, MeaningError> {
        Ok(
            match word(self.device, config.device.as_deref(), "device")? {
                None | Some(DeviceName::Auto) => DeviceChoice::Auto,
                Some(DeviceName::Cpu) => DeviceChoice::Cpu,
                Some(DeviceName::Cuda) => DeviceChoice::Cuda,
                Some(DeviceName::Metal) => DeviceChoice::Metal,
            },
        )
    }

    /// In which precision; `None` is the engine's choice.
    ///
    /// # Errors
    ///
    /// If the configuration names no precision.
    pub fn precision(&self, config: &Config) -> Result<Option<Precision>, MeaningError> {
        Ok(match word(self.dtype, config.dtype.as_deref(), "dtype")? {
            None | Some(DtypeName::Auto) => None,
            Some(DtypeName::F32) => Some(Precision::F32),
            Some(DtypeName::F16) => Some(Precision::F16),
            Some(DtypeName::Bf16) => Some(Precision::Bf16),
            Some(DtypeName::Q8) => Some(Precision::Q8),
        })
    }
}

fn word<T: ValueEnum>(
    flag: Option<T>,
    config: Option<&str>,
    what: &'static str,
) -> Result<Option<T>, MeaningError> {
    match (flag, config) {
        (Some(flag), _) => Ok(Some(flag)),
        (None, Some(text)) => T::from_str(text, true)
            .map(Some)
            .map_err(|_| MeaningError::Word {
                value: text.to_owned(),
                what,
            }),
        (None, None) => Ok(None),
    }
}

/// `\n`, `\t` and `\\` as shells rarely let one type them.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') | None => out.push('\\'),
                Some(other) => out.extend(['\\', other]),
            },
            (other, false) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Arguments {
        Arguments::try_parse_from([&["megachat"], arguments].concat()).unwrap()
    }

    #[test]
    fn the_table_of_arguments_is_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_go_before_the_configuration_and_that_before_the_default() {
        let mut config = Config {
            preset: Some("wild".into()),
            ..Config::default()
        };
        config.sampling.top_k = Some(7);
        let (settings, seed) = parse(&["--temp", "0.3", "-s", "9"])
            .sampling
            .settings(&config)
            .unwrap();
        assert_eq!(
            (
                settings.temperature,
                settings.min_p,
                settings.top_k,
                settings.seed
            ),
            (0.3, 0.1, 7, 9)
        );
        assert_eq!(seed, Some(9));
        let (settings, seed) = parse(&[]).sampling.settings(&Config::default()).unwrap();
        assert_eq!((settings, seed), (Settings::default(), None));
    }

    #[test]
    fn values_out_of_range_are_said() {
        let error = |arguments: &[&str]| {
            parse(arguments)
                .sampling
                .settings(&Config::default())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(&["--top-p", "2"]),
            "top-p is 2, but must be between 0 and 1 (1 is off)"
        );
        assert!(error(&["--preset", "x"]).contains("no preset `x`"));
    }

    #[test]
    fn a_prompt_a_verb_and_escapes() {
        assert_eq!(parse(&["Once", "upon"]).prompt, ["Once", "upon"]);
        assert!(matches!(
            parse(&["model", "list"]).verb,
            Some(Verb::Model {
                verb: ModelVerb::List
            })
        ));
        assert_eq!(
            parse(&["--resume"]).interface.resume.as_deref(),
            Some("latest")
        );
        assert_eq!(unescape(r"a\n\tb\\c\d\"), "a\n\tb\\c\\d\\");
    }
}
