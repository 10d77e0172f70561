//! Carries the numbers from the storages into the file of the weights, in one pass.
//!
//! Each storage is read once from its beginning. A piece of a tensor that keeps its order is written
//! as it comes; one that has to be rearranged is held until it is whole, and then put to its places.
//! Of a tensor with gaps between its elements the elements alone are held.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::checkpoint::arrange::{Rectangle, collect};
use crate::checkpoint::safetensors::write_header;
use crate::checkpoint::tensors::{Dtype, Storages, Tensor, cast, is_finite};
use crate::checkpoint::{Piece, Plan, Target, both_names};
use crate::files::{self, Place};
use crate::memory;

use super::jobs::{Job, Jobs, Purpose};
use super::part::Part;
use super::reading::{hear, read_full};
use super::{ConvertError, Options, Progress, Step};

/// Bytes read at a time: a multiple of every element's size, small beside a tensor.
const CHUNK: usize = 1 << 20;

/// The conversion under way.
pub(super) struct Transfer<'a, 'p> {
    plan: &'a Plan,
    path: PathBuf,
    file: File,
    /// The type to write, where it is not the checkpoint's.
    dtype: Option<Dtype>,
    data_start: u64,
    places: Vec<(u64, u64)>,
    jobs: Jobs,
    /// Of each of the compared tensors.
    digests: Vec<Option<[u8; 32]>>,
    left_in_target: Vec<usize>,
    left_in_layer: Vec<usize>,
    layers_done: usize,
    done: u64,
    total: u64,
    force: bool,
    notes: Vec<String>,
    scratch: Vec<u8>,
    progress: &'a mut Progress<'p>,
}

