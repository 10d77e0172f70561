//! What a converted model consists of, and where each part comes from.
//!
//! Both naming schemes end here: [`assemble`] knows every tensor that a GPT-2 has, with its
//! shape, and compares that with what was found.
//!
//! A tensor may lie in several pieces: ranks of a parallel training run keep one each, and a
//! distributed checkpoint cuts where it likes. A [`Joined`] says where each piece belongs.

use std::collections::BTreeMap;

use super::arrange::{Arrange, QkvOrder};
use super::tensors::{Dtype, Tensor};
use super::{Config, Fault, Limits, MapError, both_names};

/// A part of a tensor of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The tensor of the file that the numbers come from, with its offset and strides.
    pub tensor: Tensor,
    /// Where its first element stands in the whole tensor, an index for each dimension.
    pub at: Vec<usize>,
}

/// A whole tensor of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name in the checkpoint, made printable.
    pub source: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its shape in the checkpoint.
    pub shape: Vec<usize>,
    /// They fill it exactly.
    pub pieces: Vec<Piece>,
}

impl Joined {
    /// A tensor that lies in one piece.
    #[must_use]
    pub fn single(source: String, tensor: Tensor) -> Self {
        let (dtype, shape) = (tensor.dtype, tensor.shape.clone());
        let at = vec![0; shape.len()];
        Self { source, dtype, shape, pieces: vec![Piece { tensor, at }] }
    }
}

/// One tensor of the converted model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in the converted model.
    pub name: String,
    /// Its shape in the converted model.
    pub shape: Vec<usize>,
    /// Where its numbers are.
    pub from: Joined,
    /// How they are brought into order.
    pub arrange: Arrange,
    /// The layer it belongs to.
    pub layer: Option<usize>,
}

/// Two tensors that must hold the same numbers, or the model is not what it seems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Same {
    /// The first one's name in the checkpoint.
    pub of: String,
    /// The second one's.
    pub name: String,
    /// The one that is used.
    pub first: Tensor,
    /// The copy of it.
    pub second: Tensor,
}

/// What a checkpoint says about its vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerClaim {
    /// The word table is for GPT-2's own vocabulary.
    Gpt2 {
        /// What shows it, as a clause.
        because: String,
    },
    /// The word table is for another vocabulary, which the file does not hold.
    Other {
        /// The tokenizer's type and size as far as the file has them, a noun phrase for messages.
        what: String,
    },
    /// The file holds it.
    Own(OwnTokenizer),
    /// The file says nothing, as Hugging Face's do.
    Unsaid,
}

/// A tokenizer that lies in the checkpoint itself, as the files that Hugging Face would have beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTokenizer {
    /// Their names and bytes.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Whose way of writing a GPT-2 a checkpoint is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Hugging Face's: `OpenAI`'s matrices and names.
    HuggingFace,
    /// nanoGPT's: Hugging Face's names, matrices as in torch's `Linear`.
    NanoGpt,
    /// Any level of Megatron's.
    Megatron,
    /// llama.cpp's.
    Gguf,
}

/// How to convert one checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The model's numbers.
    pub config: Config,
    /// The type of the word table, named in the model's `config.json`.
    pub dtype: Dtype,
    /// All tensors to write, in the order in which they are written.
    pub targets: Vec<Target>,
    /// What must be compared on the way.
    pub same: Vec<Same>,
    /// Whose vocabulary the rows of the word table are for.
    pub tokenizer: TokenizerClaim,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// What was recognised.
    pub family: Family,
    /// The same in full, for people.
    pub format: String,
}

/// Tensors under their names in the converted model.
pub(super) type Found = BTreeMap<String, Joined>;

/// How the checkpoint's matrices lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As in torch's `Linear`: outputs are rows.
    Linear(QkvOrder),
    /// As in GPT-2's `Conv1D`: outputs are columns.
    Conv1d,
}

/// The size of one dimension.
#[derive(Clone, Copy)]
enum Size {
    Embedding,
    Triple,
    Inner,
}

