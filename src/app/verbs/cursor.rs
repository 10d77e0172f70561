//! The cursor in the text, and the rows in view.

use super::ask::prompt_logprobs;
use super::focus;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::layout::layout;
use crate::app::text::Scroll;
use crate::text::{columns_of, cut};

/// Moves the cursor.
pub(in crate::app) fn go(cx: &mut Context, action: Action) {
    let last = cx.text.document.len();
    let at = cx.text.cursor.min(last);
    let to = match action {
        Action::TokenLeft => at.saturating_sub(1),
        Action::TokenRight => (at + 1).min(last),
        Action::TokenWordLeft => (0..at).rev().find(|&it| begins_word(cx, it)).unwrap_or(0),
        Action::TokenWordRight => (at + 1..last).find(|&it| begins_word(cx, it)).unwrap_or(last),
        Action::RowUp => by_rows(cx, at, -1),
        Action::RowDown => by_rows(cx, at, 1),
        Action::Top => 0,
        _ => last,
    };
    cx.text.put_cursor(to);
    show_cursor(cx);
}

fn begins_word(cx: &Context, position: usize) -> bool {
    let first =
        |it: usize| cx.text.document.at(it).and_then(|node| cx.text.vocabulary().bytes(node.token).first().copied());
    first(position).is_some_and(|it| it.is_ascii_whitespace())
        || position.checked_sub(1).and_then(first).is_some_and(|it| it == b'\n')
}

/// The token that stands in the row above or below, as far to the right.
fn by_rows(cx: &Context, position: usize, rows: isize) -> usize {
    let (flow, text) = (&cx.text.flow, cx.text.flow.text());
    let start = flow.start_of(position);
    let row = flow.row_of(start);
    let Some(to) = row.checked_add_signed(rows).filter(|&it| it < flow.rows().len()) else {
        return if rows < 0 { 0 } else { cx.text.document.len() };
    };
    let column = columns_of(&text[flow.rows()[row].start.min(start)..start]);
    let target = flow.rows()[to].clone();
    let reached = target.start + cut(&text[target.clone()], column).len();
    // What stands across that column, or ends the row.
    let last = target.end.saturating_sub(1).max(target.start);
    let found = flow.tokens_in(&flow.grapheme_at(reached.min(last))).start;
    // A token that goes on in the row below is left there.
    if found == position && rows > 0 { position + 1 } else { found.min(cx.text.document.len()) }
}

/// Puts the cursor on the token at a position.
pub(in crate::app) fn point(cx: &mut Context, position: usize) {
    focus::put(cx, Focus::Text);
    cx.text.put_cursor(position);
    show_cursor(cx);
}

/// Brings the cursor into view.
pub(in crate::app) fn show_cursor(cx: &mut Context) {
    let height = (layout(cx).text.height as usize).max(1);
    let offset = cx.text.flow.start_of(cx.text.cursor);
    let row = cx.text.flow.row_of(offset);
    let top = cx.text.top_row(height);
    let last = cx.text.flow.rows().len().saturating_sub(height);
    let to = if row < top {
        row
    } else if row >= top + height {
        row + 1 - height
    } else {
        return;
    };
    let unseen = if let Scroll::At { unseen, .. } = cx.text.scroll { unseen } else { 0 };
    cx.text.scroll =
        if to >= last { Scroll::Follow } else { Scroll::At { offset: cx.text.flow.rows()[to].start, unseen } };
}

/// Scrolls the text by a page, or to the end.
pub(in crate::app) fn scroll(cx: &mut Context, action: Action) {
    let height = (layout(cx).text.height as usize).max(1);
    let page = height.saturating_sub(2).max(1);
    match action {
        Action::PageUp => scroll_by(cx, -(page as isize)),
        Action::PageDown => scroll_by(cx, page as isize),
        _ => cx.text.scroll = Scroll::Follow,
    }
}

/// Scrolls the text by so many rows; at the end it is followed again.
pub(in crate::app) fn scroll_by(cx: &mut Context, rows: isize) {
    let height = (layout(cx).text.height as usize).max(1);
    let last = cx.text.flow.rows().len().saturating_sub(height);
    let top = cx.text.top_row(height).saturating_add_signed(rows);
    let unseen = match cx.text.scroll {
        Scroll::At { unseen, .. } => unseen,
        Scroll::Follow => 0,
    };
    cx.text.scroll =
        if top >= last { Scroll::Follow } else { Scroll::At { offset: cx.text.flow.rows()[top].start, unseen } };
}

/// Goes over to the next way of colouring the text.
pub(in crate::app) fn next_heat(cx: &mut Context) {
    cx.text.heat = cx.text.heat.next();
    prompt_logprobs(cx);
}
