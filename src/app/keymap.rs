//! Which key does what: one table, from which the help and the footer are made.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::Focus;

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below says what each does")]
pub enum Action {
    Interrupt,
    QuitOrDelete,
    Help,
    NextFocus,
    PreviousFocus,
    Warmer,
    Colder,
    TopPUp,
    TopPDown,
    TogglePanel,
    Models,
    Continue,
    Chat,
    NewTranscript,
    Repaint,
    Suspend,
    PageUp,
    PageDown,
    Follow,
    Top,
    RowUp,
    RowDown,
    LeaveText,
    TokenLeft,
    TokenRight,
    TokenWordLeft,
    TokenWordRight,
    Inspect,
    Heat,
    Tree,
    Reroll,
    EditFromHere,
    TypeHere,
    PreviousSibling,
    NextSibling,
    Undo,
    Redo,
    Bookmark,
    NextBookmark,
    Send,
    NewLine,
    Up,
    Down,
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    Backspace,
    Delete,
    DeleteWord,
    DeleteWordRight,
    DeleteToStart,
    DeleteToEnd,
    Yank,
    KnobUp,
    KnobDown,
    Less,
    More,
    MuchLess,
    MuchMore,
    Neutral,
    Type,
    Palette,
    FindToken,
}

impl Action {
    /// Whether it moves the end of the text or goes between its branches.
    #[must_use]
    pub fn steers(self) -> bool {
        use Action::{
            Bookmark, EditFromHere, NextBookmark, NextSibling, PreviousSibling, Redo, Reroll, TypeHere, Undo,
        };
        matches!(
            self,
            Reroll | EditFromHere | TypeHere | PreviousSibling | NextSibling | Undo | Redo | Bookmark | NextBookmark
        )
    }
}

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Wherever the focus is.
    Anywhere,
    /// While this has the focus.
    In(Focus),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it counts.
    pub place: Place,
    /// The keys as people write them, `/` between alternatives.
    pub keys: &'static str,
    /// What they mean.
    pub action: Action,
    /// What the help says.
    pub help: &'static str,
}

const fn bind(place: Place, keys: &'static str, action: Action, help: &'static str) -> Binding {
    Binding { place, keys, action, help }
}

const ANYWHERE: Place = Place::Anywhere;
const INPUT: Place = Place::In(Focus::Input);
const TEXT: Place = Place::In(Focus::Text);
const PANEL: Place = Place::In(Focus::Panel);

