//! Models: load, switch, download, import.

use std::path::{Path, PathBuf};

use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::models::{EngineState, Installing, Loading, Offered};
use crate::app::outbox::Effect;
use crate::app::text::Change;
use crate::engine::protocol::{Command, DeviceChoice, ModelSource};
use crate::install::protocol::Job;
use crate::manifest::MEGATRON_345M;

/// Loads a model in place of the current one.
pub(in crate::app) fn load(cx: &mut Context, name: String, directory: &Path) {
    let device = cx.models.options.device.clone();
    load_on(cx, name, directory, device);
}

/// The same on another device than the user's.
pub(in crate::app) fn load_on(cx: &mut Context, name: String, directory: &Path, device: DeviceChoice) {
    let id = cx.outbox.request();
    let loading = Loading { id, name: name.clone(), directory: directory.to_owned(), done: 0, total: 0 };
    cx.models.engine = EngineState::Loading(loading);
    // Scores that are still to come are those of the model that is left.
    cx.drawing.awaited = None;
    cx.text.forget(Change::Model);
    let source = ModelSource { device, ..cx.models.source(name, directory) };
    cx.outbox.engine(Command::Load { id, source });
}

/// Goes over to the model that is offered; the one that is left can be gone back to.
pub(in crate::app) fn switch(cx: &mut Context) {
    if cx.drawing.running.is_some() && cx.models.offered.is_some() {
        let (stop, models) = (cx.key_of(Action::Interrupt), cx.key_of(Action::Models));
        cx.outbox.say(format!("Still writing: {stop} stops it, then {models} and Enter switch."));
        return;
    }
    let Some(Offered { name, directory }) = cx.models.offered.take() else { return };
    let left = cx.card().map(|it| Offered { name: it.name.clone(), directory: it.directory.clone() });
    cx.models.offered = left;
    load(cx, name, &directory);
}

/// Answers the question of the first run with an installed model, for later runs, too.
pub(in crate::app) fn start_with(cx: &mut Context, index: usize) {
    let Some(it) = cx.models.installed.get(index).cloned() else { return };
    cx.outbox.push(Effect::RememberModel(it.name.clone()));
    cx.models.offered = Some(Offered { name: it.name, directory: it.directory });
    switch(cx);
}

/// Downloads the 345M model.
pub(in crate::app) fn download(cx: &mut Context) {
    cx.outbox.push(Effect::RememberDemoOnly(false));
    cx.models.installing = Some(Installing { name: MEGATRON_345M.to_owned(), ..Installing::default() });
    cx.outbox.push(Effect::Install(Job::Megatron345m));
}

/// Imports the checkpoint that a path names, as it was written.
pub(in crate::app) fn import(cx: &mut Context, written: &str) {
    let path = PathBuf::from(written.trim().trim_matches(['\'', '"']));
    cx.outbox.push(Effect::Open(path));
    cx.models.import = Some(written.trim().to_owned());
}

/// Answers the question of the first run with "only the demo", for later runs, too.
pub(in crate::app) fn remember_demo_only(cx: &mut Context) {
    cx.outbox.push(Effect::RememberDemoOnly(true));
}
