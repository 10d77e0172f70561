//! The commands: what they are called, and what was meant by a name that is none.

use std::borrow::Cow;

use super::act::needs_a_screen;
use crate::app::keymap::{Action, FORMER_NAMES};
use crate::app::knobs::{KNOBS, Knob};
use crate::app::layers::palette::words::{self, Meant};
use crate::app::layers::palette::{actions, score};
use crate::app::messages::topics::Topic;
use crate::sample::{Parameter, Settings};

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What a key does in the full interface.
    Act(Action),
    /// Sets a control, or says what it is.
    Knob(Knob),
    Branch,
    Cut,
    Dice,
    Keep,
    Next,
    Open,
    Set,
    Settings,
    Show,
    Status,
    Take,
    Tell(Topic),
}

/// A command with a name, what may follow it, and what it does.
pub(super) struct Listed {
    pub(super) name: &'static str,
    pub(super) takes: &'static str,
    pub(super) what: What,
    pub(super) help: &'static str,
}

const fn listed(name: &'static str, takes: &'static str, what: What, help: &'static str) -> Listed {
    Listed { name, takes, what, help }
}

/// The commands that the help begins with. Some are other names of actions, or say more than the key's help does.
pub(super) const LISTED: &[Listed] = &[
    listed(
        "help",
        "[WORD]",
        What::Act(Action::Help),
        "the commands; with a word those that it fits, with all every one",
    ),
    listed("continue", "", What::Act(Action::Continue), "go on with the text; an empty line does too"),
    listed("add", "TEXT", What::Act(Action::Add), "add a text and draw nothing; one in quotes keeps its first space"),
    listed("undo", "", What::Act(Action::Undo), "undo, whatever it was"),
    listed("redo", "", What::Act(Action::Redo), "do again what was undone"),
    listed("status", "", What::Status, "what goes on: model, text, context, speed, settings in short"),
    listed("settings", "[WORD]", What::Settings, "every control with its value and what it does"),
    listed("set", "NAME VALUE", What::Set, "set a control, as in /set temp 0.9; /temp 0.9 is the same, /temp tells it"),
    listed("show", "[N [M]]", What::Show, "the text; with a number, its tokens from N to M with their numbers"),
    listed("next", "[N]", What::Next, "the N likeliest next tokens, what the settings leave of them, and the die"),
    listed(
        "find",
        "TEXT",
        What::Act(Action::FindToken),
        "tokens that contain a text, and how likely each is to come next",
    ),
    listed(
        "inspect",
        "[N [M]] [now]",
        What::Act(Action::Inspect),
        "token N: what it could have been (M of it), its die, what would change it; now: under the settings of now",
    ),
    listed(
        "throw",
        "[N] [DICE]",
        What::Act(Action::ThrowDice),
        "throw 100 dice, or as many, in the place of token N and count what comes",
    ),
    listed(
        "take",
        "N K",
        What::Take,
        "put alternative K of token N there and go on; or your own words: /take 5 \"TEXT\"",
    ),
    listed("reroll", "[N]", What::Act(Action::Reroll), "throw new dice from token N on"),
    listed(
        "type",
        "N TEXT",
        What::Act(Action::Type),
        "write your own words from token N on; without words, the next line goes there",
    ),
    listed(
        "edit",
        "[N]",
        What::Act(Action::EditFromHere),
        "take the text from token N on away, read it out, and write it anew with the next line",
    ),
    listed(
        "heat",
        "[WHAT] [N]",
        What::Act(Action::Heat),
        "the N tokens of the most surprise, entropy, varentropy or rank",
    ),
    listed(
        "score",
        "",
        What::Act(Action::Score),
        "how surprising the text is: bits, perplexity, ranks, the worst tokens",
    ),
    listed("cut", "", What::Cut, "which drawn tokens the settings of now would have cut"),
    listed("tree", "", What::Act(Action::Tree), "the branches of the text, with numbers"),
    listed("branch", "K", What::Branch, "go to branch K"),
    listed(
        "compare",
        "[N] [NAME VALUE | ...]",
        What::Act(Action::Compare),
        "the same dice under the settings of now and others, as in /compare temp 1.2 | top-p 0.5",
    ),
    listed("dice", "", What::Dice, "compare again, each column with its own dice; and back"),
    listed(
        "futures",
        "[N]",
        What::Act(Action::Futures),
        "eight ways to go on, the likeliest first; /futures more: eight others; /futures tree: what they share told once; /futures exact: a tree without dice",
    ),
    listed(
        "keep",
        "K [word] or all",
        What::Keep,
        "go on with column K, or with its first word; all: keep every one as a branch",
    ),
    listed(
        "models",
        "[download, import PATH, switch, stop]",
        What::Act(Action::Models),
        "the models, and what can be done about them",
    ),
    listed("chat", "", What::Act(Action::Chat), "chat: a visible User:/Bot: template; and back"),
    listed(
        "library",
        "[WORDS]",
        What::Act(Action::Library),
        "every text, the last worked on first; with words, those that have them on any branch",
    ),
    listed("open", "K or ID", What::Open, "open text K of the library in the place of this one"),
    listed("search", "TEXT", What::Act(Action::FindText), "places of words in the text, on all branches"),
    listed("rename", "[TITLE]", What::Act(Action::Rename), "give the text a title"),
    listed("tag", "[WORDS]", What::Act(Action::Tag), "file the text under words"),
    listed("export", "[md, txt, json, html, loom]", What::Act(Action::Export), "write the text as a file"),
    listed("new", "", What::Act(Action::NewTranscript), "a new, empty transcript"),
    listed("quit", "", What::Act(Action::QuitOrDelete), "leave; the end of the input does too"),
];

