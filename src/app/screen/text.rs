//! The document: prompt and continuation in one flow.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::heat;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::layout::Areas;
use crate::app::messages;
use crate::app::models::EngineState;
use crate::app::screen::kit::{block, lines};
use crate::app::screen::theme::Theme;
use crate::app::text::Scroll;
use crate::appearance::Colours;
use crate::document::Origin;
use crate::text::visible;

pub(super) fn draw(cx: &Context, theme: &Theme, areas: &Areas, frame: &mut Frame) {
    let focused = cx.in_focus() == Focus::Text;
    if areas.bordered {
        let title = match (&cx.chat, focused) {
            (true, true) => " > text: chat template ",
            (true, false) => " text: chat template ",
            (false, true) => " > text ",
            (false, false) => " text ",
        };
        let mut block = block(title, focused, theme);
        if let Some(badge) = badge(cx, areas.text.height as usize) {
            block = block.title_bottom(Line::styled(badge, theme.note).right_aligned());
        }
        if let Some(legend) = heat::legend(cx, theme, areas.text_outer.width as usize) {
            block = block.title_bottom(legend);
        }
        frame.render_widget(block, areas.text_outer);
    }
    let height = areas.text.height as usize;
    if cx.text.document.is_empty() && cx.drawing.running.is_none() {
        return lines(frame, areas.text, hint(cx, theme));
    }
    let top = cx.text.top_row(height);
    let rows = &cx.text.flow.rows()[top..(top + height).min(cx.text.flow.rows().len())];
    let last = cx.text.flow.rows().len() - 1;
    let drawn = (top..)
        .zip(rows)
        .map(|(index, row)| {
            let mut line = row_line(cx, theme, row.clone());
            let at_end = cx.in_focus() == Focus::Text && cx.text.cursor >= cx.text.document.len();
            if index == last && at_end && cx.drawing.running.is_none() {
                line.push_span(Span::styled(" ", theme.cursor));
            }
            if index == last && cx.drawing.running.is_some() {
                line.push_span(Span::styled(theme.glyphs.caret, theme.good));
            }
            line
        })
        .collect();
    lines(frame, areas.text, drawn);
    for (y, row) in (0..).zip(rows) {
        mark_sight(cx, theme, areas, y, row, frame);
        mark_changes(cx, theme, areas, y, row, frame);
        if cx.window.appearance.colours == Colours::None && areas.bordered {
            mark_heat(cx, theme, areas, y, row, frame);
        }
    }
    if let (false, Some(badge)) = (areas.bordered, badge(cx, areas.text.height as usize)) {
        let mut area = areas.text;
        area.y = area.bottom().saturating_sub(1);
        area.height = area.height.min(1);
        frame.render_widget(Line::styled(badge, theme.note).right_aligned(), area);
    }
}

/// Says on the frame beside a row how hot its hottest token is.
fn mark_heat(cx: &Context, theme: &Theme, areas: &Areas, y: u16, row: &Range<usize>, frame: &mut Frame) {
    let tokens = cx.text.flow.token_at(row.start)..cx.text.flow.token_at(row.end.saturating_sub(1).max(row.start)) + 1;
    if let Some(level) = heat::hottest(cx, tokens) {
        let x = areas.text_outer.right().saturating_sub(1);
        frame.buffer_mut().set_string(x, areas.text.y + y, level.to_string(), theme.strong);
    }
}

/// Says beside the first row that the model sees that it does not see what is above.
fn mark_sight(cx: &Context, theme: &Theme, areas: &Areas, y: u16, row: &Range<usize>, frame: &mut Frame) {
    let begins = cx.text.flow.start_of(cx.out_of_sight());
    if cx.out_of_sight() == 0 || !row.contains(&begins) || !areas.bordered {
        return;
    }
    let y = areas.text.y + y;
    frame.buffer_mut().set_string(areas.text.x.saturating_sub(1), y, theme.glyphs.sight, theme.note);
    let (label, taken) = ("above: out of the model's sight", cx.text.flow.text()[row.clone()].trim_end().width());
    let right = areas.text_outer.right() - 1;
    if taken + label.width() + 2 <= right.saturating_sub(areas.text.x) as usize {
        frame.buffer_mut().set_string(right - label.width() as u16, y, label, theme.note);
    }
}

/// Says beside a row where the settings changed: a mark on the frame, and what changed where there is room for it.
fn mark_changes(cx: &Context, theme: &Theme, areas: &Areas, y: u16, row: &Range<usize>, frame: &mut Frame) {
    let first = cx.text.flow.token_at(row.start);
    let begins_here = |it: &usize| cx.text.flow.start_of(*it) >= row.start;
    let positions =
        (first..cx.text.flow.len()).take_while(|&it| cx.text.flow.start_of(it) < row.end).filter(begins_here);
    let Some((before, after)) = positions.filter_map(|it| cx.text.document.change_at(it)).last() else { return };
    let y = areas.text.y + y;
    if areas.bordered {
        // On the frame, or in the margin where lines are shorter than the frame is wide.
        frame.buffer_mut().set_string(areas.text.x.saturating_sub(1), y, theme.glyphs.change, theme.note);
    }
    let label = messages::change(before, after);
    let taken = cx.text.flow.text()[row.clone()].trim_end().width();
    let right = areas.text_outer.right() - u16::from(areas.bordered);
    let room = right.saturating_sub(areas.text.x) as usize;
    if !label.is_empty() && taken + label.width() + 2 <= room {
        let x = right - label.width() as u16;
        frame.buffer_mut().set_string(x, y, label, theme.note);
    }
}

