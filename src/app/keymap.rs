//! Which key does what: one table, from which the help and the footer are made.

mod key;
mod table;

use crossterm::event::KeyEvent;

pub use key::{Chord, Key};
pub use table::{Entry, Keymap, Meaning};

use super::focus::Focus;

/// Makes the enum, the list of all actions, and their names from one list.
macro_rules! actions {
    ($($action:ident,)*) => {
        /// What a key means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the table below says what each does")]
        pub enum Action {
            $($action,)*
        }

        impl Action {
            /// Every action once, in the order of the list above.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// The name, as the configuration spells it: `top-p-up`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$action => {
                        const NAME: [u8; kebab_length(stringify!($action))] = kebab(stringify!($action));
                        std::str::from_utf8(&NAME).unwrap_or_default()
                    })*
                }
            }
        }
    };
}

const fn kebab_length(name: &str) -> usize {
    let (name, mut at, mut capitals) = (name.as_bytes(), 0, 0);
    while at < name.len() {
        capitals += name[at].is_ascii_uppercase() as usize;
        at += 1;
    }
    // The first of the capitals has nothing before it that it must be kept from.
    name.len() + capitals - 1
}

const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut out, mut at, mut to) = (name.as_bytes(), [b'-'; N], 0, 0);
    while at < name.len() {
        if at > 0 && name[at].is_ascii_uppercase() {
            to += 1;
        }
        out[to] = name[at].to_ascii_lowercase();
        (at, to) = (at + 1, to + 1);
    }
    out
}

actions! {
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
    Score,
    Tree,
    Compare,
    Futures,
    Reroll,
    EditFromHere,
    TypeHere,
    PreviousSibling,
    NextSibling,
    Undo,
    Redo,
    Bookmark,
    NextBookmark,
    Select,
    Copy,
    EditInEditor,
    Send,
    Add,
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
    UndoEdit,
    SearchHistory,
    KnobUp,
    KnobDown,
    Less,
    More,
    MuchLess,
    MuchMore,
    Neutral,
    Type,
    SwitchStep,
    StepEarlier,
    StepLater,
    Palette,
    FindToken,
    ThrowDice,
    NextStep,
    PreviousStep,
    LeaveTour,
    Library,
    FindText,
    Rename,
    Tag,
    NameBookmark,
    Export,
    Print,
}

impl Action {
    /// Whether it moves the end of the text or goes between its branches.
    #[must_use]
    pub fn steers(self) -> bool {
        use Action::{
            Bookmark, EditFromHere, EditInEditor, NextBookmark, NextSibling, PreviousSibling, Redo, Reroll, TypeHere,
            Undo,
        };
        matches!(
            self,
            Reroll
                | EditFromHere
                | EditInEditor
                | TypeHere
                | PreviousSibling
                | NextSibling
                | Undo
                | Redo
                | Bookmark
                | NextBookmark
        )
    }
}

impl Action {
    /// Whether it is one of a tour's.
    #[must_use]
    pub fn is_of_tour(self) -> bool {
        matches!(self, Self::NextStep | Self::PreviousStep | Self::LeaveTour)
    }

