//! The model's scores that are kept, so that a token can be questioned after it was drawn.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::document::NodeId;
use crate::sample::Score;

/// The model's scores by the node that they follow, and what the model thought of the tokens that a person wrote.
///
/// A row of GPT-2's vocabulary is 201 kB, a full context 206 MB. The oldest go first; the model can be asked again.
#[derive(Clone, Debug, Default)]
pub struct LogitCache {
    kept: HashMap<NodeId, Arc<[f32]>>,
    order: VecDeque<NodeId>,
    scores: HashMap<NodeId, Score>,
}

impl LogitCache {
    /// How many are kept: those of GPT-2's context, and some of other branches.
    pub const MOST: usize = 1280;

    /// Keeps the scores, (V,), of what follows a node.
    pub fn put(&mut self, after: NodeId, logits: Arc<[f32]>) {
        if self.kept.insert(after, logits).is_none() {
            self.order.push_back(after);
        }
        if self.kept.len() > Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }

    /// The scores of what follows a node.
    #[must_use]
    pub fn after(&self, node: NodeId) -> Option<&Arc<[f32]>> {
        self.kept.get(&node)
    }

    /// Keeps what the model thought of a token that a person wrote.
    pub fn put_score(&mut self, of: NodeId, score: Score) {
        self.scores.insert(of, score);
    }

    /// What the model thought of a token that a person wrote.
    #[must_use]
    pub fn score(&self, of: NodeId) -> Option<Score> {
        self.scores.get(&of).copied()
    }
}

#[cfg(test)]
mod tests;
