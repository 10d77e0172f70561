//! The models: which one the engine has or loads, what is being installed, what could be switched to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::protocol::{DeviceChoice, ModelCard, ModelSource, RequestId, Said};
use crate::install::protocol::Stage;
use crate::model::Precision;

/// The engine's model, from nothing to ready.
#[derive(Clone, Debug)]
pub enum EngineState {
    /// No model, and none on its way.
    Empty,
    /// A model is being read.
    Loading(Loading),
    /// A model is ready.
    Ready(Arc<ModelCard>),
    /// The last load failed, for this reason, with what to try.
    Failed(String),
}

/// A model that is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loading {
    /// The request to the engine.
    pub id: RequestId,
    /// The model's name.
    pub name: String,
    /// Where it is.
    pub directory: PathBuf,
    /// Layers that have been read.
    pub done: usize,
    /// Layers of the model; 0 while that is not known.
    pub total: usize,
}

/// The installer's job, as the screen tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Installing {
    /// The model's name.
    pub name: String,
    /// The stage of the job; `None` once it ended.
    pub stage: Option<Stage>,
    /// The sources that were asked and their answers, in order.
    pub answers: Vec<(String, String)>,
    /// Why the job failed.
    pub failure: Option<String>,
}

/// An installed model that the engine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The model's name.
    pub name: String,
    /// The model's directory.
    pub directory: PathBuf,
}

/// A model that is installed, as the question of the first run offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The model's name.
    pub name: String,
    /// The model's directory.
    pub directory: PathBuf,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// How models are loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The device to run on.
    pub device: DeviceChoice,
    /// The precision of the weights; `None` is the engine's choice.
    pub precision: Option<Precision>,
    /// Threads on the CPU; `None` is the engine's choice.
    pub threads: Option<usize>,
    /// What the user says of the model in a directory.
    pub said: Option<(PathBuf, Said)>,
}

/// What a resumed text was written by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBy {
    /// SHA-256 of the weights, hexadecimal; empty if unknown.
    pub sha256: String,
    /// The model's name.
    pub name: String,
    /// Where it ran; empty if unknown.
    pub device: String,
}

/// All that is known of models.
#[derive(Clone, Debug)]
pub struct Models {
    /// The engine's model.
    pub engine: EngineState,
    /// How models are loaded.
    pub options: LoadOptions,
    /// The model that can be switched to.
    pub offered: Option<Offered>,
    /// The models that the question of the first run offers.
    pub installed: Vec<Installed>,
    /// The installer's job, the demo's apart.
    pub installing: Option<Installing>,
    /// Whether the demo is being installed.
    pub demo_coming: bool,
    /// Whether the 345M model is installed.
    pub has_345m: bool,
    /// The path of the last import, to be corrected if it fails.
    pub import: Option<String>,
    /// Bytes free where models are kept, if known.
    pub free: Option<u64>,
    /// The names of the sources of the 345M model.
    pub sources: Vec<String>,
    /// What the resumed text was written by, until a model is loaded.
    pub(super) written_by: Option<WrittenBy>,
}

impl Models {
    /// The loaded model.
    #[must_use]
    pub fn card(&self) -> Option<&Arc<ModelCard>> {
        match &self.engine {
            EngineState::Ready(card) => Some(card),
            EngineState::Empty | EngineState::Loading(_) | EngineState::Failed(_) => None,
        }
    }

    /// The model that is being read.
    #[must_use]
    pub fn loading(&self) -> Option<&Loading> {
        match &self.engine {
            EngineState::Loading(loading) => Some(loading),
            EngineState::Empty | EngineState::Ready(_) | EngineState::Failed(_) => None,
        }
    }

    /// Whether this request is the one to load a model.
    #[must_use]
    pub fn is_loading(&self, id: RequestId) -> bool {
        self.loading().is_some_and(|it| it.id == id)
    }

    /// Whether a model is on its way that a text can wait for.
    #[must_use]
    pub fn is_one_coming(&self) -> bool {
        self.loading().is_some() || self.demo_coming
    }

    /// Whether the installer is at work on something that was asked for.
    #[must_use]
    pub fn is_installing(&self) -> bool {
        self.installing.as_ref().is_some_and(|it| it.stage.is_some())
    }

    /// The request to load a model under the options of now.
    pub(super) fn source(&self, name: String, directory: &Path) -> ModelSource {
        // What was said of one model is not said of another.
        let said = self.options.said.as_ref().filter(|it| it.0 == directory).map(|it| it.1.clone()).unwrap_or_default();
        let LoadOptions { device, precision, threads, .. } = self.options.clone();
        ModelSource { name, directory: directory.to_owned(), device, precision, threads, said }
    }

    /// The installer's job of that name; a job of another name gives way.
    pub(super) fn job(&mut self, name: String) -> &mut Installing {
        if self.installing.as_ref().is_none_or(|it| it.name != name) {
            self.installing = Some(Installing { name, ..Installing::default() });
        }
        self.installing.get_or_insert_default()
    }
}
