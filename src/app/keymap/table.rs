//! The table in force: the keys of [`BINDINGS`], and in their place those of the configuration.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crossterm::event::KeyEvent;

use super::key::{ALLOWED, Chord, Key};
use super::{Action, BINDINGS, Place};
use crate::app::focus::Focus;

/// One line of the table in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it counts.
    pub place: Place,
    /// The keys, the best one first; none if it is not bound.
    pub keys: Vec<Chord>,
    /// What they mean.
    pub action: Action,
    /// What the help says.
    pub help: &'static str,
    /// Whether the configuration says so.
    pub is_chosen: bool,
}

impl Place {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::In(Focus::Input) => "input",
            Self::In(Focus::Text) => "text",
            Self::In(Focus::Panel) => "panel",
        }
    }
}

impl Entry {
    /// The keys as people write them, `/` between alternatives.
    #[must_use]
    pub fn names(&self) -> String {
        self.keys.iter().map(Chord::to_string).collect::<Vec<_>>().join(" / ")
    }

    /// Whether it counts while `focus` has the focus.
    #[must_use]
    pub fn counts(&self, focus: Focus) -> bool {
        match self.place {
            Place::Anywhere => true,
            Place::In(place) => place == focus,
        }
    }
}

/// Which key does what.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    entries: Vec<Entry>,
    /// Whether there are no keys, and actions are called by their commands.
    is_written: bool,
}

/// What a key means after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// The first key of two.
    Prefix(Key),
    /// It is to be written, or means nothing.
    Nothing,
}

impl Default for Keymap {
    fn default() -> Self {
        let entry = |it: &super::Binding| Entry {
            place: it.place,
            keys: it.keys.split(" / ").filter_map(|it| it.parse().ok()).collect(),
            action: it.action,
            help: it.help,
            is_chosen: false,
        };
        Self { entries: BINDINGS.iter().map(entry).collect(), is_written: false }
    }
}

impl Keymap {
    /// No keys at all: actions are called by what is written for them, `/undo`.
    #[must_use]
    pub fn written() -> Self {
        let mut keymap = Self { is_written: true, ..Self::default() };
        for entry in &mut keymap.entries {
            entry.keys.clear();
        }
        keymap
    }

