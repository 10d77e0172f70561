//! Archives: the members of one, and the one around a checkpoint that is the download.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::DeflateDecoder;

use crate::checkpoint::Plan;
use crate::checkpoint::pickle::printable;
use crate::checkpoint::torch_zip::Archive;
use crate::checkpoint::zip::{self, Entry, Method};

use super::ConvertError;
use super::blob::{Blob, Checked, Section};
use super::container::Conversion;
use super::locate::{MEGATRON, shown};
use super::transfer::read_full;

impl Conversion<'_, '_> {
    pub(super) fn directory(&self, section: Section<'_>) -> Result<Vec<Entry>, ConvertError> {
        let length = section.length();
        let tail_at = length.saturating_sub(zip::TAIL_BYTES as u64);
        let tail = self.bytes(section.part(tail_at, length), zip::TAIL_BYTES)?;
        let place = zip::find_directory(&tail, length, &self.limits)?;
        let directory = section.part(place.offset, place.length as u64);
        Ok(zip::parse_directory(&self.bytes(directory, place.length)?, place)?)
    }

    /// The packed bytes of a member.
    pub(super) fn member<'b>(&self, section: Section<'b>, entry: &Entry) -> Result<Section<'b>, ConvertError> {
        let mut fixed = [0; zip::LOCAL_HEADER_BYTES];
        let mut header = section.part(entry.header_at, zip::LOCAL_HEADER_BYTES as u64);
        read_full(&mut header, &mut fixed, &self.name)?;
        let data_at = entry.header_at + zip::local_header_length(&fixed, entry)?;
        let name_at = entry.header_at + zip::LOCAL_HEADER_BYTES as u64;
        let name = self.bytes(section.part(name_at, entry.name.len() as u64), entry.name.len())?;
        if name != entry.name.as_bytes() {
            let name = printable(&entry.name);
            return Err(zip::ZipError::Disagreement { name, what: "its name" }.into());
        }
        let data = section.part(data_at, entry.packed);
        if data.length() < entry.packed {
            let missing = entry.packed - data.length();
            return Err(ConvertError::Truncated { name: self.name.clone(), missing });
        }
        Ok(data)
    }

    /// Compares a checksum with the archive's.
    pub(super) fn compare(&mut self, entry: &Entry, found: u32) -> Result<(), ConvertError> {
        if found == entry.crc32 {
            return Ok(());
        }
        let name = printable(&entry.name);
        if self.options.force {
            self.notes.push(format!("{name} has a wrong checksum, which was overlooked"));
            return Ok(());
        }
        Err(ConvertError::Checksum { name, expected: entry.crc32, found })
    }

    /// An archive around a checkpoint, as the original download is one.
    pub(super) fn outer_zip(&mut self, section: Section<'_>, entries: &[Entry]) -> Result<Plan, ConvertError> {
        let entry = self.choose(entries)?.clone();
        let packed = self.member(section, &entry)?;
        self.name = printable(&entry.name);
        let unpacked: Box<dyn Read + '_> = match entry.method {
            Method::Stored => Box::new(BufReader::with_capacity(1 << 18, packed)),
            Method::Deflated => {
                // No more than the directory says, so that a bomb cannot go off.
                let inflated = DeflateDecoder::new(BufReader::with_capacity(1 << 18, packed));
                Box::new(inflated.take(entry.size.saturating_add(1)))
            }
        };
        let mut stream = Checked::new(unpacked);
        let mut first = Vec::new();
        let peeked = Read::by_ref(&mut stream).take(4).read_to_end(&mut first);
        peeked.map_err(|source| self.read_error(source))?;
        if first == zip::SIGNATURE {
            return self.zip_in_zip(&first, stream, packed, &entry);
        }
        self.refuse_other_kinds(&first)?;
        let plan = self.legacy(&mut Cursor::new(first).chain(&mut stream), entry.size)?;
        let found = stream.finish().map_err(|source| self.read_error(source))?;
        self.check_member(&entry, stream.count, found)?;
        Ok(plan)
    }

    fn check_member(&mut self, entry: &Entry, count: u64, found: u32) -> Result<(), ConvertError> {
        if count < entry.size {
            let missing = entry.size - count;
            return Err(ConvertError::Truncated { name: self.name.clone(), missing });
        }
        if count > entry.size {
            let name = self.name.clone();
            return Err(zip::ZipError::Disagreement { name, what: "its length" }.into());
        }
        self.compare(entry, found)
    }

    /// A torch file of the zip kind inside an archive. It has to be read from its end, so a
    /// packed one is unpacked beside the output first.
    fn zip_in_zip(
        &mut self,
        first: &[u8],
        mut stream: Checked<Box<dyn Read + '_>>,
        packed: Section<'_>,
        entry: &Entry,
    ) -> Result<Plan, ConvertError> {
        let path = self.stage.join("unpacked.pt");
        if entry.method == Method::Deflated {
            let written = std::fs::File::create_new(&path)
                .and_then(|mut file| io::copy(&mut Cursor::new(first).chain(&mut stream), &mut file));
            written.map_err(|source| ConvertError::Write { path: path.clone(), source })?;
        }
        let found = stream.finish().map_err(|source| self.read_error(source))?;
        self.check_member(entry, stream.count, found)?;
        if entry.method == Method::Stored {
            return self.inner_zip(packed);
        }
        let blob = Blob::open(&path).map_err(|source| self.read_error(source))?;
        let plan = self.inner_zip(blob.section())?;
        drop(blob);
        std::fs::remove_file(&path).map_err(|source| ConvertError::Write { path: path.clone(), source })?;
        Ok(plan)
    }

    fn inner_zip(&mut self, section: Section<'_>) -> Result<Plan, ConvertError> {
        let entries = self.directory(section)?;
        match Archive::recognise(&entries)? {
            Some(archive) => self.torch_zip(section, &archive),
            None => Err(ConvertError::NotACheckpoint { name: self.name.clone(), what: "an archive inside an archive" }),
        }
    }

    /// The member that is the checkpoint.
    fn choose<'e>(&self, entries: &'e [Entry]) -> Result<&'e Entry, ConvertError> {
        for wanted in MEGATRON {
            let last_part = |entry: &&Entry| entry.name.rsplit('/').next() == Some(wanted);
            let mut found: Vec<&Entry> = entries.iter().filter(last_part).collect();
            found.sort_by(|a, b| a.name.cmp(&b.name));
            match found.as_slice() {
                [] => {}
                [only] => return Ok(only),
                [first, second, ..] => {
                    let (name, other) = (printable(&first.name), printable(&second.name));
                    return Err(ConvertError::Split { name, other });
                }
            }
        }
        let names = entries.iter().take(8).map(|entry| printable(&entry.name));
        let found = shown(&names.collect::<Vec<_>>());
        Err(ConvertError::NothingInside { name: self.name.clone(), found })
    }

    /// All bytes of a small member that is stored.
    pub(super) fn small_member(
        &mut self,
        section: Section<'_>,
        entry: &Entry,
        most: usize,
    ) -> Result<Vec<u8>, ConvertError> {
        let bytes = self.bytes(self.member(section, entry)?, most)?;
        if bytes.len() as u64 == entry.size {
            self.compare(entry, crc32fast::hash(&bytes))?;
        }
        Ok(bytes)
    }
}
