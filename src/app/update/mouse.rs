//! What the mouse does. All of it can be done by keys as well.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus, Overlay, Screen};
use super::super::view::{Areas, Panes, input_byte_at, inspector_area, knob_at, layout, token_at};
use super::{keys, panel, text};

/// How many rows of the text the wheel scrolls at once.
const ROWS: isize = 3;

/// What the button was pressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Press {
    /// This token.
    token: usize,
    /// Whether the cursor was on it already.
    was_cursor: bool,
    /// Whether the pointer has left it since.
    dragged: bool,
}

/// What is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Text,
    Panel,
    Input,
}

pub(super) fn heard(app: &mut App, event: MouseEvent, now: Duration, effects: &mut Vec<Effect>) {
    if !app.mouse || app.screen != Screen::Main {
        return;
    }
    let at = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::ScrollUp => wheel(app, at, -1, now, effects),
        MouseEventKind::ScrollDown => wheel(app, at, 1, now, effects),
        MouseEventKind::Down(MouseButton::Left) if app.inspects() => look_at(app, at, effects),
        _ if app.overlay.is_some() => app.pressed = None,
        MouseEventKind::Down(MouseButton::Left) => press(app, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(app, at),
        MouseEventKind::Up(MouseButton::Left) => release(app, now, effects),
        _ => {}
    }
}

/// With the inspector open, a click in what is seen of the text beside it looks at another token.
fn look_at(app: &mut App, at: Position, effects: &mut Vec<Effect>) {
    let areas = layout(app);
    let (token, is_on_it) = token_at(app, &areas, at);
    if is_on_it && areas.text.contains(at) && !inspector_area(app).contains(at) {
        app.lens.cursor = token;
        text::look_again(app, effects);
    }
}

fn pane(app: &App, areas: &Areas, at: Position) -> Option<Pane> {
    let panel_in_place = areas.panes == Panes::One && app.focus == Focus::Panel;
    if areas.input_outer.contains(at) {
        Some(Pane::Input)
    } else if areas.panel.is_some_and(|it| it.contains(at)) {
        Some(Pane::Panel)
    } else if areas.text_outer.contains(at) {
        Some(if panel_in_place { Pane::Panel } else { Pane::Text })
    } else {
        None
    }
}

fn press(app: &mut App, at: Position) {
    // Before anything changes: what is pressed on is what was seen.
    let areas = layout(app);
    let pane = pane(app, &areas, at);
    let knob = knob_at(app, &areas, at);
    // What a search shows is not what is written.
    let byte = if app.input.search().is_some() { 0 } else { input_byte_at(app, &areas, at) };
    let (token, is_on_it) = token_at(app, &areas, at);
    // A click says, as a key does, that what was said has been read.
    (app.notice, app.quit_armed, app.prefix, app.typing, app.pressed) = (None, None, None, None, None);
    let was_searching = app.input.search().is_some();
    app.input.search_take();
    match pane {
        Some(Pane::Input) => {
            app.focus = Focus::Input;
            if !was_searching {
                app.input.put_cursor(byte);
                app.input.vi_settle();
            }
        }
        Some(Pane::Panel) => {
            app.focus = Focus::Panel;
            app.knob = knob.unwrap_or(app.knob);
        }
        Some(Pane::Text) => {
            let was_cursor =
                is_on_it && app.focus == Focus::Text && app.lens.cursor == token && app.lens.anchor.is_none();
            app.focus = Focus::Text;
            (app.lens.cursor, app.lens.anchor, app.lens.inspection) = (token, None, None);
            app.pressed = Some(Press { token, was_cursor, dragged: false });
        }
        None => {}
    }
}

fn release(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.pressed.take().is_some_and(|it| it.was_cursor && !it.dragged) {
        text::open_inspector(app, now, effects);
    }
}

/// Selects from where the button was pressed to here; above and below the text, it scrolls.
fn drag(app: &mut App, at: Position) {
    let Some(mut press) = app.pressed else { return };
    let areas = layout(app);
    if at.y < areas.text.y {
        keys::scroll_by(app, -1);
    } else if at.y >= areas.text.bottom() {
        keys::scroll_by(app, 1);
    }
    let y = at.y.clamp(areas.text.y, areas.text.bottom().saturating_sub(1).max(areas.text.y));
    let (token, _) = token_at(app, &areas, Position { y, ..at });
    press.dragged |= token != press.token;
    if press.dragged && !app.document.is_empty() {
        let last = app.document.len() - 1;
        (app.lens.anchor, app.lens.cursor) = (Some(press.token.min(last)), token);
        app.lens.inspection = None;
    }
    app.pressed = Some(press);
}

fn wheel(app: &mut App, at: Position, step: isize, now: Duration, effects: &mut Vec<Effect>) {
    let code = if step < 0 { KeyCode::Up } else { KeyCode::Down };
    let times = match &app.overlay {
        Some(Overlay::Help(_)) => ROWS,
        // There the arrows change settings, or mean nothing.
        Some(Overlay::Columns(it)) if it.purpose != super::super::columns::Purpose::Fan => 0,
        Some(Overlay::Circles { .. }) => 0,
        Some(_) => 1,
        None => return scroll(app, at, step, now, effects),
    };
    for _ in 0..times {
        keys::key(app, &KeyEvent::from(code), now, effects);
    }
}

fn scroll(app: &mut App, at: Position, step: isize, now: Duration, effects: &mut Vec<Effect>) {
    match pane(app, &layout(app), at) {
        Some(Pane::Text) => keys::scroll_by(app, step * ROWS),
        // Without the focus nothing shows which control is chosen.
        Some(Pane::Panel) if app.focus == Focus::Panel && app.typing.is_none() => {
            panel::act(app, if step < 0 { Action::KnobUp } else { Action::KnobDown }, now, effects);
        }
        // Beyond the first and the last line there is the history, which nobody scrolls to.
        Some(Pane::Input) if app.input.search().is_none() => {
            let (before, after) = app.input.text().split_at(app.input.cursor());
            if step < 0 && before.contains('\n') {
                app.input.up();
            } else if step > 0 && after.contains('\n') {
                app.input.down();
            }
        }
        _ => {}
    }
}
