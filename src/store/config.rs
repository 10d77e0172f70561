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
mod tests {
    use super::*;

    fn load(text: &str) -> (LoadedConfig, bool) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let loaded = load_config(&path);
        (loaded, std::fs::read(&path).unwrap() == text.as_bytes())
    }

    #[test]
    fn values_override_defaults_one_by_one() {
        let (loaded, kept) = load("version = 1\nmodel = \"demo\"\n[sampling]\ntemp = 1.5\norder = \"hf\"\n");
        assert!(kept && loaded.problems.is_empty(), "{:?}", loaded.problems);
        let mut settings = Settings::default();
        loaded.config.sampling.apply(&mut settings);
        let expected = Settings { temperature: 1.5, order: crate::sample::Order::HuggingFace, ..Settings::default() };
        assert_eq!((settings, loaded.config.model.as_deref()), (expected, Some("demo")));
    }

    #[test]
    fn a_file_that_does_not_parse_is_kept_and_reported_with_its_line() {
        for (text, says) in [
            ("model = \"demo\"\n[sampling\n", "line 2"),
            ("[sampling]\n\ntemperature = \"hot\"\n", "line 3"),
            ("model = 3\n", "line 1"),
        ] {
            let (loaded, kept) = load(text);
            assert!(kept);
            assert_eq!((loaded.config, loaded.has_errors), (Config::default(), true));
            assert!(loaded.problems.len() == 1 && loaded.problems[0].contains(says), "{:?}", loaded.problems);
        }
        let (loaded, kept) = load("\0\u{1}binary");
        assert!(kept && loaded.problems.len() == 1);
    }

    #[test]
    fn values_out_of_range_are_reported_and_ignored() {
        let (loaded, kept) = load("preset = \"foo\"\n[sampling]\ntemperature = -3\n");
        assert!(kept && loaded.config == Config::default(), "{:?}", loaded.config);
        assert!(loaded.problems[0].contains("no preset `foo`"), "{:?}", loaded.problems);
        assert!(loaded.problems[1].contains("temp is -3"), "{:?}", loaded.problems);
        assert!(loaded.has_errors);
    }

    #[test]
    fn unknown_keys_are_named_with_their_line_and_the_rest_counts() {
        let (loaded, _) = load("colour = \"red\"\nmodel = \"demo\"\n[sampling]\ntop-q = 3\n");
        assert_eq!(loaded.config.model.as_deref(), Some("demo"));
        assert!(loaded.problems[0].ends_with(":1: unknown key `colour`"), "{:?}", loaded.problems);
        assert!(loaded.problems[1].ends_with(":4: unknown key `top-q`"), "{:?}", loaded.problems);
        assert!(!loaded.has_errors);
    }

    #[test]
    fn a_key_is_found_on_its_line_however_it_is_written() {
        let text = "# colour\nmodel = \"demo\"\n  colour = 1\n[ \"two words\".x ]\n[[list]]\n[a.b]\nc.d = 3\n";
        let lines = Lines::of(text);
        let expected = [("model", 2), ("colour", 3), ("two words", 4), ("list", 5), ("a", 6), ("c", 7), ("none", 0)];
        for (key, line) in expected {
            assert_eq!(lines.of_key(key), line, "{key}");
        }
    }

    #[test]
    fn many_unknown_keys_are_counted_and_the_known_ones_count() {
        let keys: Vec<String> = (0..100_000).map(|it| format!("key{it} = {it}")).collect();
        let keys = keys.join("\n");
        let (loaded, kept) = load(&format!("model = \"demo\"\n{keys}"));
        assert!(kept && loaded.config.model.as_deref() == Some("demo"));
        assert_eq!(loaded.problems.len(), TOLD + 1);
        assert!(loaded.problems[TOLD].ends_with("99990 more unknown keys"), "{}", loaded.problems[TOLD]);
    }

    #[test]
    fn a_file_that_is_too_long_is_left_unread() {
        let (loaded, kept) = load(&format!("model = \"demo\"\n{}", "# filling\n".repeat(500_000)));
        assert!(kept && loaded.config == Config::default());
        assert!(loaded.problems[0].contains("more than 4 MiB"), "{:?}", loaded.problems);
    }

    #[test]
    fn a_missing_file_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        assert_eq!(load_config(&path), LoadedConfig::default());
        assert!(!path.exists());
    }

    #[test]
    fn the_state_is_remembered_and_one_part_of_it_does_not_cost_the_other() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(load_state(directory.path()), State::default());
        store_state(directory.path(), &State { demo_only: true, model: None }).unwrap();
        assert_eq!(load_state(directory.path()), State { demo_only: true, model: None });
        update_state(directory.path(), |it| it.model = Some("mine".into())).unwrap();
        assert_eq!(load_state(directory.path()), State { demo_only: true, model: Some("mine".into()) });
        update_state(directory.path(), |it| it.demo_only = false).unwrap();
        assert_eq!(load_state(directory.path()), State { demo_only: false, model: Some("mine".into()) });
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_state_that_is_damaged_or_from_another_version_is_harmless() {
        let directory = tempfile::tempdir().unwrap();
        for (text, expected) in [
            ("demo_only = true\n", State { demo_only: true, model: None }),
            ("model = \"mine\"\nlater = 3\n", State { demo_only: false, model: Some("mine".into()) }),
            ("model = 3\n", State::default()),
            ("\0[[[", State::default()),
            ("", State::default()),
        ] {
            std::fs::write(directory.path().join("state.toml"), text).unwrap();
            assert_eq!(load_state(directory.path()), expected, "{text}");
        }
        // What changes nothing writes nothing.
        let absent = directory.path().join("absent");
        update_state(&absent, |it| it.model = None).unwrap();
        assert!(!absent.exists());
    }
}
