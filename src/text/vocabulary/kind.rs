//! Kinds of tokens, of vocabularies, and of tokenizers that a user may name.

use std::path::PathBuf;
use std::str::FromStr;

/// The part that a token plays in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A piece of text.
    Normal,
    /// A mark, such as the one that ends a text.
    Special,
    /// A text that was added as a whole.
    Added,
    /// An id that no token has.
    Unused,
}

impl TokenKind {
    /// The word for it in exported files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Special => "special",
            Self::Added => "added",
            Self::Unused => "unused",
        }
    }
}

/// Whether a vocabulary is built into the program or the model's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VocabularyKind {
    /// GPT-2's own 50,257 tokens.
    Gpt2,
    /// A byte-level BPE of the model's own.
    ByteLevelBpe,
}

impl VocabularyKind {
    /// Its name, as it is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "GPT-2's own",
            Self::ByteLevelBpe => "byte-level BPE of its own",
        }
    }
}

/// A tokenizer that a user names because nothing beside the weights does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenizerChoice {
    /// GPT-2's own.
    Gpt2,
    /// That of a directory in Hugging Face's layout.
    Directory(PathBuf),
}

impl FromStr for TokenizerChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "gpt2" { Self::Gpt2 } else { Self::Directory(PathBuf::from(text)) })
    }
}

impl std::fmt::Display for TokenizerChoice {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gpt2 => f.write_str("gpt2"),
            Self::Directory(path) => super::super::visible_path(path).fmt(f),
        }
    }
}
