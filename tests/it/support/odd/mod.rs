//! Files that no honest program writes, each with the end it must come to.
//!
//! One list, looked at from three sides: `hostile.rs` converts each file and compares the error, `tests/memory` counts
//! what that allocates, and the fuzz targets start from them.

use megachat::install::convert::{ConvertError, Converted};

use super::torch_files::{Container, Pickler, container};

/// What a conversion ends with.
pub(crate) type Outcome = Result<Converted, ConvertError>;

/// A file and what must come of it.
pub(crate) struct Odd {
    pub(crate) name: String,
    /// Made when it is needed: some have millions of bytes.
    pub(crate) bytes: Box<dyn Fn() -> Vec<u8>>,
    /// The pattern that the outcome must have, as it stands in the source.
    pub(crate) expected: &'static str,
    pub(crate) matches: fn(&Outcome) -> bool,
}

/// One row of the list: name, bytes, and the pattern of the outcome.
macro_rules! odd {
    ($list:ident, $name:expr, $bytes:expr, $pattern:pat $(if $guard:expr)?) => {
        $list.push(super::Odd {
            name: String::from($name),
            bytes: Box::new($bytes),
            expected: stringify!($pattern $(if $guard)?),
            matches: |outcome| matches!(outcome, $pattern $(if $guard)?),
        })
    };
}

mod archives;
mod floods;
mod others;
mod pickles;
mod storages;

/// All of them.
pub(crate) fn odd_files() -> Vec<Odd> {
    let mut list = Vec::new();
    pickles::add(&mut list);
    storages::add(&mut list);
    archives::add(&mut list);
    others::add(&mut list);
    floods::add(&mut list);
    list
}

/// A torch file of the zip kind around a pickle, without storages.
pub(crate) fn zipped(pickle: &[u8]) -> Vec<u8> {
    container(Container::Zip, pickle, &[])
}

/// A torch file of the older kind around a pickle, without storages.
pub(crate) fn legacy(pickle: &[u8]) -> Vec<u8> {
    container(Container::Legacy, pickle, &[])
}

/// `piece` so many times between a beginning and an end.
pub(crate) fn repeated(start: &[u8], piece: &[u8], count: usize, end: &[u8]) -> Vec<u8> {
    [start, &piece.repeat(count), end].concat()
}

/// A dictionary of one entry, its value already pickled.
pub(crate) fn dictionary(key: &str, value: &[u8]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}").text(key).raw(value).raw(b"s.");
    pickler.bytes
}

/// Replaces bytes at a place.
pub(crate) fn patched(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// Where a text stands, counted from the end if it is the last one that is wanted.
pub(crate) fn find(file: &[u8], text: &[u8]) -> usize {
    file.windows(text.len()).position(|window| window == text).unwrap()
}

pub(crate) fn find_last(file: &[u8], text: &[u8]) -> usize {
    file.windows(text.len()).rposition(|window| window == text).unwrap()
}
