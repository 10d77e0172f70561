//! Megatron's names, row orders and arguments become GPT-2's.
//!
//! Understood are checkpoints of one rank: the flat ones of 2019, those under `language_model`
//! with `transformer` or `encoder`, and Megatron Core's. Everything that makes a model something
//! else than a GPT-2 is refused by name (`features.rs`).
//!
//! Two windows of Megatron's history are mislabelled and cannot be told apart from the content:
//! 28 and 29 September 2020 (no version, but the row order of 1), and one hour on 12 October
//! 2020 (version 1, but the row order of 2).
//!
//! Not here: joining the ranks of one model.
//!
//! Source: Megatron-LM's `checkpointing.py`, `language_model.py` and `arguments.py`, 2019 to 2026.

mod arguments;
mod features;
mod names;

use arguments::Arguments;
use names::Renamed;

use super::arrange::QkvOrder;
use super::pickle::{Node, NodeId, Pickle, printable};
use super::plan::{Found, OUTPUT_MATRIX, Plan, Sizes, Style, WORD_TABLE, assemble, compare};
use super::tensors::{Storages, Tensor};
use super::tree::{Leaf, Leaves};
use super::{Config, Limits};
use super::{Fault, MapError};

/// Rows of GPT-2's vocabulary.
const GPT2_VOCABULARY: usize = 50_257;

/// The tallest word table that GPT-2's vocabulary is padded to: eight ranks, 128 rows each.
const TALLEST_PADDED: usize = 51_200;

/// Numbers that the user gave because the file lacks them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Attention heads per layer.
    pub heads: Option<usize>,
    /// Rows of the word table that are words and not padding.
    pub vocab: Option<usize>,
}

/// Whether the file has the outline of a Megatron checkpoint.
#[must_use]
pub fn recognise(pickle: &Pickle) -> bool {
    let root = pickle.root();
    ["model", "model0"].iter().any(|key| pickle.get(root, key).is_some())
}

/// Plans the conversion of a checkpoint of one rank.
///
/// # Errors
///
/// [`MapError`], naming what makes it another kind of model, or every tensor that is missing,
/// superfluous or of the wrong shape.
pub fn map(pickle: &Pickle, storages: &Storages, given: Given, limits: &Limits) -> Result<Plan, MapError> {
    let root = pickle.root();
    let model = model_entry(pickle)?;
    let leaves = Leaves::collect(pickle, storages, model, limits)?;
    let arguments = Arguments::new(pickle, pickle.get(root, "args"));
    features::check(&leaves, &arguments)?;
    let mut faults = Vec::new();
    let named = rename(&leaves, &mut faults);
    let (order, version) = order(pickle, root, named.core)?;
    let style = Style::Linear(order);
    let Named { mut found, mut copies, .. } = named;
    if found.is_empty() {
        return Err(MapError::NoModel("`model` has no tensor with a known name".to_owned()));
    }
    let sizes = Sizes::of(&found, style)?;
    features::check_shapes(&found, sizes.n_embd)?;
    let mut notes = Vec::new();
    let tied = !found.contains_key(OUTPUT_MATRIX) || arguments.is_tied();
    if tied {
        copies.extend(found.remove(OUTPUT_MATRIX));
    }
    let same = compare(&found[WORD_TABLE].1, copies, &mut faults);
    let config = config(&sizes, &arguments, given, tied, &mut notes)?;
    let targets = assemble(found, &config, sizes.rows, style, &mut faults);
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    let family = if named.core { "Megatron Core" } else { "Megatron" };
    let format = format!("{family} GPT-2, checkpoint version {version}");
    Ok(Plan { config, dtype: sizes.dtype, targets, same, notes, format })
}

/// The dictionary of the model itself.
fn model_entry(pickle: &Pickle) -> Result<NodeId, MapError> {
    let root = pickle.root();
    if pickle.get(root, "model0").is_some() {
        let evidence = "`model0`".to_owned();
        return Err(MapError::NotGpt2 { feature: "layers interleaved over pipeline ranks", evidence });
    }
    let model = pickle.get(root, "model");
    let model = model.ok_or_else(|| MapError::NoModel("it has no entry `model`".to_owned()))?;
    if pickle.items(model).is_none() {
        return Err(MapError::NoModel(format!("`model` is {}", pickle.describe(model))));
    }
    Ok(model)
}

struct Named {
    found: Found,
    /// Copies of the word table that the last pipeline stage keeps.
    copies: Vec<(String, Tensor)>,
    core: bool,
}

