//! A document as a file for other programs and readers: plain text, Markdown, JSON.

use std::fmt::Write as _;

use serde_json::json;

use super::{Document, Header, Node, Origin, Record, Vocabularies};
use crate::format::short;
use crate::sample::Settings;
use crate::text::{visible_line, visible_name};

/// The text, byte for byte as the model reads it, invalid bytes replaced.
#[must_use]
pub fn export_text(document: &Document, vocabularies: &Vocabularies) -> String {
    vocabularies.text(document, document.path())
}

/// The text in a fence, with what it was made by above it.
///
/// `created` is the date in words.
#[must_use]
pub fn export_markdown(
    header: &Header,
    created: &str,
    records: &[Record],
    document: &Document,
    vocabularies: &Vocabularies,
) -> String {
    let text = export_text(document, vocabularies);
    // A fence must be longer than any run of backticks inside.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!(
        "# Transcript {}\n\n- created: {created}\n- program: {}\n",
        visible_name(&header.id),
        visible_name(&header.program)
    );
    for record in records {
        if let Record::Model { name, sha256, dtype, device, vocabulary, .. } = record {
            let words = vocabulary.as_ref().map_or_else(String::new, |it| {
                format!(", vocabulary {} ({})", it.kind.name(), visible_name(it.hash.get(..12).unwrap_or(&it.hash)))
            });
            let [name, dtype, device, sha256] = [name, dtype, device, sha256].map(|it| visible_name(it));
            let _ = writeln!(out, "- model: {name}, {dtype}, {device}, weights sha256 {sha256}{words}");
        }
    }
    // What was set after the last token has made none of them.
    for (node, settings) in document.settings_history().iter().filter(|it| it.0 < document.next_node()) {
        let _ = writeln!(out, "- from token {node} on: {}", describe(settings));
    }
    let drawn = document.drawn();
    let _ = writeln!(out, "- tokens: {}, of which the model drew {drawn}", document.len());
    let _ = write!(out, "\n{fence}text\n{text}\n{fence}\n");
    out
}

/// Everything that is known, as one JSON object.
#[must_use]
pub fn export_json(
    header: &Header,
    records: &[Record],
    document: &Document,
    vocabularies: &Vocabularies,
) -> serde_json::Value {
    let models: Vec<&Record> = records.iter().filter(|it| matches!(it, Record::Model { .. })).collect();
    let tokens: Vec<_> = document
        .path()
        .iter()
        .filter_map(|&id| Some((id, document.node(id)?)))
        .map(|(id, Node { token, origin, .. })| {
            let text = String::from_utf8_lossy(vocabularies.at(id).bytes(*token)).into_owned();
            match origin {
                Origin::Typed => json!({ "node": id, "id": token, "text": text }),
                Origin::Chosen => json!({ "node": id, "id": token, "text": text, "chosen": true }),
                Origin::Drawn(draw) => {
                    let mut draw = short(draw);
                    // The journal counts from 0, what people read from 1.
                    draw["rank"] = draw["rank"].as_u64().map(|it| it + 1).into();
                    json!({ "node": id, "id": token, "text": text, "draw": draw })
                }
            }
        })
        .collect();
    let settings: Vec<_> = document
        .settings_history()
        .iter()
        .map(|(node, settings)| json!({ "from_node": node, "settings": short(settings) }))
        .collect();
    json!({
        "id": header.id,
        "created": header.created,
        "program": header.program,
        "models": models,
        "settings": settings,
        "text": export_text(document, vocabularies),
        "tokens": tokens,
    })
}

fn describe(settings: &Settings) -> String {
    let said = settings.described().into_iter().map(|(name, value)| format!("{name} {value}"));
    visible_line(&said.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
