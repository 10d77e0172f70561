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

use ratatui::Frame;
use theme::Theme;

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
}
