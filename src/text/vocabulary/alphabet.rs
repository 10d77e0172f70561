//! GPT-2's byte alphabet: 256 letters, each of which spells one byte.
//!
//! Source: `bytes_to_unicode` of `OpenAI`'s `encoder.py`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The 256 letters that spell bytes, in the order of their ids in GPT-2's vocabulary, each with its byte.
///
/// Printable Latin-1 stands for itself, the other 68 bytes in rising order for the letters from U+0100 on.
pub(super) fn alphabet() -> impl Iterator<Item = (char, u8)> {
    let itself = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let printable = (0..=255_u8).filter(itself).map(|byte| (char::from(byte), byte));
    let others = (0..=255_u8).filter(move |it| !itself(it));
    printable.chain(others.zip('\u{100}'..).map(|(byte, letter)| (letter, byte)))
}

/// The byte that a letter spells; `None` if it spells none.
pub(super) fn byte_of(letter: char) -> Option<u8> {
    static BYTES: OnceLock<HashMap<char, u8>> = OnceLock::new();
    BYTES.get_or_init(|| alphabet().collect()).get(&letter).copied()
}

/// The bytes that a piece spells; `None` if one of its letters spells none.
pub(super) fn bytes_of(piece: &str) -> Option<Box<[u8]>> {
    piece.chars().map(byte_of).collect()
}

/// How bytes are spelled in the alphabet.
pub(super) fn spelled(bytes: &[u8]) -> String {
    static LETTERS: OnceLock<[char; 256]> = OnceLock::new();
    let letters = LETTERS.get_or_init(|| {
        let mut letters = ['\0'; 256];
        for (letter, byte) in alphabet() {
            letters[usize::from(byte)] = letter;
        }
        letters
    });
    bytes.iter().map(|&it| letters[usize::from(it)]).collect()
}

#[cfg(test)]
mod tests;
