//! The keys, made from the table that gives them their meaning.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Help;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::input::Input;
use crate::app::keymap::Entry;
use crate::app::keymap::Place;
use crate::app::messages::words::{self, Word};
use crate::app::screen::kit::{lines, over, put_cursor};
use crate::app::screen::theme::Theme;
use crate::text::{columns_of, visible};

/// The places of the table: that of the focus first. What the input has are the keys of any line that is written in, and
/// not the first question.
fn sections(focus: Focus) -> [(&'static str, Place); 4] {
    let anywhere = ("ANYWHERE", Place::Anywhere);
    let [input, text, panel] =
        [("INPUT", Focus::Input), ("TEXT", Focus::Text), ("SAMPLING", Focus::Panel)].map(|it| (it.0, Place::In(it.1)));
    match focus {
        Focus::Input => [anywhere, input, text, panel],
        Focus::Text => [text, anywhere, input, panel],
        Focus::Panel => [panel, anywhere, input, text],
    }
}

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

const SHOWN: &[(&str, &str)] = &[
    ("bars", "what the chain leaves of a token; the tick is the model's own share, and the full width 100 %"),
    (
        "heat",
        "a character of several tokens is as hot as the hottest of them; the cursor and a selection light it whole",
    ),
    ("x3, in futures", "drawn three times; the cursor begins on the likeliest by the model, a token on average"),
];

/// A heading, or keys and what they do.
pub(super) enum Row {
    Heading(&'static str),
    Key(String, String),
    Empty,
}

/// Rows of a section: keys or words, and what is said of them.
type Rows<'a> = &'a mut dyn Iterator<Item = (String, &'static str)>;

/// The rows of the help that contain a text, with their headings, `width` columns wide.
pub(super) fn rows(cx: &Context, filter: &str, width: usize) -> Vec<Row> {
    let filter = filter.trim().to_lowercase();
    let keys_width = if width >= 60 { 32 } else { 16 };
    let mut rows = Vec::new();
    let mut section = |heading, table: Rows| {
        let fits = |it: &(String, &str)| it.0.to_lowercase().contains(&filter) || it.1.to_lowercase().contains(&filter);
        let table: Vec<(String, &str)> = table.filter(fits).collect();
        if table.is_empty() {
            return;
        }
        if !rows.is_empty() {
            rows.push(Row::Empty);
        }
        rows.push(Row::Heading(heading));
        for (keys, help) in table {
            push(&mut rows, &keys, help, keys_width, width);
        }
    };
    // What the help was asked for over comes first; on the main screen the keys do.
    let (first, later) = if cx.cover.words.is_empty() { (&[][..], words::MAIN) } else { (cx.cover.words, &[][..]) };
    let explain = |words: &'static [Word], section: &mut dyn FnMut(&'static str, Rows)| {
        section("ON THIS SCREEN", &mut words.iter().map(|it| (it.0.to_owned(), it.1)));
    };
    explain(first, &mut section);
    for (index, (heading, place)) in sections(cx.in_focus()).into_iter().enumerate() {
        if index == 1 {
            explain(later, &mut section);
        }
        let entries = cx.keymap.entries().iter().filter(|it| it.place == place && !it.keys.is_empty());
        let names = |it: &Entry| if width >= 60 { it.names() } else { it.keys[0].to_string() };
        section(heading, &mut entries.map(|it| (names(it), it.help)));
    }
    let more = [
        ("INPUT, NORMAL MODE", VI, cx.input.mode().is_some()),
        ("MOUSE", MOUSE, cx.window.mouse),
        ("WHAT IS SHOWN", SHOWN, true),
    ];
    for (heading, table, _) in more.into_iter().filter(|it| it.2) {
        section(heading, &mut table.iter().map(|it| (it.0.to_owned(), it.1)));
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

pub(super) fn draw(cx: &Context, state: &Help, theme: &Theme, frame: &mut Frame) {
    let title = if cx.window.size.0 >= 60 {
        "help: / looks for a word, arrows scroll, Esc closes"
    } else {
        "help: / looks, Esc closes"
    };
    let mut inner = over(frame, title, 90, cx.window.size.1, theme);
    if let Some(filter) = &state.filter {
        let line = Line::from(vec![Span::styled("/ ", theme.focus), Span::raw(visible(filter.text()))]);
        lines(frame, inner, vec![line]);
        put_cursor(frame, inner, 2 + columns_of(&visible(&filter.text()[..filter.cursor()])), 0);
        inner = Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(1), ..inner };
    }
    let rows = rows(cx, state.filter.as_ref().map_or("", Input::text), inner.width as usize);
    if rows.is_empty() {
        return lines(frame, inner, vec![Line::styled("nothing in the help says that", theme.note)]);
    }
    let drawn = rows
        .into_iter()
        .skip(state.top)
        .take(inner.height as usize)
        .map(|row| match row {
            Row::Heading(text) => Line::styled(text, theme.focus),
            Row::Key(keys, help) => Line::from(vec![Span::styled(keys, theme.strong), Span::raw(help)]),
            Row::Empty => Line::default(),
        })
        .collect();
    lines(frame, inner, drawn);
}
