//! What is asked for by name: the palette, and the search for a token.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::intent::{Intent, set_knob};
use super::super::keymap::Action;
use super::super::state::{App, Overlay};
use super::super::view::{find_rows, palette_rows};
use super::super::{Effect, Entry, Find, Knob};
use super::keys::{edit_line, perform};
use super::settings_changed;

/// Sets a control; says what it is now, or why it is not.
fn set(app: &mut App, knob: Knob, value: &str, effects: &mut Vec<Effect>) -> Result<String, String> {
    let word = knob.word();
    set_knob(knob, &mut app.settings, value).map_err(|why| format!("{word}: {why}."))?;
    settings_changed(app, effects);
    Ok(format!("{word} is now {}.", knob.show(&app.settings)))
}

/// Opens the search for a token.
pub(super) fn open_find(app: &mut App, text: &str) {
    let mut find = Find::default();
    find.input.insert(text);
    app.overlay = Some(Overlay::Find(find));
    app.find_again();
}

/// A key in the palette.
pub(super) fn palette(app: &mut App, key: &KeyEvent, action: Option<Action>, now: Duration, effects: &mut Vec<Effect>) {
    let page = palette_rows(app).max(1);
    let Some(Overlay::Palette(state)) = &mut app.overlay else { return };
    state.problem = None;
    let last = state.entries().len().saturating_sub(1);
    match key.code {
        KeyCode::Esc => app.overlay = None,
        _ if action == Some(Action::Palette) => app.overlay = None,
        KeyCode::Up => state.chosen = state.chosen.saturating_sub(1),
        KeyCode::Down => state.chosen = (state.chosen + 1).min(last),
        KeyCode::PageUp => state.chosen = state.chosen.saturating_sub(page),
        KeyCode::PageDown => state.chosen = (state.chosen + page).min(last),
        KeyCode::Enter => choose(app, now, effects),
        _ => {
            edit_line(&app.keymap, &mut state.input, key);
            state.chosen = 0;
        }
    }
}

/// Does what the chosen entry says, or asks for the value it needs.
fn choose(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let Some(Overlay::Palette(state)) = &mut app.overlay else { return };
    let Some(entry) = state.entries().into_iter().nth(state.chosen) else { return };
    match (entry.intent(), entry) {
        (Some(Intent::Set(knob, value)), _) => match set(app, knob, &value, effects) {
            Ok(said) => {
                app.overlay = None;
                app.inform(said, now);
            }
            Err(why) => {
                if let Some(Overlay::Palette(state)) = &mut app.overlay {
                    state.problem = Some(why);
                }
            }
        },
        (Some(Intent::Act(action)), _) => {
            app.overlay = None;
            perform(app, action, now, effects);
        }
        (None, Entry::Set(knob, _)) => {
            state.input.set(&format!("set {} ", knob.word()));
            state.chosen = 0;
        }
        (None, Entry::Act(_)) => {}
    }
}

/// A key in the search for a token.
pub(super) fn find(app: &mut App, key: &KeyEvent, action: Option<Action>) {
    let page = find_rows(app).max(1);
    let Some(Overlay::Find(state)) = &mut app.overlay else { return };
    let most = state.found.len().saturating_sub(page);
    match key.code {
        KeyCode::Esc | KeyCode::Enter => app.overlay = None,
        _ if action == Some(Action::Palette) => app.overlay = Some(Overlay::Palette(super::super::Palette::default())),
        KeyCode::Up => state.top = state.top.saturating_sub(1),
        KeyCode::Down => state.top = (state.top + 1).min(most),
        KeyCode::PageUp => state.top = state.top.saturating_sub(page),
        KeyCode::PageDown => state.top = (state.top + page).min(most),
        _ => {
            let before = state.input.text().to_owned();
            edit_line(&app.keymap, &mut state.input, key);
            if state.input.text() != before {
                state.top = 0;
                app.find_again();
            }
        }
    }
}

/// Text pasted into either.
pub(super) fn paste(app: &mut App, text: &str) {
    let line = text.lines().next().unwrap_or_default();
    match &mut app.overlay {
        Some(Overlay::Palette(state)) => {
            state.input.insert(line);
            (state.chosen, state.problem) = (0, None);
        }
        Some(Overlay::Find(state)) => {
            state.input.insert(line);
            state.top = 0;
            app.find_again();
        }
        _ => {}
    }
}
