//! What is opened in the user's editor, and what becomes of it there.

use super::ask::still_writing;
use super::focus;
use crate::app::context::{Context, Edited};
use crate::app::focus::Focus;
use crate::app::outbox::Effect;

/// Opens what is written in the input, or the text from the cursor on where that has the focus.
pub(in crate::app) fn open(cx: &mut Context) {
    let (edited, text) = if cx.in_focus() == Focus::Text {
        if cx.drawing.running.is_some() {
            return still_writing(cx);
        }
        let whole = cx.text.whole_from(cx.text.cursor.min(cx.text.document.len()));
        cx.text.cursor = whole;
        let text = cx.text.vocabulary().decode(&cx.text.document.tokens().split_off(whole));
        (Edited::Text { parent: cx.text.before_cursor(), before: text.clone() }, text)
    } else {
        focus::write(cx);
        (Edited::Input, cx.input.text().to_owned())
    };
    cx.uncover();
    cx.edited = Some(edited);
    cx.outbox.push(Effect::Edit(text));
}
