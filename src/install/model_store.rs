//! The directory of the installed models: what stands there, and how something comes to stand there.

use std::io;
use std::path::{Path, PathBuf};

use super::places::Places;
use super::protocol::Ready;
use crate::files::{self, Place};
use crate::integrity;
use crate::manifest::Manifest;

/// The file that is locked by the process that makes a model of that name.
pub(super) fn lock_of(places: &Places, name: &str) -> PathBuf {
    places.models.join(format!(".{name}.lock"))
}

/// An installed model of a name.
pub(super) fn installed(places: &Places, name: &str) -> Option<(Ready, Manifest)> {
    let directory = places.models.join(name);
    let manifest = integrity::read_manifest(&directory).ok()??;
    let ready = Ready {
        name: name.to_owned(),
        directory,
        format: manifest.format.clone(),
        notes: Vec::new(),
        verified: manifest.verified,
        parameters: manifest.parameters,
    };
    Some((ready, manifest))
}

/// Removes what a killed process left half-made. The job's lock is held, so no process works there.
pub(super) fn sweep(models: &Path, job: &str) {
    let prefix = format!(".installing-{job}-");
    // What follows is letters and digits; with a dash in it, it is that of another model, whose name is longer.
    let own = |name: &str| name.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('-'));
    let Ok(entries) = std::fs::read_dir(models) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if own(&entry.file_name().to_string_lossy()) {
            // If it stays, it takes room and does no harm.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Gives a model its manifest and moves it to its place.
pub(super) fn publish(made: &Path, place: &Path, manifest: &Manifest) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = files::create(Place::Manifest, &made.join(Manifest::FILE))?;
    file.write_all(&manifest.to_bytes())?;
    file.sync_all()?;
    // An old model, or a directory without a manifest, which is none. It steps aside and goes with the workshop, so that
    // at every moment at least one of them is whole.
    let aside = made.with_extension("old");
    let replaced = std::fs::symlink_metadata(place).is_ok();
    if replaced {
        std::fs::rename(place, &aside)?;
    }
    if let Err(e) = std::fs::rename(made, place) {
        if replaced {
            std::fs::rename(&aside, place)?;
        }
        return Err(e);
    }
    if let Some(parent) = place.parent() {
        files::sync_directory(parent)?;
    }
    Ok(())
}
