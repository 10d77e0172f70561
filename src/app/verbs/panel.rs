//! The sampling panel's keys.

use super::ask::settings_changed;
use super::translation::accept;
use crate::app::context::Context;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::knobs::{KNOBS, Knob};
use crate::sample::{Parameter, Step};

/// What a key of the panel does.
pub(in crate::app) fn act(cx: &mut Context, action: Action) {
    let knob = KNOBS[cx.panel.knob];
    match action {
        Action::KnobUp => cx.panel.knob = cx.panel.knob.saturating_sub(1),
        Action::KnobDown => cx.panel.knob = (cx.panel.knob + 1).min(KNOBS.len() - 1),
        Action::Less => turn(cx, knob, -1, false),
        Action::More => turn(cx, knob, 1, false),
        Action::MuchLess => turn(cx, knob, -1, true),
        Action::MuchMore => turn(cx, knob, 1, true),
        // A preset is many settings at once, and none of them is neutral to the others.
        Action::Neutral if knob == Knob::Preset => {
            let (less, more) = (cx.key_of(Action::Less), cx.key_of(Action::More));
            cx.outbox.say(format!(
                "A preset has no off. {less} and {more} go through the presets; raw is the one that changes nothing."
            ));
        }
        Action::Neutral => {
            knob.neutralise(&mut cx.settings);
            settings_changed(cx);
        }
        Action::SwitchStep => switch(cx, knob),
        Action::StepEarlier => move_step(cx, knob, false),
        Action::StepLater => move_step(cx, knob, true),
        _ => begin_typing(cx, ""),
    }
}

/// Switches the control's step off, or on again; its value stays.
fn switch(cx: &mut Context, knob: Knob) {
    let Some(step) = knob.step() else {
        return cx.outbox.say(format!("{} is no step of the chain.", knob.name()));
    };
    if cx.settings.is_set_neutral(step) {
        return cx.outbox.say(format!("{} does nothing where it stands.", step.name()));
    }
    cx.settings.switch(step);
    let how = if cx.settings.off.contains(&step) { "off; its value stays" } else { "on again" };
    cx.outbox.say(format!("{} is {how}.", step.name()));
    settings_changed(cx);
}

/// Moves the control's step past the next one that does something.
fn move_step(cx: &mut Context, knob: Knob, later: bool) {
    let Some(step) = knob.step() else {
        return cx.outbox.say(format!("{} is no step of the chain.", knob.name()));
    };
    let place = |steps: &[Step]| steps.iter().position(|&it| it == step);
    let mut order = cx.settings.order;
    loop {
        let moved = order.moved(step, later);
        if moved == order {
            break;
        }
        let (before, after) = (order.steps(), moved.steps());
        order = moved;
        // What it went past: with a step that does nothing, no difference would be seen.
        let passed = place(&before).map(|at| after[at]);
        if passed.is_some_and(|it| !cx.settings.is_set_neutral(it)) {
            break;
        }
    }
    let active = |steps: &[Step]| {
        let named = steps.iter().filter(|&&it| it == step || !cx.settings.is_set_neutral(it));
        named.map(|it| it.name()).collect::<Vec<_>>().join(", ")
    };
    if active(&order.steps()) == active(&cx.settings.order.steps()) {
        let why =
            if step.is_penalty() == later { "what cuts comes after what changes scores" } else { "it is at the end" };
        return cx.outbox.say(format!("{} goes no further: {why}.", step.name()));
    }
    let text = format!("order: {}", active(&order.steps()));
    cx.settings.order = order;
    cx.outbox.say(text);
    settings_changed(cx);
}

/// Turns a control by steps, which are ten times as wide if `coarse`.
pub(in crate::app) fn turn(cx: &mut Context, knob: impl Into<Knob>, steps: i32, coarse: bool) {
    knob.into().turn(&mut cx.settings, steps, coarse);
    settings_changed(cx);
}

/// What an action turns wherever the focus is, and by how many steps.
pub(in crate::app) fn turned_by(action: Action) -> Option<(Parameter, i32)> {
    match action {
        Action::Warmer => Some((Parameter::Temperature, 1)),
        Action::Colder => Some((Parameter::Temperature, -1)),
        Action::TopPUp => Some((Parameter::TopP, 1)),
        Action::TopPDown => Some((Parameter::TopP, -1)),
        _ => None,
    }
}

/// Turns what an action turns wherever the focus is.
pub(in crate::app) fn turn_by(cx: &mut Context, action: Action) {
    if let Some((parameter, steps)) = turned_by(action) {
        turn(cx, parameter, steps, false);
    }
}

/// Turns a control that may be out of view, and says what it is now.
pub(in crate::app) fn turn_unseen(cx: &mut Context, parameter: Parameter, steps: i32) {
    turn(cx, parameter, steps, false);
    cx.outbox.say(format!("{} is now {}.", parameter.name(), parameter.show(&cx.settings)));
}

/// Begins to type a value, with `first`; a control that has only a few values goes on to the next one.
pub(in crate::app) fn begin_typing(cx: &mut Context, first: &str) {
    let knob = KNOBS[cx.panel.knob];
    if !knob.is_typed() {
        turn(cx, knob, 1, false);
        return;
    }
    let mut input = Input::default();
    input.insert(&if first.is_empty() { knob.draft(&cx.settings) } else { first.to_owned() });
    cx.panel.typing = Some(input);
}

/// Sets the control under the panel's cursor to what was typed.
pub(in crate::app) fn set_typed(cx: &mut Context) {
    let text = cx.panel.typing.as_ref().map(|it| it.text().to_owned()).unwrap_or_default();
    let knob = KNOBS[cx.panel.knob];
    let mut new = cx.settings.clone();
    match knob.set(&mut new, &text).and_then(|()| accept(cx, new)) {
        Ok(()) => {
            cx.panel.typing = None;
            settings_changed(cx);
        }
        // What was typed stays, to be corrected.
        Err(why) => cx.outbox.complain(format!("{}: {why}. Correct it, or Esc leaves it as it was.", knob.name())),
    }
}

/// Sets a control to a value as it is written; answers what the control is now.
///
/// # Errors
///
/// Why the value cannot be, as a sentence that names the control.
pub(in crate::app) fn set(cx: &mut Context, knob: Knob, value: &str) -> Result<String, String> {
    let word = knob.name();
    let mut new = cx.settings.clone();
    let set = knob.set(&mut new, value).and_then(|()| accept(cx, new));
    set.map_err(|why| format!("{word}: {why}."))?;
    settings_changed(cx);
    Ok(format!("{word} is now {}.", knob.show(&cx.settings)))
}
