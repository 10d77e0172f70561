//! The text as a tree of tokens, with what was known when each was drawn, and its journal.
//!
//! There is one way to change a [`Document`]: apply a [`Record`]. The interface applies it and hands the same record to the
//! journal, so that a transcript read back is the document that was on the screen, by construction.

mod export;
mod import;
mod journal;
mod loops;
mod reader;
mod replay_plan;
mod tree;
mod undo;
mod vocabularies;

pub use export::{Exported, SCHEMA};
pub use import::{ImportError, Imported, ImportedNode, import_loom, import_text};
pub use journal::{Header, Record, encode_line};
pub use loops::Loop;
pub use reader::{Faults, Journal, JournalError, read_journal};
pub use replay_plan::{ReplayPlan, ReplayStep, RunInfo, replay_plan};
pub use tree::Run;
pub use undo::UndoState;
pub use vocabularies::Vocabularies;

use std::collections::BTreeMap;

use undo::UndoStack;

use crate::TokenId;
use crate::sample::{Draw, Settings};

/// A place in the tree, numbered in the order of creation.
pub type NodeId = u32;

/// Where a token came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A person wrote it.
    Typed,
    /// A person chose it among the candidates, as it is.
    Chosen,
    /// The model drew it.
    Drawn(Box<Draw>),
}

impl Origin {
    /// The origin in a word, as tables and exports show it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Chosen => "chosen",
            Self::Drawn(_) => "drawn",
        }
    }
}

/// One token of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The id in the vocabulary that the node was written in.
    pub token: TokenId,
    /// The token before it, if any.
    pub parent: Option<NodeId>,
    /// Where it came from.
    pub origin: Origin,
}

/// A tree of tokens and the path through it that is the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// A node is missing only where the journal lost the line that made it.
    nodes: Vec<Option<Node>>,
    path: Vec<NodeId>,
    /// The settings and the node they hold from, oldest first.
    settings: Vec<(NodeId, Settings)>,
    /// With their names, which may be empty.
    bookmarks: BTreeMap<NodeId, String>,
    title: String,
    tags: Vec<String>,
    undo: UndoStack,
}

/// A run of tokens of one kind along the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first position of the path.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Whether the model drew it.
    pub drawn: bool,
}

