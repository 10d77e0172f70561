//! From `tokenizer.json` to a definition.
//!
//! The file is data, not orders: stored truncation, padding and dropout are not looked at, nor is its decoder, for a token
//! stands for the bytes it is spelled with.
//!
//! Source: the format of Hugging Face's *tokenizers* 0.23.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use tokenizers::utils::SysRegex;

use super::definition::{Added, Definition, VocabularyLimits, short};
use super::error::VocabularyError;
use super::merges::pair_of_line;
use crate::TokenId;

/// The file's name, for messages.
const FILE: &str = "tokenizer.json";

/// What `tokenizer.json` says.
pub(super) struct FromJson {
    pub(super) definition: Definition,
    /// Special tokens that it puts before every text, by their spelling.
    pub(super) before: Vec<String>,
    /// Remarks for people.
    pub(super) notes: Vec<String>,
}

fn malformed(what: impl Into<String>) -> VocabularyError {
    VocabularyError::Malformed { file: FILE, what: what.into() }
}

fn other(what: impl Into<String>) -> VocabularyError {
    VocabularyError::OtherKind { what: what.into() }
}

pub(super) fn parse(bytes: &[u8], limits: &VocabularyLimits) -> Result<FromJson, VocabularyError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| malformed(format!("is no JSON: {e}")))?;
    let model = value.get("model").and_then(Value::as_object).ok_or_else(|| malformed("has no `model`"))?;
    only_bpe(model)?;
    let pieces = pieces(model, limits)?;
    let merges = merges(model)?;
    let added = added(&value, limits)?;
    let normalizer = value.get("normalizer").cloned().unwrap_or_default();
    let pre_tokenizer = value.get("pre_tokenizer").cloned().unwrap_or_default();
    let mut steps = Steps { limits, count: 0, growth: 1, byte_level: None };
    steps.normalizer(&normalizer, 0)?;
    steps.pre_tokenizer(&pre_tokenizer, 0)?;
    let what = "a BPE that does not split a text into bytes";
    let Some(prefix_space) = steps.byte_level else { return Err(other(what)) };
    let plain = pre_tokenizer["type"] == "ByteLevel" && pre_tokenizer["use_regex"] != false;
    let mut definition = Definition::of_pieces(pieces, merges);
    definition.added = added;
    definition.normalizer = normalizer;
    definition.pre_tokenizer = if plain { Value::Null } else { pre_tokenizer };
    definition.prefix_space = plain && prefix_space;
    definition.ignore_merges = model.get("ignore_merges").and_then(Value::as_bool).unwrap_or(false);
    let (before, after) = template(&value["post_processor"], 0, limits);
    let mut notes = Vec::new();
    if !after.is_empty() {
        notes.push(format!("{FILE} puts {} behind a text; a text that goes on is read without it", after.join(", ")));
    }
    Ok(FromJson { definition, before, notes })
}

/// Refuses everything but a BPE whose pieces are cut as GPT-2's are.
fn only_bpe(model: &Map<String, Value>) -> Result<(), VocabularyError> {
    match model.get("type").and_then(Value::as_str) {
        None | Some("BPE") => {}
        Some("Unigram") => return Err(other("a unigram model (SentencePiece)")),
        Some("WordPiece") => return Err(other("WordPiece (BERT)")),
        Some("WordLevel") => return Err(other("a list of whole words")),
        Some(kind) => return Err(other(format!("of the kind {}", short(kind)))),
    }
    let has = |key: &str| model.get(key).and_then(Value::as_str).is_some_and(|it| !it.is_empty());
    if has("continuing_subword_prefix") || has("end_of_word_suffix") {
        return Err(other("a BPE that marks the parts of words"));
    }
    if model.get("byte_fallback").and_then(Value::as_bool) == Some(true) {
        return Err(other("a BPE with bytes as a fallback (SentencePiece)"));
    }
    Ok(())
}

fn pieces(model: &Map<String, Value>, limits: &VocabularyLimits) -> Result<BTreeMap<TokenId, String>, VocabularyError> {
    let vocab = model.get("vocab").and_then(Value::as_object).ok_or_else(|| malformed("has no object `vocab`"))?;
    pieces_of_map(FILE, vocab, limits)
}

/// Pieces by id; two of one id are refused.
pub(super) fn pieces_of_map(
    file: &'static str,
    vocab: &Map<String, Value>,
    limits: &VocabularyLimits,
) -> Result<BTreeMap<TokenId, String>, VocabularyError> {
    let mut pieces = BTreeMap::new();
    for (piece, id) in vocab {
        let what =
            || VocabularyError::Malformed { file, what: format!("gives `{}` no whole number as id", short(piece)) };
        let id = limits.id(file, piece, id.as_u64().ok_or_else(what)?)?;
        if let Some(twin) = pieces.insert(id, piece.clone()) {
            let (a, b) = (short(&twin), short(piece));
            return Err(VocabularyError::Ambiguous(format!("{file} gives `{a}` and `{b}` the same id, {id}")));
        }
    }
    Ok(pieces)
}

