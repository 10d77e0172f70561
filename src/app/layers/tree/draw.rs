//! The branches of the text: a line for each run of tokens without a fork in it.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::layers::tree::tell::{marks, told_settings};
use crate::app::screen::kit::{lines, over};
use crate::app::screen::theme::Theme;
use crate::document::Run;
use crate::text::fit;

pub(super) fn draw(cx: &Context, chosen: usize, theme: &Theme, frame: &mut Frame) {
    let runs = cx.text.document.runs();
    let title = if cx.window.size.0 >= 60 { "branches: Enter goes there, Esc closes" } else { "branches" };
    let height = (runs.len() as u16).saturating_add(4).max(7).min(cx.window.size.1);
    let inner = over(frame, title, 100, height, theme);
    let (width, rows) = (inner.width as usize, inner.height as usize);
    if runs.is_empty() {
        return lines(frame, inner, vec![Line::styled("There is no text yet.", theme.dim)]);
    }
    let top = (chosen + 1).saturating_sub(rows.saturating_sub(2).max(1));
    let mut out: Vec<Line> = runs
        .iter()
        .enumerate()
        .skip(top)
        .take(rows.saturating_sub(2).max(1))
        .map(|(index, run)| line(cx, (index, run, runs.len()), index == chosen, width, theme))
        .collect();
    if rows > out.len() + 1 {
        out.push(Line::default());
        let more = if width >= 60 { "; left its number, right its tokens" } else { "" };
        out.push(Line::styled(fit(&format!("* the text as it is; ' a bookmark{more}"), width), theme.dim));
    }
    lines(frame, inner, out);
}

/// The settings of a run as far as there is room for them.
fn settings(cx: &Context, run: &Run, width: usize) -> String {
    let told = told_settings(cx, run);
    if width < 56 || told.is_empty() {
        return String::new();
    }
    // The words say which branch it is; the settings must leave them room.
    format!("  {}", fit(&told, (width / 2).min(told.chars().count())))
}

/// A run with its number, by which it is called where something is found in it, of how many.
fn line(
    cx: &Context,
    (index, run, of): (usize, &Run, usize),
    chosen: bool,
    width: usize,
    theme: &Theme,
) -> Line<'static> {
    let mark = if chosen { "> " } else { "  " };
    let number = format!("{:>digits$} ", index + 1, digits = of.to_string().len());
    let path = if run.on_path { "* " } else { "  " };
    let bookmark = marks(cx, run);
    // A deep tree must not push its words off the screen.
    let indent = "  ".repeat(run.depth.min(width / 6));
    // The beginning says which branch it is; more than a screen is wide need not be decoded.
    let text = cx.text.shown_of(&run.nodes[..run.nodes.len().min(width)]);
    // Most begin with a space, which would move them against those that do not.
    let text = text.trim_start();
    let head = format!("{mark}{number}{path}{indent}{}", fit(&bookmark, bookmark.chars().count().min(width / 3)));
    let count = format!("{} {:>4}", settings(cx, run, width), run.nodes.len());
    let room = width.saturating_sub(head.chars().count() + count.chars().count());
    let style = match (chosen, run.on_path) {
        (true, _) => theme.focus,
        (false, true) => theme.strong,
        (false, false) => theme.drawn,
    };
    Line::from(vec![
        Span::styled(head, theme.focus),
        Span::styled(fit(text, room), style),
        Span::styled(count, theme.dim),
    ])
}
