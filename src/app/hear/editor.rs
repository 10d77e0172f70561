//! What comes back from the user's editor.

use crate::app::context::{Context, Edited};
use crate::app::keymap::Action;
use crate::app::verbs::{branch, focus};

/// Puts what comes out of the editor where it belongs. Whatever went wrong, what was there before is still there.
pub(in crate::app) fn ended(cx: &mut Context, result: Result<String, String>) {
    let Some(edited) = cx.edited.take() else { return };
    let text = match result {
        Ok(text) => text,
        Err(why) => return cx.outbox.complain(why),
    };
    match edited {
        Edited::Input => {
            if text != cx.input.text() {
                cx.input.set(&text);
                cx.input.vi_settle();
            }
        }
        Edited::Text { before, .. } if before == text => cx.outbox.say("Nothing was changed."),
        Edited::Text { .. } if cx.drawing.running.is_some() => {
            // What waited for a model was sent meanwhile: there is no end to put it at.
            cx.input.set(&text);
            focus::write(cx);
            cx.outbox.say("The text goes on already: what you wrote is in the input.");
        }
        Edited::Text { parent, .. } => {
            if !branch::put(cx, parent, &text) {
                // What was written is not lost.
                cx.input.set(&text);
                focus::write(cx);
                return;
            }
            let undo = cx.key_of(Action::Undo);
            let text =
                format!("The text is yours from there on; the old one stays as another branch ({undo} goes back).");
            // What the tokenizer reads instead of it is said already.
            cx.outbox.say_first(&text);
        }
    }
}
