//! What is opened in the user's editor, and what becomes of it there.

use std::time::Duration;

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus};
use super::{branch, still_writing};
use crate::document::NodeId;

/// What is in the editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// What is written in the input.
    Input,
    /// The text after a token, which was this.
    Text {
        /// The token.
        parent: Option<NodeId>,
        /// The text.
        before: String,
    },
}

/// Opens what is written in the input, or the text from the cursor on where that has the focus.
pub(super) fn open(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let (edited, text) = if app.focus == Focus::Text {
        if app.running.is_some() {
            return still_writing(app, now);
        }
        let whole = app.whole_from(app.lens.cursor.min(app.document.len()));
        app.lens.cursor = whole;
        let text = app.vocabulary.decode(&app.document.tokens().split_off(whole));
        (Edited::Text { parent: branch::before_cursor(app), before: text.clone() }, text)
    } else {
        app.focus = Focus::Input;
        (Edited::Input, app.input.text().to_owned())
    };
    app.overlay = None;
    app.edited = Some(edited);
    effects.push(Effect::Edit(text));
}

/// Puts what comes out of the editor where it belongs. Whatever went wrong, what was there before is still there.
pub(super) fn ended(app: &mut App, result: Result<String, String>, now: Duration, effects: &mut Vec<Effect>) {
    let Some(edited) = app.edited.take() else { return };
    let text = match result {
        Ok(text) => text,
        Err(why) => return app.complain(why),
    };
    match edited {
        Edited::Input => {
            if text != app.input.text() {
                app.input.set(&text);
                app.input.vi_settle();
            }
        }
        Edited::Text { before, .. } if before == text => app.inform("Nothing was changed.", now),
        Edited::Text { .. } if app.running.is_some() => {
            // What waited for a model was sent meanwhile: there is no end to put it at.
            app.input.set(&text);
            app.focus = Focus::Input;
            app.inform("The text goes on already: what you wrote is in the input.", now);
        }
        Edited::Text { parent, .. } => {
            if !branch::put(app, parent, &text, now, effects) {
                // What was written is not lost.
                app.input.set(&text);
                app.focus = Focus::Input;
                return;
            }
            let undo = app.key_of(Action::Undo);
            let text =
                format!("The text is yours from there on; the old one stays as another branch ({undo} goes back).");
            // What the tokenizer reads instead of it is said already.
            app.inform_too(&text, now);
        }
    }
}
