//! The values a pickle stream leaves behind, and ways to look at them.
//!
//! Values live in one list and refer to each other by number. Sharing and even cycles cost
//! nothing, and dropping a deep tree needs no recursion.

use std::fmt::Write as _;

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
    /// The items that were to be set in the result, as in a dictionary.
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
}

/// All values of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Pickle {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
}

impl Pickle {
    /// The value the stream stands for.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The value with this number, which must come from this pickle.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
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
    pub fn items(&self, id: NodeId) -> Option<Vec<(NodeId, NodeId)>> {
        if let Node::Dict(items) = self.node(id) {
            return Some(items.clone());
        }
        let ("collections", "OrderedDict" | "defaultdict", call) = self.call(id)? else {
            return None;
        };
        let mut items = Vec::new();
        // Python 2 hands the pairs over as one list of lists.
        if let Some(pairs) = call.arguments.first().and_then(|&list| self.sequence(list)) {
            for &pair in pairs {
                let &[key, value] = self.sequence(pair)? else {
                    return None;
                };
                items.push((key, value));
            }
        }
        items.extend_from_slice(&call.items);
        Some(items)
    }

    /// The value under a text key of a dictionary, or of an object whose state is one.
    #[must_use]
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        let items = self.items(id).or_else(|| {
            let Node::Call(call) = self.node(id) else {
                return None;
            };
            self.items(call.state?)
        })?;
        items.iter().rev().find(|&&(name, _)| self.text(name) == Some(key)).map(|&(_, value)| value)
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
    for (index, character) in name.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        if character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric() {
            out.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", character.escape_unicode());
        }
    }
    out
}
