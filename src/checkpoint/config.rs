//! The numbers that describe a GPT-2, as `config.json` holds them.
//!
//! Not here: where the numbers come from when a checkpoint has no such file
//! ([`super::megatron`]).
//!
//! Source: `configuration_gpt2.py` of Hugging Face transformers, whose defaults stand for
//! whatever a file leaves out.

use serde_json::{Map, Value, json};

/// The largest size taken from a file, far above any GPT-2, so that products cannot overflow; with it in words.
const LARGEST: (u64, &str) = (1 << 24, "a whole number from 1 to 16777216");

/// The same for layers ([`super::Limits::layers`]): each becomes a dozen names of tensors, whether there are any or not.
const MOST_LAYERS: (u64, &str) = (4_096, "a whole number from 1 to 4096");

/// The function between the two matrices of the feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// GELU by its tanh formula; three spellings of it agree to 1e-6.
    GeluTanh,
    /// GELU by the error function.
    Gelu,
}

/// The numbers of one GPT-2 model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Rows of the word table.
    pub vocab_size: usize,
    /// Longest context, in tokens.
    pub n_positions: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Number of layers.
    pub n_layer: usize,
    /// Attention heads per layer.
    pub n_head: usize,
    /// Width of the feed-forward part.
    pub n_inner: usize,
    /// Variance floor of every layer norm.
    pub layer_norm_epsilon: f64,
    /// The feed-forward part's function.
    pub activation: Activation,
    /// Whether the output matrix is the word table.
    pub tie_word_embeddings: bool,
}

/// Why a `config.json` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is not a JSON object.
    #[error("config.json is not a JSON object: {0}")]
    NotJson(String),
    /// The file describes another kind of model.
    #[error("config.json: `model_type` is `{found}`, expected `gpt2`")]
    NotGpt2 {
        /// The kind it names.
        found: String,
    },
    /// The file names no kind of model, but a class of another kind.
    #[error("config.json: `architectures` is `{found}`, expected a GPT-2")]
    Architecture {
        /// The class it names.
        found: String,
    },
    /// A value has the wrong type or is out of range.
    #[error("config.json: `{key}` is {found}, expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A switch changes the arithmetic in a way that is not supported.
    #[error("config.json: `{key}` = {found} is not supported")]
    Unsupported {
        /// The key.
        key: &'static str,
        /// The value of the switch, as `config.json` writes it.
        found: String,
    },
    /// The width does not divide into heads.
    #[error("config.json: `n_embd` {n_embd} is not a multiple of `n_head` {n_head}")]
    Heads {
        /// Width of the residual stream.
        n_embd: usize,
        /// Number of heads.
        n_head: usize,
    },
}

