//! The next token: candidates, by the model and after the samplers, and what the chain did.

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::messages::dice::{self, percent, spelled, steps};
use crate::app::models::EngineState;
use crate::app::screen::glyphs::Glyphs;
use crate::app::screen::kit::lines;
use crate::app::screen::theme::Theme;
use crate::app::text::Table;
use crate::appearance::Appearance;
use crate::sample::Row;
use crate::text::{columns_of, fit};

/// Draws into `area`, whose first row is the heading.
pub(in crate::app) fn draw(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let width = area.width as usize;
    let mut out = Vec::new();
    let wide = width >= 34;
    let is_ahead = cx.drawing.is_ahead_shown();
    let what = match (is_ahead, wide) {
        (true, true) => "after your words",
        (true, false) => "after yours",
        (false, true) => "next token",
        (false, false) => "next",
    };
    let Some(next) = (if is_ahead { cx.text.ahead_table() } else { cx.text.next_table() }) else {
        out.push(heading(what, width, theme));
        let wait = match cx.models.engine {
            EngineState::Ready(_) if is_ahead => "when you pause",
            EngineState::Ready(_) => "not known yet",
            EngineState::Empty | EngineState::Loading { .. } | EngineState::Failed(_) => "no model yet",
        };
        out.push(Line::styled(wait, theme.dim));
        return lines(frame, area, out);
    };
    let choices = next.entropy.exp2();
    let digits = usize::from(choices < 100.0);
    let title = if wide {
        format!("{what}: {:.1} bits, {choices:.digits$} choices", next.entropy)
    } else {
        format!("{what}: {choices:.digits$} choices")
    };
    out.push(heading(&title, width, theme));
    let chain_rows = match area.height {
        ..9 => Vec::new(),
        9..12 => chain(cx, next, width, 2),
        12.. => chain(cx, next, width, 4),
    };
    let rows = (area.height as usize).saturating_sub(2 + chain_rows.len());
    let scale = Glyphs::scale(widths(width).1);
    let (model, after) = legend(theme.glyphs);
    out.push(Line::styled(columns("", ' ', &scale, (&model, &after), width), theme.dim));
    let mut cut_drawn = false;
    let mut left = rows;
    for row in &next.rows {
        if row.after.is_none() && !cut_drawn {
            cut_drawn = true;
            if left < 2 {
                break;
            }
            out.push(Line::styled(cut_line(next.kept, width), theme.note));
            left -= 1;
        }
        // What is cut and was never likely says nothing.
        let negligible = row.after.is_none() && row.model < 5e-4;
        if left == 0 || negligible {
            break;
        }
        out.push(candidate(cx, next, row, width, theme));
        left -= 1;
    }
    out.extend(chain_rows.into_iter().map(|it| Line::styled(it, theme.dim)));
    lines(frame, area, out);
}

fn heading(text: &str, width: usize, theme: &Theme) -> Line<'static> {
    let rule = theme.glyphs.rule.repeat(width.saturating_sub(columns_of(text) + 1));
    Line::from(vec![Span::styled(format!("{text} "), theme.strong), Span::styled(rule, theme.dim)])
}

/// Label, mark, bar, two numbers, so that columns stand under each other.
fn columns(label: &str, mark: char, bar: &str, (model, after): (&str, &str), width: usize) -> String {
    let (label_width, bar_width) = widths(width);
    format!("{}{mark}{}{model:>6}{after:>6}", fit(label, label_width), fit(bar, bar_width))
}

fn widths(width: usize) -> (usize, usize) {
    let rest = width.saturating_sub(13);
    let label = (rest * 2 / 3).min(16);
    (label, rest.saturating_sub(label))
}

/// What heads the two numbers, each behind the mark that stands for it in the bars.
pub(in crate::app) fn legend(glyphs: &Glyphs) -> (String, String) {
    (format!("{}model", glyphs.tick), format!("{}after", glyphs.full))
}

/// What the chain leaves of a candidate as a bar, and the model's own share as a tick. All there is is the full width.
pub(in crate::app) fn shares(row: &Row, width: usize, glyphs: &Glyphs) -> String {
    glyphs.shares(row.after.unwrap_or(0.0).into(), row.model.into(), width)
}

fn candidate<'a>(cx: &Context, next: &Table, row: &Row, width: usize, theme: &Theme) -> Line<'a> {
    let label = label(cx.text.vocabulary().bytes(row.token), theme.glyphs);
    let after = row.after.map_or("cut".to_owned(), percent);
    let (_, bar_width) = widths(width);
    // The die has fallen already: its position and the seed are known.
    let is_picked = next.picked.token == row.token;
    let mark = if is_picked { '>' } else { ' ' };
    let bar = shares(row, bar_width, theme.glyphs);
    let text = columns(&label, mark, &bar, (&percent(row.model), &after), width);
    let style = if is_picked { theme.focus } else { theme.drawn };
    Line::styled(text, if row.after.is_some() { style } else { theme.dim })
}

/// A token as people can read it: spaces and line feeds seen, half characters as their bytes.
pub(in crate::app) fn label(bytes: &[u8], glyphs: &Glyphs) -> String {
    let [open, close] = glyphs.bytes;
    match std::str::from_utf8(bytes) {
        Ok(_) => spelled(bytes).replace(' ', glyphs.space),
        Err(_) => format!("{open}{}{close}", spelled(bytes)),
    }
}

impl Appearance {
    /// A token as people can read it, with the characters there are.
    #[must_use]
    pub fn label(self, bytes: &[u8]) -> String {
        label(bytes, self.glyphs())
    }

    /// A bar of `share` of `width` columns, with the characters there are.
    #[must_use]
    pub fn bar(self, share: f64, width: usize) -> String {
        self.glyphs().bar(share, width)
    }
}

fn cut_line(kept: usize, width: usize) -> String {
    fit(&format!("- - cut: {kept} left {}", "- ".repeat(width / 2)), width)
}

/// What each step did and what comes of it, wrapped.
fn chain(cx: &Context, next: &Table, width: usize, rows: usize) -> Vec<String> {
    let arrow = cx.window.appearance.glyphs().right;
    let mut text = dice::chain(&steps(next.scored, None, &next.trace, &cx.settings), arrow);
    let name = label(cx.text.vocabulary().bytes(next.picked.token), cx.window.appearance.glyphs());
    // Writing to a string cannot fail.
    let _ = write!(text, " {arrow} die {:.3}: \"{name}\", rank {}", next.die, next.picked.rank + 1);
    last_of(&text, arrow, width, rows)
}

/// A chain in so many rows: where there is no room for all, its last steps, which say what comes of it.
fn last_of(chain: &str, arrow: &str, width: usize, rows: usize) -> Vec<String> {
    let between = format!(" {arrow} ");
    let steps: Vec<&str> = chain.split(&between).collect();
    let shown = |from: usize| {
        let text = if from == 0 { chain.to_owned() } else { format!("...{between}{}", steps[from..].join(&between)) };
        let mut wrap = crate::text::Wrap::new(width);
        wrap.extend(&text);
        wrap.rows().iter().map(|row| text[row.clone()].to_owned()).collect::<Vec<_>>()
    };
    let mut out = (0..steps.len()).map(shown).find(|it| it.len() <= rows).unwrap_or_else(|| shown(steps.len() - 1));
    out.truncate(rows);
    out
}

#[cfg(test)]
mod tests;
