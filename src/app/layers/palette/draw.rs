//! The palette: a line to type in, and the commands that fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Entry, Palette};
use crate::app::context::Context;
use crate::app::screen::kit::{lines, over, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::text::{columns_of, fit, visible};

/// Rows the palette takes at the most.
const TALLEST: u16 = 26;
/// Columns it takes at the most.
const WIDEST: u16 = 96;

/// How many commands there is room for: without the frame, the line to type in, and what helps.
pub(super) fn list_rows(size: (u16, u16)) -> usize {
    size.1.min(TALLEST).saturating_sub(5) as usize
}

pub(super) fn draw(cx: &Context, state: &Palette, theme: &Theme, frame: &mut Frame) {
    let inner = over(frame, "commands", WIDEST, cx.window.size.1.min(TALLEST), theme);
    let width = inner.width as usize;
    let entries = state.entries();
    let before = visible(&state.input.text()[..state.input.cursor()]);
    let mut out = vec![Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(state.input.text()))])];
    if state.input.is_empty() {
        let hint = "type some letters of a command";
        out[0].push_span(Span::styled(hint, theme.dim));
    }
    out.push(Line::styled(theme.glyphs.rule.repeat(width), theme.dim));
    let rows = list_rows(cx.window.size);
    let top = (state.chosen + 1).saturating_sub(rows);
    if entries.is_empty() {
        out.extend(wrapped("nothing is called that; Backspace and try fewer letters", width, theme.note));
    }
    for (index, entry) in entries.iter().enumerate().skip(top).take(rows) {
        out.push(entry_line(cx, (entry, state.input.text()), index == state.chosen, width, theme));
    }
    // What is wrong is told whole, over the list if it must be.
    let foot = match &state.problem {
        Some(problem) => wrapped(&visible(problem), width, theme.bad),
        None => vec![Line::styled(hint(cx, entries.get(state.chosen), width), theme.dim)],
    };
    let rows = (foot.len() as u16).min(inner.height.saturating_sub(1));
    lines(frame, Rect { height: inner.height.saturating_sub(rows), ..inner }, out);
    lines(frame, Rect { y: inner.bottom().saturating_sub(rows), height: rows, ..inner }, foot);
    put_cursor(frame, inner, 2 + columns_of(&before), 0);
}

/// A name with the one that was typed for it, what it does where there is room, and its key.
fn entry_line(
    cx: &Context,
    (entry, query): (&Entry, &str),
    chosen: bool,
    width: usize,
    theme: &Theme,
) -> Line<'static> {
    let (mark, style) = if chosen { ("> ", theme.focus) } else { ("  ", theme.drawn) };
    let key = entry.key(&cx.keymap);
    let other = entry.other_name(query).filter(|_| !entry.name().contains(&query.trim().to_lowercase()));
    let name = other.map_or_else(|| entry.name(), |it| format!("{} ({it})", entry.name()));
    let key_width = 13.min(width / 3);
    let name_width = if width >= 60 { 27 } else { width.saturating_sub(2 + key_width) };
    let help_width = width.saturating_sub(2 + name_width + key_width);
    Line::from(vec![
        Span::styled(mark, style),
        Span::styled(fit(&visible(&name), name_width), style),
        Span::styled(
            fit(&short(&visible(&entry.help(&cx.settings)), help_width, theme.glyphs.more), help_width),
            theme.dim,
        ),
        Span::styled(format!("{key:>key_width$}"), theme.strong),
    ])
}

/// As much as there is room for, with a sign that there is more.
fn short(text: &str, width: usize, more: &str) -> String {
    if columns_of(text) < width {
        return text.to_owned();
    }
    format!("{}{more}", fit(text, width.saturating_sub(1 + columns_of(more))).trim_end())
}

/// What can be done now; where there is no room for it in the line, what the chosen one does.
fn hint(cx: &Context, chosen: Option<&Entry>, width: usize) -> String {
    match chosen {
        Some(Entry::Set(_, value)) if value.is_empty() => "Enter, then the value and Enter   Esc closes".to_owned(),
        Some(entry) if width < 60 => {
            short(&visible(&entry.help(&cx.settings)), width, cx.window.appearance.glyphs().more)
        }
        _ => "arrows choose   Enter does it   Esc closes".to_owned(),
    }
}
