//! What was meant by a first word that is nearly a verb: it must not become text to go on from.

use std::path::Path;

use clap::Command;

/// The words of other programs for what a verb does here.
const KNOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("eval", "score"),
    ("evaluate", "score"),
    ("perplexity", "score"),
    ("sessions", "transcripts"),
    ("download", "model download"),
    ("pull", "model download"),
    ("import", "model import"),
    ("settings", "config show"),
    ("list", "model list"),
    ("info", "model info"),
    ("verify", "model verify"),
    ("remove", "model remove"),
    ("show", "transcripts show"),
    ("version", "--version"),
    ("generate", "-p"),
];

/// How many letters may be wrong, missing, too many or in each other's place.
const WRONG: usize = 2;

/// The verb that is meant, with its sub-verb if one follows: the first word is a verb but for its case, for two letters at
/// the most, or for an end that it has too many, or it is what others call a verb; and it stands alone, or is followed by
/// one of that verb's sub-verbs or by a file that is there.
///
/// In a verb of three letters one letter may be wrong: with two, half of all short words would be meant.
#[must_use]
pub(super) fn meant(words: &[String], command: &Command) -> Option<String> {
    // Several words between quotes are a text.
    let first = words.first().filter(|it| !it.contains(char::is_whitespace))?.to_lowercase();
    let second = words.get(1);
    if words.first().is_some_and(|it| command.find_subcommand(it).is_some()) {
        return None;
    }
    let is_alone = |it: &String| second.is_none() || Path::new(it).exists();
    if let Some((_, verb)) = KNOWN_ELSEWHERE.iter().find(|it| it.0 == first) {
        return second.is_none_or(is_alone).then(|| (*verb).to_owned());
    }
    let distance = |name: &str| strsim::osa_distance(&first, name);
    let is_near = |name: &str| first.starts_with(name) || distance(name) <= WRONG.min(name.len() - 2);
    let verb =
        command.get_subcommands().filter(|it| is_near(it.get_name())).min_by_key(|it| distance(it.get_name()))?;
    let name = verb.get_name();
    let Some(second) = second else { return Some(name.to_owned()) };
    let lower = second.to_lowercase();
    if verb.get_subcommands().any(|it| it.get_name() == lower) {
        return Some(format!("{name} {lower}"));
    }
    Path::new(second).exists().then(|| format!("{name} {second}"))
}
