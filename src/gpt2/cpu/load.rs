//! From the tensors of a file to packed weights.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cache::Shape;
use super::lanes::{Isa, LANES};
use super::matrix::{Arena, Kind, Matrix};
use super::pool::Pool;
use super::{CpuModel, Layer, Linear, Norm, Weights};
use crate::checkpoint::Config;
use crate::gpt2::{Model, ModelError, Precision, RawTensor, TensorSource};
use crate::model::room;

/// How to run on the processor.
#[derive(Clone, Copy, Debug)]
pub struct CpuOptions {
    /// How weights are held.
    pub precision: Precision,
    /// Threads that compute, at least one.
    pub threads: usize,
    /// Which kernels to use.
    pub isa: Isa,
}

/// Loads all weights, checking each shape against `config`.
///
/// `progress` hears the number of layers loaded so far. `packed` hears the bytes of all matrices if they had to be
/// packed; [`TensorSource::packed`] may bring the same bytes the next time.
///
/// # Errors
///
/// If a tensor is missing, misshapen, unreadable or holds what is not finite, or there is not enough memory.
pub fn load(
    config: &Config,
    source: &mut dyn TensorSource,
    options: CpuOptions,
    progress: &mut dyn FnMut(usize),
    packed: &mut dyn FnMut(&[u8]),
) -> Result<Box<dyn Model>, ModelError> {
    let kind = Kind::of(options.precision);
    let isa = options.isa;
    let (places, size) = places(config, kind);
    let mut arena = Arena::new(size).ok_or(ModelError::Memory { what: "the weights", bytes: size as u64 })?;
    let mut loader = Loader { source, kind, isa, pool: Pool::new(options.threads) };
    if !loader.source.packed(options.precision, arena.bytes_mut()) {
        let mut rest = arena.bytes_mut();
        for (done, place) in places.iter().enumerate() {
            let (panels, others) = rest.split_at_mut(Matrix::size(kind, place.rows, place.columns));
            loader.pack(place, panels)?;
            rest = others;
            progress(done / MATRICES);
        }
        packed(arena.bytes());
    }
    let arena = Arc::new(arena);
    let matrix = |place: &Place| {
        let &Place { rows, columns, start, .. } = place;
        (place.name.clone(), Matrix { kind, rows, columns, start, arena: arena.clone() })
    };
    let mut matrices: HashMap<String, Matrix> = places.iter().map(matrix).collect();
    let mut take = |name: &str| matrices.remove(name).ok_or_else(|| ModelError::Missing { name: name.to_owned() });
    let (c, n) = (config.n_embd, config.n_positions);
    let wte = take(WTE)?;
    let wpe = loader.vector("wpe.weight", &[n, c])?;
    let mut layers = Vec::with_capacity(config.n_layer);
    for index in 0..config.n_layer {
        layers.push(loader.layer(index, config, &mut take)?);
        progress(index + 1);
    }
    let ln_f = loader.norm("ln_f", c)?;
    let head = if config.tie_word_embeddings { None } else { Some(take(HEAD)?) };
    let pool = loader.pool;
    let weights = Weights { config: config.clone(), wte, wpe, layers, ln_f, head };
    // What is exact in its weights should be so in its keys and values.
    Ok(if kind == Kind::F32 {
        Box::new(CpuModel::<f32>::new(weights, isa, pool))
    } else {
        Box::new(CpuModel::<half::f16>::new(weights, isa, pool))
    })
}

/// Bytes that a model takes at the least: its tensors, and keys and values of a full context.
pub(super) fn memory(config: &Config, precision: Precision) -> u64 {
    let kind = Kind::of(precision);
    let &Config { n_layer: layers, n_head: heads, n_embd: c, n_positions, .. } = config;
    let element = if kind == Kind::F32 { size_of::<f32>() } else { size_of::<half::f16>() };
    let context = Shape { layers, heads, width: c / heads }.bytes(n_positions, element);
    let positions = (n_positions as u64).saturating_mul(c as u64).saturating_mul(size_of::<f32>() as u64);
    (places(config, kind).1 as u64).saturating_add(positions).saturating_add(context)
}

const WTE: &str = "wte.weight";
const HEAD: &str = "lm_head.weight";

/// Matrices of a layer.
const MATRICES: usize = 4;

/// A matrix of the file and where its panels go.
struct Place {
    name: String,
    rows: usize,
    columns: usize,
    layout: Layout,
    start: usize,
    /// The layer norm before it, if there is one.
    norm: Option<String>,
}

/// Which way round a matrix lies in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// (rows, columns).
    Rows,
    /// (columns, rows), as `Conv1D` has it.
    Columns,
}

/// All matrices in the order in which they are packed, and the bytes of all.
fn places(config: &Config, kind: Kind) -> (Vec<Place>, usize) {
    let (c, v, inner) = (config.n_embd, config.vocab_size, config.n_inner);
    let (mut places, mut start) = (Vec::new(), 0);
    let mut add = |name: String, rows, columns, layout, norm| {
        places.push(Place { name, rows, columns, layout, start, norm });
        start += Matrix::size(kind, rows, columns);
    };
    let last = || Some("ln_f".to_owned());
    add(WTE.to_owned(), v, c, Layout::Rows, last().filter(|_| config.tie_word_embeddings));
    for index in 0..config.n_layer {
        let norm = |of: &str| Some(format!("h.{index}.{of}"));
        let shapes = [
            ("attn.c_attn", 3 * c, c, norm("ln_1")),
            ("attn.c_proj", c, c, None),
            ("mlp.c_fc", inner, c, norm("ln_2")),
            ("mlp.c_proj", c, inner, None),
        ];
        for (name, rows, columns, norm) in shapes {
            add(format!("h.{index}.{name}.weight"), rows, columns, Layout::Columns, norm);
        }
    }
    if !config.tie_word_embeddings {
        add(HEAD.to_owned(), v, c, Layout::Rows, last());
    }
    (places, start)
}