/// The twelve tensors of a layer, as GPT-2 has them.
const LAYER: [(&str, &[Size]); 12] = [
    ("ln_1.weight", &[Size::Embedding]),
    ("ln_1.bias", &[Size::Embedding]),
    ("attn.c_attn.weight", &[Size::Embedding, Size::Triple]),
    ("attn.c_attn.bias", &[Size::Triple]),
    ("attn.c_proj.weight", &[Size::Embedding, Size::Embedding]),
    ("attn.c_proj.bias", &[Size::Embedding]),
    ("ln_2.weight", &[Size::Embedding]),
    ("ln_2.bias", &[Size::Embedding]),
    ("mlp.c_fc.weight", &[Size::Embedding, Size::Inner]),
    ("mlp.c_fc.bias", &[Size::Inner]),
    ("mlp.c_proj.weight", &[Size::Inner, Size::Embedding]),
    ("mlp.c_proj.bias", &[Size::Embedding]),
];

/// The name of the word table in a converted model.
pub(super) const WORD_TABLE: &str = "transformer.wte.weight";
/// The name of the position table in a converted model.
pub(super) const POSITION_TABLE: &str = "transformer.wpe.weight";
/// The name of an output matrix that is not the word table.
pub(super) const OUTPUT_MATRIX: &str = "lm_head.weight";

/// Compares what was found with what a GPT-2 of these numbers has.
///
/// Whatever stays in `found` is superfluous. `rows` is the height of the word table before its
/// padding is cut off; `own` spells the name of a tensor as the checkpoint would.
pub(super) fn assemble(
    mut found: Found,
    config: &Config,
    rows: usize,
    style: Style,
    own: &dyn Fn(&str) -> String,
    faults: &mut Vec<Fault>,
) -> Vec<Target> {
    let mut assembly = Assembly { targets: Vec::new(), faults, style, heads: config.n_head, own };
    let table = [config.vocab_size, config.n_embd];
    let tall = [rows, config.n_embd];
    assembly.add(&mut found, WORD_TABLE, &table, &tall, None);
    assembly.add(&mut found, POSITION_TABLE, &[config.n_positions, config.n_embd], &[], None);
    for layer in 0..config.n_layer {
        for (suffix, sizes) in LAYER {
            let shape: Vec<usize> = sizes
                .iter()
                .map(|size| match size {
                    Size::Embedding => config.n_embd,
                    Size::Triple => 3 * config.n_embd,
                    Size::Inner => config.n_inner,
                })
                .collect();
            let name = format!("transformer.h.{layer}.{suffix}");
            assembly.add(&mut found, &name, &shape, &[], Some(layer));
        }
    }
    assembly.add(&mut found, "transformer.ln_f.weight", &[config.n_embd], &[], None);
    assembly.add(&mut found, "transformer.ln_f.bias", &[config.n_embd], &[], None);
    if !config.tie_word_embeddings {
        assembly.add(&mut found, OUTPUT_MATRIX, &table, &tall, None);
    }
    let targets = assembly.targets;
    faults.extend(found.into_values().map(|joined| Fault::Extra(joined.source)));
    targets
}

struct Assembly<'a> {
    targets: Vec<Target>,
    faults: &'a mut Vec<Fault>,
    style: Style,
    heads: usize,
    own: &'a dyn Fn(&str) -> String,
}

impl Assembly<'_> {
    /// Adds one target; `source_shape` is empty where it follows from `shape`.
    fn add(&mut self, found: &mut Found, name: &str, shape: &[usize], source_shape: &[usize], layer: Option<usize>) {
        let Some(from) = found.remove(name) else {
            self.faults.push(Fault::Missing(both_names(&(self.own)(name), name)));
            return;
        };
        let matrix = shape.len() == 2 && layer.is_some();
        let qkv = name.contains(".c_attn.");
        let arrange = match self.style {
            Style::Linear(order) if qkv && matrix => Arrange::QkvWeight(order, self.heads),
            Style::Linear(order) if qkv => Arrange::QkvBias(order, self.heads),
            Style::Linear(_) if matrix => Arrange::Transpose,
            Style::Linear(_) | Style::Conv1d => Arrange::Keep,
        };
        let mut expected = if source_shape.is_empty() { shape } else { source_shape }.to_vec();
        if matrix && self.style != Style::Conv1d {
            expected.reverse();
        }
        if from.shape != expected {
            let source = both_names(&from.source, name);
            self.faults.push(Fault::Shape { name: source, found: from.shape, expected });
            return;
        }
        if !from.dtype.is_weight() {
            let found = from.dtype.torch_name();
            self.faults.push(Fault::Dtype { name: both_names(&from.source, name), found });
            return;
        }
        self.targets.push(Target { name: name.to_owned(), shape: shape.to_vec(), from, arrange, layer });
    }
}

