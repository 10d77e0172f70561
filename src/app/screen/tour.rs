//! The rows of a tour, in the place of the last line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::kit::lines;
use super::theme::Theme;
use crate::app::context::Context;
use crate::app::messages::tour::told;
use crate::text::Wrap;

/// Draws the step to be done, or what to watch.
pub(super) fn draw(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let Some(text) = told(cx) else { return };
    let style = if cx.tour.as_ref().is_some_and(|it| it.is_done) { theme.note } else { theme.strong };
    let mut wrap = Wrap::new(usize::from(area.width));
    wrap.extend(&text);
    let row = |row: &std::ops::Range<usize>| Line::styled(text[row.clone()].trim_end().to_owned(), style);
    frame.render_widget(Clear, area);
    lines(frame, area, wrap.rows().iter().take(usize::from(area.height)).map(row).collect());
}