/// Other names.
const ALSO: &[(&str, What)] = &[("temperature", What::Knob(Knob::Of(Parameter::Temperature)))];

/// Every name with what it means.
pub(super) fn names() -> impl Iterator<Item = (&'static str, What)> {
    let listed = LISTED.iter().map(|it| (it.name, it.what));
    let actions = Action::ALL.iter().map(|&it| (it.name(), What::Act(it)));
    let knobs = KNOBS.iter().map(|&it| (it.name(), What::Knob(it)));
    // What is a command here already is not told.
    let topics = Topic::ALL.into_iter().filter(|topic| LISTED.iter().all(|it| it.name != topic.name()));
    let topics = topics.map(|it| (it.name(), What::Tell(it)));
    listed.chain(actions).chain(knobs).chain(topics).chain(ALSO.iter().copied())
}

/// The name of a command and what follows it. The equals sign behind the name of a control ends it, too.
pub(super) fn name_and_rest(line: &str) -> (&str, &str) {
    let by_sign = line.find('=').filter(|&it| Knob::named(&line[..it]).is_some());
    let end = line.find(char::is_whitespace).into_iter().chain(by_sign).min().unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    (name, rest.strip_prefix(char::is_whitespace).unwrap_or(rest))
}

/// What a name means: it, or the beginning of one alone.
///
/// # Errors
///
/// A sentence with the names that may have been meant.
pub(super) fn meant(name: &str) -> Result<What, String> {
    let name = name.to_lowercase();
    let name = FORMER_NAMES.iter().find(|it| it.0 == name).map_or(name, |it| it.1.to_owned());
    if let Some((_, what)) = names().find(|it| it.0 == name) {
        return Ok(what);
    }
    if let Some(knob) = Knob::named(&name) {
        return Ok(What::Knob(knob));
    }
    match words::meant(&name) {
        Some(Meant::Act(action)) if needs_a_screen(action).is_none() => return Ok(What::Act(action)),
        Some(Meant::Set(parameter)) => return Ok(What::Knob(Knob::Of(parameter))),
        Some(Meant::Tell(Topic::Settings)) => return Ok(What::Settings),
        Some(Meant::Tell(topic)) => return Ok(What::Tell(topic)),
        Some(Meant::Act(_)) | None => {}
    }
    // What needs a screen is not meant here, if anything else is.
    let of_a_screen = |it: What| matches!(it, What::Act(action) if needs_a_screen(action).is_some());
    let mut begin: Vec<(&str, What)> = names().filter(|it| !name.is_empty() && it.0.starts_with(&name)).collect();
    if begin.iter().any(|it| !of_a_screen(it.1)) {
        begin.retain(|it| !of_a_screen(it.1));
    }
    match begin.split_first() {
        Some(((_, what), rest)) if rest.iter().all(|it| it.1 == *what) => Ok(*what),
        Some(_) => {
            let mut several: Vec<&str> = Vec::new();
            for (it, _) in begin {
                if !several.contains(&it) {
                    several.push(it);
                }
            }
            Err(format!("/{name} could be {}.", list(&several)))
        }
        None => {
            let alike = alike(&name);
            let all = "/help all lists every command; a text that begins with a slash begins with two.";
            if alike.is_empty() {
                Err(format!("There is no command /{name}. {all}"))
            } else {
                Err(format!("There is no command /{name}. Did you mean {}? {all}", list(&alike)))
            }
        }
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|it| format!("/{it}")).collect::<Vec<_>>().join(", ")
}

