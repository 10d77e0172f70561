//! From the tensors of a file to buffers of the device.

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::machine::{Machine, NAME};
use crate::checkpoint::Config;
use crate::model::{ModelError, Precision, RawTensor, RawType, TensorSource, room};

/// Columns that share a scale; every row is filled up to a multiple of as many.
const BLOCK: usize = 32;

/// Bytes of a piece of the word table: as many as any adapter binds. Tests have small ones, so that they have several.
const PIECE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Groups of a dispatch along one direction, on any adapter.
pub(super) const MOST_GROUPS: usize = 65_535;

/// Rows that are packed together.
const SLAB: usize = 16;

/// Some rows of a matrix on the device: (rows, columns), each row filled up to whole blocks.
pub(super) struct Matrix {
    pub(super) buffer: wgpu::Buffer,
    /// The first row's number in the whole matrix.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Where the scales begin, in bytes; the end where there are none.
    pub(super) scales: usize,
}

/// A matrix with its bias, (rows,), and the norm that what it is multiplied with goes through before, if any.
pub(super) struct Linear {
    pub(super) weight: Matrix,
    pub(super) vectors: wgpu::Buffer,
    /// Where the norm's gain begins among the vectors, in floats.
    pub(super) gain: Option<usize>,
}

pub(super) struct Layer {
    pub(super) attention: Linear,
    pub(super) attention_projection: Linear,
    pub(super) inner: Linear,
    pub(super) projection: Linear,
}

/// Everything on the device that does not change.
pub(super) struct Weights {
    /// The word table, in pieces.
    pub(super) words: Vec<Matrix>,
    /// (N, C filled up), 32-bit floats.
    pub(super) positions: wgpu::Buffer,
    pub(super) layers: Vec<Layer>,
    /// The last norm's gain and bias.
    pub(super) last_norm: wgpu::Buffer,
    /// Where it is not the word table.
    pub(super) head: Option<Vec<Matrix>>,
    /// Bytes of all matrices.
    pub(super) bytes: u64,
}

/// The columns of a row with those that fill it up.
pub(super) fn filled_up(columns: usize) -> usize {
    columns.next_multiple_of(BLOCK)
}

/// Bytes of a row's weights, and of its scales.
fn row_bytes(precision: Precision, columns: usize) -> (usize, usize) {
    let columns = filled_up(columns);
    match precision {
        Precision::F32 => (4 * columns, 0),
        Precision::F16 | Precision::Bf16 => (2 * columns, 0),
        Precision::Q8 | Precision::Q4 => (columns, columns / BLOCK * 2),
    }
}

/// Bytes that a model takes, with keys and values of a full context.
pub(super) fn bytes(config: &Config, precision: Precision) -> u64 {
    let &Config { n_embd: c, n_inner, n_layer, n_positions, vocab_size, tie_word_embeddings, .. } = config;
    let row = |columns: usize| {
        let (values, scales) = row_bytes(precision, columns);
        (values + scales) as u64
    };
    let layer = (3 * c + c + n_inner) as u64 * row(c) + c as u64 * row(n_inner);
    let tables = if tie_word_embeddings { 1 } else { 2 };
    let cache = 2 * (n_positions * c * if precision == Precision::F32 { 4 } else { 2 }) as u64;
    let positions = 4 * (n_positions * c) as u64;
    tables * vocab_size as u64 * row(c) + n_layer as u64 * (layer + cache) + positions
}

/// Reads tensors and brings them to the device.
pub(super) struct Loader<'a> {
    pub(super) machine: &'a Machine,
    pub(super) source: &'a mut dyn TensorSource,
    pub(super) precision: Precision,
    pub(super) bytes: u64,
}

/// Which way round a matrix lies in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// (rows, columns).
    Rows,
    /// (columns, rows), as `Conv1D` has it.
    Columns,
}

