//! What is in a directory, or in a file that the user names as a model.
//!
//! One function answers that, [`Contents::of`], for every part that is given a path: the engine, the converter, the export, the
//! check of an installed model. So they accept the same, and say the same of what they refuse. Weights that can be used
//! as they lie, in one file or several, are opened here too ([`Opened`]); whatever else there is, the converter reads.
//! The model's words are found here as well ([`find_vocabulary`]).
//!
//! Not here: what the bytes mean, which is [`crate::checkpoint`]'s and [`crate::text`]'s, and writing anything.

mod contents;
mod error;
mod find;
mod index;
mod kind;
mod opened;
mod small;
mod vocabulary;

pub use contents::{Contents, Weights};
pub use error::DirectoryError;
pub use find::{DISTRIBUTED, MEGATRON, rank_directory};
pub use index::{INDEXES, MOST_SHARDS, shards};
pub use kind::{FIRST_BYTES, Kind, no_text};
pub use opened::Opened;
pub use small::{SMALL_FILES, read_small};
pub use vocabulary::{FoundVocabulary, VocabularyFault, find_vocabulary, vocabulary_of_files};
