//! Recognises the container by its first bytes and feeds its storages to the transfer.

use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::checkpoint::hugging_face;
use crate::checkpoint::legacy::{self, Head};
use crate::checkpoint::megatron::{self, Given};
use crate::checkpoint::pickle::{self, Pickle};
use crate::checkpoint::safetensors;
use crate::checkpoint::tensors::{Storage, Storages, Tensor};
use crate::checkpoint::torch_zip::{Archive, check_byte_order};
use crate::checkpoint::zip;
use crate::checkpoint::{Leaf, Leaves, Limits, MapError, Plan, alarming_calls};

use super::blob::{Checked, Section};
use super::locate::{Located, shown};
use super::stage::WEIGHTS;
use super::transfer::{Transfer, read_full};
use super::{ConvertError, Options, Progress};

/// A model whose weights are written.
pub(super) struct Model {
    pub(super) plan: Plan,
    pub(super) notes: Vec<String>,
    pub(super) parameters: u64,
}

/// Reads the located file and writes its weights into the directory `stage`.
pub(super) fn convert_model(
    located: &Located<'_>,
    stage: &Path,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<Model, ConvertError> {
    let limits = Limits::default();
    let name = located.name.clone();
    let mut conversion = Conversion { located, stage, options, progress, limits, name, notes: Vec::new() };
    let plan = conversion.file(located.blob.section())?;
    let sizes = plan.targets.iter().map(|target| target.shape.iter().product::<usize>() as u64);
    let parameters = sizes.sum();
    let mut notes = plan.notes.clone();
    notes.append(&mut conversion.notes);
    Ok(Model { plan, notes, parameters })
}

/// A conversion under way.
pub(super) struct Conversion<'a, 'p> {
    located: &'a Located<'a>,
    pub(super) stage: &'a Path,
    pub(super) options: &'a Options,
    progress: &'a mut Progress<'p>,
    pub(super) limits: Limits,
    /// The file, or the member of an archive, that is being read.
    pub(super) name: String,
    pub(super) notes: Vec<String>,
}

impl Conversion<'_, '_> {
    pub(super) fn read_error(&self, source: io::Error) -> ConvertError {
        ConvertError::Read { name: self.name.clone(), source }
    }

    pub(super) fn bytes(&self, section: Section<'_>, most: usize) -> Result<Vec<u8>, ConvertError> {
        section.bytes(most).map_err(|source| self.read_error(source))
    }

    /// A file as the user gave it.
    fn file(&mut self, section: Section<'_>) -> Result<Plan, ConvertError> {
        let first = self.bytes(section, 512)?;
        if first.starts_with(&zip::SIGNATURE) {
            let entries = self.directory(section)?;
            return match Archive::recognise(&entries)? {
                Some(archive) => self.torch_zip(section, &archive),
                None => self.outer_zip(section, &entries),
            };
        }
        // A length below four gigabytes and the brace of a JSON object. The length may well begin
        // with the byte that a pickle begins with.
        if first.get(4..9) == Some(b"\0\0\0\0{") {
            return self.safetensors(section);
        }
        self.refuse_other_kinds(&first)?;
        let total = section.length();
        self.legacy(&mut { section }, total)
    }

    pub(super) fn refuse_other_kinds(&self, first: &[u8]) -> Result<(), ConvertError> {
        let text = first.trim_ascii_start();
        let what = if first.is_empty() {
            "empty"
        } else if text.starts_with(b"version https://git-lfs") {
            "a pointer to a file kept elsewhere (git-lfs)"
        } else if text.starts_with(b"<") {
            "a web page"
        } else if text.starts_with(b"{") || text.starts_with(b"[") {
            "a JSON text, perhaps a server's error message"
        } else if first.starts_with(b"GGUF") {
            "a GGUF model"
        } else if first.get(257..262) == Some(b"ustar") {
            "a tar archive, as torch wrote in 2016"
        } else if first[0] == 0x80 {
            return Ok(());
        } else {
            "of no known kind"
        };
        Err(ConvertError::NotACheckpoint { name: self.name.clone(), what })
    }

    fn plan(&mut self, pickle: &Pickle, storages: &Storages) -> Result<Plan, ConvertError> {
        for name in alarming_calls(pickle) {
            self.notes.push(format!("this file asks to run code (`{name}`); nothing was run"));
        }
        if megatron::recognise(pickle) {
            let given = Given { heads: self.options.heads, vocab: self.options.vocab };
            return Ok(megatron::map(pickle, storages, given, &self.limits)?);
        }
        let leaves = Leaves::collect(pickle, storages, pickle.root(), &self.limits)?;
        self.plan_hugging_face(&leaves)
    }

    fn plan_hugging_face(&self, leaves: &Leaves) -> Result<Plan, ConvertError> {
        if !hugging_face::recognise(leaves) {
            let names: Vec<String> = leaves.by_name.keys().take(8).map(|name| pickle::printable(name)).collect();
            return Err(MapError::NoModel(format!("it has {}", shown(&names))).into());
        }
        Ok(hugging_face::map(leaves, self.located.config.as_ref(), self.options.heads)?)
    }

    fn transfer<'t>(
        &'t mut self,
        plan: &'t Plan,
        storages: &[Storage],
        total: u64,
    ) -> Result<Transfer<'t, 't>, ConvertError> {
        let path = self.stage.join(WEIGHTS);
        Transfer::new(plan, storages, &self.name, path, total, self.options, &mut *self.progress)
    }

    /// Pickles and storages in one stream of `total` bytes.
    pub(super) fn legacy(&mut self, stream: &mut dyn Read, total: u64) -> Result<Plan, ConvertError> {
        let (head, rest) = self.legacy_head(stream)?;
        let plan = self.plan(&head.pickle, &head.storages)?;
        let data = head.data_length().and_then(|data| data.checked_add(head.length as u64));
        let data = data.unwrap_or(u64::MAX);
        if data > total {
            return Err(ConvertError::Truncated { name: self.name.clone(), missing: data - total });
        }
        if data < total {
            self.notes.push(format!("{} bytes after the last storage are ignored", total - data));
        }
        let mut reader = Cursor::new(rest).chain(stream);
        let list = &head.storages.list;
        let name = self.name.clone();
        let mut transfer = self.transfer(&plan, list, total)?;
        transfer.advance(head.length as u64)?;
        for &index in &head.order {
            let mut count = [0; legacy::COUNT_BYTES];
            read_full(&mut reader, &mut count, &name)?;
            legacy::check_count(count, &list[index])?;
            transfer.advance(legacy::COUNT_BYTES as u64)?;
            transfer.storage(index, list[index].byte_length(), &mut reader)?;
        }
        let mut notes = transfer.finish()?;
        self.notes.append(&mut notes);
        Ok(plan)
    }

    /// The pickles, and what was read beyond them.
    fn legacy_head(&self, stream: &mut dyn Read) -> Result<(Head, Vec<u8>), ConvertError> {
        let mut bytes = Vec::new();
        let mut wanted = 1 << 16;
        loop {
            let more = stream.take(wanted).read_to_end(&mut bytes);
            let ended = more.map_err(|source| self.read_error(source))? < wanted as usize;
            match legacy::parse_head(&bytes, &self.limits) {
                Ok(head) => {
                    let rest = bytes.split_off(head.length);
                    return Ok((head, rest));
                }
                // Twice as much each time, so that all attempts cost no more than the last.
                Err(error) if error.is_truncated() && !ended => wanted = bytes.len() as u64,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn torch_zip(&mut self, section: Section<'_>, archive: &Archive<'_>) -> Result<Plan, ConvertError> {
        if let Some(entry) = archive.byte_order {
            check_byte_order(&self.small_member(section, entry, 64)?)?;
        }
        let limit = self.limits.pickle_bytes;
        if archive.pickle.size > limit as u64 {
            return Err(crate::checkpoint::torch_zip::TorchZipError::PickleTooLarge {
                size: archive.pickle.size,
                limit,
            }
            .into());
        }
        let bytes = self.small_member(section, archive.pickle, limit)?;
        let (pickle, _) = pickle::parse(&bytes, &self.limits)?;
        let storages = Storages::collect(&pickle, &self.limits)?;
        let plan = self.plan(&pickle, &storages)?;
        let used: Vec<usize> = used_storages(&plan, storages.list.len());
        let mut members = Vec::new();
        for &index in &used {
            let entry = archive.member(&storages.list[index])?;
            members.push((index, entry, self.member(section, entry)?));
        }
        let total = members.iter().map(|(_, entry, _)| entry.size).sum();
        let mut wrong = Vec::new();
        let mut transfer = self.transfer(&plan, &storages.list, total)?;
        for (index, entry, data) in members {
            let mut reader = Checked::new(data);
            transfer.storage(index, storages.list[index].byte_length(), &mut reader)?;
            let found = reader.finish();
            wrong.push((entry, found));
        }
        let mut notes = transfer.finish()?;
        self.notes.append(&mut notes);
        for (entry, found) in wrong {
            let found = found.map_err(|source| self.read_error(source))?;
            self.compare(entry, found)?;
        }
        Ok(plan)
    }

    fn safetensors(&mut self, section: Section<'_>) -> Result<Plan, ConvertError> {
        let prefix = safetensors::LENGTH_BYTES as u64;
        let mut first = [0; safetensors::LENGTH_BYTES];
        read_full(&mut { section }, &mut first, &self.name)?;
        let length = safetensors::header_length(first, section.length(), &self.limits)?;
        let text = self.bytes(section.part(prefix, length as u64), length)?;
        let data = section.part(prefix + length as u64, u64::MAX);
        let entries = safetensors::parse_header(&text, data.length())?;
        let (leaves, storages) = one_storage_each(&entries);
        let plan = self.plan_hugging_face(&leaves)?;
        let used = used_storages(&plan, storages.len());
        let total = used.iter().map(|&index| storages[index].byte_length() as u64).sum();
        let mut transfer = self.transfer(&plan, &storages, total)?;
        for index in used {
            let entry = &entries[index];
            let mut part = data.part(entry.start, entry.end - entry.start);
            transfer.storage(index, storages[index].byte_length(), &mut part)?;
        }
        let mut notes = transfer.finish()?;
        self.notes.append(&mut notes);
        Ok(plan)
    }
}

/// The storages that a plan reads, in the file's order.
fn used_storages(plan: &Plan, count: usize) -> Vec<usize> {
    let mut used = vec![false; count];
    for target in &plan.targets {
        used[target.tensor.storage] = true;
    }
    for same in &plan.same {
        used[same.first.storage] = true;
        used[same.second.storage] = true;
    }
    (0..count).filter(|&index| used[index]).collect()
}

/// Each tensor of a safetensors file as a storage of its own.
fn one_storage_each(entries: &[safetensors::Entry]) -> (Leaves, Vec<Storage>) {
    let mut leaves = Leaves::default();
    let mut storages = Vec::new();
    for (storage, entry) in entries.iter().enumerate() {
        let numel = entry.shape.iter().product();
        storages.push(Storage { key: entry.name.clone(), dtype: entry.dtype, numel });
        let mut strides = vec![1; entry.shape.len()];
        for axis in (1..entry.shape.len()).rev() {
            // Only an empty tensor can overflow here, and no number of it is ever read.
            strides[axis - 1] = usize::saturating_mul(strides[axis], entry.shape[axis]);
        }
        let shape = entry.shape.clone();
        let tensor = Tensor { storage, dtype: entry.dtype, offset: 0, shape, strides };
        leaves.insert(entry.name.clone(), Leaf::Tensor(tensor));
    }
    (leaves, storages)
}
