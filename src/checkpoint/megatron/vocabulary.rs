//! Whose vocabulary a checkpoint's word table is for, and how many of its rows are words.
//!
//! The file holds rows and no words. Megatron adds rows to the table until every tensor rank has as many of them as the
//! others, so the height of the table shows whether it can be GPT-2's.
//!
//! Source: Megatron-LM's `tokenizer.py` (`_vocab_size_with_padding`).

use super::super::pickle::printable;
use super::super::{MapError, TokenizerClaim};
use super::Given;
use super::arguments::Arguments;

/// What the height of a table is a multiple of, times the ranks, unless the arguments say otherwise.
const DIVISOR: usize = 128;

/// The most tensor ranks that a GPT-2 is split into.
const MOST_RANKS: usize = 64;

/// Rows of GPT-2's vocabulary.
const GPT2: usize = 50_257;

/// What the arguments and the height of the word table say together.
///
/// `ranks` is the number of tensor ranks that are here, for arguments that do not say how many there were.
///
/// # Errors
///
/// [`MapError::Argument`] for a number that cannot be; [`MapError::Contradiction`] if there are more words than rows.
pub(super) fn claim(arguments: &Arguments<'_>, rows: usize, ranks: usize) -> Result<TokenizerClaim, MapError> {
    let kind = arguments.word("tokenizer_type")?;
    let divisor = arguments.count("make_vocab_size_divisible_by")?.unwrap_or(DIVISOR);
    let ranks = arguments.tensor_ranks()?.unwrap_or(ranks);
    let padded = divisor.checked_mul(ranks).and_then(|multiple| GPT2.checked_next_multiple_of(multiple));
    let mut words = None;
    for key in ["orig_vocab_size", "vocab_size"] {
        let Some(given) = arguments.count(key)? else {
            continue;
        };
        if given > rows {
            return Err(MapError::Contradiction { what: key, given, found: rows });
        }
        words = words.or(Some(given).filter(|&given| given != rows));
    }
    let height = rows == GPT2 || Some(rows) == padded;
    let unnamed = words.is_none_or(|words| words == GPT2);
    // Arguments without a type may still name the files.
    let others = |key: &str| arguments.said(key).is_some_and(|file| !file.to_ascii_lowercase().contains("gpt2"));
    let unnamed =
        unnamed && (kind.is_some() || !["tokenizer_model", "vocab_file", "merge_file"].into_iter().any(others));
    let table = format!("the word table has {} rows", thousands(rows));
    if height && unnamed && kind.as_deref().is_none_or(|kind| kind == "GPT2BPETokenizer") {
        let because = match kind {
            Some(kind) => format!("tokenizer_type is {kind} and {table}"),
            None if arguments.are_there() => format!("the arguments name no tokenizer and {table}"),
            None => table,
        };
        return Ok(TokenizerClaim::Gpt2 { because });
    }
    let mut what = match &kind {
        Some(kind) => format!("a {}", printable(kind)),
        None => "a vocabulary that the file does not name".to_owned(),
    };
    let file = ["tokenizer_model", "vocab_file"].iter().find_map(|key| Some((key, arguments.said(key)?)));
    if let Some((key, file)) = file {
        what = format!("{what} ({key} {file})");
    }
    what = match words {
        Some(words) => format!("{what} of {} tokens", thousands(words)),
        None => format!("{what} in a word table of {} rows", thousands(rows)),
    };
    if !height && kind.is_none_or(|kind| kind == "GPT2BPETokenizer") {
        let padded = padded.map_or(String::new(), |padded| format!(", padded {}", thousands(padded)));
        what = format!("{what}, where GPT-2's own has {}{padded}", thousands(GPT2));
    }
    Ok(TokenizerClaim::Other { what })
}

/// How many rows are words at least: as many as the arguments say, or all but the most that are added to split the table.
///
/// # Errors
///
/// [`MapError::Argument`] for a number that cannot be.
pub(super) fn least(arguments: &Arguments<'_>, rows: usize, ranks: usize) -> Result<usize, MapError> {
    for key in ["orig_vocab_size", "vocab_size"] {
        if let Some(words) = arguments.count(key)?.filter(|&words| words < rows) {
            return Ok(words);
        }
    }
    // Without arguments it is unknown how many ranks there were before they were joined.
    let ranks = if arguments.are_there() { arguments.tensor_ranks()?.unwrap_or(ranks) } else { ranks.max(MOST_RANKS) };
    let divisor = arguments.count("make_vocab_size_divisible_by")?.unwrap_or(DIVISOR);
    Ok(rows.saturating_sub(divisor.saturating_mul(ranks)) + 1)
}

/// The rows that are words: as many as the user says, or the tokenizer has, or as GPT-2 has; all of them where that is unknown.
///
/// # Errors
///
/// [`MapError::Contradiction`] if the user names none, or more than there are; [`MapError::TokenizerTooSmall`] if a
/// tokenizer leaves out rows that are words.
pub(super) fn size(claim: &TokenizerClaim, given: Given, rows: usize, least: usize) -> Result<usize, MapError> {
    let tokens = given.tokens.map(|it| it.min(rows)).filter(|&it| it > 0);
    if let (None, Some(tokens)) = (given.vocab, tokens.filter(|&it| it < least)) {
        return Err(MapError::TokenizerTooSmall { tokens, rows, least });
    }
    match (given.vocab.or(tokens), claim) {
        (Some(given), _) if given > rows || given == 0 => {
            Err(MapError::Contradiction { what: "the vocabulary", given, found: rows })
        }
        (Some(given), _) => Ok(given),
        (None, TokenizerClaim::Gpt2 { .. }) => Ok(GPT2),
        (None, _) => Ok(rows),
    }
}

/// What to say of it to people.
pub(super) fn notes(claim: &TokenizerClaim, words: usize, rows: usize) -> Vec<String> {
    let mut notes = Vec::new();
    match claim {
        TokenizerClaim::Gpt2 { because } => notes.push(format!("the vocabulary is GPT-2's: {because}")),
        TokenizerClaim::Other { what } => notes.push(format!("the vocabulary is not GPT-2's, but {what}")),
        TokenizerClaim::Own(_) | TokenizerClaim::Unsaid => {}
    }
    match rows - words {
        0 => {}
        1 => notes.push("1 row of padding at the end of the word table left out".to_owned()),
        padding => notes.push(format!("{padding} rows of padding at the end of the word table left out")),
    }
    notes
}

/// A number with commas.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
