//! Transcripts on the disk: finding, reading, appending.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::document::{Document, Header, Journal, JournalError, Record, encode_line, read_journal};

/// Why a transcript cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// There is none of that name.
    #[error("there is no transcript `{id}`")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// There are several whose names begin like that.
    #[error("`{id}` may be {}", names.join(" or "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// The names.
        names: Vec<String>,
    },
    /// Another program writes it.
    #[error("{} is open in another megachat", path.display())]
    Locked {
        /// The transcript that is being written.
        path: PathBuf,
    },
    /// The file is no transcript.
    #[error("{}: {error}", path.display())]
    Bad {
        /// The file that was opened.
        path: PathBuf,
        /// Why not.
        error: JournalError,
    },
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or directory with the fault.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// One line of the list of transcripts.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The name of the file without its ending, by which the user calls the transcript.
    pub id: String,
    /// When it was begun, in milliseconds since 1970.
    pub created: i64,
    /// The last model it was written with.
    pub model: String,
    /// The document's tokens, for its first words.
    pub document: Document,
    /// The records that the document was made from.
    pub journal: Journal,
}

fn ids(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let name = |entry: std::fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned());
    let mut ids: Vec<String> = entries.filter_map(Result::ok).filter_map(name).collect();
    // Names begin with the date.
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// The transcripts, newest first. A file that is none is left out.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn list(directory: &Path) -> io::Result<Vec<Summary>> {
    let summary = |id: String| {
        let (_, journal) = read(directory, &id).ok()?;
        let model = journal.records.iter().rev().find_map(|it| match it {
            Record::Model { name, .. } => Some(name.clone()),
            _ => None,
        });
        let document = replay(&journal);
        let (created, model) = (journal.header.created, model.unwrap_or_default());
        Some(Summary { id, created, model, document, journal })
    };
    Ok(ids(directory)?.into_iter().filter_map(summary).collect())
}

/// The document a journal tells of.
#[must_use]
pub fn replay(journal: &Journal) -> Document {
    let mut document = Document::default();
    journal.records.iter().for_each(|it| document.apply(it));
    document
}

/// The one transcript whose name is or begins with `id`; the newest if `id` is `latest`.
///
/// # Errors
///
/// If there is none or more than one.
pub fn resolve(directory: &Path, id: &str) -> Result<String, TranscriptError> {
    let all = ids(directory).map_err(|error| TranscriptError::Io { path: directory.to_owned(), error })?;
    if all.iter().any(|it| it == id) {
        return Ok(id.to_owned());
    }
    let mut names: Vec<String> =
        all.into_iter().filter(|it| id == "latest" || (!id.is_empty() && it.starts_with(id))).collect();
    if id == "latest" {
        names.truncate(1);
    }
    match names.len() {
        0 => Err(TranscriptError::Unknown { id: id.to_owned() }),
        1 => Ok(names.remove(0)),
        _ => Err(TranscriptError::Ambiguous { id: id.to_owned(), names }),
    }
}

/// Reads a transcript, without the right to append to it.
///
/// # Errors
///
/// If there is no such transcript, or its file is none.
pub fn read(directory: &Path, id: &str) -> Result<(PathBuf, Journal), TranscriptError> {
    let path = directory.join(format!("{}.jsonl", resolve(directory, id)?));
    let journal = read_file(&path)?;
    Ok((path, journal))
}

/// Reads a transcript that lies anywhere.
///
/// # Errors
///
/// If there is no such file, or it is no transcript.
pub fn read_file(path: &Path) -> Result<Journal, TranscriptError> {
    let bytes = std::fs::read(path).map_err(|error| TranscriptError::Io { path: path.to_owned(), error })?;
    read_journal(&bytes).map_err(|error| TranscriptError::Bad { path: path.to_owned(), error })
}

/// A transcript's file, open for appending by this program alone.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    next: u64,
    /// Where the last whole line ends. A write that failed half-way is cut back to it.
    end: u64,
}

