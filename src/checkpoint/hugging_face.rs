//! GPT-2's own names of its tensors, as Hugging Face and nanoGPT write them.
//!
//! Whatever a training program put before the names is seen through (`wrapping.rs`); masks are left out, and so are
//! heads for other tasks, and the output matrix where it is the word table. nanoGPT keeps its matrices as torch's
//! `Linear` does, the other way round.
//!
//! This is the one place that says which tensors make a GPT-2: the converter, the engine and the export all take their
//! tensors from the [`Plan`] that is made here.
//!
//! Source: `modeling_gpt2.py` of Hugging Face transformers, `model.py` and `train.py` of nanoGPT.

use super::arrange::QkvOrder;
use super::kinds::other_kind;
use super::megatron::Given;
use super::nanogpt::TrainingArguments;
use super::pickle::printable;
use super::plan::{
    Family, Found, Joined, OUTPUT_MATRIX, Plan, Sizes, Style, WORD_TABLE, assemble, check_heads, compare,
    heads_of_width,
};
use super::tensors::Dtype;
use super::tree::{Leaf, Leaves};
use super::wrapping::Wrapping;
use super::{Activation, Config, TokenizerClaim};
use super::{Fault, Limits, MapError};

/// What is known of a model beside its tensors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// From the `config.json` beside the weights.
    pub config: Option<Config>,
    /// From nanoGPT's `model_args` in the file.
    pub arguments: Option<TrainingArguments>,
    /// Heads and sizes that the user states on the command line.
    pub given: Given,
}

/// Names under which some programs keep the output matrix.
const OUTPUT_MATRICES: [&str; 2] = [OUTPUT_MATRIX, "lm_head.decoder.weight"];

/// Beginnings of the names of heads for other tasks. They stand beside the language model and change nothing in it.
const HEADS: [&str; 6] = ["multiple_choice_head.", "score.", "classifier.", "v_head.", "value_head.", "qa_outputs."];

/// Plans the conversion.
///
/// # Errors
///
/// [`MapError::NotGpt2`] if the names are those of another model, [`MapError::NoModel`] if they are none's, else
/// [`MapError`] naming every tensor that is missing, superfluous or of the wrong shape.
pub fn map(leaves: &Leaves, known: &Known, limits: &Limits) -> Result<Plan, MapError> {
    let names = || leaves.by_name.keys().map(String::as_str);
    if let Some((feature, name)) = other_kind(&names()) {
        return Err(MapError::NotGpt2 { feature, evidence: printable(name) });
    }
    let wrapping = Wrapping::of(names())?;
    let mut notes = Vec::new();
    let (mut found, mut copies, mut faults) = rename(leaves, &wrapping, &mut notes);
    let bare = found.values().any(|joined| joined.source == "wte.weight");
    let own = |name: &str| match name.strip_prefix("transformer.") {
        Some(rest) if bare => rest.to_owned(),
        _ => name.to_owned(),
    };
    let tied = known.config.as_ref().is_none_or(|it| it.tie_word_embeddings);
    if tied && !found.contains_key(WORD_TABLE) && !copies.is_empty() {
        // The pair was saved once, under the other name.
        found.insert(WORD_TABLE.to_owned(), copies.remove(0));
    }
    let style = style(&found);
    let sizes = match Sizes::of(&found, style, &own, limits) {
        // What is missing says more together with whatever else is wrong.
        Err(MapError::Faults(missing)) => return Err(MapError::Faults(faults.into_iter().chain(missing).collect())),
        other => other?,
    };
    if let Some(arguments) = &known.arguments {
        arguments.check(sizes.n_layer, sizes.n_embd, sizes.n_positions)?;
    }
    let config = match &known.config {
        Some(config) => {
            let given = known.given.heads;
            let n_head = given.map_or(Ok(config.n_head), |heads| check_heads("--heads", heads, config.n_embd))?;
            if let Some(given) = known.given.vocab.filter(|&it| it != config.vocab_size) {
                return Err(MapError::Contradiction { what: "--vocab", given, found: config.vocab_size });
            }
            if n_head != config.n_head {
                notes.push(format!("--heads {n_head} is taken; config.json says {}", config.n_head));
            }
            Config { n_head, ..config.clone() }
        }
        None => infer(&sizes, style, known, &mut notes)?,
    };
    config.check()?;
    if config.n_layer > limits.layers {
        return Err(MapError::TooManyLayers { found: config.n_layer, limit: limits.layers });
    }
    if style != Style::Conv1d && has_no_bias(&found, known) {
        notes.push("this model has no biases; they are written as zeros, which changes nothing".to_owned());
        add_biases(&mut found, &config, sizes.dtype);
    }
    let mut same = Vec::new();
    if config.tie_word_embeddings {
        compare(&found[WORD_TABLE], copies, &mut same, &mut faults);
    } else {
        for copy in copies {
            if let Some(twice) = found.insert(OUTPUT_MATRIX.to_owned(), copy) {
                faults.push(Fault::Repeated(twice.source));
            }
        }
    }
    let rows = if known.config.is_some() { config.vocab_size } else { sizes.rows };
    let targets = assemble(found, &config, rows, style, &own, &mut faults);
    if !faults.is_empty() {
        return Err(MapError::Faults(faults));
    }
    let (family, format) =
        if style == Style::Conv1d { (Family::HuggingFace, "Hugging Face GPT-2") } else { (Family::NanoGpt, "nanoGPT") };
    Ok(Plan {
        config,
        dtype: sizes.dtype,
        targets,
        same,
        tokenizer: TokenizerClaim::Unsaid,
        notes,
        family,
        format: format.to_owned(),
    })
}

