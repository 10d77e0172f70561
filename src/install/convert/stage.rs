//! The directory in which a model is made before it is seen.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ConvertError;

/// The file of the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// A directory of a unique name beside the output; dropped, it is gone.
pub(super) struct Stage {
    directory: TempDir,
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
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // The published model has the permissions of any directory, less what the user masks.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let directory = builder.tempdir_in(&parent).map_err(failed)?;
        Ok(Self { directory, parent, output: output.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a small file and makes it last.
    pub(super) fn write_text(&self, name: &str, bytes: &[u8]) -> Result<(), ConvertError> {
        let path = self.path().join(name);
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|source| ConvertError::Write { path: path.clone(), source })
    }

    /// Gives the directory its name.
    pub(super) fn publish(self) -> Result<(), ConvertError> {
        let failed = |source| ConvertError::Write { path: self.output.clone(), source };
        sync_directory(self.path()).map_err(failed)?;
        // Renaming replaces an empty directory, so what appeared meanwhile is looked for again.
        if fs::symlink_metadata(&self.output).is_ok() {
            return Err(ConvertError::OutputExists(self.output.clone()));
        }
        fs::rename(self.path(), &self.output).map_err(failed)?;
        sync_directory(&self.parent).map_err(failed)?;
        let _moved = self.directory.keep();
        Ok(())
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    // Other systems cannot open a directory.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