impl<'a, 'p> Transfer<'a, 'p> {
    /// Opens the file of the weights and writes its header.
    pub(super) fn new(
        plan: &'a Plan,
        parts: &[Part<'_>],
        path: PathBuf,
        options: &Options,
        progress: &'a mut Progress<'p>,
    ) -> Result<Self, ConvertError> {
        let files: Vec<(&str, &Storages)> = parts.iter().map(|part| (part.name.as_str(), &part.storages)).collect();
        let jobs = Jobs::of(plan, &files)?;
        let bytes =
            |(part, jobs): (&Part<'_>, &Vec<Vec<Job>>)| part.bytes_to_read(&|storage| !jobs[storage].is_empty());
        let total = parts.iter().zip(&jobs.by_storage).map(bytes).sum();
        let mut left_in_layer = vec![0; plan.config.n_layer];
        // What comes from nowhere is zeros, and there already.
        let written = plan.targets.iter().filter(|target| !target.from.pieces.is_empty());
        for layer in written.filter_map(|target| target.layer) {
            left_in_layer[layer] += 1;
        }
        let tensors: Vec<(&str, Dtype, &[usize])> = plan
            .targets
            .iter()
            .map(|target| {
                let bare = target.name.strip_prefix("transformer.").filter(|_| options.bare_names);
                let name = bare.unwrap_or(&target.name);
                (name, options.dtype.unwrap_or(target.from.dtype), target.shape.as_slice())
            })
            .collect();
        let (header, places) = write_header(&tensors);
        let create = || {
            let mut file = files::create(Place::Made, &path)?;
            file.write_all(&header)?;
            // A file system keeps zeros where nothing is written.
            file.set_len(header.len() as u64 + places.last().map_or(0, |it| it.1))?;
            Ok(file)
        };
        let file = create().map_err(|source| ConvertError::Write { path: path.clone(), source })?;
        Ok(Self {
            plan,
            path,
            file,
            dtype: options.dtype,
            data_start: header.len() as u64,
            places,
            digests: vec![None; jobs.compared.len()],
            jobs,
            left_in_target: plan.targets.iter().map(|target| target.from.pieces.len()).collect(),
            left_in_layer,
            layers_done: 0,
            done: 0,
            total,
            force: options.force,
            notes: Vec::new(),
            scratch: Vec::new(),
            progress,
        })
    }

    /// Whether anything of this storage is needed.
    pub(super) fn uses(&self, part: usize, storage: usize) -> bool {
        !self.jobs.by_storage[part][storage].is_empty()
    }

    /// Counts bytes that were read.
    pub(super) fn advance(&mut self, bytes: u64) -> Result<(), ConvertError> {
        self.done += bytes;
        let (done, total) = (self.done.min(self.total), self.total);
        hear(self.progress, Step::Reading { done, total })
    }

    /// Reads a whole storage.
    pub(super) fn storage(
        &mut self,
        part: usize,
        index: usize,
        length: usize,
        reader: &mut dyn Read,
        name: &str,
    ) -> Result<(), ConvertError> {
        let mut waiting = std::mem::take(&mut self.jobs.by_storage[part][index]);
        // The first one last, where it is taken from: a file may have very many of them.
        waiting.sort_by_key(|job| std::cmp::Reverse(job.start));
        let mut under_way: Vec<Job> = Vec::new();
        let mut buffer = vec![0; CHUNK.min(length)];
        let mut at = 0;
        while at < length {
            let count = CHUNK.min(length - at);
            read_full(reader, &mut buffer[..count], name)?;
            let chunk = &buffer[..count];
            while let Some(job) = waiting.pop_if(|job| job.start < at + count) {
                under_way.push(job);
            }
            for job in &mut under_way {
                let from = job.start.max(at);
                let to = job.end.min(at + count);
                if from < to {
                    self.feed(job, from - job.start, &chunk[from - at..to - at])?;
                }
            }
            at += count;
            self.advance(count as u64)?;
            let (ended, going): (Vec<Job>, _) = under_way.into_iter().partition(|job| job.end <= at);
            under_way = going;
            ended.into_iter().try_for_each(|job| self.end(job))?;
        }
        // Tensors without elements end with a storage without bytes.
        under_way.into_iter().chain(waiting).try_for_each(|job| self.end(job))
    }

    fn feed(&mut self, job: &mut Job, at: usize, bytes: &[u8]) -> Result<(), ConvertError> {
        match &mut job.purpose {
            Purpose::Hold { target, piece, bytes: held } => {
                hold(held, &self.plan.targets[*target].from.pieces[*piece].tensor, at, bytes)?;
            }
            Purpose::HashHeld { tensor, bytes: held } => hold(held, &self.jobs.compared[*tensor], at, bytes)?,
            Purpose::Hash { bytes: hasher, .. } => hasher.update(bytes),
            Purpose::Pass { target, at: first } => {
                let size = self.plan.targets[*target].from.dtype.size();
                self.write(*target, *first + at / size, bytes)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, job: Job) -> Result<(), ConvertError> {
        match job.purpose {
            Purpose::Pass { target, .. } => self.finish_piece(target)?,
            Purpose::Hold { target, piece, bytes } => {
                let Target { from, arrange, .. } = &self.plan.targets[target];
                let Piece { tensor, at } = &from.pieces[piece];
                let rectangle = Rectangle { whole: &from.shape, at, shape: &tensor.shape };
                arrange.place(&bytes, tensor.dtype.size(), rectangle, &mut |at, run| self.write(target, at, run))?;
                self.finish_piece(target)?;
            }
            Purpose::Hash { tensor, bytes } => self.digests[tensor] = Some(bytes.finalize().into()),
            Purpose::HashHeld { tensor, bytes } => self.digests[tensor] = Some(Sha256::digest(bytes).into()),
        }
        Ok(())
    }

    /// Writes a part of a target from its element `at`, leaving out what lies beyond its end: the padding.
    fn write(&mut self, target: usize, at: usize, bytes: &[u8]) -> Result<(), ConvertError> {
        let plan = &self.plan.targets[target];
        let from = plan.from.dtype;
        let to = self.dtype.unwrap_or(from);
        let (start, end) = self.places[target];
        let offset = start.saturating_add((at as u64).saturating_mul(to.size() as u64)).min(end);
        let room = usize::try_from((end - offset) / to.size() as u64).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room.saturating_mul(from.size()))];
        let named = || both_names(&plan.from.source, &plan.name);
        if !is_finite(bytes, from) {
            if !self.force {
                return Err(ConvertError::NotFinite { name: named() });
            }
            note(&mut self.notes, format!("{} holds weights that are infinite or not numbers", named()));
        }
        let written = if to == from {
            bytes
        } else {
            self.scratch.clear();
            if cast(bytes, from, to, &mut self.scratch) > 0 {
                let dtype = to.torch_name();
                if !self.force {
                    return Err(ConvertError::OutOfRange { name: named(), dtype });
                }
                note(&mut self.notes, format!("{} holds weights that are too large for {dtype}", named()));
            }
            &self.scratch
        };
        let write = |mut file: &File| {
            file.seek(SeekFrom::Start(self.data_start + offset))?;
            file.write_all(written)
        };
        write(&self.file).map_err(|source| ConvertError::Write { path: self.path.clone(), source })
    }

    fn finish_piece(&mut self, target: usize) -> Result<(), ConvertError> {
        self.left_in_target[target] -= 1;
        if self.left_in_target[target] > 0 {
            return Ok(());
        }
        let Some(layer) = self.plan.targets[target].layer else {
            return Ok(());
        };
        self.left_in_layer[layer] -= 1;
        if self.left_in_layer[layer] > 0 {
            return Ok(());
        }
        self.layers_done += 1;
        hear(self.progress, Step::Layer { index: self.layers_done, count: self.left_in_layer.len() })
    }

    /// Compares what must be the same and makes the file last. Answers remarks for people.
    pub(super) fn finish(self) -> Result<Vec<String>, ConvertError> {
        for (same, &(first, second)) in self.plan.same.iter().zip(&self.jobs.pairs) {
            if self.digests[first] != self.digests[second] {
                return Err(ConvertError::NotTied { name: same.name.clone(), of: same.of.clone() });
            }
        }
        let synced = self.file.sync_all();
        synced.map_err(|source| ConvertError::Write { path: self.path.clone(), source })?;
        Ok(self.notes)
    }
}

/// Keeps those elements of a tensor that are among `bytes`, which begin `at` bytes after its first element.
fn hold(held: &mut Vec<u8>, tensor: &Tensor, at: usize, bytes: &[u8]) -> Result<(), ConvertError> {
    let size = tensor.dtype.size();
    if held.is_empty() {
        // Once as it is, and once as it is to be.
        memory::fits(2 * (tensor.numel() * size) as u64, "one tensor of the checkpoint")?;
        memory::lengthen(held, tensor.numel() * size, "one tensor of the checkpoint")?;
    }
    collect(tensor, at / size, bytes, held);
    Ok(())
}

/// Adds a remark that is not there yet.
fn note(notes: &mut Vec<String>, text: String) {
    if !notes.contains(&text) {
        notes.push(text);
    }
}
