//! Where everything is.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

/// The directories and files of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration, written by the user alone.
    pub config_file: PathBuf,
    /// One directory for each installed model.
    pub models: PathBuf,
    /// One file for each transcript.
    pub transcripts: PathBuf,
    /// Unfinished downloads.
    pub downloads: PathBuf,
    /// Packed weights of directories, and hashes by which these are known again.
    pub packed: PathBuf,
    /// The index of the transcripts, made of them alone.
    pub library: PathBuf,
    /// What the program remembers between runs, and its log.
    pub state: PathBuf,
}

/// Why nothing has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHome {
    /// The system names no home directory, or one that means another place in each directory.
    #[error("there is no home directory; set HOME, or MEGACHAT_HOME, to a directory to use, as an absolute path")]
    None,
    /// A relative path, and nothing that it is relative to.
    #[error("MEGACHAT_HOME is a relative path, but the working directory is gone; set it to an absolute one")]
    NowhereToStart,
}

impl Paths {
    /// By the environment: `MEGACHAT_HOME`, else the XDG variables, else the system's habits.
    ///
    /// # Errors
    ///
    /// If there is no directory to use.
    pub fn from_environment() -> Result<Self, NoHome> {
        Self::resolve(&|name| env::var_os(name).filter(|it| !it.is_empty()))
    }

    fn resolve(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        if let Some(home) = variable("MEGACHAT_HOME") {
            let home = match PathBuf::from(home) {
                it if it.is_absolute() => it,
                it => env::current_dir().map_err(|_| NoHome::NowhereToStart)?.join(it),
            };
            return Ok(Self::new(&home.join("config"), &home.join("data"), &home.join("cache"), &home.join("state")));
        }
        let base = BaseDirs::new().filter(|it| it.home_dir().is_absolute()).ok_or(NoHome::None)?;
        // On macOS too, command line programs live in the XDG directories; `directories` would choose ~/Library.
        let xdg = |name: &str, unix: &str, other: &Path| {
            let absolute = variable(name).map(PathBuf::from).filter(|it| it.is_absolute());
            let habit = if cfg!(unix) { base.home_dir().join(unix) } else { other.to_owned() };
            absolute.unwrap_or(habit).join("megachat")
        };
        Ok(Self::new(
            &xdg("XDG_CONFIG_HOME", ".config", base.config_dir()),
            &xdg("XDG_DATA_HOME", ".local/share", base.data_local_dir()),
            &xdg("XDG_CACHE_HOME", ".cache", base.cache_dir()),
            &xdg("XDG_STATE_HOME", ".local/state", base.data_local_dir()),
        ))
    }

    fn new(config: &Path, data: &Path, cache: &Path, state: &Path) -> Self {
        Self {
            config_file: config.join("config.toml"),
            models: data.join("models"),
            transcripts: data.join("transcripts"),
            downloads: cache.join("downloads"),
            packed: cache.join("packed"),
            library: cache.join("library"),
            state: state.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
