//! Models: what runs, what is being installed, what was tried, what can be done.

use ratatui::Frame;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::state::App;
use super::super::{Input, words};
use super::first_run::wrapped;
use super::theme::Theme;
use super::{lines, over, put_cursor};
use crate::text::visible;

pub(super) fn draw(app: &App, path: Option<&Input>, theme: &Theme, frame: &mut Frame) {
    let inner = over(frame, "models", 90, app.size.1.min(22), theme);
    let width = inner.width as usize;
    let mut out: Vec<Line> = Vec::new();
    match app.card() {
        Some(card) => {
            let text = format!(
                "running    {}  {} M parameters, {} on {}, context {}",
                card.name,
                card.parameters / 1_000_000,
                card.dtype,
                card.device,
                card.n_positions
            );
            out.extend(wrapped(&text, width, theme.drawn));
        }
        None => out.push(Line::raw("running    nothing yet")),
    }
    if let Some((name, _)) = &app.offered {
        out.extend(wrapped(&format!("ready      {name}"), width, theme.good));
    }
    out.push(Line::default());
    if let Some(job) = &app.installing {
        for (source, answer) in &job.answers {
            out.extend(wrapped(&visible(&format!("tried      {source}: {answer}")), width, theme.note));
        }
        if let Some(stage) = &job.stage {
            let text = format!("now        {}: {}", job.name, words::stage(stage));
            out.extend(wrapped(&visible(&text), width, theme.strong));
        }
        if let Some(failure) = &job.failure {
            out.push(Line::default());
            out.extend(wrapped(&visible(failure), width, theme.bad));
        }
        out.push(Line::default());
    }
    if let Some(line) = path {
        out.extend(wrapped("Path of the zip, the .pt file or the directory; Enter imports it, Esc goes back:", width, theme.strong));
        let row = out.len();
        let before = visible(&line.text()[..line.cursor()]);
        out.push(Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(line.text()))]));
        lines(frame, inner, out);
        return put_cursor(frame, inner, 2 + before.width(), row);
    }
    let busy = app.installing.as_ref().is_some_and(|it| it.stage.is_some());
    let mut key = |key: &str, what: String| {
        out.push(Line::from(vec![Span::styled(format!("  {key:<7}"), theme.focus), Span::raw(what)]));
    };
    if let Some((name, _)) = &app.offered {
        key("Enter", format!("switch to {name}; the text stays"));
    }
    if busy {
        key("c", "stop the download; what came is kept".to_owned());
    } else if !app.has_345m {
        key("d", format!("download Megatron GPT-2 345M (about {})", words::bytes(words::DOWNLOAD_345M)));
    }
    key("i", "import a checkpoint you have".to_owned());
    key("Esc", "close".to_owned());
    lines(frame, inner, out);
}
