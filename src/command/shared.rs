//! What the commands have in common: exit statuses, the model that is meant, sentences on standard error.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use crate::appearance::Colours;
use crate::cli::{FileArguments, MeaningError, ModelArguments};
use crate::emergency::NO_MEMORY;
use crate::engine::protocol::{ModelCard, ModelSource};
use crate::files::disk::is_full;
use crate::format;
use crate::install::catalogue;
use crate::install::job;
use crate::install::places::{Places, Wishes};
use crate::install::protocol as install;
use crate::install::source;
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::model::Precision;
use crate::output;
use crate::store::config::{Config, load_state};
use crate::store::models;
use crate::store::paths::Paths;
use crate::text::{visible, visible_json, visible_name};

/// What stands for standard input, and for standard output.
pub(crate) const DASH: &str = "-";

/// The exit status of a damaged model, whichever command reads it.
pub(crate) const DAMAGED: u8 = 7;

/// What went wrong, as one sentence and an exit status.
#[derive(Debug)]
pub struct Exit {
    /// The exit status.
    pub code: u8,
    /// What to say on standard error; nothing if it is empty.
    pub message: String,
}

impl Exit {
    /// A failure of a kind that has no status of its own.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// A wrong use.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }
}

/// The reader of standard output is gone: that is no failure. Everything else about it is.
impl From<io::Error> for Exit {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: 0, message: String::new() };
        }
        if output::is_unwritable(&error) {
            return Self { code: 74, message: error.to_string() };
        }
        let limited = is_full(&error) || error.kind() == io::ErrorKind::FileTooLarge;
        Self { code: if limited { 74 } else { 1 }, message: format!("cannot write: {error}") }
    }
}

/// Where the installer works, by the paths and the flags.
#[must_use]
pub fn places(paths: &Paths, files: &FileArguments) -> Places {
    let variable = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let usual = Places::new(paths.models.clone(), paths.downloads.clone());
    Places {
        sources: if files.model_url.is_empty() { usual.sources } else { source::from_urls(&files.model_url) },
        ca_file: files.ca_file.clone(),
        // As Hugging Face's own programs read them.
        hub: variable("HF_ENDPOINT").unwrap_or(usual.hub),
        offline: files.offline
            || variable("HF_HUB_OFFLINE").is_some_and(|it| ["1", "on", "yes", "true"].contains(&&*it.to_lowercase())),
        ..usual
    }
}

/// The model that was installed last, or chosen at the first question, if it is still there.
pub(crate) fn remembered_model(paths: &Paths) -> Option<String> {
    load_state(&paths.state).model.filter(|it| models::exists(&paths.models, it))
}

/// Which model a text means: its name and where it is, a directory or a file. Without one, the one that is remembered, else the
/// 345M model if it is installed, else the demo.
///
/// # Errors
///
/// Status 3 if there is no such model, with the commands that help.
pub fn find_model(paths: &Paths, wanted: Option<&str>) -> Result<(String, Option<PathBuf>), Exit> {
    let Some(text) = wanted else {
        // A damaged one too: loading it says what is wrong.
        if let Some(name) = remembered_model(paths).filter(|it| it != DEMO) {
            let directory = paths.models.join(&name);
            return Ok((name, Some(directory)));
        }
        return Ok(if models::exists(&paths.models, MEGATRON_345M) {
            (MEGATRON_345M.to_owned(), Some(paths.models.join(MEGATRON_345M)))
        } else {
            (DEMO.to_owned(), None)
        });
    };
    if text == DEMO {
        return Ok((DEMO.to_owned(), None));
    }
    if models::exists(&paths.models, text) {
        return Ok((text.to_owned(), Some(paths.models.join(text))));
    }
    let path = PathBuf::from(text);
    if path.exists() {
        let name = path.file_name().map_or_else(|| text.to_owned(), |it| it.to_string_lossy().into_owned());
        return Ok((name, Some(path)));
    }
    let mut help = "  megachat model download        gets NVIDIA's 345M model\n  megachat model import FILE     installs a checkpoint you have".to_owned();
    if let Some((name, precision)) = text.rsplit_once(':').filter(|it| Precision::named(it.1).is_some()) {
        help = format!("  --model {} --dtype {precision}", visible_name(name));
    } else if catalogue::wanted(text).is_some() {
        help = format!("  megachat model download {text}");
    }
    Err(Exit {
        code: 3,
        message: format!("there is no model, no directory and no file `{}`. These help:\n{help}", visible_name(text)),
    })
}

