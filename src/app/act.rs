//! What an action means, however it was asked for.

use std::time::Duration;

use super::context::Context;
use super::editing::edit;
use super::focus::Focus;
use super::guide;
use super::intent::Question;
use super::keymap::Action;
use super::layers::answer::Kind;
use super::outbox::Effect;
use super::state::App;
use super::text::Scroll;
use super::verbs::{branch, chat, cursor, editor, focus, input_line, library, panel, selection, send};
use crate::store::protocol::Format;

/// How long a first Ctrl-C waits for the second.
const ARMED: Duration = Duration::from_secs(2);

/// Does what an action means.
pub(super) fn act(app: &mut App, action: Action) {
    match action {
        Action::Interrupt => interrupt(app),
        Action::Help => app.open(Kind::Help),
        Action::Models => app.open(Kind::Models),
        Action::Palette => app.open(Kind::Palette),
        Action::FindToken => app.open(Kind::Find),
        Action::Inspect => app.open(Kind::Inspector),
        Action::ThrowDice => app.open(Kind::Dice),
        Action::Score => app.open(Kind::Score),
        Action::Tree => app.open(Kind::Tree),
        Action::Compare => app.open(Kind::Compare),
        Action::Futures => app.open(Kind::Futures),
        Action::Library => app.open(Kind::Library),
        Action::FindText => app.open(Kind::TextFind),
        Action::Rename => app.open(Kind::Ask(Question::Title)),
        Action::Tag => app.open(Kind::Ask(Question::Tags)),
        Action::NameBookmark => app.open(Kind::Ask(Question::Bookmark)),
        _ if action.is_of_tour() => guide::act(app, action),
        _ => act_below(&mut app.context, action),
    }
    app.cover();
}

/// Does an action that opens nothing.
fn act_below(cx: &mut Context, action: Action) {
    match action {
        Action::Suspend => cx.outbox.push(Effect::Suspend),
        Action::Repaint => cx.outbox.push(Effect::Repaint),
        Action::NextFocus => focus::next(cx, true),
        Action::PreviousFocus => focus::next(cx, false),
        Action::TogglePanel => focus::toggle_panel(cx),
        Action::Send => send::send(cx),
        Action::Add => send::add(cx),
        Action::Continue => send::continue_text(cx),
        Action::Chat => chat::toggle(cx),
        Action::NewTranscript => send::new_transcript(cx),
        Action::QuitOrDelete if cx.input.is_empty() => cx.outbox.push(Effect::Quit),
        Action::LeaveText if cx.focus == Focus::Text && cx.text.anchor.take().is_some() => {}
        Action::LeaveText => focus::write(cx),
        Action::Select => selection::toggle(cx),
        Action::Copy => selection::copy(cx),
        Action::EditInEditor => editor::open(cx),
        Action::SearchHistory => input_line::search(cx),
        Action::TokenLeft
        | Action::TokenRight
        | Action::TokenWordLeft
        | Action::TokenWordRight
        | Action::RowUp
        | Action::RowDown
        | Action::Top => cursor::go(cx, action),
        Action::Follow => {
            cursor::go(cx, action);
            cursor::scroll(cx, action);
        }
        Action::PageUp | Action::PageDown => cursor::scroll(cx, action),
        Action::Heat => cursor::next_heat(cx),
        Action::Export => library::export_this(cx, Format::Markdown),
        Action::Print => library::export_this(cx, Format::Html),
        _ if action.steers() => branch::act(cx, action),
        _ if action.is_of_panel() => panel::act(cx, action),
        _ if panel::turned_by(action).is_some() => panel::turn_by(cx, action),
        Action::LineEnd if cx.input.cursor() == cx.input.text().len() => cx.text.scroll = Scroll::Follow,
        _ => {
            edit(&mut cx.input, action);
            cx.input.vi_settle();
        }
    }
}

fn interrupt(app: &mut App) {
    let cx = &mut app.context;
    if let Some(running) = &mut cx.drawing.running {
        running.stopping = true;
        cx.outbox.push(Effect::StopEngine);
    } else if app.layers.columns().is_some_and(|it| it.stop(cx)) {
        cx.outbox.say("Stopped; what was drawn can still be taken.");
    } else if cx.input.search().is_some() {
        cx.input.search_leave();
    } else if !cx.input.is_empty() && app.layers.is_empty() {
        input_line::take(cx);
        cx.drawing.send_when_ready = false;
        cx.outbox.say("Cleared; Up brings it back.");
    } else if app.keyboard.quit_armed.is_some() {
        cx.outbox.push(Effect::Quit);
    } else {
        app.keyboard.quit_armed = Some(cx.outbox.now + ARMED);
        cx.outbox.say(format!("{} again to quit.", cx.key_of(Action::Interrupt)));
    }
}
