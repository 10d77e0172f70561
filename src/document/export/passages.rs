//! Tokens of a document in pieces that a browser may show by themselves.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use super::Exported;
use crate::document::NodeId;

/// Tokens that are shown as one: no character, and nothing that a reader sees as one, is torn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The tokens, as places among those that were given.
    pub(super) tokens: Range<usize>,
    pub(super) text: String,
}

/// The pieces of some tokens that follow each other. Marks of the end have no text.
pub(super) fn pieces(it: &Exported, nodes: &[NodeId]) -> Vec<Piece> {
    let bytes_of = |&id: &NodeId| {
        let node = it.document.node(id).filter(|_| !it.is_end(id));
        node.map(|node| it.vocabularies.bytes(id, node.token)).unwrap_or_default()
    };
    let tokens: Vec<Vec<u8>> = nodes.iter().map(bytes_of).collect();
    let all: Vec<u8> = tokens.concat();
    let mut out: Vec<Piece> = Vec::new();
    let (mut at, mut first, mut from) = (0, 0, 0);
    // Invalid bytes are shown as marks in any case, so borders beside them may be anywhere.
    let text = String::from_utf8_lossy(&all);
    let is_valid = text.len() == all.len();
    for (index, token) in tokens.iter().enumerate() {
        at += token.len();
        let is_border = index + 1 == tokens.len()
            || if is_valid {
                text.is_char_boundary(at)
                    && GraphemeCursor::new(at, text.len(), true).is_boundary(&text, 0).unwrap_or(true)
            } else {
                std::str::from_utf8(&all[from..at]).is_ok()
            };
        if is_border {
            let text = String::from_utf8_lossy(&all[from..at]).into_owned();
            out.push(Piece { tokens: first..index + 1, text });
            (first, from) = (index + 1, at);
        }
    }
    out
}
