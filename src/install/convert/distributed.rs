//! Opens a directory in torch's distributed format: its table of contents, and a torch file for
//! each chunk of the model that it names.

use std::collections::HashMap;
use std::path::Path;

use crate::checkpoint::Plan;
use crate::checkpoint::megatron::{self, Chunked, Given, Place};
use crate::checkpoint::pickle::{self, NodeId, Pickle};
use crate::checkpoint::torch_dist::{self, Range};
use crate::checkpoint::torch_zip::Archive;
use crate::directory::{DISTRIBUTED, DirectoryError};

use super::ConvertError;
use super::blob::{Blob, Section};
use super::locate::read_error;
use super::model::note_alarming;
use super::part::{Names, Part};
use super::reading::Reading;
use crate::text::visible_path;

/// The file with the training arguments, until 2026.
const COMMON: &str = "common.pt";

/// The object that holds them since then.
const COMMON_OBJECT: &str = "common_state/shard_0_1";

/// Reads what the directory holds of a model: the chunks as files, and the plan.
pub(super) fn read(
    reading: &mut Reading<'_>,
    directory: &Path,
    given: Given,
) -> Result<(Vec<Part<'static>>, Plan), ConvertError> {
    let path = directory.join(DISTRIBUTED);
    let name = visible_path(&path);
    let read = |source| read_error(&path, source);
    let blob = Blob::open(&path).map_err(read)?;
    let limit = reading.limits.pickle_bytes;
    if blob.length() > limit as u64 {
        return Err(pickle::PickleError::TooLarge { what: "bytes", limit, at: 0 }.into());
    }
    let (table, _) = pickle::parse(&blob.section().content(limit).map_err(read)?, reading.limits)?;
    let metadata = torch_dist::parse(&table, reading.limits)
        .map_err(|source| ConvertError::Metadata { name: name.clone(), source })?;
    let mut files = Files { directory, open: HashMap::new() };
    let mut parts = Vec::new();
    let mut tensors = Vec::new();
    for (name, entry) in metadata.tensors.iter().filter(|(name, _)| megatron::is_model(name)) {
        let mut chunks = Vec::new();
        for chunk in &entry.chunks {
            let mut part = files.torch_file(reading, &chunk.range)?;
            part.number(parts.len());
            let Names::Pickle(pickle) = &part.names else {
                continue;
            };
            let tensor = part.storages.tensor(pickle, pickle.root(), reading.limits)?;
            let what = "no torch file of one tensor";
            let tensor = tensor.ok_or_else(|| DirectoryError::NotACheckpoint { name: part.name.clone(), what })?;
            chunks.push(tensor);
            part.names = Names::Plain(crate::checkpoint::Leaves::default());
            parts.push(part);
        }
        tensors.push(Chunked { name, entry, tensors: chunks });
    }
    let common = match metadata.objects.get(COMMON_OBJECT) {
        Some(range) => Some((COMMON_OBJECT, files.torch_file(reading, range)?)),
        None => files.common(reading)?.map(|part| (COMMON, part)),
    };
    let mut nothing_said = format!("there is no {COMMON} beside {DISTRIBUTED}, which names no {COMMON_OBJECT} either");
    let mut arguments = None;
    if let Some((holder, part)) = &common {
        note_alarming(&mut reading.notes, part);
        let what = "no dictionary of what training keeps";
        let found = dictionary(part).ok_or_else(|| DirectoryError::NotACheckpoint { name: part.name.clone(), what })?;
        nothing_said = format!("{holder} has no training arguments");
        arguments = Some(found);
    }
    if arguments.is_none_or(|(pickle, found)| pickle.get(found, "args").is_none()) {
        reading.notes.push(format!("{}: {nothing_said}", visible_path(directory)));
    }
    let plan = megatron::map_distributed(&tensors, arguments, &nothing_said, given, reading.limits)?;
    Ok((parts, plan))
}

/// The dictionary of training state, which an object has in a list.
fn dictionary<'p>(part: &'p Part<'_>) -> Option<(&'p Pickle, NodeId)> {
    let Names::Pickle(pickle) = &part.names else {
        return None;
    };
    let root = pickle.root();
    let inner = pickle.sequence(root).and_then(|list| list.first().copied()).unwrap_or(root);
    pickle.items(inner).map(|_| (pickle, inner))
}

/// The files of the directory, each opened once.
struct Files<'d> {
    directory: &'d Path,
    open: HashMap<String, Section<'static>>,
}

impl Files<'_> {
    fn section(&mut self, file: &str) -> Result<Section<'static>, ConvertError> {
        if let Some(section) = self.open.get(file) {
            return Ok(section.clone());
        }
        let path = self.directory.join(file);
        let section = Blob::open(&path).map_err(|source| read_error(&path, source))?.section();
        self.open.insert(file.to_owned(), section.clone());
        Ok(section)
    }

    /// The torch file at some place of a file.
    fn torch_file(&mut self, reading: &mut Reading<'_>, range: &Range) -> Result<Part<'static>, ConvertError> {
        let name = format!("{} at byte {}", range.file, range.offset);
        let file = self.section(&range.file)?;
        let section = file.part(range.offset, range.length);
        if section.length() < range.length {
            return Err(ConvertError::Truncated { name, missing: range.length - section.length() });
        }
        let entries = reading.directory(&section, &name)?;
        let archive = Archive::recognise(&entries)?;
        let what = "no torch file";
        let archive = archive.ok_or_else(|| DirectoryError::NotACheckpoint { name: name.clone(), what })?;
        reading.torch_zip(name, Place::default(), &section, &archive)
    }

    /// The file with the training arguments, if there is one.
    fn common(&mut self, reading: &mut Reading<'_>) -> Result<Option<Part<'static>>, ConvertError> {
        let path = self.directory.join(COMMON);
        if !path.is_file() {
            return Ok(None);
        }
        let section = self.section(COMMON)?;
        let parts = reading.open(visible_path(&path), Place::default(), &section)?;
        Ok(parts.into_iter().next())
    }
}
