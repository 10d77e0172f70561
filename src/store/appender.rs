//! A transcript that is open for writing.
//!
//! Its file may be removed, renamed, replaced or changed by a person or by a program that copies files, and its directory
//! too. So everything that belongs into it is in memory as well, and what is no longer as it was left is written anew.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::transcripts::{TranscriptError, journal_in, leads_out, resolve};
use super::vocabularies;
use crate::document::{Header, Journal, Record, encode_line};
use crate::files::{self, Place};
use crate::text::Vocabulary;

/// A transcript's file, open for appending by this program alone.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    next: u64,
    /// All whole lines, as they are to be in the file. A write that failed half-way is cut back to their length.
    whole: Vec<u8>,
    /// When the file was last written by this program, as the file system tells it.
    written: Option<SystemTime>,
    /// The words that lines name; each has a file beside the transcript.
    vocabularies: Vec<Arc<Vocabulary>>,
}

/// In what way a transcript's file is no longer as it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing has its name.
    Gone,
    /// Something else has its name.
    Replaced,
    /// It has other bytes: fewer, more, or as many.
    Rewritten,
}

/// A transcript that was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// What had been done to its file.
    pub change: Change,
    /// Where that lies now which stood in its place and is no part of the transcript, if anything did.
    pub aside: Option<PathBuf>,
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
        files::make_private_directory(directory)?;
        for attempt in 1.. {
            let mut header = header.clone();
            if attempt > 1 {
                header.id = format!("{}-{attempt}", header.id);
            }
            let path = directory.join(format!("{}.jsonl", header.id));
            match files::create_to_append(Place::Transcript, &path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                other => {
                    let file = other?;
                    // No other process knows of the file yet, so this fails only where locks do not exist.
                    let _ = file.try_lock();
                    let mut it =
                        Self { path, file, next: 0, whole: Vec::new(), written: None, vocabularies: Vec::new() };
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
        let id = resolve(directory, id)?;
        let path = directory.join(format!("{id}.jsonl"));
        if leads_out(&path) {
            return Err(TranscriptError::LeadsOut { path });
        }
        let io = |error| TranscriptError::Io { path: path.clone(), error };
        let file = files::open_to_append(Place::Transcript, &path).map_err(io)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(TranscriptError::Locked { path });
        }
        let mut whole = files::read_from(Place::Transcript, &file).map_err(io)?;
        let journal = journal_in(&path, &whole)?;
        if let Some(torn) = &journal.torn {
            let aside = path.with_extension("torn");
            let kept = files::append(Place::Torn, &aside).and_then(|mut it| it.write_all(&whole[torn.clone()]));
            kept.map_err(|error| TranscriptError::Io { path: aside, error })?;
            whole.truncate(torn.start);
            file.set_len(whole.len() as u64).map_err(io)?;
        }
        // What a killed program was writing anew, if it was.
        let _ = std::fs::remove_file(path.with_file_name(staged(&path)));
        let (next, written) = (journal.next, modified(&file));
        Ok((Self { path, file, next, whole, written, vocabularies: Vec::new() }, journal))
    }

    /// The file that is appended to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        usize::try_from(self.next).unwrap_or(usize::MAX)
    }

    /// Writes one line, whole or not at all.
    ///
    /// # Errors
    ///
    /// What the system says; the record is then not in the file.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let line = encode_line(self.next, record)?;
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            let _ = self.file.set_len(self.whole.len() as u64);
            let _ = self.file.seek(SeekFrom::End(0));
            self.written = modified(&self.file);
            return Err(error);
        }
        self.next += 1;
        self.whole.extend_from_slice(line.as_bytes());
        self.written = modified(&self.file);
        Ok(())
    }

    /// Keeps the words that the next lines name.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn keep(&mut self, vocabulary: &Arc<Vocabulary>) -> io::Result<()> {
        self.knows(vocabulary);
        vocabularies::keep(self.directory(), vocabulary)
    }

    /// Takes note of words that are kept already.
    pub fn knows(&mut self, vocabulary: &Arc<Vocabulary>) {
        if !self.vocabularies.iter().any(|it| it.hash() == vocabulary.hash()) {
            self.vocabularies.push(vocabulary.clone());
        }
    }

    fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Whether the path still leads to the file that is open, and that still has the bytes it was left with. They are read
    /// if its time says that it was written since; a file system that tells coarse times hides what is done within one.
    ///
    /// # Errors
    ///
    /// What the system says, if it cannot be told.
    pub fn change(&self) -> io::Result<Option<Change>> {
        use io::ErrorKind::{NotADirectory, NotFound};
        match files::is_at(&self.file, &self.path) {
            Ok(true) => {
                let is_as_long = self.file.metadata()?.len() == self.whole.len() as u64;
                let is_as_left = is_as_long && (modified(&self.file) == self.written || self.holds_everything());
                Ok((!is_as_left).then_some(Change::Rewritten))
            }
            Ok(false) => Ok(Some(Change::Replaced)),
            Err(e) if matches!(e.kind(), NotFound | NotADirectory) => {
                // A link that leads nowhere has the name.
                let is_free = std::fs::symlink_metadata(&self.path).is_err();
                Ok(Some(if is_free { Change::Gone } else { Change::Replaced }))
            }
            Err(e) => Err(e),
        }
    }

    /// Writes everything anew if the file is no longer as it was left. What stands in its place is set aside, unless it is
    /// no more than a beginning of the transcript.
    ///
    /// # Errors
    ///
    /// What the system says; everything is then still in memory.
    pub fn mend(&mut self) -> io::Result<Option<Mended>> {
        let Some(change) = self.change()? else {
            // Somebody may have touched it; it need not be read for that again.
            self.written = modified(&self.file);
            return Ok(None);
        };
        let directory = self.directory().to_owned();
        files::make_private_directory(&directory)?;
        for it in &self.vocabularies {
            vocabularies::keep(&directory, it)?;
        }
        let staged = staged(&self.path);
        // A program that was killed while it wrote may have left it; no other one writes this transcript.
        let _ = std::fs::remove_file(directory.join(&staged));
        let mut made = tempfile::Builder::new().prefix(&staged).rand_bytes(0).append(true).tempfile_in(&directory)?;
        made.write_all(&self.whole)?;
        made.as_file().sync_data()?;
        let _ = made.as_file().try_lock();
        let aside = if change == Change::Gone { None } else { self.set_aside()? };
        let is_free = std::fs::symlink_metadata(&self.path).is_err();
        let placed = if is_free { made.persist_noclobber(&self.path) } else { made.persist(&self.path) };
        self.file = placed.map_err(|it| it.error)?;
        self.written = modified(&self.file);
        files::sync_directory(&directory)?;
        Ok(Some(Mended { change, aside }))
    }

    /// Gives what stands in the place of the file another name, unless all of it is in the transcript too. The name is no
    /// transcript's, so that the list and `latest` mean the one that is written.
    fn set_aside(&self) -> io::Result<Option<PathBuf>> {
        if self.holds_nothing_else() {
            return Ok(None);
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for attempt in 1.. {
            let number = if attempt > 1 { format!("-{attempt}") } else { String::new() };
            let aside = self.path.with_file_name(format!("{stem}.other{number}"));
            // Under both names for a moment, so that no moment is without a transcript.
            match std::fs::hard_link(&self.path, &aside) {
                Ok(()) => return Ok(Some(aside)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                // A directory, or a file system that gives a file one name.
                Err(_) if std::fs::symlink_metadata(&aside).is_err() => {
                    std::fs::rename(&self.path, &aside)?;
                    return Ok(Some(aside));
                }
                Err(_) => {}
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Whether what stands at the path has all lines and nothing else.
    fn holds_everything(&self) -> bool {
        let mut found = Vec::new();
        let read = files::open(Place::Transcript, &self.path)
            .and_then(|it| it.take(self.whole.len() as u64 + 1).read_to_end(&mut found));
        read.is_ok() && found == self.whole
    }

    /// Whether what stands at the path is a file with a beginning of the transcript, and with nothing more.
    fn holds_nothing_else(&self) -> bool {
        let is_link = std::fs::symlink_metadata(&self.path).is_ok_and(|it| it.is_symlink());
        let Ok(file) = files::open(Place::Transcript, &self.path) else { return false };
        let most = self.whole.len() as u64;
        if is_link || file.metadata().map_or(true, |it| it.len() > most) {
            return false;
        }
        let mut found = Vec::new();
        file.take(most + 1).read_to_end(&mut found).is_ok() && self.whole.starts_with(&found)
    }
}

/// The name under which a transcript is written anew, until it is whole.
fn staged(path: &Path) -> OsString {
    let mut name = OsString::from(".rewriting-");
    name.push(path.file_name().unwrap_or_default());
    name
}

/// When a file was last written, if the file system tells it.
fn modified(file: &File) -> Option<SystemTime> {
    file.metadata().and_then(|it| it.modified()).ok()
}

#[cfg(test)]
mod tests;