impl Document {
    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.path.is_empty()
    }

    /// The number of tokens of the text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.path.len()
    }

    /// The number the next new node will have.
    #[must_use]
    pub fn next_node(&self) -> NodeId {
        self.nodes.len() as NodeId
    }

    /// The nodes of the text, in order.
    #[must_use]
    pub fn path(&self) -> &[NodeId] {
        &self.path
    }

    /// The last node of the text.
    #[must_use]
    pub fn tip(&self) -> Option<NodeId> {
        self.path.last().copied()
    }

    /// A node, unless the journal lost it.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)?.as_ref()
    }

    /// The node at a position of the text.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<&Node> {
        self.node(*self.path.get(position)?)
    }

    /// The tokens of the text.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        self.path.iter().filter_map(|&id| Some(self.node(id)?.token)).collect()
    }

    /// The tokens from the beginning to a node, itself included.
    #[must_use]
    pub fn tokens_to(&self, node: Option<NodeId>) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        let mut next = node;
        while let Some(it) = next.and_then(|id| self.node(id)) {
            tokens.push(it.token);
            // A parent is always older than its child, so this ends.
            next = it.parent.filter(|&parent| next.is_some_and(|id| parent < id));
        }
        tokens.reverse();
        tokens
    }

    /// How many tokens of the text the model drew.
    #[must_use]
    pub fn drawn(&self) -> usize {
        self.path.iter().filter(|&&id| self.is_drawn(id)).count()
    }

    /// The settings in force, if any were recorded.
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.last().map(|it| &it.1)
    }

    /// Every change of settings with the node from which on it holds, oldest first.
    #[must_use]
    pub fn settings_history(&self) -> &[(NodeId, Settings)] {
        &self.settings
    }

    /// The settings a node was drawn under, if any were recorded before it.
    #[must_use]
    pub fn settings_at(&self, node: NodeId) -> Option<&Settings> {
        let until = self.settings.partition_point(|it| it.0 <= node);
        self.settings[..until].last().map(|it| &it.1)
    }

    /// Whether a person wrote the last token.
    #[must_use]
    pub fn last_is_typed(&self) -> bool {
        self.tip().and_then(|it| self.node(it)).is_some_and(|it| it.origin == Origin::Typed)
    }

    /// Mirostat's limit for the token at a position, in bits, as the draw before left it.
    #[must_use]
    pub fn mu(&self, position: usize) -> Option<f32> {
        match &self.at(position.checked_sub(1)?)?.origin {
            Origin::Drawn(draw) => draw.mu,
            Origin::Typed | Origin::Chosen => None,
        }
    }

    /// The settings before and from a position of the text on, if they changed there.
    #[must_use]
    pub fn change_at(&self, position: usize) -> Option<(&Settings, &Settings)> {
        let before = self.settings_at(*self.path.get(position.checked_sub(1)?)?)?;
        let after = self.settings_at(*self.path.get(position)?)?;
        (before != after).then_some((before, after))
    }

    /// Whether a node carries a bookmark.
    #[must_use]
    pub fn is_bookmarked(&self, node: NodeId) -> bool {
        self.bookmarks.contains_key(&node)
    }

    /// The nodes that carry a bookmark, oldest first.
    pub fn bookmarks(&self) -> impl Iterator<Item = NodeId> {
        self.bookmarks.keys().copied()
    }

    /// What the bookmark of a node is called, if it has one with a name.
    #[must_use]
    pub fn bookmark_name(&self, node: NodeId) -> Option<&str> {
        self.bookmarks.get(&node).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// What the transcript is called, if it was given a title.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        Some(&*self.title).filter(|it| !it.is_empty())
    }

    /// Under which words the transcript is filed.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The runs of typed and drawn tokens along the text.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        for (position, &id) in self.path.iter().enumerate() {
            let drawn = self.is_drawn(id);
            match segments.last_mut() {
                Some(last) if last.drawn == drawn => last.end = position + 1,
                _ => segments.push(Segment { start: position, end: position + 1, drawn }),
            }
        }
        segments
    }

    /// Makes a change.
    ///
    /// A record that points nowhere, which only a damaged journal can hold, attaches to what there is.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Typed { first, parent, tokens, chosen } => {
                let origin = || if *chosen { Origin::Chosen } else { Origin::Typed };
                self.grow(*first, *parent, tokens.iter().map(|&token| (token, origin())));
            }
            Record::Drawn { first, parent, draws, .. } => {
                let drawn = draws.iter().map(|it| (it.token, Origin::Drawn(Box::new(it.clone()))));
                self.grow(*first, *parent, drawn);
            }
            Record::Tip { node } => self.go_to(*node),
            Record::Settings { settings } => {
                let from = self.next_node();
                match self.settings.last_mut() {
                    // Nothing was drawn under the settings before: they never mattered.
                    Some(last) if last.0 == from => last.1 = settings.clone(),
                    _ => self.settings.push((from, settings.clone())),
                }
            }
            Record::Bookmark { node, on: true, name } => _ = self.bookmarks.insert(*node, name.clone()),
            Record::Bookmark { node, on: false, .. } => _ = self.bookmarks.remove(node),
            Record::Title { title } => self.title.clone_from(title),
            Record::Tags { tags } => self.tags.clone_from(tags),
            Record::Deed => {
                let state = self.undo_state();
                self.undo.begin(state);
            }
            Record::Undo { node } => {
                let state = self.undo_state();
                self.undo.undo(state);
                self.go_to(*node);
            }
            Record::Redo { node } => {
                let state = self.undo_state();
                self.undo.redo(state);
                self.go_to(*node);
            }
            Record::Header(_)
            | Record::Model { .. }
            | Record::Words { .. }
            | Record::Opened { .. }
            | Record::Read
            | Record::Stopped { .. } => {}
        }
    }

    fn grow(&mut self, first: NodeId, parent: Option<NodeId>, tokens: impl Iterator<Item = (TokenId, Origin)>) {
        if parent != self.tip() {
            self.go_to(parent);
        }
        // Numbers in between belonged to lines the journal lost. A number far ahead is damage, not a gap.
        let gap = (first as usize).saturating_sub(self.nodes.len());
        if gap <= reader::WIDEST_GAP {
            self.nodes.resize_with(self.nodes.len() + gap, || None);
        }
        for (token, origin) in tokens {
            let id = self.next_node();
            let parent = self.tip();
            self.nodes.push(Some(Node { token, parent, origin }));
            self.path.push(id);
        }
    }

    fn go_to(&mut self, node: Option<NodeId>) {
        if let Some(id) = node
            && let Some(position) = self.path.iter().rposition(|&it| it == id)
        {
            self.path.truncate(position + 1);
            return;
        }
        self.path.clear();
        let mut next = node;
        // A parent is always older than its child, so this ends.
        while let Some(id) = next {
            match self.node(id) {
                Some(node) => {
                    next = node.parent.filter(|&parent| parent < id);
                    self.path.push(id);
                }
                // Of a lost line; what stood before it is most likely what was written last before it.
                None => next = id.checked_sub(1),
            }
        }
        self.path.reverse();
    }

    /// Whether the model drew a node.
    #[must_use]
    pub fn is_drawn(&self, id: NodeId) -> bool {
        matches!(self.node(id), Some(Node { origin: Origin::Drawn(_), .. }))
    }
}

#[cfg(test)]
mod tests;
