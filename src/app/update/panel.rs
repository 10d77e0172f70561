//! The sampling panel's keys.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::super::keymap::Action;
use super::super::state::App;
use super::super::{Effect, Input, KNOBS, Knob};
use super::keys::edit_line;
use super::{settings_changed, vocabulary};
use crate::sample::Step;

pub(super) fn act(app: &mut App, action: Action, now: Duration, effects: &mut Vec<Effect>) {
    let knob = KNOBS[app.knob];
    match action {
        Action::KnobUp => app.knob = app.knob.saturating_sub(1),
        Action::KnobDown => app.knob = (app.knob + 1).min(KNOBS.len() - 1),
        Action::Less => turn(app, knob, -1, false, effects),
        Action::More => turn(app, knob, 1, false, effects),
        Action::MuchLess => turn(app, knob, -1, true, effects),
        Action::MuchMore => turn(app, knob, 1, true, effects),
        Action::Neutral => {
            knob.neutral(&mut app.settings);
            settings_changed(app, effects);
        }
        Action::SwitchStep => switch(app, knob, now, effects),
        Action::StepEarlier => move_step(app, knob, false, now, effects),
        Action::StepLater => move_step(app, knob, true, now, effects),
        _ => begin_typing(app, "", effects),
    }
}

/// Switches the control's step off, or on again; its value stays.
fn switch(app: &mut App, knob: Knob, now: Duration, effects: &mut Vec<Effect>) {
    let Some(step) = knob.step() else {
        return app.inform(format!("{} is no step of the chain.", knob.name().trim()), now);
    };
    if app.settings.is_set_neutral(step) {
        return app.inform(format!("{} does nothing where it stands.", step.name()), now);
    }
    app.settings.switch(step);
    let how = if app.settings.off.contains(&step) { "off; its value stays" } else { "on again" };
    app.inform(format!("{} is {how}.", step.name()), now);
    settings_changed(app, effects);
}

/// Moves the control's step past the next one that does something.
fn move_step(app: &mut App, knob: Knob, later: bool, now: Duration, effects: &mut Vec<Effect>) {
    let Some(step) = knob.step() else {
        return app.inform(format!("{} is no step of the chain.", knob.name().trim()), now);
    };
    let place = |steps: &[Step]| steps.iter().position(|&it| it == step);
    let mut order = app.settings.order;
    loop {
        let moved = order.moved(step, later);
        if moved == order {
            break;
        }
        let (before, after) = (order.steps(), moved.steps());
        order = moved;
        // What it went past: with a step that does nothing, nobody would see a difference.
        let passed = place(&before).map(|at| after[at]);
        if passed.is_some_and(|it| !app.settings.is_set_neutral(it)) {
            break;
        }
    }
    let active = |steps: &[Step]| {
        let named = steps.iter().filter(|&&it| it == step || !app.settings.is_set_neutral(it));
        named.map(|it| it.name()).collect::<Vec<_>>().join(", ")
    };
    if active(&order.steps()) == active(&app.settings.order.steps()) {
        let why =
            if step.is_penalty() == later { "what cuts comes after what changes scores" } else { "it is at the end" };
        return app.inform(format!("{} goes no further: {why}.", step.name()), now);
    }
    let text = format!("order: {}", active(&order.steps()));
    app.settings.order = order;
    app.inform(text, now);
    settings_changed(app, effects);
}

pub(super) fn turn(app: &mut App, knob: Knob, steps: i32, coarse: bool, effects: &mut Vec<Effect>) {
    knob.turn(&mut app.settings, steps, coarse);
    settings_changed(app, effects);
}

pub(super) fn begin_typing(app: &mut App, first: &str, effects: &mut Vec<Effect>) {
    let knob = KNOBS[app.knob];
    if !knob.is_typed() {
        turn(app, knob, 1, false, effects);
        return;
    }
    let mut input = Input::default();
    input.insert(&if first.is_empty() { knob.draft(&app.settings) } else { first.to_owned() });
    app.typing = Some(input);
}

pub(super) fn typing(app: &mut App, key: &KeyEvent, effects: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Esc => app.typing = None,
        KeyCode::Enter => {
            let text = app.typing.take().map(|mut it| it.take()).unwrap_or_default();
            let mut new = app.settings.clone();
            match KNOBS[app.knob].set(&mut new, &text).and_then(|()| vocabulary::accept(app, new)) {
                Ok(()) => settings_changed(app, effects),
                Err(why) => app.complain(format!("{}: {why}.", KNOBS[app.knob].name().trim())),
            }
        }
        _ => edit_line(&app.keymap, app.typing.get_or_insert_default(), key),
    }
}
