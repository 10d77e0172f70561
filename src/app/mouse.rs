//! What the mouse does. All of it can be done by keys as well.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::context::Context;
use super::focus::Focus;
use super::keymap::Action;
use super::keys;
use super::layers::Layer;
use super::layers::answer::Kind;
use super::layout::{Areas, Panes, layout};
use super::screen::input::byte_at;
use super::screen::panel::knob_at;
use super::screen::text::token_at;
use super::state::{App, Keyboard, Press};
use super::verbs::cursor::scroll_by;
use super::verbs::{focus, panel};

/// How many rows of the text the wheel scrolls at once.
const ROWS: isize = 3;

/// What is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Text,
    Panel,
    Input,
}

/// Does what the mouse does; nothing where the mouse is not asked for, and nothing on the first screen.
pub(super) fn heard(app: &mut App, event: MouseEvent) {
    if !app.context.window.mouse || app.layers.is_first_run() {
        return;
    }
    let at = Position { x: event.column, y: event.row };
    match (event.kind, app.layers.top_mut()) {
        (MouseEventKind::ScrollUp, _) => wheel(app, at, -1),
        (MouseEventKind::ScrollDown, _) => wheel(app, at, 1),
        (MouseEventKind::Down(MouseButton::Left), Some(Layer::Inspector(inspector))) => {
            inspector.click(&mut app.context, at);
        }
        (_, Some(_)) => app.keyboard.pressed = None,
        (MouseEventKind::Down(MouseButton::Left), None) => press(app, at),
        (MouseEventKind::Drag(MouseButton::Left), None) => drag(app, at),
        (MouseEventKind::Up(MouseButton::Left), None) => release(app),
        _ => {}
    }
}

fn pane(cx: &Context, areas: &Areas, at: Position) -> Option<Pane> {
    let panel_in_place = areas.panes == Panes::One && cx.in_focus() == Focus::Panel;
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
    let cx = &mut app.context;
    // Before anything changes: what is pressed on is what was seen.
    let areas = layout(cx);
    let pane = pane(cx, &areas, at);
    let knob = knob_at(cx, &areas, at);
    // What a search shows is not what is written.
    let byte = if cx.input.search().is_some() { 0 } else { byte_at(cx, &areas, at) };
    let (token, is_on_it) = token_at(cx, &areas, at);
    // A click says, as a key does, that what was said has been read.
    (cx.outbox.notice, cx.panel.typing, app.keyboard) = (None, None, Keyboard::default());
    let was_searching = cx.input.search().is_some();
    cx.input.search_take();
    match pane {
        Some(Pane::Input) => {
            focus::write(cx);
            if !was_searching {
                cx.input.put_cursor(byte);
                cx.input.vi_settle();
            }
        }
        Some(Pane::Panel) => {
            focus::put(cx, Focus::Panel);
            cx.panel.knob = knob.unwrap_or(cx.panel.knob);
        }
        Some(Pane::Text) => {
            let was_cursor = is_on_it && cx.focus == Focus::Text && cx.text.cursor == token && cx.text.anchor.is_none();
            focus::put(cx, Focus::Text);
            (cx.text.cursor, cx.text.anchor, cx.text.inspection) = (token, None, None);
            app.keyboard.pressed = Some(Press { token, was_cursor, dragged: false });
        }
        None => {}
    }
}

fn release(app: &mut App) {
    if app.keyboard.pressed.take().is_some_and(|it| it.was_cursor && !it.dragged) {
        app.open(Kind::Inspector);
    }
}

/// Selects from where the button was pressed to here; above and below the text, it scrolls.
fn drag(app: &mut App, at: Position) {
    let Some(mut press) = app.keyboard.pressed else { return };
    let cx = &mut app.context;
    let areas = layout(cx);
    if at.y < areas.text.y {
        scroll_by(cx, -1);
    } else if at.y >= areas.text.bottom() {
        scroll_by(cx, 1);
    }
    let y = at.y.clamp(areas.text.y, areas.text.bottom().saturating_sub(1).max(areas.text.y));
    let (token, _) = token_at(cx, &areas, Position { y, ..at });
    press.dragged |= token != press.token;
    if press.dragged && !cx.text.document.is_empty() {
        let last = cx.text.document.len() - 1;
        (cx.text.anchor, cx.text.cursor) = (Some(press.token.min(last)), token);
        cx.text.inspection = None;
    }
    app.keyboard.pressed = Some(press);
}

fn wheel(app: &mut App, at: Position, step: isize) {
    let code = if step < 0 { KeyCode::Up } else { KeyCode::Down };
    let Some(times) = app.layers.top().map(|it| it.room().wheel()) else { return scroll(&mut app.context, at, step) };
    for _ in 0..times {
        keys::key(app, &KeyEvent::from(code));
    }
}

fn scroll(cx: &mut Context, at: Position, step: isize) {
    match pane(cx, &layout(cx), at) {
        Some(Pane::Text) => scroll_by(cx, step * ROWS),
        // Without the focus nothing shows which control is chosen.
        Some(Pane::Panel) if cx.focus == Focus::Panel && cx.panel.typing.is_none() => {
            panel::act(cx, if step < 0 { Action::KnobUp } else { Action::KnobDown });
        }
        // Beyond the first and the last line there is the history, which the wheel does not scroll to.
        Some(Pane::Input) if cx.input.search().is_none() => {
            let (before, after) = cx.input.text().split_at(cx.input.cursor());
            if step < 0 && before.contains('\n') {
                cx.input.up();
            } else if step > 0 && after.contains('\n') {
                cx.input.down();
            }
        }
        _ => {}
    }
}
