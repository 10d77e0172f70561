//! Where everything is, for a size and a state. The same areas are drawn into and scrolled by.

use ratatui::layout::{Margin, Rect};

use crate::app::context::Context;
use crate::app::messages::tour::told;
use crate::app::models::EngineState;

use crate::text::columns_of;

/// How text and panel share the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panes {
    /// Side by side.
    Two,
    /// One at a time.
    One,
}

/// The areas of the main screen; those without room are `None`.
#[derive(Clone, Copy, Debug)]
pub struct Areas {
    /// How text and panel share it.
    pub panes: Panes,
    /// Whether there is room for frames.
    pub bordered: bool,
    /// The name, the model, the settings in short.
    pub title: Option<Rect>,
    /// The text with its frame.
    pub text_outer: Rect,
    /// The rows of the text.
    pub text: Rect,
    /// The sampling panel with its frame.
    pub panel: Option<Rect>,
    /// A sentence for the user.
    pub notice: Option<Rect>,
    /// A download's line.
    pub install: Option<Rect>,
    /// The input with its frame.
    pub input_outer: Rect,
    /// The rows of the input.
    pub input: Rect,
    /// Context, speed, device.
    pub status: Option<Rect>,
    /// The keys that matter now, or the step of a tour.
    pub footer: Option<Rect>,
}

/// Columns of the longest line: in longer ones the eye loses its place on the way back.
const MEASURE: u16 = 100;
/// Rows that the step of a tour may take.
const TALLEST_STEP: usize = 4;
/// Rows an input may grow to.
const TALLEST_INPUT: usize = 6;

/// The areas for the current size and state.
#[must_use]
pub fn layout(cx: &Context) -> Areas {
    let (width, height) = cx.window.size;
    let bordered = height >= 16 && width >= 30;
    let panes = if width < 60 { Panes::One } else { Panes::Two };
    let mut top = 0;
    let mut bottom = height;
    let mut from_below = |rows: u16, least: u16| {
        // Something must be left for the text.
        (rows > 0 && bottom > least + rows).then(|| {
            bottom -= rows;
            Rect { x: 0, y: bottom, width, height: rows }
        })
    };
    let step_rows = told(cx).map_or(1, |it| wrapped_rows(&it, width as usize).clamp(1, TALLEST_STEP));
    let footer = from_below(step_rows as u16, 6);
    let status = if height >= 16 { from_below(1, 6) } else { None };
    let frame = if bordered { 2 } else { 0 };
    let columns = width.saturating_sub(frame + if bordered { 0 } else { 2 }).max(1) as usize;
    let rows = input_rows(&cx.input.shown().0, columns).min(usize::from(height / 4).max(1)) as u16;
    let input_outer = from_below(rows + frame, 0).unwrap_or(Rect { x: 0, y: 0, width, height: height.min(1) });
    let install_rows = u16::from(cx.models.installing.as_ref().is_some_and(|it| it.stage.is_some()) || is_loading(cx));
    let install = from_below(install_rows, 3);
    let notice_rows = cx.outbox.notice.as_ref().map_or(0, |it| wrapped_rows(&it.text, width as usize).min(4)) as u16;
    let notice = from_below(notice_rows, 3);
    let title = (height >= 8).then_some(Rect { x: 0, y: 0, width, height: 1 });
    if title.is_some() {
        top = 1;
    }
    let body = Rect { x: 0, y: top, width, height: bottom.saturating_sub(top) };
    let panel_width = match width {
        160.. => 60,
        100.. => 44,
        _ => 28,
    };
    let beside = (panes == Panes::Two && cx.panel.is_shown && body.height >= 4).then(|| Rect {
        x: width - panel_width,
        width: panel_width,
        ..body
    });
    let text_outer = Rect { width: width - beside.map_or(0, |it| it.width), ..body };
    let inside = |outer: Rect, margin: u16| {
        if bordered {
            outer.inner(Margin { horizontal: 1, vertical: 1 })
        } else {
            Rect { x: outer.x + margin.min(outer.width), width: outer.width.saturating_sub(margin), ..outer }
        }
    };
    Areas {
        panes,
        bordered,
        title,
        text_outer,
        text: measured(inside(text_outer, 0)),
        panel: beside,
        notice,
        install,
        input_outer,
        input: inside(input_outer, 2),
        status,
        footer,
    }
}

/// The middle of an area, no wider than lines can be and still be read.
fn measured(area: Rect) -> Rect {
    let width = area.width.min(MEASURE);
    Rect { x: area.x + (area.width - width) / 2, width, ..area }
}

fn is_loading(cx: &Context) -> bool {
    matches!(cx.models.engine, EngineState::Loading { .. })
}

/// How many rows a text takes; a huge one need not be walked to know that it takes them all.
fn input_rows(text: &str, columns: usize) -> usize {
    if text.len() > columns * TALLEST_INPUT * 8 {
        return TALLEST_INPUT;
    }
    wrapped_rows(text, columns).min(TALLEST_INPUT)
}

/// At least the rows that wrapping makes of a text.
fn wrapped_rows(text: &str, columns: usize) -> usize {
    let mut wrap = crate::text::Wrap::new(columns);
    wrap.extend(text);
    let last = wrap.rows().last().map_or(0, |row| columns_of(&text[row.clone()]));
    // The cursor behind a full row stands in the next one.
    wrap.rows().len() + usize::from(last >= columns.max(1))
}
