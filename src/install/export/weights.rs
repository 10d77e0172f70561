//! The numbers, from the file of the weights into the GGUF file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};

use crate::checkpoint::Limits;
use crate::checkpoint::gguf::{ALIGNMENT, Unfit, encode};
use crate::checkpoint::safetensors::{Entry, LENGTH_BYTES, SafetensorsError, header_length, parse_header};
use crate::checkpoint::tensors::Dtype;

use super::ExportError;
use super::layout::Piece;

/// Numbers converted at a time, about: small beside a matrix.
const CHUNK: usize = 1 << 18;

/// Rows of a transposed matrix that are made together: as many numbers as lie side by side in one line of the cache.
const ROWS: usize = 64;

/// Takes bytes of the file to be.
type Put<'a> = dyn FnMut(&[u8]) -> Result<(), ExportError> + 'a;

/// A file of weights.
pub(super) struct Weights {
    path: PathBuf,
    file: File,
    /// Where the data begin, in bytes.
    start: u64,
    entries: Vec<Entry>,
}

impl Weights {
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |source: io::Error| ExportError::Read { path: path.to_owned(), source };
        let bad = |source: SafetensorsError| ExportError::Weights { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut length = [0; LENGTH_BYTES];
        file.read_exact(&mut length).map_err(failed)?;
        let length = header_length(length, size, &Limits::default()).map_err(bad)?;
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(failed)?;
        let start = (LENGTH_BYTES + length) as u64;
        let entries = parse_header(&text, size.saturating_sub(start)).map_err(bad)?;
        Ok(Self { path: path.to_owned(), file, start, entries })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Writes one tensor and what fills it up to the next.
    pub(super) fn copy(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<(), ExportError> {
        self.file.seek(SeekFrom::Start(self.start + piece.entry.start)).map_err(|it| self.failed(it))?;
        if piece.transposed {
            self.transpose(piece, put)?;
        } else {
            self.pass(piece, put)?;
        }
        let bytes = piece.info.bytes();
        put(&[0; ALIGNMENT as usize][..(bytes.next_multiple_of(ALIGNMENT) - bytes) as usize])
    }

    /// As they come, some whole rows at a time.
    fn pass(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<(), ExportError> {
        let count: usize = piece.info.shape.iter().product();
        let row = piece.info.shape.last().copied().unwrap_or(1);
        let step = (CHUNK / row).max(1) * row;
        let size = piece.entry.dtype.size();
        let (mut bytes, mut numbers, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for at in (0..count).step_by(step) {
            self.read(step.min(count - at) * size, &mut bytes)?;
            numbers.clear();
            numbers.extend((0..bytes.len() / size).map(|index| number(&bytes, index, piece.entry.dtype)));
            flush(&numbers, piece, &mut out, put)?;
        }
        Ok(())
    }

    /// With rows and columns exchanged: the whole matrix is held as it was stored, some rows are made at a time.
    fn transpose(&mut self, piece: &Piece, put: &mut Put<'_>) -> Result<(), ExportError> {
        let [inputs, outputs] = piece.entry.shape[..] else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        self.read(inputs * outputs * piece.entry.dtype.size(), &mut bytes)?;
        let (mut numbers, mut out) = (Vec::new(), Vec::new());
        for first in (0..outputs).step_by(ROWS) {
            let rows = ROWS.min(outputs - first);
            numbers.resize(rows * inputs, 0.0);
            for input in 0..inputs {
                for row in 0..rows {
                    numbers[row * inputs + input] = number(&bytes, input * outputs + first + row, piece.entry.dtype);
                }
            }
            flush(&numbers, piece, &mut out, put)?;
        }
        Ok(())
    }

    fn read(&mut self, length: usize, bytes: &mut Vec<u8>) -> Result<(), ExportError> {
        bytes.resize(length, 0);
        self.file.read_exact(bytes).map_err(|it| self.failed(it))
    }

    fn failed(&self, source: io::Error) -> ExportError {
        ExportError::Read { path: self.path.clone(), source }
    }
}

fn flush(numbers: &[f32], piece: &Piece, out: &mut Vec<u8>, put: &mut Put<'_>) -> Result<(), ExportError> {
    out.clear();
    let unfit = |Unfit(number)| ExportError::Unfit { name: piece.entry.name.clone(), number };
    encode(numbers, piece.info.kind, out).map_err(unfit)?;
    put(out)
}

/// One number of a weight's type; `layout` lets no other through.
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
