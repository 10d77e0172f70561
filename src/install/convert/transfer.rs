//! Carries the numbers from the storages into the file of the weights, in one pass.
//!
//! Each storage is read once from its beginning. A tensor that only loses its tail is written
//! as it comes; one that has to be rearranged is held until it is whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::checkpoint::Plan;
use crate::checkpoint::arrange::gather;
use crate::checkpoint::safetensors::write_header;
use crate::checkpoint::tensors::{Dtype, Storage, Tensor};

use super::{ConvertError, Options, Progress, Step};

/// Bytes read at a time: a multiple of every element's size, small beside a tensor.
const CHUNK: usize = 1 << 20;

/// What a tensor's bytes are for.
enum Purpose {
    /// Written as they come, the first of them; ends at the given number of bytes.
    Pass { target: usize },
    /// Held until they are all there.
    Hold { target: usize, bytes: Vec<u8> },
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
    name: &'a str,
    path: PathBuf,
    file: File,
    data_start: u64,
    places: Vec<(u64, u64)>,
    jobs: Vec<Vec<Job>>,
    digests: Vec<[Option<Vec<u8>>; 2]>,
    left_in_layer: Vec<usize>,
    layers_done: usize,
    done: u64,
    total: u64,
    force: bool,
    not_finite: Vec<String>,
    progress: &'a mut Progress<'p>,
}

impl<'a, 'p> Transfer<'a, 'p> {
    /// Opens the file of the weights and writes its header. `total` is what will be read.
    pub(super) fn new(
        plan: &'a Plan,
        storages: &[Storage],
        name: &'a str,
        path: PathBuf,
        total: u64,
        options: &Options,
        progress: &'a mut Progress<'p>,
    ) -> Result<Self, ConvertError> {
        let jobs = jobs(plan, storages);
        let mut left_in_layer = vec![0; plan.config.n_layer];
        for layer in plan.targets.iter().filter_map(|target| target.layer) {
            left_in_layer[layer] += 1;
        }
        let tensors: Vec<(&str, Dtype, &[usize])> = plan
            .targets
            .iter()
            .map(|target| (target.name.as_str(), target.tensor.dtype, target.shape.as_slice()))
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
            name,
            path,
            file,
            data_start: header.len() as u64,
            places,
            jobs,
            digests: vec![[None, None]; plan.same.len()],
            left_in_layer,
            layers_done: 0,
            done: 0,
            total,
            force: options.force,
            not_finite: Vec::new(),
            progress,
        })
    }

    /// Counts bytes that were read.
    pub(super) fn advance(&mut self, bytes: u64) -> Result<(), ConvertError> {
        self.done += bytes;
        let (done, total) = (self.done.min(self.total), self.total);
        self.report(Step::Reading { done, total })
    }

    fn report(&mut self, step: Step) -> Result<(), ConvertError> {
        if (self.progress)(step).is_break() { Err(ConvertError::Cancelled) } else { Ok(()) }
    }

    /// Reads a whole storage.
    pub(super) fn storage(&mut self, index: usize, length: usize, reader: &mut dyn Read) -> Result<(), ConvertError> {
        let mut jobs = std::mem::take(&mut self.jobs[index]);
        let mut buffer = vec![0; CHUNK.min(length)];
        let mut at = 0;
        while at < length {
            let count = CHUNK.min(length - at);
            read_full(reader, &mut buffer[..count], self.name)?;
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
            Purpose::Pass { target } => self.write(*target, at as u64, bytes)?,
        }
        Ok(())
    }

    fn end(&mut self, job: Job) -> Result<(), ConvertError> {
        match job.purpose {
            Purpose::Pass { target } => self.finish_target(target)?,
            Purpose::Hold { target, bytes } => {
                let plan = &self.plan.targets[target];
                let whole = gather(bytes, &plan.tensor);
                let arranged = plan.arrange.apply(whole, &plan.tensor.shape, plan.tensor.dtype.size());
                self.write(target, 0, &arranged)?;
                self.finish_target(target)?;
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

    /// Writes a part of a target, leaving out what lies beyond its end: the padding.
    fn write(&mut self, target: usize, at: u64, bytes: &[u8]) -> Result<(), ConvertError> {
        let (start, end) = self.places[target];
        let room = (end - start).saturating_sub(at);
        let bytes = &bytes[..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        let plan = &self.plan.targets[target];
        if !is_finite(bytes, plan.tensor.dtype) {
            if !self.force {
                return Err(ConvertError::NotFinite { name: plan.source.clone() });
            }
            if self.not_finite.last() != Some(&plan.source) {
                self.not_finite.push(plan.source.clone());
            }
        }
        let mut write = || {
            self.file.seek(SeekFrom::Start(self.data_start + start + at))?;
            self.file.write_all(bytes)
        };
        write().map_err(|source| ConvertError::Write { path: self.path.clone(), source })
    }

    fn finish_target(&mut self, target: usize) -> Result<(), ConvertError> {
        let Some(layer) = self.plan.targets[target].layer else {
            return Ok(());
        };
        self.left_in_layer[layer] -= 1;
        if self.left_in_layer[layer] > 0 {
            return Ok(());
        }
        self.layers_done += 1;
        self.report(Step::Layer { index: self.layers_done, count: self.left_in_layer.len() })
    }

    /// Compares what must be the same and makes the file last. Answers remarks for people.
    pub(super) fn finish(self) -> Result<Vec<String>, ConvertError> {
        for (same, [first, second]) in self.plan.same.iter().zip(&self.digests) {
            if first != second {
                return Err(ConvertError::NotTied { name: same.name.clone() });
            }
        }
        let synced = self.file.sync_all();
        synced.map_err(|source| ConvertError::Write { path: self.path.clone(), source })?;
        let note = |name| format!("{name} holds weights that are infinite or not numbers");
        Ok(self.not_finite.into_iter().map(note).collect())
    }
}

/// What is to be done with each storage.
fn jobs(plan: &Plan, storages: &[Storage]) -> Vec<Vec<Job>> {
    let mut jobs: Vec<Vec<Job>> = storages.iter().map(|_| Vec::new()).collect();
    for (index, target) in plan.targets.iter().enumerate() {
        let direct = target.arrange.is_prefix() && target.tensor.is_contiguous();
        let purpose =
            if direct { Purpose::Pass { target: index } } else { Purpose::Hold { target: index, bytes: Vec::new() } };
        jobs[target.tensor.storage].push(job(&target.tensor, purpose));
    }
    for (pair, same) in plan.same.iter().enumerate() {
        for (side, tensor) in [&same.first, &same.second].into_iter().enumerate() {
            let purpose = if tensor.is_contiguous() {
                Purpose::Compare { pair, side, bytes: Sha256::new() }
            } else {
                Purpose::CompareHeld { pair, side, bytes: Vec::new() }
            };
            jobs[tensor.storage].push(job(tensor, purpose));
        }
    }
    jobs
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
