//! Carries a model whose weights can be used as they lie into one GGUF file, which llama.cpp and what is built on it load.
//!
//! What is read is compared with what was installed, as it is when a model is loaded. Memory stays small: one matrix at a
//! time, the tables in pieces. The file is written under a name of its own beside
//! FILE and renamed at the very end, so that a half-made one is never seen.
//!
//! Not here: which model a name means.
//!
//! Source: `convert_hf_to_gguf.py` and the loader of llama.cpp for the names, the keys, and what stays in 32 bits.

mod error;
mod layout;
mod output;
mod vocabulary;
mod weights;

use std::ops::ControlFlow;
use std::path::Path;

pub use error::ExportError;

use crate::checkpoint::gguf::{Type, Value, write_header};
use crate::checkpoint::{Activation, Config};
use crate::directory::Contents;
use crate::integrity;
use crate::text::TokenizerChoice;

/// How the matrices are written. Vectors and the table of positions stay in 32 bits, as llama.cpp wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// 8 bits a number with a scale for every 32.
    Q8_0,
}

impl Kind {
    /// Its name, as llama.cpp writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }

    /// The type of a matrix of such rows.
    fn of_matrix(self, row: usize) -> Type {
        match self {
            Self::F32 => Type::F32,
            // A row has to be whole blocks; llama.cpp's converter too falls back on 16 bits.
            Self::Q8_0 if row.is_multiple_of(crate::checkpoint::gguf::BLOCK) => Type::Q8_0,
            Self::F16 | Self::Q8_0 => Type::F16,
        }
    }

    /// What `general.file_type` says of it.
    fn file_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q8_0 => 7,
        }
    }
}

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What the model is called in the file.
    pub name: &'a str,
    /// How the matrices are written.
    pub kind: Kind,
    /// Replace a file that is there already.
    pub force: bool,
    /// The tokenizer, where the model does not say its words.
    pub tokenizer: Option<&'a TokenizerChoice>,
    /// Attention heads of each layer, where the model does not say.
    pub heads: Option<usize>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Bytes of the file.
    pub bytes: u64,
    /// Numbers in the model.
    pub parameters: u64,
    /// Remarks for people.
    pub notes: Vec<String>,
}

/// Hears of so many bytes of so many; breaking off cancels the export.
pub type Progress<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

/// Whether `output` may be written: nothing is there, or a file that may be replaced and is no part of the model.
///
/// # Errors
///
/// [`ExportError::OutputExists`], [`ExportError::PartOfTheModel`], [`ExportError::Write`] if it is no file, or
/// [`ExportError::Directory`] if there is no model.
pub fn check_output(model: &Path, output: &Path, force: bool) -> Result<(), ExportError> {
    output::check(&Contents::of(model)?, output, force)
}

