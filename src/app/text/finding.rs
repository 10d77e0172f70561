//! Words in a document, on all its branches.

use crate::document::{Document, NodeId, Vocabularies};

/// A place where words were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The token in which they begin.
    pub node: NodeId,
    /// The number of the run of the tree that it is in, from 0.
    pub run: usize,
    /// Whether it is part of the text as it is.
    pub on_path: bool,
    /// What stands before them, they, and what stands behind, as written.
    pub piece: [String; 3],
}

/// Tokens before a run that are looked at with it: words may begin before a fork.
const BEFORE: usize = 32;
/// Characters before and behind what was found.
const LEFT: usize = 24;
const RIGHT: usize = 48;

/// A text with, for each byte, the token that it is of.
#[derive(Default)]
struct Spelled {
    bytes: Vec<u8>,
    of: Vec<NodeId>,
}

impl Spelled {
    fn push(&mut self, node: NodeId, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.of.extend(std::iter::repeat_n(node, bytes.len()));
    }
}

/// Where words stand as they are written, capitals apart: those in the text first, then those of other branches, `most` of them.
#[must_use]
pub fn find(document: &Document, vocabularies: &Vocabularies, words: &str, most: usize) -> Vec<Place> {
    let wanted: Vec<char> = words.chars().flat_map(char::to_lowercase).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, run) in document.runs().iter().enumerate() {
        let mut text = Spelled::default();
        let mut spell = |node: NodeId| {
            if let Some(it) = document.node(node) {
                text.push(node, &vocabularies.bytes(node, it.token));
            }
        };
        let mut before = nodes_before(document, run.nodes[0], BEFORE);
        before.reverse();
        before.into_iter().for_each(&mut spell);
        run.nodes.iter().copied().for_each(&mut spell);
        let first = text.of.iter().position(|it| *it == run.nodes[0]).unwrap_or(text.of.len());
        // What ends before the run was found in an earlier one.
        for (from, to) in places(&text.bytes, &wanted).into_iter().filter(|it| it.1 > first) {
            let piece = around(&text.bytes, from, to);
            found.push(Place { node: text.of[from], run: index, on_path: run.on_path, piece });
        }
    }
    found.sort_by_key(|it| !it.on_path);
    found.truncate(most);
    found
}

/// Some nodes before a node, the nearest first.
fn nodes_before(document: &Document, node: NodeId, most: usize) -> Vec<NodeId> {
    let parent = |id: NodeId| document.node(id)?.parent.filter(|&it| it < id);
    std::iter::successors(parent(node), |&it| parent(it)).take(most).collect()
}

/// Where characters stand, capitals apart: the first byte, and that behind the last.
fn places(bytes: &[u8], wanted: &[char]) -> Vec<(usize, usize)> {
    // Each small letter with the bytes of the character that it comes from.
    let mut letters: Vec<(char, usize, usize)> = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for (offset, it) in chunk.valid().char_indices() {
            let from = at + offset;
            letters.extend(it.to_lowercase().map(|low| (low, from, from + it.len_utf8())));
        }
        at += chunk.valid().len();
        for _ in chunk.invalid() {
            letters.push(('\u{fffd}', at, at + 1));
            at += 1;
        }
    }
    let fits = |window: &[(char, usize, usize)]| window.iter().map(|it| it.0).eq(wanted.iter().copied());
    let mut out: Vec<(usize, usize)> = Vec::new();
    for window in letters.windows(wanted.len()).filter(|it| fits(it)) {
        let (from, to) = (window[0].1, window[window.len() - 1].2);
        // Of places that overlap the first counts.
        if out.last().is_none_or(|it| from >= it.1) {
            out.push((from, to));
        }
    }
    out
}

fn around(bytes: &[u8], from: usize, to: usize) -> [String; 3] {
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let (left, right) = (text(&bytes[..from]), text(&bytes[to..]));
    let cut = left.char_indices().rev().nth(LEFT - 1).map_or(0, |it| it.0);
    let end = right.char_indices().nth(RIGHT).map_or(right.len(), |it| it.0);
    [left[cut..].to_owned(), text(&bytes[from..to]), right[..end].to_owned()]
}

#[cfg(test)]
mod tests;
