//! Text: bytes to finished characters, characters to safe cells, text to token ids and back, words to rows.
//!
//! Everything the model, a file or a server says passes through [`visible()`] before it reaches a terminal.

mod cells;
mod given;
mod hex;
mod naming;
mod shown;
pub mod stops;
mod utf8;
mod visible;
pub mod vocabulary;
mod wrap;

pub use cells::{columns_of, cut, fit, grapheme_columns, pad};
pub use given::{Given, NotUtf8};
pub use hex::hex;
pub use naming::{MOST_TAG, MOST_TITLE, TagError, tags_of, title_of};
pub use shown::{ShownTokens, grapheme_end, grapheme_start, rest_of};
pub use stops::StopBuffer;
pub use utf8::Utf8Stream;
pub use visible::{Visible, visible, visible_json, visible_line, visible_name, visible_path};
pub use vocabulary::{EncodeError, TokenizerChoice, Vocabulary, VocabularyError, VocabularyFiles};
pub use wrap::Wrap;
