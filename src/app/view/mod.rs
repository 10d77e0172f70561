//! What is on the screen. Decides nothing: reads the state and draws.

pub(super) mod bars;
mod columns;
mod find;
mod first_run;
mod footer;
mod glyphs;
mod heat;
mod help;
mod input;
mod inspector;
mod layout;
mod models;
mod palette;
mod panel;
mod score;
mod status;
mod text;
mod theme;
mod tones;
mod tree;

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

pub use layout::{Areas, Panes, layout};

use super::state::{App, Focus, Overlay, Screen};
use theme::Theme;

/// Draws the state.
pub fn view(app: &App, frame: &mut Frame) {
    let theme = Theme::new(app.look);
    let area = frame.area();
    // A terminal that has become smaller says so in a moment; until then there is no room for what is known.
    if app.size.0 == 0 || app.size.1 == 0 || area.width < app.size.0 || area.height < app.size.1 {
        return;
    }
    match &app.screen {
        Screen::FirstRun(state) => first_run::draw(app, state, &theme, frame),
        Screen::Main => {
            main(app, &theme, frame);
            match &app.overlay {
                Some(Overlay::Help(state)) => help::draw(app, state, &theme, frame),
                Some(Overlay::Models { path, top }) => {
                    models::draw(app, path.as_ref(), *top, &theme, frame);
                }
                Some(Overlay::Inspector { chosen }) => inspector::draw(app, *chosen, &theme, frame),
                Some(Overlay::Tree { chosen }) => tree::draw(app, *chosen, &theme, frame),
                Some(Overlay::Columns(state)) => columns::draw(app, state, &theme, frame),
                Some(Overlay::Circles { since }) => columns::circles(app, *since, &theme, frame),
                Some(Overlay::Palette(state)) => palette::draw(app, state, &theme, frame),
                Some(Overlay::Find(state)) => find::draw(app, state, &theme, frame),
                Some(Overlay::Score { chosen }) => score::draw(app, *chosen, &theme, frame),
                None => {}
            }
        }
    }
}

/// How many rows of the help contain a text, at the current size.
#[must_use]
pub fn help_rows(app: &App, filter: &str) -> usize {
    help::rows(app, filter, app.size.0.saturating_sub(4) as usize).len()
}

/// The token under a place in the text, and whether the place is on it, not beside or behind the text.
#[must_use]
pub fn token_at(app: &App, areas: &Areas, at: Position) -> (usize, bool) {
    text::token_at(app, areas, at)
}

/// What the inspector covers.
#[must_use]
pub fn inspector_area(app: &App) -> Rect {
    inspector::area(app)
}

/// The byte of what is written that is under a place in the input.
#[must_use]
pub fn input_byte_at(app: &App, areas: &Areas, at: Position) -> usize {
    input::byte_at(app, areas, at)
}

/// The control under a place in the panel, an index of [`super::KNOBS`].
#[must_use]
pub fn knob_at(app: &App, areas: &Areas, at: Position) -> Option<usize> {
    panel::knob_at(app, areas.panel.unwrap_or(areas.text_outer), areas.bordered, at)
}

/// How many rows of the models' overlay there is no room for.
#[must_use]
pub fn models_overflow(app: &App) -> usize {
    models::overflow(app)
}

/// How many rows of the palette there is room for at the current size.
#[must_use]
pub fn palette_rows(app: &App) -> usize {
    palette::list_rows(app.size)
}

/// How many rows of the search for a token there is room for at the current size.
#[must_use]
pub fn find_rows(app: &App) -> usize {
    find::list_rows(app.size)
}

fn main(app: &App, theme: &Theme, frame: &mut Frame) {
    let areas = layout(app);
    if let Some(area) = areas.title {
        status::title(app, theme, area, frame);
    }
    let panel_in_place = areas.panes == Panes::One && app.focus == Focus::Panel;
    if panel_in_place {
        panel::draw(app, theme, areas.text_outer, areas.bordered, frame);
    } else {
        text::draw(app, theme, &areas, frame);
    }
    if let Some(area) = areas.panel {
        panel::draw(app, theme, area, areas.bordered, frame);
    }
    if let Some(area) = areas.notice {
        status::notice(app, theme, area, frame);
    }
    if let Some(area) = areas.install {
        status::install(app, theme, area, frame);
    }
    input::draw(app, theme, &areas, frame);
    if let Some(area) = areas.status {
        status::status(app, theme, area, frame);
    }
    if let Some(area) = areas.footer {
        footer::draw(app, theme, area, frame);
    }
}

/// A frame with a title, lit where the focus is; the focus also has a mark, for those who see no colour.
fn block<'a>(title: impl Into<Line<'a>>, focused: bool, theme: &Theme) -> Block<'a> {
    let style = if focused { theme.focus } else { theme.dim };
    Block::bordered().border_set(theme.glyphs.frames[usize::from(focused)]).border_style(style).title(title)
}

/// Clears the middle of the screen for something that lies over it; returns what is inside its frame.
fn over(frame: &mut Frame, title: &str, width: u16, height: u16, theme: &Theme) -> Rect {
    let screen = frame.area();
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let area =
        Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    framed(frame, title, area, theme)
}

/// Clears a place of the screen for something that lies over it; returns what is inside its frame.
fn framed(frame: &mut Frame, title: &str, area: Rect, theme: &Theme) -> Rect {
    frame.render_widget(Clear, area);
    frame.render_widget(block(format!(" {title} "), true, theme), area);
    area.inner(Margin { horizontal: 2.min(area.width / 2), vertical: 1.min(area.height / 2) })
}

/// The row of the screen in which a token of the text begins.
fn row_of_token(app: &App, position: usize) -> u16 {
    let text = layout(app).text;
    let row = app.flow.row_of(app.flow.start_of(position)).saturating_sub(app.top_row(text.height as usize));
    text.y.saturating_add(row as u16)
}

/// Lines from the top, as many as there is room for.
fn lines(frame: &mut Frame, area: Rect, lines: Vec<Line>) {
    frame.render_widget(Paragraph::new(lines), area);
}

fn put_cursor(frame: &mut Frame, area: Rect, x: usize, y: usize) {
    let x = area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX)).min(area.right().saturating_sub(1));
    let y = area.y.saturating_add(u16::try_from(y).unwrap_or(u16::MAX)).min(area.bottom().saturating_sub(1));
    if area.width > 0 && area.height > 0 {
        frame.set_cursor_position(Position { x, y });
    }
}
