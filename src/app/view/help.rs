//! The keys, made from the table that gives them their meaning.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::super::keymap::{Keymap, Place};
use super::super::state::{App, Focus};
use super::theme::Theme;
use super::{lines, over};

const SECTIONS: [(&str, Place); 4] = [
    ("ANYWHERE", Place::Anywhere),
    ("INPUT", Place::In(Focus::Input)),
    ("TEXT", Place::In(Focus::Text)),
    ("SAMPLING", Place::In(Focus::Panel)),
];

/// A heading, or keys and what they do.
pub(super) enum Row {
    Heading(&'static str),
    Key(String, String),
    Empty,
}

/// The rows of the help, `width` columns wide.
pub(super) fn rows(keymap: &Keymap, width: usize) -> Vec<Row> {
    let keys_width = if width >= 60 { 32 } else { 16 };
    let mut rows = Vec::new();
    for (heading, place) in SECTIONS {
        if !rows.is_empty() {
            rows.push(Row::Empty);
        }
        rows.push(Row::Heading(heading));
        for entry in keymap.entries().iter().filter(|it| it.place == place && !it.keys.is_empty()) {
            let room = width.saturating_sub(keys_width).max(8);
            let mut wrap = crate::text::Wrap::new(room);
            wrap.extend(entry.help);
            let keys = if width >= 60 { entry.names() } else { entry.keys[0].to_string() };
            for (index, row) in wrap.rows().iter().enumerate() {
                let keys = if index == 0 { keys.as_str() } else { "" };
                rows.push(Row::Key(format!("{keys:<keys_width$}"), entry.help[row.clone()].to_owned()));
            }
        }
    }
    rows
}

pub(super) fn draw(app: &App, top: usize, theme: &Theme, frame: &mut Frame) {
    let title = if app.size.0 >= 60 { "help: arrows scroll, Esc closes" } else { "help: Esc closes" };
    let inner = over(frame, title, 90, app.size.1, theme);
    let drawn = rows(&app.keymap, inner.width as usize)
        .into_iter()
        .skip(top)
        .take(inner.height as usize)
        .map(|row| match row {
            Row::Heading(text) => Line::styled(text, theme.focus),
            Row::Key(keys, help) => Line::from(vec![Span::styled(keys, theme.strong), Span::raw(help)]),
            Row::Empty => Line::default(),
        })
        .collect();
    lines(frame, inner, drawn);
}
