//! The document: prompt and continuation in one flow.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

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
use crate::text::{columns_of, grapheme_columns, visible};

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
            let mut line = row_line(cx, theme, row);
            if let Some(style) = behind_row(cx, theme, row) {
                line.push_span(Span::styled(" ", style));
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
    if let Some(level) = heat::hottest(cx, cx.text.flow.tokens_in(row)) {
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
    let (label, taken) = ("above: out of the model's sight", columns_of(cx.text.flow.text()[row.clone()].trim_end()));
    let right = areas.text_outer.right() - 1;
    if taken + columns_of(label) + 2 <= right.saturating_sub(areas.text.x) as usize {
        frame.buffer_mut().set_string(right - columns_of(label) as u16, y, label, theme.note);
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
    let taken = columns_of(cx.text.flow.text()[row.clone()].trim_end());
    let right = areas.text_outer.right() - u16::from(areas.bordered);
    let room = right.saturating_sub(areas.text.x) as usize;
    if !label.is_empty() && taken + columns_of(&label) + 2 <= room {
        let x = right - columns_of(&label) as u16;
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
    for (place, tokens) in cx.text.flow.shown().graphemes(row.clone()) {
        let width = grapheme_columns(&text[place]);
        if left < width {
            return (tokens.start, at.x >= areas.text.x);
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

/// One row: runs of one style. What is seen as one character has one style, however many tokens it is made of.
fn row_line<'a>(cx: &'a Context, theme: &Theme, row: &Range<usize>) -> Line<'a> {
    let text = cx.text.flow.text();
    let mut runs: Vec<(Range<usize>, Style)> = Vec::new();
    let (mut before, mut style) = (0..0, theme.drawn);
    for (place, tokens) in cx.text.flow.shown().graphemes(row.start..shown_end(cx, row)) {
        if tokens != before {
            style = self::style(cx, theme, &tokens);
            before = tokens;
        }
        match runs.last_mut() {
            Some((run, of_run)) if *of_run == style => run.end = place.end,
            _ => runs.push((place, style)),
        }
    }
    Line::from(runs.into_iter().map(|(run, style)| Span::styled(&text[run], style)).collect::<Vec<_>>())
}

/// Where what is shown of a row ends: spaces before a word that begins the next row are not shown.
fn shown_end(cx: &Context, row: &Range<usize>) -> usize {
    let (flow, blank) = (&cx.text.flow, row.start + cx.text.flow.text()[row.clone()].trim_end_matches(' ').len());
    let last = flow.tokens_in(&(row.end.saturating_sub(1)..row.end)).last();
    match last.filter(|&it| blank < row.end && flow.end_of(it) > row.end) {
        Some(position) => flow.start_of(position).max(blank),
        None => row.end,
    }
}

/// How the cell behind a row is shown: lit where the cursor or a selection is on the line feed that ends the row, or the
/// cursor on what has no character yet.
fn behind_row(cx: &Context, theme: &Theme, row: &Range<usize>) -> Option<Style> {
    let flow = &cx.text.flow;
    if row.end < flow.text().len() {
        let feed = row.end..row.end + 1;
        let is_feed = flow.text().as_bytes()[row.end] == b'\n';
        return is_feed.then(|| lit(cx, theme, &flow.tokens_in(&feed), theme.drawn)).flatten();
    }
    let is_behind = flow.start_of(cx.text.cursor) == flow.text().len();
    (is_behind && cx.in_focus() == Focus::Text && cx.drawing.running.is_none()).then_some(theme.cursor)
}

/// The style of what some tokens make up together.
fn style(cx: &Context, theme: &Theme, tokens: &Range<usize>) -> Style {
    let unlit = without_cursor(cx, theme, tokens);
    lit(cx, theme, tokens, unlit).unwrap_or(unlit)
}

/// The style of what is selected or under the cursor; `None` for what is neither.
fn lit(cx: &Context, theme: &Theme, tokens: &Range<usize>, unlit: Style) -> Option<Style> {
    let is_selected = cx.text.selection().is_some_and(|it| it.start < tokens.end && tokens.start < it.end);
    let looked_at = cx.in_focus() == Focus::Text && tokens.contains(&cx.text.cursor);
    let style = if is_selected { theme.drawn.reversed() } else { unlit };
    (is_selected || looked_at).then(|| if looked_at { style.patch(theme.cursor) } else { style })
}

fn without_cursor(cx: &Context, theme: &Theme, tokens: &Range<usize>) -> Style {
    let nodes = || tokens.clone().filter_map(|it| cx.text.document.at(it));
    let Some(first) = nodes().next() else {
        return theme.drawn;
    };
    if tokens.end <= cx.out_of_sight() {
        return theme.dim.italic();
    }
    if nodes().any(|it| cx.text.vocabulary().is_mark(it.token)) {
        return theme.mark;
    }
    if let Some(hot) = heat::style(cx, theme, tokens) {
        return hot;
    }
    match first.origin {
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
        EngineState::Failed(_) => &format!("The model could not be loaded. {models} says why, and what can be done."),
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
