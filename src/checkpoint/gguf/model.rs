//! What a GGUF file's keys and names mean where it holds a GPT-2.
//!
//! Source: `LLM_ARCH_GPT2` in `llama-arch.cpp` and `llama-model.cpp` of llama.cpp.

use serde_json::{Map, Value, json};

use super::read::{Entry, Field, Header};
use crate::checkpoint::hugging_face::{self, Known};
use crate::checkpoint::megatron::Given;
use crate::checkpoint::pickle::printable;
use crate::checkpoint::tensors::{Storage, Storages, Tensor};
use crate::checkpoint::{
    Activation, Config, Family, Leaf, Leaves, Limits, MapError, OwnTokenizer, Plan, TokenizerClaim,
};

/// The parts of a layer, in llama.cpp's words and in GPT-2's.
const LAYER: [(&str, &str); 6] = [
    ("attn_norm", "ln_1"),
    ("attn_qkv", "attn.c_attn"),
    ("attn_output", "attn.c_proj"),
    ("ffn_norm", "ln_2"),
    ("ffn_up", "mlp.c_fc"),
    ("ffn_down", "mlp.c_proj"),
];

/// The output matrix, where it is not the table of words.
pub const OUTPUT: &str = "output.weight";

/// Kinds of tokens, by the format's numbers.
const NORMAL: i64 = 1;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// The tensors under GPT-2's names, each a storage of its own that holds its numbers as they are once widened.
///
/// What no GPT-2 has keeps its name, and is refused with it.
#[must_use]
pub fn leaves(header: &Header) -> (Leaves, Storages) {
    let (mut leaves, mut storages) = (Leaves::default(), Storages::default());
    for (storage, entry) in header.tensors.iter().enumerate() {
        let (dtype, shape) = (entry.stored.widened(), entry.shape.clone());
        storages.list.push(Storage { key: entry.name.clone(), dtype, numel: shape.iter().product() });
        let tensor = Tensor::row_major(0, storage, dtype, shape);
        leaves.insert(renamed(&entry.name).unwrap_or_else(|| entry.name.clone()), Leaf::Tensor(tensor));
    }
    (leaves, storages)
}

/// The output matrix and the table of words, where both lie alike: they may be one matrix written twice.
#[must_use]
pub fn perhaps_tied(header: &Header) -> Option<(&Entry, &Entry)> {
    let find = |name: &str| header.tensors.iter().find(|it| it.name == name);
    let (output, words) = (find(OUTPUT)?, find("token_embd.weight")?);
    (output.stored == words.stored && output.shape == words.shape).then_some((output, words))
}

fn renamed(name: &str) -> Option<String> {
    let (stem, end) = name.rsplit_once('.')?;
    let stem = match stem {
        "token_embd" => "transformer.wte".to_owned(),
        "position_embd" => "transformer.wpe".to_owned(),
        "output_norm" => "transformer.ln_f".to_owned(),
        "output" => "lm_head".to_owned(),
        _ => {
            let (layer, part) = stem.strip_prefix("blk.")?.split_once('.')?;
            let part = LAYER.iter().find(|it| it.0 == part)?.1;
            format!("transformer.h.{layer}.{part}")
        }
    };
    Some(format!("{stem}.{end}"))
}

