//! The next token: what the model scores and what the settings make of it.

use std::sync::Arc;

use super::Text;
use crate::document::NodeId;
use crate::sample::{Context, Distribution, Picked, Row, Settings, StepTrace, die};

/// The model's scores of the token after a node.
///
/// While text streams, a node or two may have been appended since: the scores are still those after `after`.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The node that the token follows; `None` for the first token of a text.
    pub after: Option<NodeId>,
    /// (V,).
    pub logits: Arc<[f32]>,
    /// What the settings make of them; made by [`Text::prepare`](super::Text::prepare).
    pub table: Option<Table>,
}

/// What the samplers make of the scores of the next token.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// How many tokens have scores, V.
    pub scored: usize,
    /// The likeliest tokens, likeliest first.
    pub rows: Vec<Row>,
    /// How many tokens can still be drawn.
    pub kept: usize,
    /// Entropy by the model, in bits.
    pub model_entropy: f64,
    /// Entropy after the samplers, in bits.
    pub entropy: f64,
    /// What each step of the chain did.
    pub trace: Vec<StepTrace>,
    /// The die of the position, 0 to 1.
    pub die: f64,
    /// The token that the die picks.
    pub picked: Picked,
}

impl Table {
    /// What the settings make of scores, (V,), of the token after a context; `None` where no distribution can be made of
    /// them.
    pub(super) fn of(logits: &[f32], context: &Context, settings: &Settings) -> Option<Self> {
        /// More rows than any panel shows.
        const ROWS: usize = 48;
        let mut distribution = Distribution::explained(logits, context, settings).ok()?;
        let die = die(settings.seed, context.tokens.len() as u64);
        Some(Self {
            scored: logits.len(),
            die,
            picked: distribution.pick(die),
            rows: distribution.rows(logits, ROWS),
            kept: distribution.kept(),
            model_entropy: distribution.model_entropy,
            entropy: distribution.entropy(),
            trace: distribution.trace,
        })
    }
}

impl Next {
    /// Scores, (V,), of the token after a node, without a table yet.
    #[must_use]
    pub fn new(after: Option<NodeId>, logits: Arc<[f32]>) -> Self {
        Self { after, logits, table: None }
    }
}

impl Text {
    /// Whether the scores of the token after the last one are there.
    #[must_use]
    pub fn knows_next(&self) -> bool {
        self.next.as_ref().is_some_and(|it| it.after == self.document.tip())
    }

    /// What the settings make of the scores of the next token, as far as that is known.
    #[must_use]
    pub fn next_table(&self) -> Option<&Table> {
        self.next.as_ref()?.table.as_ref()
    }

    /// Applies the settings to the scores of the next token. What no distribution can be made of has no table.
    pub(super) fn shape_next(&mut self, settings: &Settings) {
        let Some(mut next) = self.next.take() else { return };
        let tokens = self.document.tokens();
        // Tokens may have been appended since the scores came.
        let at = self.document.path().iter().rposition(|&it| Some(it) == next.after).map_or(0, |it| it + 1);
        let context = self.context(&tokens[..at], at, &self.constraints);
        next.table = Table::of(&next.logits, &context, settings);
        self.next = Some(next);
    }
}
