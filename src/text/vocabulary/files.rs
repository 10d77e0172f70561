//! From the files of a model's directory to its vocabulary, each file counted as Hugging Face counts it.
//!
//! `tokenizer.json` comes first, else `vocab.json` with `merges.txt`. Tokens are added by `tokenizer_config.json`
//! (`added_tokens_decoder`), or else by `added_tokens.json`; `special_tokens_map.json` counts where the first does not stand.
//! What begins and ends a text is said by `generation_config.json`, then by `config.json`, then by the tokenizer itself.
//!
//! Source: `tokenization_utils_base.py`, `tokenization_utils_tokenizers.py` and `generation/configuration_utils.py` of
//! Hugging Face transformers 5.24.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::classes::{check_classes, has_end_of_text, refuse_others};
use super::definition::{Added, Definition, VocabularyLimits, short};
use super::error::VocabularyError;
use super::given::{VocabularyFiles, object};
use super::json::{self, added_token};
use super::merges::{self, END_OF_TEXT};
use crate::TokenId;

/// A definition with what else its files say.
pub(super) struct Read {
    pub(super) definition: Definition,
    pub(super) special: Special,
    pub(super) notes: Vec<String>,
}

/// What begins and ends a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Special {
    pub(super) begin: Option<TokenId>,
    /// In the order in which they are named, each once.
    pub(super) ends: Vec<TokenId>,
    /// What is put before every text.
    pub(super) before: Vec<TokenId>,
}

/// Reads the definition from the files, and what else they say.
pub(super) fn read(files: &VocabularyFiles<'_>, limits: &VocabularyLimits) -> Result<Option<Read>, VocabularyError> {
    let mut notes = Vec::new();
    let (definition, before) = if let Some(bytes) = files.tokenizer {
        check_classes(files, true, &mut notes)?;
        let read = json::parse(bytes, limits)?;
        notes.extend(read.notes);
        (read.definition, read.before)
    } else if let (Some(vocab), Some(merges)) = (files.vocab, files.merges) {
        check_classes(files, false, &mut notes)?;
        (of_vocab_and_merges(vocab, merges, limits)?, Vec::new())
    } else {
        return refuse_others(files).map(|()| None);
    };
    complete(definition, &before, files, limits, notes).map(Some)
}

/// Adds to a definition what the files beside the tokenizer add. `before` are the tokens that it puts before every text.
pub(super) fn complete(
    mut definition: Definition,
    before: &[String],
    files: &VocabularyFiles<'_>,
    limits: &VocabularyLimits,
    mut notes: Vec<String>,
) -> Result<Read, VocabularyError> {
    let config = object("tokenizer_config.json", files.tokenizer_config)?.unwrap_or_default();
    if let Some(prefix) = config.get("add_prefix_space").and_then(Value::as_bool)
        && definition.pre_tokenizer.is_null()
    {
        definition.prefix_space = prefix;
    }
    let named = named(&config, files)?;
    let mut ids = Ids::of(&definition);
    add_tokens(&mut definition, &mut ids, &config, files, &named, limits)?;
    add_named(&mut definition, &mut ids, &named, limits, &mut notes);
    check_ids(&definition)?;
    notes.extend(gaps(&definition));
    let own = |key: &str| named.iter().find(|it| it.key == key).and_then(|it| ids.get(&it.token.content));
    let own = (own("bos_token"), own("eos_token").into_iter().collect::<Vec<_>>());
    let begin = own.0;
    let is_token = |id: TokenId| definition.pieces.contains_key(&id) || definition.added.contains_key(&id);
    let mut special = ends(&is_token, own, files, &mut notes)?;
    let asked = files.tokenizer.is_none() && config.get("add_bos_token").and_then(Value::as_bool) == Some(true);
    special.before = before.iter().filter_map(|it| ids.get(it)).collect();
    if special.before.is_empty() && asked {
        special.before.extend(begin.or(special.begin));
    }
    // A model whose every text begins with a token begins with it.
    special.begin = special.begin.or(special.before.first().copied());
    Ok(Read { definition, special, notes })
}

