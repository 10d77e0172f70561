//! Whether the directory of an installed model is what its manifest says.
//!
//! Two depths. [`quick`] looks at what costs next to nothing: the manifest, the length of every file, the hash of every
//! small one, the header of the weights. It is done whenever a model is loaded; the loader compares each tensor with
//! its checksum in the manifest besides. [`full`] reads everything and compares the hashes.
//!
//! Not here: mending, which is the installer's.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::checkpoint::safetensors::{HeaderError, read_header};
use crate::checkpoint::{Config, Limits};
use crate::directory::{Contents, DirectoryError};
use crate::files::{self, Place};
use crate::manifest::{CONFIG, FileRecord, Manifest, ManifestError, WEIGHTS, hex};
use crate::text::visible_path;

/// Files up to this length are hashed by [`quick`] too: a tokenizer is, weights are not. In bytes.
const SMALL: u64 = 8 << 20;

/// What is wrong with which file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", visible_path(path))]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// Whether nothing is wrong but that a newer program made it.
    pub newer: bool,
}

/// Why a check did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The model is damaged.
    #[error(transparent)]
    Damaged(#[from] Fault),
    /// The listener to the progress asked to stop.
    #[error("stopped")]
    Stopped,
}

fn fault(path: &Path, what: impl Into<String>) -> Fault {
    Fault { path: path.to_owned(), what: what.into(), newer: false }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.to_owned();
    move |e| {
        let missing = e.kind() == io::ErrorKind::NotFound;
        fault(&path, if missing { "it is missing".into() } else { e.to_string() })
    }
}

/// The manifest of a directory; `None` if it has none, as a model that was never installed.
///
/// # Errors
///
/// If there is one and it cannot be used.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, Fault> {
    let path = directory.join(Manifest::FILE);
    match files::read(Place::Manifest, &path) {
        Ok(bytes) => Manifest::read(&bytes).map(Some).map_err(|e| {
            let newer = matches!(e, ManifestError::Version(_));
            Fault { newer, ..fault(&path, e.to_string()) }
        }),
        // A file among the models is none.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(fault(&path, e.to_string())),
    }
}

/// Checks everything but the numbers of the weights. A directory without a manifest has nothing to be held to, and is
/// fine.
///
/// # Errors
///
/// The first [`Fault`].
pub fn quick(directory: &Path) -> Result<Option<Manifest>, Fault> {
    let Some(manifest) = read_manifest(directory)? else {
        return Ok(None);
    };
    for record in &manifest.files {
        let path = directory.join(&record.name);
        has_length(&path, record)?;
        if record.bytes <= SMALL && record.name != WEIGHTS {
            has_hash(&path, &record.sha256, &mut |_| true).map_err(|e| match e {
                CheckError::Damaged(fault) => fault,
                CheckError::Stopped => fault(&path, "it could not be read"),
            })?;
        }
    }
    let config = directory.join(CONFIG);
    let bytes = files::read(Place::ModelConfig, &config).map_err(unreadable(&config))?;
    Config::from_json(&bytes).map_err(|e| fault(&config, e.to_string()))?;
    let weights = directory.join(WEIGHTS);
    files::open(Place::Weights, &weights).map_err(unreadable(&weights))?;
    let unfit = |error: DirectoryError| fault(&weights, without_name(error));
    let opened = Contents::of(directory).and_then(|it| it.open(None)).map_err(unfit)?;
    if opened.is_none() {
        return Err(fault(&weights, "its tensors do not lie as they did when it was installed"));
    }
    Ok(Some(manifest))
}

