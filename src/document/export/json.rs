//! Everything that is known, as one JSON object. `transcript.schema.json` beside this file describes it.

use serde_json::{Value, json};

use super::Exported;
use crate::document::{Node, NodeId, Origin, Record};
use crate::format::short;

/// What the object says of its form.
const FORM: &str = "megachat transcript 2";

/// The JSON Schema of what [`Exported::json`] makes.
pub const SCHEMA: &str = include_str!("transcript.schema.json");

impl Exported<'_> {
    /// All of it: the text that is shown, token by token, and the tree with everything that was drawn besides.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { header, records, document, .. } = self;
        let models: Vec<&Record> = records.iter().filter(|it| matches!(it, Record::Model { .. })).collect();
        let settings: Vec<Value> = document
            .settings_history()
            .iter()
            .map(|(node, settings)| json!({ "from_node": node, "settings": short(settings) }))
            .collect();
        let tokens: Vec<Value> = document.path().iter().filter_map(|&id| self.token(id)).collect();
        let tree: Vec<Value> = (0..document.next_node())
            .filter_map(|id| {
                let mut token = self.token(id)?;
                token["parent"] = json!(document.node(id)?.parent);
                Some(token)
            })
            .collect();
        let bookmarks: Vec<Value> =
            document.bookmarks().map(|it| json!({ "node": it, "name": document.bookmark_name(it) })).collect();
        json!({
            "form": FORM,
            "id": header.id,
            "title": document.title(),
            "tags": document.tags(),
            "created": header.created,
            "program": header.program,
            "models": models,
            "settings": settings,
            "bookmarks": bookmarks,
            "text": self.text(),
            "tokens": tokens,
            "tree": tree,
        })
    }

    fn token(&self, id: NodeId) -> Option<Value> {
        let Node { token, origin, .. } = self.document.node(id)?;
        let bytes = self.vocabularies.bytes(id, *token);
        let mut out = json!({ "node": id, "id": token, "text": String::from_utf8_lossy(&bytes) });
        if std::str::from_utf8(&bytes).is_err() {
            // Half a character: the bytes are all that says which.
            out["bytes"] = json!(bytes);
        }
        match origin {
            Origin::Typed => {}
            Origin::Chosen => out["chosen"] = true.into(),
            Origin::Drawn(draw) => {
                let mut draw = short(draw);
                // The journal counts from 0, what people read from 1.
                draw["rank"] = draw["rank"].as_u64().map(|it| it + 1).into();
                out["draw"] = draw;
            }
        }
        Some(out)
    }
}