/// Older files have a merge as one text, newer ones as a pair.
fn merges(model: &Map<String, Value>) -> Result<Vec<(String, String)>, VocabularyError> {
    let list = model.get("merges").and_then(Value::as_array).ok_or_else(|| malformed("has no list `merges`"))?;
    let merge = |(index, value): (usize, &Value)| {
        let pair = match value {
            Value::String(text) => pair_of_line(text).map(|(left, right)| (left.to_owned(), right.to_owned())),
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(left), Value::String(right)] => Some((left.clone(), right.clone())),
                _ => None,
            },
            _ => None,
        };
        pair.ok_or_else(|| malformed(format!("has a merge that is not two pieces, the {}th", index + 1)))
    };
    list.iter().enumerate().map(merge).collect()
}

fn added(value: &Value, limits: &VocabularyLimits) -> Result<BTreeMap<TokenId, Added>, VocabularyError> {
    let mut added = BTreeMap::new();
    let mut ids: HashMap<String, TokenId> = HashMap::new();
    for it in value.get("added_tokens").and_then(Value::as_array).into_iter().flatten() {
        let (id, token) = added_token(FILE, it.get("id"), it, limits)?;
        if let Some(other) = ids.insert(token.content.clone(), id).filter(|it| *it != id) {
            let content = short(&token.content);
            return Err(VocabularyError::Ambiguous(format!("{FILE} gives `{content}` two ids, {other} and {id}")));
        }
        if let Some(twin) = added.insert(id, token) {
            let content = short(&twin.content);
            return Err(VocabularyError::Ambiguous(format!(
                "{FILE} adds two tokens of the id {id}, one is `{content}`"
            )));
        }
    }
    Ok(added)
}

/// An added token as `tokenizer.json` and `tokenizer_config.json` write it.
pub(super) fn added_token(
    file: &'static str,
    id: Option<&Value>,
    token: &Value,
    limits: &VocabularyLimits,
) -> Result<(TokenId, Added), VocabularyError> {
    let malformed = |what: &str| VocabularyError::Malformed { file, what: what.to_owned() };
    let content = token.get("content").and_then(Value::as_str).filter(|it| !it.is_empty());
    let content = content.ok_or_else(|| malformed("adds a token without content"))?;
    let id = id.and_then(Value::as_u64).ok_or_else(|| malformed("adds a token without an id"))?;
    let id = limits.id(file, content, id)?;
    let flag = |key: &str| token.get(key).and_then(Value::as_bool);
    let special = flag("special").unwrap_or(false);
    let added = Added {
        content: content.to_owned(),
        special,
        single_word: flag("single_word").unwrap_or(false),
        lstrip: flag("lstrip").unwrap_or(false),
        rstrip: flag("rstrip").unwrap_or(false),
        normalized: flag("normalized").unwrap_or(!special),
    };
    Ok((id, added))
}

/// Walks through normalizers and pre-tokenizers and holds them to the bounds before the library makes anything of them.
struct Steps<'a> {
    limits: &'a VocabularyLimits,
    count: usize,
    growth: u64,
    /// Whether the byte-level step was met, and whether it puts a space before the text.
    byte_level: Option<bool>,
}

