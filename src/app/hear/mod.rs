//! What the services and the editor say, and what that changes.

pub(super) mod editor;
pub(super) mod engine;
pub(super) mod install;
pub(super) mod library;
pub(super) mod store;
