//! What can be done besides writing text, each a word on the command line.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::store::transcripts::LATEST;
use crate::text::TokenizerChoice;

use super::candidates;
use super::manual;
use super::measuring::{CompareArguments, EvalVerb, GuessArguments, ScoreArguments};
use super::{ExportDtype, ExportFormat, ImportFormat, ModelArguments, ModelFormat, ShellName, WeightName, positive};

/// What is measured.
#[derive(Clone, Debug, Args)]
pub struct BenchArguments {
    /// Tokens of the prompt that is read
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = at_least_one)]
    pub prefill: usize,
    /// Tokens drawn at each depth
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one)]
    pub decode: usize,
    /// How many tokens lie before those that are drawn; several with commas
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [0, 512])]
    pub depth: Vec<usize>,
    /// Continuations of one prompt at once; 1 leaves that out
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = positive)]
    pub batch: usize,
    /// How often everything is measured; the medians are shown
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive)]
    pub runs: usize,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Which model, and how it runs
    #[command(flatten)]
    pub model: ModelArguments,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&it| it >= 1).ok_or_else(|| "expected a number of 1 or more".to_owned())
}

/// What is drawn again, and how closely it is looked at.
#[derive(Clone, Debug, Args)]
pub struct ReplayArguments {
    /// The transcript: its name, the beginning of it, `latest`, or the path of its file
    #[arg(add = candidates::transcript_or_path())]
    pub id: String,
    /// Compare the probabilities of the recorded tokens too, which holds on other devices and in other precisions
    #[arg(long)]
    pub verify: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Which model, and how it runs, if not as recorded
    #[command(flatten)]
    pub model: ModelArguments,
}

