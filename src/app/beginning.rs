//! What the application starts with.

use super::keymap::Keymap;
use super::look::Look;
use crate::document::{Document, Vocabularies};
use crate::engine::protocol::{DeviceChoice, Said};
use crate::gpt2::Precision;
use crate::sample::Settings;

/// Everything the application is given before its first message: what the command line and the configuration say, and what
/// was found on the disk.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Start {
    /// The sampling settings of the first draw.
    pub settings: Settings,
    /// The model to load at once, by name and directory; the demo is installed first if it is not there.
    pub model: Option<(String, std::path::PathBuf)>,
    /// Whether to ask the question of the first run.
    pub ask: bool,
    /// Whether the 345M model is installed.
    pub has_345m: bool,
    /// A text to put into the input line.
    pub draft: String,
    /// Whether to begin with the chat template.
    pub chat: bool,
    /// A document to go on with.
    pub document: Document,
    /// The vocabularies that the tokens of `document` are ids of; empty for a new one.
    pub vocabularies: Vocabularies,
    /// The hash of the weights that wrote it last, and the model's name, to be compared with what is loaded.
    pub written_by: Option<(String, String)>,
    /// What the user says of the model of the command line.
    pub said: Said,
    /// The size of the terminal, in columns and rows.
    pub size: (u16, u16),
    /// Colours, characters and borders of the screen.
    pub look: Look,
    /// The device that the model runs on, or that the engine chooses.
    pub device: DeviceChoice,
    /// The precision of the weights; `None` leaves it to the engine.
    pub precision: Option<Precision>,
    /// Threads on the CPU, if somebody chose.
    pub threads: Option<usize>,
    /// Bytes free where models are kept, if known.
    pub free: Option<u64>,
    /// The names of the sources of the 345M model.
    pub sources: Vec<String>,
    /// Where transcripts are kept, to be shown.
    pub transcripts: String,
    /// Sentences from before the start.
    pub notices: Vec<String>,
    /// The keys of every action, the user's own included.
    pub keymap: Keymap,
    /// What was sent in earlier runs, oldest first.
    pub history: Vec<String>,
    /// Whether the input has vi's keys.
    pub vi: bool,
    /// Whether the terminal is asked to report the mouse.
    pub mouse: bool,
}
