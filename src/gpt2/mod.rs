//! GPT-2's transformer, by several backends behind the one door, [`crate::model`].
//!
//! Letters used here: T tokens, C channels (`n_embd`), H heads, D channels of a head (C / H), L layers, V vocabulary,
//! N positions of the context.
//!
//! The only files that name candle are those of [`CandleModel`], the only ones that name wgpu those of [`gpu`].

mod candle;
pub mod cpu;
pub mod gpu;

pub use candle::{CandleBackend, CandleModel};

pub use crate::model::{Model, ModelError, Precision, RawTensor, RawType, Scores, TensorSource};
