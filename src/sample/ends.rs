//! What ends a continuation, or does not.

use serde::{Deserialize, Deserializer, Serialize};

/// What to do when a token that ends a text is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndOfText {
    /// Stop there.
    #[default]
    Stop,
    /// Go on past it, into whatever the model thinks comes next.
    Continue,
}

impl<'de> Deserialize<'de> for EndOfText {
    /// From the word that a transcript has, or from whether `ignore-eos` is on.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected true or false")]
        enum Written {
            Ignored(bool),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Ignored(true) => Ok(Self::Continue),
            Written::Ignored(false) => Ok(Self::Stop),
            Written::Word(word) if word == "continue" => Ok(Self::Continue),
            Written::Word(word) if word == "stop" => Ok(Self::Stop),
            Written::Word(word) => Err(serde::de::Error::custom(format!("`{word}` is neither true nor false"))),
        }
    }
}

/// What to do when the context is full. GPT-2's positions are learned and absolute: nothing can be shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// Stop there.
    #[default]
    Stop,
    /// Forget the oldest quarter of the context and read the rest again (a visible pause).
    Slide,
}
