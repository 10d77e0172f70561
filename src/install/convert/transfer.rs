//! Carries the numbers from the storages into the file of the weights, in one pass.
//!
//! Each storage is read once from its beginning. A piece of a tensor that keeps its order is written
//! as it comes; one that has to be rearranged is held until it is whole, and then put to its places.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::checkpoint::arrange::{Rectangle, gather};
use crate::checkpoint::pickle::printable;
use crate::checkpoint::safetensors::write_header;
use crate::checkpoint::tensors::{Dtype, Tensor, cast};
use crate::checkpoint::{Piece, Plan, Target};

use super::model::hear;
use super::part::Part;
use super::{ConvertError, Options, Progress, Step};

/// Bytes read at a time: a multiple of every element's size, small beside a tensor.
const CHUNK: usize = 1 << 20;

/// What a tensor's bytes are for.
enum Purpose {
    /// Written as they come: to which target, from which of its elements.
    Pass { target: usize, at: usize },
    /// Held until they are all there: which piece of which target.
    Hold { target: usize, piece: usize, bytes: Vec<u8> },
    /// Compared with another tensor's: which pair, and which of the two.
    Compare { pair: usize, side: usize, bytes: Sha256 },
    /// The same for a tensor whose elements are scattered.
    CompareHeld { pair: usize, side: usize, bytes: Vec<u8> },
}

/// One use of a range of bytes of a storage.
struct Job {
    start: usize,
    end: usize,
    purpose: Purpose,
}