struct Loader<'a> {
    source: &'a mut dyn TensorSource,
    kind: Kind,
    isa: Isa,
    pool: Pool,
}

impl Loader<'_> {
    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let raw = self.source.shaped(name, shape)?;
        let mut out = room(shape.iter().product(), 0.0, "one tensor")?;
        self.isa.widen(&raw.bytes, raw.dtype, &mut out);
        finite(&out).then_some(out).ok_or_else(|| ModelError::NotFinite { name: name.to_owned() })
    }

    /// Reads a matrix and packs it.
    fn pack(&mut self, place: &Place, out: &mut [u8]) -> Result<(), ModelError> {
        let (kind, isa) = (self.kind, self.isa);
        let &Place { ref name, rows, columns, layout, .. } = place;
        let shape = if layout == Layout::Rows { [rows, columns] } else { [columns, rows] };
        let importance = self.importance(place)?;
        let raw = self.source.shaped(name, &shape)?;
        let broken = AtomicBool::new(false);
        self.pool.chunks(out, kind.panel_bytes(columns), &|index, panel| {
            let tile = tile(&raw, isa, index * LANES, rows, columns, layout);
            if !finite(&tile) {
                broken.store(true, Ordering::Relaxed);
            }
            isa.pack(kind, columns, &tile, &importance, panel);
        });
        if broken.into_inner() { Err(ModelError::NotFinite { name: name.clone() }) } else { Ok(()) }
    }

    /// What an error in each column of a matrix counts, (columns,), where that matters and is known: behind a layer norm
    /// activations are as large as its gain, around its bias.
    fn importance(&mut self, place: &Place) -> Result<Vec<f32>, ModelError> {
        /// What counts at the least, of what counts on average: no column is given up.
        const LEAST: f32 = 0.01;
        let before = place.norm.as_ref().filter(|_| self.kind == Kind::Q4);
        let Some(name) = before else { return Ok(Vec::new()) };
        let Norm { gain, bias } = self.norm(name, place.columns)?;
        let mut all: Vec<f32> = gain.iter().zip(&bias).map(|(gain, bias)| gain * gain + bias * bias).collect();
        let least = LEAST * all.iter().sum::<f32>() / all.len() as f32;
        // A norm of nothing but zeros says nothing.
        if least <= 0.0 || !least.is_finite() {
            return Ok(Vec::new());
        }
        for it in &mut all {
            *it = it.max(least);
        }
        Ok(all)
    }

    fn norm(&mut self, name: &str, c: usize) -> Result<Norm, ModelError> {
        let gain = self.vector(&format!("{name}.weight"), &[c])?;
        let bias = self.vector(&format!("{name}.bias"), &[c])?;
        Ok(Norm { gain, bias })
    }

    fn layer(
        &mut self,
        index: usize,
        config: &Config,
        take: &mut dyn FnMut(&str) -> Result<Matrix, ModelError>,
    ) -> Result<Layer, ModelError> {
        let c = config.n_embd;
        let name = |part: &str| format!("h.{index}.{part}");
        let mut linear = |of: &mut Self, part: &str| -> Result<Linear, ModelError> {
            let weight = take(&name(&format!("{part}.weight")))?;
            let bias = of.vector(&name(&format!("{part}.bias")), &[weight.rows])?;
            Ok(Linear { weight, bias })
        };
        Ok(Layer {
            ln_1: self.norm(&name("ln_1"), c)?,
            c_attn: linear(self, "attn.c_attn")?,
            attn_proj: linear(self, "attn.c_proj")?,
            ln_2: self.norm(&name("ln_2"), c)?,
            c_fc: linear(self, "mlp.c_fc")?,
            mlp_proj: linear(self, "mlp.c_proj")?,
        })
    }
}

fn finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|it| it.is_finite())
}

/// Sixteen rows side by side, (columns, [`LANES`]), zeros where there are no more.
fn tile(raw: &RawTensor, isa: Isa, row: usize, rows: usize, columns: usize, layout: Layout) -> Vec<f32> {
    let size = raw.dtype.size();
    let count = LANES.min(rows - row);
    let mut tile = vec![0.0; columns * LANES];
    match layout {
        Layout::Columns => {
            for (column, lanes) in tile.chunks_exact_mut(LANES).enumerate() {
                isa.widen(&raw.bytes[(column * rows + row) * size..], raw.dtype, &mut lanes[..count]);
            }
        }
        Layout::Rows => {
            let mut line = vec![0.0; columns];
            for lane in 0..count {
                isa.widen(&raw.bytes[(row + lane) * columns * size..], raw.dtype, &mut line);
                for (column, weight) in line.iter().enumerate() {
                    tile[column * LANES + lane] = *weight;
                }
            }
        }
    }
    tile
}