/// Plans the conversion of a file's tensors; `is_tied` says that the output matrix is the table of words, written twice or not at
/// all.
///
/// # Errors
///
/// [`MapError::NotGpt2`] if the file is for another model, else [`MapError`] with what is missing or does not fit.
pub fn map(header: &Header, leaves: &Leaves, is_tied: bool, given: Given, limits: &Limits) -> Result<Plan, MapError> {
    match header.fields.get("general.architecture") {
        Some(Field::Text(it)) if it == "gpt2" => {}
        Some(Field::Text(it)) => {
            return Err(MapError::NotGpt2 { feature: "another architecture", evidence: printable(it) });
        }
        _ => return Err(MapError::NoModel("its GGUF header has no general.architecture".to_owned())),
    }
    if let Some(Field::Integer(count @ 2..)) = header.fields.get("split.count") {
        let what = format!("it is one of {count} files of a model; `llama-gguf-split --merge` makes one of them");
        return Err(MapError::NoModel(what));
    }
    let config = config(header, leaves, is_tied)?;
    let known = Known { config: Some(config), given: Given { vocab: None, tokens: None, ..given }, ..Known::default() };
    let plan = hugging_face::map(leaves, &known, limits)?;
    let mut notes = plan.notes;
    let mut kinds: Vec<&str> = header.tensors.iter().map(|it| it.stored.name()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let widened = header.tensors.iter().any(|it| !it.stored.is_plain());
    if widened {
        notes.push("quantised numbers are widened: Q8_0's to 32 bits, which changes none, others' to 16".to_owned());
    }
    let format = format!("GGUF, {}", kinds.join(", "));
    Ok(Plan { family: Family::Gguf, format, tokenizer: tokenizer(header)?, notes, ..plan })
}

fn integer(header: &Header, key: &'static str) -> Result<usize, MapError> {
    let bad = |found: String| MapError::Argument { key, found, expected: "a whole number from 1 to 16777216" };
    match header.fields.get(key) {
        Some(Field::Integer(it)) => {
            let number = usize::try_from(*it).ok().filter(|it| (1..=1 << 24).contains(it));
            number.ok_or_else(|| bad(it.to_string()))
        }
        Some(_) => Err(bad("no whole number".to_owned())),
        None => Err(bad("not there".to_owned())),
    }
}

fn config(header: &Header, leaves: &Leaves, is_tied: bool) -> Result<Config, MapError> {
    let shape = |name: &str| match leaves.by_name.get(name) {
        Some(Leaf::Tensor(it)) if it.shape.len() == 2 => Ok((it.shape[0], it.shape[1])),
        _ => Err(MapError::NoModel(format!("it has no matrix {name}"))),
    };
    let n_embd = integer(header, "gpt2.embedding_length")?;
    let (vocab_size, _) = shape("transformer.wte.weight")?;
    let epsilon = match header.fields.get("gpt2.attention.layer_norm_epsilon") {
        Some(Field::Float(it)) if it.is_finite() && *it > 0.0 => shortest(*it),
        Some(_) | None => {
            let key = "gpt2.attention.layer_norm_epsilon";
            let found = "not there, or no number above 0".to_owned();
            return Err(MapError::Argument { key, found, expected: "a number above 0" });
        }
    };
    let config = Config {
        vocab_size,
        n_positions: integer(header, "gpt2.context_length")?,
        n_embd,
        n_layer: integer(header, "gpt2.block_count")?,
        n_head: integer(header, "gpt2.attention.head_count")?,
        n_inner: integer(header, "gpt2.feed_forward_length")?,
        layer_norm_epsilon: epsilon,
        // llama.cpp knows no other one for a GPT-2.
        activation: Activation::GeluTanh,
        tie_word_embeddings: is_tied,
    };
    config.check()?;
    Ok(config)
}

/// The file has it in 32 bits: the shortest number that these are of is what was meant, as 1e-5.
fn shortest(epsilon: f64) -> f64 {
    (epsilon as f32).to_string().parse().unwrap_or(epsilon)
}

/// What the file says of its words.
fn tokenizer(header: &Header) -> Result<TokenizerClaim, MapError> {
    let text = |key: &str| match header.fields.get(key) {
        Some(Field::Text(it)) => Some(it.as_str()),
        _ => None,
    };
    let texts = |key: &str| match header.fields.get(key) {
        Some(Field::Texts(it)) => it.as_slice(),
        _ => &[],
    };
    let tokens = texts("tokenizer.ggml.tokens");
    if tokens.is_empty() {
        return Ok(TokenizerClaim::Unsaid);
    }
    let other = |what: String| Ok(TokenizerClaim::Other { what });
    match text("tokenizer.ggml.model") {
        Some("gpt2") => {}
        Some(it) => return other(format!("a tokenizer of the kind {}", printable(it))),
        None => return other("a tokenizer of a kind that the file does not name".to_owned()),
    }
    // How a text is split before the merges; these two names stand for GPT-2's way, and it was the only one before there were names.
    if let Some(it) = text("tokenizer.ggml.pre").filter(|it| !matches!(*it, "gpt-2" | "default" | "")) {
        return other(format!("a tokenizer that splits a text in the way {}", printable(it)));
    }
    let kinds = match header.fields.get("tokenizer.ggml.token_type") {
        Some(Field::Integers(it)) => it.as_slice(),
        _ => &[],
    };
    let number = |key: &str| match header.fields.get(key) {
        Some(Field::Integer(it)) => usize::try_from(*it).ok().filter(|it| *it < tokens.len()),
        _ => None,
    };
    let prepends = matches!(header.fields.get("tokenizer.ggml.add_bos_token"), Some(Field::Bool(true)));
    let begin = number("tokenizer.ggml.bos_token_id");
    let mut ends: Vec<usize> = number("tokenizer.ggml.eos_token_id").into_iter().collect();
    ends.extend(number("tokenizer.ggml.eot_token_id").filter(|it| !ends.contains(it)));
    let marks: Vec<usize> = begin.into_iter().chain(ends.iter().copied()).collect();
    let files = files(tokens, kinds, texts("tokenizer.ggml.merges"), &marks);
    let before = if prepends { begin } else { None };
    Ok(TokenizerClaim::Own(OwnTokenizer { files: with_marks(files, tokens, begin, &ends, before) }))
}

/// The pieces, merges and added tokens, as `tokenizer.json` has them.
fn files(tokens: &[String], kinds: &[i64], merges: &[String], marks: &[usize]) -> Value {
    let (mut vocab, mut added) = (Map::new(), Vec::new());
    for (id, token) in tokens.iter().enumerate() {
        // Older files say no kinds; what begins or ends a text is a mark there.
        let kind = kinds.get(id).copied().unwrap_or(if marks.contains(&id) { CONTROL } else { NORMAL });
        match kind {
            UNUSED => {}
            CONTROL | USER_DEFINED => added.push(json!({
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": kind == CONTROL,
            })),
            _ => _ = vocab.insert(token.clone(), json!(id)),
        }
    }
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    })
}

/// The files beside each other: what begins and ends a text is said by `generation_config.json`.
fn with_marks(
    mut tokenizer: Value,
    tokens: &[String],
    begin: Option<usize>,
    ends: &[usize],
    before: Option<usize>,
) -> Vec<(&'static str, Vec<u8>)> {
    if let Some(id) = before {
        // As Hugging Face's files say that every text is read with a token before it.
        let name = &tokens[id];
        tokenizer["post_processor"] = json!({
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]}},
        });
    }
    let ends = match ends {
        [] => Value::Null,
        [one] => json!(one),
        several => json!(several),
    };
    let generation = json!({"bos_token_id": begin, "eos_token_id": ends});
    let bytes = |it: &Value| serde_json::to_vec(it).unwrap_or_default();
    vec![("tokenizer.json", bytes(&tokenizer)), ("generation_config.json", bytes(&generation))]
}
