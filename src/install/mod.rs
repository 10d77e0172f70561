//! The installer: one thread that downloads, verifies and converts, and says at each step where it is.

pub mod catalogue;
pub mod convert;
pub mod download;
pub mod export;
mod fetch;
pub mod installer;
pub mod job;
pub mod leftovers;
mod model_store;
pub mod partial_downloads;
pub mod places;
pub mod protocol;
pub mod source;
pub mod stages;
