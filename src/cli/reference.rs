//! What help and manual pages say besides flags: exit statuses, the environment, files, examples. Each stands here once.

use std::fmt::Write as _;

/// A row that the help shows whole, and a manual page where it concerns the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about: an exit status, a variable, a path, a command line.
    pub name: &'static str,
    /// What it means.
    pub what: &'static str,
    /// The verbs it concerns, as their pages are called without `megachat-`, or by the beginning of that; none is all.
    verbs: &'static [&'static str],
}

impl Row {
    /// Whether it concerns a verb, by the name of its page without `megachat-`; the program itself, without one, all do.
    #[must_use]
    pub fn concerns(&self, verb: Option<&str>) -> bool {
        let is_of = |verb: &str| self.verbs.is_empty() || self.verbs.iter().any(|it| verb.starts_with(it));
        verb.is_none_or(is_of)
    }
}

const fn row(name: &'static str, what: &'static str) -> Row {
    Row { name, what, verbs: &[] }
}

const fn of(verbs: &'static [&'static str], name: &'static str, what: &'static str) -> Row {
    Row { name, what, verbs }
}

/// Verbs that run a model.
const RUNNING: &[&str] = &["score", "eval", "guess", "replay", "bench", "model-compare"];
/// Verbs that read a model.
const READING: &[&str] =
    &["score", "eval", "guess", "replay", "bench", "export", "model-info", "model-verify", "model-compare"];
/// Verbs that may ask the network.
const ASKING: &[&str] = &["model-download", "model-import", "model-verify"];
/// Verbs that make a model or a file of one.
const MAKING: &[&str] = &["convert", "export", "model-download", "model-import", "model-verify"];
/// No verb: the beginning of no page's name.
const NONE: &[&str] = &["-"];
/// Verbs that take a while.
const LONG: &[&str] = &["convert", "export", "score", "eval", "guess", "replay", "bench", "model-"];

/// Every exit status, in the order of the numbers.
pub const STATUSES: &[Row] = &[
    row("0", "done, also if the reader of standard output leaves early"),
    row("1", "failed in a way that has no status of its own"),
    row("2", "wrong usage: flags, values, or settings that cannot be meant"),
    of(
        &["export", "score", "eval", "guess", "replay", "bench", "model-", "transcripts"],
        "3",
        "no such model, or no such words",
    ),
    of(ASKING, "4", "the download failed"),
    of(MAKING, "5", "the conversion or the export failed"),
    of(RUNNING, "6", "no such device here"),
    of(READING, "7", "the model is damaged"),
    of(&["replay"], "8", "a replay differs from its transcript"),
    row("71", "the system gives no more memory, or no thread"),
    row("74", "the disk is full, or cannot be written"),
    of(LONG, "129", "the terminal went away (SIGHUP)"),
    of(LONG, "130", "interrupted (SIGINT); what was drawn or has arrived is kept"),
    of(LONG, "143", "asked to end (SIGTERM); what was drawn or has arrived is kept"),
];

/// Every variable of the environment that stands for no flag.
pub const VARIABLES: &[Row] = &[
    row("MEGACHAT_HOME", "the directory of everything: config, data, cache and state below it"),
    row("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME, XDG_STATE_HOME", "else the parents of those directories"),
    of(&["model-"], "HF_ENDPOINT", "the address of the model hub"),
    of(ASKING, "HF_HUB_OFFLINE", "1 is as --offline"),
    of(ASKING, "http_proxy, https_proxy, all_proxy, no_proxy", "proxies, also in capitals"),
    of(ASKING, "SSL_CERT_FILE", "the certificates that the system trusts"),
    of(NONE, "VISUAL, EDITOR", "the editor that ^X ^E opens"),
    of(&["score", "guess"], "NO_COLOR", "anything in it: no colour where --color is auto"),
    of(&["score", "guess"], "TERM, COLORTERM, COLORFGBG", "what the terminal shows, and on what background"),
    of(NONE, "LC_ALL, LC_CTYPE, LANG", "whether the terminal is given UTF-8"),
];

/// The files, where no variable says otherwise.
pub const FILES: &[Row] = &[
    row("~/.config/megachat/config.toml", "the configuration, written by the user alone"),
    of(
        &["export", "score", "eval", "guess", "replay", "bench", "model-", "doctor"],
        "~/.local/share/megachat/models/",
        "a directory for each installed model",
    ),
    of(&["replay", "transcripts", "doctor"], "~/.local/share/megachat/transcripts/", "a file for each transcript"),
    of(&["cache", "model-", "doctor"], "~/.cache/megachat/downloads/", "downloads that are not finished"),
    of(
        &["cache", "score", "eval", "guess", "replay", "bench"],
        "~/.cache/megachat/packed/",
        "packed weights of directories that are not installed, 4 GB at the most",
    ),
    of(
        &["doctor", "eval"],
        "~/.local/state/megachat/",
        "what was sent, evaluations that were stopped, what is remembered (what was found out about GPUs in devices.json), and the log",
    ),
];

/// Command lines to begin with.
pub const EXAMPLES: &[Row] = &[
    row("megachat", "the interface"),
    row("echo 'Once upon a time' | megachat -n 60 -s 7", "a continuation on stdout"),
    row("megachat --plain", "the same by lines, for screen readers"),
    row("megachat -p 'The dragon' --jsonl --logprobs 5", "one JSON object a token"),
    of(&["score"], "megachat score essay.txt", "how surprising the model finds a text"),
    of(&["score"], "megachat score --lines a.txt --words --csv", "each line by itself: a row for each word"),
    of(&["eval"], "megachat eval lambada lambada_test.jsonl", "the Megatron paper's figures, of a model here"),
    of(&["guess"], "megachat guess", "guess the next word, and see how the model does"),
    of(&["replay"], "megachat replay latest --verify", "whether the last transcript comes out the same again"),
    of(&["model-download"], "megachat model download", "NVIDIA's 345M model"),
    of(&["model-download"], "megachat model download gpt2-medium", "a model of the hub"),
    of(&["completions"], "source <(megachat completions bash)", "Tab completes from now on"),
    of(&["man"], "megachat man --dir ~/.local/share/man/man1", "man megachat shows the pages"),
];

/// What a manual page of one verb shows of the examples, which are no lines of all verbs.
#[must_use]
pub fn examples(verb: Option<&str>) -> Vec<Row> {
    let shown = |it: &&Row| verb.is_none() || !it.verbs.is_empty() && it.concerns(verb);
    EXAMPLES.iter().filter(shown).copied().collect()
}

/// What stands below the flags in the long help.
pub(super) fn after_help() -> String {
    let mut text = "EXAMPLES\n".to_owned();
    // Writing into a `String` cannot fail.
    for it in EXAMPLES {
        let _ = writeln!(text, "  {:<48}  {}", it.name, it.what);
    }
    text.push_str("\nENVIRONMENT\n");
    for it in VARIABLES {
        let _ = match it.name.len() {
            ..=15 => writeln!(text, "  {:<15}  {}", it.name, it.what),
            _ => writeln!(text, "  {}\n  {:<15}  {}", it.name, "", it.what),
        };
    }
    text.push_str(
        "\n  Flags marked [env: ...] can be given there. A flag goes before the environment, that before the \
         configuration file, that before the default.\n\nEXIT STATUS\n",
    );
    for it in STATUSES {
        let _ = writeln!(text, "  {:>3}  {}", it.name, it.what);
    }
    text.push_str("\n`megachat man` has more of it, and `megachat completions` makes a shell complete all this.");
    text
}

#[cfg(test)]
mod tests;
