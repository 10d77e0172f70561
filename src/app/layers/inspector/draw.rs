//! A token questioned: probabilities, die, flip points, what it could have been.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::layout::layout;
use crate::app::messages::{self, dice::percent};
use crate::app::screen::bars::{label, legend, shares};
use crate::app::screen::glyphs::Glyphs;
use crate::app::screen::kit::{framed, lines, row_of_token, wrapped};
use crate::app::screen::theme::Theme;
use crate::app::text::Inspection;
use crate::sample::Row;
use crate::text::{columns_of, fit};

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
    let outer = area(cx).intersection(frame.area());
    let inner = framed(frame, &title, outer, theme);
    let (width, height) = (inner.width as usize, inner.height as usize);
    let Some(it) = &cx.text.inspection else {
        let why = messages::dice::not_known(cx, position);
        return lines(frame, inner, wrapped(why, width, theme.drawn));
    };
    let mut out = fitting_facts(cx, it, (width, height), theme);
    let (model, after) = match it.thrown {
        Some(_) => ("expect".to_owned(), format!("{}came", theme.glyphs.full)),
        None => legend(theme.glyphs),
    };
    let heading = columns("    token", &Glyphs::scale(bar_width(width)), &model, &after, width);
    out.push(Line::styled(heading, theme.dim));
    let keys = "Enter takes it and goes on, Space takes it, left/right another token, d 100 dice, r new dice, t own words, Esc";
    let keys = wrapped(keys, width, theme.dim);
    // Below a table that has its room; else the frame has to do.
    let room = height.saturating_sub(out.len());
    let are_keys_inside = room >= keys.len() + 10;
    let room = if are_keys_inside { room - keys.len() } else { room };
    let (table, hidden) = table(cx, it, chosen, room, width, theme);
    out.extend(table);
    lines(frame, inner, out);
    if are_keys_inside {
        let rows = keys.len() as u16;
        lines(frame, Rect { y: inner.bottom() - rows, height: rows, ..inner }, keys);
    }
    foot(outer, hidden, !are_keys_inside, theme, frame);
}

/// How many candidates are not in view: above and below those that are.
type Hidden = (usize, usize);

/// What is written on the lower frame: how many candidates more there are, and the keys where they have no other place.
fn foot(outer: Rect, (above, below): Hidden, keys: bool, theme: &Theme, frame: &mut Frame) {
    let [across, down] = theme.glyphs.pairs;
    let more = match (above, below) {
        (0, 0) => String::new(),
        (0, below) => format!(" {below} more: {down} "),
        (above, 0) => format!(" {above} more above: {down} "),
        (above, below) => format!(" {above} more above, {below} below: {down} "),
    };
    let room = (outer.width as usize).saturating_sub(4);
    let all = [
        format!(" Enter takes it, goes on  Space takes it  {across} token  d 100 dice  r new dice  t own words  Esc "),
        format!(" Enter take  Space only take  {across} token  d dice  r new  Esc "),
        " Enter take  d dice  r new  Esc ".to_owned(),
        " Enter take  Esc ".to_owned(),
    ];
    let fits = |it: &String| keys && columns_of(it) + columns_of(&more) <= room;
    let keys = all.into_iter().find(fits).unwrap_or_default();
    let line = Rect {
        x: outer.x + 2.min(outer.width),
        y: outer.bottom().saturating_sub(1),
        width: room as u16,
        height: 1.min(outer.height),
    };
    let place = |text: &str, x: u16| Rect { x, width: (columns_of(text) as u16).min(line.width), ..line };
    frame.render_widget(Line::styled(&keys, theme.dim), place(&keys, line.x));
    let x = line.right().saturating_sub(columns_of(&more) as u16).max(line.x);
    frame.render_widget(Line::styled(&more, theme.note), place(&more, x));
}

/// As much of what is known of a token as leaves room for some candidates.
fn fitting_facts(cx: &Context, it: &Inspection, (width, height): (usize, usize), theme: &Theme) -> Vec<Line<'static>> {
    let leaves = |out: &[Line], rows: usize| height.saturating_sub(out.len() + 1) >= rows.min(it.rows.len());
    if cx.window.size.1 >= SMALL {
        for (folded, rows) in [(false, 8), (true, 4)] {
            let out = facts(cx, it, folded, width, theme);
            if leaves(&out, rows) {
                return out;
            }
        }
    }
    let mut out = facts_in_short(cx, it, width, theme);
    while !leaves(&out, 3) && out.len() > 1 {
        out.pop();
    }
    out
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
    let known = messages::dice::facts(cx, it, &name);
    if let Some(thrown) = &known.thrown {
        out.extend(wrapped(thrown, width, theme.note));
        return out;
    }
    out.extend(known.flip_lines.iter().take(2).map(|it| Line::styled(fit(it, width), theme.note)));
    out
}

