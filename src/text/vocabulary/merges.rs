//! Lines of `merges.txt`.

use std::collections::{BTreeMap, HashMap};

use super::alphabet::alphabet;
use super::error::VocabularyError;
use crate::TokenId;

/// The text of GPT-2's only special token: it both begins and ends a document.
pub(super) const END_OF_TEXT: &str = "<|endoftext|>";

/// The two pieces of a merge.
pub(super) fn pair_of_line(text: &str) -> Option<(&str, &str)> {
    text.split_once(' ').filter(|(left, right)| !left.is_empty() && !right.is_empty() && !right.contains(' '))
}

/// The merges of a file, each with the number of its line.
pub(super) fn parse(merges: &str) -> Result<Vec<(usize, String, String)>, VocabularyError> {
    let lines = (1..).zip(merges.lines()).filter(|(_, text)| !text.is_empty() && !text.starts_with("#version"));
    let merge = |(line, text): (usize, &str)| match pair_of_line(text) {
        Some((left, right)) => Ok((line, left.to_owned(), right.to_owned())),
        None => Err(bad(line, text)),
    };
    lines.map(merge).collect()
}

/// A merge that cannot be one.
pub(super) fn bad(line: usize, text: &str) -> VocabularyError {
    VocabularyError::BadMerge { line, text: super::definition::short(text) }
}

/// GPT-2's pieces, which follow from the merges alone.
///
/// Ids 0 to 255 are the bytes in GPT-2's order, the merge of rank `r` makes id `256 + r`, and the special token comes last.
pub(super) fn gpt2_pieces(merges: &[(usize, String, String)]) -> Result<BTreeMap<TokenId, String>, VocabularyError> {
    let mut ids: HashMap<String, TokenId> = HashMap::new();
    let mut pieces = BTreeMap::new();
    let mut add = |piece: String, ids: &mut HashMap<String, TokenId>| {
        let id = pieces.len() as TokenId;
        ids.insert(piece.clone(), id);
        pieces.insert(id, piece);
    };
    for (letter, _) in alphabet() {
        add(letter.to_string(), &mut ids);
    }
    for (line, left, right) in merges {
        if !ids.contains_key(left) || !ids.contains_key(right) {
            return Err(bad(*line, &format!("{left} {right}")));
        }
        add(format!("{left}{right}"), &mut ids);
    }
    add(END_OF_TEXT.to_owned(), &mut ids);
    Ok(pieces)
}
