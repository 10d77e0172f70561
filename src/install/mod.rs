//! The installer: one thread that downloads, verifies and converts, and says at each step where it is.

pub mod catalogue;
pub mod convert;
pub mod disk;
pub mod download;
pub mod export;
mod fetch;
pub mod installer;
pub mod job;
pub mod kept;
pub mod leftovers;
pub mod places;
pub mod protocol;
mod shelf;
pub mod source;
pub mod stages;
