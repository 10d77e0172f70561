//! The search through the text: a line to type in, and each place in its words.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::TextFind;
use crate::app::context::Context;
use crate::app::screen::kit::{lines, over, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::app::text::Place;
use crate::text::{columns_of, cut, visible, visible_line};

/// Rows it takes at the most.
const TALLEST: u16 = 18;

/// How many places there is room for.
pub(super) fn list_rows(size: (u16, u16)) -> usize {
    size.1.min(TALLEST).saturating_sub(4) as usize
}

pub(super) fn draw(cx: &Context, state: &TextFind, theme: &Theme, frame: &mut Frame) {
    let size = cx.window.size;
    let title = if size.0 < 50 { "find in the text" } else { "find in the text: Enter goes there, arrows choose" };
    let inner = over(frame, title, 90, size.1.min(TALLEST), theme);
    let width = inner.width as usize;
    let before = visible(&state.input.text()[..state.input.cursor()]);
    let mut out = vec![Line::from(vec![Span::styled("/ ", theme.focus), Span::raw(visible(state.input.text()))])];
    let on_path = state.places.iter().filter(|it| it.on_path).count();
    if state.input.is_empty() {
        out.extend(wrapped("Type words: every place is listed, on all branches.", width, theme.dim));
    } else if state.places.is_empty() {
        out.extend(wrapped("No branch of the text has these words.", width, theme.note));
    } else {
        let others = state.places.len() - on_path;
        let told = match others {
            0 => format!("{on_path} in the text"),
            _ => format!("{on_path} in the text, {others} on other branches"),
        };
        out.push(Line::styled(told, theme.dim));
        let rows = list_rows(size).max(1);
        let top = (state.chosen + 1).saturating_sub(rows);
        let shown = state.places.iter().enumerate().skip(top).take(rows);
        out.extend(shown.map(|(at, it)| line(it, at == state.chosen, width, theme)));
    }
    lines(frame, inner, out);
    put_cursor(frame, inner, 2 + columns_of(&before), 0);
}

fn line(place: &Place, chosen: bool, width: usize, theme: &Theme) -> Line<'static> {
    let mark = if chosen { "> " } else { "  " };
    let branch = if place.on_path { String::new() } else { format!("branch {}: ", place.run + 1) };
    let mut room = width.saturating_sub(2 + branch.len());
    let mut spans = vec![Span::styled(mark, theme.focus), Span::styled(branch, theme.dim)];
    for (at, part) in place.piece.iter().enumerate() {
        let part = visible_line(&part.replace('\n', " "));
        let shown = cut(&part, room).to_owned();
        room -= columns_of(&shown).min(room);
        spans.push(Span::styled(shown, if at == 1 { theme.focus } else { theme.drawn }));
    }
    Line::from(spans)
}
