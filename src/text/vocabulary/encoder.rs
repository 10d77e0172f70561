//! A text to tokens, and whether the tokens say the text.

use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Model as _, OffsetReferential, OffsetType, PreTokenizer as _, Tokenizer as Inner};

use super::alphabet::byte_of;
use super::definition::Definition;
use super::error::{EncodeError, VocabularyError};
use crate::TokenId;

/// The tokens of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// (T,), in the order of the text.
    pub tokens: Vec<TokenId>,
    /// What the vocabulary reads instead of the text, where it changes it.
    pub read_as: Option<ReadAs>,
}

/// A text that the vocabulary reads otherwise than it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAs {
    /// What changes it, as the files name it.
    pub by: String,
    /// The whole text as its tokens spell it.
    pub text: String,
    /// The first place where the two differ, a few words of each.
    pub given: String,
    /// The same place in what is read.
    pub instead: String,
}

impl ReadAs {
    /// It in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("the model's tokenizer ({}) reads {:?} instead of {:?}", self.by, self.instead, self.given)
    }
}

/// Cuts texts into tokens.
#[derive(Debug)]
pub(super) struct Encoder {
    inner: Inner,
    /// What may change a text, for messages.
    changes: String,
}

fn refused(error: &dyn std::fmt::Display) -> VocabularyError {
    VocabularyError::Refused(super::definition::short(&error.to_string()))
}

impl Encoder {
    pub(super) fn new(definition: &Definition) -> Result<Self, VocabularyError> {
        let mut vocab: Vocab = definition.pieces.iter().map(|(id, piece)| (piece.clone(), *id)).collect();
        // In the model's own list a token has the id that its file gives it; the library would number added tokens anew.
        vocab.extend(definition.added.iter().map(|(id, it)| (it.content.clone(), *id)));
        // The library stumbles over a merge that makes no piece.
        let is_known = |(left, right): &(String, String)| {
            vocab.contains_key(left) && vocab.contains_key(right) && vocab.contains_key(&format!("{left}{right}"))
        };
        if let Some((left, right)) = definition.merges.iter().find(|it| !is_known(it)) {
            return Err(refused(&format_args!("the merge `{left} {right}` makes no piece of the vocabulary")));
        }
        let bpe = BPE::builder()
            .vocab_and_merges(vocab, definition.merges.clone())
            .ignore_merges(definition.ignore_merges)
            .build()
            .map_err(|e| refused(&e))?;
        let mut inner = Inner::new(bpe);
        if !definition.normalizer.is_null() {
            let normalizer: NormalizerWrapper = parsed(&guarded(&definition.normalizer))?;
            inner.with_normalizer(Some(normalizer)).map_err(|e| refused(&e))?;
        }
        let pre_tokenizer: PreTokenizerWrapper = match &definition.pre_tokenizer {
            Value::Null => ByteLevel::new(definition.prefix_space, true, true).into(),
            other => parsed(other)?,
        };
        inner.with_pre_tokenizer(Some(pre_tokenizer));
        let added = definition.added.values().map(|it| {
            AddedToken::from(&it.content, it.special)
                .single_word(it.single_word)
                .lstrip(it.lstrip)
                .rstrip(it.rstrip)
                .normalized(it.normalized)
        });
        inner.add_tokens(added).map_err(|e| refused(&e))?;
        for (id, it) in &definition.added {
            if inner.token_to_id(&it.content) != Some(*id) {
                return Err(refused(&format_args!("token {id} got another id")));
            }
        }
        Ok(Self { inner, changes: changes(definition) })
    }

