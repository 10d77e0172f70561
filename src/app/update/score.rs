//! The score of the text: asked for, and left for one of its tokens.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus, Overlay};
use super::text;

/// Shows the score; what is not known is asked of the model.
pub(super) fn open(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.document.is_empty() {
        return app.inform("There is no text to score yet: write something first.", now);
    }
    app.overlay = Some(Overlay::Score { chosen: 0 });
    text::survey(app, effects);
}

/// The keys.
pub(super) fn key(app: &mut App, key: &KeyEvent, action: Option<Action>) {
    let Some(Overlay::Score { chosen }) = app.overlay else { return };
    let worst = app.text_score().worst;
    let last = worst.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => app.overlay = None,
        KeyCode::Up | KeyCode::Char('k') => app.overlay = Some(Overlay::Score { chosen: chosen.saturating_sub(1) }),
        KeyCode::Down | KeyCode::Char('j') => app.overlay = Some(Overlay::Score { chosen: (chosen + 1).min(last) }),
        KeyCode::Home => app.overlay = Some(Overlay::Score { chosen: 0 }),
        KeyCode::End => app.overlay = Some(Overlay::Score { chosen: last }),
        KeyCode::Enter => {
            let Some(it) = worst.get(chosen.min(last)) else { return };
            app.overlay = None;
            app.focus = Focus::Text;
            app.lens.cursor = it.position;
            app.lens.inspection = None;
            text::show_cursor(app);
        }
        _ if action == Some(Action::Score) => app.overlay = None,
        _ => {}
    }
}
