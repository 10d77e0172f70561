//! What the application starts with.

use super::keymap::Keymap;
use super::look::Look;
use crate::document::{Document, Vocabularies};
use crate::engine::protocol::{DeviceChoice, Said};
use crate::gpt2::Precision;
use crate::sample::Settings;

/// What the application starts with.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Start {
    /// How to draw.
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
    /// The vocabularies of its tokens.
    pub vocabularies: Vocabularies,
    /// The hash of the weights that wrote it last, and the model's name, to be compared with what is loaded.
    pub written_by: Option<(String, String)>,
    /// What the user says of the model of the command line.
    pub said: Said,
    /// The size of the terminal, in columns and rows.
    pub size: (u16, u16),
    /// How the screen looks.
    pub look: Look,
    /// Where to run.
    pub device: DeviceChoice,
    /// In which precision.
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
    /// Which key does what.
    pub keymap: Keymap,
    /// What was sent in earlier runs, oldest first.
    pub history: Vec<String>,
    /// Whether the input has vi's keys.
    pub vi: bool,
    /// Whether the mouse is reported.
    pub mouse: bool,
}
