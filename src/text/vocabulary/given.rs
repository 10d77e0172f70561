//! The small files beside a model's weights, as they were read from the disk.

use serde_json::{Map, Value};

use super::error::VocabularyError;

/// The bytes of the small files that say what a model's words are; `None` for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct VocabularyFiles<'a> {
    /// `tokenizer.json`.
    pub tokenizer: Option<&'a [u8]>,
    /// `vocab.json`.
    pub vocab: Option<&'a [u8]>,
    /// `merges.txt`.
    pub merges: Option<&'a [u8]>,
    /// `added_tokens.json`.
    pub added_tokens: Option<&'a [u8]>,
    /// `special_tokens_map.json`.
    pub special_tokens_map: Option<&'a [u8]>,
    /// `tokenizer_config.json`.
    pub tokenizer_config: Option<&'a [u8]>,
    /// `generation_config.json`.
    pub generation_config: Option<&'a [u8]>,
    /// `config.json`.
    pub config: Option<&'a [u8]>,
}

/// The JSON object in a file; `None` if there is no such file.
pub(super) fn object(file: &'static str, bytes: Option<&[u8]>) -> Result<Option<Map<String, Value>>, VocabularyError> {
    let malformed = |what: String| VocabularyError::Malformed { file, what };
    let Some(bytes) = bytes else { return Ok(None) };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(Some(map)),
        Ok(_) => Err(malformed("is not a JSON object".into())),
        Err(e) => Err(malformed(format!("is no JSON: {e}"))),
    }
}