impl Config {
    /// Reads any Hugging Face GPT-2 `config.json`.
    ///
    /// The names that other models give the same numbers (`attribute_map` of `GPT2Config`) are read too; where a file
    /// has both, transformers takes the other name's.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file is not JSON, is for another model, or asks for arithmetic
    /// that the engine does not do.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| ConfigError::NotJson(error.to_string()))?;
        let Value::Object(map) = value else {
            return Err(ConfigError::NotJson("the outermost value is not an object".to_owned()));
        };
        refuse_other_models(&map)?;
        let n_embd = size(&map, &["hidden_size", "n_embd"], 768)?;
        let config = Self {
            vocab_size: size(&map, &["vocab_size"], 50_257)?,
            n_positions: size(&map, &["max_position_embeddings", "n_positions"], 1_024)?,
            n_embd,
            n_layer: size_within(MOST_LAYERS, &map, &["num_hidden_layers", "n_layer"], 12)?,
            n_head: size(&map, &["num_attention_heads", "n_head"], 12)?,
            n_inner: size(&map, &["n_inner"], 4 * n_embd)?,
            layer_norm_epsilon: epsilon(&map)?,
            activation: activation(&map)?,
            tie_word_embeddings: flag(&map, "tie_word_embeddings", true)?,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether the numbers fit each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Heads`] if the width does not divide into heads.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.n_head == 0 || !self.n_embd.is_multiple_of(self.n_head) {
            return Err(ConfigError::Heads { n_embd: self.n_embd, n_head: self.n_head });
        }
        Ok(())
    }

    /// The `config.json` that transformers reads: pretty-printed, with a final line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        print_json(&self.to_value())
    }

    /// The same for weights of a number type, which transformers loads them in, and for a vocabulary: the ids that begin and
    /// end a text, each a number, a list, or null.
    pub(crate) fn to_json_for(&self, dtype: &str, begin: &Value, ends: &Value) -> String {
        let mut value = self.to_value();
        value["torch_dtype"] = json!(dtype);
        value["bos_token_id"] = begin.clone();
        value["eos_token_id"] = ends.clone();
        print_json(&value)
    }

    fn to_value(&self) -> Value {
        let activation = match self.activation {
            Activation::GeluTanh => "gelu_new",
            Activation::Gelu => "gelu",
        };
        json!({
            "activation_function": activation,
            "architectures": ["GPT2LMHeadModel"],
            "attn_pdrop": 0.1,
            "bos_token_id": 50_256,
            "embd_pdrop": 0.1,
            "eos_token_id": 50_256,
            "initializer_range": 0.02,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "model_type": "gpt2",
            "n_ctx": self.n_positions,
            "n_embd": self.n_embd,
            "n_head": self.n_head,
            "n_inner": self.n_inner,
            "n_layer": self.n_layer,
            "n_positions": self.n_positions,
            "reorder_and_upcast_attn": false,
            "resid_pdrop": 0.1,
            "scale_attn_by_inverse_layer_idx": false,
            "scale_attn_weights": true,
            "summary_activation": null,
            "summary_first_dropout": 0.1,
            "summary_proj_to_labels": true,
            "summary_type": "cls_index",
            "summary_use_proj": true,
            "tie_word_embeddings": self.tie_word_embeddings,
            "tokenizer_class": "GPT2Tokenizer",
            "use_cache": true,
            "vocab_size": self.vocab_size,
        })
    }
}

fn print_json(value: &Value) -> String {
    format!("{value:#}\n")
}

fn refuse_other_models(map: &Map<String, Value>) -> Result<(), ConfigError> {
    match present(map, "model_type") {
        Some(Value::String(kind)) if kind == "gpt2" => {}
        Some(Value::String(kind)) => {
            return Err(ConfigError::NotGpt2 { found: super::pickle::printable(kind) });
        }
        Some(other) => {
            return Err(ConfigError::NotGpt2 { found: shown(other) });
        }
        None => by_architecture(map)?,
    }
    for (key, allowed) in
        [("scale_attn_by_inverse_layer_idx", false), ("scale_attn_weights", true), ("add_cross_attention", false)]
    {
        if flag(map, key, allowed)? != allowed {
            return Err(ConfigError::Unsupported { key, found: (!allowed).to_string() });
        }
    }
    Ok(())
}

/// What kind of model it is, where no `model_type` says so, as in files of 2019.
fn by_architecture(map: &Map<String, Value>) -> Result<(), ConfigError> {
    let names = present(map, "architectures").and_then(Value::as_array);
    match names.and_then(|it| it.first()).and_then(Value::as_str) {
        Some(name) if name.starts_with("GPT2") => Ok(()),
        Some(name) => Err(ConfigError::Architecture { found: super::pickle::printable(name) }),
        None if map.contains_key("n_embd") => Ok(()),
        None => Err(ConfigError::NotGpt2 { found: "absent".to_owned() }),
    }
}

/// A value that is neither absent nor null.
fn present<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).filter(|value| !value.is_null())
}

/// A size under the first of its names that is there. Programs that know no integers write it as `12.0`.
fn size(map: &Map<String, Value>, names: &[&'static str], default: usize) -> Result<usize, ConfigError> {
    size_within(LARGEST, map, names, default)
}

/// The same, where another one is the largest; it comes with the words for what is allowed.
fn size_within(
    (largest, expected): (u64, &'static str),
    map: &Map<String, Value>,
    names: &[&'static str],
    default: usize,
) -> Result<usize, ConfigError> {
    let found = names.iter().find_map(|&key| present(map, key).map(|value| (key, value)));
    let Some((key, value)) = found else {
        return Ok(default);
    };
    let whole =
        |number: f64| (number.fract() == 0.0 && (1.0..=largest as f64).contains(&number)).then_some(number as u64);
    match value.as_u64().or_else(|| value.as_f64().and_then(whole)) {
        Some(number) if (1..=largest).contains(&number) => Ok(number as usize),
        _ => Err(ConfigError::BadValue { key, expected, found: shown(value) }),
    }
}

fn flag(map: &Map<String, Value>, key: &'static str, default: bool) -> Result<bool, ConfigError> {
    let Some(value) = present(map, key) else {
        return Ok(default);
    };
    value.as_bool().ok_or_else(|| ConfigError::BadValue { key, expected: "true or false", found: shown(value) })
}

fn epsilon(map: &Map<String, Value>) -> Result<f64, ConfigError> {
    let key = "layer_norm_epsilon";
    let Some(value) = present(map, key) else {
        return Ok(1e-5);
    };
    // YAML reads `1e-05` as a text, and files that went through it have one.
    match value.as_f64().or_else(|| value.as_str()?.parse().ok()) {
        Some(number) if number > 0.0 && number < 1.0 => Ok(number),
        _ => {
            let expected = "a number between 0 and 1";
            Err(ConfigError::BadValue { key, expected, found: shown(value) })
        }
    }
}

fn activation(map: &Map<String, Value>) -> Result<Activation, ConfigError> {
    let key = "activation_function";
    let Some(value) = present(map, key) else {
        return Ok(Activation::GeluTanh);
    };
    match value.as_str() {
        Some("gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" | "gelu_accurate") => Ok(Activation::GeluTanh),
        Some("gelu" | "gelu_python") => Ok(Activation::Gelu),
        _ => Err(ConfigError::Unsupported { key, found: shown(value) }),
    }
}

/// A value from the file, short enough for one line of a message.
fn shown(value: &Value) -> String {
    super::pickle::printable(&value.to_string())
}
