//! What can be done: functions that change a [`Context`](super::context::Context), however they were asked for.
//!
//! A verb stands below keys, commands and layers, and knows none of them.

pub(super) mod ahead;
pub(super) mod ask;
pub(super) mod branch;
pub(super) mod chat;
pub(super) mod cursor;
pub(super) mod editor;
pub(super) mod finding;
pub(super) mod focus;
pub(super) mod input_line;
pub(super) mod journal;
pub(super) mod library;
pub(super) mod models;
pub(super) mod panel;
pub(super) mod rewrite;
pub(super) mod selection;
pub(super) mod send;
pub(super) mod translation;
