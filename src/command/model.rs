//! `megachat model`: the installed models.

use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::verify::verify;
use super::{Exit, find_model, install_exit, places, say};
use crate::cli::{FileArguments, ModelVerb};
use crate::format;
use crate::install::catalogue;
use crate::install::convert::Options;
use crate::install::disk::is_of_the_disk;
use crate::install::places::Wishes;
use crate::install::protocol::{CopyAt, Event, Failure, Job, Stage};
use crate::install::stages;
use crate::install::{job, leftovers};
use crate::manifest::{DEMO, MEGATRON_345M};
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::vocabularies::vocabulary_of;
use crate::text::{visible, visible_json, visible_line, visible_name, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// With the exit status of the kind of failure.
pub fn model(verb: &ModelVerb, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    match verb {
        ModelVerb::List => list(paths),
        ModelVerb::Info { name, json } => info(name, *json, paths),
        ModelVerb::Download { name, from, tokenizer } => {
            let convert = Options { tokenizer: tokenizer.clone(), ..Options::default() };
            download(name.as_deref(), from.as_ref(), &Wishes { convert, repair: None }, files, paths)
        }
        ModelVerb::Import { file, name, tokenizer, heads, force } => {
            if let Some(name) = name.as_deref().filter(|it| !models::is_name(it)) {
                return Err(no_name(name));
            }
            let tokenizer = tokenizer.clone();
            let convert = Options { heads: *heads, tokenizer, force: *force, ..Options::default() };
            let job = Job::Import { from: CopyAt::of(file.clone()), name: name.clone() };
            install(&job, &Wishes { convert, repair: None }, files, paths)
        }
        ModelVerb::Verify { name, repair } => verify(name.as_deref(), *repair, files, paths),
        ModelVerb::Remove { name } => remove(name, files, paths),
    }
}

fn no_name(text: &str) -> Exit {
    Exit::usage(format!("`{}` is no name: letters, digits, `-`, `_` and `.` only", visible_name(text)))
}

fn download(
    name: Option<&str>,
    from: Option<&PathBuf>,
    wishes: &Wishes,
    files: &FileArguments,
    paths: &Paths,
) -> Result<(), Exit> {
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
        return Ok(());
    }
    if let (Ok(free), Some(needed)) = (crate::install::disk::free_bytes(&paths.models), needed)
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
    match models::remove(&paths.models, name) {
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

fn list(paths: &Paths) -> Result<(), Exit> {
    let found = models::installed(&paths.models).map_err(|e| Exit::failed(e.to_string()))?;
    let mut out = io::stdout().lock();
    for it in &found {
        let millions = it.manifest.parameters as f64 / 1e6;
        writeln!(
            out,
            "{:<20} {millions:>7.1} M  {:>8}  {}",
            it.name,
            format::bytes(it.bytes),
            visible_path(&it.directory)
        )?;
    }
    for (name, fault) in models::damaged(&paths.models).map_err(|e| Exit::failed(e.to_string()))? {
        writeln!(
            out,
            "{name:<20} damaged: {}; `megachat model verify {name} --repair`",
            visible_line(&fault.to_string())
        )?;
    }
    let absent = |name: &str| !models::exists(&paths.models, name);
    if absent(DEMO) {
        writeln!(out, "{DEMO:<20}    12.4 M  built in, installed at its first use")?;
    }
    let listed = catalogue::MODELS.iter().map(|it| (it.name, it.parameters, it.bytes));
    for (name, parameters, bytes) in std::iter::once((MEGATRON_345M, 354_823_168, stages::DOWNLOAD_345M)).chain(listed)
    {
        if absent(name) {
            let millions = parameters as f64 / 1e6;
            let size = format::bytes(bytes);
            writeln!(out, "{name:<20} {millions:>7.1} M  {size:>8}  to download: megachat model download {name}")?;
        }
    }
    Ok(())
}

/// Everything that is known of a model, under the names of its facts.
fn facts(name: &str, paths: &Paths) -> Result<Option<Value>, Exit> {
    let found = models::find(&paths.models, name);
    let directory = match (&found, find_model(paths, Some(name))?) {
        (Some(it), _) => it.directory.clone(),
        (None, (_, Some(directory))) => directory,
        (None, (_, None)) => return Ok(None),
    };
    let mut facts = json!({"name": name, "directory": directory.to_string_lossy()});
    if let Some(it) = &found {
        let manifest = &it.manifest;
        facts["parameters"] = manifest.parameters.into();
        facts["bytes"] = it.bytes.into();
        facts["format"] = manifest.format.as_str().into();
        facts["source"] = manifest.source.as_str().into();
        facts["verified"] = manifest.verified.into();
        facts["source_sha256"] = manifest.source_sha256.clone().into();
        facts["weights_sha256"] = manifest.weights_sha256.as_str().into();
        facts["tokenizer"] = manifest.tokenizer.as_ref().map(ToString::to_string).into();
    }
    match vocabulary_of(&directory) {
        Ok(it) => {
            facts["vocabulary"] = it.facts();
            facts["vocabulary"]["summary"] = it.summary().into();
            facts["notes"] = it.notes().into();
        }
        Err(why) => facts["problem"] = why.into(),
    }
    Ok(Some(facts))
}

fn info(name: &str, as_json: bool, paths: &Paths) -> Result<(), Exit> {
    let Some(facts) = facts(name, paths)? else {
        say(&format!("{name} is not installed yet; it is at its first use"));
        return Ok(());
    };
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{}", visible_json(&facts.to_string()))?;
        return Ok(());
    }
    let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), visible_line);
    for (label, key) in [
        ("name", "name"),
        ("directory", "directory"),
        ("parameters", "parameters"),
        ("on disk", "bytes"),
        ("format", "format"),
        ("source", "source"),
        ("verified", "verified"),
        ("tokenizer", "tokenizer"),
    ] {
        let line = match (&facts[key], key) {
            (Value::Null, _) => continue,
            (it, "bytes") => format::bytes(it.as_u64().unwrap_or_default()),
            (Value::Bool(true), "verified") => "yes".to_owned(),
            (Value::Bool(false), "verified") => "no: no hash of its source is published".to_owned(),
            (it, _) => text(it),
        };
        writeln!(out, "{label:<11} {line}")?;
    }
    if !facts["weights_sha256"].is_null() {
        let source = facts["source_sha256"].as_str().unwrap_or("-");
        writeln!(out, "sha256      {} (source)", visible_line(source))?;
        writeln!(out, "            {} (weights)", text(&facts["weights_sha256"]))?;
    }
    let vocabulary = &facts["vocabulary"];
    if vocabulary.is_null() {
        writeln!(out, "words       none: {}", text(&facts["problem"]))?;
    } else {
        writeln!(out, "words       {}", text(&vocabulary["summary"]))?;
        writeln!(out, "            from {}", text(&vocabulary["origin"]))?;
    }
    for note in facts["notes"].as_array().into_iter().flatten() {
        writeln!(out, "            note: {}", text(note))?;
    }
    Ok(())
}

pub(super) fn install(job: &Job, wishes: &Wishes, files: &FileArguments, paths: &Paths) -> Result<(), Exit> {
    let interrupt = Interrupt::listen()?;
    let lively = super::lively();
    let mut last = String::new();
    let mut report = |event: Event| {
        let mut err = io::stderr().lock();
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
    Ok(())
}
