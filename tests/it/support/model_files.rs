//! Small GPT-2 directories of any vocabulary: the cases of `tests/data/vocabularies`, and weights whose draws are known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use megachat::TokenId;
use megachat::assets;
use megachat::text::TokenizerChoice;
use megachat::text::vocabulary::gpt2_files;
use serde_json::{Map, Value, json};

use super::torch_files::{Container, Half, bytes_of, flat_file};

/// Channels of each token.
const WIDTH: usize = 8;
const POSITIONS: usize = 64;

/// A directory of a model and what is known of it.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its small files, as `make.py` says them.
    pub(crate) files: Map<String, Value>,
    /// Rows of the word table.
    pub(crate) rows: usize,
    /// What `config.json` says otherwise than usual.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
    /// The tokenizer that the user names: `gpt2`, or the files of another directory.
    pub(crate) given: Option<Value>,
    /// Tokens that the model finds likely; all others are unlikely.
    #[serde(default)]
    pub(crate) logits: BTreeMap<TokenId, f32>,
    pub(crate) kind: Option<String>,
    /// Whether the program itself is run with it.
    #[serde(default)]
    pub(crate) program: bool,
    pub(crate) expected: Option<Expected>,
    /// Texts that cannot be spelled, each with the character and the byte that are to blame.
    #[serde(default)]
    pub(crate) unspelled: Vec<[String; 3]>,
    /// What is said where the directory is refused.
    #[serde(default)]
    pub(crate) refused: Vec<String>,
}

/// What Hugging Face says of it.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Expected {
    pub(crate) len: usize,
    pub(crate) bytes: String,
    pub(crate) added: Vec<(TokenId, String, bool)>,
    pub(crate) texts: Vec<(String, Vec<TokenId>)>,
    pub(crate) begin: Option<TokenId>,
    pub(crate) ends: Vec<TokenId>,
    pub(crate) prepends: bool,
}

#[derive(serde::Deserialize)]
struct Cases {
    bases: BTreeMap<String, BTreeMap<String, String>>,
    cases: Vec<Case>,
}

fn all() -> &'static Cases {
    static CASES: OnceLock<Cases> = OnceLock::new();
    CASES.get_or_init(|| serde_json::from_str(include_str!("../../data/vocabularies/cases.json")).unwrap())
}

/// Every case.
pub(crate) fn cases() -> &'static [Case] {
    &all().cases
}

/// The case of that name.
pub(crate) fn case(name: &str) -> &'static Case {
    cases().iter().find(|it| it.name == name).unwrap_or_else(|| panic!("there is no case `{name}`"))
}

/// A file of a base; GPT-2's own are made from its merges.
fn base(name: &str, file: &str) -> String {
    if name == "gpt2" {
        static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
        let files = FILES.get_or_init(|| gpt2_files(assets::MERGES).unwrap());
        let found = files.iter().find(|it| it.0 == file).unwrap();
        return String::from_utf8(found.1.clone()).unwrap();
    }
    all().bases[name][file].clone()
}

/// The bytes of a file: a text, a value, or a file of a base with changes.
fn content(spec: &Value) -> Vec<u8> {
    if let Some(text) = spec.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(value) = spec.get("json") {
        return value.to_string().into_bytes();
    }
    let mut text = base(spec["of"].as_str().unwrap(), spec["file"].as_str().unwrap());
    for pair in spec["replace"].as_array().into_iter().flatten() {
        text = text.replace(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    let set = spec["set"].as_object();
    if set.is_none() && spec["merges_as_texts"] != true {
        return text.into_bytes();
    }
    let mut value: Value = serde_json::from_str(&text).unwrap();
    for (pointer, new) in set.into_iter().flatten() {
        let (way, last) = pointer.rsplit_once('/').unwrap();
        value.pointer_mut(way).unwrap()[last] = new.clone();
    }
    if spec["merges_as_texts"] == true {
        for merge in value["model"]["merges"].as_array_mut().unwrap() {
            *merge = format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap()).into();
        }
    }
    value.to_string().into_bytes()
}

/// The `config.json` of a model with so many rows; `more` counts before, and what is "absent" is left out.
pub(crate) fn config(rows: usize, more: &Map<String, Value>) -> Value {
    let mut config = json!({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": WIDTH, "n_head": 2, "n_layer": 1,
        "n_positions": POSITIONS, "vocab_size": rows, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
        "bos_token_id": 50256, "eos_token_id": 50256,
    });
    let map = config.as_object_mut().unwrap();
    map.extend(more.clone());
    map.retain(|_, value| value != "absent");
    config
}

/// How the weights lie in their directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `model.safetensors`.
    Single,
    /// The same, with the names of a bare `GPT2Model`.
    WithoutPrefix,
    /// So many files and an index; one is no rarity.
    Shards(usize),
    /// `pytorch_model.bin`.
    Torch,
    /// So many torch files and an index.
    TorchShards(usize),
    /// One safetensors file of another name.
    OddName,
}

/// Every layout that a directory may have.
pub(crate) const LAYOUTS: [Layout; 7] = [
    Layout::Single,
    Layout::WithoutPrefix,
    Layout::Shards(1),
    Layout::Shards(3),
    Layout::Torch,
    Layout::TorchShards(2),
    Layout::OddName,
];

fn filled(value: f32, shape: &[usize]) -> Half {
    let bits = half::f16::from_f32(value).to_bits();
    Half { bits: vec![bits; shape.iter().product()], shape: shape.to_vec() }
}

