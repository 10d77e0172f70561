//! What lies over the text: a room for each layer, its faces together.
//!
//! A layer is given the [`Context`] and answers with an [`Answer`]; it knows neither the application nor another layer.

pub mod answer;
pub mod columns;
pub mod find;
pub mod first_run;
pub mod help;
pub mod inspector;
mod list;
pub mod loops;
pub mod models;
pub mod palette;
pub mod score;
pub mod tree;

use answer::{Answer, Kind};
use columns::{Columns, Purpose};
use crossterm::event::{KeyCode, KeyEvent};
use find::Find;
use first_run::FirstRun;
use help::Help;
use inspector::Inspector;
use loops::LoopFound;
use models::ModelList;
use palette::Palette;
use ratatui::Frame;
use score::ScoreTable;
use tree::Tree;

use crate::app::context::{Context, Needs};
use crate::app::keymap::Action;
use crate::app::screen::theme::Theme;
use crate::engine::protocol::RequestId;

/// Something that lies over the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// The question of the first run.
    FirstRun(FirstRun),
    /// The keys.
    Help(Help),
    /// Models: download, import, switch.
    Models(ModelList),
    /// The token under the cursor.
    Inspector(Inspector),
    /// The branches of the text.
    Tree(Tree),
    /// Every command, by name.
    Palette(Palette),
    /// Several continuations of the text.
    Columns(Columns),
    /// The text goes on in a loop; drawing is paused.
    Loop(LoopFound),
    /// Any token of the vocabulary, and how likely it is to come next.
    Find(Find),
    /// How surprising the model finds the text.
    Score(ScoreTable),
}

impl Layer {
    /// Opens a layer; `None` if there is nothing for it to show, which has been said.
    pub(super) fn open(kind: Kind, cx: &mut Context) -> Option<Self> {
        Some(match kind {
            Kind::Help => Self::Help(Help::default()),
            Kind::Models => Self::Models(ModelList::default()),
            Kind::Inspector => Self::Inspector(Inspector::open(cx)?),
            Kind::Tree => Self::Tree(Tree::open(cx)),
            Kind::Palette => Self::Palette(Palette::default()),
            Kind::Compare => Self::Columns(Columns::open(cx, Purpose::Compare)?),
            Kind::Futures => Self::Columns(Columns::open(cx, Purpose::Futures)?),
            Kind::Find => Self::Find(Find::open(cx, "")),
            Kind::Score => Self::Score(ScoreTable::open(cx)?),
        })
    }

