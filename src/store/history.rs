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
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_loaded_exactly_and_by_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = file(&home.path().join("state"));
        assert_eq!(load(&path), [""; 0]);
        let texts = ["Once upon a time", "two\nlines\n", "\"quoted\" \\ \u{1b}[31m é 日本 \u{2028}", " "];
        for text in texts {
            append(&path, text).unwrap();
        }
        assert_eq!(load(&path), texts);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn damaged_lines_are_skipped_and_a_torn_one_damages_no_other() {
        let home = tempfile::tempdir().unwrap();
        let path = file(home.path());
        std::fs::write(&path, b"\"one\"\nrubbish\n\xff\xfe\n3\n{}\n\n\"two\"\n\"torn").unwrap();
        append(&path, "three").unwrap();
        assert_eq!(load(&path), ["one", "two", "three"]);
    }

    #[test]
    fn the_file_has_an_end() {
        let home = tempfile::tempdir().unwrap();
        let path = file(home.path());
        let lines: Vec<String> = (0..MOST + MOST / 5).map(|it| format!("\"{it}\"\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        append(&path, "newest").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), MOST);
        let entries = load(&path);
        assert_eq!((entries.len(), entries[0].as_str(), entries[MOST - 1].as_str()), (MOST, "201", "newest"));
        for _ in 0..70 {
            append(&path, &"x".repeat(LONGEST)).unwrap();
        }
        assert!(path.metadata().unwrap().len() <= 2 * MOST_BYTES);
        append(&path, &"y".repeat(LONGEST + 1)).unwrap();
        assert!(load(&path).last().unwrap().starts_with('x'));
    }

    #[test]
    fn many_append_at_once_while_the_file_is_made_smaller() {
        let home = tempfile::tempdir().unwrap();
        let path = file(home.path());
        let lines: String = (0..MOST + MOST / 5 - 20).map(|_| "\"old\"\n").collect();
        std::fs::write(&path, lines).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || (0..25).for_each(|it| append(path, &format!("{writer} {it}")).unwrap()));
            }
        });
        let entries = load(&path);
        for writer in 0..4 {
            for it in 0..25 {
                assert!(entries.contains(&format!("{writer} {it}")), "{writer} {it}");
            }
        }
    }
}
