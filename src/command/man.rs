//! `megachat man`: manual pages, of the same definition as the flags and of the tables behind the help.

use std::io::{self, Write as _};
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::{Exit, say};
use crate::app::keymap::{BINDINGS, Binding, Place};
use crate::cli::reference::{self, Row};
use crate::cli::{Arguments, RELEASED, manual};
use crate::files::{self, disk::is_of_the_disk};
use crate::sample::Parameter;
use crate::store::sampling::variable;
use crate::text::visible_path;

/// The section of the manual: commands of users.
const SECTION: &str = "1";

/// The longest line of a page, in bytes, where it can be parted.
const WIDTH: usize = 78;

/// The definition of the program, with the names that its verbs have.
fn definition() -> Command {
    let mut command = Arguments::command()
        .disable_help_subcommand(true)
        .override_usage("megachat [OPTION]... [PROMPT]...\nmegachat VERB [OPTION]... [ARGUMENT]...");
    command.build();
    command
}

/// The page of the program.
pub(super) fn main_page() -> String {
    page(&definition(), None)
}

/// Writes every page into a directory, which is made if it is not there: `megachat.1`, `megachat-model-import.1` and so on.
/// A page that is there already is replaced.
///
/// # Errors
///
/// Status 74 if the disk is full or cannot be written, else 1.
pub(super) fn write_all(directory: &Path) -> Result<(), Exit> {
    let all = pages(&definition());
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| all.iter().try_for_each(|(name, text)| write(directory, name, text.as_bytes())));
    written.map_err(|error| {
        let code = if is_of_the_disk(&error) { 74 } else { 1 };
        Exit { code, message: format!("cannot write pages into {}: {error}", visible_path(directory)) }
    })?;
    say(&format!("{} pages in {}", all.len(), visible_path(directory)));
    Ok(())
}

/// Writes a file so that whoever reads it finds all of it.
fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    files::replace(&directory.join(name), |file| file.write_all(bytes))
}

/// The page of a command and those of its verbs: the names of the files, and what is in them.
fn pages(command: &Command) -> Vec<(String, String)> {
    fn collect(command: &Command, parent: Option<&Command>, all: &mut Vec<(String, String)>) {
        all.push((format!("{}.{SECTION}", name(command)), page(command, parent)));
        command.get_subcommands().for_each(|it| collect(it, Some(command), all));
    }
    let mut all = Vec::new();
    collect(command, None, &mut all);
    all
}

/// What a page is called: `megachat-model-import`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, parent: Option<&Command>) -> String {
    let verb = name(command).strip_prefix("megachat-");
    let man = Man::new(command.clone())
        .title(name(command).to_uppercase())
        .section(SECTION)
        .date(RELEASED)
        .source(format!("megachat {}", env!("CARGO_PKG_VERSION")))
        .manual("megachat");
    let mut out = Vec::new();
    let rendered = man
        .render_title(&mut out)
        .and_then(|()| man.render_name_section(&mut out))
        .and_then(|()| man.render_synopsis_section(&mut out))
        .and_then(|()| man.render_description_section(&mut out))
        .and_then(|()| man.render_options_section(&mut out))
        .and_then(|()| if command.has_subcommands() { man.render_subcommands_section(&mut out) } else { Ok(()) })
        .and_then(|()| sections(command, parent, verb).to_writer(&mut out));
    // Nothing is written but memory, which does not fail.
    debug_assert!(rendered.is_ok());
    tidy(&String::from_utf8_lossy(&out))
}

/// What stands behind the flags: exit statuses, environment, files, examples, other pages.
fn sections(command: &Command, parent: Option<&Command>, verb: Option<&str>) -> Roff {
    let of = |rows: &[Row]| -> Vec<(String, String)> {
        rows.iter().filter(|it| it.concerns(verb)).map(|it| (it.name.to_owned(), format!("{}.", it.what))).collect()
    };
    let mut roff = Roff::new();
    prose(&mut roff, manual(verb));
    if verb.is_none() {
        let key = |it: &Binding| (it.keys.replace(" / ", ", "), format!("{}{}.", place(it.place), it.help));
        list(&mut roff, "KEYS", &BINDINGS.iter().map(key).collect::<Vec<_>>());
    }
    list(&mut roff, "EXIT STATUS", &of(reference::STATUSES));
    let flags = flag_variables(command);
    list(&mut roff, "ENVIRONMENT", &[flags, of(reference::VARIABLES)].concat());
    if verb.is_none() {
        roff.control("PP", []);
        roff.text([roman(
            "A flag goes before the environment, that before the configuration file, that before the default.",
        )]);
    }
    list(&mut roff, "FILES", &of(reference::FILES));
    list(&mut roff, "EXAMPLES", &of(&reference::examples(verb)));
    roff.control("SH", ["SEE ALSO"]);
    let related = parent.into_iter().chain(command.get_subcommands()).map(name);
    let mut line: Vec<Inline> = Vec::new();
    for it in related {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(it), roman(format!("({SECTION})"))]);
    }
    roff.text(line);
    roff
}

