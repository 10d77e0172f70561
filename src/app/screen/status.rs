//! The lines around the text: title, status, notices, a download's progress.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::heat;
use crate::app::context::{Context, Saved};
use crate::app::keymap::Action;
use crate::app::messages;
use crate::app::messages::state::{Seen, context, model, phase, run_together, seen};
use crate::app::models::{EngineState, Loading};
use crate::app::outbox::Tone;
use crate::app::screen::glyphs::Glyphs;
use crate::app::screen::kit::lines;
use crate::app::screen::theme::Theme;
use crate::sample::Parameter;
use crate::text::{Wrap, columns_of, visible};

/// The first line: the program, the model, the settings in short. In a small window also what the status line says.
pub(super) fn title(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let s = &cx.settings;
    let model = model(&cx.models.engine);
    let temperature = Parameter::Temperature.show(s);
    let temperature = temperature.trim_end_matches(" off");
    if cx.window.size.1 < 16 || area.width < 60 {
        let context = context(cx).map_or(String::new(), |(used, of)| format!("{used}/{of}"));
        let speed = cx.drawing.speed.map_or(String::new(), |it| format!("{it:.0}t/s"));
        let model = model.split(' ').next().unwrap_or_default();
        let warmth = format!("T{temperature}");
        let told = heat::told(cx);
        let word = run_together(cx, cx.input.text()).map(|it| format!("goes on as \"{it}\""));
        let parts = match told.as_ref().or(word.as_ref()) {
            Some(told) => vec![told, &context, phase(cx).0],
            None => vec![model, &warmth, &context, phase(cx).0, &speed],
        };
        let mut text = String::new();
        for part in parts.into_iter().filter(|it| !it.is_empty()) {
            // What does not fit is left out whole.
            if columns_of(&text) + columns_of(part) + 2 <= area.width as usize {
                text.push_str(if text.is_empty() { " " } else { "  " });
                text.push_str(part);
            }
        }
        return frame.render_widget(Line::styled(text, theme.strong), area);
    }
    let left = format!(" megachat  {model}");
    let mut right = format!("T {temperature}  top-p {}  seed {}  ", Parameter::TopP.show(s), s.seed);
    if columns_of(&left) + columns_of(&right) + 8 > area.width as usize {
        right = format!("T {temperature}  ");
    }
    right.push_str(&cx.key_of(Action::Help));
    right.push_str(" help ");
    frame.render_widget(Line::styled(left, theme.strong), area);
    let width = columns_of(&right).min(area.width as usize) as u16;
    let place = Rect { x: area.right() - width, width, ..area };
    frame.render_widget(Line::styled(right, theme.dim), place);
}

