//! The installer: one thread that downloads, verifies and converts, and says at each step where it is.

pub mod convert;
pub mod disk;
pub mod download;
pub mod export;
pub mod job;
pub mod protocol;
pub mod source;
