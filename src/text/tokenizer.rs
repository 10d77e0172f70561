//! Text to token ids and back, by byte-level BPE.

use std::collections::HashMap;

use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::{AddedToken, Tokenizer as Inner};

use crate::TokenId;

/// The text of GPT-2's only special token: it both begins and ends a document.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// Why tokenizer files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The merges are not pairs of known pieces.
    #[error("merges, line {line}: `{text}` is not two known pieces with a space between them")]
    BadMerge {
        /// Counted from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The vocabulary is not an object of piece to id.
    #[error("vocab.json is not an object of pieces and ids: {0}")]
    BadVocabulary(#[from] serde_json::Error),
    /// A piece is spelled with a character that stands for no byte.
    #[error("token {id}, `{piece}`, is not spelled in GPT-2's byte alphabet")]
    NotByteLevel {
        /// Its id.
        id: TokenId,
        /// Its spelling.
        piece: String,
    },
    /// The library refused the files.
    #[error("the tokenizer cannot be built: {0}")]
    Refused(String),
}

/// GPT-2's tokenizer: text to ids, ids to bytes.
#[derive(Debug)]
pub struct Tokenizer {
    inner: Inner,
    /// The bytes of every token, by id; the special token stands for its own name.
    bytes: Vec<Box<[u8]>>,
    end_of_text: Option<TokenId>,
}

impl Tokenizer {
    /// From `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// If it is no tokenizer, or not a byte-level one.
    pub fn from_json(json: &[u8]) -> Result<Self, TokenizerError> {
        let inner = Inner::from_bytes(json).map_err(|e| TokenizerError::Refused(e.to_string()))?;
        Self::new(inner)
    }

    /// From `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    ///
    /// If they are not what they should be.
    pub fn from_vocab_and_merges(vocab: &[u8], merges: &str) -> Result<Self, TokenizerError> {
        let vocab: HashMap<String, TokenId> = serde_json::from_slice(vocab)?;
        Self::build(vocab, merges)
    }

    /// GPT-2's own, from its merges alone: all ids follow from them.
    ///
    /// Ids 0 to 255 are the bytes in GPT-2's order, the merge of rank `r` makes id `256 + r`, and the special token comes last.
    ///
    /// # Errors
    ///
    /// If a line is no merge of known pieces.
    pub fn from_gpt2_merges(merges: &str) -> Result<Self, TokenizerError> {
        Self::build(vocabulary_of_merges(merges)?, merges)
    }

    fn build(vocab: HashMap<String, TokenId>, merges: &str) -> Result<Self, TokenizerError> {
        let refused = |e: tokenizers::Error| TokenizerError::Refused(e.to_string());
        let pairs = merge_lines(merges)
            .map(|(line, text)| {
                let (left, right) = split_merge(line, text)?;
                Ok((left.to_owned(), right.to_owned()))
            })
            .collect::<Result<Vec<_>, TokenizerError>>()?;
        let vocab: Vocab = vocab.into_iter().collect();
        let bpe = BPE::builder().vocab_and_merges(vocab, pairs).build().map_err(refused)?;
        let mut inner = Inner::new(bpe);
        inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
        inner.with_post_processor(Some(ByteLevel::new(false, false, true)));
        inner.with_decoder(Some(ByteLevel::new(false, true, true)));
        inner.add_special_tokens([AddedToken::from(END_OF_TEXT, true).normalized(true)]).map_err(refused)?;
        Self::new(inner)
    }

    fn new(inner: Inner) -> Result<Self, TokenizerError> {
        let added = inner.get_added_tokens_decoder();
        let byte_of = byte_of_letter();
        let size = inner.get_vocab(true).values().max().map_or(0, |&id| id as usize + 1);
        let bytes = (0..size as TokenId)
            .map(|id| {
                let piece = inner.id_to_token(id).unwrap_or_default();
                if added.contains_key(&id) {
                    return Ok(piece.into_bytes().into_boxed_slice());
                }
                piece
                    .chars()
                    .map(|c| byte_of.get(&c).copied())
                    .collect::<Option<Box<[u8]>>>()
                    .ok_or(TokenizerError::NotByteLevel { id, piece })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let end_of_text = inner.token_to_id(END_OF_TEXT);
        Ok(Self { inner, bytes, end_of_text })
    }

    /// The ids of `text`. `<|endoftext|>` in it is the special token.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<TokenId> {
        // The only failures are of configurations that `new` does not make: an unknown piece without an unknown token
        // cannot occur, since every byte is a piece.
        self.inner.encode_fast(text, false).map(|it| it.get_ids().to_vec()).unwrap_or_default()
    }

    /// The bytes a token stands for; none for an id that is not in the vocabulary.
    #[must_use]
    pub fn bytes(&self, token: TokenId) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], |it| it)
    }

    /// The text of `tokens`, invalid bytes replaced.
    #[must_use]
    pub fn decode(&self, tokens: &[TokenId]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|&it| self.bytes(it)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The number of ids, V.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no ids.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The id of `<|endoftext|>`.
    #[must_use]
    pub fn end_of_text(&self) -> Option<TokenId> {
        self.end_of_text
    }
}

