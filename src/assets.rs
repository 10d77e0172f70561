//! What is built into the program: the demo checkpoint and GPT-2's vocabulary.

use std::sync::{Arc, OnceLock};

use crate::text::Vocabulary;

/// The demo checkpoint, laid out like NVIDIA's 345M release: a zip with a torch file in it.
pub const DEMO_ZIP: &[u8] = include_bytes!("../assets/megatron_demo.zip");

/// `OpenAI`'s merges, from which the whole vocabulary follows.
pub const MERGES: &str = include_str!("../assets/vocab.bpe");

/// Tokens of GPT-2's vocabulary.
pub const GPT2_TOKENS: usize = 50_257;

/// GPT-2's own vocabulary, built once (about a tenth of a second).
///
/// # Panics
///
/// If the merges built into the program are broken, which a test would have shown.
#[must_use]
#[expect(clippy::expect_used, reason = "the merges are part of the program and tested")]
pub fn vocabulary() -> Arc<Vocabulary> {
    static VOCABULARY: OnceLock<Arc<Vocabulary>> = OnceLock::new();
    let built = || Arc::new(Vocabulary::from_gpt2_merges(MERGES).expect("the built-in merges"));
    VOCABULARY.get_or_init(built).clone()
}
