//! `megachat model`: the installed models.

mod info;
mod list;

use std::io::{self, Write as _};
use std::path::PathBuf;

use self::info::info;
use self::list::list;
use super::compare::compare;
use super::interrupt::Interrupt;
use super::verify::verify;
use super::{Exit, install_exit, places, say};
use crate::cli::{Arguments, FileArguments, ModelVerb};
use crate::files::disk::is_of_the_disk;
use crate::format;
use crate::install::catalogue;
use crate::install::convert::Options;
use crate::install::places::Wishes;
use crate::install::protocol::{CopyAt, Event, Failure, Job, Stage};
use crate::install::stages;
use crate::install::{job, leftovers};
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::output;
use crate::store::config::{Config, update_state};
use crate::store::models;
use crate::store::paths::Paths;
use crate::text::{visible, visible_name, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// With the exit status of the kind of failure.
pub fn model(verb: &ModelVerb, arguments: &Arguments, config: &Config, paths: &Paths) -> Result<(), Exit> {
    let files = &arguments.files;
    match verb {
        ModelVerb::List { json } => list(*json, paths),
        ModelVerb::Info { name, json } => info(name, *json, paths),
        ModelVerb::Download { name, from, tokenizer } => {
            let convert = Options { tokenizer: tokenizer.clone(), ..Options::default() };
            let name = download(name.as_deref(), from.as_ref(), &Wishes { convert, repair: None }, files, paths)?;
            starts_next(&name, arguments, config, paths);
            Ok(())
        }
        ModelVerb::Import { file, name, tokenizer, heads, force } => {
            if let Some(name) = name.as_deref().filter(|it| !models::is_name(it)) {
                return Err(no_name(name));
            }
            let tokenizer = tokenizer.clone();
            let convert = Options { heads: *heads, tokenizer, force: *force, ..Options::default() };
            let job = Job::Import { from: CopyAt::of(file.clone()), name: name.clone() };
            let name = install(&job, &Wishes { convert, repair: None }, files, paths)?;
            starts_next(&name, arguments, config, paths);
            Ok(())
        }
        ModelVerb::Verify { name, repair, json } => verify(name.as_deref(), *repair, *json, files, paths),
        ModelVerb::Compare(wanted) => compare(wanted, files, config, paths),
        ModelVerb::Remove { name } => remove(name, files, paths),
    }
}

/// Remembers the model that starts where none is named, and says so: what is named elsewhere goes before it.
fn starts_next(name: &str, arguments: &Arguments, config: &Config, paths: &Paths) {
    if name == DEMO {
        return;
    }
    let who = match (&arguments.model.model, &config.model) {
        (Some(it), _) => Some(("the environment (MEGACHAT_MODEL)", it)),
        (None, Some(it)) => Some(("the configuration", it)),
        (None, None) => None,
    };
    say(&match (update_state(&paths.state, |it| it.model = Some(name.to_owned())), who) {
        // The model is installed all the same.
        (Err(e), _) => {
            format!("`megachat -m {name}` starts it; that it should start by itself cannot be remembered: {e}")
        }
        (Ok(()), Some((who, named))) if named != name => format!(
            "`megachat -m {name}` starts it; without a name {} does, for {who} names it, which goes before",
            visible_name(named)
        ),
        (Ok(()), _) => format!("megachat starts it from now on; `megachat -m {DEMO}` starts another"),
    });
}

fn no_name(text: &str) -> Exit {
    Exit::usage(format!("`{}` is no name: letters, digits, `-`, `_` and `.` only", visible_name(text)))
}

/// Answers the name of the model.
fn download(
    name: Option<&str>,
    from: Option<&PathBuf>,
    wishes: &Wishes,
    files: &FileArguments,
    paths: &Paths,
) -> Result<String, Exit> {
    let wanted = name.filter(|it| *it != MEGATRON_345M).map(|text| {
        let known: Vec<&str> = catalogue::MODELS.iter().map(|it| it.name).collect();
        let help = || {
            format!(
                "there is no model `{}` to download: {MEGATRON_345M}, {}, or ORGANISATION/NAME",
                visible_name(text),
                known.join(", ")
            )
        };
        catalogue::wanted(text).ok_or_else(|| Exit::usage(help()))
    });
    // A copy may have any name.
    if let Some(copy) = from {
        let wanted = match (name, wanted) {
            (_, Some(Ok(it))) => Some(it.name),
            (Some(name), _) if models::is_name(name) => Some(name.to_owned()),
            (Some(name), _) => return Err(no_name(name)),
            (None, _) => None,
        };
        let job = Job::Import { from: CopyAt::of(copy.clone()), name: wanted };
        return install(&job, wishes, files, paths);
    }
    let wanted = wanted.transpose()?;
    let (name, needed) = match &wanted {
        None => (MEGATRON_345M, Some(stages::NEEDED_345M)),
        Some(it) => (it.name.as_str(), it.needed),
    };
    // One of the same name from elsewhere is another; the installer says so.
    let same =
        |it: &models::Installed| wanted.as_ref().is_none_or(|w| it.manifest.repository.as_ref() == Some(&w.repository));
    if let Some(it) = models::find(&paths.models, name).filter(same) {
        if wanted.is_none() {
            leftovers::tidy(&places(paths, files));
        }
        say(&format!("{} is installed in {}; remove it first to get it anew", it.name, visible_path(&it.directory)));
        return Ok(it.name);
    }
    if let (Ok(free), Some(needed)) = (crate::files::disk::free_bytes(&paths.models), needed)
        && free < needed
    {
        let (need, have) = (format::bytes(needed), format::bytes(free));
        say(&format!("megachat: {need} are needed, {have} are free: this may not fit"));
    }
    let job = match wanted {
        None => Job::Megatron345m,
        Some(it) => Job::Hub { repository: it.repository, name: Some(it.name) },
    };
    install(&job, wishes, files, paths)
}

fn remove(name: &str, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let downloads = leftovers::forget(&places(paths, files), name).map_err(|e| Exit::failed(e.to_string()))?;
    let removed = models::remove(&paths.models, name);
    if removed.is_ok() {
        // What cannot be forgotten is not found, which is as good.
        let _ = update_state(&paths.state, |it| drop(it.model.take_if(|it| it == name)));
    }
    match removed {
        Ok(()) => say(&format!("removed {name}")),
        Err(e) if e.kind() == io::ErrorKind::NotFound && downloads => {
            say(&format!("{name} is not installed; what was left of its download is removed"));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Exit { code: 3, message: format!("there is no model `{}`", visible_name(name)) });
        }
        Err(e) => {
            let code = if is_of_the_disk(&e) { 74 } else { 1 };
            return Err(Exit { code, message: format!("cannot remove {}: {e}", visible_name(name)) });
        }
    }
    Ok(())
}