/// Whether the files beside GPT-2's own tokenizer leave its tokens as they are.
pub(super) fn add_nothing(files: &VocabularyFiles<'_>) -> Result<bool, VocabularyError> {
    let config = object("tokenizer_config.json", files.tokenizer_config)?.unwrap_or_default();
    let is_on = |key: &str| config.get(key).and_then(Value::as_bool) == Some(true);
    let end = Added::special(END_OF_TEXT);
    let marks = named(&config, files)?.iter().all(|it| Added { normalized: false, ..it.token.clone() } == end);
    let has_end = has_end_of_text(files)?;
    let is_null = |key: &&str| config.get(*key).map_or(!has_end && files.special_tokens_map.is_none(), Value::is_null);
    let nulls = ["bos_token", "eos_token"].iter().any(is_null);
    let lists = config.contains_key("added_tokens_decoder") || files.added_tokens.is_some();
    Ok(marks && !nulls && !lists && !is_on("add_prefix_space") && !is_on("add_bos_token"))
}

fn of_vocab_and_merges(vocab: &[u8], merges: &[u8], limits: &VocabularyLimits) -> Result<Definition, VocabularyError> {
    let malformed = |file, what: String| VocabularyError::Malformed { file, what };
    let map = object("vocab.json", Some(vocab))?.unwrap_or_default();
    let pieces = json::pieces_of_map("vocab.json", &map, limits)?;
    let text = std::str::from_utf8(merges).map_err(|e| malformed("merges.txt", format!("is no UTF-8 text: {e}")))?;
    if text.trim_start().starts_with(['{', '<']) {
        return Err(malformed("merges.txt", "is no list of merges but JSON or a web page".into()));
    }
    let mut known = std::collections::HashSet::new();
    known.extend(map.keys().map(String::as_str));
    let mut pairs = Vec::new();
    for (line, left, right) in merges::parse(text)? {
        if !known.contains(left.as_str()) || !known.contains(right.as_str()) {
            return Err(merges::bad(line, &format!("{left} {right}")));
        }
        pairs.push((left, right));
    }
    Ok(Definition::of_pieces(pieces, pairs))
}

/// The id of every spelling, added tokens before pieces.
struct Ids(HashMap<String, TokenId>);

impl Ids {
    fn of(definition: &Definition) -> Self {
        let pieces = definition.pieces.iter().map(|(id, piece)| (piece.clone(), *id));
        let added = definition.added.iter().rev().map(|(id, it)| (it.content.clone(), *id));
        Self(pieces.chain(added).collect())
    }

    fn get(&self, content: &str) -> Option<TokenId> {
        self.0.get(content).copied()
    }

    fn add(&mut self, content: &str, id: TokenId) {
        self.0.insert(content.to_owned(), id);
    }
}

/// A token that a file names for a purpose.
struct Named {
    key: &'static str,
    token: Added,
    file: &'static str,
}

/// The tokens with a purpose: of `tokenizer_config.json`, then of `special_tokens_map.json`, then those of the class.
fn named(config: &Map<String, Value>, files: &VocabularyFiles<'_>) -> Result<Vec<Named>, VocabularyError> {
    const KEYS: [&str; 7] =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    let map = object("special_tokens_map.json", files.special_tokens_map)?.unwrap_or_default();
    // As Hugging Face does: where the one file lists added tokens, the older one does not count.
    let map = if config.contains_key("added_tokens_decoder") { Map::new() } else { map };
    let has_end = has_end_of_text(files)?;
    let mut named = Vec::new();
    for key in KEYS {
        let found = [("special_tokens_map.json", &map), ("tokenizer_config.json", config)];
        let found = found.into_iter().find_map(|(file, map)| Some((file, map.get(key)?)));
        let (file, token) = match found {
            Some((_, Value::Null)) => continue,
            Some((file, value)) => (file, mark(file, value)?),
            // GPT-2's class has it for these, unless a file says otherwise.
            None if has_end && matches!(key, "bos_token" | "eos_token" | "unk_token") => {
                ("", Some(Added::special(END_OF_TEXT)))
            }
            None => continue,
        };
        named.extend(token.map(|token| Named { key, token, file }));
    }
    for (file, map) in [("special_tokens_map.json", &map), ("tokenizer_config.json", config)] {
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            for value in map.get(key).and_then(Value::as_array).into_iter().flatten() {
                named.extend(mark(file, value)?.map(|token| Named { key: "additional_special_tokens", token, file }));
            }
        }
    }
    Ok(named)
}

/// A token that is written as a text, or as an object with a content.
fn mark(file: &'static str, value: &Value) -> Result<Option<Added>, VocabularyError> {
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let content = match value {
        Value::String(content) => Some(content),
        Value::Object(map) => match map.get("content") {
            Some(Value::String(content)) => Some(content),
            _ => None,
        },
        _ => None,
    };
    let malformed = || VocabularyError::Malformed { file, what: "names a token that is no text".into() };
    let content = content.ok_or_else(malformed)?;
    if content.is_empty() {
        return Ok(None);
    }
    Ok(Some(Added {
        single_word: flag("single_word"),
        lstrip: flag("lstrip"),
        rstrip: flag("rstrip"),
        normalized: flag("normalized"),
        ..Added::special(content)
    }))
}