/// All keys. The first line that fits counts, so a focus overrides what holds anywhere.
pub const BINDINGS: &[Binding] = &[
    bind(INPUT, "Enter", Action::Send, "send; with nothing written, continue the text"),
    bind(INPUT, "Ctrl-J / Alt-Enter", Action::NewLine, "new line"),
    bind(INPUT, "Up", Action::Up, "line up, older input"),
    bind(INPUT, "Down", Action::Down, "line down, newer input"),
    bind(INPUT, "Left / Ctrl-B", Action::Left, "left"),
    bind(INPUT, "Right / Ctrl-F", Action::Right, "right"),
    bind(INPUT, "Ctrl-Left / Alt-B", Action::WordLeft, "word left"),
    bind(INPUT, "Ctrl-Right / Alt-F", Action::WordRight, "word right"),
    bind(INPUT, "Home / Ctrl-A", Action::LineStart, "start of the line"),
    bind(INPUT, "End / Ctrl-E", Action::LineEnd, "end of the line; follow the text again"),
    bind(INPUT, "Backspace / Ctrl-H", Action::Backspace, "delete to the left"),
    bind(INPUT, "Delete", Action::Delete, "delete to the right"),
    bind(INPUT, "Ctrl-W / Alt-Backspace", Action::DeleteWord, "delete the word to the left"),
    bind(INPUT, "Alt-D", Action::DeleteWordRight, "delete the word to the right"),
    bind(INPUT, "Ctrl-U", Action::DeleteToStart, "delete to the start"),
    bind(INPUT, "Ctrl-K", Action::DeleteToEnd, "delete to the end"),
    bind(INPUT, "Ctrl-Y", Action::Yank, "put back what was deleted"),
    bind(TEXT, "Enter", Action::Inspect, "look at this token: what it could have been, and why it is this"),
    bind(TEXT, "Left / h", Action::TokenLeft, "one token left"),
    bind(TEXT, "Right / l", Action::TokenRight, "one token right"),
    bind(TEXT, "Ctrl-Left / b", Action::TokenWordLeft, "one word left"),
    bind(TEXT, "Ctrl-Right / w", Action::TokenWordRight, "one word right"),
    bind(TEXT, "Up / k", Action::RowUp, "one row up"),
    bind(TEXT, "Down / j", Action::RowDown, "one row down"),
    bind(TEXT, "r", Action::Reroll, "throw new dice from here on"),
    bind(TEXT, "t", Action::TypeHere, "write your own words here"),
    bind(TEXT, "e", Action::EditFromHere, "edit the text from here on"),
    bind(TEXT, "[", Action::PreviousSibling, "the branch before, at the last fork"),
    bind(TEXT, "]", Action::NextSibling, "the branch after"),
    bind(TEXT, "u", Action::Undo, "undo"),
    bind(TEXT, "U / Ctrl-Y", Action::Redo, "do again what was undone"),
    bind(TEXT, "m", Action::Bookmark, "mark this token, or no longer"),
    bind(TEXT, "'", Action::NextBookmark, "the next marked token, on whatever branch"),
    bind(TEXT, "Home / g", Action::Top, "the beginning"),
    bind(TEXT, "End / G", Action::Follow, "the end, and follow it"),
    bind(TEXT, "Esc", Action::LeaveText, "back to the input"),
    bind(PANEL, "Up / k", Action::KnobUp, "control above"),
    bind(PANEL, "Down / j", Action::KnobDown, "control below"),
    bind(PANEL, "Left / h", Action::Less, "less"),
    bind(PANEL, "Right / l", Action::More, "more"),
    bind(PANEL, "Shift-Left / H", Action::MuchLess, "ten steps less"),
    bind(PANEL, "Shift-Right / L", Action::MuchMore, "ten steps more"),
    bind(PANEL, "Backspace / Delete", Action::Neutral, "neutral: off"),
    bind(PANEL, "Enter", Action::Type, "type a value (a digit does too)"),
    bind(PANEL, "Esc", Action::LeaveText, "back to the input"),
    bind(TEXT, "/", Action::FindToken, "find a token among all that could come next"),
    bind(PANEL, "/", Action::FindToken, "find a token among all that could come next"),
    bind(TEXT, "?", Action::Help, "this help"),
    bind(PANEL, "?", Action::Help, "this help"),
    bind(ANYWHERE, "F1", Action::Help, "this help"),
    bind(ANYWHERE, "Alt-Up", Action::Warmer, "temperature up, also while text streams"),
    bind(ANYWHERE, "Alt-Down", Action::Colder, "temperature down"),
    bind(ANYWHERE, "Alt-Right", Action::TopPUp, "top-p up"),
    bind(ANYWHERE, "Alt-Left", Action::TopPDown, "top-p down"),
    bind(ANYWHERE, "Ctrl-C", Action::Interrupt, "stop and keep the text; clear the input; twice: quit"),
    bind(ANYWHERE, "Ctrl-D", Action::QuitOrDelete, "quit, when nothing is written"),
    bind(ANYWHERE, "Tab", Action::NextFocus, "next: input, text, sampling"),
    bind(ANYWHERE, "Shift-Tab", Action::PreviousFocus, "the one before"),
    bind(ANYWHERE, "F2", Action::TogglePanel, "show or hide sampling"),
    bind(ANYWHERE, "F3", Action::Models, "models: download, import, switch"),
    bind(ANYWHERE, "F4", Action::Heat, "colour the text: surprise, entropy, rank, cut, off"),
    bind(ANYWHERE, "Ctrl-P", Action::Palette, "palette: every command by name"),
    bind(ANYWHERE, "F5", Action::Continue, "continue the text"),
    bind(ANYWHERE, "F7", Action::Tree, "the branches of the text"),
    bind(ANYWHERE, "Alt-I", Action::Inspect, "look at the next token: what could come"),
    bind(ANYWHERE, "Alt-U", Action::Undo, "undo, whatever it was"),
    bind(ANYWHERE, "Alt-R", Action::Redo, "do again what was undone"),
    bind(ANYWHERE, "PgUp", Action::PageUp, "page up; the view then stays"),
    bind(ANYWHERE, "PgDn", Action::PageDown, "page down"),
    bind(ANYWHERE, "Ctrl-End", Action::Follow, "to the end, and follow it"),
    bind(ANYWHERE, "Ctrl-T", Action::Chat, "chat: a visible User:/Bot: template"),
    bind(ANYWHERE, "Ctrl-N", Action::NewTranscript, "new, empty transcript"),
    bind(ANYWHERE, "Ctrl-L", Action::Repaint, "draw the screen anew"),
    bind(ANYWHERE, "Ctrl-Z", Action::Suspend, "suspend, as in any shell program"),
];

