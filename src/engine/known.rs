//! Weights that were read before: files are known again by what the system says of them, and with them the hash of what
//! they hold. To hash a gigabyte takes longer than all else at the start.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::protocol::Failure;
use crate::directory::Opened;
use crate::files::{self, Place};
use crate::manifest::hex;

/// Models that are remembered; more are of directories that are long gone.
const MOST: usize = 64;

/// A file that was changed less than so long ago may be changed again without another time: clocks of files go by ticks, on
/// some systems by two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// The file in which hashes are remembered.
pub(super) const HASHES: &str = "hashes.json";

static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

/// Names the directory in which hashes and packed weights of other directories are kept; without it nothing is.
pub fn keep_in(directory: &Path) {
    DIRECTORY.get_or_init(|| directory.to_owned());
}

/// The directory in which things are kept, if there is one.
pub(super) fn directory() -> Option<&'static Path> {
    DIRECTORY.get().map(PathBuf::as_path)
}

/// What the system says of a file. Whoever writes into it changes one of the times at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds of the last writing.
    modified: (i64, i64),
    /// The same of the last change of anything, which no program can set.
    changed: (i64, i64),
}

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
    fn of(it: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self {
            device: it.dev(),
            inode: it.ino(),
            bytes: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        })
    }

    /// Elsewhere nothing is sure enough.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether a change after `now` would show.
    fn is_settled(&self, now: SystemTime) -> bool {
        let last = self.modified.max(self.changed);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let last = u64::try_from(last.0).map(Duration::from_secs).unwrap_or_default();
        last + SETTLED < now
    }
}

/// The files of a model's weights, as they were when they were opened, and their hash.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    paths: Vec<PathBuf>,
    /// Of each file; empty where they cannot be known again.
    identities: Vec<Identity>,
    /// SHA-256 of all bytes of all files, in hexadecimal.
    pub(super) sha256: String,
}

/// A line of what is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Remembered {
    /// Where the first file was, for people.
    path: String,
    files: Vec<Identity>,
    sha256: String,
}

impl Weights {
    /// The weights of a directory: their hash is remembered, or made.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreadable`].
    pub(super) fn of(opened: &Opened) -> Result<Self, Failure> {
        Self::kept_in(directory(), opened.files(), SystemTime::now())
    }

    fn kept_in<'a>(
        directory: Option<&Path>,
        opened: impl Iterator<Item = (&'a Path, &'a File)>,
        now: SystemTime,
    ) -> Result<Self, Failure> {
        let (paths, files): (Vec<PathBuf>, Vec<&File>) = opened.map(|(path, file)| (path.to_owned(), file)).unzip();
        let identity = |it: &&File| Identity::of(&it.metadata().ok()?).filter(|it| it.is_settled(now));
        let identities: Vec<Identity> = files.iter().map(identity).collect::<Option<_>>().unwrap_or_default();
        let notes = directory.map(|it| it.join(HASHES));
        let mut new = Self { paths, identities, sha256: String::new() };
        let all = notes.as_deref().map(remembered).unwrap_or_default();
        if let Some(known) = all.iter().find(|it| !it.files.is_empty() && it.files == new.identities) {
            new.sha256.clone_from(&known.sha256);
            return Ok(new);
        }
        new.sha256 = hash(&new.paths)?;
        if let Some(notes) = notes.filter(|_| new.are_unchanged()) {
            // What cannot be remembered is hashed again.
            let _ = new.remember(&notes, all);
        }
        Ok(new)
    }

    /// Whether the paths still lead to what was opened, and nothing has written to it since.
    pub(super) fn are_unchanged(&self) -> bool {
        let now = |path: &PathBuf| Identity::of(&std::fs::metadata(path).ok()?);
        let mut pairs = self.paths.iter().zip(&self.identities);
        !self.identities.is_empty() && pairs.all(|(path, then)| now(path).as_ref() == Some(then))
    }

    fn remember(&self, notes: &Path, mut all: Vec<Remembered>) -> io::Result<()> {
        let path = self.paths.first().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        // What stood there before is there no more.
        all.retain(|it| it.path != path);
        all.push(Remembered { path, files: self.identities.clone(), sha256: self.sha256.clone() });
        let surplus = all.len().saturating_sub(MOST);
        all.drain(..surplus);
        let directory = notes.parent().unwrap_or(notes);
        files::make_private_directory(directory)?;
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer(&mut temporary, &all)?;
        temporary.flush()?;
        temporary.persist(notes)?;
        Ok(())
    }
}

/// What is remembered; what cannot be read is as if it were not there.
fn remembered(notes: &Path) -> Vec<Remembered> {
    let bytes = files::read(Place::Hashes, notes).ok();
    bytes.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()
}

/// Where weights of a hash were last, for people.
pub(super) fn path_of(directory: &Path, begin_of_sha256: &str) -> Option<String> {
    let all = remembered(&directory.join(HASHES));
    all.into_iter().rev().find(|it| it.sha256.starts_with(begin_of_sha256)).map(|it| it.path)
}

/// SHA-256 of all bytes of some files in order.
fn hash(paths: &[PathBuf]) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in paths {
        let unreadable = |e: io::Error| Failure::Unreadable { path: path.clone(), why: e.to_string() };
        let mut file = files::open(Place::Weights, path).map_err(unreadable)?;
        loop {
            let n = file.read(&mut buffer).map_err(unreadable)?;
            if n == 0 {
                break;
            }
            hash.update(&buffer[..n]);
        }
    }
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
pub(super) mod tests;
