//! The small files of a model, read with a bound and told from what only has their name.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::DirectoryError;
use super::kind::{FIRST_BYTES, no_text};
use crate::files::{self, Place};
use crate::text::visible_path;

/// The small files beside a model's weights, which say what it is and what its words are, each with the most bytes that are
/// read of it.
pub const SMALL_FILES: [(&str, u64); 8] = [
    ("tokenizer.json", 128 << 20),
    ("vocab.json", 64 << 20),
    ("merges.txt", 64 << 20),
    ("added_tokens.json", 8 << 20),
    ("special_tokens_map.json", 8 << 20),
    ("tokenizer_config.json", 8 << 20),
    ("generation_config.json", 1 << 20),
    ("config.json", 4 << 20),
];

/// The most bytes of a small file that are read: ten times the largest tokenizer.
const MOST: u64 = 64 << 20;

/// The small files that are there and can be what their names say. A link that leads nowhere is there.
pub(super) fn small_files(directory: &Path) -> Result<BTreeMap<&'static str, PathBuf>, DirectoryError> {
    let mut small = BTreeMap::new();
    for (name, _) in SMALL_FILES {
        let path = directory.join(name);
        if fs::symlink_metadata(&path).is_err() || path.is_dir() {
            continue;
        }
        let expected = if name == "merges.txt" { "a list of merges" } else { "JSON" };
        if let Some(what) = no_text(&first_bytes(&path)?) {
            return Err(DirectoryError::NotText { name: visible_path(&path), what, expected });
        }
        small.insert(name, path);
    }
    Ok(small)
}

/// The first [`FIRST_BYTES`] of a file, or all of a shorter one.
pub(super) fn first_bytes(path: &Path) -> Result<Vec<u8>, DirectoryError> {
    let mut first = Vec::new();
    let read = files::open(Place::Weights, path).and_then(|file| file.take(FIRST_BYTES as u64).read_to_end(&mut first));
    read.map(|_| first).map_err(DirectoryError::read(path))
}

/// Reads a small file, of the size of a tokenizer at most.
///
/// # Errors
///
/// [`DirectoryError::Read`] if it cannot be read or is larger, [`DirectoryError::NotText`] if it is a web page or a
/// pointer of git-lfs's.
pub fn read_small(path: &Path) -> Result<Vec<u8>, DirectoryError> {
    let mut bytes = Vec::new();
    let read = files::open(Place::SmallFile, path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    let read = read.and_then(|length| {
        let large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {} MiB", MOST >> 20));
        if length as u64 > MOST { Err(large()) } else { Ok(()) }
    });
    read.map_err(DirectoryError::read(path))?;
    match no_text(&bytes[..bytes.len().min(FIRST_BYTES)]) {
        Some(what) => Err(DirectoryError::NotText { name: visible_path(path), what, expected: "a text" }),
        None => Ok(bytes),
    }
}
