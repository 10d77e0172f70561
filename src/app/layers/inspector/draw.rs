//! A token questioned: probabilities, die, flip points, what it could have been.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::layout::layout;
use crate::app::messages::{self, dice::percent};
use crate::app::screen::bars::{fit, label};
use crate::app::screen::kit::{framed, lines, row_of_token, wrapped};
use crate::app::screen::theme::Theme;
use crate::app::text::Inspection;
use crate::sample::Row;

/// Rows of a screen on which there is room for what matters most alone.
const SMALL: u16 = 16;

/// Draws it over the main screen.
pub(super) fn draw(cx: &Context, chosen: Option<usize>, theme: &Theme, frame: &mut Frame) {
    let (position, length) = (cx.text.cursor, cx.text.document.len());
    let title = if position < length {
        format!("token {} of {length}", position + 1)
    } else {
        format!("the next token, {}", length + 1)
    };
    let under = cx.text.inspection.as_ref().filter(|it| it.is_drawn()).map(messages::dice::under);
    let title = under.map_or_else(|| title.clone(), |under| format!("{title}, {under}"));
    let inner = place(cx, &title, theme, frame);
    let width = inner.width as usize;
    let Some(it) = &cx.text.inspection else {
        let why = messages::dice::not_known(cx, position);
        return lines(frame, inner, wrapped(why, width, theme.drawn));
    };
    let small = cx.window.size.1 < SMALL;
    let mut out = if small { facts_in_short(cx, it, width, theme) } else { facts(cx, it, width, theme) };
    let keys = "Enter takes it and goes on, Space takes it, left/right another token, r new dice, t own words, Esc";
    let keys = wrapped(keys, width, theme.dim);
    let room = (inner.height as usize).saturating_sub(out.len() + 1);
    let keys = if room >= keys.len() + 4 { keys } else { Vec::new() };
    out.push(Line::styled(columns("    token", "", "model", "after", width), theme.dim));
    let room = room.saturating_sub(keys.len());
    out.extend(table(cx, it, chosen, room, width, theme));
    let used = out.len() as u16;
    lines(frame, inner, out);
    let y = inner.bottom().saturating_sub(keys.len() as u16).max(inner.y + used.min(inner.height));
    let below = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    lines(frame, below, keys);
}

/// Where the token in question stays in view: in the panel's place where that is wide, else above or below its row.
pub(super) fn area(cx: &Context) -> Rect {
    let screen = Rect { x: 0, y: 0, width: cx.window.size.0, height: cx.window.size.1 };
    match layout(cx).panel {
        // Over the panel, so that the text beside it stays as it is.
        Some(panel) if screen.width >= 100 => panel,
        // All there is; what is inside names the token.
        _ if screen.height < SMALL => screen,
        _ => {
            let row = row_of_token(cx, cx.text.cursor);
            let (above, below) = (row.min(screen.height), screen.height.saturating_sub(row + 1));
            let least = 9.min(screen.height);
            if below >= above {
                let height = below.max(least);
                Rect { x: 0, y: screen.height - height, width: screen.width, height }
            } else {
                Rect { x: 0, y: 0, width: screen.width, height: above.max(least) }
            }
        }
    }
}

fn place(cx: &Context, title: &str, theme: &Theme, frame: &mut Frame) -> Rect {
    framed(frame, title, area(cx).intersection(frame.area()), theme)
}

/// What matters most, so that there is room for some of the table.
fn facts_in_short(cx: &Context, it: &Inspection, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = |token| label(cx.text.vocabulary().bytes(token), theme.glyphs);
    let after = it.after.map_or("cut".to_owned(), |p| format!("{} after", percent(p)));
    let chances = format!("{} model, {after}, rank {}", percent(it.score.p), it.score.rank + 1);
    let die = format!("die {:.4}: \"{}\"", it.die, name(it.picked));
    let mut out = vec![
        Line::styled(fit(&format!("\"{}\"  id {}", name(it.token), it.token), width), theme.focus),
        Line::styled(fit(&chances, width), theme.drawn),
        Line::styled(fit(&die, width), theme.drawn),
    ];
    let flip_lines = messages::dice::facts(cx, it, &name).flip_lines;
    out.extend(flip_lines.iter().take(2).map(|it| Line::styled(fit(it, width), theme.note)));
    out
}

/// Everything but the table.
pub(super) fn facts(cx: &Context, it: &Inspection, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = |token| label(cx.text.vocabulary().bytes(token), theme.glyphs);
    let known = messages::dice::facts(cx, it, &name);
    let mut out = vec![Line::from(vec![
        Span::styled(format!("\"{}\"", name(it.token)), theme.focus),
        Span::raw(format!("  {}", known.whence)),
    ])];
    let mut say = |text: &str, style| out.extend(wrapped(text, width, style));
    say(&known.chances, theme.drawn);
    let arrow = theme.glyphs.right;
    say(&messages::dice::chain(&known.steps, arrow), theme.drawn);
    say(&format!("{arrow} {}", known.die), theme.drawn);
    if let Some((before, after)) = cx.text.document.change_at(it.position) {
        say(&format!("the settings changed here: {}", messages::change(before, after)), theme.drawn);
    }
    if let Some(other) = &known.other {
        say(other, theme.drawn);
    }
    if known.flip_lines.is_empty() {
        say(&known.flips, theme.note);
    } else {
        let more = if it.is_pending() { " ..." } else { "" };
        say(&format!("another token with{more}"), theme.note);
        known.flip_lines.iter().for_each(|it| say(&format!("  {it}"), theme.note));
    }
    out
}

fn table(
    cx: &Context,
    it: &Inspection,
    chosen: Option<usize>,
    room: usize,
    width: usize,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let own = it.rows.iter().position(|row| row.token == it.token);
    let at = chosen.or(own).unwrap_or(0);
    let top = (at + 1).saturating_sub(room.max(1));
    let likeliest = it.rows.iter().filter_map(|row| row.after).fold(0.0, f32::max);
    let line = |(index, row): (usize, &Row)| {
        let mark = if index == at { ">" } else { " " };
        let own = if Some(index) == own { "*" } else { " " };
        let name = format!("{mark}{own}{}", label(cx.text.vocabulary().bytes(row.token), theme.glyphs));
        let share = if likeliest > 0.0 { row.after.unwrap_or(0.0) / likeliest } else { 0.0 };
        let after = row.after.map_or("cut".to_owned(), percent);
        let text =
            columns(&name, &theme.glyphs.bar(f64::from(share), bar_width(width)), &percent(row.model), &after, width);
        let style = match (index == at, row.after) {
            (true, _) => theme.focus,
            (false, Some(_)) => theme.drawn,
            (false, None) => theme.dim,
        };
        Line::styled(text, style)
    };
    it.rows.iter().enumerate().skip(top).take(room).map(line).collect()
}

fn bar_width(width: usize) -> usize {
    width.saturating_sub(13 + 20).min(32)
}

fn columns(name: &str, bar: &str, model: &str, after: &str, width: usize) -> String {
    let bars = bar_width(width);
    format!("{} {model:>5} {after:>5} {bar}", fit(name, width.saturating_sub(13 + bars)))
}
