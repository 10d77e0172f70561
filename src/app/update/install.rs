//! What the installer's events change.

use std::time::Duration;

use super::super::keymap::Action;
use super::super::state::{App, EngineState, Installing, Overlay, Screen};
use super::super::{Effect, Input, words};
use super::{error, load};
use crate::install::protocol::{Event, Failure, Job, Ready};
use crate::manifest::DEMO;

pub(super) fn heard(app: &mut App, event: Event, now: Duration, effects: &mut Vec<Effect>) {
    match event {
        // The demo takes a moment and is no news, unless it fails.
        Event::Stage { name, .. } | Event::Answer { name, .. } if name == DEMO => {}
        Event::Stage { name, stage } => {
            let job = job(app, name);
            job.stage = Some(stage);
            job.failure = None;
        }
        Event::Answer { name, source, answer } => job(app, name).answers.push((source, answer)),
        Event::Ready(ready) => is_ready(app, ready, now, effects),
        Event::Failed { name, failure } => failed(app, name, &failure, now),
    }
}

/// Begins a job the user asked for.
pub(super) fn begin(app: &mut App, what: Job, name: &str, effects: &mut Vec<Effect>) {
    app.installing = Some(Installing { name: name.to_owned(), ..Installing::default() });
    effects.push(Effect::Install(what));
}

fn job(app: &mut App, name: String) -> &mut Installing {
    let other = app.installing.as_ref().is_none_or(|it| it.name != name);
    if other {
        app.installing = Some(Installing { name, ..Installing::default() });
    }
    app.installing.get_or_insert_default()
}

fn is_ready(app: &mut App, ready: Ready, now: Duration, effects: &mut Vec<Effect>) {
    app.demo_coming &= ready.name != DEMO;
    if ready.name != DEMO && ready.name != crate::manifest::MEGATRON_345M {
        app.import = None;
    }
    if app.installing.as_ref().is_some_and(|it| it.name == ready.name) {
        app.installing = None;
    }
    let is_345m = ready.name == crate::manifest::MEGATRON_345M;
    app.has_345m |= is_345m;
    let idle = matches!(app.engine, EngineState::Empty | EngineState::Failed) && app.loading.is_none();
    if idle {
        load(app, ready.name, ready.directory, effects);
        return;
    }
    let trust = if is_345m && !ready.verified { " (its source has no published hash)" } else { "" };
    let models = app.key_of(Action::Models);
    app.inform(format!("{} is ready{trust}. {models} switches to it; nothing is interrupted.", ready.name), now);
    app.offered = Some((ready.name, ready.directory));
}

fn failed(app: &mut App, name: String, failure: &Failure, now: Duration) {
    let text = words::install_failure(failure, &app.keymap);
    app.demo_coming &= name != DEMO;
    let job = job(app, name);
    job.stage = None;
    job.failure = Some(text.clone());
    if let Failure::NoSource { answers } | Failure::NotObtained { answers, .. } = failure {
        job.answers.clone_from(answers);
    }
    if matches!(failure, Failure::Cancelled { .. }) {
        app.inform(text, now);
        return;
    }
    if let Some(path) = app.import.take() {
        let mut input = Input::default();
        input.insert(&path);
        app.overlay = Some(Overlay::Models { path: Some(input), top: 0 });
        return;
    }
    // The whole story, unless somebody is in the middle of something.
    let busy = app.running.is_some() || !app.input.is_empty() || app.overlay.is_some();
    if app.screen == Screen::Main && !busy {
        app.overlay = Some(Overlay::models());
    } else {
        app.notice = Some(error(format!("{text} {} shows what was tried.", app.key_of(Action::Models))));
    }
}
