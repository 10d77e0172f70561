//! The question of the first run.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::state::{App, FirstRun};
use super::super::words;
use super::theme::Theme;
use super::{lines, put_cursor};
use crate::text::{Wrap, visible};

pub(super) fn draw(app: &App, state: &FirstRun, theme: &Theme, frame: &mut Frame) {
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
    say(&words::WHAT_IT_IS.join(" "), theme.drawn);
    if roomy {
        say("", theme.drawn);
    }
    let free = app.free.map_or("unknown".to_owned(), words::bytes);
    let short = app.free.is_some_and(|it| it < words::NEEDED_345M);
    if screen.height >= 10 {
        say(
            &format!(
                "Download about {}; on disk {} needed, {free} free.",
                words::bytes(words::DOWNLOAD_345M),
                words::bytes(words::NEEDED_345M),
            ),
            if short { theme.bad } else { theme.drawn },
        );
    }
    if roomy {
        say(&format!("From, in turn: {}.", app.sources.join("; ")), theme.dim);
        say(
            "NVIDIA's own addresses are reported gone; each answer is shown. A small demo model is built in.",
            theme.dim,
        );
        say("", theme.drawn);
    }
    if let Some(path) = &state.path {
        say("Path of the zip, the .pt file or the directory; Enter imports it, Esc goes back:", theme.strong);
        let row = out.len();
        let before = visible(&path.text()[..path.cursor()]);
        out.push(Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(path.text()))]));
        lines(frame, area, out);
        return put_cursor(frame, area, 2 + before.width(), row);
    }
    let choices: [(&str, &str, &str); 3] = [
        ("Enter", "download it now, and use the demo meanwhile", "download it; demo meanwhile"),
        ("n", "only the demo: small, writes children's stories, works offline", "only the demo, offline"),
        ("i", "I have the file already", "I have the file already"),
    ];
    // Whatever there is no room for, the choices are seen.
    out.truncate((area.height as usize).saturating_sub(choices.len()));
    for (key, long, short) in choices {
        let what = if long.width() + 8 <= width { long } else { short };
        out.push(Line::from(vec![Span::styled(format!("  {key:<6}"), theme.focus), Span::raw(what)]));
    }
    if let Some(notice) = &app.notice {
        out.push(Line::default());
        out.extend(wrapped(&visible(&notice.text), width, theme.note));
    } else if roomy {
        out.push(Line::default());
        let text = "Safe to stop at any time: the next start goes on. Ctrl-C twice quits.";
        out.extend(wrapped(text, width, theme.dim));
    }
    lines(frame, area, out);
}

pub(super) fn wrapped(text: &str, width: usize, style: ratatui::style::Style) -> Vec<Line<'static>> {
    let mut wrap = Wrap::new(width);
    wrap.extend(text);
    wrap.rows().iter().map(|row| Line::styled(text[row.clone()].to_owned(), style)).collect()
}