/// Adds what `tokenizer_config.json` or `added_tokens.json` adds.
fn add_tokens(
    definition: &mut Definition,
    ids: &mut Ids,
    config: &Map<String, Value>,
    files: &VocabularyFiles<'_>,
    named: &[Named],
    limits: &VocabularyLimits,
) -> Result<(), VocabularyError> {
    if let Some(decoder) = config.get("added_tokens_decoder") {
        let file = "tokenizer_config.json";
        let malformed = |what: &str| VocabularyError::Malformed { file, what: what.into() };
        let decoder =
            decoder.as_object().ok_or_else(|| malformed("has an `added_tokens_decoder` that is no object"))?;
        for (id, token) in decoder {
            let id = id.parse::<u64>().map(Value::from).map_err(|_| malformed("adds a token whose id is no number"))?;
            let (id, token) = added_token(file, Some(&id), token, limits)?;
            add(definition, ids, file, id, token)?;
        }
        return Ok(());
    }
    let file = "added_tokens.json";
    let Some(map) = object(file, files.added_tokens)? else { return Ok(()) };
    for (content, id) in map {
        let special = named.iter().any(|it| it.token.content == content);
        let what =
            || VocabularyError::Malformed { file, what: format!("gives `{}` no whole number as id", short(&content)) };
        let id = limits.id(file, &content, id.as_u64().ok_or_else(what)?)?;
        // What `tokenizer.json` says of a token is more than this file can say.
        if definition.added.get(&id).is_none_or(|it| it.content != content) {
            add(definition, ids, file, id, Added { special, normalized: !special, ..Added::special(&content) })?;
        }
    }
    Ok(())
}

/// Adds one token; one that is there under another id, or another one under this id, is refused.
fn add(
    definition: &mut Definition,
    ids: &mut Ids,
    file: &str,
    id: TokenId,
    token: Added,
) -> Result<(), VocabularyError> {
    let content = short(&token.content);
    if let Some(other) = ids.get(&token.content).filter(|it| *it != id) {
        let what = format!("{file} gives `{content}` the id {id}, but the tokenizer gives it {other}");
        return Err(VocabularyError::Ambiguous(what));
    }
    let there = definition.added.get(&id).map(|it| &it.content).or_else(|| definition.pieces.get(&id));
    if let Some(there) = there.filter(|it| **it != token.content) {
        let what = format!("{file} gives `{content}` the id {id}, which the tokenizer gives `{}`", short(there));
        return Err(VocabularyError::Ambiguous(what));
    }
    ids.add(&token.content, id);
    definition.added.insert(id, token);
    Ok(())
}

/// Tokens with a purpose are added tokens: those that have an id, and, where the table has rows for them, those that do not.
fn add_named(
    definition: &mut Definition,
    ids: &mut Ids,
    named: &[Named],
    limits: &VocabularyLimits,
    notes: &mut Vec<String>,
) {
    // Some files name thousands.
    const TOLD: usize = 4;
    let mut told = 0;
    let mut tell = |note: String| {
        told += 1;
        if told <= TOLD {
            notes.push(note);
        }
    };
    for Named { token, file, .. } in named {
        if let Some(id) = ids.get(&token.content) {
            definition.added.entry(id).or_insert_with(|| token.clone());
        } else if file.is_empty() {
            // The class names it, no file of this model does.
        } else if definition.len() < limits.rows {
            let id = definition.len() as TokenId;
            tell(format!("{file} names `{}`, which gets the next id, {id}", short(&token.content)));
            ids.add(&token.content, id);
            definition.added.insert(id, token.clone());
        } else {
            let content = short(&token.content);
            tell(format!("{file} names `{content}`, which has no id and no row of the word table; it is no token"));
        }
    }
    if told > TOLD {
        notes.push(format!("the same is so of {} more tokens", told - TOLD));
    }
}