/// What a key means while `focus` has the focus; nothing if it is to be written, or has no meaning.
#[must_use]
pub fn lookup(focus: Focus, key: &KeyEvent) -> Option<Action> {
    let counts = |it: &&Binding| match it.place {
        Place::Anywhere => true,
        Place::In(place) => place == focus,
    };
    let fits = |it: &Binding| it.keys.split(" / ").any(|name| names(name, key));
    BINDINGS.iter().filter(counts).find(|it| fits(it)).map(|it| it.action)
}

/// Whether `name` (`Ctrl-Left`, `k`, `F5`) is this key.
fn names(name: &str, key: &KeyEvent) -> bool {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = name;
    while let Some((modifier, after)) = rest.split_once('-').filter(|it| !it.1.is_empty()) {
        modifiers |= match modifier {
            "Ctrl" => KeyModifiers::CONTROL,
            "Alt" => KeyModifiers::ALT,
            _ => KeyModifiers::SHIFT,
        };
        rest = after;
    }
    let code = match rest {
        "Enter" => KeyCode::Enter,
        "Tab" if modifiers == KeyModifiers::SHIFT => KeyCode::BackTab,
        "Tab" => KeyCode::Tab,
        "Esc" => KeyCode::Esc,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        _ => {
            if let Some(n) = rest.strip_prefix('F').and_then(|it| it.parse().ok()) {
                KeyCode::F(n)
            } else {
                let letter = rest.chars().next().unwrap_or('\0');
                let lower = if modifiers.is_empty() { letter } else { letter.to_ascii_lowercase() };
                KeyCode::Char(lower)
            }
        }
    };
    let pressed = match key.code {
        // With Ctrl or Alt, terminals differ in whether the letter is a capital.
        KeyCode::Char(c) if !modifiers.is_empty() => KeyCode::Char(c.to_ascii_lowercase()),
        other => other,
    };
    // A shifted letter or Shift-Tab is its own key; whether the modifier is reported besides is up to the terminal.
    let shift_is_in_the_key = matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    let ignored = if shift_is_in_the_key { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    pressed == code && (key.modifiers - ignored) == (modifiers - ignored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn keys_mean_what_the_table_says() {
        use KeyModifiers as M;
        for (focus, code, modifiers, expected) in [
            (Focus::Input, KeyCode::Enter, M::NONE, Some(Action::Send)),
            (Focus::Input, KeyCode::Enter, M::ALT, Some(Action::NewLine)),
            (Focus::Input, KeyCode::Char('j'), M::CONTROL, Some(Action::NewLine)),
            (Focus::Input, KeyCode::Char('j'), M::NONE, None),
            (Focus::Input, KeyCode::Char('?'), M::NONE, None),
            (Focus::Text, KeyCode::Char('?'), M::SHIFT, Some(Action::Help)),
            (Focus::Text, KeyCode::Char('G'), M::SHIFT, Some(Action::Follow)),
            (Focus::Text, KeyCode::Char('g'), M::NONE, Some(Action::Top)),
            (Focus::Panel, KeyCode::Left, M::SHIFT, Some(Action::MuchLess)),
            (Focus::Panel, KeyCode::Left, M::NONE, Some(Action::Less)),
            (Focus::Panel, KeyCode::Left, M::ALT, Some(Action::TopPDown)),
            (Focus::Panel, KeyCode::Char('H'), M::SHIFT, Some(Action::MuchLess)),
            (Focus::Input, KeyCode::BackTab, M::SHIFT, Some(Action::PreviousFocus)),
            (Focus::Input, KeyCode::BackTab, M::NONE, Some(Action::PreviousFocus)),
            (Focus::Panel, KeyCode::Up, M::ALT, Some(Action::Warmer)),
            (Focus::Input, KeyCode::F(5), M::NONE, Some(Action::Continue)),
            (Focus::Panel, KeyCode::Char('p'), M::CONTROL, Some(Action::Palette)),
            (Focus::Input, KeyCode::Char('/'), M::NONE, None),
            (Focus::Text, KeyCode::Char('/'), M::NONE, Some(Action::FindToken)),
            (Focus::Input, KeyCode::Char('q'), M::CONTROL, None),
        ] {
            assert_eq!(lookup(focus, &key(code, modifiers)), expected, "{focus:?} {code:?} {modifiers:?}");
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            for name in binding.keys.split(" / ") {
                let taken =
                    |it: &&Binding| it.place == binding.place && it.keys.split(" / ").any(|other| other == name);
                assert_eq!(BINDINGS[..index].iter().find(taken).map(|it| it.action), None, "{name}");
            }
        }
    }
}
