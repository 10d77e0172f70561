//! The question about a loop, drawn.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::intent::WayOut;
use crate::app::messages::columns::{WAYS_OUT, loop_found};
use crate::app::screen::kit::{lines, over, wrapped};
use crate::app::screen::theme::Theme;

/// What can be done about a loop.
pub(super) fn draw(cx: &Context, since: usize, theme: &Theme, frame: &mut Frame) {
    let told = loop_found(&cx.text.document, since);
    let rows = wrapped(&told, usize::from(frame.area().width.clamp(5, 66) - 4), theme.note).len() as u16;
    let inner = over(frame, "going round in circles", 66, 6 + rows, theme);
    let width = inner.width as usize;
    let mut out = wrapped(&told, width, theme.note);
    for (way, key, what) in WAYS_OUT {
        let short = width < 58 && way == WayOut::Differently;
        let what = if short { "back, and on with DRY" } else { what };
        out.push(Line::from(vec![Span::styled(format!("{key:>4}  "), theme.strong), Span::raw(what)]));
    }
    lines(frame, inner, out);
}