/// What to load, by the arguments and the configuration.
///
/// # Errors
///
/// If the configuration names no device or no precision.
pub(crate) fn model_source(
    model: &ModelArguments,
    config: &Config,
    name: String,
    directory: PathBuf,
) -> Result<ModelSource, MeaningError> {
    let (device, precision) = (model.device(config)?, model.precision(config)?);
    Ok(ModelSource { name, directory, device, precision, threads: model.threads, said: model.said() })
}

/// As [`model_source`], for figures that are held against others' and published: in 32 bits unless a flag or its variable says
/// otherwise. The configuration's precision is for drawing.
///
/// # Errors
///
/// As [`model_source`].
pub(crate) fn measured_source(
    model: &ModelArguments,
    config: &Config,
    name: String,
    directory: PathBuf,
) -> Result<ModelSource, MeaningError> {
    let config = Config { dtype: None, ..config.clone() };
    let source = model_source(model, &config, name, directory)?;
    Ok(ModelSource { precision: source.precision.or(Some(Precision::F32)), ..source })
}

/// The demo's directory, installed first if need be.
///
/// # Errors
///
/// If it cannot be installed.
pub fn demo_directory(places: &Places) -> Result<PathBuf, Exit> {
    let cancel = AtomicBool::new(false);
    let ready = job::run(&install::Job::Demo, places, &Wishes::default(), &cancel, &mut |_| ());
    ready.map(|it| it.directory).map_err(|e| {
        let exit = install_exit(&e);
        let hint = if exit.code == 74 { "; MEGACHAT_HOME names another directory for all that is kept" } else { "" };
        Exit { message: format!("{}{hint}", exit.message), ..exit }
    })
}

pub(crate) fn install_exit(failure: &install::Failure) -> Exit {
    let code = match failure {
        install::Failure::NoSource { .. }
        | install::Failure::NotObtained { .. }
        | install::Failure::Download { .. } => 4,
        install::Failure::Convert { .. } | install::Failure::NoWords { .. } => 5,
        install::Failure::DiskFull { .. } | install::Failure::Disk { .. } => 74,
        install::Failure::Exhausted { .. } => NO_MEMORY,
        install::Failure::Cancelled { .. } => 130,
    };
    let mut message = failure.to_string();
    if let install::Failure::NoSource { answers } | install::Failure::NotObtained { answers, .. } = failure {
        for (source, answer) in answers {
            let answer = format!("\n  {source}: {answer}");
            message.push_str(&visible(&answer));
        }
    }
    // Of no other model is there a file that goes by a name.
    if let install::Failure::NoSource { .. } = failure {
        message.push_str(
            "\nIf you have the file (NVIDIA's zip, the .pt in it, or a converted directory):\n  megachat model import FILE",
        );
    }
    if let install::Failure::DiskFull { path, kept, missing } = failure {
        if let Ok(free) = crate::files::disk::free_bytes(path) {
            let _ = write!(message, "; {} are free", format::bytes(free));
        }
        if let Some(missing) = missing {
            let _ = write!(message, ", {} more are needed to download the rest", format::bytes(*missing));
        }
        if *kept > 0 {
            let _ = write!(message, ". {} are kept, the same command goes on from there", format::bytes(*kept));
        }
    }
    if let install::Failure::Cancelled { kept } = failure
        && *kept > 0
    {
        message = format!("stopped; {} are kept, the same command goes on from there", format::bytes(*kept));
    }
    Exit { code, message }
}

/// Whether a line on standard error can be written over: it is a terminal, and one that knows how.
pub(crate) fn lively() -> bool {
    output::stderr().is_terminal() && Colours::shown_by(|name| std::env::var(name).ok()) != Colours::None
}

/// Prints one JSON document on standard output, as it is but for what a terminal would obey, which is escaped.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn print_json(value: &Value) -> Result<(), Exit> {
    writeln!(output::stdout()?, "{}", visible_json(&value.to_string()))?;
    Ok(())
}

/// Says on standard error what a user should know of a loaded model.
pub(crate) fn say_notes(card: &ModelCard) {
    for it in &card.notes {
        say(&format!("megachat: {it}"));
    }
}

/// Says something on standard error. That it cannot be said is no reason to stop.
pub(crate) fn say(text: &str) {
    let _ = writeln!(output::stderr(), "{}", visible(text));
}