/// Phase, context, speed, device: the most important first; what does not fit is left out whole.
pub(super) fn status(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let (phase, lively) = phase(cx);
    let reading = cx.drawing.running.as_ref().and_then(|it| it.reading);
    let phase = reading.map_or(phase.to_owned(), |(done, total)| format!("reading {done}/{total}"));
    let mut parts = vec![(phase, if lively { theme.good } else { theme.strong })];
    if let Saved::No(_) = &cx.journal.saved {
        parts.push(("NOT SAVED".to_owned(), theme.bad));
    }
    if let Some(told) = heat::told(cx) {
        parts.push((told, theme.note));
    }
    if let Some(word) = run_together(cx, cx.input.text()) {
        parts.push((format!("goes on as \"{word}\""), theme.note));
    }
    if let Some((used, of)) = context(cx) {
        let nearly_full = used * 10 >= of * 9;
        let gauge = match area.width {
            160.. => {
                let Seen { prompt, typed, drawn } = seen(cx);
                let what = format!("{prompt} prompt, {typed} typed, {drawn} drawn, {} free", of - used);
                format!("{} {what}  ", gauge(seen(cx), of, 32, theme.glyphs))
            }
            100.. => format!("{} ", gauge(seen(cx), of, 20, theme.glyphs)),
            _ => String::new(),
        };
        let warning = if nearly_full { format!(", {} left", of - used) } else { String::new() };
        parts.push((format!("{gauge}ctx {used}/{of}{warning}"), if nearly_full { theme.note } else { theme.drawn }));
    }
    if cx.out_of_sight() > 0 {
        parts.push((format!("{} out of sight", cx.out_of_sight()), theme.note));
    }
    if let Some(it) = &cx.models.offered {
        parts.push((format!("{} ready: {}", it.name, cx.key_of(Action::Models)), theme.good));
    }
    if let Some(speed) = cx.drawing.speed {
        parts.push((format!("{speed:.0} tok/s"), theme.drawn));
    }
    if let Some(first) = cx.drawing.first_token {
        parts.push((format!("first {}", messages::span(first)), theme.drawn));
    }
    if let Some(card) = cx.card() {
        parts.push((card.device.short(), theme.drawn));
    }
    if cx.text.document.drawn() > 0 {
        parts.push((format!("{} new", cx.text.document.drawn()), theme.drawn));
    }
    if cx.journal.saved == Saved::Yes {
        parts.push(("saved".to_owned(), theme.dim));
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (text, style) in parts {
        if used + columns_of(&text) <= area.width as usize {
            used += columns_of(&text) + 2;
            spans.push(Span::styled(text, style));
            spans.push(Span::raw("  "));
        }
    }
    frame.render_widget(Line::from(spans), area);
}

/// The context: the prompt, what was typed since, what was drawn, what is free. Whatever there is takes a column at least.
fn gauge(seen: Seen, of: usize, width: usize, glyphs: &Glyphs) -> String {
    let mut left = width;
    let mut columns = |tokens: usize| {
        let columns = (tokens * width).div_ceil(of.max(1)).min(left);
        left -= columns;
        columns
    };
    let (prompt, typed, drawn) = (columns(seen.prompt), columns(seen.typed), columns(seen.drawn));
    let rest = glyphs.level(drawn, width - prompt - typed);
    format!("{}{}{rest}", glyphs.prompt.repeat(prompt), glyphs.typed.repeat(typed))
}

pub(super) fn notice(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let Some(notice) = &cx.outbox.notice else { return };
    let style = match notice.tone {
        Tone::Info => theme.note,
        Tone::Error => theme.bad,
    };
    let text = visible(&notice.text);
    let mut wrap = Wrap::new(area.width as usize);
    wrap.extend(&text);
    let rows = wrap.rows().iter().map(|row| Line::styled(text[row.clone()].to_owned(), style)).collect();
    lines(frame, area, rows);
}

/// A download's or a load's one honest line.
pub(super) fn install(cx: &Context, theme: &Theme, area: Rect, frame: &mut Frame) {
    let (text, share) = match (&cx.models.installing, &cx.models.engine) {
        (Some(job), _) if job.stage.is_some() => {
            let stage = job.stage.as_ref();
            let words = stage.map_or(String::new(), messages::stage);
            let text = format!("{}: {words}", job.name);
            // In a small window the percentage and the rate say it.
            let text = if columns_of(&text) < area.width as usize {
                text
            } else {
                stage.map_or(text, messages::stage_in_short)
            };
            (text, stage.and_then(messages::progress))
        }
        (_, EngineState::Loading(Loading { name, done, total, .. })) => {
            let share = (*total > 0).then(|| *done as f64 / *total as f64);
            (format!("loading {name}: layer {done} of {total}"), share)
        }
        _ => return,
    };
    let text = visible(&text);
    let bar_width = (area.width as usize).saturating_sub(columns_of(&text) + 3).min(30);
    let bar = match share {
        Some(share) if bar_width >= 5 => {
            let full = (share * bar_width as f64) as usize;
            format!("{} ", theme.glyphs.level(full, bar_width))
        }
        _ => String::new(),
    };
    let line = Line::from(vec![Span::raw(" "), Span::styled(bar, theme.good), Span::styled(text, theme.note)]);
    frame.render_widget(line, area);
}
