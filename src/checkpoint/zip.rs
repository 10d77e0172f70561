//! The directory of a zip archive: which members there are and where their bytes lie.
//!
//! Reads the central directory, the one list that is written when all sizes are known, and
//! compares it with the header before each member. Opens nothing and inflates nothing: callers
//! hand in byte ranges. No name from an archive is ever used as a path.
//!
//! Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.3 (zip64).

use std::collections::HashSet;

use super::Limits;
use super::pickle::printable;

/// The first bytes of an archive with at least one member.
pub const SIGNATURE: [u8; 4] = *b"PK\x03\x04";

/// How many bytes from the end of an archive [`find_directory`] needs: the end record with the
/// longest comment, and the zip64 records before it.
pub const TAIL_BYTES: usize = 22 + 65_535 + 20 + 56;

/// Bytes of the fixed part of a member's own header.
pub const LOCAL_HEADER_BYTES: usize = 30;

/// No deflate stream unpacks to more than so many times its length: two bits say 258 bytes.
const MOST_INFLATED: u64 = 1_032;

/// How a member's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// As a deflate stream.
    Deflated,
}

/// Why an archive was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// There is no end record: the file is cut off, or not a zip archive.
    #[error("the zip archive has no end record: it is probably cut off")]
    NoEnd,
    /// The end record contradicts itself or the file.
    #[error("the zip archive's end record is wrong: {0}")]
    BadEnd(&'static str),
    /// An entry of the directory is cut off or malformed.
    #[error("entry {index} of the zip directory: {what}")]
    BadEntry {
        /// Which entry, from 0.
        index: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member has a name that no honest archive has.
    #[error("zip member `{name}`: {what}")]
    BadName {
        /// The name, made printable.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member is encrypted or packed in a way that is not supported.
    #[error("zip member `{name}` is {what}, which is not supported")]
    Unsupported {
        /// The name, made printable.
        name: String,
        /// How it is packed.
        what: String,
    },
    /// A member's own header contradicts the directory.
    #[error("zip member `{name}`: its header and the directory disagree about {what}")]
    Disagreement {
        /// The name, made printable.
        name: String,
        /// What they disagree about.
        what: &'static str,
    },
    /// Two members share bytes, or one reaches into the directory.
    #[error("zip member `{name}` overlaps its neighbour")]
    Overlap {
        /// The name, made printable.
        name: String,
    },
}

/// Where the directory lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryAt {
    /// The offset of the directory's first byte in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub length: usize,
    /// How many entries it has.
    pub entries: usize,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path inside the archive, for looking up and for messages only.
    pub name: String,
    /// How it is packed.
    pub method: Method,
    /// Checksum of its unpacked bytes.
    pub crc32: u32,
    /// Packed length in bytes.
    pub packed: u64,
    /// Unpacked length in bytes.
    pub size: u64,
    /// Where its own header begins.
    pub header_at: u64,
    flags: u16,
    /// Bytes from there to the next member's header, or to the directory.
    room: u64,
}

/// Finds the directory, given the last bytes of a file ([`TAIL_BYTES`], or the whole file).
///
/// # Errors
///
/// [`ZipError::NoEnd`] or [`ZipError::BadEnd`].
pub fn find_directory(tail: &[u8], file_length: u64, limits: &Limits) -> Result<DirectoryAt, ZipError> {
    const END_BYTES: usize = 22;
    let last = tail.len().checked_sub(END_BYTES).ok_or(ZipError::NoEnd)?;
    // The comment must reach the end of the file exactly, so that a record inside a comment
    // is not taken for the real one.
    let at = (0..=last).rev().find(|&at| {
        tail[at..].starts_with(b"PK\x05\x06") && at + END_BYTES + usize::from(u16_at(tail, at + 20)) == tail.len()
    });
    let at = at.ok_or(ZipError::NoEnd)?;
    let end_at = file_length - (tail.len() - at) as u64;
    let mut entries = u64::from(u16_at(tail, at + 10));
    let mut length = u64::from(u32_at(tail, at + 12));
    let mut offset = u64::from(u32_at(tail, at + 16));
    let disk = u16_at(tail, at + 4);
    if (disk != 0 && disk != u16::MAX) || u64::from(u16_at(tail, at + 8)) != entries {
        return Err(ZipError::BadEnd("the archive is split over several files"));
    }
    let mut directory_end = end_at;
    // Torch writes the wide record always, also where the narrow numbers would do.
    let wide = at.checked_sub(20).is_some_and(|locator| tail[locator..].starts_with(b"PK\x06\x07"));
    if wide || entries == 0xffff || length == 0xffff_ffff || offset == 0xffff_ffff {
        let (record, record_at) = zip64_record(tail, at, file_length)?;
        directory_end = record_at;
        for (narrow, ones, at) in
            [(&mut entries, 0xffff, 32), (&mut length, 0xffff_ffff, 40), (&mut offset, 0xffff_ffff, 48)]
        {
            let wide = u64_at(record, at);
            // Readers differ in which of the two they believe.
            if *narrow != ones && *narrow != wide {
                return Err(ZipError::BadEnd("it and the zip64 record disagree"));
            }
            *narrow = wide;
        }
    }
    if offset.checked_add(length) != Some(directory_end) {
        return Err(ZipError::BadEnd("the directory does not end where the end record begins"));
    }
    let length = usize::try_from(length).ok().filter(|&length| length <= limits.directory_bytes);
    let length = length.ok_or(ZipError::BadEnd("the directory is too long"))?;
    // An entry has at least 46 bytes.
    let entries = usize::try_from(entries).ok().filter(|&entries| entries <= length / 46);
    let entries = entries.ok_or(ZipError::BadEnd("more entries than the directory has room for"))?;
    Ok(DirectoryAt { offset, length, entries })
}

fn zip64_record(tail: &[u8], end: usize, file_length: u64) -> Result<(&[u8], u64), ZipError> {
    const WHAT: ZipError = ZipError::BadEnd("the zip64 record is missing");
    let locator = end.checked_sub(20).ok_or(WHAT)?;
    if !tail[locator..].starts_with(b"PK\x06\x07") {
        return Err(WHAT);
    }
    let record_at = u64_at(tail, locator + 8);
    let tail_at = file_length - tail.len() as u64;
    let at = record_at.checked_sub(tail_at).and_then(|at| usize::try_from(at).ok()).ok_or(WHAT)?;
    let record = tail.get(at..locator).ok_or(WHAT)?;
    if record.len() < 56 || !record.starts_with(b"PK\x06\x06") {
        return Err(WHAT);
    }
    // The length leaves out itself and what stands before it.
    if u64_at(record, 4).checked_add(12) != Some(record.len() as u64) {
        return Err(ZipError::BadEnd("the zip64 record has another length than it says"));
    }
    Ok((record, record_at))
}

/// Reads the directory's bytes.
///
/// # Errors
///
/// [`ZipError`] for anything malformed, encrypted, overlapping or with an odd name.
pub fn parse_directory(bytes: &[u8], place: DirectoryAt) -> Result<Vec<Entry>, ZipError> {
    let mut entries = Vec::with_capacity(place.entries);
    let mut rest = bytes;
    for index in 0..place.entries {
        let (entry, after) = parse_entry(rest, index)?;
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(ZipError::BadEnd("the directory has more entries than the end record says"));
    }
    let mut names = HashSet::with_capacity(entries.len());
    if let Some(twice) = entries.iter().find(|entry| !names.insert(entry.name.as_str())) {
        return Err(ZipError::BadName { name: printable(&twice.name), what: "occurs twice" });
    }
    drop(names);
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&index| entries[index].header_at);
    let mut end = place.offset;
    for &index in order.iter().rev() {
        let entry = &mut entries[index];
        entry.room = end.saturating_sub(entry.header_at);
        let least = entry.packed.checked_add(LOCAL_HEADER_BYTES as u64 + entry.name.len() as u64);
        if least.is_none_or(|least| least > entry.room) {
            return Err(ZipError::Overlap { name: printable(&entry.name) });
        }
        end = entry.header_at;
    }
    Ok(entries)
}

