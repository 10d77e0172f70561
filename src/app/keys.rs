//! What keys and pastes change.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::act::act;
use super::context::Context;
use super::editing::edit_line;
use super::focus::Focus;
use super::intents::intent;
use super::keymap::{Action, Key, Meaning};
use super::layers::Layer;
use super::layers::answer::{Answer, Kind};
use super::state::{App, Held};
use super::verbs::{ahead, focus, input_line, panel, rewrite};

/// Does a key.
pub(super) fn key(app: &mut App, key: &KeyEvent) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    if must_wait(app, key) {
        return app.keyboard.held.push(Held::Key(*key));
    }
    // A key means that what was said has been read, but for the one that says "again to quit".
    if app.keyboard.quit_armed.is_none() {
        app.context.outbox.notice = None;
    }
    ahead::put_off(&mut app.context);
    let prefix = app.keyboard.prefix.take();
    let action = match app.context.keymap.meaning(app.context.in_focus(), prefix, key) {
        Meaning::Action(action) => Some(action),
        Meaning::Prefix(first) if app.layers.is_empty() && app.context.panel.typing.is_none() => {
            app.context.outbox.say(format!("{first} ..."));
            app.keyboard.prefix = Some(first);
            return;
        }
        Meaning::Prefix(_) | Meaning::Nothing => None,
    };
    match action {
        Some(
            Action::Interrupt
            | Action::Suspend
            | Action::Repaint
            | Action::NextStep
            | Action::PreviousStep
            | Action::LeaveTour,
        ) if !(app.layers.is_first_run() && action.is_some_and(Action::is_of_tour)) => {
            return action.into_iter().for_each(|it| act(app, it));
        }
        _ => app.keyboard.quit_armed = None,
    }
    let Some(layer) = app.layers.top_mut() else { return key_of_main(app, key, action) };
    if action == Some(Action::Help) && layer.room().has_help(key) {
        return app.open(Kind::Help);
    }
    let is_writing = Key::from(key).writes();
    // The temperature is turned wherever something can be seen of it; letters are the layer's.
    if let Some((parameter, steps)) = action.filter(|_| !is_writing).and_then(panel::turned_by)
        && layer.room().shows_settings()
    {
        layer.room_mut().turn(&mut app.context, parameter, steps);
        return app.cover();
    }
    let answer = layer.room_mut().key(&mut app.context, key, action);
    let asked = match answer {
        // A question that comes between two letters of somebody who writes must not swallow them.
        Answer::Nothing if is_writing && app.layers.is_unasked() && app.context.focus == Focus::Input => {
            app.layers.pop();
            app.cover();
            return key_of_main(app, key, action);
        }
        Answer::Stay | Answer::Nothing => None,
        Answer::Close => {
            app.layers.pop();
            None
        }
        Answer::Open(kind) => {
            app.layers.pop();
            app.open(kind);
            None
        }
        Answer::Do(asked) => {
            app.layers.pop();
            Some(asked)
        }
    };
    app.cover();
    if let Some(asked) = asked {
        intent(app, asked);
    }
}

/// Whether a key is for what is on its way: a text that is being opened, or what is being looked for. What comes behind such a
/// key waits with it. Ctrl-C and Esc wait for nothing, and nothing waits any more then.
fn must_wait(app: &mut App, key: &KeyEvent) -> bool {
    let cx = &mut app.context;
    let action = match cx.keymap.meaning(cx.in_focus(), app.keyboard.prefix, key) {
        Meaning::Action(it) => Some(it),
        Meaning::Prefix(_) | Meaning::Nothing => None,
    };
    if matches!(action, Some(Action::Interrupt | Action::Suspend | Action::Repaint)) || key.code == KeyCode::Esc {
        app.keyboard.held.clear();
        cx.journal.opening = None;
        return false;
    }
    let waits = |it: &Layer| it.room().waits(key, action);
    !app.keyboard.held.is_empty() || cx.journal.opening.is_some() || app.layers.top().is_some_and(waits)
}

/// Does what waited, as far as it need not wait again.
pub(super) fn go_on(app: &mut App) {
    // It was pressed before the answer came, so what the answer says was not read yet.
    let said = app.context.outbox.notice.take();
    for it in std::mem::take(&mut app.keyboard.held) {
        match it {
            Held::Key(it) => key(app, &it),
            Held::Paste(it) => paste(app, &it),
        }
    }
    let notice = &mut app.context.outbox.notice;
    *notice = notice.take().or(said);
}

/// A key while nothing lies over the text.
fn key_of_main(app: &mut App, key: &KeyEvent, action: Option<Action>) {
    let cx = &mut app.context;
    if cx.panel.typing.is_some() {
        return type_value(cx, key);
    }
    if input_line::takes(cx, key, action) {
        return;
    }
    match action {
        Some(action) => act(app, action),
        None if key.code == KeyCode::Esc && cx.focus == Focus::Input && rewrite::leave(cx) => {}
        None => write(cx, key),
    }
}

fn type_value(cx: &mut Context, key: &KeyEvent) {
    match key.code {
        KeyCode::Esc => cx.panel.typing = None,
        KeyCode::Enter => panel::set_typed(cx),
        _ => edit_line(&cx.keymap, cx.panel.typing.get_or_insert_default(), key),
    }
}

fn write(cx: &mut Context, key: &KeyEvent) {
    let KeyCode::Char(c) = key.code else { return };
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return;
    }
    match cx.focus {
        Focus::Panel if c.is_ascii_digit() || matches!(c, '.' | '-') => {
            panel::begin_typing(cx, c.encode_utf8(&mut [0; 4]));
        }
        Focus::Input => cx.input.insert(c.encode_utf8(&mut [0; 4])),
        // What is no command is the beginning of a text. If the rest of it went to the commands, they would cut the text.
        Focus::Text | Focus::Panel => {
            let back = cx.key_of(Action::NextFocus);
            focus::write(cx);
            cx.input.vi_write();
            cx.input.insert(c.encode_utf8(&mut [0; 4]));
            cx.outbox.say(format!("`{c}` is no command here: it is written in the input. {back} goes on to the text."));
        }
    }
}

/// Takes text that was pasted in one piece.
pub(super) fn paste(app: &mut App, text: &str) {
    let cx = &mut app.context;
    if !app.keyboard.held.is_empty() || cx.journal.opening.is_some() {
        return app.keyboard.held.push(Held::Paste(text.to_owned()));
    }
    cx.outbox.notice = None;
    if let Some(layer) = app.layers.top_mut() {
        return layer.room_mut().paste(cx, text);
    }
    cx.panel.typing = None;
    focus::write(cx);
    input_line::paste(cx, text);
}
