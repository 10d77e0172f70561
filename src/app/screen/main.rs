//! The main screen: what lies below the layers.

use ratatui::Frame;

use super::theme::Theme;
use super::{footer, input, panel, status, text};
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::layout::{Panes, layout};

/// Draws title, text, panel, notices, input and status.
pub(super) fn draw(cx: &Context, theme: &Theme, frame: &mut Frame) {
    let areas = layout(cx);
    if let Some(area) = areas.title {
        status::title(cx, theme, area, frame);
    }
    let panel_in_place = areas.panes == Panes::One && cx.in_focus() == Focus::Panel;
    if panel_in_place {
        panel::draw(cx, theme, areas.text_outer, areas.bordered, frame);
    } else {
        text::draw(cx, theme, &areas, frame);
    }
    if let Some(area) = areas.panel {
        panel::draw(cx, theme, area, areas.bordered, frame);
    }
    if let Some(area) = areas.notice {
        status::notice(cx, theme, area, frame);
    }
    if let Some(area) = areas.install {
        status::install(cx, theme, area, frame);
    }
    input::draw(cx, theme, &areas, frame);
    if let Some(area) = areas.status {
        status::status(cx, theme, area, frame);
    }
    if let Some(area) = areas.footer.filter(|_| cx.tour.is_none()) {
        footer::draw(cx, theme, area, frame);
    }
}
