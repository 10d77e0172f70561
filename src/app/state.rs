//! The application: what everything works on, and what lies over it.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::context::{Context, Cover, Needs};
use super::keymap::Key;
use super::layers::answer::Kind;
use super::layers::{Layer, Layers};
use super::layout::layout;
use super::verbs::ask;

/// What the button of the mouse was pressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Press {
    /// The position of the token.
    pub(super) token: usize,
    /// Whether the cursor was on it already.
    pub(super) was_cursor: bool,
    /// Whether the pointer has left it since.
    pub(super) dragged: bool,
}

/// What was pressed or pasted for something that is on its way.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Key(KeyEvent),
    Paste(String),
}

/// Keys and buttons that wait for another, or for an answer.
#[derive(Clone, Debug, Default)]
pub struct Keyboard {
    /// The first key of two, while the second is awaited.
    pub prefix: Option<Key>,
    /// Until when a second Ctrl-C quits, in time since the start.
    pub quit_armed: Option<Duration>,
    /// What the button of the mouse was pressed on.
    pub(super) pressed: Option<Press>,
    /// What waits for an answer, in its order.
    pub(super) held: Vec<Held>,
}

/// Everything the application knows.
#[derive(Debug)]
pub struct App {
    /// The text, the models, the settings, the outbox.
    pub context: Context,
    /// What lies over the text.
    pub layers: Layers,
    /// Keys and buttons that wait for another.
    pub keyboard: Keyboard,
}

impl App {
    /// Brings what is drawn up to date with the scores and settings. No model runs; cheap if nothing changed.
    ///
    /// To be called once before a frame, and not for every token: many tokens may come between two frames. Says whether
    /// something is left for the next frame.
    pub fn prepare(&mut self) -> bool {
        let height = layout(&self.context).text.height as usize;
        let Context { text, settings, cover, .. } = &mut self.context;
        let prepared = text.prepare(settings, cover.needs.wanted, height);
        if let (true, Some(layer)) = (prepared.is_new, self.layers.top_mut()) {
            layer.room_mut().refresh(&self.context);
        }
        prepared.is_unfinished
    }

    /// Opens a layer over what is there, if it has anything to show, and asks for the scores that it wants.
    pub(super) fn open(&mut self, kind: Kind) {
        if let Some(layer) = Layer::open(kind, &mut self.context) {
            self.lay(layer);
        }
    }

    /// Lays a layer over what is there, and asks for the scores that it wants.
    pub fn lay(&mut self, layer: Layer) {
        let needs = layer.room().needs();
        self.layers.push(layer);
        self.covered(needs);
    }

    /// Lays a layer that nobody asked for over what is there. Whoever is about to write closes it by that.
    pub(super) fn interject(&mut self, layer: Layer) {
        let needs = layer.room().needs();
        self.layers.interject(layer);
        self.covered(needs);
    }

    fn covered(&mut self, needs: Needs) {
        self.cover();
        if needs.scores {
            ask::prompt_logprobs(&mut self.context);
        }
    }

    /// Takes away all that lies over the text.
    pub fn clear(&mut self) {
        self.layers.clear();
        self.cover();
    }

    /// Takes away what a verb wanted closed, and tells the text what lies over it.
    pub(super) fn cover(&mut self) {
        if self.context.cover.closes {
            self.layers.clear();
        }
        let layers = &self.layers;
        let (is_there, needs, looks) = (!layers.is_empty(), layers.needs(), layers.look_at_the_text());
        self.context.cover = Cover { is_there, needs, looks, words: layers.words(), closes: false };
    }
}
