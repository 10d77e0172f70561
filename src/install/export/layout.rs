//! Which tensor of a GPT-2 becomes which of the file.

use crate::checkpoint::gguf::{Info, Type};
use crate::checkpoint::safetensors::Entry;
use crate::checkpoint::{Config, Fault, MapError};

use super::Kind;

/// A tensor's way into the file.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where it is.
    pub(super) entry: Entry,
    /// What it becomes.
    pub(super) info: Info,
    /// Whether rows become columns: Hugging Face's `Conv1D` has (inputs, outputs), llama.cpp wants it the other way.
    pub(super) transposed: bool,
    /// Whether it is one of those whose type the caller chooses.
    pub(super) is_matrix: bool,
}

/// What a tensor is.
#[derive(Clone, Copy)]
enum Role {
    /// Stays in 32 bits: a vector, or the table of positions.
    Fine,
    /// A table: one row for each word.
    Table,
    /// A `Conv1D` weight.
    Conv1d,
}

struct Planner<'a> {
    entries: &'a [Entry],
    prefix: &'static str,
    kind: Kind,
    pieces: Vec<Piece>,
    faults: Vec<Fault>,
}

/// All tensors of the file, in its order: the tables, the layers, the end.
///
/// What GPT-2 does not know, as the causal masks of old files, and an output matrix that should be the word table,
/// is left out, as the engine leaves it out.
///
/// # Errors
///
/// [`MapError::Faults`] with everything missing or of the wrong shape or type.
pub(super) fn pieces(config: &Config, entries: &[Entry], kind: Kind) -> Result<Vec<Piece>, MapError> {
    let prefix = if entries.iter().any(|it| it.name == "transformer.wte.weight") { "transformer." } else { "" };
    let layers = entries.iter().filter(|it| it.name.ends_with(".ln_1.weight")).count();
    // Before a number from a file makes as many names.
    if config.n_layer > layers {
        return Err(MapError::Contradiction { what: "n_layer", given: config.n_layer, found: layers });
    }
    let mut it = Planner { entries, prefix, kind, pieces: Vec::new(), faults: Vec::new() };
    let (words, places, width, inner) = (config.vocab_size, config.n_positions, config.n_embd, config.n_inner);
    it.add("wte.weight", "token_embd.weight", &[words, width], Role::Table);
    it.add("wpe.weight", "position_embd.weight", &[places, width], Role::Fine);
    for layer in 0..config.n_layer {
        it.norm(&format!("h.{layer}.ln_1"), &format!("blk.{layer}.attn_norm"), width);
        it.linear(&format!("h.{layer}.attn.c_attn"), &format!("blk.{layer}.attn_qkv"), [width, 3 * width]);
        it.linear(&format!("h.{layer}.attn.c_proj"), &format!("blk.{layer}.attn_output"), [width, width]);
        it.norm(&format!("h.{layer}.ln_2"), &format!("blk.{layer}.ffn_norm"), width);
        it.linear(&format!("h.{layer}.mlp.c_fc"), &format!("blk.{layer}.ffn_up"), [width, inner]);
        it.linear(&format!("h.{layer}.mlp.c_proj"), &format!("blk.{layer}.ffn_down"), [inner, width]);
    }
    it.norm("ln_f", "output_norm", width);
    if !config.tie_word_embeddings {
        it.add("lm_head.weight", "output.weight", &[words, width], Role::Table);
    }
    if it.faults.is_empty() { Ok(it.pieces) } else { Err(MapError::Faults(it.faults)) }
}

impl Planner<'_> {
    fn norm(&mut self, source: &str, target: &str, width: usize) {
        self.add(&format!("{source}.weight"), &format!("{target}.weight"), &[width], Role::Fine);
        self.add(&format!("{source}.bias"), &format!("{target}.bias"), &[width], Role::Fine);
    }

    fn linear(&mut self, source: &str, target: &str, shape: [usize; 2]) {
        self.add(&format!("{source}.weight"), &format!("{target}.weight"), &shape, Role::Conv1d);
        self.add(&format!("{source}.bias"), &format!("{target}.bias"), &shape[1..], Role::Fine);
    }

    fn add(&mut self, source: &str, target: &str, expected: &[usize], role: Role) {
        let name = if source == "lm_head.weight" { source.to_owned() } else { format!("{}{source}", self.prefix) };
        let Some(entry) = self.entries.iter().find(|it| it.name == name) else {
            return self.faults.push(Fault::Missing(name));
        };
        if entry.shape != expected {
            return self.faults.push(Fault::Shape { name, found: entry.shape.clone(), expected: expected.to_vec() });
        }
        if !entry.dtype.is_weight() {
            return self.faults.push(Fault::Dtype { name, found: entry.dtype.torch_name() });
        }
        let transposed = matches!(role, Role::Conv1d);
        let mut shape = expected.to_vec();
        if transposed {
            shape.reverse();
        }
        let is_matrix = !matches!(role, Role::Fine);
        let row = shape.last().copied().unwrap_or(1);
        let kind = if is_matrix { self.kind.of_matrix(row) } else { Type::F32 };
        let info = Info { name: target.to_owned(), shape, kind };
        self.pieces.push(Piece { entry: entry.clone(), info, transposed, is_matrix });
    }
}