/// Everything but masks and heads, under its name in the converted model; the output matrices apart.
fn rename(leaves: &Leaves, wrapping: &Wrapping, notes: &mut Vec<String>) -> (Found, Vec<Joined>, Vec<Fault>) {
    let mut faults: Vec<Fault> = leaves.repeated.iter().map(|name| Fault::Repeated(printable(name))).collect();
    let (mut found, mut copies, mut heads) = (Found::new(), Vec::new(), Vec::new());
    for (source, leaf) in &leaves.by_name {
        if source.ends_with(".attn.bias") || source.ends_with(".attn.masked_bias") {
            continue;
        }
        let outside = wrapping.outside(source);
        if HEADS.iter().any(|it| outside.starts_with(it)) {
            heads.push(printable(source));
            continue;
        }
        let tensor = match leaf {
            Leaf::Tensor(tensor) => tensor.clone(),
            Leaf::Other(other) => {
                faults.push(Fault::NotATensor { name: printable(source), found: other.clone() });
                continue;
            }
        };
        let joined = Joined::single(printable(source), tensor);
        if OUTPUT_MATRICES.contains(&outside) {
            copies.push(joined);
        } else if let Some(twice) = found.insert(wrapping.target(source), joined) {
            faults.push(Fault::Repeated(twice.source));
        }
    }
    if !heads.is_empty() {
        notes.push(format!("what stands beside the language model is left out: {}", heads.join(", ")));
    }
    (found, copies, faults)
}

/// How the matrices lie, by the one whose two sizes cannot be alike.
fn style(found: &Found) -> Style {
    let shape = |name: &str| found.get(name).map(|it| it.shape.as_slice());
    let width = shape(WORD_TABLE).and_then(|it| it.get(1).copied());
    match (shape("transformer.h.0.attn.c_attn.weight"), width) {
        (Some(&[rows, columns]), Some(width)) if columns == width && rows == width.saturating_mul(3) => {
            Style::Linear(QkvOrder::Blocks)
        }
        _ => Style::Conv1d,
    }
}

