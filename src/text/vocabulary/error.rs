//! Why a vocabulary cannot be used, and why a text cannot be read with one.

use crate::TokenId;

/// Why the files of a vocabulary cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// A merge is not a pair of known pieces.
    #[error("merges, line {line}: `{text}` is not two known pieces with a space between them")]
    BadMerge {
        /// Counted from 1.
        line: usize,
        /// The line as it is in the file.
        text: String,
    },
    /// A file is not the JSON that its name says.
    #[error("{file} {what}")]
    Malformed {
        /// Name of the file without its directory.
        file: &'static str,
        /// What is wrong with it, as the rest of a sentence.
        what: String,
    },
    /// The tokenizer is of another kind than GPT-2's.
    #[error("the tokenizer is {what}, not a byte-level BPE as GPT-2's; this program reads no other kind")]
    OtherKind {
        /// A noun phrase for the kind of tokenizer.
        what: String,
    },
    /// A piece is spelled with a character that stands for no byte.
    #[error("token {id}, `{piece}`, is not spelled in GPT-2's byte alphabet")]
    NotByteLevel {
        /// Id of the first token that has letters outside the byte alphabet.
        id: TokenId,
        /// Its spelling, cut at 40 characters.
        piece: String,
    },
    /// An id is far above the word table.
    #[error("{file} gives `{piece}` the id {id}, but the word table has {rows} rows")]
    IdTooLarge {
        /// Name of the file without its directory.
        file: &'static str,
        /// The token's spelling, cut at 40 characters.
        piece: String,
        /// The id that the file gives it.
        id: u64,
        /// Rows of the word table.
        rows: usize,
    },
    /// Two tokens have one id, or one token has two.
    #[error("{0}")]
    Ambiguous(String),
    /// A file, or a part of it, is larger than any vocabulary's.
    #[error("{what} is {found}, more than the {limit} that are read")]
    TooLarge {
        /// The number that is too large, a noun phrase.
        what: &'static str,
        /// The number in the file.
        found: u64,
        /// The largest that is read.
        limit: u64,
    },
    /// The normalizer may make a text longer than is read.
    #[error(
        "the normalizer can make a text {factor} times as long; at most {limit} times is read (a `Replace` of a short \
         pattern by a long text does that)"
    )]
    Growth {
        /// By how much, as a bound.
        factor: u64,
        /// By what factor a text may grow at most.
        limit: u64,
    },
    /// The library refused it.
    #[error("the tokenizer cannot be built: {0}")]
    Refused(String),
}

/// Why a text cannot be read with a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The vocabulary has no token for a character or for one of its bytes.
    #[error("this model's vocabulary cannot spell {character:?}: no token stands for the byte 0x{byte:02x}")]
    Unspelled {
        /// The character, as the vocabulary reads it.
        character: char,
        /// The byte of it that no token spells.
        byte: u8,
    },
    /// The tokens would say something else than the text, and no single character is to blame.
    #[error("this model's vocabulary cannot spell {text:?}: its tokens would say {read:?}")]
    Changed {
        /// The text, cut to a few words.
        text: String,
        /// What the tokens say, cut likewise.
        read: String,
    },
    /// Only the spellings of the tokens are known, not how a text is cut into them.
    #[error("the model that wrote this text is not here, and typing needs its vocabulary")]
    NoEncoder,
    /// The library failed.
    #[error("this model's tokenizer failed: {0}")]
    Failed(String),
}