/// Writes a model to the GGUF file `output`. `model` is a directory or a file of weights that can be used as they lie.
///
/// # Errors
///
/// [`ExportError`]. Nothing is left behind, and a file that was there is as it was.
pub fn export(
    model: &Path,
    output: &Path,
    options: &Options<'_>,
    progress: &mut Progress<'_>,
) -> Result<Exported, ExportError> {
    let contents = Contents::of(model)?;
    let directory = contents.directory.as_deref().unwrap_or(model);
    output::check(&contents, output, options.force)?;
    let damaged = |path, why| ExportError::Damaged { name: options.name.to_owned(), path, why };
    let unsound = |fault: integrity::Fault| match fault {
        integrity::Fault { path, what, newer: true } => ExportError::Newer { path, why: what },
        integrity::Fault { path, what, newer: false } => damaged(path, what),
    };
    let manifest = integrity::quick(directory).map_err(unsound)?;
    let installed = manifest.is_some();
    let checksums = manifest.map(|it| it.checksums).unwrap_or_default();
    let opened = contents.open(options.heads)?.ok_or_else(|| ExportError::NotConverted(model.to_owned()))?;
    let mut weights = weights::Weights::new(opened, installed)?;
    let config = weights.plan().config.clone();
    let pieces = layout::pieces(weights.plan(), options.kind);
    let vocabulary = vocabulary::read(directory, options.tokenizer, config.vocab_size)?;
    let metadata = metadata(&config, &vocabulary, options);
    let infos: Vec<_> = pieces.iter().map(|it| it.info.clone()).collect();
    let header = write_header(&metadata, &infos);
    let total = header.len() as u64 + infos.iter().map(crate::checkpoint::gguf::Info::room).sum::<u64>();

    let mut file = output::Output::create(output, total)?;
    let mut put = |bytes: &[u8]| {
        let done = file.write(bytes)?;
        if progress(done, total).is_break() { Err(ExportError::Cancelled) } else { Ok(()) }
    };
    put(&header)?;
    for piece in &pieces {
        let found = weights.copy(piece, &mut put)?;
        let name = &piece.source;
        if checksums.get(name).is_some_and(|&it| it != found) {
            let path = weights.path_of(piece);
            return Err(damaged(path, format!("the bytes of {name} have changed since the model was installed")));
        }
    }
    file.publish(options.force)?;
    let parameters = infos.iter().map(|it| it.shape.iter().product::<usize>() as u64).sum();
    let mut remarks = weights.plan().notes.clone();
    remarks.extend(vocabulary.notes);
    remarks.extend(notes(&config, &pieces, options.kind));
    Ok(Exported { bytes: total, parameters, notes: remarks })
}

fn metadata(config: &Config, vocabulary: &vocabulary::Vocabulary, options: &Options<'_>) -> Vec<(String, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let size = |size: usize| Value::U32(size as u32);
    let entries = [
        ("general.architecture", text("gpt2")),
        ("general.type", text("model")),
        ("general.name", text(options.name)),
        ("gpt2.block_count", size(config.n_layer)),
        ("gpt2.context_length", size(config.n_positions)),
        ("gpt2.embedding_length", size(config.n_embd)),
        ("gpt2.feed_forward_length", size(config.n_inner)),
        ("gpt2.attention.head_count", size(config.n_head)),
        ("gpt2.attention.layer_norm_epsilon", Value::F32(config.layer_norm_epsilon as f32)),
        ("general.file_type", Value::U32(options.kind.file_type())),
        ("general.quantization_version", Value::U32(2)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("gpt-2")),
        ("tokenizer.ggml.tokens", Value::Texts(vocabulary.tokens.clone())),
        ("tokenizer.ggml.token_type", Value::Numbers(vocabulary.types.clone())),
        ("tokenizer.ggml.merges", Value::Texts(vocabulary.merges.clone())),
        ("tokenizer.ggml.bos_token_id", Value::U32(vocabulary.begin)),
        ("tokenizer.ggml.eos_token_id", Value::U32(vocabulary.ends[0])),
        // GPT-2 reads a prompt as it is; some models want their beginning before it.
        ("tokenizer.ggml.add_bos_token", Value::Bool(vocabulary.prepends)),
        ("tokenizer.ggml.add_eos_token", Value::Bool(false)),
    ];
    let second = vocabulary.ends.get(1).map(|&it| ("tokenizer.ggml.eot_token_id", Value::U32(it)));
    entries.into_iter().chain(second).map(|(key, value)| (key.to_owned(), value)).collect()
}

fn notes(config: &Config, pieces: &[layout::Piece], kind: Kind) -> Vec<String> {
    let mut notes = Vec::new();
    // The two differ by 5e-4 at the most, which is what the 16-bit table loses that ggml looks its GELU up in.
    if config.activation == Activation::Gelu {
        notes.push(
            "this model's GELU is the exact one; llama.cpp computes the tanh formula, which differs by 0.0005 at most"
                .to_owned(),
        );
    }
    let wide = pieces.iter().filter(|it| kind == Kind::Q8_0 && it.is_matrix && it.info.kind != Type::Q8_0).count();
    if wide > 0 {
        notes.push(format!("{wide} matrices are written in 16 bits: their rows do not divide into blocks of 32"));
    }
    notes
}
