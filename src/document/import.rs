//! Texts of other programs as trees of texts: plain text, Markdown, a loom's tree.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A tree of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// All nodes, each behind what it follows.
    pub nodes: Vec<ImportedNode>,
    /// The node that the text ends with; `None` if there is none.
    pub end: Option<usize>,
    /// What the text is called, if it says that.
    pub title: Option<String>,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedNode {
    /// What it follows, as an index; `None` where it begins the text.
    pub parent: Option<usize>,
    /// What it adds to the text before it; not empty.
    pub text: String,
}

/// Why a file is no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no JSON, or has not the fields.
    #[error("it is no loom's tree: {0}; one is {{\"root\": {{\"text\": ..., \"children\": [...]}}}}")]
    NoTree(String),
    /// Reading it would take too long.
    #[error("its tree is too deep")]
    Deep,
    /// There is no text in it.
    #[error("there is no text in it")]
    Empty,
    /// It is what this program writes for other readers; some of the transcript is not in it, or not to be had from it.
    #[error(
        "it is a transcript as {0}, for others to read; its .jsonl file comes in as it was, `--to loom` writes its branches"
    )]
    Exported(&'static str),
}

/// Plain text, or what this program exports as Markdown: then the text in its fence. Other Markdown stays as it is written.
///
/// # Errors
///
/// If there is no text.
pub fn import_text(text: &str) -> Result<Imported, ImportError> {
    let (title, text) = exported(text).unwrap_or((None, text));
    if text.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    let head: String = text.chars().take(4096).collect();
    if head.starts_with("<!DOCTYPE html>") && head.contains("content=\"megachat ") {
        return Err(ImportError::Exported("a page"));
    }
    let nodes = vec![ImportedNode { parent: None, text: text.to_owned() }];
    Ok(Imported { nodes, end: Some(0), title })
}

/// The title and the text of an exported transcript.
fn exported(text: &str) -> Option<(Option<String>, &str)> {
    let head = text.strip_prefix("# ")?;
    let title = head.lines().next()?.trim();
    // Only what has the lines of an export is one.
    let at = text.find("\n- tokens: ")?;
    let rest = text[at + 1..].split_once("\n\n")?.1;
    let fence: String = rest.chars().take_while(|it| *it == '`').collect();
    let body = rest.strip_prefix(&*fence)?.strip_prefix("text\n").filter(|_| fence.len() >= 3)?;
    let end = body.rfind(&format!("\n{fence}"))?;
    let mut plain = String::new();
    let mut is_escaped = false;
    for it in title.chars() {
        is_escaped = it == '\\' && !is_escaped;
        if !is_escaped {
            plain.push(it);
        }
    }
    Some((Some(plain).filter(|it| !it.is_empty()), &body[..end]))
}

/// A node as it stands in the file; what follows it is looked at later.
#[derive(Deserialize)]
struct Raw<'a> {
    text: String,
    #[serde(borrow, default)]
    children: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tree<'a> {
    #[serde(borrow)]
    root: &'a RawValue,
    /// What the text is called, and which child of each node it goes through: this program writes both.
    title: Option<String>,
    path: Option<Vec<usize>>,
}

/// What an export as JSON says that it is.
#[derive(Deserialize)]
struct Form {
    form: String,
}

/// Bytes that are looked at, at the most: each level of a tree is looked at once for each level above it.
const MOST: usize = 4 << 30;

/// A loom's tree. The text ends where its path does, or else the first branch.
///
/// # Errors
///
/// If it is none, is too deep, or has no text.
pub fn import_loom(json: &str) -> Result<Imported, ImportError> {
    let no_tree = |e: serde_json::Error| ImportError::NoTree(e.to_string());
    if let Ok(Form { form }) = serde_json::from_str(json)
        && form.starts_with("megachat transcript")
    {
        return Err(ImportError::Exported("JSON"));
    }
    // The root may stand alone, too.
    let (root, title, path) = match serde_json::from_str::<Tree>(json) {
        Ok(it) => (it.root.get(), it.title, it.path),
        Err(_) => (json, None, None),
    };
    let mut out = Imported { title: title.filter(|it| !it.is_empty()), ..Imported::default() };
    let (mut waiting, mut looked_at) = (vec![(None, root, path.as_ref().map(|_| 0))], 0_usize);
    let mut end_of_path = None;
    // The third says how many steps of the path lead to a node, if it is on the path.
    while let Some((parent, raw, steps)) = waiting.pop() {
        looked_at += raw.len();
        if looked_at > MOST {
            return Err(ImportError::Deep);
        }
        let Raw { text, children } = serde_json::from_str(raw).map_err(no_tree)?;
        // What has no text is a way to what follows it.
        let node = if text.is_empty() {
            parent
        } else {
            out.nodes.push(ImportedNode { parent, text });
            Some(out.nodes.len() - 1)
        };
        // Last in, first out: the first child comes next.
        let on_path =
            |at: usize| steps.filter(|it| path.as_ref().and_then(|path| path.get(*it)) == Some(&at)).map(|it| it + 1);
        if steps.is_some() {
            end_of_path = node;
        }
        waiting.extend(children.into_iter().enumerate().rev().map(|(at, it)| (node, it.get(), on_path(at))));
    }
    let mut end = None;
    // The first that follows each; a node stands behind what it follows.
    for (index, node) in out.nodes.iter().enumerate() {
        if node.parent == end && end.is_none_or(|it| it < index) {
            end = Some(index);
        }
    }
    out.end = end_of_path.or(end);
    if out.nodes.is_empty() { Err(ImportError::Empty) } else { Ok(out) }
}

#[cfg(test)]
mod tests;
