//! The sampling panel: controls above, the next token below.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};

use super::bars;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::knobs::{KNOBS, Knob};
use crate::app::layout::Areas;
use crate::app::screen::kit::{block, lines, put_cursor};
use crate::app::screen::theme::Theme;
use crate::sample::{PRESETS, Settings};
use crate::text::{Wrap, columns_of, cut, pad, visible};

pub(super) fn draw(cx: &Context, theme: &Theme, area: Rect, bordered: bool, frame: &mut Frame) {
    let focused = cx.in_focus() == Focus::Panel;
    let inner = if bordered {
        let mark = if focused { "> " } else { "" };
        let title = format!(" {mark}sampling: {} ", Knob::Preset.show(&cx.settings));
        frame.render_widget(block(title, focused, theme), area);
        area.inner(Margin { horizontal: 1, vertical: 1 })
    } else {
        area
    };
    let Listing { knobs, at, top, shown, explain } = listing(cx, inner);
    let mut out: Vec<Line> = knobs
        .iter()
        .skip(top)
        .take(shown)
        .map(|&(index, knob)| knob_line(cx, knob, focused && index == cx.panel.knob, inner.width as usize, theme))
        .collect();
    let explanation = explanation(cx, inner.width as usize);
    out.extend(explanation.into_iter().take(explain).map(|it| Line::styled(it, theme.dim)));
    let used = out.len() as u16;
    lines(frame, Rect { height: used.min(inner.height), ..inner }, out);
    if let (Some(typing), true) = (&cx.panel.typing, focused) {
        let x = value_column(KNOBS[cx.panel.knob], inner.width as usize)
            + columns_of(&visible(&typing.text()[..typing.cursor()]));
        put_cursor(frame, inner, x, at - top);
    }
    if inner.height > used {
        let below = Rect { y: inner.y + used, height: inner.height - used, ..inner };
        bars::draw(cx, theme, below, frame);
    }
}

/// Which controls are listed, and what of them there is room for.
struct Listing {
    knobs: Vec<(usize, Knob)>,
    /// Which of them the cursor is on.
    at: usize,
    /// The first that is in view, and how many are.
    top: usize,
    shown: usize,
    /// How many rows below them explain the chosen one.
    explain: usize,
}

fn listing(cx: &Context, inner: Rect) -> Listing {
    let focused = cx.in_focus() == Focus::Panel;
    let rows = inner.height as usize;
    // Bars need some rows to say anything; the controls scroll if they must.
    // What is seldom needed is shown while the panel has the focus, or when it does something.
    let listed = |it: &(usize, Knob)| focused || !it.1.is_more() || it.1.matters(&cx.settings);
    let knobs: Vec<(usize, Knob)> = KNOBS.iter().copied().enumerate().filter(listed).collect();
    let at = knobs.iter().position(|it| it.0 == cx.panel.knob).unwrap_or(0);
    let knob_rows = if rows >= knobs.len() + 9 { knobs.len() } else { (rows * 3 / 5).min(knobs.len()) };
    let explain = if focused && rows >= 12 { explanation(cx, inner.width as usize).len() } else { 0 };
    let shown = knob_rows.saturating_sub(explain).max(1).min(rows);
    Listing { knobs, at, top: (at + 1).saturating_sub(shown), shown, explain }
}

/// The control in a row of the panel, an index of [`KNOBS`].
pub(in crate::app) fn knob_at(cx: &Context, areas: &Areas, at: Position) -> Option<usize> {
    let area = areas.panel.unwrap_or(areas.text_outer);
    let inner = if areas.bordered { area.inner(Margin { horizontal: 1, vertical: 1 }) } else { area };
    let row = usize::from(at.y.checked_sub(inner.y)?);
    let Listing { knobs, top, shown, .. } = listing(cx, inner);
    (row < shown).then(|| knobs.get(top + row).map(|it| it.0)).flatten()
}

/// What the chosen control does, in two rows at the most.
fn explanation(cx: &Context, width: usize) -> Vec<String> {
    let text = KNOBS[cx.panel.knob].explain(&cx.settings);
    let mut wrap = Wrap::new(width.saturating_sub(2));
    wrap.extend(&text);
    wrap.rows().iter().take(2).map(|row| format!("  {}", &text[row.clone()])).collect()
}

fn knob_line<'a>(cx: &Context, knob: Knob, selected: bool, width: usize, theme: &Theme) -> Line<'a> {
    let value = match (&cx.panel.typing, selected) {
        (Some(typing), true) => visible(typing.text()),
        _ => visible(&knob.show(&cx.settings)),
    };
    let mark = if selected { "> " } else { "  " };
    let style = if selected { theme.focus } else { theme.drawn };
    let column = value_column(knob, width);
    let mut value = cut(&value, width.saturating_sub(column)).to_owned();
    if knob == Knob::Preset && changed(&cx.settings) {
        value.push('*');
    }
    let name = format!("{mark}{:<room$}", knob.name(), room = column - 2);
    let mut spans = vec![Span::styled(name, style), Span::styled(format!("{} ", pad(&value, 4)), style)];
    let used: usize = spans.iter().map(Span::width).sum();
    // A bar as long as there is room for, but for a column before the frame where that is wide.
    let room = width.saturating_sub(column + 5);
    let bar_width = if room > 8 { (room - 1).min(width * 2 / 5) } else { room };
    if let (Some(fraction), true) = (knob.fraction(&cx.settings), bar_width >= 4 && used <= column + 5) {
        // Only what is at an end looks so.
        let full = (fraction * bar_width as f64).round() as usize;
        let full = full.clamp(usize::from(fraction > 0.0), bar_width - usize::from(fraction < 1.0));
        spans.push(Span::styled(theme.glyphs.level(full, bar_width), theme.dim));
    }
    Line::from(spans)
}

/// Where the value of a control begins: below one another, and behind a name that is longer than most.
fn value_column(knob: Knob, width: usize) -> usize {
    /// The longest name of those that are always listed.
    const MOST: usize = "repeat-penalty".len();
    /// The longest of all.
    const LONGEST: usize = "dry-allowed-length".len();
    let room = if width < 34 { MOST } else { LONGEST };
    2 + knob.name().len().max(room) + 1
}

/// Whether the chain is no preset's.
fn changed(settings: &Settings) -> bool {
    settings.is_own() || !PRESETS.iter().any(|it| settings.matches(it))
}
