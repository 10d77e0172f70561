//! Hashes of what is read and of what was written.

use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::manifest::hex;

use super::ConvertError;
use super::blob::Blob;
use super::locate::Located;

/// Does `work` while another thread hashes the input, if it is one file.
pub(super) fn hash_beside<T>(
    located: &Located<'_>,
    work: impl FnOnce() -> Result<T, ConvertError>,
) -> Result<(T, Option<String>), ConvertError> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let hashing = scope.spawn(|| hash_source(located, &stop));
        let done = work();
        if done.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        let hash = hashing.join().unwrap_or(Ok(None))?;
        Ok((done?, hash))
    })
}

fn hash_source(located: &Located<'_>, stop: &AtomicBool) -> Result<Option<String>, ConvertError> {
    if !located.one_file {
        return Ok(None);
    }
    // A file is opened again, because the position of an open one is shared.
    let name = located.name.clone();
    let hashed = match (&located.blob, &located.path) {
        (Blob::Bytes(bytes), _) => hash(*bytes, stop),
        (Blob::File(..), Some(path)) => Blob::open(path).and_then(|blob| hash(blob.section(), stop)),
        (Blob::File(..), None) => return Ok(None),
    };
    hashed.map(Some).map_err(|source| ConvertError::Read { name, source })
}

pub(super) fn hash_file(path: &Path) -> Result<String, ConvertError> {
    let read = |source| ConvertError::Read { name: path.display().to_string(), source };
    let blob = Blob::open(path).map_err(read)?;
    hash(blob.section(), &AtomicBool::new(false)).map_err(read)
}

fn hash(mut reader: impl Read, stop: &AtomicBool) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    while !stop.load(Ordering::Relaxed) {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hex(&hasher.finalize()))
}
