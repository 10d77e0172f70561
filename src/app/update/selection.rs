//! Selecting text, and copying it.

use std::time::Duration;

use super::super::keymap::Action;
use super::super::state::{App, Focus};
use super::super::{Copied, Effect};

/// Begins a selection at the cursor, or ends it.
pub(super) fn toggle(app: &mut App, now: Duration) {
    if app.document.is_empty() {
        return app.inform("There is no text to select yet.", now);
    }
    app.focus = Focus::Text;
    let last = app.document.len().saturating_sub(1);
    app.lens.anchor = match app.lens.anchor {
        Some(_) => None,
        None => Some(app.lens.cursor.min(last)),
    };
    if app.lens.anchor.is_some() {
        let (copy, leave) = (app.key_of(Action::Copy), app.key_of(Action::LeaveText));
        app.inform(format!("Selecting: move to extend it, {copy} copies, {leave} ends it."), now);
    }
}

/// Copies what is selected, or else the whole text, exactly as it is.
pub(super) fn copy(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let tokens = app.document.tokens();
    // A character may be in pieces; it is copied whole.
    let range = app.selection().map_or(0..tokens.len(), |it| app.whole_from(it.start)..app.whole_to(it.end));
    let text = app.vocabulary.decode(&tokens[range]);
    if text.is_empty() {
        return app.inform("There is no text to copy yet.", now);
    }
    app.lens.anchor = None;
    effects.push(Effect::Copy(text));
}

/// Says what became of it.
pub(super) fn copied(app: &mut App, characters: usize, how: &Copied, now: Duration) {
    let plural = if characters == 1 { "" } else { "s" };
    let because = |it: &Option<String>| it.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
    match how {
        Copied::With(tool) => app.inform(format!("Copied {characters} character{plural} with {tool}."), now),
        Copied::Sent { instead_of } => {
            let because = because(instead_of);
            let text = format!(
                "Sent {characters} character{plural} to the terminal (OSC 52){because}; whether it took them cannot be known."
            );
            app.inform(text, now);
        }
        Copied::TooLong { most, instead_of } => {
            let because = because(instead_of);
            let text = format!(
                "Not copied{because}: through the terminal at most {} kB go. Select less, or export the transcript.",
                most / 1000
            );
            app.complain(text);
        }
    }
}
