//! Every sentence the user can read that is made from something that happened. The program's tone of voice lives here.

pub mod columns;
pub mod dice;
pub(super) mod measures;
pub(super) mod spoken;
pub mod state;
pub mod topics;
pub(super) mod tour;
pub mod words;

use super::keymap::{Action, Keymap};
use super::knobs::KNOBS;
use crate::engine::protocol::{Failure, StopReason};
use crate::install::protocol as install;
use crate::sample::{Parameter, Settings};

pub use crate::format::{bytes, span};
pub use crate::install::stages::{DOWNLOAD_345M, NEEDED_345M, progress, stage, stage_in_short};

/// What Megatron GPT-2 345M is, in two lines.
pub const WHAT_IT_IS: [&str; 2] = [
    "Megatron GPT-2 345M is a base language model by NVIDIA: it continues whatever text",
    "you give it. It is no assistant: it answers nothing, obeys nothing, knows no chat.",
];

/// Why a continuation ended.
#[must_use]
pub fn stopped(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens => "max-tokens reached",
        StopReason::EndOfText => "end of text",
        StopReason::StopString(_) => "stop string",
        StopReason::ContextFull => "context full",
        StopReason::Cancelled => "stopped",
        StopReason::ScoresReady => "ready",
    }
}

/// What the engine could not do, and what to try; `is_back` says whether something that was sent is back where it was written.
#[must_use]
pub fn engine_failure(failure: &Failure, keymap: &Keymap, is_back: bool) -> String {
    let models = keymap.name_of(Action::Models);
    let back = if keymap.is_written() || !is_back { "" } else { " What you wrote is back in the input line." };
    let hint = match failure {
        Failure::Unreadable { .. } | Failure::BadModel { .. } | Failure::Damaged { .. } => {
            format!("{models} shows the models; one that is damaged can be removed and installed again.")
        }
        Failure::NoDevice { .. } => "Start with --device cpu to run on the CPU.".to_owned(),
        Failure::CannotRun { .. } => "--device cpu runs on the CPU, --dtype names another precision.".to_owned(),
        Failure::OutOfMemory(_) => "The text is kept; a shorter one, or fewer columns, take less.".to_owned(),
        Failure::TooMuchText { .. } | Failure::Unspelled(_) => back.to_owned(),
        Failure::TooLong { .. } if is_back => format!("Shorten it. {}{back}", when_full(keymap)),
        Failure::TooLong { .. } => when_full(keymap),
        Failure::NoModel | Failure::NoModelThere(_) | Failure::NoMemory(_) => format!("{models} shows the models."),
        Failure::Settings(_) | Failure::NoVocabulary { .. } => String::new(),
        Failure::Model(_) | Failure::DeviceLost(_) | Failure::Panic(_) => {
            format!("The text is kept. {} tries again.", keymap.name_of(Action::Continue))
        }
    };
    sentence(&failure.to_string(), hint.trim_start())
}

/// That the context is full, and what can be done.
#[must_use]
pub fn context_full(positions: usize, keymap: &Keymap) -> String {
    format!("The context is full ({positions} tokens). {}", when_full(keymap))
}

/// How a text goes on that fills the context.
fn when_full(keymap: &Keymap) -> String {
    let [palette, new, text, cut] =
        [Action::Palette, Action::NewTranscript, Action::NextFocus, Action::TypeHere].map(|it| keymap.name_of(it));
    let slide = format!("{} slide", Parameter::WhenFull.name());
    let (slide, cut) = if keymap.is_written() {
        (format!("/{slide}"), format!("{cut} N ends the text before token N"))
    } else {
        (format!("{palette}, then {slide},"), format!("{text}, then {cut}, ends the text before the cursor"))
    };
    format!("{slide} lets the oldest quarter go; {new} begins a new transcript; {cut}.")
}

/// What the installer could not do, and what to try.
#[must_use]
pub fn install_failure(failure: &install::Failure, keymap: &Keymap) -> String {
    let (import, again) = if keymap.is_written() { ("/models import FILE", "/models download") } else { ("i", "d") };
    let hint = match failure {
        install::Failure::NoSource { .. } => &format!(
            "If you have the file (NVIDIA's zip, the .pt in it, or a converted directory): {import}, or megachat model \
             import FILE."
        ),
        install::Failure::Download { .. } => &format!("{again} tries again and goes on where it stopped."),
        install::Failure::Convert { .. } | install::Failure::NoWords { .. } | install::Failure::NotObtained { .. } => {
            ""
        }
        install::Failure::Exhausted { .. } => &format!("{again} tries again."),
        install::Failure::Disk { .. } => "What has been downloaded is kept.",
        install::Failure::DiskFull { .. } => {
            &format!("Make room; what has been downloaded is kept, and {again} goes on from there.")
        }
        install::Failure::Cancelled { .. } => &format!("What has been downloaded is kept; {again} goes on from there."),
    };
    sentence(&failure.to_string(), hint)
}

/// What happened as a sentence, and a hint after it.
pub(in crate::app) fn sentence(what: &str, hint: &str) -> String {
    let mut letters = what.chars();
    // A path is written as it is.
    let is_path = what.split([' ', ':']).next().is_some_and(|it| it.contains(['/', '\\', '.']));
    let first: String =
        letters.next().map(|it| if is_path { it.to_string() } else { it.to_uppercase().collect() }).unwrap_or_default();
    let end = if what.ends_with(['.', '!', '?']) { "" } else { "." };
    let text = format!("{first}{}{end}", letters.as_str());
    if hint.is_empty() { text } else { format!("{text} {hint}") }
}

/// What changed between two settings, in short: `temp .7>1.2 top-k off>40`.
#[must_use]
pub fn change(before: &Settings, after: &Settings) -> String {
    let said = changes(before, after).into_iter().map(|(name, old, new)| format!("{name} {old}>{new}"));
    said.collect::<Vec<_>>().join(" ")
}

/// What changed between two settings: which controls, from what to what.
#[must_use]
pub fn changes(before: &Settings, after: &Settings) -> Vec<(&'static str, String, String)> {
    let said = KNOBS.iter().filter(|it| it.parameter().is_some()).filter_map(|knob| {
        let (old, new) = (knob.show(before), knob.show(after));
        let short = |text: &str| text.strip_suffix(" off").unwrap_or(text).to_owned();
        (old != new).then(|| (knob.name(), short(&old), short(&new)))
    });
    said.collect()
}

#[cfg(test)]
mod tests;
