//! Hashes of what is read and of what was written.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::files::{self, Place};
use crate::integrity::{WeightsRecord, weights_record};
use crate::manifest::hex;

use super::locate::{Located, OneFile};
use super::reading::hear;
use super::{ConvertError, Progress, Step};
use crate::text::visible_path;

/// Does `work` while another thread hashes the input, if it is one file.
pub(super) fn hash_beside<T>(
    located: &Located<'_>,
    work: impl FnOnce() -> Result<T, ConvertError>,
) -> Result<(T, Option<String>), ConvertError> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let hashing = std::thread::Builder::new().name("hash".to_owned());
        let hashing = hashing.spawn_scoped(scope, || hash_source(located, &stop));
        let done = work();
        if done.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        let hash = match hashing {
            Ok(thread) => thread.join().unwrap_or(Ok(None))?,
            // Where there is no thread to do it beside, it is done after.
            Err(_) => hash_source(located, &stop)?,
        };
        Ok((done?, hash))
    })
}

fn hash_source(located: &Located<'_>, stop: &AtomicBool) -> Result<Option<String>, ConvertError> {
    let going = &mut || Ok(!stop.load(Ordering::Relaxed));
    match &located.one_file {
        None => Ok(None),
        Some(OneFile::Bytes(bytes)) => hash(*bytes, "bytes in memory", going).map(Some),
        // A file is opened again, because the position of an open one is shared.
        Some(OneFile::Path(path)) => hash_path(path, going).map(Some),
    }
}

/// Hashes the weights that were written. The listener to the progress may break off.
pub(super) fn hash_weights(path: &Path, progress: &mut Progress<'_>) -> Result<WeightsRecord, ConvertError> {
    let failed = |source| ConvertError::Read { name: visible_path(path), source };
    let record = weights_record(path, &mut |_| hear(progress, Step::Finishing).is_ok()).map_err(failed)?;
    record.ok_or(ConvertError::Cancelled)
}

/// Answers whether to go on.
type Going<'g> = &'g mut dyn FnMut() -> Result<bool, ConvertError>;

fn hash_path(path: &Path, going: Going<'_>) -> Result<String, ConvertError> {
    let name = visible_path(path);
    let file = files::open(Place::Weights, path).map_err(|source| ConvertError::Read { name: name.clone(), source })?;
    hash(file, &name, going)
}

fn hash(mut reader: impl Read, name: &str, going: Going<'_>) -> Result<String, ConvertError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    while going()? {
        let count = reader.read(&mut buffer).map_err(|source| ConvertError::Read { name: name.to_owned(), source })?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hex(&hasher.finalize()))
}
