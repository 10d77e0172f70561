//! The application: one state, one function that applies a message to it and answers with effects, one that draws it.
//!
//! Everything here is pure. Time comes with the messages, files and threads are reached through effects.

mod act;
pub mod context;
pub mod drawing;
mod editing;
mod focus;
mod guide;
mod hear;
mod input;
mod intent;
mod intents;
pub mod keymap;
mod keys;
mod knobs;
pub mod layers;
mod layout;
pub mod messages;
pub mod models;
mod mouse;
mod msg;
mod outbox;
mod plain;
mod screen;
mod start;
mod state;
pub mod text;
pub mod tour;
mod update;
mod verbs;

pub use context::Context;
pub use focus::Focus;
pub use input::{Input, Mode, Search};
pub use intent::{Intent, Length, WayOut};
pub use knobs::{KNOBS, Knob};
pub use layers::Layer;
pub use layout::{Areas, Panes, layout};
pub use msg::{Copied, Msg};
pub use outbox::{Effect, Notice, Outbox, Tone};
pub use plain::Plain;
pub use screen::view;
pub use start::{Start, start};
pub use state::App;
pub use text::{Heat, Losses, Scroll, Text};
pub use update::{next_deadline, update};
pub use verbs::chat::{CHAT_STOP, CHAT_TEMPLATE};
