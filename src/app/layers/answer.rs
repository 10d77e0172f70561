//! What a layer answers to a key.

use crate::app::intent::{Intent, Question};

/// A layer that opens without being told more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The keys.
    Help,
    /// Models: download, import, switch.
    Models,
    /// The token under the cursor.
    Inspector,
    /// The token under the cursor, and a hundred dice thrown in its place.
    Dice,
    /// The branches of the text.
    Tree,
    /// Every command, by name.
    Palette,
    /// The settings of now beside others.
    Compare,
    /// Several continuations, to choose from.
    Futures,
    /// Any token of the vocabulary, and how likely it is to come next.
    Find,
    /// How surprising the model finds the text.
    Score,
    /// Every text.
    Library,
    /// Words in the text.
    TextFind,
    /// A question that is answered with a few words.
    Ask(Question),
}

/// What becomes of a layer after a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The layer stays.
    Stay,
    /// The key means nothing to the layer, which stays. A letter is then written, if the layer came unasked.
    Nothing,
    /// The layer closes; what it lay over is there again.
    Close,
    /// The layer gives way to another.
    Open(Kind),
    /// The layer closes, and this is done.
    Do(Intent),
}