/// Weights whose scores are the same at every position: `logits`, and -4 for all other tokens.
///
/// The last `LayerNorm` makes one constant vector, so the word table decides alone.
pub(crate) fn tensors(rows: usize, logits: &BTreeMap<TokenId, f32>) -> Vec<(String, Half)> {
    let c = WIDTH;
    let mut table = filled(0.0, &[rows, c]);
    for row in 0..rows {
        let logit = logits.get(&(row as TokenId)).copied().unwrap_or(-4.0);
        table.bits[row * c] = half::f16::from_f32(logit).to_bits();
    }
    let mut bias = filled(0.0, &[c]);
    bias.bits[0] = half::f16::ONE.to_bits();
    let small = |shape: &[usize]| filled(0.02, shape);
    let parts = [
        ("wte.weight", table),
        ("wpe.weight", small(&[POSITIONS, c])),
        ("h.0.ln_1.weight", filled(1.0, &[c])),
        ("h.0.ln_1.bias", filled(0.0, &[c])),
        ("h.0.attn.c_attn.weight", small(&[c, 3 * c])),
        ("h.0.attn.c_attn.bias", filled(0.0, &[3 * c])),
        ("h.0.attn.c_proj.weight", small(&[c, c])),
        ("h.0.attn.c_proj.bias", filled(0.0, &[c])),
        ("h.0.ln_2.weight", filled(1.0, &[c])),
        ("h.0.ln_2.bias", filled(0.0, &[c])),
        ("h.0.mlp.c_fc.weight", small(&[c, 4 * c])),
        ("h.0.mlp.c_fc.bias", filled(0.0, &[4 * c])),
        ("h.0.mlp.c_proj.weight", small(&[4 * c, c])),
        ("h.0.mlp.c_proj.bias", filled(0.0, &[c])),
        ("ln_f.weight", filled(0.0, &[c])),
        ("ln_f.bias", bias),
    ];
    parts.into_iter().map(|(name, tensor)| (format!("transformer.{name}"), tensor)).collect()
}

/// The bytes of a safetensors file.
pub(crate) fn safetensors(tensors: &[(String, Half)]) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), Vec::new());
    for (name, tensor) in tensors {
        let start = data.len();
        data.extend(bytes_of(&tensor.bits));
        let entry = json!({"dtype": "F16", "shape": tensor.shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let mut header = serde_json::to_vec(&header).unwrap();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// Writes weights into a directory; answers the file that one would name.
pub(crate) fn write_weights(directory: &Path, mut tensors: Vec<(String, Half)>, layout: Layout) -> PathBuf {
    let write = |name: &str, bytes: Vec<u8>| {
        std::fs::write(directory.join(name), bytes).unwrap();
        directory.join(name)
    };
    let torch = |tensors: &[(String, Half)]| flat_file(Container::Zip, tensors);
    match layout {
        Layout::Single => write("model.safetensors", safetensors(&tensors)),
        Layout::OddName => write("story.safetensors", safetensors(&tensors)),
        Layout::Torch => write("pytorch_model.bin", torch(&tensors)),
        Layout::WithoutPrefix => {
            for (name, _) in &mut tensors {
                *name = name.strip_prefix("transformer.").unwrap().to_owned();
            }
            write("model.safetensors", safetensors(&tensors))
        }
        Layout::Shards(count) | Layout::TorchShards(count) => {
            let is_torch = matches!(layout, Layout::TorchShards(_));
            let (stem, end) = if is_torch { ("pytorch_model", "bin") } else { ("model", "safetensors") };
            let mut map = Map::new();
            for (index, part) in tensors.chunks(tensors.len().div_ceil(count)).enumerate() {
                let name = format!("{stem}-{:05}-of-{count:05}.{end}", index + 1);
                map.extend(part.iter().map(|it| (it.0.clone(), json!(name))));
                write(&name, if is_torch { torch(part) } else { safetensors(part) });
            }
            let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
            write(&format!("{stem}.{end}.index.json"), index.to_string().into_bytes())
        }
    }
}

/// The files of a map, as `make.py` says them.
fn write_files(directory: &Path, files: &Map<String, Value>) {
    std::fs::create_dir_all(directory).unwrap();
    for (name, spec) in files {
        std::fs::write(directory.join(name), content(spec)).unwrap();
    }
}

impl Case {
    /// Writes the small files into a directory.
    pub(crate) fn write_files(&self, directory: &Path) {
        write_files(directory, &self.files);
        std::fs::write(directory.join("config.json"), config(self.rows, &self.config).to_string()).unwrap();
    }

    /// Writes the whole model into a directory.
    pub(crate) fn write(&self, directory: &Path, layout: Layout) {
        self.write_files(directory);
        write_weights(directory, tensors(self.rows, &self.logits), layout);
    }

    /// What the user says of the tokenizer; its files come into `directory`.
    pub(crate) fn choice(&self, directory: &Path) -> Option<TokenizerChoice> {
        match self.given.as_ref()? {
            Value::Object(files) => {
                write_files(directory, files);
                Some(TokenizerChoice::Directory(directory.to_owned()))
            }
            _ => Some(TokenizerChoice::Gpt2),
        }
    }

    /// The tokens that it draws: the likeliest again and again, until one ends the text.
    pub(crate) fn drawn(&self, count: usize) -> Vec<TokenId> {
        let (&token, _) = self.logits.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let ends = self.expected.as_ref().is_some_and(|it| it.ends.contains(&token));
        vec![token; if ends { 1 } else { count }]
    }

    /// The first text with the tokens that the model reads.
    pub(crate) fn prompt(&self) -> (String, Vec<TokenId>) {
        let expected = self.expected.as_ref().unwrap();
        let (text, ids) = expected.texts[0].clone();
        let begin = expected.begin.filter(|it| expected.prepends && ids.first() != Some(it));
        (text, begin.into_iter().chain(ids).collect())
    }
}
