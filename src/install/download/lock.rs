//! A lock between processes, held on an open file.
//!
//! The system releases it when its holder dies, however it dies, so there is no stale lock and
//! the user is never asked to delete one. The file itself stays: deleting it would let two processes
//! hold locks on two files of the same name.
//!
//! Correctness does not depend on it. Some network file systems grant every lock to everyone;
//! what keeps files whole there is that finished files appear by rename only.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::files::{self, Place};

/// How often a waiting process looks again; also how late it may notice a cancellation.
const POLL: Duration = Duration::from_millis(50);

/// A held lock, released when dropped.
#[derive(Debug)]
pub struct Lock {
    /// `None` where the file system knows no locks.
    file: Option<File>,
}

impl Lock {
    /// Takes the lock at `path`, waiting as long as another process holds it.
    ///
    /// `waiting` is called once, before the first wait, with the holder's process id where it can
    /// be read. `Ok(None)` means that `cancel` became true while waiting.
    ///
    /// # Errors
    ///
    /// If the lock file cannot be created. A file system that refuses locks is no error, see
    /// [`Lock::is_exclusive`].
    pub fn acquire(path: &Path, cancel: &AtomicBool, waiting: &mut dyn FnMut(Option<u32>)) -> io::Result<Option<Self>> {
        let mut file = files::update(Place::Lock, path)?;
        let mut announced = false;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    sign(&mut file);
                    return Ok(Some(Self { file: Some(file) }));
                }
                // Systems without locks say so with half a dozen different errors.
                Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Interrupted => {
                    return Ok(Some(Self { file: None }));
                }
                Err(TryLockError::Error(_) | TryLockError::WouldBlock) => {}
            }
            if cancel.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if !announced {
                announced = true;
                waiting(holder(&mut file));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Whether others are really kept out; false where the file system knows no locks.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.file.is_some()
    }
}

/// Leaves our process id for the message of those who wait. Nothing is decided by it, so a
/// failure is no failure.
fn sign(file: &mut File) {
    let _ = file.set_len(0);
    let _ = file.rewind();
    let _ = write!(file, "{}", std::process::id());
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests;
