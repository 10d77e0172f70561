//! What was meant by a first word that is nearly a verb: it must not become text to go on from.

use std::path::Path;

use clap::Command;

/// The words of other programs for what a verb does here.
const KNOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("evaluate", "eval"),
    ("perplexity", "score"),
    ("sessions", "transcripts"),
    ("download", "model download"),
    ("pull", "model download"),
    ("import", "model import"),
    ("settings", "config"),
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

/// The length from which on a verb may have two letters wrong or more behind it: in a shorter one half of all short words
/// would be meant.
const LONG: usize = 4;

/// What is meant, as it stands behind `megachat`, with the sub-verb or the file that follows: the first word is a verb but
/// for its case, for two letters at the most, or for an end that it has too many, or it is what others call a verb; and it
/// stands alone, or is followed by one of that verb's sub-verbs or by a file that is there.
#[must_use]
pub(super) fn meant(words: &[String], command: &Command) -> Option<String> {
    // Several words between quotes are a text.
    let given = words.first().filter(|it| !it.contains(char::is_whitespace))?;
    if command.find_subcommand(given).is_some() {
        return None;
    }
    let first = given.to_lowercase();
    let elsewhere = KNOWN_ELSEWHERE.iter().find(|it| it.0 == first).map(|it| it.1);
    let distance = |name: &str| strsim::osa_distance(&first, name);
    let is_near = |name: &str| match name.len() {
        LONG.. => first.starts_with(name) || distance(name) <= WRONG,
        _ => distance(name) <= 1,
    };
    let near = || {
        let near = command.get_subcommands().map(Command::get_name).filter(|it| is_near(it));
        near.min_by_key(|it| distance(it))
    };
    let name = elsewhere.or_else(near)?;
    let Some(second) = words.get(1) else { return Some(name.to_owned()) };
    let lower = second.to_lowercase();
    let has_sub_verb = command.find_subcommand(name).is_some_and(|it| it.find_subcommand(&lower).is_some());
    let follows = if has_sub_verb { Some(&lower) } else { Some(second).filter(|it| Path::new(it).exists()) };
    follows.map(|it| format!("{name} {it}"))
}
