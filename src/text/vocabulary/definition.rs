//! What a vocabulary is, whichever files it was read from: pieces, merges, added tokens, and how a text is prepared.
//!
//! `tokenizer.json` and `vocab.json` with `merges.txt` of one model give equal definitions, and so the same hash.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::VocabularyError;
use crate::TokenId;
use crate::text::hex;

/// How much of anything the files of a vocabulary may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VocabularyLimits {
    /// Rows of the word table, (V, C): ids from here on have no numbers.
    pub rows: usize,
    /// How far ids may go beyond the rows: a tokenizer may be a little taller than its table.
    pub beyond: usize,
    /// How deep normalizers and pre-tokenizers may nest.
    pub depth: usize,
    /// How many steps they may have together.
    pub steps: usize,
    /// Bytes of one pattern or replacement.
    pub pattern: usize,
    /// By what factor a normalizer may make a text longer.
    pub growth: u64,
}

impl VocabularyLimits {
    /// The bounds for a word table of so many rows.
    #[must_use]
    pub fn for_rows(rows: usize) -> Self {
        Self { rows, beyond: 1 << 16, depth: 8, steps: 64, pattern: 4096, growth: 64 }
    }

    /// An id, if it is within bounds.
    pub(super) fn id(&self, file: &'static str, piece: &str, id: u64) -> Result<TokenId, VocabularyError> {
        if id < (self.rows as u64).saturating_add(self.beyond as u64) && id < u64::from(TokenId::MAX) {
            return Ok(id as TokenId);
        }
        Err(VocabularyError::IdTooLarge { file, piece: short(piece), id, rows: self.rows })
    }
}

/// Text of a file, short enough for a message.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 40;
    let mut out: String = text.chars().take(MOST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// A token that is found in a text before anything else is done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the files, each a question of its own")]
pub struct Added {
    /// The characters that are found in a text.
    pub content: String,
    /// Whether it is a mark and no word.
    pub special: bool,
    /// Whether letters beside it keep it from being found.
    pub single_word: bool,
    /// Whether it takes the white space to its left.
    pub lstrip: bool,
    /// Whether it takes the white space to its right.
    pub rstrip: bool,
    /// Whether it is looked for in the normalized text.
    pub normalized: bool,
}

impl Added {
    /// A special token without peculiarities.
    #[must_use]
    pub fn special(content: &str) -> Self {
        Self {
            content: content.to_owned(),
            special: true,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
        }
    }
}

/// A byte-level BPE as its files define it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The pieces of the BPE, spelled in the byte alphabet, by id.
    pub pieces: BTreeMap<TokenId, String>,
    /// Pairs of pieces in the order of their ranks.
    pub merges: Vec<(String, String)>,
    /// Added tokens by id; some are pieces too.
    pub added: BTreeMap<TokenId, Added>,
    /// What is done to a text first, in the form of `tokenizer.json`; `Null` is nothing.
    pub normalizer: Value,
    /// How a text is split, in the same form; `Null` is GPT-2's way.
    pub pre_tokenizer: Value,
    /// Whether a space is put before a text that begins with none.
    pub prefix_space: bool,
    /// Whether a word that is a piece as a whole is not cut, whatever the merges say.
    pub ignore_merges: bool,
}

impl Definition {
    /// GPT-2's way from pieces and merges, without added tokens.
    #[must_use]
    pub fn of_pieces(pieces: BTreeMap<TokenId, String>, merges: Vec<(String, String)>) -> Self {
        Self {
            pieces,
            merges,
            added: BTreeMap::new(),
            normalizer: Value::Null,
            pre_tokenizer: Value::Null,
            prefix_space: false,
            ignore_merges: false,
        }
    }

    /// One more than the largest id.
    #[must_use]
    pub fn len(&self) -> usize {
        let last = self.pieces.keys().next_back().max(self.added.keys().next_back());
        last.map_or(0, |&it| it as usize + 1)
    }

    /// Whether it has no token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.added.is_empty()
    }

    /// SHA-256 of the canonical content, hexadecimal.
    ///
    /// A piece, an added token and a merge are a line each. Where a file stands, and in which form, does not count, nor does
    /// what changes no token: offsets, decoders, padding.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let mut line = |parts: &[&str]| {
            for part in parts {
                // Lengths before the texts, so that no text can look like another line.
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        };
        line(&["megachat vocabulary 1"]);
        for (id, piece) in &self.pieces {
            line(&["piece", &id.to_string(), piece]);
        }
        for (left, right) in &self.merges {
            line(&["merge", left, right]);
        }
        for (id, it) in &self.added {
            // Without a normalizer it makes no difference whether a token is looked for before or after.
            let normalized = it.normalized && !self.normalizer.is_null();
            let flags =
                [it.special, it.single_word, it.lstrip, it.rstrip, normalized].map(|it| if it { '1' } else { '0' });
            line(&["added", &id.to_string(), &it.content, &flags.iter().collect::<String>()]);
        }
        line(&["normalizer", &canonical(&self.normalizer)]);
        line(&["pre-tokenizer", &canonical(&self.pre_tokenizer)]);
        line(&["prefix space", if self.prefix_space { "1" } else { "0" }]);
        line(&["ignore merges", if self.ignore_merges { "1" } else { "0" }]);
        hex(&hash.finalize())
    }
}

/// JSON with its keys in order, without what says where a token stood in the text.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().filter(|it| it.0 != "trim_offsets").collect();
            let parts: Vec<String> =
                sorted.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}
