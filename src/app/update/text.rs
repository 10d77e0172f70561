//! The cursor in the text, and what is looked at through it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus, Overlay, Scroll};
use super::super::view::layout;
use super::{branch, peek};

/// Moves the cursor.
pub(super) fn go(app: &mut App, action: Action) {
    let last = app.document.len();
    let at = app.lens.cursor.min(last);
    app.lens.cursor = match action {
        Action::TokenLeft => at.saturating_sub(1),
        Action::TokenRight => (at + 1).min(last),
        Action::TokenWordLeft => (0..at).rev().find(|&it| begins_word(app, it)).unwrap_or(0),
        Action::TokenWordRight => (at + 1..last).find(|&it| begins_word(app, it)).unwrap_or(last),
        Action::RowUp => by_rows(app, at, -1),
        Action::RowDown => by_rows(app, at, 1),
        Action::Top => 0,
        _ => last,
    };
    app.lens.inspection = None;
    show_cursor(app);
}

fn begins_word(app: &App, position: usize) -> bool {
    let first = |it: usize| app.document.at(it).and_then(|node| app.vocabulary.bytes(node.token).first().copied());
    first(position).is_some_and(|it| it.is_ascii_whitespace())
        || position.checked_sub(1).and_then(first).is_some_and(|it| it == b'\n')
}

/// The token that stands in the row above or below, as far to the right.
fn by_rows(app: &App, position: usize, rows: isize) -> usize {
    let (flow, text) = (&app.flow, app.flow.text());
    let start = flow.start_of(position);
    let row = flow.row_of(start);
    let Some(to) = row.checked_add_signed(rows).filter(|&it| it < flow.rows().len()) else {
        return if rows < 0 { 0 } else { app.document.len() };
    };
    let width = |range: std::ops::Range<usize>| unicode_width::UnicodeWidthStr::width(&text[range]);
    let column = width(flow.rows()[row].start.min(start)..start);
    let target = flow.rows()[to].clone();
    let offset = text[target.clone()].char_indices().map(|(it, _)| target.start + it);
    let reached = offset.take_while(|&it| width(target.start..it) <= column).last().unwrap_or(target.start);
    flow.token_at(reached)
}

/// Puts the cursor on the token at a position.
pub(super) fn point(app: &mut App, position: usize) {
    app.focus = Focus::Text;
    app.lens.cursor = position.min(app.document.len());
    app.lens.inspection = None;
    show_cursor(app);
}

/// Brings the cursor into view.
pub(super) fn show_cursor(app: &mut App) {
    let height = (layout(app).text.height as usize).max(1);
    let offset = app.flow.start_of(app.lens.cursor);
    let row = app.flow.row_of(offset);
    let top = app.top_row(height);
    let last = app.flow.rows().len().saturating_sub(height);
    let to = if row < top {
        row
    } else if row >= top + height {
        row + 1 - height
    } else {
        return;
    };
    let unseen = if let Scroll::At { unseen, .. } = app.scroll { unseen } else { 0 };
    app.scroll = if to >= last { Scroll::Follow } else { Scroll::At { offset: app.flow.rows()[to].start, unseen } };
}

/// Goes over to the next way of colouring the text.
pub(super) fn next_heat(app: &mut App, effects: &mut Vec<Effect>) {
    app.lens.heat = app.lens.heat.next();
    survey(app, effects);
}

/// Opens the inspector on the token under the cursor.
pub(super) fn open_inspector(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.document.is_empty() {
        return app.inform("There is no token to look at yet: write something first.", now);
    }
    if app.focus != Focus::Text {
        // From elsewhere, what comes next is meant.
        app.lens.cursor = app.document.len();
        app.focus = Focus::Text;
    }
    app.overlay = Some(Overlay::Inspector { chosen: None });
    app.lens.inspection = None;
    survey(app, effects);
}

/// Asks for scores that are not there, if some are wanted.
pub(super) fn survey(app: &mut App, effects: &mut Vec<Effect>) {
    if app.running.is_none() && app.first_unknown().is_some() {
        peek(app, effects);
    }
}

/// The keys of the inspector.
pub(super) fn inspector(
    app: &mut App,
    key: &KeyEvent,
    action: Option<Action>,
    now: Duration,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Inspector { chosen }) = app.overlay else { return };
    let rows = app.lens.inspection.as_ref().map_or(&[][..], |it| &it.rows);
    let own = app.lens.inspection.as_ref().and_then(|it| rows.iter().position(|row| row.token == it.token));
    let at = chosen.or(own).unwrap_or(0).min(rows.len().saturating_sub(1));
    let choose = |at: usize| Some(Overlay::Inspector { chosen: Some(at) });
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => app.overlay = None,
        KeyCode::Up | KeyCode::Char('k') => app.overlay = choose(at.saturating_sub(1)),
        KeyCode::Down | KeyCode::Char('j') => app.overlay = choose((at + 1).min(rows.len().saturating_sub(1))),
        KeyCode::PageUp => app.overlay = choose(at.saturating_sub(10)),
        KeyCode::PageDown => app.overlay = choose((at + 10).min(rows.len().saturating_sub(1))),
        KeyCode::Enter | KeyCode::Char(' ') => {
            let Some(token) = rows.get(at).map(|it| it.token) else { return };
            app.overlay = Some(Overlay::Inspector { chosen: None });
            branch::take(app, token, key.code == KeyCode::Enter, now, effects);
        }
        KeyCode::Left | KeyCode::Char('h') => step(app, Action::TokenLeft, effects),
        KeyCode::Right | KeyCode::Char('l') => step(app, Action::TokenRight, effects),
        KeyCode::Home | KeyCode::Char('g') => step(app, Action::Top, effects),
        KeyCode::End | KeyCode::Char('G') => step(app, Action::Follow, effects),
        _ => match action {
            Some(action) if action.steers() => {
                branch::act(app, action, now, effects);
                survey(app, effects);
            }
            Some(Action::Heat) => next_heat(app, effects),
            _ => {}
        },
    }
}

fn step(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    go(app, action);
    look_again(app, effects);
}

/// Has the inspector look at the token that is under the cursor now.
pub(super) fn look_again(app: &mut App, effects: &mut Vec<Effect>) {
    app.overlay = Some(Overlay::Inspector { chosen: None });
    app.lens.inspection = None;
    survey(app, effects);
}
