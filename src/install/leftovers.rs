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
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_plainly_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::new(home.path().join("models"), home.path().join("downloads"));
        for directory in ["downloads/mine", "downloads/other", "elsewhere"] {
            std::fs::create_dir_all(home.path().join(directory)).unwrap();
        }
        for name in ["..", ".", "", "../elsewhere", "mine/..", "/", "absent"] {
            assert!(!forget(&places, name).unwrap(), "{name}");
        }
        assert!(forget(&places, "mine").unwrap());
        let left = |name: &str| home.path().join(name).exists();
        assert!(!left("downloads/mine") && left("downloads/other") && left("elsewhere"));
    }
}
