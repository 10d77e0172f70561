//! Futures side by side in words, and the question about a text that goes round in circles.

/// What a column is called: A, B, C, D.
#[must_use]
pub fn name(index: usize) -> char {
    char::from(b'A' + index as u8)
}

/// That the text goes round in circles.
#[must_use]
pub fn circles(since: usize) -> String {
    format!("Looping since token {}; paused.", since + 1)
}

/// A way out of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Back there, and on with what breaks repetitions.
    Differently,
    /// Back there.
    Back,
    /// On, and no more questions.
    On,
    /// As it is.
    Leave,
}

/// All of them, with their keys and what they do.
pub const WAYS_OUT: [(WayOut, &str, &str); 4] = [
    (WayOut::Differently, "d", "back there, and on with DRY, which breaks repetitions"),
    (WayOut::Back, "b", "back there, and stop"),
    (WayOut::On, "c", "carry on, and do not ask again"),
    (WayOut::Leave, "Esc", "leave it as it is"),
];
