//! The keys, made from the table that gives them their meaning.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::super::keymap::Place;
use super::super::state::{App, Focus};
use super::theme::Theme;
use super::{lines, over};

const SECTIONS: [(&str, Place); 4] = [
    ("ANYWHERE", Place::Anywhere),
    ("INPUT", Place::In(Focus::Input)),
    ("TEXT", Place::In(Focus::Text)),
    ("SAMPLING", Place::In(Focus::Panel)),
];

/// What is no key of the table.
const MOUSE: &[(&str, &str)] = &[
    ("click", "the cursor goes there; on the token that has it: look at this token"),
    ("drag", "select text"),
    ("wheel", "scroll what is under the pointer"),
    ("Shift-drag", "select as the terminal does, whatever runs in it (Option or Fn on a Mac)"),
];
const VI: &[(&str, &str)] = &[
    ("Esc", "from writing to here, where letters are commands"),
    ("h l j k w b e 0 ^ $", "go there; W B E by blanks; a number before it repeats it"),
    ("d c y", "delete, change, keep up to there; twice: lines"),
    ("x X D C s S r ~", "delete, change, replace, switch case"),
    ("i I a A o O", "write"),
    ("p P u /", "put back, take back the last change, search what was sent"),
];

/// A heading, or keys and what they do.
pub(super) enum Row {
    Heading(&'static str),
    Key(String, String),
    Empty,
}

/// The rows of the help, `width` columns wide.
pub(super) fn rows(app: &App, width: usize) -> Vec<Row> {
    let keymap = &app.keymap;
    let keys_width = if width >= 60 { 32 } else { 16 };
    let mut rows = Vec::new();
    for (heading, place) in SECTIONS {
        if !rows.is_empty() {
            rows.push(Row::Empty);
        }
        rows.push(Row::Heading(heading));
        for entry in keymap.entries().iter().filter(|it| it.place == place && !it.keys.is_empty()) {
            let keys = if width >= 60 { entry.names() } else { entry.keys[0].to_string() };
            push(&mut rows, &keys, entry.help, keys_width, width);
        }
    }
    let more = [("INPUT, NORMAL MODE", VI, app.input.mode().is_some()), ("MOUSE", MOUSE, app.mouse)];
    for (heading, table, _) in more.into_iter().filter(|it| it.2) {
        rows.extend([Row::Empty, Row::Heading(heading)]);
        for (keys, help) in table {
            push(&mut rows, keys, help, keys_width, width);
        }
    }
    rows
}

fn push(rows: &mut Vec<Row>, keys: &str, help: &str, keys_width: usize, width: usize) {
    let mut wrap = crate::text::Wrap::new(width.saturating_sub(keys_width).max(8));
    wrap.extend(help);
    for (index, row) in wrap.rows().iter().enumerate() {
        let keys = if index == 0 { keys } else { "" };
        rows.push(Row::Key(format!("{keys:<keys_width$}"), help[row.clone()].to_owned()));
    }
}

pub(super) fn draw(app: &App, top: usize, theme: &Theme, frame: &mut Frame) {
    let title = if app.size.0 >= 60 { "help: arrows scroll, Esc closes" } else { "help: Esc closes" };
    let inner = over(frame, title, 90, app.size.1, theme);
    let drawn = rows(app, inner.width as usize)
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
