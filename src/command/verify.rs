//! `megachat model verify`: whether a model still is what was installed, and making it so.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::model::install;
use super::{DAMAGED, Exit, places, print_json, say};
use crate::cli::FileArguments;
use crate::directory::find_vocabulary;
use crate::format;
use crate::install::catalogue;
use crate::install::convert::Options;
use crate::install::places::{Places, Repair, Wishes};
use crate::install::protocol::{CopyAt, Job};
use crate::install::source::without_secrets;
use crate::integrity::{self, CheckError};
use crate::manifest::{BUILT_IN, DEMO, MEGATRON_345M, Manifest, WEIGHTS};
use crate::output;
use crate::store::models;
use crate::store::paths::Paths;
use crate::text::{TokenizerChoice, visible, visible_line, visible_name};

/// Checks one model or all, and mends what is damaged if asked to. Prints a line for each, or one JSON document.
///
/// # Errors
///
/// Status 3 if there is no such model, 7 if one is damaged and not mended, 1 if a newer program installed one, else that of
/// the installation.
pub(super) fn verify(
    name: Option<&str>,
    repair: bool,
    as_json: bool,
    files: &FileArguments,
    paths: &Paths,
) -> Result<(), Exit> {
    let names = match name {
        Some(name) if !models::exists(&paths.models, name) => {
            return Err(Exit { code: 3, message: format!("there is no installed model `{}`", visible_name(name)) });
        }
        Some(name) => vec![name.to_owned()],
        None => models::names(&paths.models).map_err(|e| Exit::failed(e.to_string()))?,
    };
    let (mut damaged, mut failure, mut rows) = (Vec::new(), None, Vec::new());
    for name in &names {
        let found = check(name, paths)?;
        if let (Some(line), false) = (found.line(), as_json) {
            writeln!(output::stdout()?, "{name}: {line}")?;
        }
        let mut row = found.json(name);
        // Whatever one is like, the others have a right to be looked at too.
        let failed = match found {
            Found::Sound { .. } => None,
            Found::Newer(fault) => Some(Exit::failed(format!("{name}: {}", visible(&fault)))),
            Found::Damaged { manifest, .. } if repair => {
                let mended = mend(name, manifest.map(|it| *it), files, paths);
                row["repaired"] = mended.is_ok().into();
                mended.err().map(|exit| {
                    say(&format!("megachat: {}", exit.message));
                    row["problem"] = exit.message.into();
                    Exit { code: exit.code, message: format!("{name} could not be repaired") }
                })
            }
            Found::Damaged { .. } => {
                damaged.push(name.as_str());
                None
            }
        };
        if let Some(earlier) = failed.and_then(|it| failure.replace(it)) {
            say(&format!("megachat: {}", earlier.message));
        }
        rows.push(row);
    }
    if as_json {
        print_json(&json!({"ok": damaged.is_empty() && failure.is_none(), "models": rows}))?;
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if damaged.is_empty() {
        return Ok(());
    }
    let which = if damaged.len() == 1 { damaged[0] } else { "" };
    let message = format!("{}: damaged; `megachat model verify {which} --repair` installs anew", damaged.join(", "));
    Err(Exit { code: DAMAGED, message: message.replace("  ", " ") })
}

/// How a model is.
enum Found {
    Sound {
        /// How many files were compared; none if an older program installed it, and only its weights can be.
        files: usize,
        /// Bytes of those.
        bytes: u64,
    },
    Damaged {
        fault: String,
        /// If it can be read.
        manifest: Option<Box<Manifest>>,
    },
    /// A newer program installed it.
    Newer(String),
}

impl Found {
    /// What to print behind its name.
    fn line(&self) -> Option<String> {
        match self {
            Self::Sound { files: 0, .. } => {
                Some("sound; an older megachat installed it, so that only its weights can be compared".to_owned())
            }
            Self::Sound { files, bytes } => Some(format!("sound, {files} files, {}", format::bytes(*bytes))),
            Self::Damaged { fault, .. } => Some(format!("damaged: {}", visible_line(fault))),
            Self::Newer(_) => None,
        }
    }

    fn json(&self, name: &str) -> Value {
        let (state, compared, fault) = match self {
            Self::Sound { files, bytes } => ("sound", Some((files, bytes)), None),
            Self::Damaged { fault, .. } => ("damaged", None, Some(fault)),
            Self::Newer(fault) => ("newer", None, Some(fault)),
        };
        let (files, bytes) = compared.unzip();
        let unknown = Value::Null;
        json!({
            "name": name, "state": state, "files": files, "bytes": bytes, "fault": fault,
            "repaired": unknown, "problem": unknown,
        })
    }
}

/// Looks how a model is.
fn check(name: &str, paths: &Paths) -> Result<Found, Exit> {
    let directory = paths.models.join(name);
    let (lively, interrupt) = (super::lively(), Interrupt::listen()?);
    let mut shown = 0;
    let mut progress = |done: u64, total: u64| {
        if lively && done >= shown {
            shown = done + (16 << 20);
            // That it cannot be shown changes nothing.
            let _ =
                write!(output::stderr(), "\r\x1b[K{name}: read {} of {}", format::bytes(done), format::bytes(total));
        }
        !interrupt.came()
    };
    let result = integrity::full(&directory, &mut progress);
    if lively {
        let _ = write!(output::stderr(), "\r\x1b[K");
    }
    match result {
        Ok(manifest) => {
            let bytes = manifest.files.iter().map(|it| it.bytes).sum();
            Ok(Found::Sound { files: manifest.files.len(), bytes })
        }
        Err(CheckError::Damaged(fault)) if fault.newer => Ok(Found::Newer(fault.to_string())),
        Err(CheckError::Damaged(fault)) => {
            let manifest = integrity::read_manifest(&directory).ok().flatten().map(Box::new);
            Ok(Found::Damaged { fault: fault.to_string(), manifest })
        }
        Err(CheckError::Stopped) => Err(Exit { code: interrupt.status(), message: "stopped".into() }),
    }
}

/// Installs a model anew from where it came from, if that still holds the same.
fn mend(name: &str, manifest: Option<Manifest>, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let places = places(paths, files);
    let job = origin(name, manifest.as_ref(), &places).map_err(|why| Exit { code: DAMAGED, message: why })?;
    let (heads, force) = manifest.as_ref().map_or((None, false), |it| (it.heads, it.forced));
    let tokenizer = manifest.as_ref().and_then(|it| tokenizer(it, &paths.models.join(name)));
    let convert = Options { heads, tokenizer, force, ..Options::default() };
    let repair = manifest.map(|it| Repair { weights_sha256: Some(it.weights_sha256), files: it.files });
    // Where the record is lost, weights that can be read are still to be what they are.
    let by_weights = || {
        let weights = integrity::weights_record(&paths.models.join(name).join(WEIGHTS), &mut |_| true);
        Repair { weights_sha256: weights.ok().flatten().map(|it| it.sha256), files: Vec::new() }
    };
    let repair = Some(repair.unwrap_or_else(by_weights));
    install(&job, &Wishes { convert, repair }, files, paths)?;
    say(&format!("{name} is repaired"));
    Ok(())
}

/// The tokenizer that a model was installed with, where the user named it. Its directory may be gone; then the copy beside
/// the weights serves, if it is still the same.
fn tokenizer(manifest: &Manifest, directory: &Path) -> Option<TokenizerChoice> {
    let choice = manifest.tokenizer.clone()?;
    let is_gone = matches!(&choice, TokenizerChoice::Directory(path) if !path.is_dir());
    if !is_gone {
        return Some(choice);
    }
    let copy = TokenizerChoice::Directory(directory.to_owned());
    let found = find_vocabulary(None, Some(&copy), 1 << 20).ok();
    let same =
        found.is_some_and(|it| manifest.vocabulary.as_ref().is_some_and(|known| known.hash == it.vocabulary.hash()));
    Some(if same { copy } else { choice })
}

/// The job that made a model.
fn origin(name: &str, manifest: Option<&Manifest>, places: &Places) -> Result<Job, String> {
    let named = |from| Job::Import { from, name: Some(name.to_owned()) };
    let hub = |repository: String| Job::Hub { repository, name: Some(name.to_owned()) };
    let Some(it) = manifest else {
        // Where it came from is not recorded, but a known name has a known source.
        return match name {
            DEMO => Ok(Job::Demo),
            MEGATRON_345M => Ok(Job::Megatron345m),
            _ => match catalogue::find(name) {
                Some(model) => Ok(hub(model.repository.to_owned())),
                None => Err(format!(
                    "{name}: what was recorded of it is lost, so its source is unknown: `megachat model remove {name}`, \
                     then install it anew"
                )),
            },
        };
    };
    if name == DEMO && it.source == BUILT_IN {
        return Ok(Job::Demo);
    }
    if let Some(repository) = &it.repository {
        return Ok(hub(repository.clone()));
    }
    match CopyAt::of(PathBuf::from(&it.source)) {
        CopyAt::Url(url) if name == MEGATRON_345M && places.sources.iter().any(|s| without_secrets(&s.url) == url) => {
            Ok(Job::Megatron345m)
        }
        CopyAt::Path(path) if !path.exists() => Err(format!(
            "{name}: its source {} is gone: put it back, or `megachat model remove {name}` and install it anew",
            visible(&it.source)
        )),
        from => Ok(named(from)),
    }
}
