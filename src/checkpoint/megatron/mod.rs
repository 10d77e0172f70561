//! Megatron's names, row orders and arguments become GPT-2's.
//!
//! Understood are the flat checkpoints of 2019, those under `language_model` with `transformer` or
//! `encoder`, and Megatron Core's; whole, or split over the ranks of a parallel run (`ranks.rs`),
//! or in the distributed format of today (`distributed.rs`). Everything that makes a model
//! something else than a GPT-2 is refused by name (`features.rs`).
//!
//! Two windows of Megatron's history are mislabelled and cannot be told apart from the content:
//! 28 and 29 September 2020 (no version, but the row order of 1), and one hour on 12 October
//! 2020 (version 1, but the row order of 2).
//!
//! Source: Megatron-LM's `checkpointing.py`, `language_model.py` and `arguments.py`, 2019 to 2026.

mod arguments;
mod distributed;
mod features;
mod names;
mod ranks;

use std::fmt::Write as _;

pub use distributed::{Chunked, is_model, map_distributed};
pub use ranks::{Place, Rank};

use arguments::Arguments;
use ranks::{Apart, Ranks, Together};

use super::arrange::QkvOrder;
use super::pickle::{Node, NodeId, Pickle, printable};
use super::plan::{OUTPUT_MATRIX, Plan, Sizes, Style, WORD_TABLE, assemble, compare};
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

/// Plans the conversion of a checkpoint of one or several files.
///
/// # Errors
///
/// [`MapError`], naming what makes it another kind of model, or every tensor that is missing,
/// superfluous or of the wrong shape.
pub fn map(files: &[Rank<'_>], given: Given, limits: &Limits) -> Result<Plan, MapError> {
    let Some(first) = files.iter().min_by_key(|file| file.place) else {
        return Err(MapError::NoModel("there is no file".to_owned()));
    };
    let root = first.pickle.root();
    let arguments = Arguments::of(Some((first.pickle, root)));
    let apart = Apart::collect(files, limits)?;
    features::check(&apart.names(), &arguments)?;
    check_ranks(&arguments, apart.ranks)?;
    let core = apart.names().any(names::is_core);
    let (order, version) = order(first.pickle, root, core)?;
    let mut faults = Vec::new();
    let together = Together::join(&apart, order, &mut faults);
    let family = if core { "Megatron Core" } else { "Megatron" };
    let format = format!("{family} GPT-2, checkpoint version {version}{}", shown(apart.ranks));
    finish(together, &arguments, order, (given, limits), format, faults)
}

/// From joined tensors to a plan.
fn finish(
    mut together: Together,
    arguments: &Arguments<'_>,
    order: QkvOrder,
    (given, limits): (Given, &Limits),
    format: String,
    mut faults: Vec<Fault>,
) -> Result<Plan, MapError> {
    let style = Style::Linear(order);
    if together.found.is_empty() {
        return Err(MapError::NoModel("`model` has no tensor with a known name".to_owned()));
    }
    let sizes = match Sizes::of(&together.found, style, limits) {
        // What is missing says more together with whatever else is wrong.
        Err(MapError::Faults(missing)) => return Err(MapError::Faults(faults.into_iter().chain(missing).collect())),
        other => other?,
    };
    features::check_shapes(&together.found, sizes.n_embd)?;
    let mut notes = Vec::new();
    let tied = !together.found.contains_key(OUTPUT_MATRIX) || arguments.is_tied();
    if tied {
        together.copies.extend(together.found.remove(OUTPUT_MATRIX));
    }
    let mut same = together.same;
    compare(&together.found[WORD_TABLE], together.copies, &mut same, &mut faults);
    let config = config(&sizes, arguments, given, tied, &mut notes)?;
    let targets = assemble(together.found, &config, sizes.rows, style, &mut faults);
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    Ok(Plan { config, dtype: sizes.dtype, targets, same, notes, format })
}

/// Compares the numbers of ranks with the arguments.
fn check_ranks(arguments: &Arguments<'_>, ranks: Ranks) -> Result<(), MapError> {
    for (what, keys, found) in [
        ("the number of tensor ranks", &["tensor_model_parallel_size", "model_parallel_size"][..], ranks.tensor),
        ("the number of pipeline ranks", &["pipeline_model_parallel_size"], ranks.pipeline),
        ("the number of chunks of each rank", &["virtual_pipeline_model_parallel_size"], ranks.chunks),
    ] {
        let given = keys.iter().find_map(|key| arguments.size(key));
        if let Some(given) = given.filter(|&given| given != found) {
            return Err(MapError::Ranks { what, given, found });
        }
    }
    Ok(())
}

/// How the model was split, for people.
fn shown(ranks: Ranks) -> String {
    let mut text = String::new();
    for (count, what) in
        [(ranks.tensor, "tensor ranks"), (ranks.pipeline, "pipeline ranks"), (ranks.chunks, "chunks each")]
    {
        if count > 1 {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
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
        let rows = if padding == 1 { "1 row of padding" } else { &format!("{padding} rows of padding") };
        notes.push(format!("{rows} at the end of the word table left out"));
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
