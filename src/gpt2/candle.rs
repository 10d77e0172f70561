//! GPT-2 on candle: the CPU, CUDA and Metal by one code path.
//!
//! Pre-layer-norm blocks, learned positions, one matrix for q, k and v, a head tied to the word table or not, a cache of
//! keys and values that can be cut back.
//!
//! Source: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3; the names of the
//! tensors are Hugging Face's.

mod backend;
mod load;

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Device, IndexOp as _, Module as _, Tensor};
use candle_transformers::utils::build_additive_causal_mask;

use crate::TokenId;
use crate::checkpoint::{Activation, Config};
use crate::model::{Capabilities, Model, ModelError, Precision, Rows, Scores, TensorSource};
use load::Loader;

pub use backend::CandleBackend;

/// The backend's name in errors.
const NAME: &str = "candle";

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::of_backend(NAME, error)
    }
}

/// A matrix and its bias: `x · weightᵀ + bias`.
struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let y = self.weight.forward(x)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

struct LayerNorm {
    gain: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        candle_nn::ops::layer_norm(x, &self.gain, &self.bias, self.epsilon)
    }
}

/// One block, with its keys and values, each (1, H, N, D), of which the first `position` rows are valid.
struct Block {
    ln_1: LayerNorm,
    c_attn: Linear,
    attn_proj: Linear,
    ln_2: LayerNorm,
    c_fc: Linear,
    mlp_proj: Linear,
    keys: Tensor,
    values: Tensor,
}

/// The word table: looked up on the way in, multiplied with on the way out.
enum Table {
    Dense(Tensor),
    Quantized(Arc<QTensor>),
}

impl Table {
    /// What it is held in.
    fn precision(&self) -> Precision {
        match self {
            Self::Dense(table) => match table.dtype() {
                DType::F16 => Precision::F16,
                DType::BF16 => Precision::Bf16,
                _ => Precision::F32,
            },
            Self::Quantized(table) => match table.dtype() {
                GgmlDType::F16 => Precision::F16,
                GgmlDType::BF16 => Precision::Bf16,
                GgmlDType::Q8_0 => Precision::Q8,
                GgmlDType::Q4_0 => Precision::Q4,
                _ => Precision::F32,
            },
        }
    }

    /// The rows of `ids`, (T,), as (T, C).
    fn rows(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Dense(table) => table.index_select(ids, 0),
            Self::Quantized(table) => table.embedding(ids),
        }
    }
}

/// Hears a hidden state: its name, and (T, C).
type Hear<'a> = &'a mut dyn FnMut(&str, &[f32]);

/// Tokens read together, between two looks at whether they are still wanted.
const CHUNK: usize = 256;

/// GPT-2 on candle.
pub struct CandleModel {
    config: Config,
    device: Device,
    /// The type of the activations.
    dtype: DType,
    wte: Table,
    wpe: Tensor,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    head: Linear,
    position: usize,
    branches: Vec<Branch>,
}

/// A continuation of its own: keys and values of every block, and how many of them are valid.
struct Branch {
    caches: Vec<(Tensor, Tensor)>,
    position: usize,
}