/// An added token that is a piece as well has one id.
fn check_ids(definition: &Definition) -> Result<(), VocabularyError> {
    let ids: std::collections::HashMap<&str, TokenId> =
        definition.pieces.iter().map(|(id, piece)| (piece.as_str(), *id)).collect();
    for (id, it) in &definition.added {
        let content = short(&it.content);
        if let Some(other) = ids.get(it.content.as_str()).filter(|other| *other != id) {
            let what = format!("the added token `{content}` has the id {id}, but as a piece it has {other}");
            return Err(VocabularyError::Ambiguous(what));
        }
        if let Some(piece) = definition.pieces.get(id).filter(|piece| **piece != it.content) {
            let what = format!("the added token `{content}` has the id {id}, which is that of `{}`", short(piece));
            return Err(VocabularyError::Ambiguous(what));
        }
    }
    Ok(())
}

/// What to say where an added token stands behind a gap: the ids are those of the files, and others count them otherwise.
fn gaps(definition: &Definition) -> Option<String> {
    let is_used = |id: &TokenId| definition.pieces.contains_key(id) || definition.added.contains_key(id);
    let gap = (0..definition.len() as TokenId).find(|it| !is_used(it))?;
    let (id, it) = definition.added.range(gap..).find(|it| !definition.pieces.contains_key(it.0))?;
    let content = short(&it.content);
    Some(format!(
        "`{content}` has the id {id}, as its file says, though no token has {gap}; Hugging Face's tokenizers number it anew"
    ))
}

/// What begins and ends a text: `generation_config.json`, then `config.json`, then the tokenizer's `own`.
pub(super) fn ends(
    is_token: &dyn Fn(TokenId) -> bool,
    own: (Option<TokenId>, Vec<TokenId>),
    files: &VocabularyFiles<'_>,
    notes: &mut Vec<String>,
) -> Result<Special, VocabularyError> {
    let generation = object("generation_config.json", files.generation_config)?.unwrap_or_default();
    let config = object("config.json", files.config)?.unwrap_or_default();
    // Tokens that a file names and the vocabulary has not.
    let mut strange: Vec<(&str, u64, &str)> = Vec::new();
    let mut find =
        |key: &'static str, what: &'static str, own: &[TokenId]| -> Result<Option<Vec<TokenId>>, VocabularyError> {
            for (file, map) in [("generation_config.json", &generation), ("config.json", &config)] {
                let Some(value) = map.get(key) else { continue };
                let is_known = |id: &u64| TokenId::try_from(*id).is_ok_and(is_token);
                let (known, unknown): (Vec<u64>, Vec<u64>) = ids(file, key, value)?.into_iter().partition(is_known);
                strange.extend(unknown.first().map(|id| (file, *id, what)));
                let mut ids: Vec<TokenId> = Vec::new();
                for id in known {
                    if !ids.contains(&(id as TokenId)) {
                        ids.push(id as TokenId);
                    }
                }
                if let (Some(own), Some(_)) = (own.first(), ids.first())
                    && !ids.contains(own)
                {
                    let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    let text = format!("{file} says that token {ids} {what} a text, the tokenizer says {own}");
                    notes.push(format!("{text}; the first counts"));
                }
                // `null` is an answer: no token does it.
                if !ids.is_empty() || unknown.is_empty() {
                    return Ok(Some(ids));
                }
            }
            Ok(None)
        };
    let begin = find("bos_token_id", "begins", own.0.as_slice())?;
    let ends = find("eos_token_id", "ends", &own.1)?;
    let begin = begin.map_or(own.0, |it| it.first().copied());
    match strange[..] {
        [(file, id, _), (other, twin, _)] if (file, id) == (other, twin) => {
            notes.push(format!(
                "{file} says that token {id} begins and ends a text, but the vocabulary has no such token"
            ));
        }
        _ => notes.extend(strange.iter().map(|(file, id, what)| {
            format!("{file} says that token {id} {what} a text, but the vocabulary has no such token")
        })),
    }
    Ok(Special { begin, ends: ends.unwrap_or(own.1), before: Vec::new() })
}

/// One id, several, or none.
fn ids(file: &'static str, key: &str, value: &Value) -> Result<Vec<u64>, VocabularyError> {
    let malformed = || VocabularyError::Malformed { file, what: format!("has a `{key}` that is no id") };
    let of_float = |it: &Value| it.as_f64().filter(|it| it.fract() == 0.0 && *it >= 0.0).map(|it| it as u64);
    let whole = |it: &Value| it.as_u64().or_else(|| of_float(it));
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(|it| whole(it).ok_or_else(malformed)).collect(),
        // Some files write -1 where they mean none.
        Value::Number(number) if number.as_i64() == Some(-1) => Ok(Vec::new()),
        other => whole(other).map(|it| vec![it]).ok_or_else(malformed),
    }
}
