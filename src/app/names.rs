//! What each action is called where it is asked for by name.

use super::keymap::Action;

impl Action {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            Self::QuitOrDelete => "quit-or-delete",
            Self::Help => "help",
            Self::NextFocus => "next-focus",
            Self::PreviousFocus => "previous-focus",
            Self::Warmer => "warmer",
            Self::Colder => "colder",
            Self::TopPUp => "top-p-up",
            Self::TopPDown => "top-p-down",
            Self::TogglePanel => "toggle-panel",
            Self::Models => "models",
            Self::Continue => "continue",
            Self::Chat => "chat",
            Self::NewTranscript => "new-transcript",
            Self::Repaint => "repaint",
            Self::Suspend => "suspend",
            Self::PageUp => "page-up",
            Self::PageDown => "page-down",
            Self::Follow => "follow",
            Self::Top => "top",
            Self::RowUp => "row-up",
            Self::RowDown => "row-down",
            Self::LeaveText => "leave-text",
            Self::Send => "send",
            Self::NewLine => "new-line",
            Self::Up => "up",
            Self::Down => "down",
            Self::Left => "left",
            Self::Right => "right",
            Self::WordLeft => "word-left",
            Self::WordRight => "word-right",
            Self::LineStart => "line-start",
            Self::LineEnd => "line-end",
            Self::Backspace => "backspace",
            Self::Delete => "delete",
            Self::DeleteWord => "delete-word",
            Self::DeleteWordRight => "delete-word-right",
            Self::DeleteToStart => "delete-to-start",
            Self::DeleteToEnd => "delete-to-end",
            Self::Yank => "yank",
            Self::KnobUp => "knob-up",
            Self::KnobDown => "knob-down",
            Self::Less => "less",
            Self::More => "more",
            Self::MuchLess => "much-less",
            Self::MuchMore => "much-more",
            Self::Neutral => "neutral",
            Self::Type => "type",
            Self::Palette => "palette",
            Self::FindToken => "find-token",
        }
    }
}
