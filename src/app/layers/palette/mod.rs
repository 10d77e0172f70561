//! The palette: every command by name, found by typing some of its letters.

mod draw;
pub(in crate::app) mod words;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::input::Input;
use crate::app::intent::Intent;
use crate::app::keymap::{Action, BINDINGS, Binding, Keymap, Place};
use crate::app::knobs::{self, KNOBS, Knob};
use crate::app::layers::answer::Answer;
use crate::app::layers::room::Room;
use crate::app::messages::topics::Topic;
use crate::app::screen::theme::Theme;
use crate::app::verbs::panel;
use crate::sample::Settings;
use words::{Meant, other_names};

/// The state of the palette.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// Which of the entries that fit it is chosen.
    pub chosen: usize,
    /// Why what was chosen could not be done.
    pub problem: Option<String>,
}

/// One line of the palette.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An action, with the line of the table of keys that says the most about it.
    Act(&'static Binding),
    /// A control, and the value typed for it.
    Set(Knob, String),
    /// Something that is told.
    Tell(Topic),
}

impl Entry {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Act(binding) => binding.action.name().to_owned(),
            Self::Set(knob, value) => {
                format!("set {} {}", knob.name(), if value.is_empty() { "..." } else { value })
            }
            Self::Tell(topic) => topic.name().to_owned(),
        }
    }

    /// What it does.
    #[must_use]
    pub fn help(&self, settings: &Settings) -> String {
        match self {
            Self::Act(binding) => binding.help.to_owned(),
            Self::Set(knob, _) => format!("now {}: {}", knob.show(settings), knob.explain(settings)),
            Self::Tell(topic) => topic.help().to_owned(),
        }
    }

    /// The best of its keys in force; empty without one.
    #[must_use]
    pub fn key(&self, keymap: &Keymap) -> String {
        match self {
            Self::Act(binding) => keymap.best(binding.action).map_or_else(String::new, |it| it.to_string()),
            Self::Set(..) | Self::Tell(_) => String::new(),
        }
    }

    /// What choosing it means; `None` where a value must be typed first.
    #[must_use]
    pub fn intent(&self) -> Option<Intent> {
        match self {
            Self::Act(binding) => Some(Intent::Act(binding.action)),
            Self::Set(_, value) if value.is_empty() => None,
            Self::Set(knob, value) => Some(Intent::Set(*knob, value.clone())),
            Self::Tell(topic) => Some(Intent::Tell(*topic)),
        }
    }

    /// The other name that begins with what is typed, where its own name has nothing of it.
    #[must_use]
    pub fn other_name(&self, query: &str) -> Option<&'static str> {
        let query = query.trim().to_lowercase();
        let of = match self {
            Self::Act(binding) => Meant::Act(binding.action),
            Self::Set(knob, _) => Meant::Set(knob.parameter()?),
            Self::Tell(topic) => Meant::Tell(*topic),
        };
        let begins = |it: &&&str| it.starts_with(&query);
        other_names(of).iter().find(begins).copied().filter(|_| !query.is_empty())
    }
}

impl Palette {
    /// Does what the chosen entry says, or asks for the value it needs.
    fn choose(&mut self, cx: &mut Context) -> Answer {
        let Some(entry) = self.entries().into_iter().nth(self.chosen) else { return Answer::Stay };
        match (entry.intent(), entry) {
            (Some(Intent::Set(knob, value)), _) => match panel::set(cx, knob, &value) {
                Ok(said) => {
                    cx.outbox.say(said);
                    Answer::Close
                }
                Err(why) => {
                    self.problem = Some(why);
                    Answer::Stay
                }
            },
            (Some(asked), _) => Answer::Do(asked),
            (None, Entry::Set(knob, _)) => {
                self.input.set(&format!("set {} ", knob.name()));
                self.chosen = 0;
                Answer::Stay
            }
            (None, Entry::Act(_) | Entry::Tell(_)) => Answer::Stay,
        }
    }

    /// The entries that fit what is typed, best first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let (query, value) = split(self.input.text());
        let query = query.trim_end();
        let mut scored: Vec<(Score, Entry)> = all(value)
            .filter(|it| value.is_none() || matches!(it, Entry::Set(..)))
            .filter_map(|it| Some((fits(query, &it)?, it)))
            .collect();
        // Stable: what fits equally well stays in the order of the table.
        scored.sort_by_key(|it| it.0);
        scored.into_iter().map(|it| it.1).collect()
    }
}

