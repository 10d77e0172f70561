//! `megachat model list`: what is installed, and what can be.

use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::{Exit, print_json};
use crate::format;
use crate::install::{catalogue, stages};
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::output;
use crate::store::models;
use crate::store::paths::Paths;
use crate::text::{visible_line, visible_path};

/// How many parameters the demo has.
const DEMO_PARAMETERS: u64 = 12_417_216;
/// How many parameters the 345M model has.
const PARAMETERS_345M: u64 = 354_823_168;

/// What is known of a model by its name.
enum State {
    Installed(PathBuf),
    Damaged {
        directory: PathBuf,
        fault: String,
    },
    /// It comes with the program.
    BuiltIn,
    Downloadable,
}

/// One line of the list.
struct Listed {
    name: String,
    parameters: Option<u64>,
    /// Bytes on the disk, or to download.
    bytes: Option<u64>,
    state: State,
}

/// Prints the models, as lines or as JSON.
///
/// # Errors
///
/// Status 1 if the directory of models cannot be read.
pub(super) fn list(as_json: bool, paths: &Paths) -> Result<(), Exit> {
    let all = all(paths).map_err(|e| Exit::failed(e.to_string()))?;
    if as_json {
        let models: Vec<Value> = all.iter().map(Listed::json).collect();
        return print_json(&json!({"directory": paths.models.to_string_lossy(), "models": models}));
    }
    let mut out = output::stdout()?;
    for it in &all {
        writeln!(out, "{}", it.line())?;
    }
    Ok(())
}

fn all(paths: &Paths) -> io::Result<Vec<Listed>> {
    let installed = models::installed(&paths.models)?.into_iter().map(|it| Listed {
        name: it.name,
        parameters: Some(it.manifest.parameters),
        bytes: Some(it.bytes),
        state: State::Installed(it.directory),
    });
    let damaged = models::damaged(&paths.models)?.into_iter().map(|(name, fault)| {
        let state = State::Damaged { directory: paths.models.join(&name), fault: fault.to_string() };
        Listed { name, parameters: None, bytes: None, state }
    });
    let demo = Listed { name: DEMO.to_owned(), parameters: Some(DEMO_PARAMETERS), bytes: None, state: State::BuiltIn };
    let known = catalogue::MODELS.iter().map(|it| (it.name, it.parameters, it.bytes));
    let known = std::iter::once((MEGATRON_345M, PARAMETERS_345M, stages::DOWNLOAD_345M)).chain(known);
    let known = known.map(|(name, parameters, bytes)| Listed {
        name: name.to_owned(),
        parameters: Some(parameters),
        bytes: Some(bytes),
        state: State::Downloadable,
    });
    let absent = std::iter::once(demo).chain(known).filter(|it| !models::exists(&paths.models, &it.name));
    Ok(installed.chain(damaged).chain(absent).collect())
}

impl Listed {
    fn line(&self) -> String {
        let name = &self.name;
        let millions = self.parameters.map_or(0.0, |it| it as f64 / 1e6);
        let size = self.bytes.map_or_else(String::new, format::bytes);
        match &self.state {
            State::Installed(directory) => {
                format!("{name:<20} {millions:>7.1} M  {size:>8}  {}", visible_path(directory))
            }
            State::Damaged { fault, .. } => {
                format!("{name:<20} damaged: {}; `megachat model verify {name} --repair`", visible_line(fault))
            }
            State::BuiltIn => format!("{name:<20} {millions:>7.1} M  built in, installed at its first use"),
            State::Downloadable => {
                format!("{name:<20} {millions:>7.1} M  {size:>8}  to download: megachat model download {name}")
            }
        }
    }

    fn json(&self) -> Value {
        let (state, directory, fault) = match &self.state {
            State::Installed(directory) => ("installed", Some(directory), None),
            State::Damaged { directory, fault } => ("damaged", Some(directory), Some(fault)),
            State::BuiltIn => ("built-in", None, None),
            State::Downloadable => ("downloadable", None, None),
        };
        json!({
            "name": self.name,
            "state": state,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "directory": directory.map(|it| it.to_string_lossy()),
            "fault": fault,
        })
    }
}
