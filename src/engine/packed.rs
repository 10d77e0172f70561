//! Packed weights beside an installed model, so that only its first start has to pack them.
//!
//! A file is one line of text filled up to [`HEAD`] bytes, then the bytes of all matrices. It may always be deleted: it
//! is made again. What does not fit the model or its own checksum is not used.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::files::{self, Place};
use crate::manifest::Manifest;
use crate::model::Precision;

/// Bytes of the line and its filling.
const HEAD: usize = 256;

/// Bytes that are read and checked at a time.
const CHUNK: usize = 1 << 20;

/// Where packed weights are kept, and whose they are.
pub(super) struct Packs {
    directory: PathBuf,
    weights_sha256: String,
}

impl Packs {
    /// Those of an installed model. Nothing is written into directories of other programs.
    pub(super) fn of(directory: &Path, manifest: Option<&Manifest>) -> Option<Self> {
        let weights_sha256 = manifest?.weights_sha256.clone();
        Some(Self { directory: directory.to_owned(), weights_sha256 })
    }

    fn path(&self, precision: Precision) -> PathBuf {
        self.directory.join(format!("packed-{}", precision.name()))
    }

    /// The line that a file of these bytes begins with.
    fn head(&self, precision: Precision, length: usize, checksum: u32) -> Vec<u8> {
        let (name, sha256) = (precision.name(), &self.weights_sha256);
        let mut head = format!("megachat packed weights 1 {name} {sha256} {length} {checksum:08x}\n").into_bytes();
        head.resize(HEAD, b' ');
        head
    }

    /// Fills `out` from the file; answers whether there is one, and all of it is as it was written.
    pub(super) fn read(&self, precision: Precision, out: &mut [u8]) -> bool {
        self.try_read(precision, out).unwrap_or(false)
    }

    fn try_read(&self, precision: Precision, out: &mut [u8]) -> io::Result<bool> {
        let mut file = files::open(Place::Packed, &self.path(precision))?;
        if file.metadata()?.len() != (HEAD + out.len()) as u64 {
            return Ok(false);
        }
        let mut head = [0; HEAD];
        file.read_exact(&mut head)?;
        let mut checksum = crc32fast::Hasher::new();
        // In pieces that stay in the cache between reading and checking.
        for chunk in out.chunks_mut(CHUNK) {
            file.read_exact(chunk)?;
            checksum.update(chunk);
        }
        Ok(self.head(precision, out.len(), checksum.finalize()) == head)
    }

    /// Writes the file, if it can be: a full disk or a read-only directory costs time at the next start, nothing else.
    ///
    /// One for each model is enough: those of other precisions go. In 32 bits packing takes no longer than reading.
    pub(super) fn write(&self, precision: Precision, bytes: &[u8]) {
        if precision == Precision::F32 {
            return;
        }
        let write = || -> io::Result<()> {
            for entry in std::fs::read_dir(&self.directory)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with("packed-") {
                    std::fs::remove_file(entry.path())?;
                }
            }
            let mut file = tempfile::Builder::new().prefix(".packed-").tempfile_in(&self.directory)?;
            let checksum = crc32fast::hash(bytes);
            file.write_all(&self.head(precision, bytes.len(), checksum))?;
            file.write_all(bytes)?;
            // Without waiting for the disk: after a power cut the checksum tells.
            file.persist(self.path(precision))?;
            Ok(())
        };
        // The temporary file goes by itself.
        let _ = write();
    }
}

#[cfg(test)]
mod tests;
