//! What an action means, however it was asked for.

use std::time::Duration;

use super::context::Context;
use super::editing::edit;
use super::focus::Focus;
use super::keymap::Action;
use super::layers::answer::Kind;
use super::layout::{Panes, layout};
use super::outbox::Effect;
use super::state::App;
use super::text::Scroll;
use super::verbs::{branch, chat, cursor, editor, input_line, panel, selection, send};
use crate::sample::Parameter;

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
        Action::Score => app.open(Kind::Score),
        Action::Tree => app.open(Kind::Tree),
        Action::Compare => app.open(Kind::Compare),
        Action::Futures => app.open(Kind::Futures),
        _ => act_below(&mut app.context, action),
    }
    app.cover();
}

/// Does an action that opens nothing.
fn act_below(cx: &mut Context, action: Action) {
    match action {
        Action::Suspend => cx.outbox.push(Effect::Suspend),
        Action::Repaint => cx.outbox.push(Effect::Repaint),
        Action::NextFocus => cx.focus = next_focus(cx, true),
        Action::PreviousFocus => cx.focus = next_focus(cx, false),
        Action::TogglePanel => toggle_panel(cx),
        Action::Warmer => panel::turn(cx, Parameter::Temperature, 1, false),
        Action::Colder => panel::turn(cx, Parameter::Temperature, -1, false),
        Action::TopPUp => panel::turn(cx, Parameter::TopP, 1, false),
        Action::TopPDown => panel::turn(cx, Parameter::TopP, -1, false),
        Action::Send => send::send(cx),
        Action::Continue => send::continue_text(cx),
        Action::Chat => chat::toggle(cx),
        Action::NewTranscript => send::new_transcript(cx),
        Action::QuitOrDelete if cx.input.is_empty() => cx.outbox.push(Effect::Quit),
        Action::LeaveText if cx.focus == Focus::Text && cx.text.anchor.take().is_some() => {}
        Action::LeaveText => cx.focus = Focus::Input,
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
        _ if action.steers() => branch::act(cx, action),
        _ if action.is_of_panel() => panel::act(cx, action),
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

fn next_focus(cx: &Context, forward: bool) -> Focus {
    let all: &[Focus] = if layout(cx).panel.is_some() || is_narrow(cx) {
        &[Focus::Input, Focus::Text, Focus::Panel]
    } else {
        &[Focus::Input, Focus::Text]
    };
    let at = all.iter().position(|&it| it == cx.focus).unwrap_or(0);
    let step = if forward { 1 } else { all.len() - 1 };
    all[(at + step) % all.len()]
}

/// Where there is no room beside the text, the panel is shown in its place while it has the focus.
fn is_narrow(cx: &Context) -> bool {
    matches!(layout(cx).panes, Panes::One)
}

fn toggle_panel(cx: &mut Context) {
    if is_narrow(cx) {
        cx.focus = if cx.focus == Focus::Panel { Focus::Input } else { Focus::Panel };
    } else {
        cx.panel.is_shown = !cx.panel.is_shown;
        if !cx.panel.is_shown && cx.focus == Focus::Panel {
            cx.focus = Focus::Input;
        }
    }
}
