//! Packed weights, so that only the first start has to pack them: beside an installed model, and in the cache those of
//! other directories.
//!
//! A file is one line of text filled up to 256 bytes, then the bytes of all matrices. It may always be deleted: it
//! is made again. What does not fit the model or its own checksum is not used.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::known::{self, Weights};
use crate::checkpoint::Config;
use crate::files::disk::free_bytes;
use crate::files::{self, Place};
use crate::manifest::Manifest;
use crate::model::Precision;
use crate::threads;

/// Bytes of the line and its filling.
const HEAD: usize = 256;

/// Bytes that are read and checked at a time.
const CHUNK: usize = 1 << 20;

/// Threads that read at once; more would wait for the memory.
const MOST_READERS: usize = 4;

/// The most bytes in the cache: a few models of the usual size, or the largest in 16 bits.
const MOST: u64 = 4_000_000_000;

/// Bytes of the disk that a file in the cache leaves to others.
const ROOM: u64 = 2_000_000_000;

/// Digits of a hash that name a file in the cache; the whole of it is in the file.
const DIGITS: usize = 16;

/// Where packed weights are kept, and whose they are.
#[derive(Clone)]
pub(super) struct Packs {
    directory: PathBuf,
    weights_sha256: String,
    /// What the model is, beside its weights.
    config: String,
    /// The files that they are made of, where these lie in a directory of other programs; there nothing is written.
    made_of: Option<Weights>,
}

/// Packed weights in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where they are.
    pub path: PathBuf,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Where the model was that they were made of, if that is known.
    pub of: Option<String>,
}

/// What the cache holds, the oldest use first.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn list(directory: &Path) -> io::Result<Vec<Kept>> {
    let entries = match std::fs::read_dir(directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut all: Vec<(SystemTime, Kept)> = Vec::new();
    for entry in entries {
        let (entry, name) = entry.map(|it| (it.path(), it.file_name().to_string_lossy().into_owned()))?;
        let Some((begin, _)) = name.split_once('-').filter(|it| it.0.len() == DIGITS) else { continue };
        let metadata = std::fs::symlink_metadata(&entry)?;
        let of = known::path_of(directory, begin);
        all.push((metadata.modified()?, Kept { path: entry, bytes: metadata.len(), of }));
    }
    all.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    Ok(all.into_iter().map(|it| it.1).collect())
}

/// Removes what the cache holds; answers that.
///
/// # Errors
///
/// If something cannot be removed.
pub fn clear(directory: &Path) -> io::Result<Vec<Kept>> {
    let all = list(directory)?;
    for it in &all {
        std::fs::remove_file(&it.path)?;
    }
    match std::fs::remove_file(directory.join(known::HASHES)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(all),
    }
}

impl Packs {
    /// Those of an installed model, beside it.
    pub(super) fn of_installed(directory: &Path, manifest: &Manifest, config: &Config) -> Self {
        let weights_sha256 = manifest.weights_sha256.clone();
        Self { directory: directory.to_owned(), weights_sha256, config: format!("{config:?}"), made_of: None }
    }

    /// Those of other weights, in the cache, if there is one and the weights can be known again.
    pub(super) fn in_the_cache(weights: &Weights, config: &Config) -> Option<Self> {
        let directory = known::directory().filter(|_| weights.are_unchanged())?.to_owned();
        let weights_sha256 = weights.sha256.clone();
        Some(Self { directory, weights_sha256, config: format!("{config:?}"), made_of: Some(weights.clone()) })
    }

    fn path(&self, precision: Precision) -> PathBuf {
        let whose = if self.made_of.is_some() { &self.weights_sha256[..DIGITS] } else { "packed" };
        self.directory.join(format!("{whose}-{}", precision.name()))
    }

    /// The line that a file of these bytes begins with.
    fn head(&self, precision: Precision, length: usize, checksum: u32) -> Vec<u8> {
        let (name, sha256, config) = (precision.name(), &self.weights_sha256, crc32fast::hash(self.config.as_bytes()));
        let line = format!("megachat packed weights 2 {name} {sha256} {config:08x} {length} {checksum:08x}\n");
        let mut head = line.into_bytes();
        head.resize(HEAD, b' ');
        head
    }

