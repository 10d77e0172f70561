//! A document as a file for other programs and readers: plain text, Markdown, JSON, a page for browsers, a loom's tree.

mod html;
mod json;
mod loom;
mod markdown;
mod passages;

pub use json::SCHEMA;

use super::{Document, Header, NodeId, Record, Vocabularies};
use crate::sample::Settings;
use crate::text::visible_line;

/// A transcript to be exported.
#[derive(Clone, Copy, Debug)]
pub struct Exported<'a> {
    /// Its first line.
    pub header: &'a Header,
    /// The date of that in words.
    pub created: &'a str,
    /// All records.
    pub records: &'a [Record],
    /// What they make.
    pub document: &'a Document,
    /// The words of its tokens.
    pub vocabularies: &'a Vocabularies,
}

impl Exported<'_> {
    /// The text that is shown, as the model reads it, invalid bytes replaced. A mark that ends a text is no text: at the end it is
    /// left out, elsewhere it is an empty line.
    #[must_use]
    pub fn text(&self) -> String {
        let path = self.document.path();
        let last = path.iter().rposition(|&it| !self.is_end(it)).map_or(0, |it| it + 1);
        let mut bytes: Vec<u8> = Vec::new();
        for &node in &path[..last] {
            if self.is_end(node) {
                bytes.extend(b"\n\n");
            } else if let Some(it) = self.document.node(node) {
                bytes.extend(self.vocabularies.bytes(node, it.token));
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a token is a mark that ends a text.
    fn is_end(&self, node: NodeId) -> bool {
        self.document.node(node).is_some_and(|it| self.vocabularies.at(node).is_end(it.token))
    }

    /// What the transcript is called.
    fn title(&self) -> &str {
        self.document.title().unwrap_or(&self.header.id)
    }

    /// The settings under which tokens of the text were drawn, each with the place of the first of them, from 1.
    fn settings_of_text(&self) -> Vec<(usize, &Settings)> {
        settings_of(self.document, self.document.path())
    }
}

/// The settings under which some tokens that follow each other were drawn, each with the place of the first of them, from 1.
fn settings_of<'a>(document: &'a Document, nodes: &[NodeId]) -> Vec<(usize, &'a Settings)> {
    let mut out: Vec<(usize, &Settings)> = Vec::new();
    for (place, &node) in (1..).zip(nodes) {
        if let Some(settings) = document.settings_at(node).filter(|_| document.is_drawn(node))
            && out.last().is_none_or(|it| it.1 != settings)
        {
            out.push((place, settings));
        }
    }
    out
}

/// Everything that was set, in a line.
fn describe(settings: &Settings) -> String {
    let said = settings.described().into_iter().map(|(name, value)| format!("{name} {value}"));
    visible_line(&said.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
