//! Models by name: which are installed, and what a name means.

use std::io;
use std::path::{Path, PathBuf};

use crate::integrity::{Fault, read_manifest};
use crate::manifest::Manifest;

/// A model in the models' directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The name of the directory, by which the user calls the model.
    pub name: String,
    /// The directory that holds its manifest and weights.
    pub directory: PathBuf,
    /// What the installer recorded.
    pub manifest: Manifest,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// The installed models, by name.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn installed(models: &Path) -> io::Result<Vec<Installed>> {
    let entries = match std::fs::read_dir(models) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found: Vec<Installed> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str().and_then(|name| find(models, name)))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The names of the installed models, sound or not, in order. None of their files is opened.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn names(models: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(models) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let names = entries.filter_map(|it| it.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|it| exists(models, it)).collect();
    names.sort();
    Ok(names)
}

/// An installed model by its name.
#[must_use]
pub fn find(models: &Path, name: &str) -> Option<Installed> {
    if !is_name(name) {
        return None;
    }
    let directory = models.join(name);
    let manifest = read_manifest(&directory).ok()??;
    let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |it| it.len());
    let bytes = std::fs::read_dir(&directory).ok()?.filter_map(Result::ok).map(|it| size(it.path())).sum();
    Some(Installed { name: name.to_owned(), directory, manifest, bytes })
}

/// Directories of models whose manifest cannot be used, by name, with what is wrong.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn damaged(models: &Path) -> io::Result<Vec<(String, Fault)>> {
    let entries = match std::fs::read_dir(models) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let fault = |name: String| read_manifest(&models.join(&name)).err().map(|fault| (name, fault));
    let names = entries.filter_map(|it| it.ok()?.file_name().into_string().ok()).filter(|it| is_name(it));
    let mut found: Vec<(String, Fault)> = names.filter_map(fault).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Whether there is a model of this name, sound or not.
#[must_use]
pub fn exists(models: &Path, name: &str) -> bool {
    is_name(name) && models.join(name).join(Manifest::FILE).exists()
}

/// Whether a text can be the name of an installed model, and not a path.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && !text.starts_with('.') && text.chars().all(allowed)
}

/// Removes an installed model: out of sight first, in one step, so that a half-removed one is never loaded.
///
/// # Errors
///
/// What the system says; `NotFound` if no model of that name is installed.
pub fn remove(models: &Path, name: &str) -> io::Result<()> {
    if !exists(models, name) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let grave = tempfile::Builder::new().prefix(".removed-").tempdir_in(models)?;
    std::fs::rename(models.join(name), grave.path().join(name))?;
    grave.close()
}

#[cfg(test)]
mod tests;
