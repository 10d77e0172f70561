//! What is done with the bytes of each storage of each file, and whether that is more than the files can ask for.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::checkpoint::arrange::Rectangle;
use crate::checkpoint::tensors::{Storages, Tensor};
use crate::checkpoint::{Piece, Plan, Target};

use super::ConvertError;

/// What a tensor's bytes are for.
pub(super) enum Purpose {
    /// Written as they come: to which target, from which of its elements.
    Pass { target: usize, at: usize },
    /// Held until they are all there: which piece of which target.
    Hold { target: usize, piece: usize, bytes: Vec<u8> },
    /// Hashed as they come: which of the compared tensors.
    Hash { tensor: usize, bytes: Sha256 },
    /// The same for a tensor whose elements are scattered.
    HashHeld { tensor: usize, bytes: Vec<u8> },
}

/// One use of a range of bytes of a storage.
pub(super) struct Job {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes of the elements themselves: fewer than the range has, if there are gaps.
    pub(super) work: usize,
    pub(super) purpose: Purpose,
}

impl Job {
    fn new(tensor: &Tensor, purpose: Purpose) -> Self {
        let size = tensor.dtype.size();
        let start = tensor.offset * size;
        Self { start, end: start + tensor.span() * size, work: tensor.numel() * size, purpose }
    }
}

/// All that is to be done.
pub(super) struct Jobs {
    /// By file and storage.
    pub(super) by_storage: Vec<Vec<Vec<Job>>>,
    /// The tensors that are compared, each once.
    pub(super) compared: Vec<Tensor>,
    /// For each of [`Plan::same`] its two among them.
    pub(super) pairs: Vec<(usize, usize)>,
}

impl Jobs {
    /// Lists what `plan` asks for. Files are given by their names and storages.
    ///
    /// # Errors
    ///
    /// [`ConvertError::Overlap`] if much more would be written than the files hold.
    pub(super) fn of(plan: &Plan, files: &[(&str, &Storages)]) -> Result<Self, ConvertError> {
        let none = |file: &(&str, &Storages)| file.1.list.iter().map(|_| Vec::new()).collect();
        let mut jobs = Self { by_storage: files.iter().map(none).collect(), compared: Vec::new(), pairs: Vec::new() };
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
                jobs.add(tensor, purpose);
            }
        }
        // What sixteen ranks have alike is one tensor and fifteen copies of it: sixteen to be hashed, not thirty.
        let mut known = HashMap::new();
        for same in &plan.same {
            let [first, second] = [&same.first, &same.second].map(|tensor| {
                *known.entry(tensor).or_insert_with(|| {
                    jobs.compared.push(tensor.clone());
                    jobs.compared.len() - 1
                })
            });
            jobs.pairs.push((first, second));
        }
        for (index, tensor) in jobs.compared.clone().iter().enumerate() {
            let purpose = if tensor.is_contiguous() {
                Purpose::Hash { tensor: index, bytes: Sha256::new() }
            } else {
                Purpose::HashHeld { tensor: index, bytes: Vec::new() }
            };
            jobs.add(tensor, purpose);
        }
        jobs.check(files)?;
        Ok(jobs)
    }

    fn add(&mut self, tensor: &Tensor, purpose: Purpose) {
        self.by_storage[tensor.part][tensor.storage].push(Job::new(tensor, purpose));
    }

    /// Whether the work is in proportion to the bytes that are there.
    fn check(&self, files: &[(&str, &Storages)]) -> Result<(), ConvertError> {
        let mut excess = 0;
        for ((name, storages), by_storage) in files.iter().zip(&self.by_storage) {
            let used = storages.list.iter().zip(by_storage).filter(|(_, jobs)| !jobs.is_empty());
            let bytes = used.map(|(storage, _)| storage.byte_length() as u64).sum();
            let tensors = by_storage.iter().flatten().map(|job| job.work as u64).sum();
            if !is_in_proportion(tensors, bytes, &mut excess) {
                return Err(ConvertError::Overlap { name: (*name).to_owned(), bytes, tensors });
            }
        }
        Ok(())
    }
}

/// Bytes of tensors to one byte of a file's storages. A tied output matrix, views of the same matrix, and what is written
/// and compared besides make two or three.
const OVERLAP: u64 = 3;

/// Bytes beyond that, of all files together. Tensors that were never trained, all ones or all zeros, may share one
/// storage, which is nothing beside the matrices of a large model but all there is in a tiny one. A hostile file could
/// have the same bytes written thousands of times.
const ALLOWANCE: u64 = 16 << 20;

/// Whether so many bytes of tensors may lie in so many bytes of a file; `excess` counts what is beyond proportion.
fn is_in_proportion(tensors: u64, bytes: u64, excess: &mut u64) -> bool {
    *excess = excess.saturating_add(tensors.saturating_sub(OVERLAP.saturating_mul(bytes)));
    *excess <= ALLOWANCE
}

#[cfg(test)]
mod tests;
