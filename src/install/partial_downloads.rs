//! What unfinished downloads have left on the disk, to be listed and to be removed.
//!
//! Two kinds lie in the directory of the downloads: the files of the 345M model's sources, each with a lock of its own,
//! and for every other model a directory of its name, which belongs to the process that holds the model's lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::download::lock::Lock;
use super::model_store::lock_of;
use super::places::Places;

/// Something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDownload {
    /// Where: a file, or the directory of a model.
    pub path: PathBuf,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// Everything that is kept, by name. Locks and what is only about files are not listed.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn list(places: &Places) -> io::Result<Vec<PartialDownload>> {
    let mut kept = Vec::new();
    for path in entries(&places.downloads)? {
        let metadata = std::fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            let sizes = entries(&path)?.into_iter().map(|it| std::fs::symlink_metadata(it).map_or(0, |it| it.len()));
            kept.push(PartialDownload { bytes: sizes.sum(), path });
        } else if !is_lock(&path) && path.extension().is_none_or(|it| it != "json") {
            kept.push(PartialDownload { bytes: metadata.len(), path });
        }
    }
    Ok(kept)
}

/// Removes what no process works on; answers what was removed, and what stays because one does.
///
/// # Errors
///
/// If something cannot be removed.
pub fn clear(places: &Places) -> io::Result<(Vec<PartialDownload>, Vec<PartialDownload>)> {
    let (mut removed, mut busy) = (Vec::new(), Vec::new());
    for it in list(places)? {
        let name = it.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let directory = it.path.is_dir();
        let lock = if directory {
            std::fs::create_dir_all(&places.models)?;
            lock_of(places, &name)
        } else {
            let file = name.strip_suffix(".part").unwrap_or(&name);
            places.downloads.join(format!("{file}.lock"))
        };
        let Some(_lock) = at_once(&lock)? else {
            busy.push(it);
            continue;
        };
        if directory {
            std::fs::remove_dir_all(&it.path)?;
        } else {
            // The note goes first: without it the bytes are not trusted, should they stay.
            let note = places.downloads.join(format!("{name}.json"));
            match std::fs::remove_file(note) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                Ok(()) | Err(_) => {}
            }
            std::fs::remove_file(&it.path)?;
        }
        removed.push(it);
    }
    Ok((removed, busy))
}

fn at_once(lock: &Path) -> io::Result<Option<Lock>> {
    Lock::acquire(lock, &AtomicBool::new(true), &mut |_| ())
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "lock")
}

/// The entries of a directory, sorted; none if it is not there.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|it| Ok(it?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}
