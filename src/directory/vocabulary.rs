//! Finds a model's vocabulary: beside its weights, or where the user says that it is.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::kind::no_text;
use super::small::SMALL_FILES;
use crate::TokenId;
use crate::assets;
use crate::files::{self, Place};
use crate::text::vocabulary::{Definition, VocabularyLimits, gpt2_files};
use crate::text::{TokenizerChoice, Vocabulary, VocabularyError, VocabularyFiles};
use crate::text::{hex, visible_path};

/// SHA-256 of GPT-2's `vocab.json` as `OpenAI` published it, and of its `tokenizer.json` as Hugging Face has it (the figures
/// of `install::catalogue`). Others are compared by content.
const PUBLISHED: [&str; 2] = [
    "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "8414cab924d8b9b33013f0d221c5862f365ee9be39c5c2bfae8a5a9e970478a6",
];

/// A vocabulary and the files that define it.
#[derive(Clone, Debug)]
pub struct FoundVocabulary {
    /// The vocabulary as its files and the user's choice define it.
    pub vocabulary: Arc<Vocabulary>,
    /// Its files by name, as they belong beside the weights; the model's own configuration is not among them.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why a model has no vocabulary that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyFault {
    /// A file cannot be read.
    #[error("cannot read {}: {why}", visible_path(path))]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// There is no memory for a file.
    #[error("there is not enough memory to read {}", visible_path(.0))]
    NoMemory(PathBuf),
    /// A file is larger than any of its name.
    #[error("{} has {bytes} bytes, more than the {limit} that are read", visible_path(path))]
    TooLarge {
        /// Path of the file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
        /// The most bytes that are read of a file of that name.
        limit: u64,
    },
    /// A file is no text at all.
    #[error("{} is {what}, expected {expected}", visible_path(path))]
    NotText {
        /// Path of the file.
        path: PathBuf,
        /// A noun phrase for its first bytes, such as "a web page".
        what: &'static str,
        /// The format that its name promises.
        expected: &'static str,
    },
    /// A file is damaged or of another kind.
    #[error("{}: {error}{}", visible_path(path), hint(error))]
    Bad {
        /// Path of the directory with the file.
        path: PathBuf,
        /// The fault, naming the file.
        error: VocabularyError,
    },
    /// The tokenizer is of a kind that is known by its file.
    #[error("{} {what}, which this program does not read; {MEND}", visible_path(path))]
    OtherKind {
        /// Path of the file.
        path: PathBuf,
        /// What it is, as the rest of a sentence.
        what: &'static str,
    },
    /// One of two files that belong together is missing.
    #[error("{} has {there} but not {missing}; both are needed", visible_path(path))]
    Half {
        /// Path of the directory.
        path: PathBuf,
        /// Name of the half that is there.
        there: &'static str,
        /// Name of the half that it needs.
        missing: &'static str,
    },
    /// Nothing says what the model's words are.
    #[error("{place} does not say which words its {rows} rows stand for; {}", mend(*rows))]
    Missing {
        /// The model, for messages.
        place: String,
        /// Rows of the word table.
        rows: usize,
    },
    /// A directory that the user named holds no tokenizer.
    #[error("--tokenizer {} names no tokenizer: a directory with tokenizer.json, or with vocab.json and merges.txt, is expected", visible_path(.0))]
    NoTokenizer(PathBuf),
}

impl VocabularyFault {
    /// Whether the files are as their author meant them, so that naming another tokenizer is the mend, and fetching them
    /// anew is none.
    #[must_use]
    pub fn is_mended_by_naming_one(&self) -> bool {
        match self {
            Self::OtherKind { .. } | Self::Half { .. } | Self::Missing { .. } | Self::NoTokenizer(_) => true,
            Self::Bad { error, .. } => {
                matches!(error, VocabularyError::OtherKind { .. } | VocabularyError::NotByteLevel { .. })
            }
            Self::Unreadable { .. } | Self::NoMemory(_) | Self::TooLarge { .. } | Self::NotText { .. } => false,
        }
    }
}

/// What mends a model without words, whose table has so many rows: GPT-2's are offered where they fit.
fn mend(rows: usize) -> &'static str {
    if rows < assets::GPT2_TOKENS { MEND_SMALL } else { MEND }
}