impl Room for Palette {
    fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let page = draw::list_rows(cx.window.size).max(1);
        self.problem = None;
        let last = self.entries().len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Answer::Close,
            _ if action == Some(Action::Palette) => return Answer::Close,
            KeyCode::Up => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Down => self.chosen = (self.chosen + 1).min(last),
            KeyCode::PageUp => self.chosen = self.chosen.saturating_sub(page),
            KeyCode::PageDown => self.chosen = (self.chosen + page).min(last),
            KeyCode::Enter => return self.choose(cx),
            _ => {
                edit_line(&cx.keymap, &mut self.input, key);
                self.chosen = 0;
            }
        }
        Answer::Stay
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        draw::draw(cx, self, theme, frame);
    }

    fn paste(&mut self, _: &mut Context, text: &str) {
        self.input.insert(text.lines().next().unwrap_or_default());
        (self.chosen, self.problem) = (0, None);
    }

    fn is_written_in(&self) -> bool {
        true
    }
}

/// What is typed, as a name and the value that a control is to have.
fn split(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("set ") {
        let (name, value) = knobs::split(rest);
        return (name, Some(value));
    }
    let (name, value) = knobs::split(text);
    // The beginning of a control's name, unless an action's begins so, too.
    let is_control = Knob::named(name).is_some() || begins_a_control(name);
    if is_control && name.len() < text.len() { (name, Some(value)) } else { (text.trim_end(), None) }
}

fn begins_a_control(name: &str) -> bool {
    let is_action = Action::ALL.iter().any(|it| it.name().starts_with(name));
    !name.is_empty() && !is_action && KNOBS.iter().any(|it| it.name().starts_with(name))
}

/// Every action once, those that count anywhere first, then every control, then what is told.
fn all(value: Option<&str>) -> impl Iterator<Item = Entry> {
    let value = value.unwrap_or_default().to_owned();
    let controls = KNOBS.iter().copied().map(move |knob| Entry::Set(knob, value.clone()));
    actions().map(Entry::Act).chain(controls).chain(Topic::ALL.map(Entry::Tell))
}

/// Every action once with the line of the table that names it, those that count anywhere first.
pub(in crate::app) fn actions() -> impl Iterator<Item = &'static Binding> {
    let anywhere = |it: &&Binding| it.place == Place::Anywhere;
    let elsewhere = move |it: &&Binding| !anywhere(it);
    let mut seen = Vec::new();
    BINDINGS.iter().filter(anywhere).chain(BINDINGS.iter().filter(elsewhere)).filter(move |it| {
        let is_new = !seen.contains(&it.action);
        seen.push(it.action);
        // The palette is open already when it is read.
        is_new && it.action != Action::Palette
    })
}

/// How badly a query fits an entry: its name may have gaps, another name must begin with it, and what it does must be met
/// word for word.
fn fits(query: &str, entry: &Entry) -> Option<Score> {
    let name = match entry {
        Entry::Act(binding) => binding.action.name().to_owned(),
        Entry::Set(knob, _) => format!("set {}", knob.name()),
        Entry::Tell(topic) => topic.name().to_owned(),
    };
    let help = match entry {
        Entry::Act(binding) => binding.help,
        Entry::Set(..) => "",
        Entry::Tell(topic) => topic.help(),
    };
    // A former name, or that of another program.
    let is_named = matches!(entry, Entry::Set(knob, _) if Knob::named(query) == Some(*knob));
    let other = entry.other_name(query).map(|it| (0, usize::from(!it.eq_ignore_ascii_case(query.trim())), 0));
    let by_name = [score(query, &name), is_named.then_some((0, 0, 0)), other].into_iter().flatten().min();
    by_name.or_else(|| {
        let at = help.to_lowercase().find(&query.to_lowercase())?;
        Some((usize::MAX, at, 0))
    })
}

/// How badly a query fits: smaller is better.
pub(in crate::app) type Score = (usize, usize, usize);

/// How badly the letters of `query`, in this order, are found in `text`; `None` if they are not.
///
/// A text that begins with the query fits best, then one that contains it, then the one with the fewest gaps; among
/// those the one where it begins earlier.
pub(in crate::app) fn score(query: &str, text: &str) -> Option<Score> {
    let lower = |it: &str| it.to_lowercase();
    let (query, text) = (lower(query), lower(text));
    if let Some(at) = text.find(&query) {
        let starts_word = at == 0 || text[..at].ends_with(|c: char| !c.is_alphanumeric());
        return Some((usize::from(!starts_word), at, 0));
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut at, mut first, mut gaps) = (0, None, 0);
    for wanted in query.chars().filter(|it| !it.is_whitespace()) {
        let skipped = letters[at..].iter().position(|&it| it == wanted)?;
        gaps += usize::from(skipped > 0 && first.is_some());
        at += skipped + 1;
        first.get_or_insert(at);
    }
    Some((2 + gaps, first.unwrap_or(0), at))
}

#[cfg(test)]
mod tests;
