//! What keys change on the first screen and in what lies over the main one.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::keymap::Action;
use super::super::state::{App, Overlay, Screen};
use super::super::view::{help_rows, models_overflow};
use super::super::{Effect, Help, Input};
use super::keys::edit_line;
use super::load;
use crate::install::protocol::Job;
use crate::manifest::MEGATRON_345M;

pub(super) fn first_run(app: &mut App, key: &KeyEvent, effects: &mut Vec<Effect>) {
    let Screen::FirstRun(state) = &mut app.screen else {
        return;
    };
    if let Some(path) = &mut state.path {
        match key.code {
            KeyCode::Esc => state.path = None,
            KeyCode::Enter => {
                let text = path.take();
                if !text.trim().is_empty() {
                    app.screen = Screen::Main;
                    effects.push(Effect::RememberDemoOnly(true));
                    import(app, &text, effects);
                }
            }
            _ => edit_line(&app.keymap, path, key),
        }
        return;
    }
    match (key.code, key.modifiers) {
        (KeyCode::Enter, _) => {
            app.screen = Screen::Main;
            download(app, effects);
        }
        (KeyCode::Char('n' | 'N'), _) => {
            app.screen = Screen::Main;
            effects.push(Effect::RememberDemoOnly(true));
        }
        (KeyCode::Char('i' | 'I'), _) => state.path = Some(Input::default()),
        (KeyCode::Char('q'), _) | (KeyCode::Char('d'), KeyModifiers::CONTROL) => {
            effects.push(Effect::Quit);
        }
        _ => {}
    }
}

pub(super) fn download(app: &mut App, effects: &mut Vec<Effect>) {
    effects.push(Effect::RememberDemoOnly(false));
    super::install::begin(app, Job::Megatron345m, MEGATRON_345M, effects);
}

pub(super) fn import(app: &mut App, text: &str, effects: &mut Vec<Effect>) {
    let path = PathBuf::from(text.trim().trim_matches(['\'', '"']));
    effects.push(Effect::Open(path));
    app.import = Some(text.trim().to_owned());
    app.overlay = None;
}

/// Opens the help over whatever is there, which stays as it is.
pub(super) fn open_help(app: &mut App) {
    let under = app.overlay.take().map(Box::new);
    app.overlay = Some(Overlay::Help(Help { under, ..Help::default() }));
}

/// A key in the help.
pub(super) fn help(app: &mut App, key: &KeyEvent, action: Option<Action>) {
    let Some(Overlay::Help(state)) = &mut app.overlay else { return };
    match (&mut state.filter, key.code) {
        (_, KeyCode::Up) | (None, KeyCode::Char('k')) => state.top = state.top.saturating_sub(1),
        (_, KeyCode::Down) | (None, KeyCode::Char('j')) => state.top += 1,
        (_, KeyCode::PageUp) => state.top = state.top.saturating_sub(10),
        (_, KeyCode::PageDown) | (None, KeyCode::Char(' ')) => state.top += 10,
        (filter @ Some(_), KeyCode::Esc) => *filter = None,
        (Some(line), _) => {
            edit_line(&app.keymap, line, key);
            state.top = 0;
        }
        (None, KeyCode::Char('/')) => (state.filter, state.top) = (Some(Input::default()), 0),
        (None, KeyCode::Home) => state.top = 0,
        (None, code) if matches!(code, KeyCode::Esc | KeyCode::Char('q' | '?')) || action == Some(Action::Help) => {
            app.overlay = state.under.take().map(|it| *it);
        }
        _ => {}
    }
    let Some(Overlay::Help(Help { top, filter, .. })) = &app.overlay else { return };
    let (top, is_filtered) = (*top, filter.is_some());
    let rows = help_rows(app, filter.as_ref().map_or("", Input::text));
    let room = app.size.1.saturating_sub(if is_filtered { 3 } else { 2 }) as usize;
    if let Some(Overlay::Help(state)) = &mut app.overlay {
        state.top = top.min(rows.saturating_sub(room));
    }
}

pub(super) fn models(app: &mut App, key: &KeyEvent, action: Option<Action>, now: Duration, effects: &mut Vec<Effect>) {
    let Some(Overlay::Models { path, top }) = &mut app.overlay else {
        return;
    };
    if let Some(line) = path {
        match key.code {
            KeyCode::Esc => *path = None,
            KeyCode::Enter => {
                let text = line.take();
                if !text.trim().is_empty() {
                    import(app, &text, effects);
                }
            }
            _ => edit_line(&app.keymap, line, key),
        }
        return;
    }
    let busy = app.installing.as_ref().is_some_and(|it| it.stage.is_some());
    match key.code {
        _ if action == Some(Action::Models) => app.overlay = None,
        KeyCode::Esc | KeyCode::Char('q') => app.overlay = None,
        KeyCode::Char('i') => *path = Some(Input::default()),
        KeyCode::Up => *top = top.saturating_sub(1),
        KeyCode::Down => *top += 1,
        KeyCode::Char('d') if !busy && !app.has_345m => download(app, effects),
        KeyCode::Char('c') if busy => effects.push(Effect::StopInstall),
        KeyCode::Enter => switch(app, now, effects),
        _ => {}
    }
    let most = models_overflow(app);
    if let Some(Overlay::Models { top, .. }) = &mut app.overlay {
        *top = (*top).min(most);
    }
}

/// Goes over to the model that is ready.
pub(super) fn switch(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let Some((name, directory)) = app.offered.take() else {
        app.overlay = None;
        return;
    };
    if app.running.is_some() {
        app.offered = Some((name, directory));
        app.overlay = None;
        let (stop, models) = (app.key_of(Action::Interrupt), app.key_of(Action::Models));
        app.inform(format!("Still writing: {stop} stops it, then {models} and Enter switch."), now);
        return;
    }
    // The one that is left can be gone back to.
    if let Some(card) = app.card() {
        app.offered = Some((card.name.clone(), card.directory.clone()));
    }
    app.overlay = None;
    load(app, name, directory, effects);
}
