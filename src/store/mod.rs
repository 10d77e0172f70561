//! The user's files: where they are, the configuration, installed models, transcripts, what was sent.

pub mod appender;
pub mod config;
pub mod evaluations;
pub mod export;
pub mod history;
pub mod librarian;
pub mod library;
pub mod models;
mod numbers;
pub mod opening;
pub mod paths;
pub mod protocol;
pub mod sampling;
pub mod transcripts;
pub mod vocabularies;
mod writer;

pub use numbers::Numbers;
pub use writer::{Finished, Store, spawn};
