//! What each message changes, and what must be done about it.

use std::time::Duration;

use super::guide;
use super::hear;
use super::intents::intent;
use super::keys;
use super::layout::layout;
use super::mouse;
use super::msg::Msg;
use super::outbox::Effect;
use super::state::App;
use super::verbs::{ahead, focus, selection};

/// Applies a message to the state and says what the shell must do about it.
///
/// Reads no clock, file or channel; `now` is the time since the start. Every message is allowed in every state; one that
/// makes no sense there is dropped, which is how tokens that were in flight when the user cancelled disappear.
pub fn update(app: &mut App, msg: Msg, now: Duration) -> Vec<Effect> {
    if app.keyboard.quit_armed.is_some_and(|it| now >= it) {
        app.keyboard.quit_armed = None;
    }
    app.context.outbox.begin(now);
    match msg {
        Msg::Key(key) => keys::key(app, &key),
        Msg::Paste(text) => keys::paste(app, &text),
        Msg::Mouse(event) => mouse::heard(app, event),
        Msg::Edited(result) => hear::editor::ended(&mut app.context, result),
        Msg::Copied { characters, how } => selection::copied(&mut app.context, characters, &how),
        Msg::Resize(columns, rows) => app.context.window.size = (columns, rows),
        Msg::Intent(asked) => intent(app, asked),
        Msg::Engine(event) => hear::engine::heard(app, event),
        Msg::Install(event) => hear::install::heard(app, event),
        Msg::Store(event) => {
            hear::store::heard(&mut app.context, event);
            keys::go_on(app);
        }
        Msg::Library(event) => {
            hear::library::heard(app, event);
            keys::go_on(app);
        }
        Msg::Tick => {}
    }
    app.cover();
    focus::settle(&mut app.context);
    ahead::follow(&mut app.context);
    guide::follow(app);
    // Where the text is may have changed with anything: the panel, the input's height, the terminal.
    let cx = &mut app.context;
    let width = layout(cx).text.width as usize;
    cx.text.flow.resize(width);
    cx.outbox.take()
}

/// When something changes by itself, in time since the start: the shell then sends a [`Msg::Tick`].
#[must_use]
pub fn next_deadline(app: &App) -> Option<Duration> {
    let notice = app.context.outbox.notice.as_ref().and_then(|it| it.until);
    [notice, app.keyboard.quit_armed, ahead::deadline(&app.context)].into_iter().flatten().min()
}
