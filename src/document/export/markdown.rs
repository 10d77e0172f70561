//! Markdown: the text in a fence, and what made it above.

use std::fmt::Write as _;

use super::{Exported, describe};
use crate::document::Record;
use crate::text::{visible_line, visible_name};

impl Exported<'_> {
    /// The branch that is shown, and what was done to draw it, by the numbers of its own tokens.
    #[must_use]
    pub fn markdown(&self) -> String {
        let text = self.text();
        // A fence must be longer than any run of backticks inside.
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let Self { header, document, .. } = self;
        let mut out = format!("# {}\n\n", escaped(&visible_name(self.title())));
        let mut line = |text: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "- {text}");
        };
        line(format!("transcript: {}", escaped(&visible_name(&header.id))));
        line(format!("created: {}", self.created));
        line(format!("program: {}", escaped(&visible_name(&header.program))));
        if !document.tags().is_empty() {
            let tags: Vec<String> = document.tags().iter().map(|it| escaped(&visible_name(it))).collect();
            line(format!("tags: {}", tags.join(", ")));
        }
        for record in self.records {
            if let Record::Model { name, sha256, dtype, device, vocabulary, .. } = record {
                let words = vocabulary.as_ref().map_or_else(String::new, |it| {
                    format!(", vocabulary {} ({})", it.kind.name(), visible_name(it.hash.get(..12).unwrap_or(&it.hash)))
                });
                let [name, dtype, device, sha256] = [name, dtype, device, sha256].map(|it| escaped(&visible_name(it)));
                line(format!("model: {name}, {dtype}, {device}, weights sha256 {sha256}{words}"));
            }
        }
        for (place, settings) in self.settings_of_text() {
            line(format!("from token {place} on: {}", escaped(&describe(settings))));
        }
        line(format!("tokens: {}, of which the model drew {}", document.len(), document.drawn()));
        let ends: Vec<String> =
            (1..).zip(document.path()).filter(|it| self.is_end(*it.1)).map(|it: (usize, _)| it.0.to_string()).collect();
        if !ends.is_empty() {
            line(format!("the mark of the end stands at token {}", ends.join(", ")));
        }
        for (place, &node) in (1..).zip(document.path()) {
            if let Some(name) = document.bookmark_name(node) {
                let place: usize = place;
                line(format!("bookmark at token {place}: {}", escaped(&visible_line(name))));
            }
        }
        let _ = write!(out, "\n{fence}text\n{text}\n{fence}\n");
        out
    }
}

/// A line that Markdown shows as it is written.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|it| "\\`*_[]<>#|".contains(it).then_some('\\').into_iter().chain([it])).collect()
}