impl Loader<'_> {
    /// # Errors
    ///
    /// If a tensor is missing, misshapen, unreadable or not finite, or there is no room.
    pub(super) fn load(&mut self, config: &Config, progress: &mut dyn FnMut(usize)) -> Result<Weights, ModelError> {
        let &Config { n_embd: c, n_inner, n_positions, vocab_size, .. } = config;
        let words = self.pieces("wte.weight", vocab_size, c)?;
        let table = self.vector("wpe.weight", &[n_positions, c])?;
        let table: Vec<f32> = table.chunks_exact(c).flat_map(|row| fill(row, filled_up(c))).collect();
        let positions = self.floats(&table)?;
        let mut layers = Vec::with_capacity(config.n_layer);
        for index in 0..config.n_layer {
            let name = |part: &str| format!("h.{index}.{part}");
            let (ln_1, ln_2) = (name("ln_1"), name("ln_2"));
            layers.push(Layer {
                attention: self.linear(&name("attn.c_attn"), 3 * c, c, Some(&ln_1))?,
                attention_projection: self.linear(&name("attn.c_proj"), c, c, None)?,
                inner: self.linear(&name("mlp.c_fc"), n_inner, c, Some(&ln_2))?,
                projection: self.linear(&name("mlp.c_proj"), c, n_inner, None)?,
            });
            progress(index + 1);
        }
        let last_norm = self.norm("ln_f", c)?;
        let last_norm = self.floats(&last_norm)?;
        let tied = config.tie_word_embeddings;
        let head = if tied { None } else { Some(self.pieces("lm_head.weight", vocab_size, c)?) };
        Ok(Weights { words, positions, layers, last_norm, head, bytes: self.bytes })
    }

    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let raw = self.source.shaped(name, shape)?;
        let mut out = room(shape.iter().product(), 0.0, "one tensor")?;
        widen(&raw, 0, &mut out);
        finite(&out, name)?;
        Ok(out)
    }

    /// A norm's gain and bias, each filled up.
    fn norm(&mut self, name: &str, c: usize) -> Result<Vec<f32>, ModelError> {
        let gain = self.vector(&format!("{name}.weight"), &[c])?;
        let bias = self.vector(&format!("{name}.bias"), &[c])?;
        Ok(fill(&gain, filled_up(c)).chain(fill(&bias, filled_up(c))).collect())
    }

    fn floats(&self, numbers: &[f32]) -> Result<wgpu::Buffer, ModelError> {
        let buffer = self.machine.storage(size_of_val(numbers) as u64)?;
        self.machine.upload(&buffer, 0, bytemuck::cast_slice(numbers))?;
        Ok(buffer)
    }

    fn linear(&mut self, name: &str, rows: usize, columns: usize, norm: Option<&str>) -> Result<Linear, ModelError> {
        let weight_name = format!("{name}.weight");
        let raw = self.source.shaped(&weight_name, &[columns, rows])?;
        let weight = self.matrix(&weight_name, &raw, Layout::Columns, 0, (rows, columns))?;
        let bias = self.vector(&format!("{name}.bias"), &[rows])?;
        let mut vectors: Vec<f32> = fill(&bias, rows.next_multiple_of(4)).collect();
        let gain = norm.is_some().then_some(vectors.len());
        if let Some(norm) = norm {
            vectors.extend(self.norm(norm, columns)?);
        }
        Ok(Linear { weight, vectors: self.floats(&vectors)?, gain })
    }

    /// A matrix of the file that has as many rows as there are words, in pieces that any adapter can bind.
    fn pieces(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<Matrix>, ModelError> {
        let raw = self.source.shaped(name, &[rows, columns])?;
        let (values, scales) = row_bytes(self.precision, columns);
        let most = (PIECE / (values + scales)).min(MOST_GROUPS * super::kernels::ROWS_OF_FEW);
        // The next piece's scores begin at a multiple of four.
        let most = (most / 4 * 4).max(4);
        let pieces = (0..rows).step_by(most).map(|first| (first, most.min(rows - first)));
        pieces.map(|(first, count)| self.matrix(name, &raw, Layout::Rows, first, (count, columns))).collect()
    }

    fn matrix(
        &mut self,
        name: &str,
        raw: &RawTensor,
        layout: Layout,
        first: usize,
        (rows, columns): (usize, usize),
    ) -> Result<Matrix, ModelError> {
        let (values, scales) = row_bytes(self.precision, columns);
        let scales_start = (rows * values).next_multiple_of(16);
        let bytes = (scales_start + (rows * scales).next_multiple_of(16)) as u64;
        if bytes > self.machine.device.limits().max_storage_buffer_binding_size {
            let what = "bind a matrix as large as one of this model";
            return Err(ModelError::Unsupported { backend: NAME, what });
        }
        let buffer = self.machine.storage(bytes)?;
        self.bytes += bytes;
        let padded = filled_up(columns);
        let mut all_scales: Vec<u16> = Vec::with_capacity(rows * scales / 2);
        let mut packed: Vec<u8> = Vec::new();
        let mut slab = room(SLAB * padded, 0.0_f32, "one tensor")?;
        let mut line = vec![0.0; SLAB.max(columns)];
        let mut sent = 0;
        for start in (0..rows).step_by(SLAB) {
            let count = SLAB.min(rows - start);
            match layout {
                Layout::Rows => {
                    for (index, row) in slab.chunks_exact_mut(padded).take(count).enumerate() {
                        widen(raw, (first + start + index) * columns, &mut row[..columns]);
                    }
                }
                Layout::Columns => {
                    for column in 0..columns {
                        widen(raw, column * rows + start, &mut line[..count]);
                        for (index, number) in line[..count].iter().enumerate() {
                            slab[index * padded + column] = *number;
                        }
                    }
                }
            }
            finite(&slab[..count * padded], name)?;
            pack(self.precision, &slab[..count * padded], &mut packed, &mut all_scales);
            if packed.len() >= 16 << 20 || start + count == rows {
                packed.resize(packed.len().next_multiple_of(4), 0);
                self.machine.upload(&buffer, sent, &packed)?;
                sent += packed.len() as u64;
                packed.clear();
            }
        }
        all_scales.resize(all_scales.len().next_multiple_of(2), 0);
        self.machine.upload(&buffer, scales_start as u64, bytemuck::cast_slice(&all_scales))?;
        // What was sent is staged in the machine's own memory until it is asked for.
        self.machine.wait(self.machine.queue.submit([]))?;
        Ok(Matrix { buffer, first, rows, columns, scales: scales_start })
    }
}

