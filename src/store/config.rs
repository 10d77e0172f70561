//! The configuration file, and what the program remembers.
//!
//! `config.toml` is the user's: it is read, never written. A file that does not parse is reported with its line and left
//! alone, and the defaults are used. What the program itself remembers is in `state.toml`.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use confy::ConfyError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sampling::Sampling;
use crate::files::{self, Place};
use crate::sample::{Settings, preset};
use crate::text::visible_path;

/// The content of `config.toml`. Everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The version of this format, 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The model to use: a name or a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `auto`, `cpu`, `cuda` or `metal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// `auto`, `f32`, `f16`, `bf16` or `q8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    /// `auto`, `always`, `never`, `16`, `256` or `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// `auto`, `dark` or `light`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// Whether frames, bars and marks are drawn in ASCII.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ascii: Option<bool>,
    /// Whether the interface is the line mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain: Option<bool>,
    /// A preset that the values of `sampling` then change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The keys of the input: `emacs` (readline's) or `vi`.
    #[serde(rename = "edit-mode", skip_serializing_if = "Option::is_none")]
    pub edit_mode: Option<String>,
    /// Whether the mouse is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mouse: Option<bool>,
    /// Single values.
    pub sampling: Sampling,
    /// Keys by the name of the action; an empty list leaves it without one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Vec<String>>,
    /// Keys this program does not know.
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// A configuration and what is wrong with its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedConfig {
    /// What to use; the defaults if the file does not parse.
    pub config: Config,
    /// Sentences for the user.
    pub problems: Vec<String>,
    /// Whether a default stands in the place of something that the file says. A key that is unknown changes nothing.
    pub has_errors: bool,
}

/// How many of the problems of one kind are told one by one.
const TOLD: usize = 10;

/// Reads `config.toml`; a missing file is an empty one.
#[must_use]
pub fn load_config(path: &Path) -> LoadedConfig {
    let unread = |e: &io::Error| problem(format!("{} cannot be read ({e})", visible_path(path)));
    let (file, bytes) = match open(Place::Configuration, path) {
        Ok(Some(it)) => it,
        Ok(None) => return LoadedConfig::default(),
        Err(e) => return unread(&e),
    };
    match load_open::<Config>(&file, path) {
        Ok(mut config) => {
            let text = String::from_utf8_lossy(&bytes);
            let unknown: Vec<&String> = config.unknown.keys().chain(config.sampling.unknown.keys()).collect();
            let lines = Lines::of(&text);
            let mut problems = some(&unknown, "unknown keys", |key| {
                format!("{}:{}: unknown key `{key}`", visible_path(path), lines.of_key(key))
            });
            let wrong: Vec<String> = drop_what_cannot_be_meant(&mut config).collect();
            let has_errors = !wrong.is_empty();
            problems.extend(wrong.iter().map(|it| format!("{}: {it}", visible_path(path))));
            LoadedConfig { config, problems, has_errors }
        }
        Err(error) => {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            // The library shows the place over several lines: its first names the line, its last says what is wrong.
            let lines: Vec<&str> = cause.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
            let cause = match lines.as_slice() {
                [first, .., last] => format!("{first}: {last}"),
                [only] => (*only).to_owned(),
                [] => cause,
            };
            problem(format!("{}: {cause}. The file is left as it is", visible_path(path)))
        }
    }
}

/// The first of many problems of one kind, and how many there are besides.
pub fn some<T>(problems: &[T], kind: &str, sentence: impl Fn(&T) -> String) -> Vec<String> {
    let mut told: Vec<String> = problems.iter().take(TOLD).map(sentence).collect();
    if problems.len() > TOLD {
        told.push(format!("{} more {kind}", problems.len() - TOLD));
    }
    told
}

/// Opens a file of settings and reads it; `None` if there is none.
fn open(place: Place, path: &Path) -> io::Result<Option<(File, Vec<u8>)>> {
    let file = match files::open(place, path) {
        // A link that leads nowhere is a fault, and no missing file.
        Err(e) if e.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => return Ok(None),
        other => other?,
    };
    let bytes = files::read_from(place, &file)?;
    Ok(Some((file, bytes)))
}

/// Has the library read a file that is open already, so that it is the file that was looked at: what has its path may be
/// another one by now, and one that makes a program wait.
fn load_open<T: Serialize + DeserializeOwned + Default>(file: &File, path: &Path) -> Result<T, ConfyError> {
    #[cfg(unix)]
    {
        use std::os::fd::AsRawFd as _;
        let open = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
        // Some systems give the one position of the file to all who open it so.
        if open.exists() && (&*file).rewind().is_ok() {
            return confy::load_path(open);
        }
    }
    let _ = file;
    confy::load_path(path)
}

/// On which line each key stands first, counted from 1.
struct Lines<'a>(HashMap<&'a str, usize>);

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let mut lines = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(key) = key_of(line) {
                lines.entry(key).or_insert(number);
            }
        }
        Self(lines)
    }

    /// 0 if it is not found.
    fn of_key(&self, key: &str) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }
}

/// The key or the table that a line begins with, the first part of a dotted one.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches('[').trim_start();
    let (key, _) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => line.split_once(['=', ']', '.'])?,
    };
    Some(key.trim_end())
}

/// Puts defaults in the place of values that are out of their range; says which.
fn drop_what_cannot_be_meant(config: &mut Config) -> impl Iterator<Item = String> + use<> {
    let unknown_preset = config.preset.take_if(|it| preset(it).is_none());
    let mut settings = Settings::default();
    config.sampling.apply(&mut settings);
    let out_of_range = settings.check().err();
    if out_of_range.is_some() {
        config.sampling = Sampling::default();
    }
    let preset = unknown_preset.map(|it| format!("there is no preset `{it}`"));
    let range = out_of_range.map(|it| it.to_string());
    preset.into_iter().chain(range)
}

fn problem(text: String) -> LoadedConfig {
    LoadedConfig { config: Config::default(), problems: vec![text], has_errors: true }
}

/// What the program remembers between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Whether the question of the first run was answered with "only the demo".
    pub demo_only: bool,
    /// The model that starts where none is named: what was installed last, or chosen at the first question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Reads `state.toml`; what cannot be read is as if it were not there, since nothing in it is precious.
#[must_use]
pub fn load_state(directory: &Path) -> State {
    let path = directory.join("state.toml");
    let opened = open(Place::State, &path).ok().flatten();
    opened.and_then(|(file, _)| load_open(&file, &path).ok()).unwrap_or_default()
}

/// Writes `state.toml`, whole or not at all.
///
/// # Errors
///
/// What the system says.
pub fn store_state(directory: &Path, state: &State) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let temporary = tempfile::Builder::new().prefix(".state-").tempfile_in(directory)?;
    confy::store_path(temporary.path(), state).map_err(io::Error::other)?;
    temporary.as_file().sync_all()?;
    temporary.persist(directory.join("state.toml"))?;
    Ok(())
}

/// Changes what is remembered, and writes it if that makes a difference.
///
/// # Errors
///
/// As [`store_state`].
pub fn update_state(directory: &Path, change: impl FnOnce(&mut State)) -> io::Result<()> {
    let before = load_state(directory);
    let mut state = before.clone();
    change(&mut state);
    if state == before { Ok(()) } else { store_state(directory, &state) }
}

#[cfg(test)]
mod tests;
