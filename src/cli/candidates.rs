//! Values that a shell completes: names of models and transcripts, presets, devices. Nothing is opened for them but
//! directories, so that a key is answered at once.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _};

use crate::engine::devices::Findings;
use crate::install::catalogue;
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::model::device::AUTO;
use crate::model::{Device, DeviceChoice};
use crate::sample::PRESETS;
use crate::store::paths::Paths;
use crate::store::{models, transcripts};
use crate::text::visible_line;

/// Candidates by name, with a line on each.
type Named = Vec<(String, &'static str)>;

/// Those of the names that go on from what is typed, in their order.
fn of(names: fn() -> Named) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| matching(names(), typed))
}

/// The same, and paths where a path is typed, or nothing else fits.
fn or_path(names: fn() -> Named) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let text = typed.to_string_lossy();
        let mut found = matching(names(), typed);
        if text.contains('/') || text.starts_with(['.', '~']) || found.is_empty() {
            found.extend(PathCompleter::any().complete(typed));
        }
        found.retain(|it| is_harmless(&it.get_value().to_string_lossy()));
        found
    })
}

/// Whether a terminal obeys nothing in it: a name from a directory may hold anything.
fn is_harmless(name: &str) -> bool {
    visible_line(name) == name
}

fn matching(names: Named, typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fits = |it: &(String, _)| it.0.starts_with(&*typed) && is_harmless(&it.0);
    let candidate = |(order, (name, what)): (usize, (String, &'static str))| {
        let help = (!what.is_empty()).then(|| what.into());
        CompletionCandidate::new(name).help(help).display_order(Some(order))
    };
    names.into_iter().filter(fits).enumerate().map(candidate).collect()
}

/// A model to run: an installed one, the demo, or a path.
pub(super) fn model() -> ArgValueCompleter {
    or_path(|| {
        let mut names = installed_names();
        if names.iter().all(|it| it.0 != DEMO) {
            names.push((DEMO.to_owned(), "built in"));
        }
        names
    })
}

/// A model that is installed.
pub(super) fn installed() -> ArgValueCompleter {
    of(installed_names)
}

fn installed_names() -> Named {
    let names = Paths::from_environment().ok().and_then(|it| models::names(&it.models).ok());
    names.unwrap_or_default().into_iter().map(|it| (it, "installed")).collect()
}

/// A model that can be downloaded by name.
pub(super) fn download() -> ArgValueCompleter {
    of(|| {
        let hub = catalogue::MODELS.iter().map(|it| (it.name.to_owned(), it.repository));
        std::iter::once((MEGATRON_345M.to_owned(), "NVIDIA's Megatron GPT-2")).chain(hub).collect()
    })
}

/// A transcript, newest first.
pub(super) fn transcript() -> ArgValueCompleter {
    of(transcript_names)
}

/// A transcript, or the path of one.
pub(super) fn transcript_or_path() -> ArgValueCompleter {
    or_path(transcript_names)
}

fn transcript_names() -> Named {
    let names = Paths::from_environment().ok().and_then(|it| transcripts::ids(&it.transcripts).ok());
    let names = names.unwrap_or_default();
    let latest = (!names.is_empty()).then(|| ("latest".to_owned(), "the one worked on last"));
    latest.into_iter().chain(names.into_iter().map(|it| (it, ""))).collect()
}

/// A preset.
pub(super) fn preset() -> ArgValueCompleter {
    of(|| PRESETS.iter().map(|it| (it.name.to_owned(), it.what)).collect())
}

/// A device: kinds, and GPUs that were tried before, for no driver is opened for a key.
pub(super) fn device() -> ArgValueCompleter {
    of(|| {
        let kinds = Device::FIRST.map(|it| (DeviceChoice::On(it).to_string(), ""));
        let usual = std::iter::once((AUTO.to_owned(), "the fastest that works")).chain(kinds);
        usual.chain(tried_gpus().into_iter().map(|it| (it, "tried before"))).collect()
    })
}

/// GPUs that were tried, by the first word that is of one of them alone: what a shell need not quote.
fn tried_gpus() -> Vec<String> {
    let Ok(paths) = Paths::from_environment() else { return Vec::new() };
    let tried: BTreeSet<String> =
        Findings::in_a_directory(&paths.state).all().into_iter().map(|it| it.device).collect();
    let gpus: Vec<Device> = tried.iter().filter_map(|it| it.parse().ok()).collect();
    gpus.iter().filter_map(|it| it.in_a_word(&gpus)).map(|it| it.to_string()).collect()
}

/// The words of a model: GPT-2's, or a directory.
pub(super) fn tokenizer() -> ArgValueCompleter {
    or_path(|| vec![("gpt2".to_owned(), "GPT-2's words")])
}
