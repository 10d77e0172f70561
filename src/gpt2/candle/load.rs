//! Weights, from their source to where and how they are held.

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{D, DType, Device, Tensor};

use super::{Block, LayerNorm, Linear, NAME};
use crate::checkpoint::Config;
use crate::model::{ModelError, Precision, RawType, TensorSource};

/// Reads tensors and puts them where and how they are held.
pub(super) struct Loader<'a> {
    pub(super) source: &'a mut dyn TensorSource,
    pub(super) device: &'a Device,
    pub(super) precision: Precision,
    pub(super) dtype: DType,
}

impl Loader<'_> {
    /// A tensor of the file on the CPU, in the file's type.
    pub(super) fn read(&mut self, name: &str, expected: &[usize]) -> Result<Tensor, ModelError> {
        let raw = self.source.shaped(name, expected)?;
        let dtype = match raw.dtype {
            RawType::F32 => DType::F32,
            RawType::F16 => DType::F16,
            RawType::Bf16 => DType::BF16,
        };
        let tensor = Tensor::from_raw_buffer(&raw.bytes, dtype, expected, &Device::Cpu)?;
        // One number that is none makes every score one that is none, and nothing says where it came from.
        if !is_finite(&tensor)? {
            return Err(ModelError::NotFinite { name: name.to_owned() });
        }
        Ok(tensor.to_device(self.device)?)
    }

    pub(super) fn vector(&mut self, name: &str, length: usize) -> Result<Tensor, ModelError> {
        Ok(self.read(name, &[length])?.to_dtype(self.dtype)?)
    }

    /// A weight, (out, in), in the precision asked for.
    pub(super) fn hold(&self, weight: &Tensor) -> Result<QMatMul, ModelError> {
        let on_cpu = self.device.is_cpu();
        let blocks = match self.precision {
            Precision::Q8 => GgmlDType::Q8_0,
            Precision::Q4 => GgmlDType::Q4_0,
            // candle's plain 16-bit products are slow on the CPU, those of its "quantized" 16-bit tensors are not.
            Precision::F16 if on_cpu => GgmlDType::F16,
            Precision::Bf16 if on_cpu => GgmlDType::BF16,
            Precision::F32 | Precision::F16 | Precision::Bf16 => {
                return Ok(QMatMul::Tensor(weight.to_dtype(self.dtype)?));
            }
        };
        let (width, block) = (weight.dim(D::Minus1)?, blocks.block_size());
        if !width.is_multiple_of(block) {
            let why = format!("a row of {width} numbers is no whole number of blocks of {block}");
            let known = "f32, f16 and bf16".to_owned();
            return Err(ModelError::Precision { precision: self.precision, backend: NAME, why, known });
        }
        Ok(QMatMul::QTensor(Arc::new(QTensor::quantize(&weight.to_dtype(DType::F32)?, blocks)?)))
    }

    /// A matrix that the file holds as (in, out), as `OpenAI`'s code did.
    pub(super) fn linear(&mut self, name: &str, input: usize, output: usize) -> Result<Linear, ModelError> {
        let weight = self.read(&format!("{name}.weight"), &[input, output])?.t()?.contiguous()?;
        let bias = self.vector(&format!("{name}.bias"), output)?;
        Ok(Linear { weight: self.hold(&weight)?, bias: Some(bias) })
    }

    pub(super) fn layer_norm(&mut self, name: &str, config: &Config) -> Result<LayerNorm, ModelError> {
        let gain = self.vector(&format!("{name}.weight"), config.n_embd)?;
        let bias = self.vector(&format!("{name}.bias"), config.n_embd)?;
        Ok(LayerNorm { gain, bias, epsilon: config.layer_norm_epsilon as f32 })
    }

    pub(super) fn block(&mut self, index: usize, config: &Config) -> Result<Block, ModelError> {
        let (c, inner) = (config.n_embd, config.n_inner);
        let name = |part: &str| format!("h.{index}.{part}");
        let cache = (1, config.n_head, config.n_positions, c / config.n_head);
        Ok(Block {
            ln_1: self.layer_norm(&name("ln_1"), config)?,
            c_attn: self.linear(&name("attn.c_attn"), c, 3 * c)?,
            attn_proj: self.linear(&name("attn.c_proj"), c, c)?,
            ln_2: self.layer_norm(&name("ln_2"), config)?,
            c_fc: self.linear(&name("mlp.c_fc"), c, inner)?,
            mlp_proj: self.linear(&name("mlp.c_proj"), inner, c)?,
            keys: Tensor::zeros(cache, self.dtype, self.device)?,
            values: Tensor::zeros(cache, self.dtype, self.device)?,
        })
    }
}

/// Whether no number of a tensor, which lies on the CPU, is infinite or NaN.
fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    let numbers = tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    Ok(numbers.iter().all(|it| it.is_finite()))
}
