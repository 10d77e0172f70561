//! What the targets of vocabularies do with their bytes.
//!
//! Whatever the files say: a vocabulary that is read spells its texts exactly, or says what it reads instead, or refuses in
//! words; and what is kept of it says the same of every token.

use super::vocabulary::{Encoded, TokenKind, Vocabulary, VocabularyFiles, VocabularyLimits};

/// What is read with every vocabulary.
const TEXTS: [&str; 5] = ["the and the", " a  b\t\r\n", "A\u{301}\u{e9}\u{1f600} 12", "<|endoftext|>the<x> the", ""];

/// A few rows, so that little memory is asked for and ids soon reach the end.
fn limits() -> VocabularyLimits {
    VocabularyLimits { beyond: 64, ..VocabularyLimits::for_rows(320) }
}

/// The eight files, with a byte that no text has between them; one that is empty is not there.
pub fn vocabulary(bytes: &[u8]) {
    let mut parts = bytes.split(|&it| it == 0xff).map(|it| (!it.is_empty()).then_some(it));
    let mut next = || parts.next().flatten();
    let files = VocabularyFiles {
        tokenizer: next(),
        vocab: next(),
        merges: next(),
        added_tokens: next(),
        special_tokens_map: next(),
        tokenizer_config: next(),
        generation_config: next(),
        config: next(),
    };
    read(&files);
}

/// A `tokenizer.json` alone.
pub fn tokenizer_json(bytes: &[u8]) {
    read(&VocabularyFiles { tokenizer: Some(bytes), ..VocabularyFiles::default() });
}

fn read(files: &VocabularyFiles<'_>) {
    match Vocabulary::read(files, "here", &limits()) {
        Ok(Some(it)) => check(&it),
        Ok(None) => assert!(files.tokenizer.is_none() && (files.vocab.is_none() || files.merges.is_none())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check(it: &Vocabulary) {
    assert!(it.len() <= 320 + 64 && it.can_encode());
    let is_token = |id: u32| (id as usize) < it.len() && it.token_kind(id) != TokenKind::Unused;
    assert!(it.begin().is_none_or(is_token) && it.ends().iter().all(|&id| is_token(id)));
    for text in TEXTS {
        match it.encode(text) {
            Ok(encoded) => check_text(it, text, &encoded),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if let Some(tokens) = it.spell(text.as_bytes()) {
            assert_eq!(said(it, &tokens), text.as_bytes());
        }
    }
    check_kept(it);
    let generation = it.generation_config();
    let files = VocabularyFiles { generation_config: Some(&generation), ..VocabularyFiles::default() };
    let again = it.clone().for_model(&files).expect("what the program writes, it reads");
    assert!((again.begin(), again.ends()) == (it.begin(), it.ends()));
}

fn said(it: &Vocabulary, tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|&id| it.bytes(id)).copied().collect()
}

fn check_text(it: &Vocabulary, text: &str, encoded: &Encoded) {
    assert!(encoded.tokens.iter().all(|&id| it.token_kind(id) != TokenKind::Unused));
    let said = said(it, &encoded.tokens);
    match &encoded.read_as {
        None => assert_eq!(said, text.as_bytes()),
        Some(read) => {
            assert_eq!(String::from_utf8_lossy(&said), read.text);
            assert!(said != text.as_bytes() && !read.sentence().is_empty());
        }
    }
}

fn check_kept(it: &Vocabulary) {
    let kept = it.remembered().expect("it is not GPT-2's own");
    let again = Vocabulary::from_remembered(&kept, &it.record()).expect("what the program keeps, it reads");
    assert!(again.has_tokens_of(it) && again.len() == it.len() && !again.can_encode());
    assert!((again.begin(), again.ends()) == (it.begin(), it.ends()));
    for id in 0..=it.len() as u32 {
        assert!((again.bytes(id), again.token_kind(id)) == (it.bytes(id), it.token_kind(id)));
    }
}

/// A target: its name, and what it does with bytes.
pub type Body = (&'static str, fn(&[u8]));

/// The targets by name.
pub const ALL: [Body; 2] = [("vocabulary", vocabulary), ("tokenizer_json", tokenizer_json)];
