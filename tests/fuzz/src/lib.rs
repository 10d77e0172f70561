//! The readers of checkpoints and vocabularies as the fuzzer sees them: the program's own source, without the rest of the
//! program.

#[allow(dead_code, reason = "the rest of the program uses what the targets do not")]
#[path = "../../../src/checkpoint/mod.rs"]
pub mod checkpoint;

#[allow(dead_code, reason = "the rest of the program uses what the targets do not")]
#[path = "../../../src/text/vocabulary/mod.rs"]
pub mod vocabulary;

#[path = "../../../src/text/hex.rs"]
mod hex;

/// The places where the program's source looks for them.
pub mod text {
    pub use super::hex::hex;
    pub use super::vocabulary::{self, Vocabulary};
}

#[path = "../../../src/assets.rs"]
pub mod assets;

/// One id of the vocabulary.
pub type TokenId = u32;

pub mod bodies;
pub mod words;
