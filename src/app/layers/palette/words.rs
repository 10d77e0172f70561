//! What people type for a command: other names, beside it.

use crate::app::keymap::Action;
use crate::app::messages::topics::Topic;
use crate::sample::Parameter;

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Meant {
    /// An action.
    Act(Action),
    /// A control.
    Set(Parameter),
    /// Something that is told.
    Tell(Topic),
}

use Meant::{Act, Set, Tell};

/// Commands with other names for them. A name of a command itself is none of these.
pub(super) const WORDS: &[(Meant, &[&str])] = &[
    (Act(Action::QuitOrDelete), &["exit", "leave", "bye", "close", "logout"]),
    (Act(Action::Interrupt), &["cancel", "abort", "halt", "pause"]),
    (Act(Action::Help), &["keys", "shortcuts", "manual", "hotkeys", "bindings"]),
    (
        Act(Action::Models),
        &["load", "download", "import", "install", "model", "gpt2", "checkpoint", "device", "gpu", "cpu"],
    ),
    (Act(Action::Continue), &["go", "generate", "run", "more", "complete"]),
    (Act(Action::Chat), &["talk", "conversation", "dialogue", "assistant"]),
    (Act(Action::NewTranscript), &["clear", "reset", "erase", "blank", "start over"]),
    (Act(Action::Reroll), &["retry", "again", "regenerate", "dice", "roll", "random"]),
    (Act(Action::Compare), &["columns", "side by side", "split", "a/b", "ab", "diff", "versus"]),
    (Act(Action::Futures), &["alternatives", "exact", "options", "fan", "eight", "choices", "variants"]),
    (Act(Action::Tree), &["branches", "versions", "forks"]),
    (Act(Action::Inspect), &["look", "why", "probability", "probabilities", "logits", "token", "explain"]),
    (Act(Action::ThrowDice), &["multinomial", "counts", "hundred", "histogram"]),
    (Act(Action::FindToken), &["vocabulary", "word"]),
    (Act(Action::SearchHistory), &["history"]),
    (Act(Action::Heat), &["colour", "varentropy", "color", "highlight", "surprise", "entropy"]),
    (Act(Action::Score), &["perplexity", "luck", "backwards", "likelihood", "statistics", "stats", "count", "rank"]),
    (Act(Action::Bookmark), &["mark"]),
    (Act(Action::Copy), &["clipboard"]),
    (Act(Action::EditInEditor), &["vim", "nano", "emacs", "editor"]),
    (Act(Action::EditFromHere), &["change", "rewrite", "correct"]),
    (Act(Action::TypeHere), &["insert", "cut", "delete text"]),
    (Act(Action::Add), &["append", "write"]),
    (Act(Action::TogglePanel), &["sidebar", "hide"]),
    (Act(Action::Warmer), &["hotter", "creative"]),
    (Act(Action::Colder), &["cooler", "boring"]),
    (Act(Action::NextStep), &["tour", "teach", "lesson", "tutorial", "learn"]),
    (Act(Action::Repaint), &["redraw", "refresh"]),
    (Act(Action::Follow), &["bottom", "end"]),
    (Act(Action::Top), &["beginning", "home"]),
    (Set(Parameter::MaxTokens), &["length", "limit", "tokens", "long"]),
    (Set(Parameter::WhenFull), &["slide", "context", "full", "window"]),
    (Set(Parameter::RepeatPenalty), &["repetition", "loops", "repeat"]),
    (Set(Parameter::Ban), &["forbid", "block"]),
    (Tell(Topic::Save), &["store", "autosave", "saved", "write file", "where"]),
    (Act(Action::Library), &["open", "resume", "transcripts", "sessions", "file", "list", "delete", "trash"]),
    (Act(Action::FindText), &["find", "search", "grep"]),
    (Act(Action::Rename), &["title", "name"]),
    (Act(Action::Tag), &["label", "category", "folder"]),
    (Act(Action::Export), &["markdown", "txt", "json", "save as"]),
    (Act(Action::Print), &["export", "paper", "output", "html", "page", "browser", "share"]),
    (Tell(Topic::Speed), &["fast", "slow", "performance", "tok/s", "benchmark"]),
    (Tell(Topic::Settings), &["sampling", "parameters", "preferences", "config", "configuration", "sliders"]),
    (Tell(Topic::Theme), &["dark", "light", "colours", "colors", "appearance"]),
    (Tell(Topic::Version), &["about", "info", "megachat"]),
];

/// The other names of a command.
pub(super) fn other_names(of: Meant) -> &'static [&'static str] {
    WORDS.iter().find(|it| it.0 == of).map_or(&[], |it| it.1)
}

/// What a word stands for that is another name.
pub(in crate::app) fn meant(word: &str) -> Option<Meant> {
    WORDS.iter().find(|it| it.1.contains(&word)).map(|it| it.0)
}