/// The token under a place, and whether the place is on it.
pub(in crate::app) fn token_at(cx: &Context, areas: &Areas, at: Position) -> (usize, bool) {
    let text = cx.text.flow.text();
    let row = cx.text.top_row(areas.text.height as usize) + usize::from(at.y.saturating_sub(areas.text.y));
    let Some(row) = cx.text.flow.rows().get(row).cloned().filter(|_| !cx.text.flow.is_empty()) else {
        return (cx.text.document.len(), false);
    };
    let mut left = usize::from(at.x.saturating_sub(areas.text.x));
    for (offset, grapheme) in text[row.clone()].grapheme_indices(true) {
        let width = grapheme.width();
        if left < width {
            return (cx.text.flow.token_at(row.start + offset), at.x >= areas.text.x);
        }
        left -= width;
    }
    // Beside the text: its last token in this row, or where the text goes on.
    let last = cx.text.flow.rows().last().is_some_and(|it| *it == row);
    (if last { cx.text.document.len() } else { cx.text.flow.token_at(row.end.max(row.start + 1) - 1) }, false)
}

/// What came below the view since it was scrolled away from the end.
fn badge(cx: &Context, height: usize) -> Option<String> {
    if cx.text.top_row(height) + height >= cx.text.flow.rows().len() {
        return None;
    }
    match cx.text.scroll {
        Scroll::At { unseen: 0, .. } => Some(" more below - End ".to_owned()),
        Scroll::At { unseen, .. } => Some(format!(" v {unseen} new - End ")),
        Scroll::Follow => None,
    }
}

/// One row: runs of one style, as wide as the row.
fn row_line<'a>(cx: &'a Context, theme: &Theme, row: Range<usize>) -> Line<'a> {
    let text = cx.text.flow.text();
    let row = row.start
        ..row.start + text[row.clone()].trim_end_matches(' ').len().max(usize::from(!row.is_empty())).min(row.len());
    let mut spans: Vec<Span> = Vec::new();
    let mut at = row.start;
    while at < row.end {
        let position = cx.text.flow.token_at(at);
        let style = style(cx, theme, position);
        let mut end = cx.text.flow.end_of(position);
        // Neighbours of one style are one run, so that a character across two tokens stays whole.
        let mut next = position + 1;
        while end < row.end && next < cx.text.flow.len() && self::style(cx, theme, next) == style {
            end = cx.text.flow.end_of(next);
            next += 1;
        }
        let end = end.min(row.end).max(at + 1);
        let end = (end..=row.end).find(|&it| text.is_char_boundary(it)).unwrap_or(row.end);
        spans.push(Span::styled(&text[at..end], style));
        at = end;
    }
    Line::from(spans)
}

fn style(cx: &Context, theme: &Theme, position: usize) -> Style {
    let is_selected = cx.text.selection().is_some_and(|it| it.contains(&position));
    let style = if is_selected { theme.drawn.reversed() } else { without_cursor(cx, theme, position) };
    let looked_at = cx.in_focus() == Focus::Text && position == cx.text.cursor;
    if looked_at { style.patch(theme.cursor) } else { style }
}

fn without_cursor(cx: &Context, theme: &Theme, position: usize) -> Style {
    let Some(node) = cx.text.document.at(position) else {
        return theme.drawn;
    };
    if position < cx.out_of_sight() {
        return theme.dim.italic();
    }
    if cx.text.vocabulary().is_mark(node.token) {
        return theme.mark;
    }
    if let Some(hot) = heat::style(cx, theme, position) {
        return hot;
    }
    match node.origin {
        Origin::Typed | Origin::Chosen => theme.typed,
        Origin::Drawn(_) => theme.drawn,
    }
}

fn hint(cx: &Context, theme: &Theme) -> Vec<Line<'static>> {
    let models = cx.key_of(Action::Models);
    let ready = match &cx.models.engine {
        EngineState::Ready(_) => {
            "Write the beginning of something below and press Enter: the model goes on from there."
        }
        EngineState::Failed => &format!("The model could not be loaded. {models} shows the models."),
        EngineState::Empty if !cx.models.demo_coming => {
            &format!("There is no model. {models} says why, and what can be done.")
        }
        EngineState::Empty | EngineState::Loading { .. } => "One moment: the model is being made ready.",
    };
    let mut wrap = crate::text::Wrap::new(cx.text.flow.width());
    let blank = match cx.text.vocabulary().begin_name() {
        Some(name) => format!("Enter with nothing written starts from {}, the model's blank page.", visible(&name)),
        None => "This model names no token that begins a text, so it needs a beginning.".to_owned(),
    };
    let rest = "Try:  Once upon a time\n      One day, a little bear found a\n      The dragon was sad because";
    let text = format!("{ready}\n\n{blank}\n\n{rest}");
    wrap.extend(&text);
    wrap.rows().iter().map(|row| Line::styled(text[row.clone()].to_owned(), theme.dim)).collect()
}