impl Steps<'_> {
    fn step<'v>(&mut self, value: &'v Value, depth: usize) -> Result<Option<&'v str>, VocabularyError> {
        if value.is_null() {
            return Ok(None);
        }
        self.count += 1;
        let too_large = |what, found: usize, limit: usize| {
            Err(VocabularyError::TooLarge { what, found: found as u64, limit: limit as u64 })
        };
        if self.count > self.limits.steps {
            return too_large("the number of steps of normalizer and pre-tokenizer", self.count, self.limits.steps);
        }
        if depth > self.limits.depth {
            return too_large("the depth of normalizer or pre-tokenizer", depth, self.limits.depth);
        }
        value.get("type").and_then(Value::as_str).map(Some).ok_or_else(|| malformed("has a step without a type"))
    }

    /// A text that a step matches or puts in; its length is bounded.
    fn pattern<'v>(&self, value: &'v Value) -> Result<Option<&'v str>, VocabularyError> {
        let text = ["String", "Regex"].iter().find_map(|kind| value.get(*kind)).unwrap_or(value).as_str();
        let length = text.map_or(0, str::len);
        if length > self.limits.pattern {
            let (what, limit) = ("a pattern of the tokenizer, in bytes,", self.limits.pattern as u64);
            return Err(VocabularyError::TooLarge { what, found: length as u64, limit });
        }
        Ok(text)
    }

    fn grow(&mut self, factor: u64) -> Result<(), VocabularyError> {
        self.growth = self.growth.saturating_mul(factor.max(1));
        let (factor, limit) = (self.growth, self.limits.growth);
        if factor > limit { Err(VocabularyError::Growth { factor, limit }) } else { Ok(()) }
    }

    fn normalizer(&mut self, value: &Value, depth: usize) -> Result<(), VocabularyError> {
        let Some(kind) = self.step(value, depth)? else { return Ok(()) };
        match kind {
            "Sequence" => {
                let list = value.get("normalizers").and_then(Value::as_array);
                let list = list.ok_or_else(|| malformed("has a sequence of normalizers without any"))?;
                list.iter().try_for_each(|it| self.normalizer(it, depth + 1))
            }
            "Replace" => {
                let (pattern, content) = (&value["pattern"], self.pattern(&value["content"])?.unwrap_or_default());
                let text = self.pattern(pattern)?.unwrap_or_default();
                let is_text = pattern.get("String").is_some();
                let puts_before = if is_text { text.is_empty() } else { begins_with_nothing(text) };
                if puts_before {
                    return Err(malformed(
                        "replaces nothing before a text by something, which no reader of the file can do",
                    ));
                }
                // A regular expression may match a single byte, or nothing between any two.
                let (least, gaps) = if is_text { (text.len(), 0) } else { (1, 1) };
                self.grow(content.len().div_ceil(least) as u64 + gaps)
            }
            // Once for every piece between two added tokens, and those may be short.
            "Prepend" => {
                let length = self.pattern(&value["prepend"])?.unwrap_or_default().len();
                self.grow(length as u64)
            }
            // The decomposition that grows most makes 33 bytes of 3.
            "NFKC" | "NFKD" => self.grow(11),
            "NFC" | "NFD" | "Lowercase" => self.grow(3),
            "Strip" | "StripAccents" | "Nmt" => Ok(()),
            "BertNormalizer" => self.grow(5),
            "ByteLevel" => {
                self.byte_level.get_or_insert(false);
                self.grow(2)
            }
            "Precompiled" => Err(other("normalized by a precompiled table (SentencePiece)")),
            kind => Err(other(format!("normalized by {}", short(kind)))),
        }
    }

    fn pre_tokenizer(&mut self, value: &Value, depth: usize) -> Result<(), VocabularyError> {
        let Some(kind) = self.step(value, depth)? else { return Ok(()) };
        match kind {
            "Sequence" => {
                let list = value.get("pretokenizers").and_then(Value::as_array);
                let list = list.ok_or_else(|| malformed("has a sequence of pre-tokenizers without any"))?;
                list.iter().try_for_each(|it| self.pre_tokenizer(it, depth + 1))
            }
            "ByteLevel" => {
                let prefix = value.get("add_prefix_space").and_then(Value::as_bool).unwrap_or(true);
                self.byte_level = Some(prefix);
                Ok(())
            }
            "Split" => self.pattern(&value["pattern"]).map(|_| ()),
            "FixedLength" if value["length"].as_u64() == Some(0) => {
                Err(malformed("splits a text into parts of no length"))
            }
            "Digits" | "Punctuation" | "UnicodeScripts" | "WhitespaceSplit" | "Whitespace" | "CharDelimiterSplit"
            | "BertPreTokenizer" | "FixedLength" => Ok(()),
            "Metaspace" => Err(other("split by Metaspace (SentencePiece)")),
            kind => Err(other(format!("split by {}", short(kind)))),
        }
    }
}

/// Whether a pattern matches no character at the beginning of a text; the library cannot put anything there, and panics.
fn begins_with_nothing(pattern: &str) -> bool {
    const PROBES: [&str; 6] = ["a", " ", "\n", "0", ".", "\u{e9}"];
    let pattern = SysRegex::new(pattern);
    // What is no pattern is refused when it is built.
    pattern.is_ok_and(|it| PROBES.iter().any(|text| it.find_iter(text).next() == Some((0, 0))))
}

/// The special tokens that a post-processor puts before and behind every text.
fn template(value: &Value, depth: usize, limits: &VocabularyLimits) -> (Vec<String>, Vec<String>) {
    match value.get("type").and_then(Value::as_str) {
        Some("Sequence") if depth <= limits.depth => {
            let list = value.get("processors").and_then(Value::as_array);
            let found = list.into_iter().flatten().map(|it| template(it, depth + 1, limits));
            found.fold((Vec::new(), Vec::new()), |(mut before, mut after), it| {
                before.extend(it.0);
                after.extend(it.1);
                (before, after)
            })
        }
        Some("TemplateProcessing") => {
            let single = value.get("single").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let at = single.iter().position(|it| it.get("Sequence").is_some()).unwrap_or(single.len());
            let names = |list: &[Value]| {
                let name = |it: &Value| it["SpecialToken"]["id"].as_str().map(str::to_owned);
                list.iter().filter_map(name).collect()
            };
            (names(&single[..at]), names(&single[at..]))
        }
        Some("RobertaProcessing" | "BertProcessing") => {
            let name = |key: &str| value[key][0].as_str().map(str::to_owned).into_iter().collect();
            (name("cls"), name("sep"))
        }
        _ => (Vec::new(), Vec::new()),
    }
}
