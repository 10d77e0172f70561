//! The values a pickle stream leaves behind, and ways to look at them.
//!
//! Values live in one list and refer to each other by number. Sharing and even cycles cost
//! nothing, and dropping a deep tree needs no recursion.

use std::fmt::Write as _;
use std::iter::Copied;
use std::ops::{Deref, Index, IndexMut};
use std::slice;

/// The number of a value in its [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) u32);

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A larger integer: two's complement, least significant byte first.
    BigInt(Box<[u8]>),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// Bytes. Python 2 wrote its texts so, too.
    Bytes(Box<[u8]>),
    /// A list.
    List(Vec<NodeId>),
    /// A tuple.
    Tuple(Box<[NodeId]>),
    /// A set, or one that cannot change.
    Set(Vec<NodeId>),
    /// A dictionary, in order of insertion; a repeated key is kept.
    Dict(Vec<(NodeId, NodeId)>),
    /// The name of a class or function, never looked up.
    Global(Box<(String, String)>),
    /// A call that the stream asked for and that was not made.
    Call(Box<Call>),
    /// A reference to something kept beside the stream: a storage.
    Persistent(NodeId),
}

/// A call that was asked for, with everything that was done to its result afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What to call, usually a [`Node::Global`].
    pub callee: NodeId,
    /// The arguments in order.
    pub arguments: Vec<NodeId>,
    /// The state that was to be attached to the result.
    pub state: Option<NodeId>,
    /// The items that were to be set in the result, as in a dictionary. Those of an `OrderedDict`
    /// that was to be made from a list of pairs, as Python 2 writes it, are the first of them.
    pub items: Vec<(NodeId, NodeId)>,
    /// The items that were to be appended to the result, as to a list.
    pub appended: Vec<NodeId>,
}

impl Node {
    /// What kind of value this is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::BigInt(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Set(_) => "a set",
            Self::Dict(_) => "a dictionary",
            Self::Global(_) => "a global name",
            Self::Call(_) => "a call",
            Self::Persistent(_) => "a storage",
        }
    }

    /// Bytes that it keeps beside itself, as it is made.
    pub(super) fn heap(&self) -> usize {
        const ID: usize = size_of::<NodeId>();
        match self {
            Self::None | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Persistent(_) => 0,
            Self::BigInt(bytes) | Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
            Self::List(items) | Self::Set(items) => items.capacity() * ID,
            Self::Tuple(items) => items.len() * ID,
            Self::Dict(items) => items.capacity() * 2 * ID,
            Self::Global(names) => size_of::<(String, String)>() + names.0.capacity() + names.1.capacity(),
            Self::Call(call) => size_of::<Call>() + call.arguments.capacity() * ID + call.items.capacity() * 2 * ID,
        }
    }
}

/// Values by their numbers, in blocks that stay where they are: a list that grows in one piece
/// holds its old and its new place at the same time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Arena {
    blocks: Vec<Vec<Node>>,
}

impl Arena {
    const BLOCK: usize = 1_024;

    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * Self::BLOCK + last.len())
    }

    /// Adds a value; the caller has made sure that its number fits.
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.len() as u32);
        match self.blocks.last_mut() {
            Some(last) if last.len() < Self::BLOCK => last.push(node),
            // Most streams are short: the first block grows as it is needed.
            None => self.blocks.push(vec![node]),
            Some(_) => {
                let mut block = Vec::with_capacity(Self::BLOCK);
                block.push(node);
                self.blocks.push(block);
            }
        }
        id
    }

    fn iter(&self) -> impl Iterator<Item = &Node> {
        self.blocks.iter().flatten()
    }
}

impl Index<NodeId> for Arena {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        let index = id.0 as usize;
        &self.blocks[index / Self::BLOCK][index % Self::BLOCK]
    }
}

impl IndexMut<NodeId> for Arena {
    fn index_mut(&mut self, id: NodeId) -> &mut Node {
        let index = id.0 as usize;
        &mut self.blocks[index / Self::BLOCK][index % Self::BLOCK]
    }
}

/// The items of a dictionary in order of insertion; a repeated key comes again.
///
/// It only looks: a dictionary that stands in a thousand places is not copied a thousand times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Items<'a>(&'a [(NodeId, NodeId)]);

impl Deref for Items<'_> {
    type Target = [(NodeId, NodeId)];

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl<'a> IntoIterator for Items<'a> {
    type Item = (NodeId, NodeId);
    type IntoIter = Copied<slice::Iter<'a, (NodeId, NodeId)>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

/// All values of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Pickle {
    pub(super) nodes: Arena,
    pub(super) root: NodeId,
}

