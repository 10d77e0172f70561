//! What jobs of other processes left behind.

use std::io;
use std::path::{Component, Path};
use std::sync::atomic::AtomicBool;

use super::download::lock::Lock;
use super::model_store::{lock_of, sweep};
use super::places::Places;
use super::{download, fetch};
use crate::manifest::MEGATRON_345M;

/// Removes what a process left behind that was killed just after it had installed the 345M model: the download, and the
/// place where it was made. While another process works there it stays.
pub fn tidy(places: &Places) {
    let at_once = AtomicBool::new(true);
    let lock = lock_of(places, MEGATRON_345M);
    if let Ok(Some(_lock)) = Lock::acquire(&lock, &at_once, &mut |_| ()) {
        sweep(&places.models, MEGATRON_345M);
        download::forget(&places.downloads, &places.sources);
    }
}

/// Removes what is left of a model's download; answers whether there was anything.
///
/// # Errors
///
/// If it cannot be removed.
pub fn forget(places: &Places, name: &str) -> io::Result<bool> {
    if name == MEGATRON_345M {
        download::forget(&places.downloads, &places.sources);
    }
    // A name and no path: what is removed must lie where downloads do.
    let plain = matches!(Path::new(name).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
    let directory = fetch::directory_of(places, name);
    if !plain || !directory.is_dir() {
        return Ok(false);
    }
    std::fs::create_dir_all(&places.models)?;
    match Lock::acquire(&lock_of(places, name), &AtomicBool::new(true), &mut |_| ())? {
        Some(_lock) => std::fs::remove_dir_all(directory).map(|()| true),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests;
