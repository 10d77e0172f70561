//! Megatron's names, row orders and arguments become GPT-2's.
//!
//! Understood are the flat checkpoints of 2019, those under `language_model` with `transformer` or
//! `encoder`, and Megatron Core's; whole, or split over the ranks of a parallel run (`ranks.rs`),
//! or in the distributed format of today (`distributed.rs`). Everything that makes a model
//! something else than a GPT-2 is refused by name (`features.rs`), and so are files that are not of one checkpoint
//! (`agreement.rs`).
//!
//! Two windows of Megatron's history are mislabelled and cannot be told apart from the content:
//! 28 and 29 September 2020 (no version, but the row order of 1), and one hour on 12 October
//! 2020 (version 1, but the row order of 2).
//!
//! Source: Megatron-LM's `checkpointing.py`, `language_model.py` and `arguments.py`, 2019 to 2026.

mod agreement;
mod arguments;
mod distributed;
mod features;
mod names;
mod own_names;
mod ranks;
mod vocabulary;

use std::fmt::Write as _;

pub use distributed::{Chunked, is_model, map_distributed};
pub use ranks::{Place, Rank};

use arguments::Arguments;
use own_names::OwnNames;
use ranks::{Apart, Ranks, Together};

use super::arrange::QkvOrder;
use super::pickle::{Node, NodeId, Pickle};
use super::plan::{
    Family, OUTPUT_MATRIX, Plan, Sizes, Style, WORD_TABLE, assemble, check_heads, compare, heads_of_width,
};
use super::{Config, Limits};
use super::{Fault, MapError};

/// Numbers that the user gave because the file lacks them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Attention heads per layer.
    pub heads: Option<usize>,
    /// Rows of the word table that are words and not padding.
    pub vocab: Option<usize>,
    /// Tokens of the tokenizer that the user gave. It may be taller than the table; then no row is padding.
    pub tokens: Option<usize>,
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
/// [`MapError`], naming what makes it another kind of model, the rank that is of another checkpoint, an argument that
/// cannot be, or every tensor that is missing, superfluous or of the wrong shape.
pub fn map(files: &[Rank<'_>], given: Given, limits: &Limits) -> Result<Plan, MapError> {
    let Some(first) = files.iter().min_by_key(|file| file.place) else {
        return Err(MapError::NoModel("there is no file".to_owned()));
    };
    let root = first.pickle.root();
    agreement::check(files)?;
    let arguments = Arguments::of(Some((first.pickle, root)))?;
    let apart = Apart::collect(files, limits)?;
    features::check(&apart.names(), &arguments)?;
    check_ranks(&arguments, apart.ranks)?;
    let core = apart.names().any(names::is_core);
    let (order, version) = order(first.pickle, root, core)?;
    let mut faults = Vec::new();
    let together = Together::join(&apart, order, &mut faults);
    let family = if core { "Megatron Core" } else { "Megatron" };
    let format = format!("{family} GPT-2, checkpoint version {version}{}", shown(apart.ranks));
    let nothing_said = "it has no training arguments";
    let around = Around { arguments: &arguments, nothing_said, given, limits, ranks: apart.ranks.tensor };
    finish(together, &around, order, format, faults)
}

/// What is known beside the tensors.
struct Around<'a> {
    arguments: &'a Arguments<'a>,
    /// What to say where there are no arguments.
    nothing_said: &'a str,
    given: Given,
    limits: &'a Limits,
    /// Tensor ranks that are here.
    ranks: usize,
}

/// From joined tensors to a plan.
fn finish(
    mut together: Together,
    around: &Around<'_>,
    order: QkvOrder,
    format: String,
    mut faults: Vec<Fault>,
) -> Result<Plan, MapError> {
    let style = Style::Linear(order);
    if together.found.is_empty() {
        return Err(MapError::NoModel("`model` has no tensor with a known name".to_owned()));
    }
    let own_names = OwnNames::of(&together.found, together.core);
    let own = |name: &str| own_names.spell(name);
    let sizes = match Sizes::of(&together.found, style, &own, around.limits) {
        // What is missing says more together with whatever else is wrong.
        Err(MapError::Faults(missing)) => return Err(MapError::Faults(faults.into_iter().chain(missing).collect())),
        other => other?,
    };
    features::check_shapes(&together.found, sizes.n_embd)?;
    let mut notes = Vec::new();
    // Arguments that promise an output matrix of its own are not obeyed without one: it is missing.
    let is_there = together.found.contains_key(OUTPUT_MATRIX);
    let tied = !around.arguments.flag("untie_embeddings_and_output_weights")?.unwrap_or(is_there);
    if tied {
        together.copies.extend(together.found.remove(OUTPUT_MATRIX));
    }
    let mut same = together.same;
    compare(&together.found[WORD_TABLE], together.copies, &mut same, &mut faults);
    let tokenizer = vocabulary::claim(around.arguments, sizes.rows, around.ranks)?;
    let least = vocabulary::least(around.arguments, sizes.rows, around.ranks)?;
    let vocab_size = vocabulary::size(&tokenizer, around.given, sizes.rows, least)?;
    let config = config(&sizes, around, vocab_size, tied, &mut notes)?;
    notes.extend(vocabulary::notes(&tokenizer, vocab_size, sizes.rows));
    let targets = assemble(together.found, &config, sizes.rows, style, &own, &mut faults);
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    Ok(Plan { config, dtype: sizes.dtype, targets, same, tokenizer, notes, family: Family::Megatron, format })
}