/// The three tokenizer files of a Hugging Face GPT-2 directory, `(vocab.json, tokenizer.json)`, from the merges.
///
/// # Errors
///
/// If a line is no merge of known pieces.
pub fn gpt2_merges_to_files(merges: &str) -> Result<(Vec<u8>, Vec<u8>), TokenizerError> {
    let tokenizer = Tokenizer::from_gpt2_merges(merges)?;
    let json = tokenizer.inner.to_string(false).map_err(|e| TokenizerError::Refused(e.to_string()))?;
    let mut pieces: Vec<(String, TokenId)> = vocabulary_of_merges(merges)?.into_iter().collect();
    pieces.sort_unstable_by_key(|it| it.1);
    let vocab: serde_json::Map<String, serde_json::Value> =
        pieces.into_iter().map(|(piece, id)| (piece, id.into())).collect();
    Ok((serde_json::to_vec(&vocab)?, json.into_bytes()))
}

fn merge_lines(merges: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(merges.lines()).filter(|(_, text)| !text.is_empty() && !text.starts_with("#version"))
}

fn split_merge(line: usize, text: &str) -> Result<(&str, &str), TokenizerError> {
    text.split_once(' ')
        .filter(|(left, right)| !left.is_empty() && !right.is_empty() && !right.contains(' '))
        .ok_or_else(|| TokenizerError::BadMerge { line, text: text.to_owned() })
}

fn vocabulary_of_merges(merges: &str) -> Result<HashMap<String, TokenId>, TokenizerError> {
    let mut vocab: HashMap<String, TokenId> =
        (0..).zip(alphabet()).map(|(id, (letter, _))| (letter.to_string(), id)).collect();
    for (line, text) in merge_lines(merges) {
        let (left, right) = split_merge(line, text)?;
        if !vocab.contains_key(left) || !vocab.contains_key(right) {
            return Err(TokenizerError::BadMerge { line, text: text.to_owned() });
        }
        let id = vocab.len() as TokenId;
        vocab.insert(format!("{left}{right}"), id);
    }
    let id = vocab.len() as TokenId;
    vocab.insert(END_OF_TEXT.to_owned(), id);
    Ok(vocab)
}

/// The 256 letters that spell bytes, in the order of their ids, each with its byte.
///
/// Printable Latin-1 stands for itself, the other 68 bytes in rising order for the letters from U+0100 on.
fn alphabet() -> impl Iterator<Item = (char, u8)> {
    let itself = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let printable = (0..=255_u8).filter(itself).map(|byte| (char::from(byte), byte));
    let others = (0..=255_u8).filter(move |it| !itself(it));
    printable.chain(others.zip('\u{100}'..).map(|(byte, letter)| (letter, byte)))
}

fn byte_of_letter() -> HashMap<char, u8> {
    alphabet().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets;

    #[test]
    fn golden_ids_of_the_reference_tokenizer() {
        let tokenizer = assets::tokenizer();
        for (text, ids) in [
            ("Hello world", &[15496, 995][..]),
            ("Once upon a time", &[7454, 2402, 257, 640]),
            ("don't", &[9099, 470]),
            ("  two  spaces\n", &[220, 734, 220, 9029, 198]),
            ("naïve café 日本", &[2616, 38776, 40304, 10545, 245, 98, 17312, 105]),
            ("<|endoftext|>", &[50256]),
            ("", &[]),
        ] {
            assert_eq!(tokenizer.encode(text), ids, "{text:?}");
            assert_eq!(tokenizer.decode(ids), text);
        }
        assert_eq!(tokenizer.len(), 50_257);
        assert_eq!(tokenizer.end_of_text(), Some(50_256));
    }

    #[test]
    fn the_vocabulary_is_openais() {
        use sha2::{Digest as _, Sha256};
        // Made once from OpenAI's encoder.json: every "piece\tid\n" in the order of ids, UTF-8.
        let (vocab, _) = gpt2_merges_to_files(assets::MERGES).unwrap();
        let vocab: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&vocab).unwrap();
        let mut hash = Sha256::new();
        for (piece, id) in &vocab {
            hash.update(format!("{piece}\t{id}\n"));
        }
        let hash = crate::manifest::hex(&hash.finalize());
        assert_eq!(hash, "f02ddc2b80f00a7a92dbedbda8398997583856aa194291c9e14392729131812f");
    }

    #[test]
    fn the_three_ways_to_build_it_agree() {
        let (vocab, json) = gpt2_merges_to_files(assets::MERGES).unwrap();
        let text = "It's 3,14 o'clock…\n\n\t\tnaïve 👍🏽<|endoftext|> the end";
        let expected = assets::tokenizer().encode(text);
        assert_eq!(Tokenizer::from_json(&json).unwrap().encode(text), expected);
        assert_eq!(Tokenizer::from_vocab_and_merges(&vocab, assets::MERGES).unwrap().encode(text), expected);
    }

    #[test]
    fn broken_files_are_named() {
        let error = |merges| Tokenizer::from_gpt2_merges(merges).unwrap_err().to_string();
        assert!(error("#version: 0.2\na b\nnospace\n").contains("line 3"));
        assert!(error("ab c\n").contains("`ab c`"));
        assert!(matches!(Tokenizer::from_vocab_and_merges(b"[1]", ""), Err(TokenizerError::BadVocabulary(_))));
        assert!(matches!(Tokenizer::from_json(b"{}"), Err(TokenizerError::Refused(_))));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
        #[test]
        fn what_is_encoded_decodes_to_itself(text in "\\PC{0,40}") {
            let tokenizer = assets::tokenizer();
            proptest::prop_assert_eq!(tokenizer.decode(&tokenizer.encode(&text)), text);
        }
    }
}
