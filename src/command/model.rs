//! `megachat model`: the installed models.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Exit, find_model, install_exit, places, say};
use crate::app::words;
use crate::cli::{FileArguments, ModelVerb};
use crate::install::convert::Options;
use crate::install::job::{self, Wishes};
use crate::install::protocol::{Event, Failure, Job, Stage};
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::store::models;
use crate::store::paths::Paths;
use crate::text::visible;

/// Runs one of the verbs.
///
/// # Errors
///
/// With the exit status of the kind of failure.
pub fn model(verb: &ModelVerb, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    match verb {
        ModelVerb::List => list(paths),
        ModelVerb::Info { name } => info(name, paths),
        ModelVerb::Download => {
            if let Some(it) = models::find(&paths.models, MEGATRON_345M) {
                job::tidy(&places(paths, files));
                say(&format!("{} is installed in {}; remove it first to get it anew", it.name, it.directory.display()));
                return Ok(());
            }
            if let Ok(free) = crate::install::disk::free_bytes(&paths.models)
                && free < words::NEEDED_345M
            {
                let (need, have) = (words::bytes(words::NEEDED_345M), words::bytes(free));
                say(&format!("megachat: {need} are needed, {have} are free: this may not fit"));
            }
            install(&Job::Megatron345m, &Wishes::default(), files, paths)
        }
        ModelVerb::Import { file, name, heads, force } => {
            if let Some(name) = name.as_deref().filter(|it| !models::is_name(it)) {
                return Err(Exit::usage(format!("`{name}` is no name: letters, digits, `-`, `_` and `.` only")));
            }
            let wishes = Wishes { convert: Options { heads: *heads, force: *force, ..Options::default() } };
            install(&Job::Import { path: file.clone(), name: name.clone() }, &wishes, files, paths)
        }
        ModelVerb::Remove { name } => {
            models::remove(&paths.models, name).map_err(|e| {
                let absent = e.kind() == io::ErrorKind::NotFound;
                let message =
                    if absent { format!("there is no model `{name}`") } else { format!("cannot remove {name}: {e}") };
                Exit { code: if absent { 3 } else { 1 }, message }
            })?;
            say(&format!("removed {name}"));
            Ok(())
        }
    }
}

fn list(paths: &Paths) -> Result<(), Exit> {
    let found = models::installed(&paths.models).map_err(|e| Exit::failed(e.to_string()))?;
    let mut out = io::stdout().lock();
    for it in &found {
        let millions = it.manifest.parameters as f64 / 1e6;
        writeln!(out, "{:<20} {millions:>7.1} M  {:>8}  {}", it.name, words::bytes(it.bytes), it.directory.display())?;
    }
    if found.iter().all(|it| it.name != DEMO) {
        writeln!(out, "{DEMO:<20}    12.4 M  built in, installed at its first use")?;
    }
    Ok(())
}

fn info(name: &str, paths: &Paths) -> Result<(), Exit> {
    let Some(it) = models::find(&paths.models, name) else {
        find_model(paths, Some(name))?;
        let message = format!("{name} is not installed yet; it is at its first use");
        return if name == DEMO {
            say(&message);
            Ok(())
        } else {
            Err(Exit { code: 3, message })
        };
    };
    let manifest = &it.manifest;
    let mut out = io::stdout().lock();
    writeln!(out, "name        {}", it.name)?;
    writeln!(out, "directory   {}", it.directory.display())?;
    writeln!(out, "parameters  {}", manifest.parameters)?;
    writeln!(out, "on disk     {}", words::bytes(it.bytes))?;
    writeln!(out, "format      {}", visible(&manifest.format))?;
    writeln!(out, "source      {}", visible(&manifest.source))?;
    let verified = if manifest.verified { "yes" } else { "no: its source has no published hash" };
    writeln!(out, "verified    {verified}")?;
    writeln!(out, "sha256      {} (source)", visible(manifest.source_sha256.as_deref().unwrap_or("-")))?;
    writeln!(out, "            {} (weights)", visible(&manifest.weights_sha256))?;
    Ok(())
}

fn install(job: &Job, wishes: &Wishes, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let cancel = Arc::new(AtomicBool::new(false));
    // The number of the signal that came, or 0.
    let signal = Arc::new(AtomicUsize::new(0));
    #[cfg(unix)]
    for number in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_usize(number, signal.clone(), number as usize)
            .and_then(|_| signal_hook::flag::register(number, cancel.clone()))
            .map_err(|e| Exit::failed(format!("cannot listen for signals: {e}")))?;
    }
    let lively = io::stderr().is_terminal();
    let mut last = String::new();
    let mut report = |event: Event| {
        let mut err = io::stderr().lock();
        // What cannot be shown is no reason to stop the download.
        let _ = match event {
            Event::Stage { stage, .. } => {
                let text = visible(&words::stage(&stage));
                // Without a terminal a line for each stage, not for each number in it.
                let kind: String = text.chars().take_while(|c| !c.is_ascii_digit()).collect();
                let new = kind != last;
                let often =
                    matches!(stage, Stage::Downloading { .. } | Stage::Reading { .. } | Stage::Verifying { .. });
                last = kind;
                match (lively, new || !often) {
                    (true, _) => write!(err, "\r\x1b[K{text}"),
                    (false, true) => writeln!(err, "{text}"),
                    (false, false) => Ok(()),
                }
            }
            Event::Answer { source, answer, .. } => {
                let text = visible(&format!("{source}: {answer}"));
                if lively { writeln!(err, "\r\x1b[K{text}") } else { writeln!(err, "{text}") }
            }
            Event::Ready(_) | Event::Failed { .. } => Ok(()),
        };
    };
    let result = job::run(job, &places(paths, files), wishes, &cancel, &mut report);
    if lively {
        say("");
    }
    let ready = result.map_err(|e| {
        let exit = install_exit(&e);
        match signal.load(Ordering::Acquire) {
            number @ 1.. if matches!(e, Failure::Cancelled { .. }) => Exit { code: 128 + number as u8, ..exit },
            _ => exit,
        }
    })?;
    for note in &ready.notes {
        say(&format!("note: {}", visible(note)));
    }
    say(&format!("{} is installed in {} ({})", ready.name, ready.directory.display(), visible(&ready.format)));
    if matches!(job, Job::Megatron345m) && !ready.verified {
        say("its source publishes no hash: what came was checked by the archive's own checksums only");
    }
    Ok(())
}