/// Does a job of the installer and says what goes on. Answers the name that the model is installed under.
pub(super) fn install(job: &Job, wishes: &Wishes, files: &FileArguments, paths: &Paths) -> Result<String, Exit> {
    let interrupt = Interrupt::listen()?;
    let lively = super::lively();
    let mut last = String::new();
    let mut report = |event: Event| {
        let mut err = output::stderr();
        // What cannot be shown is no reason to stop the download.
        let _ = match event {
            Event::Stage { stage, .. } => {
                let text = visible(&stages::stage(&stage));
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
    let result = job::run(job, &places(paths, files), wishes, interrupt.flag(), &mut report);
    if lively {
        say("");
    }
    let ready = result.map_err(|e| {
        let exit = install_exit(&e);
        if matches!(e, Failure::Cancelled { .. }) { Exit { code: interrupt.status(), ..exit } } else { exit }
    })?;
    for note in &ready.notes {
        say(&format!("note: {}", visible(note)));
    }
    say(&format!("{} is installed in {} ({})", ready.name, visible_path(&ready.directory), visible(&ready.format)));
    if matches!(job, Job::Megatron345m | Job::Hub { .. }) && !ready.verified {
        say(
            "no hash of it is published: what came was checked by its own checksums and shapes only; its hash is recorded",
        );
    }
    Ok(ready.name)
}
