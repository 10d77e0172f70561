//! The engine: one thread that owns the model, hears [`protocol::Command`]s and answers with [`protocol::Event`]s.
//!
//! [`generation`] is the same for the interface and for headless use; it knows no thread.

pub mod backends;
mod choice;
pub mod devices;
mod failure;
mod gaps;
pub mod generation;
pub mod known;
pub mod load;
mod make;
pub mod pace;
pub mod packed;
pub mod protocol;
pub mod reading;
pub mod resilient;
mod tensors;
mod worker;

pub use worker::{Engine, Loader, spawn, spawn_with};
