//! The vocabulary, as the file wants it: every token's spelling and kind, the merges, what begins and ends a text.

use std::collections::HashMap;
use std::path::Path;

use crate::TokenId;
use crate::directory::find_vocabulary;
use crate::text::TokenizerChoice;
use crate::text::vocabulary::{Definition, TokenKind};

use super::ExportError;

/// Kinds of tokens, by GGUF's numbers.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

/// What the file says of the vocabulary.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The spelling of every row of the word table: a piece in GPT-2's alphabet of bytes, an added token as it is.
    pub(super) tokens: Vec<String>,
    /// The kind of each.
    pub(super) types: Vec<i32>,
    /// Pairs of pieces, with a space between them, in the order of their ranks.
    pub(super) merges: Vec<String>,
    /// The id for `tokenizer.ggml.bos_token_id`.
    pub(super) begin: TokenId,
    /// What ends a text; one at least.
    pub(super) ends: Vec<TokenId>,
    /// Whether every text is read with the first one before it.
    pub(super) prepends: bool,
    /// Remarks for people.
    pub(super) notes: Vec<String>,
}

/// The vocabulary of a directory, filled up to the rows of the word table.
///
/// # Errors
///
/// [`ExportError`] if it is not to be had, or of a kind that the file cannot express.
pub(super) fn read(directory: &Path, given: Option<&TokenizerChoice>, rows: usize) -> Result<Vocabulary, ExportError> {
    let words = find_vocabulary(Some(directory), given, rows)?.vocabulary;
    let other = |what| ExportError::OtherTokenizer { path: directory.to_owned(), what };
    let definition = words.definition().ok_or_else(|| other("its pieces are not known"))?;
    if let Some(what) = strangeness(definition) {
        return Err(other(what));
    }
    let mut notes = words.notes().to_vec();
    // Rows that no token is spelled for, as Megatron pads its tables with.
    let mut tokens: Vec<String> = (0..rows).map(|id| format!("[PAD{id}]")).collect();
    let mut types = vec![UNUSED; rows];
    for id in 0..rows.min(words.len()) {
        let token = id as TokenId;
        let (spelling, kind) = match (words.token_kind(token), definition.added.get(&token)) {
            (TokenKind::Special, Some(it)) => (&it.content, CONTROL),
            (_, Some(it)) => (&it.content, USER_DEFINED),
            (_, None) => match definition.pieces.get(&token) {
                Some(piece) => (piece, NORMAL),
                None => continue,
            },
        };
        (tokens[id], types[id]) = (spelling.clone(), kind);
    }
    if words.len() > rows {
        let (count, what) = (words.len() - rows, "tokens of the tokenizer have no row and are left out");
        notes.push(format!("{count} {what}"));
    }
    let merges = merges(definition, rows);
    let known = |it: &TokenId| (*it as usize) < rows;
    let ends: Vec<TokenId> = words.ends().iter().copied().filter(known).collect();
    let end = *ends.first().ok_or(ExportError::NoEnd)?;
    let begin = words.begin().filter(known).unwrap_or_else(|| {
        notes.push(format!(
            "the model names no token that begins a text; the file wants one, so it gets {end}, which ends one"
        ));
        end
    });
    if ends.len() > 2 {
        notes.push(format!("{} tokens end a text; the file has room for two", ends.len()));
    }
    let before = words.before();
    let prepends = before == [begin];
    if !before.is_empty() && !prepends {
        notes.push(format!(
            "the model's texts begin with the tokens {before:?}; the file can say this only of {begin}, so write them out"
        ));
    }
    Ok(Vocabulary { tokens, types, merges, begin, ends, prepends, notes })
}

/// The merges whose result has a row.
fn merges(definition: &Definition, rows: usize) -> Vec<String> {
    let ids: HashMap<&str, TokenId> = definition.pieces.iter().map(|(id, piece)| (piece.as_str(), *id)).collect();
    let has_row =
        |left: &str, right: &str| ids.get(format!("{left}{right}").as_str()).is_none_or(|&id| (id as usize) < rows);
    let kept = definition.merges.iter().filter(|(left, right)| has_row(left, right));
    kept.map(|(left, right)| format!("{left} {right}")).collect()
}

/// What makes a tokenizer another than GPT-2's, whose rules the file's reader has built in.
fn strangeness(it: &Definition) -> Option<&'static str> {
    if !it.normalizer.is_null() {
        Some("it changes the text before it reads it")
    } else if !it.pre_tokenizer.is_null() {
        Some("it splits the text in another way")
    } else if it.prefix_space {
        Some("it puts a space before the text")
    } else if it.ignore_merges {
        Some("it is no plain BPE")
    } else {
        None
    }
}
