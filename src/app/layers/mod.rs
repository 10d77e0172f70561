//! What lies over the text: a room for each layer, its faces together.
//!
//! A layer is given the [`Context`] and answers with an [`Answer`](answer::Answer); it knows neither the application nor another layer.

pub mod answer;
pub mod ask;
pub mod columns;
pub mod find;
pub mod first_run;
pub mod help;
pub mod inspector;
pub mod library;
mod list;
pub mod loops;
pub mod models;
pub mod palette;
pub(super) mod room;
pub mod score;
pub mod text_find;
pub mod tree;

use std::mem::{Discriminant, discriminant};

use answer::Kind;
use ask::Ask;
use columns::{Columns, Purpose};
use find::Find;
use first_run::FirstRun;
use help::Help;
use inspector::{DICE, Inspector};
use library::LibraryList;
use loops::LoopFound;
use models::ModelList;
use palette::Palette;
use ratatui::Frame;
use room::Room;
use score::ScoreTable;
use text_find::TextFind;
use tree::Tree;

use crate::app::context::{Context, Needs};
use crate::app::messages::words::Word;
use crate::app::screen::theme::Theme;
use crate::app::text::Wanted;
use crate::engine::protocol::RequestId;

/// Makes the enum of layers, and hands what is asked of a layer to its room.
macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident($room:ty),)*) => {
        /// Something that lies over the text.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Layer {
            $($(#[$doc])* $name($room),)*
        }

        impl Layer {
            pub(super) fn room(&self) -> &dyn Room {
                match self { $(Self::$name(it) => it,)* }
            }

            pub(super) fn room_mut(&mut self) -> &mut dyn Room {
                match self { $(Self::$name(it) => it,)* }
            }
        }
    };
}

layers! {
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
    /// Every text.
    Library(LibraryList),
    /// Words in the text.
    TextFind(TextFind),
    /// A question that is answered with a few words.
    Ask(Ask),
}

impl Layer {
    /// Opens a layer; `None` if there is nothing for it to show, which has been said.
    pub(super) fn open(kind: Kind, cx: &mut Context) -> Option<Self> {
        Some(match kind {
            Kind::Help => Self::Help(Help::default()),
            Kind::Models => Self::Models(ModelList::default()),
            Kind::Inspector => Self::Inspector(Inspector::open(cx)?),
            Kind::Dice => Self::Inspector(Inspector { dice: DICE[0], ..Inspector::open(cx)? }),
            Kind::Tree => Self::Tree(Tree::open(cx)),
            Kind::Palette => Self::Palette(Palette::default()),
            Kind::Compare => Self::Columns(Columns::open(cx, Purpose::Compare)?),
            Kind::Futures => Self::Columns(Columns::open(cx, Purpose::Futures)?),
            Kind::Find => Self::Find(Find::open(cx, "")),
            Kind::Score => Self::Score(ScoreTable::open(cx)?),
            Kind::Library => Self::Library(LibraryList::open(cx, "")),
            Kind::TextFind => Self::TextFind(TextFind::open(cx, "")),
            Kind::Ask(question) => Self::Ask(Ask::open(cx, question)?),
        })
    }
}

/// The layers over the text, one over the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layers {
    stack: Vec<Layer>,
    /// The kind of the layer that opened by itself, while somebody may be about to write.
    unasked: Option<Discriminant<Layer>>,
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

    /// Lays a layer over what is there. Of each kind there is one: it takes the place of an earlier one.
    pub(super) fn push(&mut self, layer: Layer) {
        let kind = discriminant(&layer);
        self.stack.retain(|it| discriminant(it) != kind);
        self.stack.push(layer);
        self.unasked.take_if(|it| *it == kind);
    }

    /// The same for a layer that nobody asked for.
    pub(super) fn interject(&mut self, layer: Layer) {
        let kind = discriminant(&layer);
        self.push(layer);
        self.unasked = Some(kind);
    }

    /// Whether the layer that has the keys came unasked.
    pub(super) fn is_unasked(&self) -> bool {
        self.unasked.is_some() && self.unasked == self.top().map(discriminant)
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

    /// The library, also under the help.
    #[must_use]
    pub fn library(&self) -> Option<&LibraryList> {
        self.stack.iter().find_map(|it| if let Layer::Library(it) = it { Some(it) } else { None })
    }

    pub(super) fn library_mut(&mut self) -> Option<&mut LibraryList> {
        self.stack.iter_mut().find_map(|it| if let Layer::Library(it) = it { Some(it) } else { None })
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
            wanted: Wanted {
                inspection: a.wanted.inspection.or(b.wanted.inspection),
                dice: a.wanted.dice.max(b.wanted.dice),
                measures: a.wanted.measures || b.wanted.measures,
            },
        };
        self.stack.iter().map(|it| it.room().needs()).fold(Needs::default(), either)
    }

    /// Whether one of them looks at the text.
    pub(super) fn look_at_the_text(&self) -> bool {
        self.stack.iter().any(|it| it.room().looks_at_the_text())
    }

    /// The short words of what the help lies over, or else of the top one.
    pub(super) fn words(&self) -> &'static [Word] {
        self.stack.iter().rev().map(|it| it.room().words()).find(|it| !it.is_empty()).unwrap_or_default()
    }

    /// Draws the top one; what it lies over was there before.
    pub(super) fn draw(&self, cx: &Context, theme: &Theme, frame: &mut Frame) {
        if let Some(layer) = self.top() {
            layer.room().draw(cx, theme, frame);
        }
    }
}
