//! The tokenizer, as the file wants it: every token's spelling and kind, and the merges.
//!
//! It is the tokenizer that the engine runs the model with, found in the same order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::TokenId;
use crate::assets;
use crate::checkpoint::Config;
use crate::text::{END_OF_TEXT, Tokenizer, TokenizerError, gpt2_merges_to_files};

use super::ExportError;
use super::error::read as read_file;

/// Kinds of tokens, by GGUF's numbers.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

/// What the file says of the tokenizer.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The spelling of every row of the word table, in GPT-2's alphabet of bytes.
    pub(super) tokens: Vec<String>,
    /// The kind of each.
    pub(super) types: Vec<i32>,
    /// Pairs of pieces, with a space between them, in the order of their ranks.
    pub(super) merges: Vec<String>,
    /// What both begins and ends a text.
    pub(super) end_of_text: TokenId,
}

/// Pieces with their ids and kinds.
type Pieces = Vec<(String, TokenId, i32)>;

/// The directory's tokenizer, filled up to the rows of the word table.
///
/// # Errors
///
/// [`ExportError`] if it is malformed, larger than the word table, or of a kind that the file cannot express.
pub(super) fn read(directory: &Path, config: &Config, config_json: &[u8]) -> Result<Vocabulary, ExportError> {
    let (pieces, merges) = find(directory)?;
    let rows = config.vocab_size;
    let tokens = pieces.iter().map(|it| it.1 as usize + 1).max().unwrap_or(0);
    if tokens > rows {
        return Err(ExportError::Vocabulary { tokens, rows });
    }
    let end_of_text = pieces
        .iter()
        .find(|it| it.0 == END_OF_TEXT)
        .map(|it| it.1)
        .or_else(|| configured_end(config_json, rows))
        .ok_or(ExportError::NoEnd)?;
    // Rows that no piece is spelled for, as Megatron pads its tables with.
    let mut tokens: Vec<String> = (0..rows).map(|id| format!("[PAD{id}]")).collect();
    let mut types = vec![UNUSED; rows];
    for (piece, id, kind) in pieces {
        (tokens[id as usize], types[id as usize]) = (piece, kind);
    }
    Ok(Vocabulary { tokens, types, merges, end_of_text })
}

fn configured_end(config_json: &[u8], rows: usize) -> Option<TokenId> {
    let value: Value = serde_json::from_slice(config_json).ok()?;
    let id = value["eos_token_id"].as_u64().filter(|&it| it < rows as u64)?;
    TokenId::try_from(id).ok()
}

fn find(directory: &Path) -> Result<(Pieces, Vec<String>), ExportError> {
    let (merges, vocab, json) =
        (directory.join("merges.txt"), directory.join("vocab.json"), directory.join("tokenizer.json"));
    if merges.exists() {
        let bytes = read_file(&merges)?;
        if bytes == assets::MERGES.as_bytes() {
            let (vocab, _) = gpt2_merges_to_files(assets::MERGES).map_err(|it| malformed(&merges, it))?;
            return from_files(&vocab, assets::MERGES).map_err(|it| malformed(&merges, it));
        }
        if vocab.exists() {
            let text = String::from_utf8(bytes).map_err(|it| malformed(&merges, refused(&it)))?;
            let vocab_bytes = read_file(&vocab)?;
            Tokenizer::from_vocab_and_merges(&vocab_bytes, &text).map_err(|it| malformed(&vocab, it))?;
            return from_files(&vocab_bytes, &text).map_err(|it| malformed(&vocab, it));
        }
    }
    let bytes = read_file(&json)?;
    Tokenizer::from_json(&bytes).map_err(|it| malformed(&json, it))?;
    from_json(&bytes, &json)
}

fn malformed(path: &Path, source: TokenizerError) -> ExportError {
    ExportError::Tokenizer { path: path.to_owned(), source }
}

fn refused(why: &dyn std::fmt::Display) -> TokenizerError {
    TokenizerError::Refused(why.to_string())
}

