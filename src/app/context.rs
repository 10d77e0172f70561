//! What everything on the screen works on: the text, the models, the settings, the outbox.
//!
//! The verbs change it, the layers are given it, the screen draws it. It knows none of them.

use std::collections::HashMap;

use super::drawing::Drawing;
use super::focus::Focus;
use super::input::Input;
use super::keymap::{Action, Keymap};
use super::messages::words::Word;
use super::models::Models;
use super::outbox::Outbox;
use super::text::{Text, Wanted};
use super::tour::Walk;
use crate::appearance::Appearance;
use crate::document::{NodeId, Record};
use crate::engine::protocol::ModelCard;
use crate::model::window_start;
use crate::sample::Settings;

/// The sampling panel.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Whether the panel is shown where there is room for it beside the text.
    pub is_shown: bool,
    /// The control under the panel's cursor, an index of [`KNOBS`](super::KNOBS).
    pub knob: usize,
    /// The value being typed for that control.
    pub typing: Option<Input>,
    /// What had the focus before the panel took the place of the text.
    pub(super) came_from: Focus,
}

/// The terminal.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Colours, characters and borders.
    pub appearance: Appearance,
    /// Whether the terminal was asked to report the mouse.
    pub mouse: bool,
}

/// Whether everything written is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Saved {
    /// Nothing is written yet, or nothing is to be.
    #[default]
    Nothing,
    /// All of it is, in a file of the transcript's name.
    Yes,
    /// The newest of it is on its way.
    Soon,
    /// It is not, for this reason.
    No(String),
}

/// A transcript on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The name of its file, without the ending.
    pub(super) id: String,
    /// Words that are looked for in it.
    pub(super) words: String,
}

/// Where a reader was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The position of the token under the cursor.
    pub(super) cursor: usize,
}

/// What is written down of the session.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The directory of the transcripts, to be shown.
    pub place: String,
    /// Whether everything written is on the disk.
    pub saved: Saved,
    /// The name of the transcript, once it has a file.
    pub id: Option<String>,
    /// A transcript of the library that is being opened in the place of this one.
    pub(super) opening: Option<Opening>,
    /// Transcripts that were removed since the program began, the last one last.
    pub(super) removed: Vec<String>,
    /// Where the reader was in transcripts that were open before.
    pub(super) seen: HashMap<String, Seen>,
    /// The settings that the journal knows of.
    pub(super) settings: Option<Settings>,
    /// The model that the journal knows of.
    pub(super) model: Option<Record>,
}

/// Which scores the screen wants besides those of the next token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The score of every token in the model's sight.
    pub scores: bool,
    /// The whole row, (V,), before every token in the model's sight; counts only with `scores`.
    pub rows: bool,
    /// What is to be derived from them.
    pub wanted: Wanted,
}

/// What lies over the text, as far as the text has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cover {
    /// Whether anything does.
    pub(super) is_there: bool,
    /// The scores that it wants.
    pub(super) needs: Needs,
    /// Whether it looks at the text: the keys are then those of the text.
    pub(super) looks: bool,
    /// The short words in it.
    pub(super) words: &'static [Word],
    /// Whether it is to be closed: the text goes on elsewhere.
    pub(super) closes: bool,
}

/// What is in the user's editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edited {
    /// The input.
    Input,
    /// The text after a node.
    Text {
        /// The node.
        parent: Option<NodeId>,
        /// The text after it, as it was given to the editor.
        before: String,
    },
}

/// The text was cut so that what is written next goes there: [`Action::EditFromHere`], [`Action::TypeHere`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewriting {
    /// The end of the text before.
    pub(super) back: Option<NodeId>,
    /// Its end now; at another one nothing is being rewritten any more.
    pub(super) at: Option<NodeId>,
    /// What was put into the input.
    pub(super) put: String,
}

/// What the verbs change and the layers are given.
#[derive(Debug)]
pub struct Context {
    /// The document and what is derived from it.
    pub text: Text,
    /// The models.
    pub models: Models,
    /// How tokens are drawn.
    pub settings: Settings,
    /// Effects and notices.
    pub outbox: Outbox,
    /// What the engine does for the text.
    pub drawing: Drawing,
    /// The input.
    pub input: Input,
    /// What has the focus, as soon as no layer looks at the text. `verbs::focus` moves it.
    pub focus: Focus,
    /// The sampling panel.
    pub panel: Panel,
    /// Whether the chat template wraps what is sent.
    pub chat: bool,
    /// What is written down.
    pub journal: Journal,
    /// The terminal.
    pub window: Window,
    /// Which key does what.
    pub keymap: Keymap,
    /// What lies over the text.
    pub(super) cover: Cover,
    /// What is in the user's editor.
    pub(super) edited: Option<Edited>,
    /// What is being rewritten in the input.
    pub(super) rewriting: Option<Rewriting>,
    /// The tour that somebody is on.
    pub tour: Option<Walk>,
}

impl Context {
    /// The loaded model.
    #[must_use]
    pub fn card(&self) -> Option<&ModelCard> {
        self.models.card().map(|it| &**it)
    }

    /// How many tokens at the beginning the model does not see any more.
    #[must_use]
    pub fn out_of_sight(&self) -> usize {
        self.card().map_or(0, |it| window_start(self.text.document.len(), it.n_positions))
    }

    /// The scores that are wanted by what lies over the text and by the heat-map.
    #[must_use]
    pub fn needs(&self) -> Needs {
        use super::text::Heat;
        let cover = if self.cover.closes { Needs::default() } else { self.cover.needs };
        Needs {
            scores: cover.scores || self.text.heat != Heat::Off,
            rows: cover.rows || matches!(self.text.heat, Heat::Cut | Heat::Varentropy),
            ..cover
        }
    }

    /// The first position whose scores are wanted and not there, but could be had.
    #[must_use]
    pub fn first_unknown(&self) -> Option<usize> {
        let needs = self.needs();
        if !needs.scores {
            return None;
        }
        let (text, first) = (&self.text, self.out_of_sight() + 1);
        (first..text.document.len()).find(|&position| {
            let before = text.document.path()[position - 1];
            text.score(position).is_none() || (needs.rows && text.logits.after(before).is_none())
        })
    }

    /// Closes what lies over the text, as soon as the key has been done: the text goes on elsewhere.
    pub(super) fn uncover(&mut self) {
        self.cover.closes = self.cover.is_there;
    }

    /// Whether something lies over the text.
    #[must_use]
    pub(super) fn is_covered(&self) -> bool {
        self.cover.is_there && !self.cover.closes
    }

    /// Whether a layer looks at the text, so that the keys are those of the text whatever has the focus.
    #[must_use]
    pub(super) fn is_looked_at(&self) -> bool {
        self.cover.looks && !self.cover.closes
    }

    /// Where the keys go now. A layer that looks at the text has them go there as long as it is open.
    #[must_use]
    pub fn in_focus(&self) -> Focus {
        if self.is_looked_at() { Focus::Text } else { self.focus }
    }

    /// The key of an action, as people write it.
    #[must_use]
    pub fn key_of(&self, action: Action) -> String {
        self.keymap.name_of(action)
    }

    /// The key of an action where something has the focus, as short as can be.
    #[must_use]
    pub fn key_in(&self, focus: Focus, action: Action) -> String {
        self.keymap.short(focus, action).unwrap_or_else(|| self.key_of(action))
    }
}
