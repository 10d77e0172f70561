//! Transcripts that were removed: kept for a while, so that they can be brought back.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{self, Place, make_private_directory, sync_directory};
use crate::store::library::card::Card;
use crate::store::transcripts::{TranscriptError, read_file};
use crate::store::vocabularies::Finder;
use crate::text::{visible_name, visible_path};

/// Bytes of all that was removed, at the most.
const MOST_BYTES: u64 = 1_000_000_000;
/// How long what was removed is kept, in milliseconds: 30 days.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60 * 1000;

/// What was removed, beside the transcripts.
#[derive(Clone, Debug)]
pub struct Trash {
    transcripts: PathBuf,
    directory: PathBuf,
    most: u64,
}

/// A transcript that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// What it was called among the transcripts.
    pub id: String,
    /// When it was removed, in milliseconds since 1970.
    pub when: i64,
    /// How long its file is, in bytes.
    pub bytes: u64,
    path: PathBuf,
}

/// Why a transcript cannot be removed or brought back.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// It cannot be used.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// It is larger than all that may be kept.
    #[error(
        "{} has {bytes} bytes, more than the {MOST_BYTES} that are kept of what was removed; remove the file itself",
        visible_path(path)
    )]
    Large {
        /// Where it stays.
        path: PathBuf,
        /// The length of that file.
        bytes: u64,
    },
    /// Nothing of that name was removed.
    #[error("no transcript `{}` was removed in the last 30 days", visible_name(id))]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// Nothing was removed at all.
    #[error("no transcript was removed in the last 30 days")]
    Empty,
    /// The system cannot do it.
    #[error("{}: {error}", visible_path(path))]
    Io {
        /// The file or directory with the fault.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Trash {
    /// Of the transcripts in a directory.
    #[must_use]
    pub fn of(transcripts: &Path) -> Self {
        Self { transcripts: transcripts.to_owned(), directory: transcripts.join("trash"), most: MOST_BYTES }
    }

    /// Where it is kept.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Removes a transcript, whose whole name it is, at a time in milliseconds since 1970. What was removed long ago, or the
    /// oldest if it is too much, is removed for good.
    ///
    /// # Errors
    ///
    /// If there is no such transcript, another program writes it, or it is too large to be kept.
    pub fn remove(&self, id: &str, now: i64) -> Result<(), TrashError> {
        let path = self.transcripts.join(format!("{id}.jsonl"));
        let io = |error| TrashError::Io { path: path.clone(), error };
        // A link goes as what it is.
        let about = std::fs::symlink_metadata(&path).map_err(io)?;
        let file =
            if about.is_symlink() { None } else { Some(files::open_to_append(Place::Transcript, &path).map_err(io)?) };
        if let Some(Err(TryLockError::WouldBlock)) = file.as_ref().map(std::fs::File::try_lock) {
            return Err(TranscriptError::Locked { path }.into());
        }
        if about.len() > self.most {
            return Err(TrashError::Large { path, bytes: about.len() });
        }
        make_private_directory(&self.directory).map_err(io)?;
        let kept = self.free_name(id, now);
        // What was torn off it, and what stood in its place, are parts of what somebody wrote.
        for beside in self.beside(id) {
            let end = beside.extension().unwrap_or_default().to_owned();
            std::fs::rename(&beside, kept.with_extension(end)).map_err(io)?;
        }
        std::fs::rename(&path, &kept).map_err(io)?;
        sync_directory(&self.directory).and_then(|()| sync_directory(&self.transcripts)).map_err(io)?;
        self.prune(now, &kept);
        Ok(())
    }

    /// Brings a transcript back, the one that was removed last without a name; answers its name, which has a number behind it
    /// if another transcript took it.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn restore(&self, id: Option<&str>) -> Result<String, TrashError> {
        let all = self.list()?;
        let found = match id {
            None => all.first().ok_or(TrashError::Empty)?,
            Some(id) => all
                .iter()
                .find(|it| it.id == id)
                .or_else(|| all.iter().find(|it| !id.is_empty() && it.id.starts_with(id)))
                .ok_or_else(|| TrashError::Unknown { id: id.to_owned() })?,
        };
        let io = |error| TrashError::Io { path: found.path.clone(), error };
        for attempt in 1.. {
            let name = if attempt > 1 { format!("{}-{attempt}", found.id) } else { found.id.clone() };
            let path = self.transcripts.join(format!("{name}.jsonl"));
            // A name that is free now may be taken a moment later: the link is made or it is not.
            match std::fs::hard_link(&found.path, &path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(_) if std::fs::symlink_metadata(&path).is_err() => {
                    std::fs::rename(&found.path, &path).map_err(io)?;
                }
                Err(e) => return Err(io(e)),
                Ok(()) => std::fs::remove_file(&found.path).map_err(io)?,
            }
            for end in ["torn", "other"] {
                let _ = std::fs::rename(found.path.with_extension(end), path.with_extension(end));
            }
            sync_directory(&self.transcripts).map_err(io)?;
            return Ok(name);
        }
        unreachable!("the numbers do not end")
    }

    /// What was removed, the last first.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Removed>, TrashError> {
        let entries = match std::fs::read_dir(&self.directory) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| TrashError::Io { path: self.directory.clone(), error })?,
        };
        let removed = |entry: std::fs::DirEntry| {
            let name = entry.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned();
            let (when, id) = name.split_once('~')?;
            let bytes = entry.metadata().ok()?.len();
            Some(Removed { id: id.to_owned(), when: when.parse().ok()?, bytes, path: entry.path() })
        };
        let mut all: Vec<Removed> = entries.filter_map(Result::ok).filter_map(removed).collect();
        all.sort_by(|a, b| (b.when, &b.id).cmp(&(a.when, &a.id)));
        Ok(all)
    }

    /// What a removed transcript is called, and its first words, as far as that is known.
    #[must_use]
    pub fn describe(&self, removed: &Removed, models: &Path) -> (Option<String>, Option<String>) {
        let Ok(journal) = read_file(&removed.path) else { return (None, None) };
        let card = Card::of(&journal, &mut Finder::new(&self.transcripts, models));
        (card.title, card.words)
    }

    /// A name in the trash that nothing has.
    fn free_name(&self, id: &str, mut now: i64) -> PathBuf {
        loop {
            let path = self.directory.join(format!("{now}~{id}.jsonl"));
            if std::fs::symlink_metadata(&path).is_err() {
                return path;
            }
            now += 1;
        }
    }

    /// Files that belong to a transcript.
    fn beside(&self, id: &str) -> Vec<PathBuf> {
        let names = ["torn", "other"].map(|end| self.transcripts.join(format!("{id}.{end}")));
        names.into_iter().filter(|it| std::fs::symlink_metadata(it).is_ok_and(|it| it.is_file())).collect()
    }

    /// Removes for good what is old, and the oldest as long as there is too much. What was removed just now stays.
    fn prune(&self, now: i64, new: &Path) {
        let Ok(all) = self.list() else { return };
        let mut sum = 0_u64;
        for it in all {
            sum += it.bytes;
            // A clock that was set back makes nothing old.
            let is_old = now.saturating_sub(it.when) > KEPT_FOR;
            if it.path != new && (is_old || sum > self.most) {
                sum -= it.bytes;
                for end in ["jsonl", "torn", "other"] {
                    // What cannot be removed is tried again the next time.
                    let _ = std::fs::remove_file(it.path.with_extension(end));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
