//! Somebody is led through a tour: what begins it, goes on, goes back and ends it.

use super::context::Context;
use super::keymap::Action;
use super::layers::Layer;
use super::layers::columns::Purpose;
use super::state::App;
use super::tour::{Cover, Done, Tour, Walk};
use super::verbs::ask::{set_settings, still_writing};
use super::verbs::{focus, journal};
use crate::sample::Heat;

/// Does what a key of the tour means.
pub(super) fn act(app: &mut App, action: Action) {
    let walk = app.context.tour.clone();
    match (action, walk) {
        (Action::NextStep, None) => begin(app, Tour::Temperature),
        (Action::NextStep, Some(it)) if it.is_last() => begin(app, it.tour.after()),
        (Action::NextStep, Some(it)) => go_to(&mut app.context, it.step + 1),
        (Action::PreviousStep, Some(it)) => go_to(&mut app.context, it.step.saturating_sub(1)),
        (_, Some(it)) => leave(&mut app.context, it),
        (_, None) => {
            let next = app.context.key_of(Action::NextStep);
            app.context.outbox.say(format!("No tour is on. {next} begins one."));
        }
    }
}

/// Begins a tour on a page of its own; the text of before stays where transcripts are kept.
fn begin(app: &mut App, tour: Tour) {
    let cx = &mut app.context;
    if cx.keymap.is_written() {
        return cx.outbox.say("The tours are on the screen: megachat --tour temperature.");
    }
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    let before = cx.tour.take().map_or_else(|| cx.settings.clone(), |it| it.before);
    if !cx.text.document.is_empty() {
        journal::begin_transcript(cx);
    }
    cx.chat = false;
    cx.drawing.loops_allowed = false;
    cx.text.heat = Heat::Off;
    set_settings(cx, tour.settings());
    cx.input.set(tour.prompt());
    cx.tour = Some(Walk::new(tour, before));
    focus::write(cx);
    super::verbs::ask::next_logits(cx);
    app.clear();
}

fn go_to(cx: &mut Context, step: usize) {
    let since = cx.text.document.len();
    if let Some(walk) = &mut cx.tour {
        (walk.step, walk.since, walk.is_done) = (step, since, false);
    }
}

/// The settings of before come back; the text stays.
fn leave(cx: &mut Context, walk: Walk) {
    cx.tour = None;
    set_settings(cx, walk.before);
    let undo = cx.key_of(Action::Undo);
    cx.outbox.say(format!("The tour is over; the settings of before it are back. {undo} brings those of the tour."));
}

/// Looks whether the step is done.
pub(super) fn follow(app: &mut App) {
    if app.context.tour.as_ref().is_some_and(|it| !it.is_done && is_done(app, it))
        && let Some(walk) = &mut app.context.tour
    {
        walk.is_done = true;
    }
}

fn is_done(app: &App, walk: &Walk) -> bool {
    let cx = &app.context;
    let grew = cx.text.document.len() > walk.since;
    match walk.now().done {
        Done::Drawn => grew && cx.drawing.running.is_none(),
        Done::Grown => grew,
        Done::AtMost(parameter, value) => parameter.number(&cx.settings).is_some_and(|it| it <= value + 1e-6),
        Done::AtLeast(parameter, value) => parameter.number(&cx.settings).is_some_and(|it| it >= value - 1e-6),
        Done::Coloured(heat) => cx.text.heat == heat,
        Done::Over(cover) => app.layers.top().is_some_and(|it| is(it, cover)),
        Done::Bare => app.layers.is_empty(),
        Done::Told => true,
    }
}

fn is(layer: &Layer, cover: Cover) -> bool {
    match layer {
        Layer::Inspector(it) => cover == if it.dice > 0 { Cover::Dice } else { Cover::Inspector },
        Layer::Score(_) => cover == Cover::Score,
        Layer::Columns(it) => cover == Cover::Futures && it.purpose == Purpose::Futures,
        Layer::Loop(_) => cover == Cover::Loop,
        _ => false,
    }
}
