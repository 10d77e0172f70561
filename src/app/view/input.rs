//! The input line.

use ratatui::Frame;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::super::Input;
use super::super::keymap::Action;
use super::super::state::{App, Focus};
use super::layout::Areas;
use super::theme::Theme;
use super::{block, lines, put_cursor};
use crate::text::{Wrap, visible};

pub(super) fn draw(app: &App, theme: &Theme, areas: &Areas, frame: &mut Frame) {
    let focused = app.focus == Focus::Input;
    if areas.bordered {
        let title = if focused { " > input " } else { " input " };
        frame.render_widget(block(title, focused, theme), areas.input_outer);
    } else {
        frame.render_widget(Line::styled(if focused { "> " } else { "  " }, theme.focus), areas.input_outer);
    }
    if areas.input.width == 0 || areas.input.height == 0 {
        return;
    }
    if app.input.is_empty() {
        lines(frame, areas.input, vec![Line::styled(hint(app, areas.input.width as usize), theme.dim)]);
    }
    let (shown, cursor) = near_the_cursor(&app.input, areas.input.width as usize * areas.input.height as usize);
    let mut wrap = Wrap::new(areas.input.width as usize);
    wrap.extend(&shown);
    let height = areas.input.height as usize;
    let mut row = wrap.row_of(cursor);
    let mut column = shown[wrap.rows()[row].start..cursor].width();
    if column >= areas.input.width as usize {
        row += 1;
        column = 0;
    }
    let top = (row + 1).saturating_sub(height);
    if !app.input.is_empty() {
        let rows = wrap.rows().iter().skip(top).take(height);
        lines(frame, areas.input, rows.map(|it| Line::styled(shown[it.clone()].to_owned(), theme.drawn)).collect());
    }
    if focused && app.overlay.is_none() {
        put_cursor(frame, areas.input, column, row - top);
    }
}

/// What can be done here, in one row.
fn hint(app: &App, width: usize) -> String {
    let send = app.key_of(Action::Send);
    let (first, more) = if app.running.is_some() {
        (format!("{} stops and keeps the text.", app.key_of(Action::Interrupt)), String::new())
    } else if app.chat {
        (format!("Write to Bot, then {send}."), format!(" {} leaves the template.", app.key_of(Action::Chat)))
    } else if app.document.is_empty() && width < 50 {
        (format!("Begin a text, then press {send}."), String::new())
    } else if app.document.is_empty() {
        (format!("Write the beginning of a text, then press {send}."), String::new())
    } else {
        (format!("{send} continues."), " Write to add text first.".to_owned())
    };
    if first.width() + more.width() <= width { first + &more } else { first }
}

/// The part of the text around the cursor that can be seen, made visible, and the cursor's byte in it.
///
/// A pasted book must not be wrapped for every frame.
fn near_the_cursor(input: &Input, cells: usize) -> (String, usize) {
    let text = input.text();
    let reach = cells * 8 + 64;
    let mut start = input.cursor().saturating_sub(reach);
    let mut end = (input.cursor() + reach).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let mut shown = visible(&text[start..input.cursor()]);
    let cursor = shown.len();
    shown.push_str(&visible(&text[input.cursor()..end]));
    (shown, cursor)
}
