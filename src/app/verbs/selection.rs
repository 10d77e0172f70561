//! Selecting text, and copying it.

use super::focus;
use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::msg::Copied;
use crate::app::outbox::Effect;

/// Begins a selection at the cursor, or ends it.
pub(in crate::app) fn toggle(cx: &mut Context) {
    if cx.text.document.is_empty() {
        return cx.outbox.say("There is no text to select yet.");
    }
    focus::read(cx);
    let last = cx.text.document.len().saturating_sub(1);
    cx.text.anchor = match cx.text.anchor {
        Some(_) => None,
        None => Some(cx.text.cursor.min(last)),
    };
    if cx.text.anchor.is_some() {
        let (copy, leave) = (cx.key_of(Action::Copy), cx.key_of(Action::LeaveText));
        cx.outbox.say(format!("Selecting: move to extend it, {copy} copies, {leave} ends it."));
    }
}

/// Copies what is selected, or else the whole text, exactly as it is.
pub(in crate::app) fn copy(cx: &mut Context) {
    let tokens = cx.text.document.tokens();
    // A character may be in pieces; it is selected and copied whole.
    let range = cx.text.selection().map_or(0..tokens.len(), |it| cx.text.flow.whole(it));
    let text = cx.text.vocabulary().decode(&tokens[range]);
    if text.is_empty() {
        return cx.outbox.say("There is no text to copy yet.");
    }
    cx.text.anchor = None;
    cx.outbox.push(Effect::Copy(text));
}

/// Says what became of it.
pub(in crate::app) fn copied(cx: &mut Context, characters: usize, how: &Copied) {
    let plural = if characters == 1 { "" } else { "s" };
    let because = |it: &Option<String>| it.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
    match how {
        Copied::With(tool) => cx.outbox.say(format!("Copied {characters} character{plural} with {tool}.")),
        Copied::Sent { instead_of } => {
            let because = because(instead_of);
            let text = format!(
                "Sent {characters} character{plural} to the terminal (OSC 52){because}; whether it took them cannot be known."
            );
            cx.outbox.say(text);
        }
        Copied::TooLong { most, instead_of } => {
            let because = because(instead_of);
            let text = format!(
                "Not copied{because}: through the terminal at most {} kB go. Select less, or export the transcript.",
                most / 1000
            );
            cx.outbox.complain(text);
        }
    }
}
