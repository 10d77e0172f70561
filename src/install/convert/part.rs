//! One file of a checkpoint: its container is recognised by its first bytes, its names are read,
//! and later its numbers are fed to the transfer.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};

use crate::checkpoint::gguf::blocks::Stored;
use crate::checkpoint::gguf::model::{OUTPUT, leaves as gguf_leaves, perhaps_tied};
use crate::checkpoint::gguf::read as gguf;
use crate::checkpoint::legacy::{self, Head};
use crate::checkpoint::megatron::Place;
use crate::checkpoint::pickle::{self, Pickle, printable};
use crate::checkpoint::safetensors::{self, HeaderError};
use crate::checkpoint::tensors::Storages;
use crate::checkpoint::torch_zip::{Archive, TorchZipError, check_byte_order, check_storage};
use crate::checkpoint::zip::{Entry, Method};
use crate::checkpoint::{Leaf, Leaves};
use crate::directory::{DirectoryError, FIRST_BYTES, Kind, MEGATRON};

use super::ConvertError;
use super::archive::{Member, member};
use super::blob::{Checked, Section};
use super::locate::{place_of, shown};
use super::reading::{Reading, read_full};
use super::transfer::Transfer;

/// One file of a checkpoint, or one member of an archive.
pub(super) struct Part<'a> {
    /// What to call it in messages.
    pub(super) name: String,
    /// Where it stands among the files.
    pub(super) place: Place,
    pub(super) names: Names,
    pub(super) storages: Storages,
    body: Body<'a>,
}

/// What a file calls its tensors.
pub(super) enum Names {
    /// Names to be looked for in what was pickled.
    Pickle(Pickle),
    /// Names and nothing else.
    Plain(Leaves),
    /// A file that says all of its model. The names are the converted model's.
    Gguf { header: gguf::Header, leaves: Leaves, is_tied: bool },
}