fn fill(numbers: &[f32], length: usize) -> impl Iterator<Item = f32> {
    numbers.iter().copied().chain(std::iter::repeat_n(0.0, length - numbers.len()))
}

fn finite(numbers: &[f32], name: &str) -> Result<(), ModelError> {
    let is_finite = numbers.iter().all(|it| it.is_finite());
    if is_finite { Ok(()) } else { Err(ModelError::NotFinite { name: name.to_owned() }) }
}

/// Numbers of a tensor from one on, as many as `out` has.
fn widen(raw: &RawTensor, from: usize, out: &mut [f32]) {
    let size = raw.dtype.size();
    let bytes = &raw.bytes[from * size..][..out.len() * size];
    match raw.dtype {
        RawType::F32 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *out = f32::from_le_bytes(*bytes);
            }
        }
        RawType::F16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *out = f16::from_le_bytes(*bytes).to_f32();
            }
        }
        RawType::Bf16 => {
            for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *out = half::bf16::from_le_bytes(*bytes).to_f32();
            }
        }
    }
}

/// Appends whole rows of floats to weights and scales, the latter as the bits of 16-bit floats.
fn pack(precision: Precision, numbers: &[f32], weights: &mut Vec<u8>, scales: &mut Vec<u16>) {
    match precision {
        Precision::F32 => weights.extend(numbers.iter().flat_map(|it| it.to_le_bytes())),
        Precision::F16 | Precision::Bf16 => {
            let start = weights.len();
            weights.resize(start + 2 * numbers.len(), 0);
            let mut halves = vec![f16::ZERO; numbers.len()];
            halves.convert_from_f32_slice(numbers);
            for (out, half) in weights[start..].as_chunks_mut::<2>().0.iter_mut().zip(halves) {
                *out = half.to_le_bytes();
            }
        }
        Precision::Q8 | Precision::Q4 => {
            // As the CPU's kernels pack: the largest magnitude becomes 127, halves go to even.
            for block in numbers.chunks_exact(BLOCK) {
                let largest = block.iter().fold(0.0_f32, |top, it| top.max(it.abs()));
                let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
                weights.extend(block.iter().map(|it| (it * inverse).round_ties_even() as i8 as u8));
                scales.push(f16::from_f32(largest / 127.0).to_bits());
            }
        }
    }
}
