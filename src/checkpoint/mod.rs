//! Checkpoint bytes become named GPT-2 tensors. No file is opened here.
//!
//! Four containers are understood ([`legacy`], [`torch_zip`], [`safetensors`], [`gguf`]) and one table of
//! contents ([`torch_dist`]), and three ways of naming what is inside ([`megatron`], [`hugging_face`], [`gguf::model`]). All lead to one [`Plan`]: which
//! tensors a converted model has, and how the bytes of each are brought into order.
//!
//! Nothing in a checkpoint is ever run ([`pickle`]), every count and length is compared with a
//! bound ([`Limits`]), and a tensor that is missing, superfluous or of the wrong shape is an
//! error that lists all of them.
//!
//! Not here: opening files, inflating, writing the result; that is the installer's.

#![forbid(unsafe_code)]

pub mod arrange;
mod config;
mod dtype;
mod fault;
pub mod gguf;
pub mod hugging_face;
mod kinds;
pub mod legacy;
mod limits;
pub mod megatron;
mod nanogpt;
pub mod pickle;
mod plan;
pub mod safetensors;
pub mod tensors;
pub mod torch_dist;
pub mod torch_zip;
mod tree;
mod wrapping;
pub mod zip;

pub use config::{Activation, Config, ConfigError};
pub(crate) use fault::both_names;
pub use fault::{Fault, MapError};
pub use limits::Limits;
pub use nanogpt::TrainingArguments;
pub use plan::{Family, Joined, OwnTokenizer, Piece, Plan, Same, Target, TokenizerClaim};
pub use tree::{Leaf, Leaves, alarming_calls};
pub use wrapping::{has_gpt2_names, subject};
