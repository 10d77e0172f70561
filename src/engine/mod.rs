//! The engine: one thread that owns the model, hears [`protocol::Command`]s and answers with [`protocol::Event`]s.
//!
//! [`generation`] is the same for the interface and for headless use; it knows no thread.

pub mod backends;
mod failure;
mod gaps;
pub mod generation;
pub mod load;
mod packed;
pub mod protocol;
pub mod reading;
mod worker;

pub use worker::{Engine, Loader, spawn, spawn_with};
