//! Torch files in the zip format (torch 1.6 and later): which member is what.
//!
//! One folder, never of a name to rely on, holds `data.pkl` and one member `data/KEY` per
//! storage, all of them stored.
//!
//! Not here: the archive itself ([`super::zip`]) and the pickle ([`super::pickle`]).
//!
//! Source: `torch/serialization.py`, `_save` and `_load`.

use super::pickle::printable;
use super::tensors::Storage;
use super::zip::{Entry, Method};

/// Why an archive is not a torch file that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TorchZipError {
    /// It holds a program, not only data.
    #[error("this is a TorchScript program, not a checkpoint")]
    TorchScript,
    /// A member lies outside the one folder.
    #[error("member `{name}` lies outside the folder `{folder}`")]
    TwoFolders {
        /// The member.
        name: String,
        /// The folder.
        folder: String,
    },
    /// A member is packed, which torch never does.
    #[error("member `{name}` is deflated, expected stored")]
    Deflated {
        /// The member.
        name: String,
    },
    /// The pickle is larger than [`super::Limits::pickle_bytes`].
    #[error("the pickle has {size} bytes, at most {limit} are read")]
    PickleTooLarge {
        /// The size of the pickle in bytes.
        size: u64,
        /// The bound.
        limit: usize,
    },
    /// The numbers were written on a machine of the other byte order.
    #[error("the numbers are in `{found}` byte order, expected `little`")]
    ByteOrder {
        /// What the file says.
        found: String,
    },
    /// A storage has no member.
    #[error("storage `{key}` is described, but not in the file")]
    MissingStorage {
        /// The key by which the pickle refers to the storage.
        key: String,
    },
    /// A member's size is not the storage's.
    #[error("storage `{key}` has {found} bytes in the file, expected {expected}")]
    StorageSize {
        /// The key by which the pickle refers to the storage.
        key: String,
        /// What the description says.
        expected: usize,
        /// The member's size.
        found: u64,
    },
}

/// A torch file's members.
#[derive(Debug)]
pub struct Archive<'a> {
    entries: &'a [Entry],
    folder: &'a str,
    /// The member that holds the object.
    pub pickle: &'a Entry,
    /// The member that names the byte order, in files since torch 2.1.
    pub byte_order: Option<&'a Entry>,
}

impl<'a> Archive<'a> {
    /// Recognises a torch file. `None` if the archive is something else.
    ///
    /// # Errors
    ///
    /// [`TorchZipError`] if it is one, but not one that can be read.
    pub fn recognise(entries: &'a [Entry]) -> Result<Option<Self>, TorchZipError> {
        let found = entries.iter().find_map(|entry| {
            let folder = entry.name.strip_suffix("/data.pkl")?;
            (!folder.contains('/')).then_some((entry, folder))
        });
        let Some((pickle, folder)) = found else {
            return Ok(None);
        };
        let inside = |name: &'a str| name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let mut byte_order = None;
        for entry in entries {
            let Some(path) = inside(&entry.name) else {
                let (name, folder) = (printable(&entry.name), printable(folder));
                return Err(TorchZipError::TwoFolders { name, folder });
            };
            if path == "constants.pkl" || path.starts_with("code/") {
                return Err(TorchZipError::TorchScript);
            }
            if entry.method != Method::Stored {
                return Err(TorchZipError::Deflated { name: printable(&entry.name) });
            }
            if path == "byteorder" {
                byte_order = Some(entry);
            }
        }
        Ok(Some(Self { entries, folder, pickle, byte_order }))
    }

    /// All members.
    #[must_use]
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// The folder that they are in.
    #[must_use]
    pub fn folder(&self) -> &'a str {
        self.folder
    }
}

/// Compares the member under a storage's name with the storage's description.
///
/// # Errors
///
/// [`TorchZipError::MissingStorage`] or [`TorchZipError::StorageSize`].
pub fn check_storage<'e>(entry: Option<&'e Entry>, storage: &Storage) -> Result<&'e Entry, TorchZipError> {
    let key = &storage.key;
    let entry = entry.ok_or_else(|| TorchZipError::MissingStorage { key: key.clone() })?;
    let expected = storage.byte_length();
    if entry.size != expected as u64 {
        return Err(TorchZipError::StorageSize { key: key.clone(), expected, found: entry.size });
    }
    Ok(entry)
}

/// Checks the content of the member that names the byte order.
///
/// # Errors
///
/// [`TorchZipError::ByteOrder`] for anything but `little`.
pub fn check_byte_order(content: &[u8]) -> Result<(), TorchZipError> {
    if content.trim_ascii() == b"little" {
        return Ok(());
    }
    Err(TorchZipError::ByteOrder { found: printable(&String::from_utf8_lossy(content)) })
}
