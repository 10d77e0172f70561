//! The state of the application.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::columns::Columns;
pub use super::focus::Focus;
use super::keymap::{Action, Key, Keymap};
use super::look::Look;
use super::next::Next;
use super::update::{Edited, Press};
use super::{Find, Flow, Help, Input, Lens, Palette, Past};
use crate::document::{Document, NodeId, Record, Vocabularies};
use crate::engine::protocol::{DeviceChoice, ModelCard, RequestId, Said};
use crate::engine::window_start;
use crate::gpt2::Precision;
use crate::install::protocol::Stage;
use crate::sample::{Settings, Words};
use crate::text::Vocabulary;

/// Which screen is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The question of the first run.
    FirstRun(FirstRun),
    /// Text, input, sampling.
    Main,
}

/// The question of the first run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// The path being written, after `i`.
    pub path: Option<Input>,
}

/// What lies over the main screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// The keys.
    Help(Help),
    /// Models: download, import, switch.
    Models {
        /// The path being written, after `i`.
        path: Option<Input>,
        /// Scrolled by so many rows.
        top: usize,
    },
    /// The token under the cursor.
    Inspector {
        /// The candidate that was chosen; none is the token itself.
        chosen: Option<usize>,
    },
    /// The branches of the text.
    Tree {
        /// The run that was chosen.
        chosen: usize,
    },
    /// Every command, by name.
    Palette(Palette),
    /// Several futures of the text.
    Columns(Columns),
    /// The text goes round in circles; drawing is paused.
    Circles {
        /// Since this position.
        since: usize,
    },
    /// Any token of the vocabulary, and how likely it is to come next.
    Find(Find),
    /// How surprising the model finds the text.
    Score {
        /// Which of its most surprising tokens is chosen.
        chosen: usize,
    },
}

impl Overlay {
    /// The models, from the top.
    #[must_use]
    pub fn models() -> Self {
        Self::Models { path: None, top: 0 }
    }
}

/// How the view follows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// The end is in view.
    Follow,
    /// The view stays at the row that holds a byte of the text.
    At {
        /// The byte.
        offset: usize,
        /// How many tokens came since.
        unseen: usize,
    },
}

/// How a notice sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing.
    Info,
    /// Something did not work.
    Error,
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// It.
    pub text: String,
    /// How it sounds.
    pub tone: Tone,
    /// When it goes by itself, in time since the start; errors stay until a key is pressed.
    pub until: Option<Duration>,
}

/// A model that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it is.
    pub card: Arc<ModelCard>,
}

/// What the engine is at.
#[derive(Clone, Debug)]
pub enum EngineState {
    /// No model, and none on its way.
    Empty,
    /// A model is being read.
    Loading {
        /// Its name.
        name: String,
        /// Blocks done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// A model is ready.
    Ready(Loaded),
    /// The last load failed.
    Failed,
}

/// A continuation under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Its name.
    pub id: RequestId,
    /// When it was asked for, in time since the start.
    pub asked: Duration,
    /// Tokens of the prompt read, of so many; `None` once tokens come.
    pub reading: Option<(usize, usize)>,
    /// Tokens drawn.
    pub drawn: usize,
    /// The text that was sent with it, to be given back if it cannot be used.
    pub sent: String,
    /// Whether the stop key was pressed.
    pub stopping: bool,
}

/// The installer's job, as the screen tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Installing {
    /// The model's name.
    pub name: String,
    /// Where it is; `None` once it ended.
    pub stage: Option<Stage>,
    /// What each source answered, in order.
    pub answers: Vec<(String, String)>,
    /// How it ended, if badly.
    pub failure: Option<String>,
}

/// Everything the application knows.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct App {
    /// Which screen is shown.
    pub screen: Screen,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// What has the focus.
    pub focus: Focus,
    /// Whether the sampling panel is shown where there is room for both.
    pub panel: bool,
    /// The control the panel's cursor is on, an index of [`super::KNOBS`].
    pub knob: usize,
    /// The value being typed for it.
    pub typing: Option<Input>,
    /// The document.
    pub document: Document,
    /// The document as rows.
    pub flow: Flow,
    /// How it is looked at.
    pub lens: Lens,
    /// What can be undone.
    pub past: Past,
    /// How the view follows it.
    pub scroll: Scroll,
    /// The input line.
    pub input: Input,
    /// How to draw.
    pub settings: Settings,
    /// Whether the chat template wraps what is sent.
    pub chat: bool,
    /// What the engine is at.
    pub engine: EngineState,
    /// A continuation under way.
    pub running: Option<Running>,
    /// The request whose scores are awaited without drawing.
    pub peeking: Option<RequestId>,
    /// The scores of the next token.
    pub next: Option<Next>,
    /// When the last tokens came, in time since the start.
    pub recent: VecDeque<Duration>,
    /// Time from the last request to its first token.
    pub first_token: Option<Duration>,
    /// Tokens a second of the last continuation.
    pub speed: Option<f64>,
    /// How the last continuation ended, in words.
    pub ended: Option<&'static str>,
    /// The installer's job.
    pub installing: Option<Installing>,
    /// A model that is installed and could be switched to, by name and directory.
    pub offered: Option<(String, std::path::PathBuf)>,
    /// The path of the last import, to be mended if it fails.
    pub import: Option<String>,
    /// Whether the input was sent too early, and goes off once there is a model.
    pub send_when_ready: bool,
    /// Whether the demo is being installed.
    pub demo_coming: bool,
    /// Whether the 345M model is installed.
    pub has_345m: bool,
    /// Whether the text may go round in circles without a question.
    pub circles_allowed: bool,
    /// A sentence for the user.
    pub notice: Option<Notice>,
    /// Until when a second Ctrl-C quits.
    pub quit_armed: Option<Duration>,
    /// Whether everything written is on the disk; `None` while nothing is written.
    pub saved: Option<Result<(), String>>,
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
    /// Which key does what.
    pub keymap: Keymap,
    /// The first key of two, while the second is awaited.
    pub prefix: Option<Key>,
    /// Whether the mouse is reported.
    pub mouse: bool,
    /// What its button was pressed on.
    pub(super) pressed: Option<Press>,
    /// What is in the editor.
    pub(super) edited: Option<Edited>,
    /// Whether the scores or the settings changed since the last [`prepare`](Self::prepare).
    pub(super) reshape_due: bool,
    pub(super) next_request: u64,
    /// The settings and the model that the journal knows of.
    pub(super) recorded_settings: Option<Settings>,
    pub(super) recorded_model: Option<Record>,
    /// The engine's request to load, and the model it is for.
    pub(super) loading: Option<(RequestId, String, std::path::PathBuf)>,
    /// That of the text's end; of the model's, where there is no text.
    pub(super) vocabulary: Arc<Vocabulary>,
    /// Those of the text's tokens, on all branches.
    pub(super) vocabularies: Vocabularies,
    /// What the user said of the model in a directory.
    pub(super) said: Option<(PathBuf, Said)>,
    /// The texts that the settings name, in its tokens.
    pub(super) words: Words,
    /// What the resumed text was written by, until a model is loaded.
    pub(super) written_by: Option<(String, String)>,
}