    /// Whether actions are called by what is written for them.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.is_written
    }

    /// With the keys of the configuration, by the name of the action; and sentences on what cannot be meant there.
    #[must_use]
    pub fn with(chosen: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        let mut given: Vec<(Action, Chord)> = Vec::new();
        for (name, keys) in chosen {
            let Some(action) = Action::from_name(name) else {
                problems.push(unknown_action(name));
                continue;
            };
            let mut chords = Vec::new();
            for key in keys {
                match keymap.allowed(action, key) {
                    Err(why) => problems.push(format!("[keys] {name}: {why}")),
                    Ok(chord) => match given.iter().find(|it| it.1 == chord && keymap.meet(it.0, action)) {
                        Some((other, _)) => {
                            problems.push(format!("[keys] {name}: `{chord}` is given to {} already", other.name()));
                        }
                        None => chords.push(chord),
                    },
                }
            }
            // A line of which nothing can be meant changes nothing.
            if chords.is_empty() && !keys.is_empty() {
                continue;
            }
            given.extend(chords.iter().map(|&it| (action, it)));
            keymap.rebind(action, &chords);
        }
        if [Action::Interrupt, Action::QuitOrDelete].iter().all(|it| keymap.keys(*it).next().is_none()) {
            let default = Self::default();
            let keys: Vec<Chord> = default.keys(Action::Interrupt).collect();
            keymap.rebind(Action::Interrupt, &keys);
            problems.push("[keys] something must end the program: interrupt keeps its key".to_owned());
        }
        (keymap, problems)
    }

    /// The lines, in the order in which they count.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a key means while `focus` has the focus, after `prefix` if that was pressed.
    ///
    /// The first line that fits counts, so a focus overrides what holds anywhere. In the input a key that writes a
    /// character writes it, whatever the table says.
    #[must_use]
    pub fn meaning(&self, focus: Focus, prefix: Option<Key>, key: &KeyEvent) -> Meaning {
        let key = Key::from(key);
        if focus == Focus::Input && prefix.is_none() && key.writes() {
            return Meaning::Nothing;
        }
        let counting = || self.entries.iter().filter(|it| it.counts(focus));
        let wanted = Chord { prefix, key };
        if let Some(entry) = counting().find(|it| it.keys.contains(&wanted)) {
            return Meaning::Action(entry.action);
        }
        let begins = |it: &&Chord| it.prefix == Some(key);
        match (prefix, counting().flat_map(|it| &it.keys).any(|it| begins(&it))) {
            // What does not go on with the first key counts as if it came alone.
            (Some(_), _) => self.meaning(focus, None, &KeyEvent::new(key.code(), key.modifiers())),
            (None, true) => Meaning::Prefix(key),
            (None, false) => Meaning::Nothing,
        }
    }

    /// The best key of an action while `focus` has the focus, as short as can be; `None` if it is not bound there.
    #[must_use]
    pub fn short(&self, focus: Focus, action: Action) -> Option<String> {
        let mut entries = self.entries.iter().filter(|it| it.action == action && it.counts(focus));
        entries.find_map(|it| it.keys.first()).map(|it| it.short())
    }

    /// The best key of an action; `None` if it is not bound.
    #[must_use]
    pub fn best(&self, action: Action) -> Option<Chord> {
        // What holds anywhere is the better answer.
        let anywhere = self.entries.iter().filter(|it| it.action == action && it.place == Place::Anywhere);
        anywhere.flat_map(|it| &it.keys).copied().next().or_else(|| self.keys(action).next())
    }

    /// The best key of an action, as people write it, or the action's name if it is not bound.
    #[must_use]
    pub fn name_of(&self, action: Action) -> String {
        match (self.is_written, action) {
            // The terminal makes a signal of it, so it works without being read.
            (true, Action::Interrupt) => return "Ctrl-C".to_owned(),
            (true, _) => return format!("/{}", action.name()),
            (false, _) => {}
        }
        self.best(action).map_or_else(|| action.name().to_owned(), |it| it.to_string())
    }

    fn keys(&self, action: Action) -> impl Iterator<Item = Chord> {
        self.entries.iter().filter(move |it| it.action == action).flat_map(|it| it.keys.iter().copied())
    }

    fn places(&self, action: Action) -> impl Iterator<Item = Place> {
        self.entries.iter().filter(move |it| it.action == action).map(|it| it.place)
    }

    /// Whether there is a place where both actions count.
    fn meet(&self, one: Action, other: Action) -> bool {
        let overlap = |a: Place, b: Place| a == b || a == Place::Anywhere || b == Place::Anywhere;
        self.places(one).any(|a| self.places(other).any(|b| overlap(a, b)))
    }

    fn allowed(&self, action: Action, key: &str) -> Result<Chord, String> {
        let chord: Chord = key.parse().map_err(|()| format!("there is no key `{key}`; a key is {ALLOWED}"))?;
        for (unseen, same) in [("Ctrl-I", "Tab"), ("Ctrl-M", "Enter"), ("Ctrl-[", "Esc")] {
            if [chord.prefix, Some(chord.key)].contains(&unseen.parse().ok()) {
                return Err(format!("terminals send {same} for `{unseen}`; name that instead"));
            }
        }
        if chord.writes() && self.places(action).all(|it| it == Place::In(Focus::Input)) {
            return Err(format!("`{chord}` is a character of the input; add Ctrl- or Alt-"));
        }
        Ok(chord)
    }

    /// Gives an action these keys and no others, wherever it counts, and takes them from what had them there.
    fn rebind(&mut self, action: Action, keys: &[Chord]) {
        let places: Vec<Place> = self.places(action).collect();
        for entry in &mut self.entries {
            if entry.action == action {
                (entry.keys, entry.is_chosen) = (keys.to_vec(), true);
            } else if !entry.is_chosen && places.iter().any(|&it| it == Place::Anywhere || it == entry.place) {
                entry.keys.retain(|it| !keys.contains(it));
            }
        }
    }
}

fn unknown_action(name: &str) -> String {
    let mut text = format!("[keys] there is no action `{name}`");
    let words: Vec<&str> = name.split('-').filter(|it| !it.is_empty()).collect();
    let alike = |it: &&str| it.split('-').any(|it| words.contains(&it));
    let near: Vec<&str> = Action::ALL.iter().map(|it| it.name()).filter(alike).collect();
    if !near.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "; there are {}", near.join(", "));
    }
    text.push_str("; `megachat config show` lists all");
    text
}

#[cfg(test)]
mod tests;
