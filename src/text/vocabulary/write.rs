//! The files of a vocabulary, as Hugging Face reads them.

use serde_json::{Map, Value, json};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as Inner};

use super::definition::Definition;
use super::error::VocabularyError;
use super::merges::{self, END_OF_TEXT};
use super::{TokenKind, Vocabulary};
use crate::TokenId;

/// GPT-2's own tokenizer files: `vocab.json`, `merges.txt` and `tokenizer.json`.
///
/// # Errors
///
/// If a line is no merge of known pieces.
pub fn gpt2_files(merges_txt: &str) -> Result<Vec<(String, Vec<u8>)>, VocabularyError> {
    let refused = |e: tokenizers::Error| VocabularyError::Refused(e.to_string());
    let merges = merges::parse(merges_txt)?;
    let pieces = merges::gpt2_pieces(&merges)?;
    let vocab: Map<String, Value> = pieces.iter().map(|(id, piece)| (piece.clone(), (*id).into())).collect();
    let ids: Vocab = pieces.into_iter().map(|(id, piece)| (piece, id)).collect();
    let pairs = merges.into_iter().map(|it| (it.1, it.2)).collect();
    let bpe = BPE::builder().vocab_and_merges(ids, pairs).build().map_err(refused)?;
    let mut inner = Inner::new(bpe);
    inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    inner.with_post_processor(Some(ByteLevel::new(false, false, true)));
    inner.with_decoder(Some(ByteLevel::new(false, true, true)));
    inner.add_special_tokens([AddedToken::from(END_OF_TEXT, true).normalized(true)]).map_err(refused)?;
    let json = inner.to_string(false).map_err(refused)?;
    let bytes = |value: &Map<String, Value>| serde_json::to_vec(value).unwrap_or_default();
    Ok(vec![
        ("vocab.json".to_owned(), bytes(&vocab)),
        ("merges.txt".to_owned(), merges_txt.as_bytes().to_vec()),
        ("tokenizer.json".to_owned(), json.into_bytes()),
    ])
}

impl Vocabulary {
    /// The `tokenizer_config.json` of a model with this vocabulary and a context of so many tokens.
    #[must_use]
    pub fn tokenizer_config(&self, n_positions: usize) -> Vec<u8> {
        // A name here makes an added token of it, which is found in a text before the merges: a piece must stay one.
        let is_added = |id: &TokenId| matches!(self.token_kind(*id), TokenKind::Special | TokenKind::Added);
        let name = |id: TokenId| String::from_utf8_lossy(self.bytes(id)).into_owned();
        // GPT-2's class has a way of its own to split a text; another one is read as `tokenizer.json` has it.
        let is_gpt2s = |it: &Definition| it.normalizer.is_null() && it.pre_tokenizer.is_null() && !it.ignore_merges;
        let plain = self.before().is_empty() && self.definition().is_some_and(is_gpt2s);
        let mut map = json!({
            "add_prefix_space": self.definition().is_some_and(|it| it.prefix_space),
            "bos_token": self.begin().filter(is_added).map(name),
            "clean_up_tokenization_spaces": false,
            "eos_token": self.ends().first().copied().filter(is_added).map(name),
            "model_max_length": n_positions,
            "tokenizer_class": if plain { "GPT2Tokenizer" } else { "PreTrainedTokenizerFast" },
        });
        // GPT-2's class has the same mark for what it does not know.
        map["unk_token"] = map["eos_token"].clone();
        format!("{map:#}\n").into_bytes()
    }

    /// The `generation_config.json` of a model with this vocabulary.
    #[must_use]
    pub fn generation_config(&self) -> Vec<u8> {
        let map = json!({
            "_from_model_config": true,
            "bos_token_id": self.begin(),
            "eos_token_id": self.end_ids(),
        });
        format!("{map:#}\n").into_bytes()
    }

    /// The ids that end a text as a configuration has them: one, a list, or null.
    #[must_use]
    pub fn end_ids(&self) -> Value {
        match self.ends() {
            [] => Value::Null,
            [one] => json!(one),
            several => json!(several),
        }
    }
}
