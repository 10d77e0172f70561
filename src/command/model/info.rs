//! `megachat model info`: everything that is known of a model.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::super::{DAMAGED, Exit, find_model, print_json, say};
use crate::directory::Contents;
use crate::format;
use crate::integrity::{self, Fault};
use crate::output;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::vocabularies::vocabulary_of;
use crate::text::{visible_line, visible_path};

/// What is known of a model, and why it cannot be used if it cannot.
struct Known {
    /// Under the names of its facts.
    facts: Value,
    fault: Option<Exit>,
}

/// Prints what is known of a model, as lines or as JSON.
///
/// # Errors
///
/// Status 3 if there is none, 7 if it is damaged, 1 if what is there is no model that runs, as where it is to be run. What is
/// known is printed all the same.
pub(super) fn info(name: &str, as_json: bool, paths: &Paths) -> Result<(), Exit> {
    let Some(Known { facts, fault }) = known(name, paths)? else {
        say(&format!("{name} is not installed yet; it is at its first use"));
        return if as_json { print_json(&json!({"name": name, "state": "built-in"})) } else { Ok(()) };
    };
    if as_json {
        print_json(&facts)?;
    } else {
        write_lines(&facts, &mut output::stdout()?)?;
    }
    fault.map_or(Ok(()), Err)
}

/// `None` is the model that comes with the program and is not installed yet.
fn known(name: &str, paths: &Paths) -> Result<Option<Known>, Exit> {
    let found = models::find(&paths.models, name);
    let directory = match (&found, find_model(paths, Some(name))?) {
        (Some(it), _) => it.directory.clone(),
        (None, (_, Some(directory))) => directory,
        (None, (_, None)) => return Ok(None),
    };
    let is_installed = models::exists(&paths.models, name);
    let damage = if is_installed { integrity::quick(&directory).err() } else { None };
    let state = match (&damage, is_installed) {
        (Some(_), _) => "damaged",
        (None, true) => "installed",
        (None, false) => "not installed",
    };
    let mut facts = json!({"name": name, "directory": directory.to_string_lossy(), "state": state});
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
    if let Some(fault) = damage {
        facts["problem"] = fault.to_string().into();
        return Ok(Some(Known { facts, fault: Some(damaged(name, &fault)) }));
    }
    if !is_installed && is_to_be_converted(&directory)? {
        facts["converts"] = true.into();
    }
    let fault = match vocabulary_of(&directory) {
        Ok(it) => {
            facts["vocabulary"] = it.facts();
            facts["vocabulary"]["summary"] = it.summary().into();
            facts["notes"] = it.notes().into();
            None
        }
        // The converter finds them.
        Err(_) if facts["converts"] == true => None,
        Err(why) => {
            facts["problem"] = why.as_str().into();
            Some(Exit::failed(why))
        }
    };
    Ok(Some(Known { facts, fault }))
}

fn damaged(name: &str, fault: &Fault) -> Exit {
    if fault.newer {
        return Exit::failed(fault.to_string());
    }
    let message = format!("{fault}. It is damaged: `megachat model verify {name} --repair` installs it anew");
    Exit { code: DAMAGED, message }
}

/// Whether what nobody installed has to be converted before it runs.
///
/// # Errors
///
/// Status 1 if it is no model.
fn is_to_be_converted(directory: &Path) -> Result<bool, Exit> {
    let opened = Contents::of(directory).and_then(|it| it.open(None));
    opened.map(|it| it.is_none()).map_err(|e| Exit::failed(e.to_string()))
}

fn write_lines(facts: &Value, out: &mut impl io::Write) -> io::Result<()> {
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
    if facts["state"] == "damaged" {
        writeln!(out, "damaged     {}", text(&facts["problem"]))?;
    } else if !vocabulary.is_null() {
        writeln!(out, "words       {}", text(&vocabulary["summary"]))?;
        writeln!(out, "            from {}", text(&vocabulary["origin"]))?;
    } else if facts["converts"] == true {
        let path = visible_path(Path::new(facts["directory"].as_str().unwrap_or_default()));
        writeln!(out, "words       known once it is converted: megachat model import {path}")?;
    } else {
        writeln!(out, "words       none: {}", text(&facts["problem"]))?;
    }
    for note in facts["notes"].as_array().into_iter().flatten() {
        writeln!(out, "            note: {}", text(note))?;
    }
    Ok(())
}
