#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

pub mod app;
pub mod appearance;
pub mod assets;
pub mod checkpoint;
pub mod cli;
pub mod command;
pub mod directory;
pub mod document;
pub mod emergency;
pub mod engine;
pub mod evaluation;
pub mod files;
pub mod format;
pub mod gpt2;
pub mod install;
pub mod integrity;
pub mod loading;
pub mod manifest;
pub mod memory;
pub mod model;
pub mod output;
mod run;
pub mod sample;
pub mod shell;
pub mod store;
pub mod text;
pub mod threads;

pub use run::run;

/// One id of the vocabulary.
pub type TokenId = u32;
