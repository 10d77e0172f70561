//! A transcript to go on with, and the model that goes on.

use std::path::Path;

use super::Exit;
use super::transcripts::{meant, transcript_exit};
use crate::store::appender::Appender;
use crate::store::opening::{self, Model, Named, OpenError, Opened};
use crate::store::paths::Paths;
use crate::text::visible_name;

/// Opens a transcript to go on with it.
///
/// # Errors
///
/// Status 1 if there is none or it cannot be used, 3 if the words that it was written with are not here.
pub(crate) fn open(id: &str, paths: &Paths) -> Result<(Appender, Opened), Exit> {
    opening::open(&meant(id, paths)?, paths).map_err(|e| match e {
        OpenError::Transcript(it) => transcript_exit(&it),
        OpenError::Words(_) => Exit { code: 3, message: e.to_string() },
        OpenError::Models(_) => Exit::failed(e.to_string()),
    })
}

/// The model that goes on, by name and directory: the recorded one. `None` if none is recorded.
///
/// # Errors
///
/// Status 3 if the recorded model is not here: which other one goes on is for the user to say.
pub(crate) fn model(opened: &Opened) -> Result<Option<Named>, Exit> {
    let what = match &opened.model {
        Model::None => return Ok(None),
        Model::Here(it) => return Ok(Some(it.clone())),
        Model::Missing(what) => what,
    };
    let shown = visible_name(opened.written_by.as_ref().map_or("", |it| &it.name));
    let message = format!(
        "the text was written by the model `{shown}`, and {what}. --model NAME goes on with another model: the text is \
         then read again in that one's words, as a new branch"
    );
    Err(Exit { code: 3, message })
}

/// The model that a transcript names, if it is here.
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
    opening::recorded_model(&paths.models, name, sha256, path).map_err(|e| Exit::failed(e.to_string()))
}