/// Turns copies of a tensor into comparisons with it, piece by piece; one of another shape, type
/// or division is a fault.
pub(super) fn compare(original: &Joined, copies: Vec<Joined>, same: &mut Vec<Same>, faults: &mut Vec<Fault>) {
    for copy in copies {
        let name = copy.source;
        if copy.dtype != original.dtype {
            let (found, expected) = (copy.dtype.torch_name(), original.dtype.torch_name());
            faults.push(Fault::Types { name, found, expected });
            continue;
        }
        let alike = copy.pieces.len() == original.pieces.len();
        if copy.shape != original.shape || !alike {
            let (found, expected) = (copy.shape, original.shape.clone());
            faults.push(Fault::Shape { name, found, expected });
            continue;
        }
        for (first, second) in original.pieces.iter().zip(copy.pieces) {
            if second.tensor != first.tensor {
                let of = original.source.clone();
                same.push(Same { of, name: name.clone(), first: first.tensor.clone(), second: second.tensor });
            }
        }
    }
}

/// The sizes that the tensors themselves tell.
pub(super) struct Sizes {
    pub(super) rows: usize,
    pub(super) n_embd: usize,
    pub(super) n_positions: usize,
    pub(super) n_layer: usize,
    pub(super) n_inner: usize,
    pub(super) dtype: Dtype,
}

impl Sizes {
    /// Reads them off the two tables and the first layer.
    pub(super) fn of(
        found: &Found,
        style: Style,
        own: &dyn Fn(&str) -> String,
        limits: &Limits,
    ) -> Result<Self, MapError> {
        let first_matrix = "transformer.h.0.mlp.c_fc.weight";
        let mut faults = Vec::new();
        let mut shape = |name: &str| match found.get(name) {
            Some(Joined { shape, .. }) if shape.len() == 2 && !shape.contains(&0) => (shape[0], shape[1]),
            Some(joined) => {
                faults.push(Fault::Missing(format!("a matrix under the name {}", both_names(&joined.source, name))));
                (0, 0)
            }
            None => {
                faults.push(Fault::Missing(both_names(&own(name), name)));
                (0, 0)
            }
        };
        let (rows, n_embd) = shape(WORD_TABLE);
        let (n_positions, _) = shape(POSITION_TABLE);
        let (outputs, inputs) = shape(first_matrix);
        let n_inner = if style == Style::Conv1d { inputs } else { outputs };
        if !faults.is_empty() {
            return Err(MapError::Faults(faults));
        }
        let layers = found.keys().filter_map(|name| layer_of(name));
        // Each layer needs names in the file, so a number above the count of names is a lie.
        let n_layer = layers.max().map_or(0, |last| last.saturating_add(1)).min(found.len() + 1);
        if n_layer > limits.layers {
            return Err(MapError::TooManyLayers { found: n_layer, limit: limits.layers });
        }
        let dtype = found[WORD_TABLE].dtype;
        Ok(Self { rows, n_embd, n_positions, n_layer, n_inner, dtype })
    }
}

/// The heads of GPT-2's own sizes, by their width; no other width says how many it is divided into.
pub(super) fn heads_of_width(n_embd: usize) -> Option<usize> {
    [(768, 12), (1024, 16), (1280, 20), (1600, 25)].into_iter().find(|it| it.0 == n_embd).map(|it| it.1)
}

/// Whether so many heads, which `said` names, divide the width.
pub(super) fn check_heads(said: &'static str, heads: usize, n_embd: usize) -> Result<usize, MapError> {
    if heads == 0 || !n_embd.is_multiple_of(heads) { Err(MapError::Heads { said, heads, n_embd }) } else { Ok(heads) }
}

/// The layer's number in a converted model's name.
pub(super) fn layer_of(name: &str) -> Option<usize> {
    name.strip_prefix("transformer.h.")?.split('.').next()?.parse().ok()
}
