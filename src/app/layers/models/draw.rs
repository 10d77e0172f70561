//! Models: what runs, what is being installed, what was tried, what can be done.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::context::Context;
use crate::app::input::Input;
use crate::app::messages;
use crate::app::messages::state::About;
use crate::app::screen::kit::{lines, over, put_cursor, wrapped};
use crate::app::screen::theme::Theme;
use crate::text::{columns_of, visible};

/// Columns the overlay takes at the most.
const WIDEST: u16 = 90;
/// Rows the overlay takes at the most.
const TALLEST: u16 = 22;

pub(super) fn draw(cx: &Context, path: Option<&Input>, top: usize, theme: &Theme, frame: &mut Frame) {
    let width = cx.window.size.0.min(WIDEST).saturating_sub(4) as usize;
    let story = story(cx, width, theme);
    let foot = match path {
        Some(_) => wrapped(
            "Path of the zip, the .pt file or the directory; Enter imports, Esc goes back:",
            width,
            theme.strong,
        ),
        None => keys(cx, width, theme),
    };
    let foot_rows = (foot.len() + usize::from(path.is_some())) as u16;
    let height = (story.len() as u16).saturating_add(foot_rows + 3).min(TALLEST);
    let inner = over(frame, "models", WIDEST, cx.window.size.1.min(height), theme);
    // What can be done is always in view; what happened scrolls above it.
    let above = Rect { height: inner.height.saturating_sub(foot_rows), ..inner };
    lines(frame, above, story.into_iter().skip(top).collect());
    let below = Rect { y: above.bottom(), height: inner.height.min(foot_rows), ..inner };
    let row = foot.len();
    let mut foot = foot;
    if let Some(line) = path {
        foot.push(Line::from(vec![Span::styled("> ", theme.focus), Span::raw(visible(line.text()))]));
    }
    lines(frame, below, foot);
    if let Some(line) = path {
        let before = visible(&line.text()[..line.cursor()]);
        put_cursor(frame, below, 2 + columns_of(&before), row);
    }
}

/// How many rows of the story there is no room for.
pub(super) fn overflow(cx: &Context) -> usize {
    let theme = Theme::new(cx.window.appearance);
    let width = cx.window.size.0.min(WIDEST).saturating_sub(4) as usize;
    let room = (cx.window.size.1.min(TALLEST) as usize).saturating_sub(2 + keys(cx, width, &theme).len());
    story(cx, width, &theme).len().saturating_sub(room)
}

fn story(cx: &Context, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let mut before = About::Running;
    for (about, text) in messages::state::models(cx) {
        let (name, style) = match about {
            About::Running => ("running", theme.drawn),
            About::Device => ("device", theme.dim),
            About::Words => ("words", theme.dim),
            About::Ready => ("ready", theme.good),
            About::Tried => ("tried", theme.note),
            About::Now => ("now", theme.strong),
            About::Failed => ("", theme.bad),
        };
        let of_job = |it: About| !matches!(it, About::Running | About::Device | About::Words | About::Ready);
        if of_job(about) && (!of_job(before) || about == About::Failed) {
            out.push(Line::default());
        }
        before = about;
        let text = if name.is_empty() { text } else { format!("{name:<9}{text}") };
        out.extend(wrapped(&visible(&text), width, style));
    }
    out
}

fn keys(cx: &Context, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut out = vec![Line::styled(theme.glyphs.rule.repeat(width), theme.dim)];
    let mut key = |key: &str, what: String| {
        out.push(Line::from(vec![Span::styled(format!("{key:<6} "), theme.focus), Span::raw(what)]));
    };
    let busy = cx.models.installing.as_ref().is_some_and(|it| it.stage.is_some());
    if let Some(it) = &cx.models.offered {
        key("Enter", format!("switch to {}; the text stays", it.name));
    }
    if busy {
        key("c", "stop; what came is kept".to_owned());
    } else if !cx.models.has_345m {
        let what = if width < 44 { "345M" } else { "the 345M model" };
        key("d", format!("download {what} ({})", messages::bytes(messages::DOWNLOAD_345M)));
    }
    key("i", "import a checkpoint you have".to_owned());
    key("Esc", "close; arrows scroll".to_owned());
    out
}