#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum Verb {
    /// Convert a Megatron checkpoint into a new directory that Hugging Face loads too
    #[command(after_long_help = manual::CONVERT)]
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
        /// The words of a model that does not say them: `gpt2`, or a directory with a tokenizer
        #[arg(long, value_name = "gpt2|DIR", add = candidates::tokenizer())]
        tokenizer: Option<TokenizerChoice>,
        /// Write the weights in this precision [default: that of the checkpoint]
        #[arg(long)]
        dtype: Option<WeightName>,
        /// Name the tensors `h.0...` and `wte.weight`, without `transformer.`, for engines that want it so
        #[arg(long)]
        bare_names: bool,
        /// Accept checksums that are absent or wrong
        #[arg(long)]
        force: bool,
    },
    /// Write a model as a file for other engines: GGUF, which llama.cpp loads
    Export {
        /// A model's name (megatron-345m, demo) or a GPT-2 directory in Hugging Face's layout
        #[arg(add = candidates::model())]
        model: String,
        /// The file to write
        file: PathBuf,
        /// In which format
        #[arg(long)]
        to: ModelFormat,
        /// How matrices are written: 16 bits, 8 bits with a scale for every 32, or 32 bits
        #[arg(long, default_value = "f16")]
        dtype: ExportDtype,
        /// Number of attention heads, where the model does not say
        #[arg(long, value_name = "N")]
        heads: Option<usize>,
        /// The words of a model that does not say them: `gpt2`, or a directory with a tokenizer
        #[arg(long, value_name = "gpt2|DIR", add = candidates::tokenizer())]
        tokenizer: Option<TokenizerChoice>,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
    },
    /// How surprising the model finds a text: bits, perplexity, ranks, the most surprising tokens
    ///
    /// The model's own probabilities count: temperature and all other sampling settings change nothing. The first token is
    /// scored after the token that begins a text (GPT-2's <|endoftext|>). A text longer than the context is read in windows that overlap by half a context.
    #[command(after_long_help = manual::SCORE)]
    Score(ScoreArguments),
    /// Evaluations of a model: the Megatron paper's, lambada and wikitext103, and pairs
    #[command(after_long_help = manual::EVAL)]
    Eval {
        #[command(subcommand)]
        verb: EvalVerb,
    },
    /// Shannon's game: guess the next word of a text, and see what the model thought of it
    #[command(after_long_help = manual::GUESS)]
    Guess(GuessArguments),
    /// Draw a transcript's tokens again with its seed and settings, and say whether the same come out
    ///
    /// Every drawn token of every branch is drawn where it stands, after the recorded tokens before it, with the weights,
    /// precision and device that are recorded unless others are named. Exit status 8 if anything differs.
    #[command(after_long_help = manual::REPLAY)]
    Replay(ReplayArguments),
    /// Measure how fast a model reads and writes here, and what limits it
    ///
    /// What does not fit into the model's context is shortened until it does, which is said once on standard error. With --json one
    /// object: model, parameters, device, dtype, kernels, threads, `weight_bytes`, `peak_rss_bytes`, `memory_bandwidth`,
    /// `processor_cache_bytes`, `weights_in_cache`, `weights_per_second`, measured (context, prefill, decode, depth, batch, runs:
    /// what was really measured), shortened (a sentence, or null), figures (by name: median, runs, unit).
    Bench(BenchArguments),
    /// Models: list, info, download, import, verify, compare, remove
    #[command(after_long_help = manual::MODEL)]
    Model {
        #[command(subcommand)]
        verb: ModelVerb,
    },
    /// Transcripts: list, search, show, rename, tag, remove, restore, import, export
    #[command(after_long_help = manual::TRANSCRIPTS)]
    Transcripts {
        #[command(subcommand)]
        verb: TranscriptsVerb,
    },
    /// Unfinished downloads: list, clear
    Cache {
        #[command(subcommand)]
        verb: CacheVerb,
    },
    /// What is here and whether it works: files, models, room, device, terminal
    ///
    /// Exit status 1 if something needs attention; it is marked with `!`, and false is the `ok` of its object in --json. A device
    /// that this machine or this build does not have is no fault. A GPU is shown with its driver, its limits, whether it computed
    /// right when a model was first loaded there, and how fast it was beside the CPU.
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// The configuration: path, show
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// A script that makes a shell complete verbs, flags and their values
    ///
    /// The script asks megachat at each Tab, which must be on the PATH, so models, transcripts and presets are those of
    /// now. Bash: source <(megachat completions bash). Zsh: the same, or a file _megachat in a directory of fpath. Fish:
    /// megachat completions fish | source. PowerShell: megachat completions powershell | Out-String | Invoke-Expression.
    /// Nushell cannot ask: its script lists the flags and words of this version and no names; make it anew after an update.
    Completions {
        /// The shell
        shell: ShellName,
    },
    /// The manual page, for man(1): megachat man | man -l -
    Man {
        /// Write the page and one for each verb into this directory instead: megachat.1, megachat-model-import.1 and so on
        #[arg(long, value_hint = clap::ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum ModelVerb {
    /// The installed models, and those that can be
    ///
    /// With --json one object: directory, and models, a list of objects: name, state (installed, damaged, built-in or
    /// downloadable), parameters, bytes (on the disk, or to download), directory, fault; null is what is not known or not so.
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// What is known of a model
    ///
    /// Exit status 3 if there is none, 7 if it is damaged, 1 if what is there is no model that runs. With --json one object: name,
    /// state (installed, damaged, built-in, or not installed), directory; of an installed one parameters, bytes, format, source, verified,
    /// `source_sha256`, `weights_sha256`, tokenizer; vocabulary, notes; converts (true where it is converted before it runs), problem.
    Info {
        /// Its name, or a directory
        #[arg(add = candidates::model())]
        name: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Download a model and install it: NVIDIA's Megatron GPT-2 345M if none is named
    Download {
        /// megatron-345m, gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2, or ORGANISATION/NAME on the model hub
        #[arg(add = candidates::download())]
        name: Option<String>,
        /// Take it from a copy: a file, a directory or an address
        #[arg(long, value_name = "FILE|DIR|URL")]
        from: Option<PathBuf>,
        /// The words of a model that does not say them: `gpt2`, or a directory with a tokenizer
        #[arg(long, value_name = "gpt2|DIR", add = candidates::tokenizer())]
        tokenizer: Option<TokenizerChoice>,
    },
    /// Install a checkpoint you have
    Import {
        /// A zip, a .pt file, a GGUF file, a directory, or an address of a file
        file: PathBuf,
        /// The name to install it under
        #[arg(long)]
        name: Option<String>,
        /// The words of a model that does not say them: `gpt2`, or a directory with a tokenizer
        #[arg(long, value_name = "gpt2|DIR", add = candidates::tokenizer())]
        tokenizer: Option<TokenizerChoice>,
        /// Number of attention heads, where the checkpoint does not say
        #[arg(long, value_name = "N")]
        heads: Option<usize>,
        /// Accept checksums that are absent or wrong
        #[arg(long)]
        force: bool,
    },
    /// Check the files of a model, or of all, against what they were when it was installed
    ///
    /// Exit status 7 if one is damaged. With --json one object: ok, and models, a list of objects: name, state (sound, damaged,
    /// or newer: installed by a newer megachat), files and bytes that were compared, fault, repaired (with --repair, of a damaged
    /// one), problem (why it could not be); null is what is not so.
    Verify {
        /// All installed models if none is named
        #[arg(add = candidates::installed())]
        name: Option<String>,
        /// Install a damaged one anew, from where it came from
        #[arg(long)]
        repair: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Whether two models are one: what they say of a text, and the weights
    ///
    /// Both run in f32 unless a precision is named. With --json one object: a and b (name, sha256, dtype, device), verdict (one of
    /// three sentences), places, `largest_logit_difference`, `mean_logit_difference`, `kl_nats_per_token` (of B from A),
    /// `same_likeliest` (0 to 1), `same_weights`, `first_tensor` (that differs), `tensor_difference`, `weights_not_compared` (why).
    Compare(CompareArguments),
    /// Remove an installed model and what is left of its download
    Remove {
        /// Its name
        #[arg(add = candidates::installed())]
        name: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum TranscriptsVerb {
    /// All transcripts, those worked on last first
    ///
    /// With --json one object: directory, and transcripts, a list of objects: id, path, state (sound, damaged, or unreadable), fault,
    /// title, tags, created and changed (milliseconds since 1970), opened (a number that grows with each time that one is worked on),
    /// model, settings, tokens (of the text), nodes (of all branches), branches, words (the first ones), `words_assumed` (whether they
    /// are taken for GPT-2's), `words_fault` (why there are none); null is what is not known or not so.
    List {
        /// Only those filed under this word
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
        /// Only those that this model wrote last
        #[arg(long, value_name = "NAME")]
        model: Option<String>,
        /// Only those that were written in on this day or later, as 2026-11-27
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Find transcripts by words of their texts, in all branches, of their titles and their tags
    ///
    /// All words must be there, each as the beginning of one; words in one pair of quotes stand beside each other. With --json one
    /// object: words, and found, a list of objects: what `list --json` has of each, and piece, run (its number in the tree, 0 for the
    /// title), node, `on_path` (whether it is part of the text as it is).
    Search {
        /// What is looked for
        #[arg(required = true)]
        words: Vec<String>,
        /// How many are told
        #[arg(long, short = 'n', value_name = "N", default_value_t = NonZero::<usize>::MIN.saturating_add(19))]
        most: NonZero<usize>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// The text of a transcript
    Show {
        /// Its name, the beginning of it, its title, or `latest`
        #[arg(add = candidates::transcript(), default_value = LATEST)]
        id: String,
    },
    /// Give a transcript a title
    Rename {
        /// Its name, the beginning of it, its title, or `latest`
        #[arg(add = candidates::transcript())]
        id: String,
        /// What it is called from now on; "" takes the title away
        #[arg(required = true)]
        title: Vec<String>,
    },
    /// File a transcript under words, and tell under which it is
    Tag {
        /// Its name, the beginning of it, its title, or `latest`
        #[arg(add = candidates::transcript())]
        id: String,
        /// Words to file it under
        tags: Vec<String>,
        /// Words to take away
        #[arg(long, value_name = "TAG")]
        remove: Vec<String>,
    },
    /// Put transcripts into the trash, where they are kept for 30 days
    Remove {
        /// Their names, beginnings of these, titles, or `latest`
        #[arg(required = true, add = candidates::transcript())]
        ids: Vec<String>,
    },
    /// Bring a transcript back from the trash
    ///
    /// With --list and --json one object: directory, and removed, a list of objects: id, title, words, removed
    /// (milliseconds since 1970), bytes.
    Restore {
        /// Its name or the beginning of it; the one that was removed last without
        id: Option<String>,
        /// Tell what is in the trash
        #[arg(long, conflicts_with = "id")]
        list: bool,
        /// Print one JSON object
        #[arg(long, requires = "list")]
        json: bool,
    },
    /// Make a transcript of a text, of Markdown, or of a loom's tree
    Import {
        /// The file; `-` is standard input
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
        /// What it is called
        #[arg(long, value_name = "TEXT")]
        title: Option<String>,
        /// In which format [default: by the file's name and what is in it]
        #[arg(long, value_name = "FORMAT")]
        from: Option<ImportFormat>,
        /// The model whose words it is read in [default: GPT-2's words]
        #[arg(long, value_name = "NAME|PATH", add = candidates::installed())]
        model: Option<String>,
    },
    /// A transcript as a file for other readers and programs
    Export {
        /// Its name, the beginning of it, its title, or `latest`; `-` reads a transcript from standard input
        #[arg(add = candidates::transcript(), default_value = LATEST)]
        id: String,
        /// In which format
        #[arg(long)]
        to: ExportFormat,
        /// Where it is written; `-` is standard output
        #[arg(long, short, value_name = "FILE", default_value = "-", value_hint = clap::ValueHint::FilePath)]
        output: PathBuf,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum ConfigVerb {
    /// Where the configuration file is
    Path,
    /// Every value with where it comes from
    ///
    /// With --json one object: values, a list of objects: name, value (a text, number, true or false, a list, or null where nothing
    /// is set), origin (environment, configuration, preset, remembered, default); keys, a list of objects: action, place, keys, origin;
    /// paths, an object: configuration, `configuration_exists`, models, transcripts, downloads, state.
    Show {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub enum CacheVerb {
    /// What unfinished downloads have left, packed weights, and the index of transcripts
    ///
    /// A directory that is not installed is packed when it is first run; what is kept of that, 4 GB at the most, makes the next
    /// start fast. The index holds the words of all transcripts. With --json one object: directory; downloads, a list of objects:
    /// path, bytes; packed, a list of objects: path, bytes, of; and index, an object: path, bytes, or null.
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove it
    Clear,
}