fn rename(leaves: &Leaves, faults: &mut Vec<Fault>) -> Named {
    let mut named = Named { found: Found::new(), copies: Vec::new(), core: false };
    faults.extend(leaves.repeated.iter().map(|name| Fault::Repeated(printable(name))));
    for (source, leaf) in &leaves.by_name {
        let shown = printable(source);
        match (names::rename(source), leaf) {
            // What is neither known nor a tensor can change nothing.
            (Renamed::Ignored, _) | (Renamed::Unknown, Leaf::Other(_)) => {}
            (Renamed::Target { name, core }, Leaf::Tensor(tensor)) => {
                named.core |= core;
                let value = (shown, tensor.clone());
                if let Some((twice, _)) = named.found.insert(name, value) {
                    faults.push(Fault::Repeated(twice));
                }
            }
            (Renamed::WordTableCopy, Leaf::Tensor(tensor)) => {
                named.copies.push((shown, tensor.clone()));
            }
            (Renamed::Unknown, Leaf::Tensor(_)) => faults.push(Fault::Extra(shown)),
            (Renamed::Target { .. } | Renamed::WordTableCopy, Leaf::Other(other)) => {
                faults.push(Fault::NotATensor { name: shown, found: other.clone() });
            }
        }
    }
    named
}

/// The row order by the file's version, and the version for people.
fn order(pickle: &Pickle, root: NodeId, core: bool) -> Result<(QkvOrder, String), MapError> {
    let Some(version) = pickle.get(root, "checkpoint_version") else {
        // Core never wrote anything but version 3.
        return Ok(if core { (QkvOrder::Heads, "3".to_owned()) } else { (QkvOrder::Blocks, "0".to_owned()) });
    };
    if *pickle.node(version) == Node::None {
        return Ok((QkvOrder::Blocks, "0".to_owned()));
    }
    let Some(number) = pickle.float(version) else {
        return Err(MapError::Version(pickle.describe(version)));
    };
    let order = if number >= 2.0 {
        QkvOrder::Heads
    } else if (number - 1.0).abs() < f64::EPSILON {
        QkvOrder::Channels
    } else if number == 0.0 {
        QkvOrder::Blocks
    } else {
        return Err(MapError::Version(number.to_string()));
    };
    if number > 3.0 {
        return Err(MapError::Version(number.to_string()));
    }
    Ok((order, number.to_string()))
}

fn config(
    sizes: &Sizes,
    arguments: &Arguments<'_>,
    given: Given,
    tied: bool,
    notes: &mut Vec<String>,
) -> Result<Config, MapError> {
    for (what, key, found) in [
        ("num_layers", "num_layers", sizes.n_layer),
        ("hidden_size", "hidden_size", sizes.n_embd),
        ("ffn_hidden_size", "ffn_hidden_size", sizes.n_inner),
    ] {
        if let Some(given) = arguments.size(key).filter(|&given| given != found) {
            return Err(MapError::Contradiction { what, given, found });
        }
    }
    let n_head = heads(sizes, arguments, given, notes)?;
    let vocab_size = vocabulary(sizes, arguments, given)?;
    if vocab_size < sizes.rows {
        let padding = sizes.rows - vocab_size;
        notes.push(format!("{padding} rows of padding at the end of the word table are left out"));
    }
    let config = Config {
        vocab_size,
        n_positions: sizes.n_positions,
        n_embd: sizes.n_embd,
        n_layer: sizes.n_layer,
        n_head,
        n_inner: sizes.n_inner,
        layer_norm_epsilon: arguments.epsilon(),
        activation: arguments.activation(),
        tie_word_embeddings: tied,
    };
    config.check()?;
    Ok(config)
}

fn heads(sizes: &Sizes, arguments: &Arguments<'_>, given: Given, notes: &mut Vec<String>) -> Result<usize, MapError> {
    if let Some(heads) = given.heads.or(arguments.size("num_attention_heads")) {
        return Ok(heads);
    }
    let n_embd = sizes.n_embd;
    if !n_embd.is_multiple_of(64) {
        return Err(MapError::HeadsUnknown { n_embd });
    }
    notes.push(format!("the file does not say how many heads there are; {} of 64 channels are assumed", n_embd / 64));
    Ok(n_embd / 64)
}

fn vocabulary(sizes: &Sizes, arguments: &Arguments<'_>, given: Given) -> Result<usize, MapError> {
    let rows = sizes.rows;
    let said = arguments.size("orig_vocab_size").or(arguments.size("vocab_size"));
    match given.vocab.or(said) {
        Some(given) if given > rows || given == 0 => {
            Err(MapError::Contradiction { what: "the vocabulary", given, found: rows })
        }
        Some(vocab) => Ok(vocab),
        None if (GPT2_VOCABULARY..=TALLEST_PADDED).contains(&rows) => Ok(GPT2_VOCABULARY),
        None => Ok(rows),
    }
}