/// Compares the numbers of ranks with the arguments.
fn check_ranks(arguments: &Arguments<'_>, ranks: Ranks) -> Result<(), MapError> {
    let count = |key| arguments.count(key);
    for (what, given, found) in [
        ("the number of tensor ranks", arguments.tensor_ranks()?, ranks.tensor),
        ("the number of pipeline ranks", count("pipeline_model_parallel_size")?, ranks.pipeline),
        ("the number of chunks of each rank", count("virtual_pipeline_model_parallel_size")?, ranks.chunks),
    ] {
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
    let version = pickle.get(root, "checkpoint_version").filter(|&version| *pickle.node(version) != Node::None);
    let Some(version) = version else {
        // Core never wrote anything but version 3.
        return Ok(if core { (QkvOrder::Heads, "3".to_owned()) } else { (QkvOrder::Blocks, "0".to_owned()) });
    };
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

/// The model's numbers: those of the tensors where the arguments have none or the same, and those that only the arguments
/// have.
fn config(
    sizes: &Sizes,
    around: &Around<'_>,
    vocab_size: usize,
    tied: bool,
    notes: &mut Vec<String>,
) -> Result<Config, MapError> {
    let arguments = around.arguments;
    for (what, found) in
        [("num_layers", sizes.n_layer), ("hidden_size", sizes.n_embd), ("ffn_hidden_size", sizes.n_inner)]
    {
        if let Some(given) = arguments.count(what)?.filter(|&given| given != found) {
            return Err(MapError::Contradiction { what, given, found });
        }
    }
    // How tall the tables are is seen in the tables; to know better changes nothing.
    for (what, table, found) in [
        ("max_position_embeddings", "position table", sizes.n_positions),
        ("padded_vocab_size", "word table", sizes.rows),
    ] {
        if let Some(given) = arguments.count(what)?.filter(|&given| given != found) {
            notes.push(format!(
                "the training argument {what} is {given}, but the {table} has {found} rows, which count"
            ));
        }
    }
    let config = Config {
        vocab_size,
        n_positions: sizes.n_positions,
        n_embd: sizes.n_embd,
        n_layer: sizes.n_layer,
        n_head: heads(sizes.n_embd, around, notes)?,
        n_inner: sizes.n_inner,
        layer_norm_epsilon: arguments.epsilon()?,
        activation: arguments.activation()?,
        tie_word_embeddings: tied,
    };
    config.check()?;
    Ok(config)
}

/// As many heads as the user says, or the arguments, or as GPT-2 of this width has.
fn heads(n_embd: usize, around: &Around<'_>, notes: &mut Vec<String>) -> Result<usize, MapError> {
    const KEY: &str = "num_attention_heads";
    let said = around.arguments.count(KEY)?;
    if let Some(said) = said.filter(|_| around.given.heads.is_none()) {
        return check_heads(KEY, said, n_embd);
    }
    if let Some(given) = around.given.heads {
        if let Some(said) = said.filter(|&said| said != given) {
            notes.push(format!("--heads {given} is taken; the training argument {KEY} is {said}"));
        }
        return check_heads("--heads", given, n_embd);
    }
    let because =
        if around.arguments.are_there() { "its training arguments do not name it" } else { around.nothing_said };
    let assumed = heads_of_width(n_embd).filter(|_| !around.arguments.are_there());
    let Some(heads) = assumed else {
        return Err(MapError::HeadsUnknown { n_embd, because: because.to_owned() });
    };
    notes.push(format!("{because}; the {heads} heads of GPT-2's width {n_embd} are assumed"));
    Ok(heads)
}
