//! The question of the first run.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{FirstRun, key_of};
use crate::app::context::Context;
use crate::app::messages;
use crate::app::screen::kit::{lines, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::text::{columns_of, visible};

pub(super) fn draw(cx: &Context, state: &FirstRun, theme: &Theme, frame: &mut Frame) {
    let screen = frame.area();
    let roomy = screen.height >= 20;
    let wide = screen.width.saturating_sub(if roomy { 4 } else { 0 }).min(84);
    let area = Rect {
        x: (screen.width - wide) / 2,
        y: if roomy { screen.height / 8 } else { 0 },
        width: wide,
        height: screen.height - if roomy { screen.height / 8 } else { 0 },
    };
    let width = area.width.saturating_sub(2) as usize;
    let mut out: Vec<Line> = Vec::new();
    let mut say = |text: &str, style| out.extend(wrapped(text, width, style));
    say("megachat - a terminal where you can see the dice", theme.focus);
    if roomy {
        say("", theme.drawn);
    }
    say(&messages::WHAT_IT_IS.join(" "), theme.drawn);
    if roomy {
        say("", theme.drawn);
    }
    let (needs, short) = messages::state::needs(cx);
    if screen.height >= 10 {
        say(&needs, if short { theme.bad } else { theme.drawn });
    }
    if roomy {
        say(&messages::state::sources(cx), theme.dim);
        say(messages::state::SOURCES_REPORTED, theme.dim);
        say("", theme.drawn);
    }
    if let Some(path) = &state.path {
        say("Path of the zip, the .pt file or the directory; Enter imports it, Esc goes back:", theme.strong);
        let row = out.len();
        let before = visible(&path.text()[..path.cursor()]);
        out.push(Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(path.text()))]));
        lines(frame, area, out);
        return put_cursor(frame, area, 2 + columns_of(&before), row);
    }
    let answers = messages::state::first_answers(cx);
    // Whatever there is no room for, the choices are seen.
    out.truncate((area.height as usize).saturating_sub(answers.len()));
    for (place, (answer, long, short)) in answers.iter().enumerate() {
        let what = if columns_of(long) + 8 <= width { long } else { short };
        let key = key_of(place, *answer);
        out.push(Line::from(vec![Span::styled(format!("  {key:<6}"), theme.focus), Span::raw(what.clone())]));
    }
    let more = messages::state::more_installed(cx);
    if roomy && !more.is_empty() {
        out.extend(wrapped(&more, width, theme.dim));
    }
    if let Some(notice) = &cx.outbox.notice {
        out.push(Line::default());
        out.extend(wrapped(&visible(&notice.text), width, theme.note));
    } else if roomy {
        out.push(Line::default());
        let text = format!("{} Ctrl-C twice quits.", messages::state::SAFE_TO_STOP);
        out.extend(wrapped(&text, width, theme.dim));
    }
    lines(frame, area, out);
}