fn parse_entry(bytes: &[u8], index: usize) -> Result<(Entry, &[u8]), ZipError> {
    const FIXED: usize = 46;
    let bad = |what| ZipError::BadEntry { index, what };
    let fixed = bytes.get(..FIXED).ok_or(bad("cut off"))?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return Err(bad("has no signature"));
    }
    let name_end = FIXED + usize::from(u16_at(fixed, 28));
    let extra_end = name_end + usize::from(u16_at(fixed, 30));
    let end = extra_end + usize::from(u16_at(fixed, 32));
    if bytes.len() < end {
        return Err(bad("cut off"));
    }
    let name = std::str::from_utf8(&bytes[FIXED..name_end]).map_err(|_| bad("the name is not UTF-8"))?;
    check_name(name)?;
    let flags = u16_at(fixed, 8);
    let mut numbers = [u32_at(fixed, 24), u32_at(fixed, 20), u32_at(fixed, 42)].map(u64::from);
    widen(&bytes[name_end..extra_end], &mut numbers).ok_or(bad("a zip64 size is missing"))?;
    let [size, packed, header_at] = numbers;
    let unsupported = |what: String| ZipError::Unsupported { name: printable(name), what };
    // The second and third bit belong to the newer ways of encryption.
    if flags & 0x2041 != 0 {
        return Err(unsupported("encrypted".to_owned()));
    }
    let method = match u16_at(fixed, 10) {
        0 => Method::Stored,
        8 => Method::Deflated,
        other => return Err(unsupported(format!("packed by method {other}"))),
    };
    if method == Method::Stored && packed != size {
        return Err(bad("stored, but with two lengths"));
    }
    if method == Method::Deflated && size / MOST_INFLATED > packed {
        return Err(bad("deflated, but longer than deflate can make it"));
    }
    let crc32 = u32_at(fixed, 16);
    let entry = Entry { name: name.to_owned(), method, crc32, packed, size, header_at, flags, room: 0 };
    Ok((entry, &bytes[end..]))
}

