//! Zip archives: their directory, and the bytes of one member.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;

use crate::checkpoint::pickle::printable;
use crate::checkpoint::zip::{self, Entry, Method};

use super::ConvertError;
use super::blob::{Blob, Checked, Section};
use super::reading::{Reading, read_full};

/// A member of an archive, whose directory was compared with its own header.
#[derive(Clone)]
pub(super) struct Member<'a> {
    pub(super) entry: Entry,
    /// The compressed bytes in the archive.
    pub(super) packed: Section<'a>,
}

impl<'a> Member<'a> {
    /// A reader of its unpacked bytes, which notices whether they are those that were packed.
    pub(super) fn open(&self) -> Checked<Box<dyn Read + 'a>> {
        let packed = BufReader::with_capacity(1 << 18, self.packed.clone());
        Checked::new(match self.entry.method {
            Method::Stored => Box::new(packed),
            // No more than the directory says, so that a bomb cannot go off.
            Method::Deflated => Box::new(DeflateDecoder::new(packed).take(self.entry.size.saturating_add(1))),
        })
    }
}

/// Finds a member's bytes, and compares its own header with the directory.
pub(super) fn member<'a>(section: &Section<'a>, entry: &Entry, name: &str) -> Result<Member<'a>, ConvertError> {
    let mut fixed = [0; zip::LOCAL_HEADER_BYTES];
    let mut header = section.part(entry.header_at, zip::LOCAL_HEADER_BYTES as u64);
    read_full(&mut header, &mut fixed, name)?;
    let data_at = entry.header_at + zip::local_header_length(&fixed, entry)?;
    let name_at = entry.header_at + zip::LOCAL_HEADER_BYTES as u64;
    let own_name = section.part(name_at, entry.name.len() as u64).content(entry.name.len());
    let own_name = own_name.map_err(|source| ConvertError::Read { name: name.to_owned(), source })?;
    if own_name != entry.name.as_bytes() {
        let name = printable(&entry.name);
        return Err(zip::ZipError::Disagreement { name, what: "its name" }.into());
    }
    let packed = section.part(data_at, entry.packed);
    if packed.length() < entry.packed {
        let missing = entry.packed - packed.length();
        return Err(ConvertError::Truncated { name: name.to_owned(), missing });
    }
    Ok(Member { entry: entry.clone(), packed })
}

impl Reading<'_> {
    pub(super) fn directory(&self, section: &Section<'_>, name: &str) -> Result<Vec<Entry>, ConvertError> {
        let read = |source| ConvertError::Read { name: name.to_owned(), source };
        let length = section.length();
        let tail_at = length.saturating_sub(zip::TAIL_BYTES as u64);
        let tail = section.part(tail_at, length).content(zip::TAIL_BYTES).map_err(read)?;
        let place = zip::find_directory(&tail, length, self.limits)?;
        let directory = section.part(place.offset, place.length as u64);
        Ok(zip::parse_directory(&directory.content(place.length).map_err(read)?, place)?)
    }

    /// Reads the rest of a member and compares length and checksum with the archive's.
    pub(super) fn check_member(
        &mut self,
        entry: &Entry,
        reader: &mut Checked<Box<dyn Read + '_>>,
    ) -> Result<(), ConvertError> {
        let name = printable(&entry.name);
        let found = reader.finish().map_err(|source| ConvertError::Read { name: name.clone(), source })?;
        if reader.count < entry.size {
            return Err(ConvertError::Truncated { name, missing: entry.size - reader.count });
        }
        if reader.count > entry.size {
            return Err(zip::ZipError::Disagreement { name, what: "its length" }.into());
        }
        if found == entry.crc32 {
            return Ok(());
        }
        let absent = entry.crc32 == 0;
        if self.force {
            let what = if absent { "no checksum" } else { "a wrong checksum" };
            self.notes.push(format!("{name} has {what}, which was overlooked"));
            return Ok(());
        }
        if absent {
            return Err(ConvertError::NoChecksum { name });
        }
        Err(ConvertError::Checksum { name, expected: entry.crc32, found })
    }

    /// All bytes of a small member.
    pub(super) fn small(&mut self, member: &Member<'_>, most: usize) -> Result<Vec<u8>, ConvertError> {
        let mut reader = member.open();
        let mut bytes = Vec::new();
        let read = Read::by_ref(&mut reader).take(most as u64).read_to_end(&mut bytes);
        read.map_err(|source| ConvertError::Read { name: printable(&member.entry.name), source })?;
        if bytes.len() as u64 == member.entry.size {
            self.check_member(&member.entry, &mut reader)?;
        }
        Ok(bytes)
    }

    /// Unpacks a member into a file without a name beside the output, for formats that have to be
    /// read from their end. It vanishes with its last reader, even if this process is killed.
    pub(super) fn unpack<'a>(&mut self, member: &Member<'_>) -> Result<Section<'a>, ConvertError> {
        let failed = |source| ConvertError::Write { path: self.stage.to_owned(), source };
        let mut file = tempfile::tempfile_in(self.stage).map_err(failed)?;
        let mut reader = member.open();
        let name = printable(&member.entry.name);
        let mut buffer = vec![0; 1 << 18];
        let mut done = 0;
        loop {
            let count = reader.read(&mut buffer);
            let count = count.map_err(|source| ConvertError::Read { name: name.clone(), source })?;
            if count == 0 {
                break;
            }
            io::Write::write_all(&mut file, &buffer[..count]).map_err(failed)?;
            done += count as u64;
            (self.heard)(done.min(member.entry.size), member.entry.size)?;
        }
        self.check_member(&member.entry, &mut reader)?;
        Ok(Blob::of(file).map_err(failed)?.section())
    }
}
