//! A loom's tree: `{"root": {"text": ..., "children": [...]}}`; what it is called, and which child of each node the text
//! goes through, stand beside the root.

use crate::document::{Document, Run, Vocabularies};

use super::Exported;

impl Exported<'_> {
    /// The whole tree as JSON, a node for each run without a fork.
    ///
    /// It is written as it is walked: a tree may be deeper than a stack.
    #[must_use]
    pub fn loom(&self) -> String {
        let runs = self.document.runs();
        let title = serde_json::Value::from(self.document.title().unwrap_or_default());
        // All that begin the text follow one root.
        let mut out = format!("{{\"title\":{title},\"path\":{:?},\"root\":{{\"text\":\"\",\"children\":[", path(&runs));
        // Bytes of half a character at the end of each run that is open: they are the beginning of what follows.
        let mut halves: Vec<Vec<u8>> = Vec::new();
        for (at, run) in runs.iter().enumerate() {
            while halves.len() > run.depth {
                out.push_str("]}");
                halves.pop();
            }
            let is_first = at == 0 || runs[at - 1].depth < run.depth;
            if !is_first {
                out.push(',');
            }
            let is_end = runs.get(at + 1).is_none_or(|next| next.depth <= run.depth);
            let mut bytes = halves.last().cloned().unwrap_or_default();
            bytes.extend(bytes_of(self.document, self.vocabularies, &run.nodes, &|it| self.is_end(it)));
            let whole = if is_end { bytes.len() } else { whole_characters(&bytes) };
            let text = String::from_utf8_lossy(&bytes[..whole]);
            out.push_str("{\"text\":");
            out.push_str(&serde_json::Value::from(text).to_string());
            out.push_str(",\"children\":[");
            halves.push(bytes[whole..].to_vec());
        }
        for _ in &halves {
            out.push_str("]}");
        }
        out.push_str("]}}");
        out
    }
}

/// Which child of each node the text goes through.
fn path(runs: &[Run]) -> Vec<usize> {
    let (mut path, mut children) = (Vec::new(), Vec::new());
    for run in runs {
        // How many there are so far of those that follow the same run.
        children.resize(run.depth + 1, 0);
        if run.on_path && path.len() == run.depth {
            path.push(children[run.depth]);
        }
        children[run.depth] += 1;
    }
    path
}

fn bytes_of(document: &Document, vocabularies: &Vocabularies, nodes: &[u32], is_end: &dyn Fn(u32) -> bool) -> Vec<u8> {
    let bytes = |&id: &u32| {
        let node = document.node(id).filter(|_| !is_end(id))?;
        Some(vocabularies.bytes(id, node.token))
    };
    nodes.iter().filter_map(bytes).flatten().collect()
}

/// How many of the bytes are whole characters, or bytes that begin none.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        // What is cut short at the end has no length of its own.
        Err(_) => (bytes.len().saturating_sub(3)..bytes.len())
            .find(|&at| {
                std::str::from_utf8(&bytes[at..]).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
            })
            .unwrap_or(bytes.len()),
    }
}
