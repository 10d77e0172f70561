//! A vocabulary as it is kept with transcripts: what each token stands for, so that a text can be read when its model is gone.
//!
//! Not here: how a text is cut into tokens. Typing needs the model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::alphabet::{bytes_of, spelled};
use super::files::Special;
use super::{TokenKind, Tokens, Vocabulary, VocabularyKind};
use crate::TokenId;
use crate::text::hex;

/// The most tokens that are read back.
const MOST_TOKENS: usize = 1 << 24;

/// What a journal and a manifest say of a model's vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VocabularyRecord {
    /// [`Vocabulary::hash`].
    pub hash: String,
    /// Whether it is GPT-2's own, which is built in, or the model's.
    pub kind: VocabularyKind,
    /// The token that begins a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<TokenId>,
    /// The tokens that end a text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<TokenId>,
}

/// The file of a remembered vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The version of this format, 1.
    version: u32,
    /// [`Vocabulary::hash`].
    hash: String,
    kind: VocabularyKind,
    /// Every token's bytes, spelled in GPT-2's byte alphabet.
    tokens: Vec<String>,
    /// Ids of marks.
    special: Vec<TokenId>,
    /// Ids of texts added as a whole.
    added: Vec<TokenId>,
    /// Ids that no token has.
    unused: Vec<TokenId>,
    /// SHA-256 over the spellings, hexadecimal: the hash above cannot be made from them alone.
    seal: String,
}

/// Why a remembered vocabulary cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RememberedError {
    /// It is not the JSON it should be.
    #[error("it is no vocabulary: {0}")]
    Malformed(String),
    /// A later program wrote it.
    #[error("it is of version {0}; this program reads version 1")]
    Version(u32),
    /// It was changed since.
    #[error("it was changed after it was written")]
    Changed,
    /// It is another vocabulary than its name says.
    #[error("it is another vocabulary than was looked for")]
    Other,
}

fn seal(tokens: &[String]) -> String {
    let mut hash = Sha256::new();
    for it in tokens {
        hash.update((it.len() as u64).to_le_bytes());
        hash.update(it);
    }
    hex(&hash.finalize())
}

impl Vocabulary {
    /// What a journal says of it.
    #[must_use]
    pub fn record(&self) -> VocabularyRecord {
        VocabularyRecord {
            hash: self.hash().to_owned(),
            kind: self.kind(),
            begin: self.begin(),
            ends: self.ends().to_vec(),
        }
    }

    /// What is kept of it beside transcripts; `None` for GPT-2's own, which every program has.
    #[must_use]
    pub fn remembered(&self) -> Option<Vec<u8>> {
        if self.kind() == VocabularyKind::Gpt2 {
            return None;
        }
        let of_kind = |kind| (0..self.len() as TokenId).filter(|&it| self.token_kind(it) == kind).collect();
        let tokens: Vec<String> = self.tokens.bytes.iter().map(|it| spelled(it)).collect();
        let it = Remembered {
            version: 1,
            hash: self.hash().to_owned(),
            kind: self.kind(),
            seal: seal(&tokens),
            tokens,
            special: of_kind(TokenKind::Special),
            added: of_kind(TokenKind::Added),
            unused: of_kind(TokenKind::Unused),
        };
        // Strings, numbers and lists always serialize.
        serde_json::to_vec(&it).ok()
    }

    /// A vocabulary as it was kept, with what the journal says of it.
    ///
    /// # Errors
    ///
    /// [`RememberedError`] if the file is damaged, or is that of another vocabulary.
    pub fn from_remembered(bytes: &[u8], record: &VocabularyRecord) -> Result<Self, RememberedError> {
        let malformed = |what: String| RememberedError::Malformed(what);
        let it: Remembered = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
        if it.version != 1 {
            return Err(RememberedError::Version(it.version));
        }
        if it.tokens.len() > MOST_TOKENS {
            return Err(malformed(format!("it has {} tokens", it.tokens.len())));
        }
        if it.seal != seal(&it.tokens) {
            return Err(RememberedError::Changed);
        }
        if it.hash != record.hash {
            return Err(RememberedError::Other);
        }
        let bytes: Option<Vec<Box<[u8]>>> = it.tokens.iter().map(|it| bytes_of(it)).collect();
        let bytes = bytes.ok_or_else(|| malformed("a token is not spelled in bytes".to_owned()))?;
        let mut kinds = vec![TokenKind::Normal; bytes.len()];
        for (ids, kind) in
            [(&it.special, TokenKind::Special), (&it.added, TokenKind::Added), (&it.unused, TokenKind::Unused)]
        {
            for &id in ids {
                *kinds.get_mut(id as usize).ok_or_else(|| malformed(format!("there is no token {id}")))? = kind;
            }
        }
        let tokens = Tokens { encoder: None, definition: None, bytes, kinds, hash: it.hash, kind: it.kind };
        let origin = "kept with the transcripts".to_owned();
        let found = Self { tokens: Arc::new(tokens), special: Special::default(), origin, notes: Vec::new() };
        Ok(found.as_recorded(record))
    }

    /// The same tokens, where a journal says what began and ended a text.
    #[must_use]
    pub fn as_recorded(mut self, record: &VocabularyRecord) -> Self {
        let known = |id: &TokenId| (*id as usize) < self.len();
        let begin = record.begin.filter(known);
        let ends = record.ends.iter().copied().filter(known).collect();
        self.special = Special { begin, ends, before: std::mem::take(&mut self.special.before) };
        self
    }
}
