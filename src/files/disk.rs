//! How much room a file system has left.
//!
//! The numbers are a hint and not a promise: quotas, reserved blocks, compression and snapshots
//! all make them wrong in either direction. Callers warn with them and let the user go on.
//!
//! Not here: deciding how much is needed, and the error when the room really ends.

use std::io;
use std::path::Path;

/// Bytes an ordinary user may still write on the file system that holds `path`.
///
/// `path` need not exist yet: its nearest existing ancestor is asked.
///
/// # Errors
///
/// If no ancestor exists, the system refuses the question, or the system is one that this
/// program does not know how to ask ([`io::ErrorKind::Unsupported`]).
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let absolute = std::path::absolute(path)?;
    let existing = absolute.ancestors().find(|ancestor| ancestor.exists());
    ask(existing.ok_or(io::ErrorKind::NotFound)?)
}

/// Whether an error says that the disk is full, or what the user may have of it.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether an error that came of writing lies with the disk and not with the name that was given.
#[must_use]
pub fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound};
    let is_of_the_name = matches!(
        error.kind(),
        NotFound | AlreadyExists | NotADirectory | IsADirectory | InvalidFilename | InvalidInput
    );
    !is_of_the_name
}

#[cfg(unix)]
fn ask(existing: &Path) -> io::Result<u64> {
    let answer = rustix::fs::statvfs(existing)?;
    // `f_bavail` counts what is left for everyone, `f_bfree` also what is kept for root.
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}

#[cfg(not(unix))]
fn ask(_existing: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests;
