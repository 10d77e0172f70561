//! What is asked for by name: in the palette, in the search for a token, in a line.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::intent::{Intent, set_knob};
use super::super::keymap::Action;
use super::super::state::{App, Overlay, Screen};
use super::super::view::{find_rows, palette_rows};
use super::super::{Effect, Entry, Find, KNOBS, Knob};
use super::keys::{edit_line, perform};
use super::{branch, columns, keys, overlays, settings_changed, text, vocabulary};

/// Does what is asked for, whatever has the focus.
pub(super) fn intent(app: &mut App, intent: Intent, now: Duration, effects: &mut Vec<Effect>) {
    if intent != Intent::Act(Action::Interrupt) {
        app.quit_armed = None;
    }
    match intent {
        Intent::Act(action) => perform(app, action, now, effects),
        Intent::Set(knob, value) => match set(app, knob, &value, effects) {
            Ok(said) => app.inform(said, now),
            Err(why) => app.complain(why),
        },
        Intent::Pick(knob) => app.knob = KNOBS.iter().position(|&it| it == knob).unwrap_or(app.knob),
        Intent::Send(text) => {
            app.input.set(&text);
            keys::send(app, now, effects);
        }
        Intent::Point(position) => text::point(app, position),
        Intent::Take(token) => branch::take(app, token, true, now, effects),
        Intent::Branch(run) => branch::go_to_run(app, run, now, effects),
        Intent::Heat(heat) => {
            app.lens.heat = heat;
            text::survey(app, effects);
        }
        Intent::Find(text) => open_find(app, &text),
        Intent::Compare(others) => columns::compare(app, others, now, effects),
        Intent::SameDice => columns::other_way(app, effects),
        Intent::OtherDice => columns::new_dice(app, effects),
        Intent::Keep(column, length) => columns::keep_one(app, column, length, now, effects),
        Intent::KeepAll => columns::take_all(app, now, effects),
        Intent::WayOut(way) => columns::way_out(app, way, now, effects),
        Intent::Close => columns::close(app, effects),
        Intent::Download => {
            app.screen = Screen::Main;
            overlays::download(app, effects);
        }
        Intent::Import(path) => {
            app.screen = Screen::Main;
            effects.push(Effect::RememberDemoOnly(true));
            overlays::import(app, &path, effects);
        }
        Intent::DemoOnly => {
            app.screen = Screen::Main;
            effects.push(Effect::RememberDemoOnly(true));
        }
        Intent::SwitchModel => overlays::switch(app, now, effects),
        Intent::StopInstall => effects.push(Effect::StopInstall),
    }
}

/// Sets a control; says what it is now, or why it is not.
fn set(app: &mut App, knob: Knob, value: &str, effects: &mut Vec<Effect>) -> Result<String, String> {
    let word = knob.word();
    let mut new = app.settings.clone();
    let set = set_knob(knob, &mut new, value).and_then(|()| vocabulary::accept(app, new));
    set.map_err(|why| format!("{word}: {why}."))?;
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
        (Some(asked), _) => {
            app.overlay = None;
            intent(app, asked, now, effects);
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