/// The conversion under way.
pub(super) struct Transfer<'a, 'p> {
    plan: &'a Plan,
    path: PathBuf,
    file: File,
    /// The type to write, where it is not the checkpoint's.
    dtype: Option<Dtype>,
    data_start: u64,
    places: Vec<(u64, u64)>,
    /// By file and storage.
    jobs: Vec<Vec<Vec<Job>>>,
    digests: Vec<[Option<Vec<u8>>; 2]>,
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
        let jobs = jobs(plan, parts);
        check_overlaps(&jobs, parts)?;
        let bytes =
            |(part, jobs): (&Part<'_>, &Vec<Vec<Job>>)| part.bytes_to_read(&|storage| !jobs[storage].is_empty());
        let total = parts.iter().zip(&jobs).map(bytes).sum();
        let mut left_in_layer = vec![0; plan.config.n_layer];
        for layer in plan.targets.iter().filter_map(|target| target.layer) {
            left_in_layer[layer] += 1;
        }
        let tensors: Vec<(&str, Dtype, &[usize])> = plan
            .targets
            .iter()
            .map(|target| (target.name.as_str(), options.dtype.unwrap_or(target.from.dtype), target.shape.as_slice()))
            .collect();
        let (header, places) = write_header(&tensors);
        let create = || {
            let mut file = File::create_new(&path)?;
            file.write_all(&header)?;
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
            jobs,
            digests: vec![[None, None]; plan.same.len()],
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
        !self.jobs[part][storage].is_empty()
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
        let mut jobs = std::mem::take(&mut self.jobs[part][index]);
        let mut buffer = vec![0; CHUNK.min(length)];
        let mut at = 0;
        while at < length {
            let count = CHUNK.min(length - at);
            read_full(reader, &mut buffer[..count], name)?;
            let chunk = &buffer[..count];
            for job in &mut jobs {
                let from = job.start.max(at);
                let to = job.end.min(at + count);
                if from < to {
                    self.feed(job, from - job.start, &chunk[from - at..to - at])?;
                }
            }
            at += count;
            self.advance(count as u64)?;
            let (ended, going): (Vec<Job>, _) = jobs.into_iter().partition(|job| job.end <= at);
            for job in ended {
                self.end(job)?;
            }
            jobs = going;
        }
        // Tensors without elements end with a storage without bytes.
        jobs.into_iter().try_for_each(|job| self.end(job))
    }

    fn feed(&mut self, job: &mut Job, at: usize, bytes: &[u8]) -> Result<(), ConvertError> {
        match &mut job.purpose {
            Purpose::Hold { bytes: held, .. } | Purpose::CompareHeld { bytes: held, .. } => {
                held.extend_from_slice(bytes);
            }
            Purpose::Compare { bytes: hasher, .. } => hasher.update(bytes),
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
                let whole = gather(bytes, tensor);
                let rectangle = Rectangle { whole: &from.shape, at, shape: &tensor.shape };
                arrange.place(&whole, tensor.dtype.size(), rectangle, &mut |at, run| self.write(target, at, run))?;
                self.finish_piece(target)?;
            }
            Purpose::Compare { pair, side, bytes } => {
                self.digests[pair][side] = Some(bytes.finalize().to_vec());
            }
            Purpose::CompareHeld { pair, side, bytes } => {
                let same = &self.plan.same[pair];
                let tensor = if side == 0 { &same.first } else { &same.second };
                self.digests[pair][side] = Some(Sha256::digest(gather(bytes, tensor)).to_vec());
            }
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
        let source = &plan.from.source;
        if !is_finite(bytes, from) {
            if !self.force {
                return Err(ConvertError::NotFinite { name: source.clone() });
            }
            note(&mut self.notes, format!("{source} holds weights that are infinite or not numbers"));
        }
        let written = if to == from {
            bytes
        } else {
            self.scratch.clear();
            if cast(bytes, from, to, &mut self.scratch) > 0 {
                let dtype = to.torch_name();
                if !self.force {
                    return Err(ConvertError::OutOfRange { name: source.clone(), dtype });
                }
                note(&mut self.notes, format!("{source} holds weights that are too large for {dtype}"));
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
        for (same, [first, second]) in self.plan.same.iter().zip(&self.digests) {
            if first != second {
                return Err(ConvertError::NotTied { name: same.name.clone(), of: same.of.clone() });
            }
        }
        let synced = self.file.sync_all();
        synced.map_err(|source| ConvertError::Write { path: self.path.clone(), source })?;
        Ok(self.notes)
    }
}

/// Adds a remark that is not there yet.
fn note(notes: &mut Vec<String>, text: String) {
    if !notes.contains(&text) {
        notes.push(text);
    }
}

/// What is to be done with each storage of each file.
fn jobs(plan: &Plan, parts: &[Part<'_>]) -> Vec<Vec<Vec<Job>>> {
    let none = |part: &Part<'_>| part.storages.list.iter().map(|_| Vec::new()).collect();
    let mut jobs: Vec<Vec<Vec<Job>>> = parts.iter().map(none).collect();
    for (target, Target { from, arrange, .. }) in plan.targets.iter().enumerate() {
        for (piece, Piece { tensor, at }) in from.pieces.iter().enumerate() {
            let rectangle = Rectangle { whole: &from.shape, at, shape: &tensor.shape };
            let direct = arrange.keeps_order() && tensor.is_contiguous() && rectangle.has_whole_rows();
            let columns = from.shape.get(1).copied().unwrap_or(1);
            let first = at.first().copied().unwrap_or(0).saturating_mul(columns);
            let purpose = if direct {
                Purpose::Pass { target, at: first }
            } else {
                Purpose::Hold { target, piece, bytes: Vec::new() }
            };
            jobs[tensor.part][tensor.storage].push(job(tensor, purpose));
        }
    }
    for (pair, same) in plan.same.iter().enumerate() {
        for (side, tensor) in [&same.first, &same.second].into_iter().enumerate() {
            let purpose = if tensor.is_contiguous() {
                Purpose::Compare { pair, side, bytes: Sha256::new() }
            } else {
                Purpose::CompareHeld { pair, side, bytes: Vec::new() }
            };
            jobs[tensor.part][tensor.storage].push(job(tensor, purpose));
        }
    }
    jobs
}

/// Bytes of tensors to one byte of a storage. Ties and views of the columns of a matrix make two or three; a hostile
/// file could have the same bytes held thousands of times.
const OVERLAP: u64 = 3;

fn check_overlaps(jobs: &[Vec<Vec<Job>>], parts: &[Part<'_>]) -> Result<(), ConvertError> {
    for (part, jobs) in parts.iter().zip(jobs) {
        for (storage, jobs) in part.storages.list.iter().zip(jobs) {
            let bytes = storage.byte_length() as u64;
            let tensors = jobs.iter().map(|job| (job.end - job.start) as u64).sum::<u64>();
            if tensors > OVERLAP.saturating_mul(bytes) {
                let (name, storage) = (part.name.clone(), printable(&storage.key));
                return Err(ConvertError::Overlap { name, storage, bytes, tensors });
            }
        }
    }
    Ok(())
}

fn job(tensor: &Tensor, purpose: Purpose) -> Job {
    let size = tensor.dtype.size();
    let start = tensor.offset * size;
    Job { start, end: start + tensor.span() * size, purpose }
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

/// Whether no element has all bits of its exponent set, the mark of infinities and non-numbers.
fn is_finite(bytes: &[u8], dtype: Dtype) -> bool {
    if dtype == Dtype::F32 {
        let (elements, _) = bytes.as_chunks::<4>();
        return elements.iter().all(|it| u32::from_le_bytes(*it) & 0x7f80_0000 != 0x7f80_0000);
    }
    let exponent: u32 = if dtype == Dtype::F16 { 0x7c00 } else { 0x7f80 };
    let (elements, _) = bytes.as_chunks::<2>();
    // Without an early way out, so that it runs at the speed of memory.
    let bad = elements.iter().filter(|it| u32::from(u16::from_le_bytes(**it)) & exponent == exponent);
    bad.count() == 0
}
