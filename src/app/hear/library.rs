//! What the keeper of the library says.

use crate::app::outbox::Effect;
use crate::app::state::App;
use crate::store::protocol::{LibraryEvent, LibraryJob};

/// Takes note of what is in the library, and of what was done there.
pub(in crate::app) fn heard(app: &mut App, event: LibraryEvent) {
    let cx = &mut app.context;
    let list = app.layers.library_mut();
    match event {
        LibraryEvent::Listed { words, hits, of, is_complete } => {
            if let Some(list) = list.filter(|it| it.words() == words) {
                list.listed(words, hits, of, is_complete);
            }
        }
        LibraryEvent::NotListed { words, why } => {
            cx.outbox.complain(format!("{why}."));
            if let Some(list) = list.filter(|it| it.words() == words) {
                list.not_listed(words, why);
            }
        }
        LibraryEvent::Done { what } => {
            cx.outbox.say(what);
            if let Some(list) = list {
                cx.outbox.push(Effect::Library(LibraryJob::List { words: list.words() }));
            }
        }
        LibraryEvent::Failed { why } => {
            cx.outbox.complain(format!("{why}."));
            if let Some(list) = list {
                cx.outbox.push(Effect::Library(LibraryJob::List { words: list.words() }));
            }
        }
    }
}