impl CandleModel {
    /// Loads all weights, checking each shape against `config`.
    ///
    /// `progress` hears the number of blocks loaded so far.
    ///
    /// # Errors
    ///
    /// If a tensor is missing, misshapen or unreadable, or the device has no room.
    pub fn load(
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        precision: Precision,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, ModelError> {
        let dtype = match (precision, device) {
            (Precision::F16, Device::Cuda(_) | Device::Metal(_)) => DType::F16,
            (Precision::Bf16, Device::Cuda(_) | Device::Metal(_)) => DType::BF16,
            // The CPU computes in f32, whatever the weights are held in.
            _ => DType::F32,
        };
        let mut loader = Loader { source, device, precision, dtype };
        let (c, v, n) = (config.n_embd, config.vocab_size, config.n_positions);
        let word_table = loader.read("wte.weight", &[v, c])?;
        let wpe = loader.read("wpe.weight", &[n, c])?.to_dtype(dtype)?;
        let weight = loader.hold(&word_table)?;
        let wte = match &weight {
            QMatMul::QTensor(table) => Table::Quantized(table.clone()),
            QMatMul::Tensor(table) | QMatMul::TensorF16(table) => Table::Dense(table.clone()),
        };
        let head = if config.tie_word_embeddings {
            Linear { weight, bias: None }
        } else {
            let table = loader.read("lm_head.weight", &[v, c])?;
            Linear { weight: loader.hold(&table)?, bias: None }
        };
        let mut blocks = Vec::with_capacity(config.n_layer);
        for index in 0..config.n_layer {
            blocks.push(loader.block(index, config)?);
            progress(index + 1);
        }
        let ln_f = loader.layer_norm("ln_f", config)?;
        let config = config.clone();
        Ok(Self {
            config,
            device: device.clone(),
            dtype,
            wte,
            wpe,
            blocks,
            ln_f,
            head,
            position: 0,
            branches: Vec::new(),
        })
    }

    /// The hidden states of `tokens`, (1, T, C), after the last layer norm; fills the cache. `hear` is told those on the
    /// way.
    fn hidden(&self, tokens: &[TokenId], mut hear: Option<Hear<'_>>) -> candle_core::Result<Tensor> {
        let mut tell = |name: &str, x: &Tensor| -> candle_core::Result<()> {
            if let Some(hear) = &mut hear {
                hear(name, &x.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?);
            }
            Ok(())
        };
        let t = tokens.len();
        let ids = Tensor::new(tokens, &self.device)?;
        let places = self.wpe.narrow(0, self.position, t)?;
        let mut x = (self.wte.rows(&ids)?.to_dtype(self.dtype)? + places)?.unsqueeze(0)?;
        let mask = if t == 1 {
            None
        } else {
            Some(build_additive_causal_mask(t, self.position, None, &self.device, self.dtype)?)
        };
        tell("embedding", &x)?;
        for (index, block) in self.blocks.iter().enumerate() {
            x = self.block(block, &x, mask.as_ref())?;
            tell(&format!("h.{index}"), &x)?;
        }
        self.ln_f.forward(&x)
    }

    fn block(&self, block: &Block, x: &Tensor, mask: Option<&Tensor>) -> candle_core::Result<Tensor> {
        let x = (x + self.attention(block, &block.ln_1.forward(x)?, mask)?)?;
        let inner = block.c_fc.forward(&block.ln_2.forward(&x)?)?;
        let inner = match self.config.activation {
            Activation::GeluTanh => inner.gelu()?,
            Activation::Gelu => inner.gelu_erf()?,
        };
        x + block.mlp_proj.forward(&inner)?
    }

    /// Multi-head attention of `x`, (1, T, C), over everything before it and itself.
    fn attention(&self, block: &Block, x: &Tensor, mask: Option<&Tensor>) -> candle_core::Result<Tensor> {
        let (_, t, c) = x.dims3()?;
        let n_head = self.config.n_head;
        let width = c / n_head;
        let qkv = block.c_attn.forward(x)?.reshape((1, t, 3, n_head, width))?;
        let part = |index: usize| qkv.i((.., .., index))?.transpose(1, 2)?.contiguous();
        let queries = part(0)?;
        block.keys.slice_set(&part(1)?, 2, self.position)?;
        block.values.slice_set(&part(2)?, 2, self.position)?;
        let keys = block.keys.narrow(2, 0, self.position + t)?;
        let values = block.values.narrow(2, 0, self.position + t)?;
        let scale = (width as f64).sqrt().recip();
        let scores = ((queries * scale)?.matmul(&keys.t()?))?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let y = weights.matmul(&values)?.transpose(1, 2)?.reshape((1, t, c))?;
        block.attn_proj.forward(&y)
    }

    fn write(&self, hidden: &Tensor, out: &mut [f32]) -> candle_core::Result<()> {
        let logits = self.head.forward(hidden)?.flatten_all()?.to_dtype(DType::F32)?;
        out.copy_from_slice(&logits.to_vec1::<f32>()?);
        Ok(())
    }
}

impl Model for CandleModel {
    fn vocabulary(&self) -> usize {
        self.config.vocab_size
    }

    fn positions(&self) -> usize {
        self.config.n_positions
    }

    fn precision(&self) -> Precision {
        self.wte.precision()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { together: false, probes: true, rows: Rows::Logits }
    }

