//! The model of a command that measures: in 32 bits where no other precision is asked for, since fewer change the figures.

use std::io::Read as _;
use std::path::Path;

use super::generate::engine_exit;
use super::{Exit, demo_directory, find_model, measured_source, places, say_notes};
use crate::cli::{FileArguments, ModelArguments};
use crate::engine::load::LoadedModel;
use crate::files::{self, Place};
use crate::loading::load_model;
use crate::model::Precision;
use crate::store::config::Config;
use crate::store::paths::Paths;
use crate::text::visible_path;

/// Loads the model, the one of `wanted` unless `named`, and says what a user should know of it.
///
/// # Errors
///
/// Status 3 if there is no such model, 6 if there is no such device, 7 if it is damaged, 1 if it cannot be run.
pub(super) fn open(
    named: Option<&str>,
    precision: Option<Precision>,
    wanted: &ModelArguments,
    files: &FileArguments,
    config: &Config,
    paths: &Paths,
) -> Result<LoadedModel, Exit> {
    let (name, directory) = find_model(paths, named.or(wanted.model.as_deref()).or(config.model.as_deref()))?;
    let directory = match directory {
        Some(it) => it,
        None => demo_directory(&places(paths, files))?,
    };
    let mut source = measured_source(wanted, config, name, directory).map_err(|e| Exit::usage(e.to_string()))?;
    source.precision = precision.or(source.precision);
    let loaded = load_model(&source, &mut |_, _| ()).map_err(|e| engine_exit(&e))?;
    say_notes(&loaded.card);
    Ok(loaded)
}

/// Reads a file that a person names, of `most` bytes at the most.
///
/// # Errors
///
/// Status 1 if it cannot be read, or is longer.
pub(super) fn read(file: &Path, most: u64) -> Result<Vec<u8>, Exit> {
    let (name, mut bytes) = (visible_path(file), Vec::new());
    files::open_text(Place::Text, file)
        .and_then(|it| it.take(most + 1).read_to_end(&mut bytes))
        .map_err(|e| Exit::failed(format!("cannot read {name}: {e}")))?;
    if bytes.len() as u64 > most {
        return Err(Exit::failed(format!("{name} is longer than {most} bytes")));
    }
    Ok(bytes)
}
