//! The search for a token: a line to type in, and how likely each token found is to come next.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Find, Found};
use crate::app::context::Context;
use crate::app::messages::dice::fine_percent;
use crate::app::screen::bars::label;
use crate::app::screen::kit::{lines, over, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::sample::Parameter;
use crate::text::{columns_of, fit, visible};

/// Rows it takes at the most.
const TALLEST: u16 = 26;

/// How many tokens there is room for: without the frame, the line to type in, the heading and what helps.
pub(super) fn list_rows(size: (u16, u16)) -> usize {
    size.1.min(TALLEST).saturating_sub(5) as usize
}

pub(super) fn draw(cx: &Context, state: &Find, theme: &Theme, frame: &mut Frame) {
    let inner = over(frame, &title(cx), 64, cx.window.size.1.min(TALLEST), theme);
    let width = inner.width as usize;
    let before = visible(&state.input.text()[..state.input.cursor()]);
    let mut out = vec![Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(state.input.text()))])];
    if state.input.is_empty() {
        out.extend(wrapped(
            "Type a part of a word: every token that contains it is listed, with how likely it is to come next. A space at \
             the beginning counts: most words begin with one.",
            width,
            theme.dim,
        ));
    } else if state.found.is_empty() {
        out.extend(wrapped("No token contains this; a longer word is made of several.", width, theme.note));
    } else {
        out.push(Line::styled(columns("token", "rank", "model", "after", width), theme.dim));
        let shown = state.found.iter().skip(state.top).take(list_rows(cx.window.size));
        out.extend(shown.map(|it| found_line(cx, it, width, theme)));
    }
    lines(frame, Rect { height: inner.height.saturating_sub(1), ..inner }, out);
    let foot = foot(cx, state, width);
    let below = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
    lines(frame, below, vec![Line::styled(foot, theme.dim)]);
    put_cursor(frame, inner, 2 + columns_of(&before), 0);
}

/// The settings that the table is made under, as far as keys turn them here.
fn title(cx: &Context) -> String {
    let [temperature, top_p] = [Parameter::Temperature, Parameter::TopP].map(|it| (it.name(), it.show(&cx.settings)));
    if cx.window.size.0 < 50 {
        return format!("find: {} {}", temperature.0, temperature.1);
    }
    format!("find a token, with {} {}, {} {}", temperature.0, temperature.1, top_p.0, top_p.1)
}

fn columns(label: &str, rank: &str, model: &str, after: &str, width: usize) -> String {
    format!("{} {rank:>6} {model:>8} {after:>8}", fit(label, width.saturating_sub(25)))
}

fn found_line(cx: &Context, found: &Found, width: usize, theme: &Theme) -> Line<'static> {
    let label = label(cx.text.vocabulary().bytes(found.token), theme.glyphs);
    let Some((row, rank)) = found.scores else {
        return Line::styled(columns(&label, "", "", "", width), theme.drawn);
    };
    let after = row.after.map_or("cut".to_owned(), fine_percent);
    let text = columns(&label, &rank.to_string(), &fine_percent(row.model), &after, width);
    Line::styled(text, if row.after.is_some() { theme.drawn } else { theme.dim })
}

fn foot(cx: &Context, state: &Find, width: usize) -> String {
    let keys = if width >= 50 { "arrows scroll   Esc closes" } else { "Esc" };
    let (count, shown) = (state.count, state.found.len());
    let known = if cx.text.next.is_none() && count > 0 { ", scores not known yet" } else { "" };
    match count {
        0 => keys.to_owned(),
        1 => format!("1 token{known}   {keys}"),
        _ if count > shown => format!("{count} tokens, {shown} likeliest{known}   {keys}"),
        _ => format!("{count} tokens{known}   {keys}"),
    }
}
