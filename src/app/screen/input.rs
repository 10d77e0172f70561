//! The input line.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::layout::Areas;
use crate::app::screen::kit::{block, lines, put_cursor};
use crate::app::screen::theme::Theme;
use crate::text::{Wrap, columns_of, grapheme_columns, visible};

pub(super) fn draw(cx: &Context, theme: &Theme, areas: &Areas, frame: &mut Frame) {
    let focused = cx.in_focus() == Focus::Input;
    if areas.bordered {
        let title = match (focused, cx.input.is_normal()) {
            (true, true) => " > input NORMAL ",
            (true, false) => " > input ",
            (false, _) => " input ",
        };
        frame.render_widget(block(title, focused, theme), areas.input_outer);
    } else {
        let mark = match (focused, cx.input.is_normal()) {
            (true, true) => "N>",
            (true, false) => "> ",
            (false, _) => "  ",
        };
        frame.render_widget(Line::styled(mark, theme.focus), areas.input_outer);
    }
    if areas.input.width == 0 || areas.input.height == 0 {
        return;
    }
    let is_empty = cx.input.is_empty() && cx.input.search().is_none();
    if is_empty {
        lines(frame, areas.input, vec![Line::styled(hint(cx, areas.input.width as usize), theme.dim)]);
    }
    let Shown { text, wrap, row, column, top, .. } = shown(cx, areas);
    if !is_empty {
        let rows = wrap.rows().iter().skip(top).take(areas.input.height as usize);
        lines(frame, areas.input, rows.map(|it| Line::styled(text[it.clone()].to_owned(), theme.drawn)).collect());
    }
    if focused && !cx.is_covered() {
        put_cursor(frame, areas.input, column, row - top);
    }
}

/// What can be done here, in one row.
fn hint(cx: &Context, width: usize) -> String {
    let send = cx.key_of(Action::Send);
    let (first, more) = if cx.drawing.running.is_some() {
        (format!("{} stops and keeps the text.", cx.key_of(Action::Interrupt)), String::new())
    } else if cx.chat {
        (format!("Write to Bot, then {send}."), format!(" {} leaves the template.", cx.key_of(Action::Chat)))
    } else if cx.text.document.is_empty() && width < 50 {
        (format!("Begin a text, then press {send}."), String::new())
    } else if cx.text.document.is_empty() {
        (format!("Write the beginning of a text, then press {send}."), String::new())
    } else {
        (format!("{send} continues."), " Write to add text first.".to_owned())
    };
    if columns_of(&first) + columns_of(&more) <= width { first + &more } else { first }
}

/// What is in the input's rows.
struct Shown {
    /// What is written around the cursor, made visible.
    text: String,
    /// The byte of what is written where that begins.
    start: usize,
    wrap: Wrap,
    /// Where the cursor is.
    row: usize,
    column: usize,
    /// The first row in view.
    top: usize,
}

fn shown(cx: &Context, areas: &Areas) -> Shown {
    let (width, height) = (areas.input.width as usize, areas.input.height as usize);
    let (written, cursor) = cx.input.shown();
    let (text, cursor, start) = near(&written, cursor, width * height);
    let mut wrap = Wrap::new(width);
    wrap.extend(&text);
    let mut row = wrap.row_of(cursor);
    let mut column = columns_of(&text[wrap.rows()[row].start..cursor]);
    if column >= width {
        (row, column) = (row + 1, 0);
    }
    let top = (row + 1).saturating_sub(height);
    Shown { text, start, wrap, row, column, top }
}

/// The byte of what is written that is under a place.
pub(in crate::app) fn byte_at(cx: &Context, areas: &Areas, at: Position) -> usize {
    let Shown { text, start, wrap, top, .. } = shown(cx, areas);
    let row = top + usize::from(at.y.saturating_sub(areas.input.y));
    let Some(row) = wrap.rows().get(row).cloned() else { return cx.input.text().len() };
    let column = usize::from(at.x.saturating_sub(areas.input.x));
    let cells = text[row.clone()].grapheme_indices(true).scan(0, |used, (offset, grapheme)| {
        *used += grapheme_columns(grapheme);
        (*used <= column).then_some(offset + grapheme.len())
    });
    let target = row.start + cells.last().unwrap_or(0);
    // What is shown may be longer than what is written: `^[` is one character.
    let mut seen = 0;
    for (offset, grapheme) in cx.input.text()[start..].grapheme_indices(true) {
        seen += visible(grapheme).len();
        if seen > target {
            return start + offset;
        }
    }
    cx.input.text().len()
}

/// The part of a text around the cursor that can be seen, made visible; the cursor's byte in it, and the byte where it begins.
///
/// A pasted book must not be wrapped for every frame.
fn near(text: &str, cursor: usize, cells: usize) -> (String, usize, usize) {
    let reach = cells * 8 + 64;
    let mut start = cursor.saturating_sub(reach);
    let mut end = (cursor + reach).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let mut shown = visible(&text[start..cursor]);
    let cursor_shown = shown.len();
    shown.push_str(&visible(&text[cursor..end]));
    (shown, cursor_shown, start)
}
