//! The directory in which a model is made before it is seen.

use std::fs;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ConvertError;
use crate::files::{self, Place, sync_directory};

/// The file of the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// The file in the directory that is locked as long as a process works there.
const LOCK: &str = ".lock";

/// A directory of a unique name beside the output; dropped, it is gone.
///
/// A killed process cannot tidy up, but the system takes its lock away, and the next one that makes the same output
/// removes what it left.
pub(super) struct Stage {
    directory: TempDir,
    lock: File,
    parent: PathBuf,
    output: PathBuf,
}

impl Stage {
    pub(super) fn new(output: &Path) -> Result<Self, ConvertError> {
        if fs::symlink_metadata(output).is_ok() {
            return Err(ConvertError::OutputExists(output.to_owned()));
        }
        let failed = |source| ConvertError::Write { path: output.to_owned(), source };
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no last part");
        let name = output.file_name().ok_or_else(|| failed(no_name()))?;
        let parent = match output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        fs::create_dir_all(&parent).map_err(failed)?;
        let prefix = format!(".{}.partial-", name.to_string_lossy());
        sweep(&parent, &prefix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // The published model has the permissions of any directory, less what the user masks.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let directory = builder.tempdir_in(&parent).map_err(failed)?;
        // Locked first and named then: a lock that can be had under this name is a dead one's.
        let unnamed = directory.path().join(".unlocked");
        let lock = files::create(Place::StageLock, &unnamed).map_err(failed)?;
        // Where a file system knows no locks nothing is swept either: a lock is needed for that, too.
        let _ = lock.try_lock();
        fs::rename(&unnamed, directory.path().join(LOCK)).map_err(failed)?;
        Ok(Self { directory, lock, parent, output: output.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a small file and makes it last.
    pub(super) fn write_text(&self, name: &str, bytes: &[u8]) -> Result<(), ConvertError> {
        let path = self.path().join(name);
        let write = || {
            let mut file = files::create(Place::Made, &path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|source| ConvertError::Write { path: path.clone(), source })
    }

    /// Gives the directory its name.
    pub(super) fn publish(self) -> Result<(), ConvertError> {
        let failed = |source| ConvertError::Write { path: self.output.clone(), source };
        fs::remove_file(self.path().join(LOCK)).map_err(failed)?;
        sync_directory(self.path()).map_err(failed)?;
        // Renaming replaces an empty directory, so what appeared meanwhile is looked for again.
        if fs::symlink_metadata(&self.output).is_ok() {
            return Err(ConvertError::OutputExists(self.output.clone()));
        }
        fs::rename(self.path(), &self.output).map_err(failed)?;
        sync_directory(&self.parent).map_err(failed)?;
        let _moved = self.directory.keep();
        drop(self.lock);
        Ok(())
    }
}

/// Removes what killed processes left of the same output.
fn sweep(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let lock = files::open(Place::StageLock, &entry.path().join(LOCK));
        if lock.is_ok_and(|it| it.try_lock().is_ok()) {
            // If it stays, it takes room and does no harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
