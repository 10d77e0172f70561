//! What is on the screen. Decides nothing: reads the state and draws.

pub(super) mod bars;
mod footer;
pub(super) mod glyphs;
mod heat;
pub(super) mod input;
pub(super) mod kit;
mod main;
pub(super) mod panel;
mod status;
pub(super) mod text;
pub(super) mod theme;
mod tones;
mod tour;

use ratatui::Frame;
use ratatui::widgets::Clear;
use theme::Theme;

use super::layout::layout;
use super::state::App;

/// Draws the state.
pub fn view(app: &App, frame: &mut Frame) {
    let theme = Theme::new(app.context.window.appearance);
    let (size, area) = (app.context.window.size, frame.area());
    // A terminal that has become smaller says so in a moment; until then there is no room for what is known.
    if size.0 == 0 || size.1 == 0 || area.width < size.0 || area.height < size.1 {
        return;
    }
    if !app.layers.cover_everything() {
        main::draw(&app.context, &theme, frame);
    }
    app.layers.draw(&app.context, &theme, frame);
    if let Some(area) = layout(&app.context).footer {
        tour::draw(&app.context, &theme, area, frame);
    }
    // What is said while something lies over the main screen is said over that, but for the first question, which says it.
    let place = layout(&app.context).notice.filter(|_| !app.layers.is_empty() && !app.layers.cover_everything());
    if let Some(area) = place {
        frame.render_widget(Clear, area);
        status::notice(&app.context, &theme, area, frame);
    }
}
