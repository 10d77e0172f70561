//! What everything on the screen is drawn with: frames, lines, a cursor.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::theme::Theme;
use crate::app::context::Context;
use crate::app::layout::layout;
use crate::text::Wrap;

/// A frame with a title, lit where the focus is; the focus also has a mark, for those who see no colour.
pub(in crate::app) fn block<'a>(title: impl Into<Line<'a>>, focused: bool, theme: &Theme) -> Block<'a> {
    let style = if focused { theme.focus } else { theme.dim };
    Block::bordered().border_set(theme.glyphs.frames[usize::from(focused)]).border_style(style).title(title)
}

/// Clears the middle of the screen for something that lies over it; returns what is inside its frame.
pub(in crate::app) fn over(frame: &mut Frame, title: &str, width: u16, height: u16, theme: &Theme) -> Rect {
    let screen = frame.area();
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let area =
        Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    framed(frame, title, area, theme)
}

/// Clears a place of the screen for something that lies over it; returns what is inside its frame.
pub(in crate::app) fn framed(frame: &mut Frame, title: &str, area: Rect, theme: &Theme) -> Rect {
    frame.render_widget(Clear, area);
    frame.render_widget(block(format!(" {title} "), true, theme), area);
    area.inner(Margin { horizontal: 2.min(area.width / 2), vertical: 1.min(area.height / 2) })
}

/// The row of the screen in which a token of the text begins.
pub(in crate::app) fn row_of_token(cx: &Context, position: usize) -> u16 {
    let text = layout(cx).text;
    let row =
        cx.text.flow.row_of(cx.text.flow.start_of(position)).saturating_sub(cx.text.top_row(text.height as usize));
    text.y.saturating_add(row as u16)
}

/// Lines from the top, as many as there is room for.
pub(in crate::app) fn lines(frame: &mut Frame, area: Rect, lines: Vec<Line>) {
    frame.render_widget(Paragraph::new(lines), area);
}

/// Shows the terminal's cursor at a column and row of an area.
pub(in crate::app) fn put_cursor(frame: &mut Frame, area: Rect, x: usize, y: usize) {
    let x = area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX)).min(area.right().saturating_sub(1));
    let y = area.y.saturating_add(u16::try_from(y).unwrap_or(u16::MAX)).min(area.bottom().saturating_sub(1));
    if area.width > 0 && area.height > 0 {
        frame.set_cursor_position(Position { x, y });
    }
}

/// A text wrapped into lines of one style.
pub(in crate::app) fn wrapped(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let mut wrap = Wrap::new(width);
    wrap.extend(text);
    wrap.rows().iter().map(|row| Line::styled(text[row.clone()].to_owned(), style)).collect()
}
