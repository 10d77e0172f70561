//! What training programs put around a model's names.
//!
//! A file may hold the tensors in a dictionary within a dictionary (`state_dict`, `model`), and their names may begin
//! with the names of what the model was wrapped in: `module.` (torch's DDP), `_orig_mod.` (torch.compile), `model.`
//! (Lightning), in any order. Neither is listed here: GPT-2's own table of positions tells where its names begin.

use super::pickle::{NodeId, Pickle, printable};
use super::{Fault, MapError};

/// GPT-2's tables, by one of which its names are found; every GPT-2 has the first.
const TABLES: [&str; 2] = ["wpe.weight", "wte.weight"];

/// What stands before the names of the transformer in a converted model.
const TRANSFORMER: &str = "transformer.";

/// Whether a name is a table's, whatever stands before it.
fn is_table(name: &str, table: &str) -> bool {
    name.strip_suffix(table).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The dictionary in a torch file that holds GPT-2's tensors by name: the outermost, or one of two levels within. The
/// outermost if there is none.
#[must_use]
pub fn subject(pickle: &Pickle) -> NodeId {
    let root = pickle.root();
    let holds = |id: NodeId| {
        let mut keys = pickle.items(id).into_iter().flatten().filter_map(|(key, _)| pickle.text(key));
        keys.any(|key| TABLES.iter().any(|table| is_table(key, table)))
    };
    let within = |id: NodeId| {
        let values = pickle.items(id).into_iter().flatten().map(|(_, value)| value);
        values.filter(|&value| pickle.items(value).is_some()).collect::<Vec<_>>()
    };
    if holds(root) {
        return root;
    }
    let first = within(root);
    let found = first.iter().copied().find(|&id| holds(id));
    // Dictionaries of a kind with one entry, as Lightning's around an exported model.
    let second = || first.iter().take(64).flat_map(|&id| within(id).into_iter().take(64)).find(|&id| holds(id));
    found.or_else(second).unwrap_or(root)
}

/// Whether a torch file holds GPT-2's own names anywhere that [`subject`] looks.
#[must_use]
pub fn has_gpt2_names(pickle: &Pickle) -> bool {
    let items = pickle.items(subject(pickle)).into_iter().flatten();
    let mut keys = items.filter_map(|(key, _)| pickle.text(key));
    keys.any(|key| TABLES.iter().any(|table| is_table(key, table)))
}

/// What stands before the names.
pub(super) struct Wrapping {
    /// Before those outside of the transformer, as `lm_head.weight`.
    outer: String,
    /// Before those of the transformer.
    inner: String,
}

impl Wrapping {
    /// Reads it off the names.
    ///
    /// # Errors
    ///
    /// [`MapError::NoModel`] if no name is GPT-2's, a fault if there are several tables of positions.
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Result<Self, MapError> {
        let tables = |table| names.clone().filter(move |name| is_table(name, table));
        let Some(table) = TABLES.into_iter().find(|table| tables(table).next().is_some()) else {
            let shown: Vec<String> = names.take(8).map(printable).collect();
            let shown = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
            return Err(MapError::NoModel(format!("it has {shown}")));
        };
        let all: Vec<&str> = tables(table).collect();
        if let &[_, second, ..] = all.as_slice() {
            return Err(MapError::Faults(vec![Fault::Repeated(printable(second))]));
        }
        let inner = all.first().and_then(|name| name.strip_suffix(table)).unwrap_or_default().to_owned();
        let outer = inner.strip_suffix(TRANSFORMER).unwrap_or(&inner).to_owned();
        Ok(Self { outer, inner })
    }

    /// A name without what stands before those outside of the transformer.
    pub(super) fn outside<'n>(&self, source: &'n str) -> &'n str {
        source.strip_prefix(&self.outer).unwrap_or(source)
    }

    /// The name in a converted model. One that is not of this model keeps its own.
    pub(super) fn target(&self, source: &str) -> String {
        match source.strip_prefix(&self.inner) {
            Some(rest) => format!("{TRANSFORMER}{rest}"),
            None => source.to_owned(),
        }
    }
}
