//! Everything that needs no interface: headless continuations, and the verbs.

mod bench;
mod cache;
mod compare;
mod config;
mod convert;
mod doctor;
mod document;
mod eval;
mod export;
mod generate;
mod guess;
mod input;
mod interrupt;
mod man;
mod measured;
mod model;
mod replay;
pub(crate) mod resume;
mod score;
mod shared;
mod source;
mod transcripts;
mod verify;

pub use bench::bench;
pub use cache::cache;
pub use config::config;
pub use convert::convert;
pub use doctor::doctor;
pub use document::document;
pub use eval::eval;
pub use export::export;
pub use generate::{engine_exit, generate};
pub use guess::guess;
pub use model::model;
pub use replay::replay;
pub use score::score;
pub(crate) use shared::{
    DAMAGED, DASH, install_exit, lively, measured_source, model_source, print_json, remembered_model, say, say_notes,
};
pub use shared::{Exit, demo_directory, find_model, places};
pub use transcripts::transcripts;
