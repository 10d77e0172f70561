//! Words in the text: where they are, and going there.

use super::{branch, cursor, focus};
use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::text::{Place, find};

/// Places that are looked at, at the most.
const MOST: usize = 200;

/// Where words stand, on all branches.
pub(in crate::app) fn places(cx: &Context, words: &str) -> Vec<Place> {
    find(&cx.text.document, cx.text.vocabularies(), words, MOST)
}

/// Goes to the first place of some words that were looked for in the library: of all of them, or of the first that is there.
pub(in crate::app) fn go_to_first(cx: &mut Context, words: &str) {
    let plain = words.replace('"', "");
    let whole = std::iter::once(plain.trim());
    let wanted: Vec<&str> = whole.chain(plain.split_whitespace()).filter(|it| !it.is_empty()).collect();
    if let Some(place) = wanted.into_iter().find_map(|it| places(cx, it).into_iter().next()) {
        go_to(cx, &place);
    }
}

/// Puts the cursor on a place, on whatever branch it is.
pub(in crate::app) fn go_to(cx: &mut Context, place: &Place) {
    if !cx.text.document.path().contains(&place.node) {
        if cx.drawing.running.is_some() {
            return super::ask::still_writing(cx);
        }
        branch::go_to_run(cx, place.run);
        let undo = cx.key_of(Action::Undo);
        cx.outbox.say(format!("It is in branch {}, which is the text now; {undo} goes back.", place.run + 1));
    }
    focus::read(cx);
    cx.text.cursor = cx.text.document.path().iter().position(|&it| it == place.node).unwrap_or(cx.text.cursor);
    cursor::show_cursor(cx);
}