impl App {
    /// The loaded model.
    #[must_use]
    pub fn card(&self) -> Option<&ModelCard> {
        match &self.engine {
            EngineState::Ready(loaded) => Some(&loaded.card),
            EngineState::Empty | EngineState::Loading { .. } | EngineState::Failed => None,
        }
    }

    /// How many tokens at the beginning the model does not see any more.
    #[must_use]
    pub fn out_of_sight(&self) -> usize {
        self.card().map_or(0, |it| window_start(self.document.len(), it.n_positions))
    }

    /// The vocabulary the document is shown with.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The text of some nodes, each in the words that it was written in.
    pub(super) fn text_of(&self, nodes: &[NodeId]) -> String {
        self.vocabularies.text(&self.document, nodes)
    }

    /// Brings what is drawn up to date with the scores and settings. No model runs; cheap if nothing changed.
    ///
    /// To be called once before a frame, and not for every token: many tokens may come between two frames. Says whether
    /// something is left for the next frame.
    pub fn prepare(&mut self) -> bool {
        self.words.follow(&self.settings, &self.vocabulary);
        if std::mem::take(&mut self.reshape_due) {
            self.reshape();
            self.find_again();
            // A token that was drawn obeyed the settings of then; what is told of any other obeys those of now.
            if self.lens.inspection.as_ref().is_some_and(|it| it.node.is_none() || it.typed) {
                self.lens.inspection = None;
            }
        }
        if !self.inspects() {
            self.lens.inspection = None;
        } else if self.lens.inspection.is_none() {
            self.inspect();
        }
        let flips = self.look_for_a_flip();
        let in_view = self.in_view();
        self.judge(in_view) || flips
    }

    /// The positions of the tokens in view.
    fn in_view(&self) -> std::ops::Range<usize> {
        let height = super::view::layout(self).text.height as usize;
        let rows = self.flow.rows();
        let top = self.top_row(height);
        let bottom = (top + height).min(rows.len());
        match (rows.get(top), rows.get(bottom.saturating_sub(1))) {
            (Some(first), Some(last)) => self.flow.token_at(first.start)..self.flow.token_at(last.end) + 1,
            _ => 0..0,
        }
    }

    /// Brings the search for a token up to date with the scores and settings.
    pub(super) fn find_again(&mut self) {
        if !matches!(self.overlay, Some(Overlay::Find(_))) {
            return;
        }
        if let Some(Overlay::Find(mut find)) = self.overlay.take() {
            find.refresh(self);
            self.overlay = Some(Overlay::Find(find));
        }
    }

    /// The key of an action, as people write it.
    pub(super) fn key_of(&self, action: Action) -> String {
        self.keymap.name_of(action)
    }

    /// The key of an action where something has the focus, as short as can be.
    pub(super) fn key_in(&self, focus: Focus, action: Action) -> String {
        self.keymap.short(focus, action).unwrap_or_else(|| self.key_of(action))
    }

    pub(super) fn request(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    pub(super) fn inform(&mut self, text: impl Into<String>, now: Duration) {
        let until = Some(now + Duration::from_secs(6));
        self.notice = Some(Notice { text: text.into(), tone: Tone::Info, until });
    }

    /// The same before what is said already.
    pub(super) fn inform_too(&mut self, text: &str, now: Duration) {
        let text = match self.notice.take() {
            Some(it) if it.tone == Tone::Info => format!("{text} {}", it.text),
            _ => text.to_owned(),
        };
        self.inform(text, now);
    }

    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone: Tone::Error, until: None });
    }
}

impl App {
    /// The first row of the text in view, where `height` rows are.
    #[must_use]
    pub fn top_row(&self, height: usize) -> usize {
        let last = self.flow.rows().len().saturating_sub(height);
        match self.scroll {
            Scroll::Follow => last,
            Scroll::At { offset, .. } => self.flow.row_of(offset).min(last),
        }
    }
}