/// What is wrong, where the file is named already.
fn without_name(error: DirectoryError) -> String {
    match error {
        DirectoryError::Safetensors { source, .. } => source.to_string(),
        DirectoryError::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// [`quick`], and the hash of every file. `progress` hears bytes done and in all; `false` stops.
///
/// # Errors
///
/// [`CheckError`]; a directory without a manifest is damaged.
pub fn full(directory: &Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Manifest, CheckError> {
    let Some(manifest) = quick(directory)? else {
        return Err(fault(&directory.join(Manifest::FILE), "it is missing").into());
    };
    let weights = directory.join(WEIGHTS);
    let total = std::fs::metadata(&weights).map_err(unreadable(&weights))?.len();
    has_hash(&weights, &manifest.weights_sha256, &mut |done| progress(done, total))?;
    let rest = manifest.files.iter().filter(|it| it.bytes > SMALL && it.name != WEIGHTS);
    for record in rest {
        has_hash(&directory.join(&record.name), &record.sha256, &mut |_| progress(total, total))?;
    }
    Ok(manifest)
}

/// The records of every file in a directory, by name; what a manifest of it holds. The hash of the weights is known.
///
/// # Errors
///
/// What the system says.
pub fn records(directory: &Path, weights_sha256: &str) -> io::Result<Vec<FileRecord>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let sha256 = match name.as_str() {
            Manifest::FILE => continue,
            WEIGHTS => weights_sha256.to_owned(),
            _ => hash(&entry.path(), &mut |_| true)?.unwrap_or_default().1,
        };
        out.push(FileRecord { name, bytes: entry.metadata()?.len(), sha256 });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

/// What a manifest says of the file of the weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsRecord {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// CRC-32 of each tensor's bytes, by name.
    pub checksums: BTreeMap<String, u32>,
}

/// Reads a sound safetensors file once for all its hashes; `None` if `progress`, which hears the bytes done, says
/// `false`.
///
/// # Errors
///
/// What the system says; [`io::ErrorKind::InvalidData`] if the header is not sound.
pub fn weights_record(path: &Path, progress: &mut dyn FnMut(u64) -> bool) -> io::Result<Option<WeightsRecord>> {
    let (mut file, mut hasher) = (files::open(Place::Weights, path)?, Sha256::new());
    let size = file.metadata()?.len();
    let header = read_header(&mut file, size, &Limits::default()).map_err(|e| match e {
        HeaderError::Read(error) => error,
        HeaderError::Refused(error) => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    })?;
    let (head, mut entries) = (header.bytes, header.entries);
    entries.sort_by_key(|it| it.start);
    hasher.update(&head);
    let mut checksums: Vec<crc32fast::Hasher> = entries.iter().map(|_| crc32fast::Hasher::new()).collect();
    // Tensors lie one after the other; `first` is the first that has not ended.
    let (mut done, mut first) = (0, 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        if !progress(head.len() as u64 + done) {
            return Ok(None);
        }
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        let end = done + count as u64;
        for (entry, checksum) in entries.iter().zip(&mut checksums).skip(first) {
            if entry.start >= end {
                break;
            }
            let part = entry.start.max(done)..entry.end.min(end);
            checksum.update(&buffer[(part.start - done) as usize..(part.end.max(part.start) - done) as usize]);
            first += usize::from(entry.end <= end);
        }
        done = end;
    }
    let checksums = entries.into_iter().map(|it| it.name).zip(checksums.into_iter().map(crc32fast::Hasher::finalize));
    Ok(Some(WeightsRecord { sha256: hex(&hasher.finalize()), checksums: checksums.collect() }))
}

/// Length and SHA-256 of a file; `None` if `progress`, which hears the bytes done, says `false`.
///
/// # Errors
///
/// What the system says.
pub fn hash(path: &Path, progress: &mut dyn FnMut(u64) -> bool) -> io::Result<Option<(u64, String)>> {
    let (mut file, mut hasher, mut done) = (files::open(Place::ModelFile, path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        if !progress(done) {
            return Ok(None);
        }
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(Some((done, hex(&hasher.finalize()))));
        }
        hasher.update(&buffer[..count]);
        done += count as u64;
    }
}

fn has_length(path: &Path, record: &FileRecord) -> Result<(), Fault> {
    let found = std::fs::metadata(path).map_err(unreadable(path))?.len();
    if found == record.bytes {
        return Ok(());
    }
    Err(fault(path, format!("it has {found} bytes, it had {} when it was installed", record.bytes)))
}

fn has_hash(path: &Path, sha256: &str, progress: &mut dyn FnMut(u64) -> bool) -> Result<(), CheckError> {
    let (_, found) = hash(path, progress).map_err(unreadable(path))?.ok_or(CheckError::Stopped)?;
    if found == sha256 {
        return Ok(());
    }
    Err(fault(path, format!("its SHA-256 is {found}, it was {sha256} when it was installed")).into())
}

#[cfg(test)]
mod tests;
