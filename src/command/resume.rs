//! A transcript to go on with, and the model that goes on.

use std::path::{Path, PathBuf};

use super::Exit;
use super::transcripts::{transcript_exit, vocabularies_of};
use crate::document::{Document, Journal, Record, Vocabularies};
use crate::manifest::DEMO;
use crate::store::appender::Appender;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::transcripts::replay;
use crate::text::visible_name;

/// A transcript that is open, with what is known of it.
pub(crate) struct Resumed {
    /// What new lines are written with.
    pub(crate) appender: Appender,
    /// The text, with its branches, as the journal's records give it.
    pub(crate) document: Document,
    /// The words that its tokens are.
    pub(crate) vocabularies: Vocabularies,
    /// The hash of the weights that wrote it last, the name of that model, and where it ran.
    pub(crate) written_by: Option<(String, String, String)>,
    /// Sentences for the user.
    pub(crate) problems: Vec<String>,
    journal: Journal,
}

/// Opens a transcript to go on with it.
///
/// # Errors
///
/// Status 1 if there is none or it cannot be used, 3 if the words that it was written with are not here.
pub(crate) fn open(id: &str, paths: &Paths) -> Result<Resumed, Exit> {
    let (mut appender, journal) = Appender::open(&paths.transcripts, id).map_err(|e| transcript_exit(&e))?;
    let resolved = vocabularies_of(appender.path(), &journal, paths)?;
    let mut problems = Vec::new();
    if !journal.faults.is_sound() {
        problems.push(format!("The transcript {id} is damaged: {}.", journal.faults));
    }
    problems.extend(resolved.remarks().iter().map(|it| format!("The transcript {id} {it}.")));
    resolved.vocabularies.spans().iter().for_each(|it| appender.knows(&it.1));
    let document = replay(&journal);
    let written_by = last_model(&journal).map(|it| (it.sha256, it.name, it.device));
    Ok(Resumed { appender, document, vocabularies: resolved.vocabularies, written_by, problems, journal })
}

/// What a transcript says of the model that wrote it last.
struct Recorded {
    name: String,
    sha256: String,
    path: Option<PathBuf>,
    device: String,
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

impl Resumed {
    /// The model that goes on, by name and directory: the recorded one. `None` if none is recorded.
    ///
    /// # Errors
    ///
    /// Status 3 if the recorded model is not here: which other one goes on is for the user to say.
    pub(crate) fn model(&self, paths: &Paths) -> Result<Option<Named>, Exit> {
        let Some(Recorded { name, sha256, path, .. }) = last_model(&self.journal) else { return Ok(None) };
        if let Some(found) = recorded_model(paths, &name, &sha256, path.as_deref())? {
            return Ok(Some(found));
        }
        let what = if models::find(&paths.models, &name).is_some() {
            format!(
                "the model of that name here has other weights (the transcript's are {})",
                visible_name(&format!("{sha256:.12}"))
            )
        } else {
            "it is not here".to_owned()
        };
        let shown = visible_name(&name);
        let message = format!(
            "the text was written by the model `{shown}`, and {what}. --model NAME goes on with another model: the text is \
             then read again in that one's words, as a new branch"
        );
        Err(Exit { code: 3, message })
    }
}

/// A model by its name and directory; the demo's directory is known once it is installed.
pub(crate) type Named = (String, Option<PathBuf>);

/// The model that a transcript names, found by its weights or by the path that it had; `None` if it is not here.
///
/// Whether the weights at a path are still those is known once they are read.
///
/// # Errors
///
/// If the directory of models cannot be read.
pub(crate) fn recorded_model(
    paths: &Paths,
    name: &str,
    sha256: &str,
    path: Option<&Path>,
) -> Result<Option<Named>, Exit> {
    // A directory of that name is another model.
    if name == DEMO && path.is_none() {
        return Ok(Some((DEMO.to_owned(), None)));
    }
    let is_it = |it: &models::Installed| sha256.is_empty() || it.manifest.weights_sha256 == sha256;
    let named = |it: models::Installed| (it.name, Some(it.directory));
    if let Some(it) = models::find(&paths.models, name).filter(is_it) {
        return Ok(Some(named(it)));
    }
    let all = models::installed(&paths.models).map_err(|e| Exit::failed(e.to_string()))?;
    if let Some(it) = all.into_iter().find(|it| !sha256.is_empty() && is_it(it)) {
        return Ok(Some(named(it)));
    }
    if let Some(path) = path.filter(|it| it.exists()) {
        return Ok(Some((name.to_owned(), Some(path.to_owned()))));
    }
    // A damaged one: loading it says what is wrong.
    let is_damaged = models::exists(&paths.models, name) && models::find(&paths.models, name).is_none();
    Ok(is_damaged.then(|| (name.to_owned(), Some(paths.models.join(name)))))
}