    /// Fills `out` from the file; answers whether there is one, and all of it is as it was written.
    pub(super) fn read(&self, precision: Precision, out: &mut [u8]) -> bool {
        self.try_read(precision, out).unwrap_or(false)
    }

    fn try_read(&self, precision: Precision, out: &mut [u8]) -> io::Result<bool> {
        let path = self.path(precision);
        let mut file = files::open(Place::Packed, &path)?;
        let length = out.len();
        if file.metadata()?.len() != (HEAD + length) as u64 {
            return Ok(false);
        }
        let mut head = [0; HEAD];
        file.read_exact(&mut head)?;
        // To copy and to check is work for several processors.
        let readers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS);
        let size = length.div_ceil(readers).next_multiple_of(CHUNK).max(CHUNK);
        let parts: Vec<(usize, &mut [u8])> = (HEAD..).step_by(size).zip(out.chunks_mut(size)).collect();
        let read = |(start, part): (usize, &mut [u8])| -> io::Result<crc32fast::Hasher> {
            let mut file = files::open(Place::Packed, &path)?;
            file.seek(SeekFrom::Start(start as u64))?;
            let mut checksum = crc32fast::Hasher::new();
            // In pieces that stay in the cache between reading and checking.
            for chunk in part.chunks_mut(CHUNK) {
                file.read_exact(chunk)?;
                checksum.update(chunk);
            }
            Ok(checksum)
        };
        let mut checksum = crc32fast::Hasher::new();
        for part in threads::at_once("weights", parts, read) {
            checksum.combine(&part?);
        }
        let fits = self.head(precision, length, checksum.finalize()) == head;
        if fits && self.made_of.is_some() {
            // What was used last stays longest. That it cannot be said changes nothing else.
            let _ = file.set_modified(SystemTime::now());
        }
        Ok(fits)
    }

    /// Writes the file, if it can be: a full disk or a read-only directory costs time at the next start, nothing else.
    ///
    /// In 32 bits packing takes no longer than reading.
    pub(super) fn write(&self, precision: Precision, bytes: &[u8]) {
        if precision != Precision::F32 {
            // The temporary file goes by itself.
            let _ = self.try_write(precision, bytes);
        }
    }

    fn try_write(&self, precision: Precision, bytes: &[u8]) -> io::Result<()> {
        if let Some(weights) = &self.made_of {
            // They were read after the hash was made: what was written meanwhile is not what was hashed.
            if !weights.are_unchanged() || !make_room(&self.directory, (HEAD + bytes.len()) as u64)? {
                return Ok(());
            }
        } else {
            // One for each model is enough: those of other precisions go.
            for entry in std::fs::read_dir(&self.directory)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with("packed-") {
                    std::fs::remove_file(entry.path())?;
                }
            }
        }
        let mut file = tempfile::Builder::new().prefix(".packed-").tempfile_in(&self.directory)?;
        let checksum = crc32fast::hash(bytes);
        file.write_all(&self.head(precision, bytes.len(), checksum))?;
        file.write_all(bytes)?;
        // Without waiting for the disk: after a power cut the checksum tells.
        file.persist(self.path(precision))?;
        Ok(())
    }
}

/// Makes room for so many bytes in the cache: what was not used for longest goes. Answers whether there is room.
fn make_room(directory: &Path, bytes: u64) -> io::Result<bool> {
    files::make_private_directory(directory)?;
    if bytes > MOST || free_bytes(directory).is_ok_and(|it| it < bytes + ROOM) {
        return Ok(false);
    }
    let all = list(directory)?;
    let mut sum: u64 = all.iter().map(|it| it.bytes).sum();
    for it in all {
        if sum + bytes <= MOST {
            break;
        }
        std::fs::remove_file(&it.path)?;
        sum -= it.bytes;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
