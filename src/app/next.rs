//! The next token: what the model scores and what the settings make of it.

use std::sync::Arc;

use super::state::App;
use crate::sample::{Distribution, Picked, Row, StepTrace, die};

/// The model's scores of the next token and what the settings make of them.
#[derive(Clone, Debug)]
pub struct Next {
    /// (V,).
    pub logits: Arc<[f32]>,
    /// The table to show, likeliest first.
    pub rows: Vec<Row>,
    /// How many tokens can still be drawn.
    pub kept: usize,
    /// Entropy by the model, in bits.
    pub model_entropy: f64,
    /// Entropy after the samplers, in bits.
    pub entropy: f64,
    /// What each step of the chain did.
    pub trace: Vec<StepTrace>,
    /// The die of the position, and what it picks.
    pub throw: Option<(f64, Picked)>,
}

impl App {
    /// Applies the settings of now to the scores.
    pub(super) fn reshape(&mut self) {
        /// More rows than any panel shows.
        const ROWS: usize = 48;
        let Some(mut next) = self.next.take() else { return };
        let tokens = self.document.tokens();
        let position = tokens.len();
        let context = self.context(&tokens, position, &self.words);
        let Ok(mut distribution) = Distribution::explained(&next.logits, &context, &self.settings) else {
            self.next = Some(next);
            return;
        };
        let coin = die(self.settings.seed, position as u64);
        next.throw = Some((coin, distribution.pick(coin)));
        next.rows = distribution.rows(&next.logits, ROWS);
        next.kept = distribution.kept();
        next.model_entropy = distribution.model_entropy;
        next.entropy = distribution.entropy();
        next.trace = distribution.trace;
        self.next = Some(next);
    }
}
