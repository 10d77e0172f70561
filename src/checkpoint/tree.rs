//! The tensors of a checkpoint under flat, dotted names.
//!
//! Megatron nests dictionaries, or joins their keys with dots, depending on its age; afterwards
//! both look alike.

use std::collections::{BTreeMap, BTreeSet};

use super::pickle::{Node, NodeId, Pickle, printable};
use super::tensors::{Storages, Tensor};
use super::{Limits, MapError};

/// What stands under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// A tensor.
    Tensor(Tensor),
    /// Something else, described for messages.
    Other(String),
}

/// Everything that stands under a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaves {
    /// By dotted name.
    pub by_name: BTreeMap<String, Leaf>,
    /// Names that occurred more than once.
    pub repeated: BTreeSet<String>,
}

impl Leaves {
    /// Collects what stands in the dictionary `root` and the dictionaries within.
    ///
    /// # Errors
    ///
    /// [`MapError`] if a tensor is malformed, or if there are too many or too deep.
    pub fn collect(pickle: &Pickle, storages: &Storages, root: NodeId, limits: &Limits) -> Result<Self, MapError> {
        let mut leaves = Self::default();
        let (mut visited, mut letters) = (0, 0);
        let mut waiting = vec![(root, String::new(), 0)];
        while let Some((id, prefix, depth)) = waiting.pop() {
            if depth > limits.depth {
                return Err(MapError::TooDeep { limit: limits.depth });
            }
            for (key, value) in pickle.items(id).unwrap_or_default() {
                visited += 1;
                if visited > limits.tensors {
                    return Err(MapError::TooMany { limit: limits.tensors });
                }
                let Some(key) = dictionary_key(pickle, key) else {
                    continue;
                };
                let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                if name.len() > limits.name_bytes {
                    return Err(MapError::LongName { name: printable(&name) });
                }
                letters += name.len();
                if letters > limits.names_bytes {
                    return Err(MapError::LongNames { limit: limits.names_bytes });
                }
                if pickle.items(value).is_some() {
                    waiting.push((value, name, depth + 1));
                    continue;
                }
                let tensor = storages.tensor(pickle, value, limits);
                let tensor = tensor.map_err(|source| MapError::Tensor { name: printable(&name), source })?;
                let leaf = match tensor {
                    Some(tensor) => Leaf::Tensor(tensor),
                    None => Leaf::Other(pickle.describe(value)),
                };
                leaves.insert(name, leaf);
            }
        }
        Ok(leaves)
    }

    /// Adds those of another file.
    pub fn extend(&mut self, other: Self) {
        self.repeated.extend(other.repeated);
        for (name, leaf) in other.by_name {
            self.insert(name, leaf);
        }
    }

    /// Adds one; a name that is there already is remembered as repeated.
    pub fn insert(&mut self, name: String, leaf: Leaf) {
        if self.by_name.insert(name.clone(), leaf).is_some() {
            self.repeated.insert(name);
        }
    }
}

fn dictionary_key(pickle: &Pickle, id: NodeId) -> Option<String> {
    pickle.text(id).map(str::to_owned).or_else(|| pickle.integer(id).map(|it| it.to_string()))
}

/// Names in the stream whose only use is to run code, made printable.
///
/// Nothing was run. But the maker of such a file wished that something were, and its owner
/// should know.
#[must_use]
pub fn alarming_calls(pickle: &Pickle) -> Vec<String> {
    const MODULES: [&str; 21] = [
        "os",
        "posix",
        "nt",
        "sys",
        "subprocess",
        "runpy",
        "socket",
        "shutil",
        "webbrowser",
        "ctypes",
        "pty",
        "importlib",
        "code",
        "commands",
        "pip",
        "asyncio",
        "urllib",
        "http",
        "requests",
        "pdb",
        "timeit",
    ];
    const BUILTINS: [&str; 7] = ["eval", "exec", "execfile", "open", "compile", "__import__", "input"];
    let mut found = BTreeSet::new();
    for node in pickle.nodes() {
        let Node::Global(global) = node else { continue };
        let (module, name) = (global.0.as_str(), global.1.as_str());
        let package = module.split('.').next().unwrap_or_default();
        let builtin = matches!(module, "builtins" | "__builtin__") && BUILTINS.contains(&name);
        if builtin || MODULES.contains(&package) {
            found.insert(printable(&format!("{module}.{name}")));
        }
    }
    found.into_iter().collect()
}
