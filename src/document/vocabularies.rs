//! Which vocabulary each token of a document is of. A text may go on with another model; its tokens are then other words.

use std::sync::Arc;

use super::{Document, NodeId};
use crate::TokenId;
use crate::assets;
use crate::text::Vocabulary;

/// The vocabularies of a document's tokens, by the node from which on each holds.
#[derive(Clone, Debug, Default)]
pub struct Vocabularies {
    /// In the order of nodes.
    spans: Vec<(NodeId, Arc<Vocabulary>)>,
}

impl Vocabularies {
    /// One vocabulary for all of it.
    #[must_use]
    pub fn of(vocabulary: Arc<Vocabulary>) -> Self {
        Self { spans: vec![(0, vocabulary)] }
    }

    /// From this node on the tokens are of another vocabulary, or of the same.
    pub fn push(&mut self, from: NodeId, vocabulary: Arc<Vocabulary>) {
        self.spans.retain(|it| it.0 < from);
        self.spans.push((from, vocabulary));
    }

    /// The vocabulary of a node. Nodes before the first model have that of the first; without any model it is GPT-2's.
    #[must_use]
    pub fn at(&self, node: NodeId) -> Arc<Vocabulary> {
        let until = self.spans.partition_point(|it| it.0 <= node);
        let span = self.spans.get(until.saturating_sub(1)).or(self.spans.first());
        span.map_or_else(assets::vocabulary, |it| it.1.clone())
    }

    /// The vocabularies with the node from which on each holds, in the order of nodes.
    #[must_use]
    pub fn spans(&self) -> &[(NodeId, Arc<Vocabulary>)] {
        &self.spans
    }

    /// The vocabulary of the text as it is: that of its last token. `None` for an empty text.
    #[must_use]
    pub fn of_text(&self, document: &Document) -> Option<Arc<Vocabulary>> {
        document.tip().map(|it| self.at(it))
    }

    /// The bytes that a node's token stands for.
    #[must_use]
    pub fn bytes(&self, node: NodeId, token: TokenId) -> Vec<u8> {
        self.at(node).bytes(token).to_vec()
    }

    /// The text of some nodes, invalid bytes replaced.
    #[must_use]
    pub fn text(&self, document: &Document, nodes: &[NodeId]) -> String {
        let bytes = nodes.iter().filter_map(|&id| Some(self.bytes(id, document.node(id)?.token)));
        String::from_utf8_lossy(&bytes.flatten().collect::<Vec<u8>>()).into_owned()
    }
}
