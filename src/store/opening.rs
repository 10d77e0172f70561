//! A transcript that is opened to go on with it: its text, its words, and the model that wrote it.

use std::io;
use std::path::{Path, PathBuf};

use super::appender::Appender;
use super::models;
use super::paths::Paths;
use super::transcripts::{TranscriptError, replay};
use super::vocabularies::{self, WordsMissing};
use crate::document::{Document, Journal, Record, Vocabularies};
use crate::manifest::DEMO;
use crate::text::visible_name;

/// A transcript that is open, with what is known of it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The name of its file, without the ending.
    pub id: String,
    /// The text, with its branches, as the journal's records give it.
    pub document: Document,
    /// The words that its tokens are.
    pub vocabularies: Vocabularies,
    /// What wrote it last, if any model did.
    pub written_by: Option<Recorded>,
    /// Whether that model is here, and where.
    pub model: Model,
    /// Sentences for the user.
    pub problems: Vec<String>,
}

/// By name and text: what the words are follows from these.
impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.document == other.document
    }
}

/// What a transcript says of the model that wrote it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The name it was installed under, or that of its directory.
    pub name: String,
    /// SHA-256 of its weights; empty if unknown.
    pub sha256: String,
    /// Where it lay, if it was not an installed one.
    pub path: Option<PathBuf>,
    /// Where it ran.
    pub device: String,
}

/// The model that wrote a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// None is recorded.
    None,
    /// It is here.
    Here(Named),
    /// It is not, and why not, as the rest of a sentence about it.
    Missing(String),
}

/// A model by its name and directory; the demo's directory is known once it is installed.
pub type Named = (String, Option<PathBuf>);

/// Why a transcript cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be used.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// Its words are not here.
    #[error(transparent)]
    Words(#[from] WordsMissing),
    /// The directory of models cannot be read.
    #[error("the models cannot be read: {0}")]
    Models(#[from] io::Error),
}

/// Opens a transcript by its name, to go on with it.
///
/// # Errors
///
/// If there is none or it cannot be used, another program writes it, or its words are not here.
pub fn open(id: &str, paths: &Paths) -> Result<(Appender, Opened), OpenError> {
    let (mut appender, journal) = Appender::open(&paths.transcripts, id)?;
    let resolved = vocabularies::of(&journal, appender.path(), paths)?;
    let mut problems = Vec::new();
    let name = visible_name(id);
    if !journal.faults.is_sound() {
        problems.push(format!("The transcript {name} is damaged: {}.", journal.faults));
    }
    problems.extend(resolved.remarks().iter().map(|it| format!("The transcript {name} {it}.")));
    resolved.vocabularies.spans().iter().for_each(|it| appender.knows(&it.1));
    let (document, written_by) = (replay(&journal), last_model(&journal));
    let model = match &written_by {
        None => Model::None,
        Some(it) => model(it, paths)?,
    };
    let id = appender.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok((appender, Opened { id, document, vocabularies: resolved.vocabularies, written_by, model, problems }))
}

fn last_model(journal: &Journal) -> Option<Recorded> {
    journal.records.iter().rev().find_map(|it| match it {
        Record::Model { name, sha256, path, device, .. } => {
            let (name, sha256, path, device) = (name.clone(), sha256.clone(), path.clone(), device.clone());
            Some(Recorded { name, sha256, path, device })
        }
        _ => None,
    })
}

fn model(recorded: &Recorded, paths: &Paths) -> io::Result<Model> {
    let Recorded { name, sha256, path, .. } = recorded;
    if let Some(found) = recorded_model(&paths.models, name, sha256, path.as_deref())? {
        return Ok(Model::Here(found));
    }
    Ok(Model::Missing(if models::find(&paths.models, name).is_some() {
        let sha256 = visible_name(&format!("{sha256:.12}"));
        format!("the model of that name here has other weights (the transcript's are {sha256})")
    } else {
        "it is not here".to_owned()
    }))
}

/// The model that a transcript names, found by its weights or by the path that it had; `None` if it is not here.
///
/// Whether the weights at a path are still those is known once they are read.
///
/// # Errors
///
/// If the directory of models cannot be read.
pub fn recorded_model(all: &Path, name: &str, sha256: &str, path: Option<&Path>) -> io::Result<Option<Named>> {
    // A directory of that name is another model.
    if name == DEMO && path.is_none() {
        return Ok(Some((DEMO.to_owned(), None)));
    }
    let is_it = |it: &models::Installed| sha256.is_empty() || it.manifest.weights_sha256 == sha256;
    let named = |it: models::Installed| (it.name, Some(it.directory));
    if let Some(it) = models::find(all, name).filter(is_it) {
        return Ok(Some(named(it)));
    }
    if let Some(it) = models::installed(all)?.into_iter().find(|it| !sha256.is_empty() && is_it(it)) {
        return Ok(Some(named(it)));
    }
    if let Some(path) = path.filter(|it| it.exists()) {
        return Ok(Some((name.to_owned(), Some(path.to_owned()))));
    }
    // A damaged one: loading it says what is wrong.
    let is_damaged = models::exists(all, name) && models::find(all, name).is_none();
    Ok(is_damaged.then(|| (name.to_owned(), Some(all.join(name)))))
}