impl Pickle {
    /// In a dictionary of more entries [`Self::get`] does not look.
    pub(crate) const MOST_ENTRIES: usize = 4_096;

    /// The value the stream stands for.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The value with this number, which must come from this pickle.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// Every value in the order it was made, reachable from the root or not.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// Text, also where Python 2 wrote it as bytes.
    #[must_use]
    pub fn text(&self, id: NodeId) -> Option<&str> {
        if let Node::Text(text) = self.node(id) {
            Some(text)
        } else if let Node::Bytes(bytes) = self.node(id) {
            std::str::from_utf8(bytes).ok()
        } else {
            None
        }
    }

    /// An integer, also where a truth value stands for one.
    #[must_use]
    pub fn integer(&self, id: NodeId) -> Option<i64> {
        if let Node::Int(number) = self.node(id) { Some(*number) } else { self.truth(id).map(i64::from) }
    }

    /// A number of either kind.
    #[must_use]
    pub fn float(&self, id: NodeId) -> Option<f64> {
        if let Node::Float(number) = self.node(id) {
            Some(*number)
        } else if let Node::Int(number) = self.node(id) {
            Some(*number as f64)
        } else {
            None
        }
    }

    /// A truth value.
    #[must_use]
    pub fn truth(&self, id: NodeId) -> Option<bool> {
        if let Node::Bool(truth) = self.node(id) { Some(*truth) } else { None }
    }

    /// The items of a tuple, of a list, or of the `torch.Size` made from one.
    #[must_use]
    pub fn sequence(&self, id: NodeId) -> Option<&[NodeId]> {
        let inner = match self.call(id) {
            Some(("torch", "Size", call)) => *call.arguments.first()?,
            _ => id,
        };
        if let Node::Tuple(items) = self.node(inner) {
            Some(items)
        } else if let Node::List(items) = self.node(inner) {
            Some(items)
        } else {
            None
        }
    }

    /// Module and name of a global.
    #[must_use]
    pub fn global(&self, id: NodeId) -> Option<(&str, &str)> {
        if let Node::Global(global) = self.node(id) { Some((&global.0, &global.1)) } else { None }
    }

    /// A call, with module and name of what it calls.
    #[must_use]
    pub fn call(&self, id: NodeId) -> Option<(&str, &str, &Call)> {
        if let Node::Call(call) = self.node(id) {
            let (module, name) = self.global(call.callee)?;
            Some((module, name, call))
        } else {
            None
        }
    }

    /// The items of a dictionary, plain or one of `collections`.
    #[must_use]
    pub fn items(&self, id: NodeId) -> Option<Items<'_>> {
        if let Node::Dict(items) = self.node(id) {
            return Some(Items(items));
        }
        let ("collections", "OrderedDict" | "defaultdict", call) = self.call(id)? else {
            return None;
        };
        Some(Items(&call.items))
    }

    /// The value under a text key of a dictionary, or of an object whose state is one.
    ///
    /// In one of thousands of entries it does not look: objects have hundreds, and a caller that asks
    /// many objects would wait.
    #[must_use]
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        let items = self.entries(id)?;
        if items.len() > Self::MOST_ENTRIES {
            return None;
        }
        items.iter().rev().find(|&&(name, _)| self.text(name) == Some(key)).map(|&(_, value)| value)
    }

    /// The items of a dictionary, or of an object whose state is one.
    pub(crate) fn entries(&self, id: NodeId) -> Option<Items<'_>> {
        self.items(id).or_else(|| {
            let Node::Call(call) = self.node(id) else {
                return None;
            };
            self.items(call.state?)
        })
    }

    /// What a value is, for messages: its kind, or what would have been called to make it.
    #[must_use]
    pub fn describe(&self, id: NodeId) -> String {
        if let Some((module, name, _)) = self.call(id) {
            return format!("a call of `{}`", printable(&format!("{module}.{name}")));
        }
        self.node(id).kind().to_owned()
    }
}

/// A name from a file, safe to print: control characters escaped, cut at 80 characters.
pub(crate) fn printable(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut out = String::new();
    // Counted as they are shown: a name of control characters grows tenfold.
    let mut length = 0;
    for character in name.chars() {
        let plain = character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric();
        length += if plain { 1 } else { character.escape_unicode().len() };
        if length > LONGEST {
            out.push_str("...");
            break;
        }
        if plain {
            out.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", character.escape_unicode());
        }
    }
    out
}