/// The same for a table that is too small for GPT-2's.
const MEND_SMALL: &str =
    "--tokenizer DIR takes them from a directory with tokenizer.json, or with vocab.json and merges.txt";

/// What mends a model without words.
const MEND: &str = "--tokenizer gpt2 takes GPT-2's own words, --tokenizer DIR those of a directory with tokenizer.json, or \
                    with vocab.json and merges.txt";

fn hint(error: &VocabularyError) -> String {
    match error {
        VocabularyError::OtherKind { .. } | VocabularyError::NotByteLevel { .. } => format!("; {MEND}"),
        _ => String::new(),
    }
}

/// The files of one directory, read.
#[derive(Default)]
struct Files(Vec<(&'static str, Vec<u8>)>);

impl Files {
    fn read(directory: &Path) -> Result<Self, VocabularyFault> {
        let mut files = Vec::new();
        for (name, limit) in SMALL_FILES {
            let path = directory.join(name);
            if let Some(bytes) = read_small(&path, limit)? {
                if let Some(what) = no_text(&bytes) {
                    let expected = if name == "merges.txt" { "a list of merges" } else { "JSON" };
                    return Err(VocabularyFault::NotText { path, what, expected });
                }
                files.push((name, bytes));
            }
        }
        Ok(Self(files))
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|it| it.0 == name).map(|it| it.1.as_slice())
    }

    fn as_vocabulary_files(&self) -> VocabularyFiles<'_> {
        VocabularyFiles {
            tokenizer: self.get("tokenizer.json"),
            vocab: self.get("vocab.json"),
            merges: self.get("merges.txt"),
            added_tokens: self.get("added_tokens.json"),
            special_tokens_map: self.get("special_tokens_map.json"),
            tokenizer_config: self.get("tokenizer_config.json"),
            generation_config: self.get("generation_config.json"),
            config: self.get("config.json"),
        }
    }

    /// Whether every file that defines tokens is GPT-2's own, and nothing is added to them.
    fn are_gpt2s(&self) -> bool {
        // GPT-2's need not be made to see that small ones are others.
        const LEAST: usize = 400_000;
        let published = |name: &str| {
            self.get(name).is_none_or(|bytes| {
                bytes.len() > LEAST
                    && (stock().iter().any(|it| it.0 == name && it.1 == bytes)
                        || PUBLISHED.contains(&hex(&Sha256::digest(bytes)).as_str()))
            })
        };
        // Windows may have ended its lines.
        let same = |it: &[u8]| it.iter().filter(|it| **it != b'\r').eq(assets::MERGES.as_bytes());
        let merges = self.get("merges.txt").is_none_or(same);
        let something = self.get("merges.txt").is_some() || self.get("tokenizer.json").is_some();
        something && merges && published("tokenizer.json") && published("vocab.json")
    }
}

/// GPT-2's own tokenizer files, made once.
fn stock() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    // The merges are part of the program and tested.
    FILES.get_or_init(|| gpt2_files(assets::MERGES).unwrap_or_default())
}

