//! The user's files: where they are, the configuration, installed models, transcripts.

pub mod config;
pub mod models;
pub mod paths;
pub mod protocol;
pub mod sampling;
pub mod transcripts;
mod writer;

pub use writer::{Store, spawn};
