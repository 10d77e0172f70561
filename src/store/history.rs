//! What was sent, for later runs: one JSON string a line, oldest first, readable by the user alone.
//!
//! Several programs append to one file. Each adds a whole line at once, and a program that makes the file smaller holds a lock
//! meanwhile that the others wait for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::files::{self, Place, make_private_directory};

/// How many entries are kept.
const MOST: usize = 1000;

/// How many bytes they may take in the file.
const MOST_BYTES: u64 = 1 << 20;

/// What is longer than this is kept in the run alone that it was written in.
const LONGEST: usize = 64 << 10;

/// How long another program may hold the lock. One that was stopped meanwhile must not stop this one.
const PATIENCE: Duration = Duration::from_millis(500);

/// The file, in the directory for what is remembered.
#[must_use]
pub fn file(state: &Path) -> PathBuf {
    state.join("history")
}

/// The newest entries, oldest first. A line that is damaged is skipped; a file that cannot be read is as if it were not
/// there.
#[must_use]
pub fn load(path: &Path) -> Vec<String> {
    read(path).unwrap_or_default()
}

fn read(path: &Path) -> io::Result<Vec<String>> {
    let (mut bytes, mut file) = (Vec::new(), files::open(Place::History, path)?);
    // However large the file is, only its end counts.
    let start = file.metadata()?.len().saturating_sub(2 * MOST_BYTES);
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut bytes)?;
    let lines = bytes.split(|&it| it == b'\n');
    let mut entries: Vec<String> = lines.filter_map(|it| serde_json::from_slice(it).ok()).collect();
    let excess = entries.len().saturating_sub(MOST);
    entries.drain(..excess);
    Ok(entries)
}

/// Adds an entry, unless it is too long to be kept.
///
/// # Errors
///
/// What the system says.
pub fn append(path: &Path, text: &str) -> io::Result<()> {
    if text.len() > LONGEST {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        make_private_directory(directory)?;
    }
    let _lock = lock(path);
    let mut file = files::append(Place::History, path)?;
    let before = file.metadata()?.len();
    let mut line = serde_json::to_string(text)? + "\n";
    if before > 0 {
        // A process that was killed while writing has left half a line, which must not damage this one.
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            line.insert(0, '\n');
        }
    }
    if let Err(error) = file.write_all(line.as_bytes()) {
        let _ = file.set_len(before);
        return Err(error);
    }
    if before + line.len() as u64 > 2 * MOST_BYTES || too_many(path) {
        tidy(path)?;
    }
    Ok(())
}

/// Whether there are so many lines that the oldest should go; not with each new one.
fn too_many(path: &Path) -> bool {
    files::read(Place::History, path).is_ok_and(|it| it.split(|&it| it == b'\n').count() > MOST + MOST / 5)
}

/// Leaves the newest entries alone in the file, whole or not at all.
fn tidy(path: &Path) -> io::Result<()> {
    let mut room = MOST_BYTES;
    let entries = read(path)?;
    let lines = entries.iter().rev().map_while(|it| {
        let line = serde_json::to_string(it).ok()? + "\n";
        room = room.checked_sub(line.len() as u64)?;
        Some(line)
    });
    let mut lines: Vec<String> = lines.collect();
    lines.reverse();
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".history-").tempfile_in(directory)?;
    temporary.write_all(lines.concat().as_bytes())?;
    temporary.persist(path)?;
    Ok(())
}

/// A lock beside the file, since the file itself may be replaced. Without one things go on: where locks do not exist, the
/// worst is a line that is lost while another program makes the file smaller.
fn lock(path: &Path) -> Option<File> {
    let file = files::update(Place::HistoryLock, &path.with_extension("lock")).ok()?;
    let began = Instant::now();
    while let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
        if began.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Some(file)
}

#[cfg(test)]
mod tests;