    fn probe(&mut self, tokens: &[TokenId], hear: &mut dyn FnMut(&str, &[f32])) -> Result<(), ModelError> {
        self.check(tokens, self.position + tokens.len())?;
        self.branches.clear();
        let before = self.position;
        for chunk in tokens.chunks(CHUNK) {
            if let Err(error) = self.hidden(chunk, Some(hear)) {
                self.position = before;
                return Err(error.into());
            }
            self.position += chunk.len();
        }
        Ok(())
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        // Before anything changes: a chunk that fits must not go in before one that does not.
        self.check(tokens, self.position + tokens.len())?;
        self.branches.clear();
        let before = self.position;
        let mut scores = scores;
        let mut done = 0;
        for chunk in tokens.chunks(CHUNK) {
            if !wanted() {
                return Err(ModelError::Interrupted);
            }
            let last = done + chunk.len() == tokens.len();
            let outcome = match &mut scores {
                Scores::Last(out) if last => self.read(chunk, Scores::Last(out)),
                Scores::Each(hear) => self.read(chunk, Scores::Each(&mut |index, row| hear(done + index, row))),
                _ => self.read(chunk, Scores::None),
            };
            if let Err(error) = outcome {
                self.position = before;
                return Err(error);
            }
            done += chunk.len();
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.position
    }

    fn rewind(&mut self, position: usize) {
        self.branches.clear();
        self.position = self.position.min(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        let one = || -> candle_core::Result<Branch> {
            let caches = self.blocks.iter().map(|it| Ok((it.keys.copy()?, it.values.copy()?)));
            Ok(Branch { caches: caches.collect::<candle_core::Result<_>>()?, position: self.position })
        };
        self.branches = (0..count).map(|_| one()).collect::<candle_core::Result<_>>()?;
        Ok(())
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        let (found, expected) = (tokens.len(), self.branches.len());
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let vocabulary = self.config.vocab_size;
        let before: Vec<usize> = self.branches.iter().map(|it| it.position).collect();
        // All branches are as long as each other, and each grows by one.
        let longest = before.iter().copied().max().unwrap_or(0);
        self.check(tokens, longest + 1)?;
        // One after the other: candle's caches are one tensor for all positions.
        for (index, (token, scores)) in tokens.chunks(1).zip(scores.chunks_exact_mut(vocabulary)).enumerate() {
            self.exchange(index);
            let outcome = self.read(token, Scores::Last(scores));
            self.exchange(index);
            if let Err(error) = outcome {
                for (branch, position) in self.branches.iter_mut().zip(before) {
                    branch.position = position;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn grow(
        &mut self,
        several: &[&[TokenId]],
        scores: &mut [f32],
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        let (found, expected) = (several.len(), self.branches.len());
        if found != expected {
            return Err(ModelError::Branches { found, expected });
        }
        let before: Vec<usize> = self.branches.iter().map(|it| it.position).collect();
        before.iter().zip(several).try_for_each(|(length, tokens)| self.check(tokens, length + tokens.len()))?;
        for (index, (tokens, row)) in several.iter().zip(scores.chunks_exact_mut(self.config.vocab_size)).enumerate() {
            self.exchange(index);
            let pieces = tokens.chunks(CHUNK);
            let last = pieces.len();
            let outcome = pieces.zip(1..).try_for_each(|(piece, number)| match number {
                _ if !wanted() => Err(ModelError::Interrupted),
                _ if number == last => self.read(piece, Scores::Last(row)),
                _ => self.read(piece, Scores::None),
            });
            self.exchange(index);
            if let Err(error) = outcome {
                for (branch, position) in self.branches.iter_mut().zip(before) {
                    branch.position = position;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn keep(&mut self, branch: usize) {
        if branch < self.branches.len() {
            self.exchange(branch);
        }
        self.branches.clear();
    }
}

impl CandleModel {
    /// Makes a branch the context and the context that branch.
    fn exchange(&mut self, index: usize) {
        let branch = &mut self.branches[index];
        std::mem::swap(&mut self.position, &mut branch.position);
        for (block, (keys, values)) in self.blocks.iter_mut().zip(&mut branch.caches) {
            std::mem::swap(&mut block.keys, keys);
            std::mem::swap(&mut block.values, values);
        }
    }

    fn read(&mut self, tokens: &[TokenId], scores: Scores) -> Result<(), ModelError> {
        if tokens.is_empty() {
            return Ok(());
        }
        let vocabulary = self.config.vocab_size;
        let hidden = self.hidden(tokens, None)?;
        match scores {
            Scores::None => {}
            Scores::Last(out) => {
                self.write(&hidden.i((.., tokens.len() - 1..))?.contiguous()?, out)?;
            }
            Scores::Each(hear) => {
                let mut row = vec![0.0; vocabulary];
                for index in 0..tokens.len() {
                    self.write(&hidden.i((.., index..=index))?.contiguous()?, &mut row)?;
                    hear(index, &row);
                }
            }
        }
        self.position += tokens.len();
        Ok(())
    }
}
