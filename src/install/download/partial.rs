//! The files of one download: what has arrived so far, and the note beside it.
//!
//! `NAME.part` holds a prefix of the file and `NAME.part.json` says whose prefix: the address
//! without its query, the strong `ETag`, the full length. Bytes from two answers are never mixed
//! unless the server vouched that both belong to the same file. When everything is there and was
//! checked, the file becomes `NAME` by one rename, with `NAME.json` beside it; a file called
//! `NAME` is therefore never half a file.
//!
//! A length alone proves nothing, so a prefix found on disk is read and hashed again before it
//! is continued.
//!
//! Not here: anything about the network, and which answers may be appended ([`super::answer`]).

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{self, Place};
use crate::manifest::hex;

/// Whose bytes the partial file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The address without query, user name and password.
    pub(super) url: String,
    /// The `ETag` of the answer, only if it is a strong one.
    pub(super) etag: Option<String>,
    /// The length of the whole file, where the server said it.
    pub(super) total: Option<u64>,
}

/// What is known of a finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The address without query, user name and password.
    pub(super) url: String,
    /// The length of the file.
    pub(super) bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub(super) sha256: String,
}

/// A download in progress.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    finished: PathBuf,
    file: File,
    len: u64,
    hasher: Sha256,
    origin: Option<Origin>,
}

impl Partial {
    /// Opens or creates the partial file for `file_name`, which starts out as empty.
    ///
    /// Bytes already on disk are not trusted before [`Partial::recall`] and are not destroyed
    /// before [`Partial::restart`]. `suffix` sets apart the files of processes that could not
    /// lock each other out.
    pub(super) fn open(directory: &Path, file_name: &str, suffix: &str) -> io::Result<Self> {
        let path = directory.join(format!("{file_name}{suffix}.part"));
        // A link planted under this name would make the program write somewhere else, a pipe would make it wait.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            fs::remove_file(&path)?;
        }
        let file = files::update(Place::Part, &path)?;
        Ok(Self { path, finished: directory.join(file_name), file, len: 0, hasher: Sha256::new(), origin: None })
    }

    /// Takes over what an earlier run left, if it came from `url` and can be continued.
    ///
    /// Reads and hashes all of it, telling `progress` how far it is. `Ok(false)` means that
    /// `progress` asked to stop.
    pub(super) fn recall(&mut self, url: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> io::Result<bool> {
        let on_disk = self.file.metadata()?.len();
        let Some(origin) = self.read_origin().filter(|origin| origin.url == url) else {
            return Ok(true);
        };
        let fits = origin.total.is_none_or(|total| on_disk <= total);
        let useful = origin.etag.is_some() || origin.total == Some(on_disk);
        if on_disk == 0 || !fits || !useful {
            return Ok(true);
        }
        self.file.rewind()?;
        match hash(&mut self.file, on_disk, progress)? {
            None => return Ok(false),
            Some((len, hasher)) => {
                self.len = len;
                self.hasher = hasher;
                self.origin = Some(origin);
            }
        }
        Ok(true)
    }

    /// Forgets every byte and notes whose bytes come next.
    pub(super) fn restart(&mut self, origin: Origin) -> io::Result<()> {
        self.clear()?;
        // The old bytes must be gone before the note speaks of new ones, not the reverse.
        self.file.sync_data()?;
        write_json(&self.note_path(), &origin)?;
        self.origin = Some(origin);
        Ok(())
    }

    /// Forgets every byte, on disk too.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.len = 0;
        self.hasher = Sha256::new();
        self.origin = None;
        self.file.set_len(0)?;
        self.file.rewind()
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Brings what was written so far onto the disk.
    ///
    /// A failure here loses nothing now, and the next run hashes what it finds.
    pub(super) fn settle(&self) {
        let _ = self.file.sync_data();
    }

    /// Bytes held.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes held that a later call can start from.
    pub(super) fn continuable(&self) -> u64 {
        let tagged = self.origin.as_ref().is_some_and(|origin| origin.etag.is_some());
        if tagged || self.has_all() { self.len } else { 0 }
    }

    /// Whose bytes are held, if any are.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Where the bytes are.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the server's announced length has arrived.
    pub(super) fn has_all(&self) -> bool {
        self.len > 0 && self.origin.as_ref().and_then(|it| it.total) == Some(self.len)
    }

    /// The SHA-256 of the bytes held, in lower-case hexadecimal.
    pub(super) fn sha256(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    /// Gives the complete file its final name.
    pub(super) fn finish(self, record: &Record) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        let note = self.note_path();
        // The record first: without its file it says nothing, while a file without its record
        // would have to be fetched again.
        write_json(&record_path(&self.finished), record)?;
        let Self { path, finished, file, .. } = self;
        // Windows renames no open file.
        drop(file);
        fs::rename(&path, &finished)?;
        let _ = fs::remove_file(note);
        sync_directory(&finished);
        Ok(finished)
    }

    /// Closes the file, and deletes it if there is nothing in it.
    pub(super) fn leave(self) {
        self.settle();
        if self.file.metadata().is_ok_and(|found| found.len() == 0) {
            let note = self.note_path();
            let Self { path, file, .. } = self;
            drop(file);
            // What stays behind when this fails is an empty file, which does no harm.
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(note);
        }
    }

    fn read_origin(&self) -> Option<Origin> {
        serde_json::from_slice(&files::read(Place::DownloadNote, &self.note_path()).ok()?).ok()
    }

    fn note_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".json");
        name.into()
    }
}

/// What an earlier run finished under this name, with its bytes read and hashed again.
///
/// `Ok(None)` if there is nothing, or not what its record says. `Err(Interrupted)` if `progress`
/// asked to stop.
pub(super) fn read_finished(path: &Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> io::Result<Option<Record>> {
    let text = files::read(Place::DownloadNote, &record_path(path));
    let record: Option<Record> = text.ok().and_then(|text| serde_json::from_slice(&text).ok());
    let (Some(record), Ok(mut file)) = (record, files::open(Place::Download, path)) else {
        return Ok(None);
    };
    if file.metadata()?.len() != record.bytes {
        return Ok(None);
    }
    let Some((_, hasher)) = hash(&mut file, record.bytes, progress)? else {
        return Err(io::ErrorKind::Interrupted.into());
    };
    Ok((hex(&hasher.finalize()) == record.sha256).then_some(record))
}

/// The note beside a finished file.
pub(super) fn record_path(finished: &Path) -> PathBuf {
    let mut name = finished.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Hashes up to `total` bytes; `None` if `progress` returned false.
fn hash(file: &mut File, total: u64, progress: &mut dyn FnMut(u64, u64) -> bool) -> io::Result<Option<(u64, Sha256)>> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut done = 0;
    loop {
        if !progress(done, total) {
            return Ok(None);
        }
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Some((done, hasher)));
        }
        hasher.update(&buffer[..read]);
        done += read as u64;
    }
}

/// Writes a small file so that a reader sees the old one or the new one, never half of it.
fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// Makes a rename survive a power cut, on systems where a directory can be opened.
fn sync_directory(file: &Path) {
    if let Some(directory) = file.parent() {
        let _ = files::sync_directory(directory);
    }
}

#[cfg(test)]
mod tests;