/// Everything but the table; with what would have made it otherwise in one paragraph if `folded`, else a line for each.
fn facts(cx: &Context, it: &Inspection, folded: bool, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let name = |token| label(cx.text.vocabulary().bytes(token), theme.glyphs);
    let known = messages::dice::facts(cx, it, &name);
    let mut out = vec![Line::from(vec![
        Span::styled(format!("\"{}\"", name(it.token)), theme.focus),
        Span::raw(format!("  {}", known.whence)),
    ])];
    let mut say = |text: &str, style| out.extend(wrapped(text, width, style));
    say(&known.chances, theme.drawn);
    known.openness.iter().for_each(|it| say(it, theme.drawn));
    let arrow = theme.glyphs.right;
    say(&messages::dice::chain(&known.steps, arrow), theme.drawn);
    say(&format!("{arrow} {}", known.die), theme.drawn);
    if let Some((before, after)) = cx.text.document.change_at(it.position) {
        say(&format!("the settings changed here: {}", messages::change(before, after)), theme.drawn);
    }
    if let Some(other) = &known.other {
        say(other, theme.drawn);
    }
    if let Some(thrown) = &known.thrown {
        say(thrown, theme.note);
    } else if folded || known.flip_lines.is_empty() {
        say(&known.flips, theme.note);
    } else {
        let more = if it.is_pending() { " ..." } else { "" };
        say(&format!("another token with{more}"), theme.note);
        known.flip_lines.iter().for_each(|it| say(&format!("  {it}"), theme.note));
    }
    out
}

/// The candidates in view: the likeliest always, and the chosen one with those around it. And how many are not.
fn table(
    cx: &Context,
    it: &Inspection,
    chosen: Option<usize>,
    room: usize,
    width: usize,
    theme: &Theme,
) -> (Vec<Line<'static>>, Hidden) {
    let own = it.rows.iter().position(|row| row.token == it.token);
    let at = chosen.or(own).unwrap_or(0).min(it.rows.len().saturating_sub(1));
    let line = |index: usize, row: &Row| {
        let mark = if index == at { ">" } else { " " };
        let own = if Some(index) == own { "*" } else { " " };
        let name = format!("{mark}{own}{}", label(cx.text.vocabulary().bytes(row.token), theme.glyphs));
        let after = row.after.map_or("cut".to_owned(), percent);
        let (model, after, bar) = match &it.thrown {
            Some(thrown) => {
                let (came, expected) = (thrown.count(row.token), thrown.expected.get(index).copied().unwrap_or(0.0));
                let bar = theme.glyphs.thrown(came.into(), expected, thrown.dice as f64, bar_width(width));
                (messages::dice::expected(expected), came.to_string(), bar)
            }
            None => (percent(row.model), after, shares(row, bar_width(width), theme.glyphs)),
        };
        let text = columns(&name, &bar, &model, &after, width);
        let style = match (index == at, row.after) {
            (true, _) => theme.focus,
            (false, Some(_)) => theme.drawn,
            (false, None) => theme.dim,
        };
        Line::styled(text, style)
    };
    let (is_pinned, view) = window(it.rows.len(), at, room);
    let pinned = it.rows.iter().take(usize::from(is_pinned)).map(|row| line(0, row));
    let viewed = it.rows.iter().enumerate().skip(view.start).take(view.len()).map(|(index, row)| line(index, row));
    let hidden = (view.start - usize::from(is_pinned), it.rows.len() - view.end);
    (pinned.chain(viewed).collect(), hidden)
}

/// Which of `count` rows are in view where there is room for `room`: whether the first one is, apart from the others, and
/// those around the one `at`.
fn window(count: usize, at: usize, room: usize) -> (bool, Range<usize>) {
    let from = |room: usize| at.saturating_sub(room / 2).min(count.saturating_sub(room));
    match room {
        _ if count <= room => (false, 0..count),
        0 => (false, 0..0),
        1 => (false, at..at + 1),
        _ if from(room - 1) <= 1 => (false, 0..room),
        _ => (true, from(room - 1)..from(room - 1) + room - 1),
    }
}

fn bar_width(width: usize) -> usize {
    width.saturating_sub(13 + 20).min(32)
}

fn columns(name: &str, bar: &str, model: &str, after: &str, width: usize) -> String {
    let bars = bar_width(width);
    format!("{}{model:>6}{after:>6} {bar}", fit(name, width.saturating_sub(13 + bars)))
}

#[cfg(test)]
mod tests;
