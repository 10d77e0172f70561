//! Weights of no trained model.

use megachat::model::{ModelError, RawTensor, RawType, TensorSource};

/// Weights without a pattern, the same in every run, in GPT-2's shapes.
pub(crate) struct Noise {
    pub(crate) width: usize,
    pub(crate) vocabulary: usize,
    pub(crate) positions: usize,
}

impl Noise {
    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        let c = self.width;
        match name.rsplit_once("h.").map_or(name, |it| it.1.split_once('.').unwrap().1) {
            "wte.weight" => vec![self.vocabulary, c],
            "wpe.weight" => vec![self.positions, c],
            "attn.c_attn.weight" => vec![c, 3 * c],
            "attn.c_attn.bias" => vec![3 * c],
            "attn.c_proj.weight" => vec![c, c],
            "mlp.c_fc.weight" => vec![c, 4 * c],
            "mlp.c_fc.bias" => vec![4 * c],
            "mlp.c_proj.weight" => vec![4 * c, c],
            _ => vec![c],
        }
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f32> {
        let mut state = name.bytes().fold(1_u64, |it, byte| it.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let count = self.shape(name).iter().product::<usize>();
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
        };
        (0..count).map(|_| next() * 0.4).collect()
    }
}

impl TensorSource for Noise {
    fn tensor(&mut self, name: &str) -> Result<RawTensor, ModelError> {
        let bytes = self.numbers(name).iter().flat_map(|it| it.to_le_bytes()).collect();
        Ok(RawTensor { dtype: RawType::F32, shape: self.shape(name), bytes })
    }
}