/// Where the numbers are.
enum Body<'a> {
    /// In one stream, after so many bytes, in this order.
    Stream { stream: Stream<'a>, head: usize, order: Vec<usize> },
    /// Each storage a member of an archive.
    Members { archive: Section<'a>, folder: String, entries: HashMap<String, Entry> },
    /// Each storage a range of bytes.
    Ranges(Vec<Section<'a>>),
    /// Each storage a range of bytes, whose numbers lie in blocks.
    Blocks(Vec<(Section<'a>, Stored)>),
}

/// Bytes that can be read more than once, but only from their beginning.
pub(super) enum Stream<'a> {
    File(Section<'a>),
    Member(Member<'a>),
}

impl<'a> Stream<'a> {
    fn open(&self) -> Checked<Box<dyn Read + 'a>> {
        match self {
            Self::File(section) => Checked::new(Box::new(BufReader::with_capacity(1 << 18, section.clone()))),
            Self::Member(member) => member.open(),
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::File(section) => section.length(),
            Self::Member(member) => member.entry.size,
        }
    }
}

impl Reading<'_> {
    /// Reads the names of a file as the user gave it. An archive may hold several files.
    pub(super) fn open<'a>(
        &mut self,
        name: String,
        place: Place,
        section: &Section<'a>,
    ) -> Result<Vec<Part<'a>>, ConvertError> {
        let first = section.part(0, FIRST_BYTES as u64).content(FIRST_BYTES);
        let first = first.map_err(|source| ConvertError::Read { name: name.clone(), source })?;
        match kind_of(&name, &first)? {
            Kind::Safetensors => Ok(vec![self.safetensors(name, place, section)?]),
            Kind::Pickle => Ok(vec![self.legacy(name, place, Stream::File(section.clone()))?]),
            Kind::Gguf => Ok(vec![self.gguf(name, place, section)?]),
            Kind::Zip => {
                let entries = self.directory(section, &name)?;
                match Archive::recognise(&entries)? {
                    Some(archive) => Ok(vec![self.torch_zip(name, place, section, &archive)?]),
                    None => self.outer_zip(&name, section, &entries),
                }
            }
        }
    }

    /// An archive around checkpoints, as the original download is one.
    fn outer_zip<'a>(
        &mut self,
        name: &str,
        section: &Section<'a>,
        entries: &[Entry],
    ) -> Result<Vec<Part<'a>>, ConvertError> {
        let mut parts = Vec::new();
        for entry in choose(name, entries)? {
            let member = member(section, entry, name)?;
            let place = if entry.name.contains("mp_rank_") { place_of_member(&entry.name)? } else { Place::default() };
            let name = printable(&entry.name);
            let mut first = Vec::new();
            let read = member.open().take(FIRST_BYTES as u64).read_to_end(&mut first);
            read.map_err(|source| ConvertError::Read { name: name.clone(), source })?;
            match kind_of(&name, &first)? {
                Kind::Zip => {
                    // A torch file of the zip kind, which has to be read from its end.
                    let inner = match entry.method {
                        Method::Deflated => self.unpack(&member)?,
                        Method::Stored => {
                            self.check_member(entry, &mut member.open())?;
                            member.packed
                        }
                    };
                    let entries = self.directory(&inner, &name)?;
                    let archive = Archive::recognise(&entries)?;
                    let what = "an archive inside an archive";
                    let archive = archive.ok_or_else(|| DirectoryError::NotACheckpoint { name: name.clone(), what })?;
                    parts.push(self.torch_zip(name, place, &inner, &archive)?);
                }
                Kind::Pickle => parts.push(self.legacy(name, place, Stream::Member(member))?),
                Kind::Safetensors | Kind::Gguf => {
                    let what = "a safetensors or GGUF file in an archive; unpack it";
                    return Err(DirectoryError::NotACheckpoint { name, what }.into());
                }
            }
        }
        Ok(parts)
    }

    /// Pickles and storages in one stream.
    fn legacy<'a>(&mut self, name: String, place: Place, stream: Stream<'a>) -> Result<Part<'a>, ConvertError> {
        let Head { pickle, storages, order, length } = self.legacy_head(&name, &stream)?;
        let bytes = |index: &usize| (storages.list[*index].byte_length() + legacy::COUNT_BYTES) as u64;
        let data = order.iter().map(bytes).try_fold(length as u64, u64::checked_add).unwrap_or(u64::MAX);
        let total = stream.length();
        if data > total {
            return Err(ConvertError::Truncated { name, missing: data - total });
        }
        if data < total {
            self.notes.push(format!("{} bytes after the last storage of {name} are ignored", total - data));
        }
        let body = Body::Stream { stream, head: length, order };
        Ok(Part { name, place, names: Names::Pickle(pickle), storages, body })
    }

    fn legacy_head(&self, name: &str, stream: &Stream<'_>) -> Result<Head, ConvertError> {
        let mut reader = stream.open();
        let mut bytes = Vec::new();
        let mut wanted = 1 << 16;
        loop {
            let more = Read::by_ref(&mut reader).take(wanted).read_to_end(&mut bytes);
            let more = more.map_err(|source| ConvertError::Read { name: name.to_owned(), source })?;
            match legacy::parse_head(&bytes, self.limits) {
                Ok(head) => return Ok(head),
                // Twice as much each time, so that all attempts cost no more than the last.
                Err(error) if error.is_truncated() && more as u64 == wanted => wanted = bytes.len() as u64,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A torch file of the zip kind.
    pub(super) fn torch_zip<'a>(
        &mut self,
        name: String,
        place: Place,
        section: &Section<'a>,
        archive: &Archive<'_>,
    ) -> Result<Part<'a>, ConvertError> {
        if let Some(entry) = archive.byte_order {
            let member = member(section, entry, &name)?;
            check_byte_order(&self.small(&member, 64)?)?;
        }
        let limit = self.limits.pickle_bytes;
        if archive.pickle.size > limit as u64 {
            return Err(TorchZipError::PickleTooLarge { size: archive.pickle.size, limit }.into());
        }
        let member = member(section, archive.pickle, &name)?;
        let bytes = self.small(&member, limit)?;
        let (pickle, _) = pickle::parse(&bytes, self.limits)?;
        let storages = Storages::collect(&pickle, self.limits)?;
        let folder = archive.folder().to_owned();
        let entries = archive.entries().iter().map(|entry| (entry.name.clone(), entry.clone())).collect();
        let body = Body::Members { archive: section.clone(), folder, entries };
        Ok(Part { name, place, names: Names::Pickle(pickle), storages, body })
    }

    fn safetensors<'a>(&self, name: String, place: Place, section: &Section<'a>) -> Result<Part<'a>, ConvertError> {
        let header = safetensors::read_header(&mut section.clone(), section.length(), self.limits);
        let safetensors::Header { bytes, entries } = header.map_err(|e| match e {
            HeaderError::Read(source) => ConvertError::Read { name: name.clone(), source },
            HeaderError::Refused(error) => error.into(),
        })?;
        let data = section.part(bytes.len() as u64, u64::MAX);
        let ranges = entries.iter().map(|entry| data.part(entry.start, entry.end - entry.start)).collect();
        let (leaves, storages) = safetensors::one_storage_each(&entries, 0);
        Ok(Part { name, place, names: Names::Plain(leaves), storages, body: Body::Ranges(ranges) })
    }

    fn gguf<'a>(&self, name: String, place: Place, section: &Section<'a>) -> Result<Part<'a>, ConvertError> {
        let read = |source| ConvertError::Read { name: name.clone(), source };
        let mut from = BufReader::with_capacity(1 << 16, section.clone());
        let header = gguf::read_header(&mut from, section.length(), self.limits).map_err(|e| match e {
            gguf::HeaderError::Read(source) => read(source),
            gguf::HeaderError::Refused(source) => ConvertError::Gguf { name: name.clone(), source },
        })?;
        let range = |it: &gguf::Entry| section.part(it.start, it.bytes);
        let is_tied = match perhaps_tied(&header) {
            Some((output, words)) => is_alike(range(output), range(words)).map_err(read)?,
            None => header.tensors.iter().all(|it| it.name != OUTPUT),
        };
        let blocks = header.tensors.iter().map(|it| (range(it), it.stored)).collect();
        let (leaves, storages) = gguf_leaves(&header);
        let names = Names::Gguf { header, leaves, is_tied };
        Ok(Part { name, place, names, storages, body: Body::Blocks(blocks) })
    }
}