/// Reads a file whose length is checked before memory is asked for; `None` if there is none.
fn read_small(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, VocabularyFault> {
    let unreadable = |e: &io::Error| match e.kind() {
        io::ErrorKind::OutOfMemory => VocabularyFault::NoMemory(path.to_owned()),
        _ => VocabularyFault::Unreadable { path: path.to_owned(), why: e.to_string() },
    };
    let too_large = |bytes| VocabularyFault::TooLarge { path: path.to_owned(), bytes, limit };
    let is_none = |e: &io::Error| {
        matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory)
    };
    let file = match files::open(Place::SmallFile, path) {
        Err(e) if is_none(&e) => return Ok(None),
        other => other.map_err(|e| unreadable(&e))?,
    };
    let metadata = file.metadata().map_err(|e| unreadable(&e))?;
    if metadata.len() > limit {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    // What is no plain file has no length.
    if bytes.len() as u64 > limit { Err(too_large(bytes.len() as u64)) } else { Ok(Some(bytes)) }
}

/// The vocabulary of the model in `directory`, whose word table has `rows` rows; `given` is what the user says that it is.
///
/// GPT-2's own is taken only where the files say so, or the user does.
///
/// # Errors
///
/// [`VocabularyFault`], with what mends it.
pub fn find_vocabulary(
    directory: Option<&Path>,
    given: Option<&TokenizerChoice>,
    rows: usize,
) -> Result<FoundVocabulary, VocabularyFault> {
    let own = directory.map(Files::read).transpose()?.unwrap_or_default();
    let limits = VocabularyLimits::for_rows(rows);
    // A user who names words for a model that has its own is told which those are.
    let others = |given: Vocabulary| match directory.map(|it| in_directory(it, &own, &limits)) {
        Some(Ok(Some(it))) if !it.vocabulary.has_tokens_of(&given) => given.with_note(format!(
            "the model has words of its own ({}), which --tokenizer overrides",
            it.vocabulary.summary()
        )),
        _ => given,
    };
    let whole = |vocabulary: Vocabulary, files| FoundVocabulary { vocabulary: Arc::new(vocabulary), files };
    match given {
        None => {
            let place = "the checkpoint".to_owned();
            let Some(directory) = directory else { return Err(VocabularyFault::Missing { place, rows }) };
            let found = in_directory(directory, &own, &limits)?;
            found.ok_or_else(|| why_missing(directory, &own, rows))
        }
        Some(TokenizerChoice::Gpt2) => {
            let bad = |error| VocabularyFault::Bad { path: directory.unwrap_or(Path::new("")).to_owned(), error };
            let stock_vocabulary = (*assets::vocabulary()).clone().from_origin("GPT-2's own, as asked for");
            let vocabulary = stock_vocabulary.for_model(&only_model(&own)).map_err(bad)?;
            Ok(whole(others(vocabulary), stock().to_vec()))
        }
        Some(TokenizerChoice::Directory(path)) => {
            let none = || VocabularyFault::NoTokenizer(path.clone());
            if !path.is_dir() {
                return Err(none());
            }
            let found = in_directory(path, &Files::read(path)?, &limits)?.ok_or_else(none)?;
            let bad = |error| VocabularyFault::Bad { path: path.clone(), error };
            let vocabulary = (*found.vocabulary).clone().for_model(&only_model(&own)).map_err(bad)?;
            // What that directory says of generation is about its own model.
            let files = found.files.into_iter().filter(|it| it.0 != "generation_config.json").collect();
            Ok(whole(others(vocabulary), files))
        }
    }
}

/// The vocabulary that a checkpoint itself holds, as the files that would lie beside it. GPT-2's own, however it is written there,
/// becomes its published files.
///
/// # Errors
///
/// [`VocabularyFault`], if it cannot be read.
pub fn vocabulary_of_files(
    files: Vec<(&'static str, Vec<u8>)>,
    rows: usize,
) -> Result<FoundVocabulary, VocabularyFault> {
    let place = Path::new("the words in the checkpoint");
    let missing = || VocabularyFault::Missing { place: place.to_string_lossy().into_owned(), rows };
    let limits = VocabularyLimits::for_rows(rows);
    let files = Files(files);
    let found = in_directory(place, &files, &limits)?.ok_or_else(missing)?;
    if !is_gpt2s(&found.vocabulary) || !found.vocabulary.before().is_empty() {
        return Ok(found);
    }
    let mut stock_files = Files::default();
    for (name, bytes) in files.0.into_iter().filter(|it| it.0 != "tokenizer.json") {
        stock_files.0.push((name, bytes));
    }
    for (name, _) in SMALL_FILES {
        if let Some((_, bytes)) = stock().iter().find(|it| it.0 == name) {
            stock_files.0.push((name, bytes.clone()));
        }
    }
    in_directory(place, &stock_files, &limits)?.ok_or_else(missing)
}

/// Whether the tokens are GPT-2's. That a mark is a piece as well makes no difference: it is found before the merges are asked.
fn is_gpt2s(vocabulary: &Vocabulary) -> bool {
    let stock = assets::vocabulary();
    let (Some(one), Some(other)) = (vocabulary.definition(), stock.definition()) else { return false };
    let pieces = |it: &Definition| -> Vec<(TokenId, String)> {
        let pieces = it.pieces.iter().filter(|(id, _)| !it.added.contains_key(id));
        pieces.map(|(id, piece)| (*id, piece.clone())).collect()
    };
    let marks = |it: &Definition| -> Vec<(TokenId, String, bool)> {
        it.added.iter().map(|(id, it)| (*id, it.content.clone(), it.special)).collect()
    };
    let plain = |it: &Definition| it.normalizer.is_null() && it.pre_tokenizer.is_null() && !it.prefix_space;
    plain(one) && one.merges == other.merges && marks(one) == marks(other) && pieces(one) == pieces(other)
}

/// What the model itself says of the beginning and the end of a text.
fn only_model(own: &Files) -> VocabularyFiles<'_> {
    VocabularyFiles {
        generation_config: own.get("generation_config.json"),
        config: own.get("config.json"),
        ..VocabularyFiles::default()
    }
}

fn in_directory(
    directory: &Path,
    files: &Files,
    limits: &VocabularyLimits,
) -> Result<Option<FoundVocabulary>, VocabularyFault> {
    let bad = |error| VocabularyFault::Bad { path: directory.to_owned(), error };
    let are_gpt2s = files.are_gpt2s();
    let mut view = files.as_vocabulary_files();
    let mut kept: Vec<(String, Vec<u8>)> =
        files.0.iter().filter(|it| it.0 != "config.json").map(|it| (it.0.to_owned(), it.1.clone())).collect();
    if are_gpt2s && view.tokenizer.is_none() {
        // All ids follow from GPT-2's merges.
        view.vocab = stock().iter().find(|it| it.0 == "vocab.json").map(|it| it.1.as_slice());
    }
    let names = SMALL_FILES.iter().map(|it| it.0).filter(|it| files.get(it).is_some());
    let defining = if view.tokenizer.is_some() { "tokenizer.json" } else { "vocab.json and merges.txt" };
    let others = names.filter(|it| !matches!(*it, "config.json" | "tokenizer.json" | "vocab.json" | "merges.txt"));
    let others: Vec<&str> = others.collect();
    let origin = if others.is_empty() { defining.to_owned() } else { format!("{defining}, {}", others.join(", ")) };
    let vocabulary = if are_gpt2s {
        Vocabulary::read_gpt2(&view, &origin, limits).map_err(bad)?
    } else {
        match Vocabulary::read(&view, &origin, limits).map_err(bad)? {
            Some(it) => it,
            None => return Ok(None),
        }
    };
    if are_gpt2s {
        // A file that is missing follows from the others; but beside tokenizer.json some of them would not count any more.
        let is_whole = files.get("added_tokens.json").is_none() && vocabulary.before().is_empty();
        for (name, bytes) in stock() {
            if kept.iter().all(|it| it.0 != *name) && (is_whole || name != "tokenizer.json") {
                kept.push((name.clone(), bytes.clone()));
            }
        }
    }
    Ok(Some(FoundVocabulary { vocabulary: Arc::new(vocabulary), files: kept }))
}

/// What a directory has instead of a tokenizer that can be read.
fn why_missing(directory: &Path, files: &Files, rows: usize) -> VocabularyFault {
    for (there, missing) in [("vocab.json", "merges.txt"), ("merges.txt", "vocab.json")] {
        if files.get(there).is_some() && files.get(missing).is_none() {
            return VocabularyFault::Half { path: directory.to_owned(), there, missing };
        }
    }
    let sentence_piece = "is SentencePiece's model";
    for (name, what) in [
        ("meta.pkl", "is nanoGPT's own table of characters (a pickle)"),
        ("vocab.txt", "is BERT's list of word pieces"),
        ("spiece.model", sentence_piece),
        ("sentencepiece.bpe.model", sentence_piece),
        ("tokenizer.model", sentence_piece),
        ("spm.model", sentence_piece),
    ] {
        let path = directory.join(name);
        if path.is_file() {
            return VocabularyFault::OtherKind { path, what };
        }
    }
    VocabularyFault::Missing { place: visible_path(directory), rows }
}

#[cfg(test)]
mod tests;
