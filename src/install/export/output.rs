//! The file that becomes visible when it is whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::ExportError;
use crate::directory::Contents;
use crate::files;
use crate::files::disk::is_full;
use crate::files::sync_directory;

/// A file of a unique name beside the output; dropped, it is gone.
pub(super) struct Output {
    file: NamedTempFile,
    path: PathBuf,
    parent: PathBuf,
    done: u64,
    total: u64,
}

/// Whether `output` may be written: nothing is there, or a file that may be replaced and is no part of the model.
pub(super) fn check(contents: &Contents, output: &Path, force: bool) -> Result<(), ExportError> {
    let path = output.to_owned();
    match files::replaced(output) {
        Ok(None) => return Ok(()),
        Ok(Some(_)) if !force => return Err(ExportError::OutputExists(path)),
        Ok(Some(_)) => {}
        Err(source) => return Err(ExportError::Write { path, source }),
    }
    let mut sources = contents.files().iter().chain(contents.small.values());
    let target = fs::canonicalize(output).ok();
    if target.is_some() && sources.any(|it| fs::canonicalize(it).ok() == target) {
        return Err(ExportError::PartOfTheModel(path));
    }
    Ok(())
}

impl Output {
    /// Begins a file that will have `total` bytes.
    pub(super) fn create(output: &Path, total: u64) -> Result<Self, ExportError> {
        // A link to a file is followed, as its reader will.
        let output = &fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
        let failed = |source| ExportError::Write { path: output.clone(), source };
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no last part");
        let name = output.file_name().ok_or_else(|| failed(no_name()))?;
        let parent = match output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let prefix = format!(".{}.partial-", name.to_string_lossy());
        let file = files::temporary(&parent, &prefix).map_err(failed)?;
        Ok(Self { file, path: output.clone(), parent, done: 0, total })
    }

    /// Appends bytes; answers how many there are now.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<u64, ExportError> {
        self.file.as_file_mut().write_all(bytes).map_err(|it| self.failed(it))?;
        self.done += bytes.len() as u64;
        Ok(self.done)
    }

    /// Gives the file its name, when all of it is on the disk.
    pub(super) fn publish(self, force: bool) -> Result<(), ExportError> {
        self.file.as_file().sync_all().map_err(|it| self.failed(it))?;
        let Self { file, path, parent, .. } = self;
        // Not every file system can rename without replacing, so what appeared meanwhile is looked for again.
        if !force && fs::metadata(&path).is_ok() {
            return Err(ExportError::OutputExists(path));
        }
        let failed = |source| ExportError::Write { path: path.clone(), source };
        file.persist(&path).map_err(|it| failed(it.error))?;
        sync_directory(&parent).map_err(failed)
    }

    fn failed(&self, source: io::Error) -> ExportError {
        let path = self.path.clone();
        if is_full(&source) {
            return ExportError::DiskFull { path, bytes: self.total };
        }
        ExportError::Write { path, source }
    }
}
