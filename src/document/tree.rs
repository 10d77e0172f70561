//! The document as a tree: what follows a token besides the text, and the ways between.

use std::collections::HashMap;

use super::{Document, NodeId};

/// A run of tokens without a fork in it, as a tree view lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its tokens, in order; at least one.
    pub nodes: Vec<NodeId>,
    /// How many forks lie above it.
    pub depth: usize,
    /// Whether its first token is part of the text.
    pub on_path: bool,
}

impl Document {
    /// The tokens that follow a token in some branch, oldest first; those that begin the text for `None`.
    #[must_use]
    pub fn children(&self, parent: Option<NodeId>) -> Vec<NodeId> {
        let after = parent.map_or(0, |it| it + 1);
        (after..self.next_node()).filter(|&id| self.node(id).is_some_and(|it| it.parent == parent)).collect()
    }

    /// The alternatives at a position of the text, itself among them, oldest first.
    #[must_use]
    pub fn siblings(&self, position: usize) -> Vec<NodeId> {
        match self.at(position) {
            Some(node) => self.children(node.parent),
            None => Vec::new(),
        }
    }

    /// The position of the last fork of the text at or before a position.
    #[must_use]
    pub fn fork_before(&self, position: usize) -> Option<usize> {
        let counts = self.child_counts();
        let last = (position + 1).min(self.len());
        (0..last).rev().find(|&it| {
            let parent = it.checked_sub(1).map(|before| self.path()[before]);
            counts.get(&parent).is_some_and(|&count| count > 1)
        })
    }

    /// The end of the branch through a node: from each fork on the way it goes on with what was made last.
    #[must_use]
    pub fn newest_leaf(&self, node: NodeId) -> NodeId {
        let mut leaf = node;
        // A child is younger than its parent, so one pass upwards in age finds them all; of several the last counts.
        let mut newest: HashMap<NodeId, NodeId> = HashMap::new();
        for id in node..self.next_node() {
            if let Some(parent) = self.node(id).and_then(|it| it.parent) {
                newest.insert(parent, id);
            }
        }
        while let Some(&next) = newest.get(&leaf) {
            leaf = next;
        }
        leaf
    }

    /// All runs of the tree, each before what follows it.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let mut children: HashMap<Option<NodeId>, Vec<NodeId>> = HashMap::new();
        for id in 0..self.next_node() {
            if let Some(node) = self.node(id) {
                children.entry(node.parent).or_default().push(id);
            }
        }
        let on_path: std::collections::HashSet<NodeId> = self.path().iter().copied().collect();
        let below = |parent: Option<NodeId>| children.get(&parent).map_or(&[][..], Vec::as_slice);
        let mut runs = Vec::new();
        // Last in, first out; pushed in reverse so that the oldest branch is listed first.
        let mut waiting: Vec<(NodeId, usize)> = below(None).iter().rev().map(|&it| (it, 0)).collect();
        while let Some((first, depth)) = waiting.pop() {
            let mut nodes = vec![first];
            let mut next = below(Some(first));
            while let [only] = next {
                nodes.push(*only);
                next = below(Some(*only));
            }
            waiting.extend(next.iter().rev().map(|&it| (it, depth + 1)));
            runs.push(Run { nodes, depth, on_path: on_path.contains(&first) });
        }
        runs
    }

    fn child_counts(&self) -> HashMap<Option<NodeId>, usize> {
        let mut counts = HashMap::new();
        for id in 0..self.next_node() {
            if let Some(node) = self.node(id) {
                *counts.entry(node.parent).or_default() += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests;