fn check_name(name: &str) -> Result<(), ZipError> {
    let bad = |what| Err(ZipError::BadName { name: printable(name), what });
    if name.is_empty() || name.starts_with('/') || name.contains(['\\', '\0', ':']) {
        return bad("is not a plain relative path");
    }
    if name.split('/').any(|part| part == "..") {
        return bad("climbs out of the archive");
    }
    if name.contains(char::is_control) {
        return bad("holds a control character");
    }
    Ok(())
}

/// Replaces each number that is all ones by the next one of the zip64 field.
fn widen(mut extra: &[u8], numbers: &mut [u64; 3]) -> Option<()> {
    let mut field: &[u8] = &[];
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(body) = extra.get(4..4 + length) else {
            break;
        };
        if id == 1 {
            field = body;
        }
        extra = &extra[4 + length..];
    }
    for number in numbers {
        if *number == 0xffff_ffff {
            let (wide, rest) = field.split_first_chunk::<8>()?;
            *number = u64::from_le_bytes(*wide);
            field = rest;
        }
    }
    Some(())
}

/// How far a member's own header reaches, given its fixed part: add to [`Entry::header_at`].
///
/// The directory's lengths do not serve here: torch pads this header, and only this one.
///
/// # Errors
///
/// [`ZipError::Disagreement`] if it is not the header that the directory promises, and
/// [`ZipError::Overlap`] if it pushes the member's bytes into the next member.
pub fn local_header_length(fixed: &[u8; LOCAL_HEADER_BYTES], entry: &Entry) -> Result<u64, ZipError> {
    let disagree = |what| Err(ZipError::Disagreement { name: printable(&entry.name), what });
    if !fixed.starts_with(&SIGNATURE) {
        return disagree("where it begins");
    }
    let method = match entry.method {
        Method::Stored => 0,
        Method::Deflated => 8,
    };
    if u16_at(fixed, 8) != method || (u16_at(fixed, 6) ^ entry.flags) & 1 != 0 {
        return disagree("how it is packed");
    }
    if usize::from(u16_at(fixed, 26)) != entry.name.len() {
        return disagree("its name");
    }
    // Sizes may stand behind the data instead; then these fields are zero or all ones.
    let later = entry.flags & 8 != 0;
    for (at, expected) in [(18, entry.packed), (22, entry.size)] {
        let found = u64::from(u32_at(fixed, at));
        if found != expected && found != 0xffff_ffff && !(later && found == 0) {
            return disagree("its length");
        }
    }
    let length = LOCAL_HEADER_BYTES as u64 + u64::from(u16_at(fixed, 26)) + u64::from(u16_at(fixed, 28));
    // Its padding is not in the directory, so this could not be seen there.
    if length + entry.packed > entry.room {
        return Err(ZipError::Overlap { name: printable(&entry.name) });
    }
    Ok(length)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
