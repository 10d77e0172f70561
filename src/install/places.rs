//! What every job is given: the directories, the sources, what the user wants.

use std::path::PathBuf;

use super::protocol::Event;
use super::source::{self, Source};
use super::{catalogue, convert};
use crate::manifest::FileRecord;

/// Where models are kept and come from.
#[derive(Clone, Debug)]
pub struct Places {
    /// The directory that holds a directory for each installed model.
    pub models: PathBuf,
    /// The directory of unfinished downloads.
    pub downloads: PathBuf,
    /// The sources of the 345M model, in the order in which they are asked.
    pub sources: Vec<Source>,
    /// A file of certificates, PEM, to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The address of the model hub.
    pub hub: String,
    /// Whether no connection may be opened.
    pub offline: bool,
}

impl Places {
    /// Two directories, and the usual sources for what they do not hold.
    #[must_use]
    pub fn new(models: PathBuf, downloads: PathBuf) -> Self {
        let (sources, hub) = (source::megatron_345m(), catalogue::HUB.to_owned());
        Self { models, downloads, sources, ca_file: None, hub, offline: false }
    }
}

/// What a user may say about a job.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// How the converter should read it.
    pub convert: convert::Options,
    /// Take the place of an installed model that is damaged.
    pub repair: Option<Repair>,
}

/// What is known of the model to repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The SHA-256 that its weights had, hexadecimal; whatever has another is another model.
    pub weights_sha256: Option<String>,
    /// Its other files, if they are known; the source must make the same.
    pub files: Vec<FileRecord>,
}

/// Hears the events of a job, in order.
pub type Report<'a> = &'a mut dyn FnMut(Event);