fn from_files(vocab: &[u8], merges: &str) -> Result<(Pieces, Vec<String>), TokenizerError> {
    let vocab: HashMap<String, TokenId> = serde_json::from_slice(vocab)?;
    let kind = |piece: &str| if piece == END_OF_TEXT { CONTROL } else { NORMAL };
    let pieces =
        vocab.into_iter().map(|(piece, id)| (kind(&piece), piece, id)).map(|(kind, piece, id)| (piece, id, kind));
    let lines = merges.lines().filter(|it| !it.is_empty() && !it.starts_with("#version"));
    Ok((distinct(pieces.collect())?, lines.map(str::to_owned).collect()))
}

/// Two spellings of one id would leave it to chance which one is written.
fn distinct(mut pieces: Pieces) -> Result<Pieces, TokenizerError> {
    pieces.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    match pieces.windows(2).find(|it| it[0].1 == it[1].1) {
        Some(it) => Err(refused(&format_args!("`{}` and `{}` have the same id, {}", it[0].0, it[1].0, it[0].1))),
        None => Ok(pieces),
    }
}

/// From `tokenizer.json`, which [`Tokenizer::from_json`] has accepted.
fn from_json(bytes: &[u8], path: &Path) -> Result<(Pieces, Vec<String>), ExportError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|it| malformed(path, refused(&it)))?;
    if let Some(what) = strangeness(&value) {
        return Err(ExportError::OtherTokenizer { path: PathBuf::from(path), what });
    }
    let bad = |what: &'static str| malformed(path, refused(&what));
    let model = &value["model"];
    let id_of = |it: &Value| it.as_u64().and_then(|id| TokenId::try_from(id).ok());
    let vocab = model["vocab"].as_object().ok_or_else(|| bad("`vocab` is not an object"))?;
    let mut pieces: HashMap<TokenId, (String, i32)> = HashMap::new();
    for (piece, id) in vocab {
        let id = id_of(id).ok_or_else(|| bad("an id in `vocab` is not a number"))?;
        if pieces.insert(id, (piece.clone(), NORMAL)).is_some() {
            return Err(bad("two pieces in `vocab` have the same id"));
        }
    }
    for added in value["added_tokens"].as_array().into_iter().flatten() {
        let (id, content) = (id_of(&added["id"]), added["content"].as_str());
        let (id, content) = id.zip(content).ok_or_else(|| bad("an added token has no id or no content"))?;
        let kind = if added["special"].as_bool() == Some(true) { CONTROL } else { USER_DEFINED };
        pieces.insert(id, (content.to_owned(), kind));
    }
    let merges = model["merges"].as_array().ok_or_else(|| bad("`merges` is not a list"))?;
    let merges: Option<Vec<String>> = merges.iter().map(merge).collect();
    let merges = merges.ok_or_else(|| bad("a merge is not two pieces"))?;
    Ok((pieces.into_iter().map(|(id, (piece, kind))| (piece, id, kind)).collect(), merges))
}

/// Older files have a merge as one text, newer ones as a pair.
fn merge(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(pair) => Some(format!("{} {}", pair.first()?.as_str()?, pair.get(1)?.as_str()?)),
        _ => None,
    }
}

/// What makes a tokenizer another than GPT-2's, whose rules the file's reader has built in.
fn strangeness(value: &Value) -> Option<&'static str> {
    let (before, model) = (&value["pre_tokenizer"], &value["model"]);
    let text = |key: &str| model[key].as_str().is_some_and(|it| !it.is_empty());
    let on = |key: &str| model[key].as_bool() == Some(true);
    if !value["normalizer"].is_null() {
        Some("it changes the text before it reads it")
    } else if before["type"] != "ByteLevel" || before["use_regex"].as_bool() == Some(false) {
        Some("it splits the text in another way")
    } else if before["add_prefix_space"].as_bool() == Some(true) {
        Some("it puts a space before the text")
    } else if model["type"].as_str().is_some_and(|it| it != "BPE") || on("ignore_merges") || on("byte_fallback") {
        Some("it is no plain BPE")
    } else if text("continuing_subword_prefix") || text("end_of_word_suffix") {
        Some("it marks the parts of words")
    } else {
        None
    }
}