    /// The ids of a text. `bytes` says what a token stands for.
    pub(super) fn encode<'b>(&self, text: &str, bytes: &dyn Fn(TokenId) -> &'b [u8]) -> Result<Encoded, EncodeError> {
        let encoding = self.inner.encode_fast(text, false);
        let encoding = encoding.map_err(|e| EncodeError::Failed(super::definition::short(&e.to_string())))?;
        let tokens = encoding.get_ids().to_vec();
        let mut rest = Some(text.as_bytes());
        for &token in &tokens {
            rest = rest.and_then(|it| it.strip_prefix(bytes(token)));
        }
        if rest.is_some_and(<[u8]>::is_empty) {
            return Ok(Encoded { tokens, read_as: None });
        }
        self.explain(text, tokens, bytes)
    }

    /// Why the tokens do not say the text: it was changed before it was cut, or something of it cannot be spelled.
    fn explain<'b>(
        &self,
        text: &str,
        tokens: Vec<TokenId>,
        bytes: &dyn Fn(TokenId) -> &'b [u8],
    ) -> Result<Encoded, EncodeError> {
        let failed = |e: tokenizers::Error| EncodeError::Failed(super::definition::short(&e.to_string()));
        let mut splits = self.inner.get_added_vocabulary().extract_and_normalize(self.inner.get_normalizer(), text);
        if let Some(it) = self.inner.get_pre_tokenizer() {
            it.pre_tokenize(&mut splits).map_err(failed)?;
        }
        // What is to be cut into tokens, in bytes, and of each byte whether a piece must spell it.
        let (mut read, mut letters) = (Vec::new(), Vec::new());
        for (split, _, found) in splits.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            if let Some(found) = found {
                read.extend(found.iter().flat_map(|it| bytes(it.id)));
            } else {
                for letter in split.chars() {
                    match byte_of(letter) {
                        Some(byte) => {
                            letters.push((read.len(), letter));
                            read.push(byte);
                        }
                        None => read.extend(letter.to_string().as_bytes()),
                    }
                }
            }
        }
        let said: Vec<u8> = tokens.iter().flat_map(|&it| bytes(it)).copied().collect();
        let (shown, given) = (String::from_utf8_lossy(&read).into_owned(), text.as_bytes());
        if said == read {
            let (given, instead) = around_difference(given, &read);
            return Ok(Encoded {
                tokens,
                read_as: Some(ReadAs { by: self.changes.clone(), text: shown, given, instead }),
            });
        }
        let is_token = |it: char| self.inner.get_model().token_to_id(it.encode_utf8(&mut [0; 4])).is_some();
        let missing = letters.iter().find(|it| !is_token(it.1));
        if let Some(&(at, letter)) = missing {
            let byte = byte_of(letter).unwrap_or_default();
            return Err(EncodeError::Unspelled { character: character_at(&read, at), byte });
        }
        let (text, read) = around_difference(given, &said);
        Err(EncodeError::Changed { text, read })
    }
}

/// The same normalizer, in which a pattern that looks about matches nothing where no text is before it: the library panics
/// when it is to put something there.
fn guarded(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(list) = value.get_mut("normalizers").and_then(Value::as_array_mut) {
        for it in list {
            *it = guarded(it);
        }
    }
    if let Some(Value::String(pattern)) = value.get_mut("pattern").and_then(|it| it.get_mut("Regex"))
        && pattern.contains("(?")
    {
        *pattern = format!("(?:{pattern})(?!\\A)");
    }
    value
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, VocabularyError> {
    serde_json::from_value(value.clone()).map_err(|e| refused(&e))
}

/// What may change a text, as the files name it.
fn changes(definition: &Definition) -> String {
    fn names(value: &Value, into: &mut Vec<String>) {
        for key in ["normalizers", "pretokenizers"] {
            value[key].as_array().into_iter().flatten().for_each(|it| names(it, into));
        }
        if let Some(kind) = value["type"].as_str().filter(|it| *it != "Sequence" && *it != "ByteLevel") {
            into.push(kind.to_owned());
        }
    }
    let mut found = Vec::new();
    names(&definition.normalizer, &mut found);
    if found.is_empty() {
        names(&definition.pre_tokenizer, &mut found);
    }
    let prefix = json!(definition.pre_tokenizer).to_string().contains("\"add_prefix_space\":true");
    if definition.prefix_space || prefix {
        found.push("add_prefix_space".to_owned());
    }
    if definition.added.values().any(|it| it.lstrip || it.rstrip) {
        found.push("added tokens that take the space beside them".to_owned());
    }
    if found.is_empty() { "its rules".to_owned() } else { found.join(", ") }
}

/// The character that holds a byte.
fn character_at(bytes: &[u8], at: usize) -> char {
    let start = (0..=at).rev().take(4).find(|&it| bytes[it] & 0xc0 != 0x80).unwrap_or(at);
    let end = (start + 4).min(bytes.len());
    String::from_utf8_lossy(&bytes[start..end]).chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The first place where two texts differ, a few words of each.
fn around_difference(a: &[u8], b: &[u8]) -> (String, String) {
    const BEFORE: usize = 12;
    const AFTER: usize = 24;
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let cut = |bytes: &[u8]| {
        let boundary = |at: usize, step: isize| {
            let mut at = at.min(bytes.len());
            while at > 0 && at < bytes.len() && bytes[at] & 0xc0 == 0x80 {
                at = at.saturating_add_signed(step);
            }
            at
        };
        let (from, to) = (boundary(same.saturating_sub(BEFORE), -1), boundary(same + AFTER, 1));
        String::from_utf8_lossy(&bytes[from..to]).into_owned()
    };
    (cut(a), cut(b))
}
