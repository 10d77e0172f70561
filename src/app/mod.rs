//! The application: one state, one function that applies a message to it and answers with effects, one that draws it.
//!
//! Everything here is pure. Time comes with the messages, files and threads are reached through effects.

mod beginning;
pub mod columns;
mod find;
mod flow;
mod focus;
mod help;
mod input;
mod inspection;
mod intent;
pub mod keymap;
mod knobs;
mod lens;
pub mod look;
mod msg;
mod next;
mod palette;
mod past;
mod plain;
mod rows;
mod score;
mod state;
mod twigs;
mod update;
pub mod view;
pub mod words;

pub use beginning::Start;
pub use find::{Find, Found};
pub use flow::Flow;
pub use help::Help;
pub use input::{Input, Mode, Search};
pub use inspection::Inspection;
pub use intent::{Intent, Length, set_knob};
pub use knobs::{KNOBS, Knob};
pub use lens::{Heat, Lens, Losses};
pub use msg::{Copied, Effect, Msg};
pub use next::Next;
pub use palette::{Entry, Palette};
pub use past::Past;
pub use plain::Plain;
pub use rows::Rows;
pub use score::{Surprise, TextScore};
pub use state::{
    App, EngineState, FirstRun, Focus, Installing, Loaded, Notice, Overlay, Running, Screen, Scroll, Tone,
};
pub use twigs::Twig;
pub use update::{CHAT_STOP, CHAT_TEMPLATE, next_deadline, start, update};
pub use view::view;