    /// Does a key; `action` is what the key means where the focus is.
    pub(super) fn key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        match self {
            Self::FirstRun(it) => it.key(cx, key),
            Self::Help(it) => it.key(cx, key, action),
            Self::Models(it) => it.key(cx, key, action),
            Self::Inspector(it) => it.key(cx, key),
            Self::Tree(it) => it.key(cx, key, action),
            Self::Palette(it) => it.key(cx, key, action),
            Self::Columns(it) => it.key(cx, key, action),
            Self::Loop(it) => it.key(cx, key),
            Self::Find(it) => it.key(cx, key, action),
            Self::Score(it) => it.key(cx, key, action),
        }
    }

    /// Takes pasted text, where something is written.
    pub(super) fn paste(&mut self, cx: &Context, text: &str) {
        match self {
            Self::FirstRun(it) => it.paste(text),
            Self::Help(it) => it.paste(text),
            Self::Models(it) => it.paste(text),
            Self::Palette(it) => it.paste(text),
            Self::Find(it) => it.paste(cx, text),
            Self::Inspector(_) | Self::Tree(_) | Self::Columns(_) | Self::Loop(_) | Self::Score(_) => {}
        }
    }

    /// How many arrow keys one step of the wheel stands for.
    pub(super) fn wheel(&self) -> usize {
        match self {
            Self::Help(_) => 3,
            // There the arrows change settings, or mean nothing.
            Self::Columns(it) if it.purpose == Purpose::Compare => 0,
            Self::Loop(_) | Self::FirstRun(_) => 0,
            Self::Models(_)
            | Self::Inspector(_)
            | Self::Tree(_)
            | Self::Palette(_)
            | Self::Columns(_)
            | Self::Find(_)
            | Self::Score(_) => 1,
        }
    }

    /// Which scores are wanted while the layer is open.
    pub(super) fn needs(&self) -> Needs {
        match self {
            Self::Inspector(_) => Inspector::NEEDS,
            Self::Score(_) => ScoreTable::NEEDS,
            Self::FirstRun(_)
            | Self::Help(_)
            | Self::Models(_)
            | Self::Tree(_)
            | Self::Palette(_)
            | Self::Columns(_)
            | Self::Loop(_)
            | Self::Find(_) => Needs::default(),
        }
    }

    /// Whether help can be asked for over the layer by this key, which would else be written there.
    pub(super) fn has_help(&self, key: &KeyEvent) -> bool {
        let writes = match self {
            Self::Help(_) | Self::FirstRun(_) => return false,
            Self::Palette(_) | Self::Find(_) => true,
            Self::Models(it) => it.path.is_some(),
            Self::Columns(it) => it.typing.is_some(),
            Self::Inspector(_) | Self::Tree(_) | Self::Loop(_) | Self::Score(_) => false,
        };
        !(writes && matches!(key.code, KeyCode::Char(_)))
    }

    /// Brings what is shown up to date with new scores or settings.
    pub(super) fn refresh(&mut self, cx: &Context) {
        if let Self::Find(it) = self {
            it.refresh(cx);
        }
    }

    fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        match self {
            Self::FirstRun(it) => it.draw(cx, theme, frame),
            Self::Help(it) => it.draw(cx, theme, frame),
            Self::Models(it) => it.draw(cx, theme, frame),
            Self::Inspector(it) => it.draw(cx, theme, frame),
            Self::Tree(it) => it.draw(cx, theme, frame),
            Self::Palette(it) => it.draw(cx, theme, frame),
            Self::Columns(it) => it.draw(cx, theme, frame),
            Self::Loop(it) => it.draw(cx, theme, frame),
            Self::Find(it) => it.draw(cx, theme, frame),
            Self::Score(it) => it.draw(cx, theme, frame),
        }
    }

    /// What opened over the text without being asked for, for those who read lines; `None` for what is told otherwise.
    pub(super) fn tell(&self, cx: &Context) -> Option<Vec<String>> {
        match self {
            Self::Models(_) => Some(models::tell(cx)),
            Self::Tree(_) => Some(tree::tell(cx)),
            Self::FirstRun(_)
            | Self::Help(_)
            | Self::Inspector(_)
            | Self::Palette(_)
            | Self::Columns(_)
            | Self::Loop(_)
            | Self::Find(_)
            | Self::Score(_) => None,
        }
    }
}

/// The layers over the text, one over the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layers {
    stack: Vec<Layer>,
}

impl Layers {
    /// The layer that has the keys.
    #[must_use]
    pub fn top(&self) -> Option<&Layer> {
        self.stack.last()
    }

    pub(super) fn top_mut(&mut self) -> Option<&mut Layer> {
        self.stack.last_mut()
    }

    /// Whether nothing lies over the text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    pub(super) fn push(&mut self, layer: Layer) {
        self.stack.push(layer);
    }

    pub(super) fn pop(&mut self) -> Option<Layer> {
        self.stack.pop()
    }

    pub(super) fn clear(&mut self) {
        self.stack.clear();
    }

    /// The columns, which go on also under the help.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        self.stack.iter().find_map(|it| if let Layer::Columns(it) = it { Some(it) } else { None })
    }

    pub(super) fn columns_mut(&mut self) -> Option<&mut Columns> {
        self.stack.iter_mut().find_map(|it| if let Layer::Columns(it) = it { Some(it) } else { None })
    }

    /// Whether columns are being drawn by this request.
    pub(super) fn await_columns(&self, id: RequestId) -> bool {
        self.columns().is_some_and(|it| it.request == Some(id))
    }

    /// Whether the question of the first run waits for its answer.
    #[must_use]
    pub fn is_first_run(&self) -> bool {
        matches!(self.top(), Some(Layer::FirstRun(_)))
    }

    /// Whether nothing of the main screen is seen.
    pub(super) fn cover_everything(&self) -> bool {
        self.is_first_run()
    }

    /// Which scores are wanted by any of them.
    pub(super) fn needs(&self) -> Needs {
        let either = |a: Needs, b: Needs| Needs {
            scores: a.scores || b.scores,
            rows: a.rows || b.rows,
            inspection: a.inspection || b.inspection,
        };
        self.stack.iter().map(Layer::needs).fold(Needs::default(), either)
    }

    /// Draws the top one; what it lies over was there before.
    pub(super) fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        if let Some(layer) = self.top() {
            layer.draw(cx, theme, frame);
        }
    }
}
