//! Text: bytes to finished characters, characters to safe cells, text to token ids and back, words to rows.
//!
//! Everything the model, a file or a server says passes through [`visible()`] before it reaches a terminal.

mod tokenizer;
mod utf8;
mod visible;
mod wrap;

pub use tokenizer::{END_OF_TEXT, Tokenizer, TokenizerError, gpt2_merges_to_files};
pub use utf8::Utf8Stream;
pub use visible::{push_visible, visible};
pub use wrap::Wrap;
