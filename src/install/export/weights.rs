//! The numbers, from the files of the weights into the GGUF file.

use std::path::PathBuf;

use half::{bf16, f16};

use crate::checkpoint::Plan;
use crate::checkpoint::gguf::{ALIGNMENT, Unfit, encode};
use crate::checkpoint::tensors::{Dtype, is_finite};
use crate::directory::{DirectoryError, Opened};
use crate::memory;

use super::ExportError;
use super::layout::Piece;

/// Numbers converted at a time, about: small beside a matrix.
const CHUNK: usize = 1 << 18;

/// Rows of a transposed matrix that are made together: as many numbers as lie side by side in one line of the cache.
const ROWS: usize = 64;

/// Takes bytes of the file to be.
type Put<'a> = dyn FnMut(&[u8]) -> Result<(), ExportError> + 'a;

/// The weights of a model.
pub(super) struct Weights {
    opened: Opened,
    /// Whether numbers are looked at; those of an installed model were, when it was installed.
    checked: bool,
    /// Bytes of the tensor at hand that have been read.
    at: u64,
    /// Of those bytes.
    checksum: crc32fast::Hasher,
}

impl Weights {
    pub(super) fn new(mut opened: Opened, installed: bool) -> Result<Self, ExportError> {
        if !installed {
            opened.check_ties()?;
        }
        Ok(Self { opened, checked: !installed, at: 0, checksum: crc32fast::Hasher::new() })
    }

    /// The file that a tensor is in.
    pub(super) fn path_of(&self, piece: &Piece) -> PathBuf {
        self.opened.path_of(&piece.tensor).to_owned()
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.opened.plan
    }

    /// Writes one tensor and what fills it up to the next. Answers the CRC-32 of its bytes as they were read.
    pub(super) fn copy(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<u32, ExportError> {
        (self.at, self.checksum) = (0, crc32fast::Hasher::new());
        if piece.transposed {
            self.transpose(piece, put)?;
        } else {
            self.pass(piece, put)?;
        }
        let bytes = piece.info.bytes();
        put(&[0; ALIGNMENT as usize][..(bytes.next_multiple_of(ALIGNMENT) - bytes) as usize])?;
        Ok(self.checksum.clone().finalize())
    }

    /// As they come, some whole rows at a time.
    fn pass(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<(), ExportError> {
        let count: usize = piece.info.shape.iter().product();
        let row = piece.info.shape.last().copied().unwrap_or(1);
        let step = (CHUNK / row).max(1) * row;
        let size = piece.tensor.dtype.size();
        let (mut bytes, mut numbers, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for at in (0..count).step_by(step) {
            self.read(piece, step.min(count - at) * size, &mut bytes)?;
            numbers.clear();
            numbers.extend((0..bytes.len() / size).map(|index| number(&bytes, index, piece.tensor.dtype)));
            flush(&numbers, piece, &mut out, put)?;
        }
        Ok(())
    }

    /// With rows and columns exchanged: the whole matrix is held as it was stored, some rows are made at a time.
    fn transpose(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<(), ExportError> {
        let [inputs, outputs] = piece.tensor.shape[..] else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        self.read(piece, inputs * outputs * piece.tensor.dtype.size(), &mut bytes)?;
        let (mut numbers, mut out) = (Vec::new(), Vec::new());
        for first in (0..outputs).step_by(ROWS) {
            let rows = ROWS.min(outputs - first);
            numbers.resize(rows * inputs, 0.0);
            for input in 0..inputs {
                for row in 0..rows {
                    numbers[row * inputs + input] = number(&bytes, input * outputs + first + row, piece.tensor.dtype);
                }
            }
            flush(&numbers, piece, &mut out, put)?;
        }
        Ok(())
    }

    /// The next bytes of a tensor.
    fn read(&mut self, piece: &Piece, length: usize, bytes: &mut Vec<u8>) -> Result<(), ExportError> {
        memory::fits(length as u64, "one tensor of the model")?;
        memory::lengthen(bytes, length, "one tensor of the model")?;
        self.opened.read(&piece.tensor, self.at, bytes).map_err(|source| {
            let path = self.opened.path_of(&piece.tensor).to_owned();
            ExportError::Read { path, source }
        })?;
        self.at += length as u64;
        self.checksum.update(bytes);
        if self.checked && !is_finite(bytes, piece.tensor.dtype) {
            return Err(DirectoryError::NotFinite { name: piece.source.clone() }.into());
        }
        Ok(())
    }
}

fn flush(numbers: &[f32], piece: &Piece, out: &mut Vec<u8>, put: &mut Put<'_>) -> Result<(), ExportError> {
    out.clear();
    let unfit = |Unfit(number)| ExportError::Unfit { name: piece.source.clone(), number };
    encode(numbers, piece.info.kind, out).map_err(unfit)?;
    put(out)
}

/// One number of a weight's type; the plan lets no other through.
fn number(bytes: &[u8], index: usize, dtype: Dtype) -> f32 {
    let pair = |at: usize| [bytes[at], bytes[at + 1]];
    match dtype {
        Dtype::F16 => f16::from_le_bytes(pair(2 * index)).to_f32(),
        Dtype::Bf16 => bf16::from_le_bytes(pair(2 * index)).to_f32(),
        _ => {
            let [[a, b], [c, d]] = [pair(4 * index), pair(4 * index + 2)];
            f32::from_le_bytes([a, b, c, d])
        }
    }
}
