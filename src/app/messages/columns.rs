//! Futures side by side in words, and the question about a text that goes round in circles.

use crate::app::intent::WayOut;
use crate::document::{Document, Loop};

/// What a column is called: A, B, C, D.
#[must_use]
pub fn name(index: usize) -> char {
    char::from(b'A' + index as u8)
}

/// That the text goes round in circles, and how.
#[must_use]
pub fn loop_found(document: &Document, since: usize) -> String {
    let since = since + 1;
    match document.looping().map(|it| it.1) {
        Some(Loop::Copies(1)) => format!("Looping since token {since}: the same token over and over. Paused."),
        Some(Loop::Copies(n)) => format!("Looping since token {since}: the same {n} tokens over and over. Paused."),
        Some(Loop::Recital) => {
            format!("Reciting since token {since}: under 0.3 bits of surprise a token. Paused.")
        }
        None => format!("Looping since token {since}; paused."),
    }
}

/// All of them, with their keys and what they do.
pub const WAYS_OUT: [(WayOut, &str, &str); 4] = [
    (WayOut::Differently, "d", "back there, and on with DRY, which breaks repetitions"),
    (WayOut::Back, "b", "back there, and stop"),
    (WayOut::On, "c", "carry on, and do not ask again"),
    (WayOut::Leave, "Esc", "leave it as it is"),
];
