//! Torch files from before the zip format (2017 to 1.5): five pickles, then raw storages.
//!
//! The file has no lengths between its parts and needs no seeking, so it can be read straight
//! out of a deflate stream: [`parse_head`] says how far the pickles reach and which storages
//! follow in which order; each is preceded by its number of elements ([`check_count`]).
//!
//! Not here: the older tar files of 2016, which are refused by name.
//!
//! Source: `torch/serialization.py`, `_legacy_save` and `_legacy_load`.

use super::Limits;
use super::pickle::{Node, Pickle, PickleError, parse, printable};
use super::tensors::{Storage, Storages, TensorError};

/// The first bytes of every such file of protocol 2: a pickle of one large number.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The only version of the format.
const PROTOCOL: i64 = 1001;

/// Bytes of the count before each storage.
pub const COUNT_BYTES: usize = 8;

/// Why a file of this kind was refused; pickles are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// One of the five pickles cannot be read.
    #[error("pickle {number} of the torch file, which starts at byte {start}: {source}")]
    Pickle {
        /// Which of the five.
        number: usize,
        /// Where it starts in the file.
        start: usize,
        /// What is wrong with it.
        source: PickleError,
    },
    /// The first pickle is not the magic number.
    #[error("not a torch file: the magic number is missing")]
    NotTorch,
    /// The second pickle names another version.
    #[error("torch file of format {found}, expected 1001")]
    Protocol {
        /// What it names.
        found: String,
    },
    /// A storage reference is malformed.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The list of storages is not a list of names.
    #[error("the list of storages is not a list of names")]
    BadList,
    /// The list of storages names one twice, or one that nothing describes.
    #[error("the list of storages has `{key}`, which {what}")]
    BadKey {
        /// The name.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A storage is described, but not in the file.
    #[error("storage `{key}` is described, but not in the file")]
    MissingStorage {
        /// The key by which the pickle refers to the storage.
        key: String,
    },
    /// The count before a storage differs from its description.
    #[error("storage `{key}` has {found} elements in the file, expected {expected}")]
    Count {
        /// The key by which the pickle refers to the storage.
        key: String,
        /// What the description says.
        expected: usize,
        /// What stands before the data.
        found: i64,
    },
}

impl LegacyError {
    /// Whether more bytes could cure it.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Pickle { source: PickleError::Truncated { .. }, .. })
    }
}

/// Everything before the first storage.
#[derive(Debug)]
pub struct Head {
    /// The object that was saved.
    pub pickle: Pickle,
    /// All storages it refers to.
    pub storages: Storages,
    /// Indices into [`Storages::list`], in the order in which the data follow.
    pub order: Vec<usize>,
    /// Where the first storage's count stands, in bytes from the start.
    pub length: usize,
}

impl Head {
    /// Bytes from the first count to the end of the last storage; `None` if absurdly many.
    #[must_use]
    pub fn data_length(&self) -> Option<u64> {
        self.order.iter().try_fold(0u64, |sum, &index| {
            let bytes = self.storages.list[index].byte_length() + COUNT_BYTES;
            sum.checked_add(u64::try_from(bytes).ok()?)
        })
    }
}

/// Reads the five pickles from the start of a file.
///
/// # Errors
///
/// [`LegacyError`]; if [`LegacyError::is_truncated`], call again with more of the file.
pub fn parse_head(bytes: &[u8], limits: &Limits) -> Result<Head, LegacyError> {
    let mut at = 0;
    let (magic, _) = next(bytes, &mut at, 1, limits)?;
    if !matches!(magic.node(magic.root()), Node::BigInt(digits) if **digits == MAGIC) {
        return Err(LegacyError::NotTorch);
    }
    let (version, _) = next(bytes, &mut at, 2, limits)?;
    if version.integer(version.root()) != Some(PROTOCOL) {
        let found = version.integer(version.root());
        let found = found.map_or_else(|| version.describe(version.root()), |it| it.to_string());
        return Err(LegacyError::Protocol { found });
    }
    // Sizes of C types and byte order of the writer, which torch itself ignores.
    next(bytes, &mut at, 3, limits)?;
    let (pickle, _) = next(bytes, &mut at, 4, limits)?;
    let storages = Storages::collect(&pickle, limits)?;
    let (list, _) = next(bytes, &mut at, 5, limits)?;
    let order = parse_order(&list, &storages)?;
    Ok(Head { pickle, storages, order, length: at })
}

fn next(bytes: &[u8], at: &mut usize, number: usize, limits: &Limits) -> Result<(Pickle, usize), LegacyError> {
    let start = *at;
    let parsed = parse(&bytes[start..], limits).map_err(|source| LegacyError::Pickle { number, start, source })?;
    *at += parsed.1;
    Ok(parsed)
}

fn parse_order(list: &Pickle, storages: &Storages) -> Result<Vec<usize>, LegacyError> {
    let keys = list.sequence(list.root()).ok_or(LegacyError::BadList)?;
    let mut seen = vec![false; storages.list.len()];
    let mut order = Vec::new();
    for &key in keys {
        let key = list.text(key).ok_or(LegacyError::BadList)?;
        let bad = |what| LegacyError::BadKey { key: printable(key), what };
        let index = storages.find(key).ok_or_else(|| bad("nothing describes"))?;
        if std::mem::replace(&mut seen[index], true) {
            return Err(bad("stands there twice"));
        }
        order.push(index);
    }
    match seen.iter().position(|&seen| !seen) {
        Some(index) => Err(LegacyError::MissingStorage { key: storages.list[index].key.clone() }),
        None => Ok(order),
    }
}

/// Compares the count before a storage's data with the storage's description.
///
/// # Errors
///
/// [`LegacyError::Count`] if they differ.
pub fn check_count(bytes: [u8; COUNT_BYTES], storage: &Storage) -> Result<(), LegacyError> {
    let found = i64::from_le_bytes(bytes);
    if usize::try_from(found) == Ok(storage.numel) {
        return Ok(());
    }
    Err(LegacyError::Count { key: storage.key.clone(), expected: storage.numel, found })
}
