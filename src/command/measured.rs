//! The model of a command that measures: in 32 bits where no other precision is asked for, since fewer change the figures.

use super::generate::engine_exit;
use super::{Exit, demo_directory, find_model, measured_source, places, say_notes};
use crate::cli::{FileArguments, ModelArguments};
use crate::engine::load::LoadedModel;
use crate::loading::load_model;
use crate::model::Precision;
use crate::store::config::Config;
use crate::store::paths::Paths;

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