/// The names nearest to one that is none: those a few letters away, then those that have its letters in this order.
fn alike(name: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (other, _) in names() {
        let near = Some(distance(name, other)).filter(|&it| it <= 2 && it < name.chars().count());
        let fits = score(name, other).map(|it| 3 + it.0);
        if let Some(by) = near.or(fits).filter(|_| found.iter().all(|it| it.1 != other)) {
            found.push((by, other));
        }
    }
    found.sort_by_key(|it| it.0);
    found.into_iter().map(|it| it.1).take(3).collect()
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The lines of the help. Without a word the commands most often needed; with `all` every one; else those it fits.
pub(super) fn help(word: &str, settings: &Settings) -> Vec<String> {
    let word = word.trim().trim_start_matches('/').to_lowercase();
    let mut all: Vec<(String, &str, Cow<str>)> =
        LISTED.iter().map(|it| (it.name.to_owned(), it.takes, it.help.into())).collect();
    if !word.is_empty() {
        // What is listed already need not be told again in the words of its key.
        let others = actions().filter(|it| LISTED.iter().all(|listed| listed.name != it.action.name()));
        all.extend(others.map(|it| (it.action.name().to_owned(), "", it.help.into())));
        let explain = |knob: &Knob| (knob.name().to_owned(), "[VALUE]", knob.explain(settings));
        all.extend(KNOBS.iter().map(explain));
        let topics = Topic::ALL.into_iter().filter(|topic| LISTED.iter().all(|it| it.name != topic.name()));
        all.extend(topics.map(|it| (it.name().to_owned(), "", it.help().into())));
    }
    if !word.is_empty() && word != "all" {
        let exact: Vec<_> = all.iter().filter(|it| it.0 == word).cloned().collect();
        all.retain(|it| it.0.contains(&word) || it.2.to_lowercase().contains(&word));
        if exact.is_empty() && all.is_empty() {
            return vec![format!("No command is called /{word} or says {word} of itself; /help all lists every one.")];
        }
    }
    let line = |(name, takes, help): (String, &str, Cow<str>)| {
        let takes = if takes.is_empty() { String::new() } else { format!(" {takes}") };
        format!("/{name}{takes}: {help}.")
    };
    let mut out: Vec<String> = all.into_iter().map(line).collect();
    if word.is_empty() {
        out.splice(0..0, ABOUT.iter().map(|&it| it.to_owned()));
        out.push("Every command of the full interface works by its name, and the beginning of a name is enough: /help all lists them.".to_owned());
    }
    out
}

const ABOUT: [&str; 4] = [
    "A line is text: it is added, and the model goes on from there. An empty line only goes on.",
    "A line that ends in \\ goes on in the next one. One that begins with / is a command, with // a text with a slash.",
    "Ctrl-C stops the model and keeps its text; twice, with nothing to stop, it leaves. Ctrl-D leaves.",
    "Tokens are counted from 1. Where a command takes the number of a token, none is the one last looked at.",
];

#[cfg(test)]
mod tests;