/// Whether two ranges of bytes of one length are the same.
fn is_alike(mut one: Section<'_>, mut other: Section<'_>) -> io::Result<bool> {
    let (mut first, mut second) = (vec![0; 1 << 18], vec![0; 1 << 18]);
    for at in (0..one.length()).step_by(first.len()) {
        let count = (one.length() - at).min(first.len() as u64) as usize;
        one.read_exact(&mut first[..count])?;
        other.read_exact(&mut second[..count])?;
        if first[..count] != second[..count] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Numbers in blocks, read as bytes of the type that they are widened to.
struct Widened<R> {
    from: R,
    stored: Stored,
    /// Blocks as they were read.
    blocks: Vec<u8>,
    /// Their numbers, and how many bytes of these were handed on.
    numbers: Vec<u8>,
    at: usize,
}

impl<R: Read> Widened<R> {
    fn new(from: R, stored: Stored) -> Self {
        Self { from, stored, blocks: Vec::new(), numbers: Vec::new(), at: 0 }
    }
}

impl<R: Read> Read for Widened<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        /// Blocks that are read together.
        const TOGETHER: u64 = 4096;
        if self.at == self.numbers.len() {
            let bytes = TOGETHER * self.stored.block().1 as u64;
            self.blocks.clear();
            self.numbers.clear();
            self.at = 0;
            // Whole blocks: their bytes were counted when the header was read.
            Read::by_ref(&mut self.from).take(bytes).read_to_end(&mut self.blocks)?;
            self.stored.widen(&self.blocks, &mut self.numbers);
        }
        let count = out.len().min(self.numbers.len() - self.at);
        out[..count].copy_from_slice(&self.numbers[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Part<'_> {
    /// Gives the file its number among the files.
    pub(super) fn number(&mut self, part: usize) {
        self.storages.part = part;
        if let Names::Plain(leaves) | Names::Gguf { leaves, .. } = &mut self.names {
            for leaf in leaves.by_name.values_mut() {
                if let Leaf::Tensor(tensor) = leaf {
                    tensor.part = part;
                }
            }
        }
    }

    /// Bytes that [`Self::feed`] will read.
    pub(super) fn bytes_to_read(&self, used: &dyn Fn(usize) -> bool) -> u64 {
        match &self.body {
            Body::Stream { stream, .. } => stream.length(),
            Body::Members { .. } | Body::Ranges(_) | Body::Blocks(_) => {
                let storages = self.storages.list.iter().enumerate().filter(|(index, _)| used(*index));
                storages.map(|(_, storage)| storage.byte_length() as u64).sum()
            }
        }
    }

    /// Reads the storages that are used and feeds them to the transfer.
    pub(super) fn feed(&self, reading: &mut Reading<'_>, transfer: &mut Transfer<'_, '_>) -> Result<(), ConvertError> {
        let list = &self.storages.list;
        let part = self.storages.part;
        let used: Vec<usize> = (0..list.len()).filter(|&index| transfer.uses(part, index)).collect();
        match &self.body {
            Body::Stream { stream, head, order } => {
                let mut reader = stream.open();
                let skipped = io::copy(&mut Read::by_ref(&mut reader).take(*head as u64), &mut io::sink());
                skipped.map_err(|source| ConvertError::Read { name: self.name.clone(), source })?;
                transfer.advance(*head as u64)?;
                for &index in order {
                    let mut count = [0; legacy::COUNT_BYTES];
                    read_full(&mut reader, &mut count, &self.name)?;
                    legacy::check_count(count, &list[index])?;
                    transfer.advance(legacy::COUNT_BYTES as u64)?;
                    transfer.storage(part, index, list[index].byte_length(), &mut reader, &self.name)?;
                }
                match stream {
                    Stream::File(_) => Ok(()),
                    Stream::Member(member) => reading.check_member(&member.entry, &mut reader),
                }
            }
            Body::Members { archive, folder, entries } => {
                let mut members = Vec::new();
                for index in used {
                    let name = format!("{folder}/data/{}", list[index].key);
                    let entry = check_storage(entries.get(&name), &list[index])?;
                    members.push((index, member(archive, entry, &self.name)?));
                }
                for (index, member) in members {
                    let mut reader = member.open();
                    transfer.storage(part, index, list[index].byte_length(), &mut reader, &self.name)?;
                    reading.check_member(&member.entry, &mut reader)?;
                }
                Ok(())
            }
            Body::Ranges(ranges) => used.into_iter().try_for_each(|index| {
                let length = list[index].byte_length();
                transfer.storage(part, index, length, &mut ranges[index].clone(), &self.name)
            }),
            Body::Blocks(blocks) => used.into_iter().try_for_each(|index| {
                let length = list[index].byte_length();
                let (section, stored) = &blocks[index];
                transfer.storage(part, index, length, &mut Widened::new(section.clone(), *stored), &self.name)
            }),
        }
    }
}

/// What a file is by its first bytes, or why it is no checkpoint.
fn kind_of(name: &str, first: &[u8]) -> Result<Kind, ConvertError> {
    Ok(Kind::of(first).map_err(|what| DirectoryError::NotACheckpoint { name: name.to_owned(), what })?)
}

/// The members that are checkpoints: one, or those of all ranks of one directory.
fn choose<'e>(name: &str, entries: &'e [Entry]) -> Result<Vec<&'e Entry>, ConvertError> {
    for wanted in MEGATRON {
        let last_part = |entry: &&Entry| entry.name.rsplit('/').next() == Some(wanted);
        let mut found: Vec<&Entry> = entries.iter().filter(last_part).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let Some(first) = found.first() else {
            continue;
        };
        // The ranks of one model lie side by side; what lies elsewhere is another model.
        let beside = |entry: &&Entry| entry.name.rsplit('/').nth(1).is_some_and(|it| it.starts_with("mp_rank_"));
        let around = |entry: &Entry| entry.name.rsplitn(3, '/').nth(2).map(str::to_owned);
        if let Some(other) = found.iter().find(|entry| !beside(entry) || around(entry) != around(first))
            && found.len() > 1
        {
            let (name, other) = (printable(&first.name), printable(&other.name));
            return Err(ConvertError::Several { name, other });
        }
        return Ok(found);
    }
    let names = entries.iter().take(8).map(|entry| printable(&entry.name));
    let found = shown(&names.collect::<Vec<_>>());
    Err(DirectoryError::NothingInside { name: name.to_owned(), found }.into())
}

fn place_of_member(name: &str) -> Result<Place, ConvertError> {
    place_of(name.rsplit('/').nth(1).unwrap_or_default())
}