/// Where keys count, as the beginning of what they do.
fn place(place: Place) -> String {
    if place == Place::Anywhere { String::new() } else { format!("{}: ", place.name()) }
}

/// Headings, and paragraphs of one line each.
fn prose(roff: &mut Roff, text: &str) {
    // A heading begins a paragraph by itself.
    let mut begun = false;
    for line in text.lines().filter(|it| !it.is_empty()) {
        let paragraph = line.strip_prefix("  ");
        match paragraph {
            None => roff.control("SH", [line]),
            Some(it) if begun => roff.control("PP", []).text([roman(it)]),
            Some(it) => roff.text([roman(it)]),
        };
        begun = paragraph.is_some();
    }
}

fn list(roff: &mut Roff, heading: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    roff.control("SH", [heading]);
    for (name, what) in rows {
        roff.control("TP", []);
        roff.text([bold(name.as_str())]);
        roff.text([roman(what.as_str())]);
    }
}

/// The variables that stand for flags of a command, with the flags.
fn flag_variables(command: &Command) -> Vec<(String, String)> {
    let named = |it: &clap::Arg| {
        let flag = it.get_long()?;
        let of_parameter =
            || Parameter::ALL.iter().find(|parameter| parameter.name() == flag).copied().and_then(variable);
        let is_of_sampling = it.get_help_heading() == Some("Sampling");
        let set = it.get_env().map(|it| it.to_string_lossy().into_owned());
        let variable = set.or_else(|| is_of_sampling.then(of_parameter).flatten())?;
        Some((variable, format!("As --{flag}.")))
    };
    command.get_arguments().filter(|it| !it.is_hide_set()).filter_map(named).collect()
}

/// The pieces of a page as one: one preamble, no empty lines, words in backticks in bold, lines that fit an editor.
fn tidy(page: &str) -> String {
    let preamble = Roff::new();
    let mut head = Vec::new();
    // Memory does not fail.
    let _ = preamble.to_writer(&mut head);
    let head = String::from_utf8_lossy(&head).into_owned();
    let body = page.replace(&head, "");
    let mut text = head;
    let mut before = "";
    for line in body.lines().map(str::trim_end).filter(|it| !it.is_empty()) {
        // A break after a break is none.
        if line == ".br" && before == ".br" {
            continue;
        }
        let written = if line.starts_with('.') { line.to_owned() } else { part(&mark(line), before == ".TP") };
        text.push_str(&written);
        text.push('\n');
        before = line;
    }
    text
}

/// Words in backticks become bold; characters that roff shows as others are named.
fn mark(line: &str) -> String {
    let mut text = String::new();
    let pieces: Vec<&str> = line.split('`').collect();
    for (at, piece) in pieces.iter().enumerate() {
        let is_open = at + 1 < pieces.len() && at % 2 == 0;
        text.push_str(piece);
        if at + 1 == pieces.len() {
            break;
        }
        // One without another is a character.
        let is_lone = is_open && at + 2 == pieces.len();
        text.push_str(match (is_lone, is_open) {
            (true, _) => "\\(ga",
            (false, true) => "\\fB",
            (false, false) => "\\fR",
        });
    }
    text.replace('~', "\\(ti").replace('^', "\\(ha")
}

/// A line of text in lines that fit, each sentence in its own, unless it is the head of an item, which is one line.
fn part(line: &str, is_head: bool) -> String {
    if is_head {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut width = 0;
    let mut ended = false;
    for word in line.split(' ') {
        if width > 0 {
            // A request begins with a full stop or an apostrophe.
            let can_begin = !word.is_empty() && !word.starts_with(['.', '\'']);
            if can_begin && (ended || width + 1 + word.len() > WIDTH) {
                text.push('\n');
                width = 0;
            } else {
                text.push(' ');
                width += 1;
            }
        }
        text.push_str(word);
        width += word.len();
        ended = word.len() > 1 && word.ends_with(['.', '?', '!']) && !word.ends_with("...");
    }
    text
}

#[cfg(test)]
mod tests;