impl Appender {
    /// Makes the file of a new transcript; its name gets a number behind it if it is taken.
    ///
    /// Readable by the user alone: people write to a language model what they would not publish.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn create(directory: &Path, header: &Header) -> io::Result<Self> {
        make_private_directory(directory)?;
        for attempt in 1.. {
            let mut header = header.clone();
            if attempt > 1 {
                header.id = format!("{}-{attempt}", header.id);
            }
            let path = directory.join(format!("{}.jsonl", header.id));
            match private(OpenOptions::new().read(true).append(true).create_new(true)).open(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                other => {
                    let file = other?;
                    // No other process knows of the file yet, so this fails only where locks do not exist.
                    let _ = file.try_lock();
                    let mut it = Self { path, file, next: 0, end: 0 };
                    if let Err(error) = it.append(&Record::Header(header)) {
                        // A file without a header is no transcript, and the next try would leave another.
                        let _ = std::fs::remove_file(&it.path);
                        return Err(error);
                    }
                    return Ok(it);
                }
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Opens a transcript to go on with it. A torn last line is set aside in a file beside it.
    ///
    /// # Errors
    ///
    /// If there is no such transcript, its file is none, or another program writes it.
    pub fn open(directory: &Path, id: &str) -> Result<(Self, Journal), TranscriptError> {
        let path = directory.join(format!("{}.jsonl", resolve(directory, id)?));
        let io = |error| TranscriptError::Io { path: path.clone(), error };
        let file = OpenOptions::new().read(true).append(true).open(&path).map_err(io)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(TranscriptError::Locked { path });
        }
        let bytes = std::fs::read(&path).map_err(io)?;
        let journal = read_journal(&bytes).map_err(|error| TranscriptError::Bad { path: path.clone(), error })?;
        let mut end = bytes.len() as u64;
        if let Some(torn) = &journal.torn {
            let aside = path.with_extension("torn");
            let kept = private(OpenOptions::new().append(true).create(true)).open(aside);
            kept.and_then(|mut it| it.write_all(&bytes[torn.clone()])).map_err(io)?;
            end = torn.start as u64;
            file.set_len(end).map_err(io)?;
        }
        let next = journal.next;
        Ok((Self { path, file, next, end }, journal))
    }

    /// The file that is appended to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line, whole or not at all.
    ///
    /// # Errors
    ///
    /// What the system says; the record is then not in the file.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let line = encode_line(self.next, record)?;
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            let _ = self.file.set_len(self.end);
            let _ = self.file.seek(SeekFrom::End(0));
            return Err(error);
        }
        self.next += 1;
        self.end += line.len() as u64;
        Ok(())
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a directory that the user alone may enter; its parents are as the system makes them.
pub(super) fn make_private_directory(directory: &Path) -> io::Result<()> {
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(directory) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(id: &str) -> Header {
        Header { version: 1, id: id.into(), created: 0, program: "test".into() }
    }

    fn typed(first: u32, token: u32) -> Record {
        Record::Typed { first, parent: first.checked_sub(1), tokens: vec![token], chosen: false }
    }

    #[test]
    fn a_torn_line_is_set_aside_and_the_next_one_is_not_glued_to_it() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("transcripts");
        let mut it = Appender::create(&directory, &header("a")).unwrap();
        it.append(&typed(0, 5)).unwrap();
        let path = it.path().to_owned();
        drop(it);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":2,\"cr").unwrap();
        let (mut it, journal) = Appender::open(&directory, "a").unwrap();
        assert_eq!((journal.records.len(), journal.torn.is_some()), (1, true));
        it.append(&typed(1, 6)).unwrap();
        drop(it);
        let (_, journal) = read(&directory, "a").unwrap();
        assert_eq!((replay(&journal).tokens(), journal.damaged, journal.torn), (vec![5, 6], 0, None));
        assert_eq!(std::fs::read(path.with_extension("torn")).unwrap(), b"{\"n\":2,\"cr");
    }

    #[test]
    fn a_second_writer_is_refused_and_a_taken_name_gets_a_number() {
        let home = tempfile::tempdir().unwrap();
        let first = Appender::create(home.path(), &header("a")).unwrap();
        assert!(matches!(Appender::open(home.path(), "a"), Err(TranscriptError::Locked { .. })));
        let second = Appender::create(home.path(), &header("a")).unwrap();
        assert_ne!(first.path(), second.path());
        assert_eq!(read(home.path(), "a-2").unwrap().1.header.id, "a-2");
    }

    #[test]
    fn names_may_be_shortened_while_they_are_unique() {
        let home = tempfile::tempdir().unwrap();
        for id in ["20260101-a", "20260101-b", "20260202-c"] {
            Appender::create(home.path(), &header(id)).unwrap();
        }
        assert_eq!(resolve(home.path(), "202602").unwrap(), "20260202-c");
        assert_eq!(resolve(home.path(), "latest").unwrap(), "20260202-c");
        assert!(matches!(resolve(home.path(), "202601"), Err(TranscriptError::Ambiguous { .. })));
        assert!(matches!(resolve(home.path(), ""), Err(TranscriptError::Unknown { .. })));
        assert_eq!(
            list(home.path()).unwrap().iter().map(|it| &it.id[..]).collect::<Vec<_>>(),
            ["20260202-c", "20260101-b", "20260101-a"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("deep").join("transcripts");
        let it = Appender::create(&directory, &header("a")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(it.path())), (0o700, 0o600));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_loses_nothing_that_was_written() {
        let file = OpenOptions::new().read(true).append(true).open("/dev/full").unwrap();
        let mut it = Appender { path: "/dev/full".into(), file, next: 4, end: 0 };
        let error = it.append(&typed(0, 1)).unwrap_err();
        assert_eq!((error.kind(), it.next), (io::ErrorKind::StorageFull, 4));
    }
}