/// The numbers of a model without a `config.json`.
fn infer(sizes: &Sizes, style: Style, known: &Known, notes: &mut Vec<String>) -> Result<Config, MapError> {
    let n_embd = sizes.n_embd;
    let arguments = known.arguments.clone().unwrap_or_default();
    let (nothing, assumed) = match style {
        Style::Conv1d => ("there is no config.json beside the weights", "GPT-2's own activation and epsilon"),
        Style::Linear(_) => ("the file has no model_args", "nanoGPT's exact GELU and epsilon"),
    };
    let said = match (known.given.heads, arguments.n_head) {
        (Some(heads), _) => Some(check_heads("--heads", heads, n_embd)?),
        (None, Some(heads)) => Some(check_heads("n_head", heads, n_embd)?),
        (None, None) => None,
    };
    let unknown = || MapError::HeadsUnknown { n_embd, because: nothing.to_owned() };
    let because = || "model_args has no n_head".to_owned();
    let n_head = match said {
        Some(it) => it,
        // Arguments that say other things are not silent about the heads for nothing.
        None if known.arguments.is_some() => return Err(MapError::HeadsUnknown { n_embd, because: because() }),
        None => heads_of_width(n_embd).ok_or_else(unknown)?,
    };
    let activation = if style == Style::Conv1d { Activation::GeluTanh } else { Activation::Gelu };
    if known.arguments.is_none() {
        let heads = if said.is_none() { format!(", and {n_head} heads,") } else { String::new() };
        notes.push(format!("{nothing}; {assumed}{heads} are assumed"));
    }
    Ok(Config {
        vocab_size: vocabulary(sizes, style, known, notes)?,
        n_positions: sizes.n_positions,
        n_embd,
        n_layer: sizes.n_layer,
        n_head,
        n_inner: sizes.n_inner,
        layer_norm_epsilon: 1e-5,
        activation,
        tie_word_embeddings: true,
    })
}

/// How many rows of the word table are words: as many as the user or the user's tokenizer says, else all that are said to be
/// there. No other row is taken for padding.
fn vocabulary(sizes: &Sizes, style: Style, known: &Known, notes: &mut Vec<String>) -> Result<usize, MapError> {
    // nanoGPT rounds the height of its table up to a multiple of 64, others to one of 128.
    const PADDING: usize = 128;
    let rows = sizes.rows;
    let said = known.arguments.as_ref().and_then(|it| it.vocab_size);
    let tokens = known.given.tokens.filter(|&it| style != Style::Conv1d && (1..=rows).contains(&it));
    if let (None, Some(tokens)) = (known.given.vocab, tokens.filter(|&it| it + PADDING <= rows)) {
        return Err(MapError::TokenizerTooSmall { tokens, rows, least: rows - PADDING + 1 });
    }
    let vocab = known.given.vocab.or(tokens).or(said).unwrap_or(rows);
    if vocab > rows || vocab == 0 {
        return Err(MapError::Contradiction { what: "the vocabulary", given: vocab, found: rows });
    }
    if vocab < rows {
        notes.push(format!("{} rows of padding at the end of the word table left out", rows - vocab));
    }
    Ok(vocab)
}

/// Whether it is one of nanoGPT's models without biases: none is there, and nothing says that there should be.
fn has_no_bias(found: &Found, known: &Known) -> bool {
    let said = known.arguments.as_ref().and_then(|it| it.bias);
    said != Some(true) && !found.keys().any(|it| it.rsplit_once('.').is_some_and(|(_, end)| end == "bias"))
}

/// Adds the biases that a GPT-2 has, without numbers: what is not written is zero.
fn add_biases(found: &mut Found, config: &Config, dtype: Dtype) {
    let (width, inner) = (config.n_embd, config.n_inner);
    let parts = [
        ("ln_1", width),
        ("attn.c_attn", 3 * width),
        ("attn.c_proj", width),
        ("ln_2", width),
        ("mlp.c_fc", inner),
        ("mlp.c_proj", width),
    ];
    let mut add = |name: String, length: usize| {
        let zeros = Joined { source: name.clone(), dtype, shape: vec![length], pieces: Vec::new() };
        found.insert(name, zeros);
    };
    for layer in 0..config.n_layer {
        for (part, length) in parts {
            add(format!("transformer.h.{layer}.{part}.bias"), length);
        }
    }
    add("transformer.ln_f.bias".to_owned(), width);
}