    /// Whether it is one of the sampling panel's.
    #[must_use]
    pub fn is_of_panel(self) -> bool {
        use Action::{
            KnobDown, KnobUp, Less, More, MuchLess, MuchMore, Neutral, StepEarlier, StepLater, SwitchStep, Type,
        };
        matches!(
            self,
            KnobUp
                | KnobDown
                | Less
                | More
                | MuchLess
                | MuchMore
                | Neutral
                | Type
                | SwitchStep
                | StepEarlier
                | StepLater
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
    bind(INPUT, "Alt-A", Action::Add, "add what is written to the text, and draw nothing"),
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
    bind(INPUT, "Ctrl-_ / Ctrl-X Ctrl-U", Action::UndoEdit, "take the last change of the input back"),
    bind(INPUT, "Ctrl-R", Action::SearchHistory, "search what was sent before, backwards"),
    bind(INPUT, "Ctrl-X Ctrl-E", Action::EditInEditor, "write on in your own editor"),
    bind(TEXT, "Enter", Action::Inspect, "look at this token: what it could have been, and why it is this"),
    bind(TEXT, "Left / h", Action::TokenLeft, "one token left"),
    bind(TEXT, "Right / l", Action::TokenRight, "one token right"),
    bind(TEXT, "Ctrl-Left / b", Action::TokenWordLeft, "one word left"),
    bind(TEXT, "Ctrl-Right / w", Action::TokenWordRight, "one word right"),
    bind(TEXT, "Up / k", Action::RowUp, "one row up"),
    bind(TEXT, "Down / j", Action::RowDown, "one row down"),
    bind(TEXT, "d", Action::ThrowDice, "throw 100 dice in this token's place, and count what comes; again: 10,000"),
    bind(TEXT, "r", Action::Reroll, "throw new dice from here on"),
    bind(TEXT, "t", Action::TypeHere, "write your own words here; Esc leaves it"),
    bind(TEXT, "e", Action::EditFromHere, "edit the text from here on; Esc leaves it"),
    bind(TEXT, "E", Action::EditInEditor, "edit the text from here on in your own editor"),
    bind(TEXT, "v", Action::Select, "select from here on, or no longer"),
    bind(TEXT, "y", Action::Copy, "copy what is selected, or else the whole text"),
    bind(TEXT, "[", Action::PreviousSibling, "the branch before, at the last fork"),
    bind(TEXT, "]", Action::NextSibling, "the branch after"),
    bind(TEXT, "u", Action::Undo, "undo"),
    bind(TEXT, "U / Ctrl-Y", Action::Redo, "do again what was undone"),
    bind(TEXT, "s", Action::Score, "score the text: bits, perplexity, ranks, the most surprising tokens"),
    bind(TEXT, "m", Action::Bookmark, "mark this token, or no longer"),
    bind(TEXT, "M", Action::NameBookmark, "mark this token with a name"),
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
    bind(PANEL, "o", Action::SwitchStep, "switch the step off or on, its value stays"),
    bind(PANEL, "<", Action::StepEarlier, "earlier in the chain"),
    bind(PANEL, ">", Action::StepLater, "later in the chain"),
    bind(PANEL, "Esc", Action::LeaveText, "back to the input"),
    bind(TEXT, "/", Action::FindText, "find words in the text, on all branches"),
    bind(TEXT, "F", Action::FindToken, "find a token among all that could come next"),
    bind(PANEL, "/ / F", Action::FindToken, "find a token among all that could come next"),
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
    bind(ANYWHERE, "F4", Action::Heat, "colour the text: surprise, entropy, varentropy, rank, cut, off"),
    bind(ANYWHERE, "Ctrl-P", Action::Palette, "palette: every command by name"),
    bind(ANYWHERE, "F5", Action::Continue, "continue the text"),
    bind(ANYWHERE, "F6", Action::Compare, "compare: the same dice under other settings, side by side"),
    bind(ANYWHERE, "F8", Action::Futures, "futures: eight ways to go on, to choose from"),
    bind(ANYWHERE, "F7", Action::Tree, "the branches of the text"),
    bind(ANYWHERE, "Alt-I", Action::Inspect, "look at the next token: what could come"),
    bind(ANYWHERE, "Alt-U", Action::Undo, "undo, whatever it was"),
    bind(ANYWHERE, "Alt-R", Action::Redo, "do again what was undone"),
    bind(ANYWHERE, "PgUp", Action::PageUp, "page up; the view then stays"),
    bind(ANYWHERE, "PgDn", Action::PageDown, "page down"),
    bind(ANYWHERE, "Ctrl-End", Action::Follow, "to the end, and follow it"),
    bind(ANYWHERE, "Ctrl-T", Action::Chat, "chat: a visible User:/Bot: template"),
    bind(ANYWHERE, "Ctrl-N", Action::NewTranscript, "new, empty transcript"),
    bind(ANYWHERE, "Ctrl-O", Action::Library, "library: every text, to open, find, name, file, remove, export"),
    bind(ANYWHERE, "Ctrl-X r", Action::Rename, "give the text a title"),
    bind(ANYWHERE, "Ctrl-X t", Action::Tag, "file the text under words"),
    bind(ANYWHERE, "Ctrl-X w", Action::Export, "export: write the text as Markdown, with what was done to draw it"),
    bind(ANYWHERE, "Ctrl-X p", Action::Print, "print: write the text as a page for browsers, which print it"),
    bind(ANYWHERE, "F9", Action::NextStep, "tour: the next step, or begin one: temperature, top-p, surprise, loops"),
    bind(ANYWHERE, "Shift-F9", Action::PreviousStep, "tour: the step before"),
    bind(ANYWHERE, "F10", Action::LeaveTour, "tour: leave it"),
    bind(ANYWHERE, "Ctrl-L", Action::Repaint, "draw the screen anew"),
    bind(ANYWHERE, "Ctrl-Z", Action::Suspend, "suspend, as in any shell program"),
];

/// Names that actions had before, and have now: a configuration that was written then still counts.
pub const FORMER_NAMES: [(&str, &str); 1] = [("fan", "futures")];

impl Action {
    /// The action of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = FORMER_NAMES.iter().find(|it| it.0 == name).map_or(name, |it| it.1);
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

/// What a key means by itself while `focus` has the focus; nothing if it is to be written, or has no meaning.
#[must_use]
pub fn lookup(keymap: &Keymap, focus: Focus, key: &KeyEvent) -> Option<Action> {
    match keymap.meaning(focus, None, key) {
        Meaning::Action(action) => Some(action),
        Meaning::Prefix(_) | Meaning::Nothing => None,
    }
}

#[cfg(test)]
mod tests;
