//! Where the keys go: the only place that moves the focus.
//!
//! A layer never moves it. What a layer looks at is told by [`Context::in_focus`], so that a layer that closes leaves the
//! focus where it was.

use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::layout::{Panes, layout};

/// To the input.
pub(in crate::app) fn write(cx: &mut Context) {
    cx.focus = Focus::Input;
}

/// To the text, where something in it is pointed at. Whoever was writing is told how to go back.
pub(in crate::app) fn read(cx: &mut Context) {
    // The focus stays where a layer that only looks at the text found it.
    if cx.is_looked_at() {
        return;
    }
    if cx.focus == Focus::Input && !cx.keymap.is_written() {
        let back = cx.key_in(Focus::Text, Action::LeaveText);
        cx.outbox.say(format!("The keys go to the text now; {back} goes back to the input."));
    }
    cx.focus = Focus::Text;
}

/// To the panel, which is shown.
pub(in crate::app) fn turn(cx: &mut Context) {
    cx.panel.is_shown = true;
    cx.focus = Focus::Panel;
}

/// To what was pressed on.
pub(in crate::app) fn put(cx: &mut Context, focus: Focus) {
    cx.focus = focus;
    settle(cx);
}

/// To the next of input, text and panel, or the one before.
pub(in crate::app) fn next(cx: &mut Context, forward: bool) {
    let text = (!cx.text.document.is_empty()).then_some(Focus::Text);
    let panel = (layout(cx).panel.is_some() || is_narrow(cx)).then_some(Focus::Panel);
    let all: Vec<Focus> = [Some(Focus::Input), text, panel].into_iter().flatten().collect();
    let at = all.iter().position(|&it| it == cx.focus).unwrap_or(0);
    let step = if forward { 1 } else { all.len() - 1 };
    cx.focus = all[(at + step) % all.len()];
}

/// Shows the panel or hides it. Where there is no room for it beside the text, it is shown while it has the focus, which
/// then goes back to where it was.
pub(in crate::app) fn toggle_panel(cx: &mut Context) {
    match (is_narrow(cx), cx.focus) {
        (false, _) => cx.panel.is_shown = !cx.panel.is_shown,
        (true, Focus::Panel) => cx.focus = std::mem::replace(&mut cx.panel.came_from, Focus::Input),
        (true, before) => (cx.panel.came_from, cx.focus) = (before, Focus::Panel),
    }
    settle(cx);
}

/// Takes the focus from what is not there: a blank page is written on, and a hidden panel is not turned.
pub(in crate::app) fn settle(cx: &mut Context) {
    let is_there = match cx.focus {
        Focus::Input => true,
        Focus::Text => !cx.text.document.is_empty(),
        Focus::Panel => cx.panel.is_shown || is_narrow(cx),
    };
    if !is_there {
        cx.focus = Focus::Input;
    }
}

fn is_narrow(cx: &Context) -> bool {
    matches!(layout(cx).panes, Panes::One)
}
