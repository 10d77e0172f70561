//! What every file is read with, below all that reads one.

use std::io::Read;
use std::path::Path;

use super::{ConvertError, Progress, Step};
use crate::checkpoint::Limits;

/// What every file is read with.
pub(super) struct Reading<'r> {
    /// Sizes that no file may exceed.
    pub(super) limits: &'r Limits,
    /// Whether wrong checksums are overlooked.
    pub(super) force: bool,
    /// The directory in which a file may be unpacked.
    pub(super) stage: &'r Path,
    /// Remarks for the user, in the order of the files.
    pub(super) notes: Vec<String>,
    /// Hears how many bytes are unpacked, of how many.
    pub(super) heard: &'r mut dyn FnMut(u64, u64) -> Result<(), ConvertError>,
}

/// Reports a step; the listener may break off.
pub(super) fn hear(progress: &mut Progress<'_>, step: Step) -> Result<(), ConvertError> {
    if progress(step).is_break() { Err(ConvertError::Cancelled) } else { Ok(()) }
}

/// Fills `out`, or says how much is missing at the least.
pub(super) fn read_full(reader: &mut dyn Read, out: &mut [u8], name: &str) -> Result<(), ConvertError> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => {
                let missing = (out.len() - filled) as u64;
                return Err(ConvertError::Truncated { name: name.to_owned(), missing });
            }
            Ok(count) => filled += count,
            Err(source) if source.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(ConvertError::Read { name: name.to_owned(), source });
            }
        }
    }
    Ok(())
}
