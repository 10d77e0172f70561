//! A file or bytes in memory, read the same way, and readers over a part of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::files::{self, Place};

/// A file or bytes in memory.
pub(super) enum Blob<'a> {
    /// An open file and its length.
    File(File, u64),
    /// Bytes in memory.
    Bytes(&'a [u8]),
}

impl<'a> Blob<'a> {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::of(files::open(Place::Weights, path)?)
    }

    pub(super) fn of(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self::File(file, length))
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The whole file as a section.
    pub(super) fn section(self) -> Section<'a> {
        let left = self.length();
        Section { blob: Arc::new(self), at: 0, left }
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => {
                let mut file = file;
                file.seek(SeekFrom::Start(at))?;
                file.read(out)
            }
            Self::Bytes(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[at..]).read(out)
            }
        }
    }
}

/// A part of a [`Blob`], read from its beginning. Cheap to clone; clones read independently, on one thread.
#[derive(Clone)]
pub(super) struct Section<'a> {
    blob: Arc<Blob<'a>>,
    at: u64,
    left: u64,
}

impl Section<'_> {
    pub(super) fn length(&self) -> u64 {
        self.left
    }

    /// A part of this part, cut to what there is.
    pub(super) fn part(&self, at: u64, length: u64) -> Self {
        let skipped = at.min(self.left);
        let left = length.min(self.left - skipped);
        Section { blob: self.blob.clone(), at: self.at + skipped, left }
    }

    /// All its bytes, at most `most`.
    pub(super) fn content(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.clone().take(most as u64).read_to_end(&mut out)?;
        Ok(out)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.blob.read_at(self.at, &mut out[..most])?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Passes bytes on and keeps their checksum.
pub(super) struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
    pub(super) count: u64,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hasher: crc32fast::Hasher::new(), count: 0 }
    }

    /// Reads whatever is left and answers the checksum of everything.
    pub(super) fn finish(&mut self) -> io::Result<u32> {
        io::copy(self, &mut io::sink())?;
        Ok(self.hasher.clone().finalize())
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.hasher.update(&out[..count]);
        self.count += count as u64;
        Ok(count)
    }
}
