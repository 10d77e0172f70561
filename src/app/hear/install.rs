//! What the installer says.

use crate::app::context::Context;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::layers::Layer;
use crate::app::layers::models::ModelList;
use crate::app::messages;
use crate::app::models::{EngineState, Offered};
use crate::app::outbox::Effect;
use crate::app::state::App;
use crate::app::verbs::models::load;
use crate::install::protocol::{Event, Failure, Ready};
use crate::manifest::{DEMO, MEGATRON_345M};

/// Takes note of an installation.
pub(in crate::app) fn heard(app: &mut App, event: Event) {
    match event {
        // The demo takes a moment and is no news, unless it fails.
        Event::Stage { name, .. } | Event::Answer { name, .. } if name == DEMO => {}
        Event::Stage { name, stage } => {
            let job = app.context.models.job(name);
            job.stage = Some(stage);
            job.failure = None;
        }
        Event::Answer { name, source, answer } => app.context.models.job(name).answers.push((source, answer)),
        Event::Ready(ready) => is_ready(&mut app.context, ready),
        Event::Failed { name, failure } => failed(app, name, &failure),
    }
}

fn is_ready(cx: &mut Context, ready: Ready) {
    let is_345m = ready.name == MEGATRON_345M;
    let models = &mut cx.models;
    models.demo_coming &= ready.name != DEMO;
    if ready.name != DEMO && !is_345m {
        models.import = None;
    }
    if models.installing.as_ref().is_some_and(|it| it.name == ready.name) {
        models.installing = None;
    }
    models.has_345m |= is_345m;
    if ready.name != DEMO {
        cx.outbox.push(Effect::RememberModel(ready.name.clone()));
    }
    let models = &mut cx.models;
    if matches!(models.engine, EngineState::Empty | EngineState::Failed(_)) {
        return load(cx, ready.name, &ready.directory);
    }
    if ready.name == DEMO {
        // Another was chosen while it was made ready.
        models.offered.get_or_insert(Offered { name: ready.name, directory: ready.directory });
        return;
    }
    let trust = if is_345m && !ready.verified { " (its source has no published hash)" } else { "" };
    let key = cx.key_of(Action::Models);
    cx.outbox.say(format!("{} is ready{trust}. {key} switches to it; nothing is interrupted.", ready.name));
    cx.models.offered = Some(Offered { name: ready.name, directory: ready.directory });
}

fn failed(app: &mut App, name: String, failure: &Failure) {
    let cx = &mut app.context;
    let text = messages::install_failure(failure, &cx.keymap);
    cx.models.demo_coming &= name != DEMO;
    let job = cx.models.job(name);
    job.stage = None;
    job.failure = Some(text.clone());
    if let Failure::NoSource { answers } | Failure::NotObtained { answers, .. } = failure {
        job.answers.clone_from(answers);
    }
    if matches!(failure, Failure::Cancelled { .. }) {
        return cx.outbox.say(text);
    }
    if let Some(path) = cx.models.import.take() {
        let mut input = Input::default();
        input.insert(&path);
        app.layers.clear();
        return app.lay(Layer::Models(ModelList { path: Some(input), top: 0 }));
    }
    // The whole story, unless the user is in the middle of something.
    let is_busy = cx.drawing.running.is_some() || !cx.input.is_empty() || cx.is_covered();
    if is_busy {
        let models = cx.key_of(Action::Models);
        cx.outbox.complain(format!("{text} {models} shows what was tried."));
    } else {
        app.interject(Layer::Models(ModelList::default()));
    }
}
