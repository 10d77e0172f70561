//! `megachat doctor`: what is here, and whether it works. Nothing is changed and no connection is opened.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::{Exit, places};
use crate::appearance::{self, Background, Colours};
use crate::cli::FileArguments;
use crate::engine::backends::{self, Found};
use crate::engine::devices::{self, Findings};
use crate::files::disk::free_bytes;
use crate::format;
use crate::install::partial_downloads;
use crate::install::source::without_secrets;
use crate::integrity;
use crate::output;
use crate::store::config::LoadedConfig;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::vocabularies::vocabulary_of;
use crate::text::{pad, visible, visible_json, visible_path};

/// One thing that was looked at.
struct Finding {
    topic: &'static str,
    /// Its name within the topic.
    name: String,
    /// Whether something has to be done about it.
    ok: bool,
    text: String,
    /// Figures for programs.
    data: Value,
}

/// Looks at everything and prints it.
///
/// # Errors
///
/// Status 1 if something needs attention.
pub fn doctor(json: bool, files: &FileArguments, loaded: &LoadedConfig, paths: &Paths) -> Result<(), Exit> {
    let mut findings = vec![program()];
    findings.extend(directories(paths));
    findings.push(configuration(loaded, paths));
    findings.extend(installed(paths).unwrap_or_else(|e| vec![unreadable("model", &e)]));
    findings.extend(downloads(files, paths).unwrap_or_else(|e| vec![unreadable("download", &e)]));
    findings.push(network(files, paths));
    findings.extend(of_devices());
    findings.push(terminal());
    let bad: Vec<&Finding> = findings.iter().filter(|it| !it.ok).collect();
    let mut out = output::stdout()?;
    if json {
        let list: Vec<Value> = findings
            .iter()
            .map(|it| json!({"topic": it.topic, "name": it.name, "ok": it.ok, "text": it.text, "data": it.data}))
            .collect();
        writeln!(out, "{}", visible_json(&json!({"ok": bad.is_empty(), "findings": list}).to_string()))?;
    } else {
        let mut topic = "";
        for it in &findings {
            let head = if it.topic == topic { "" } else { it.topic };
            topic = it.topic;
            let mark = if it.ok { " " } else { "!" };
            writeln!(out, "{head:<14} {mark} {} {}", pad(&visible(&it.name), 16), visible(&it.text))?;
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    let what: Vec<String> = bad.iter().map(|it| format!("{} {}", it.topic, it.name)).collect();
    Err(Exit::failed(format!("needs attention: {}", what.join(", "))))
}

/// Every device: what drives it, what it can be given, and what was found out when it was used.
fn of_devices() -> Vec<Finding> {
    let found_out = Findings::of_the_program().all();
    let device = |it: Found| {
        let name = it.device.to_string();
        let what = it.state.clone().unwrap_or_else(|why| why.to_string());
        let own = |finding: &&devices::Finding| finding.device == name && finding.driver == what;
        let known: Vec<&devices::Finding> = found_out.iter().filter(own).collect();
        let mut text = if it.state.is_ok() { what.clone() } else { format!("no: {what}") };
        if it.by_name_only {
            text += "; slower than the CPU, so taken only by its name";
        }
        let data = json!({"usable": it.state.is_ok(), "what": what, "limits": it.limits, "found": known});
        let mut rows = vec![Finding { topic: "device", name: name.clone(), ok: true, text, data }];
        let mut row = |ok, text| {
            // What needs attention is told by its name once more.
            let name = if ok { String::new() } else { name.clone() };
            rows.push(Finding { topic: "device", name, ok, text, data: Value::Null });
        };
        if !it.limits.is_empty() {
            row(true, it.limits.clone());
            if known.is_empty() {
                row(true, "not tried yet: the first model that is loaded there tries it".to_owned());
            }
        }
        for finding in &known {
            row(finding.wrong.is_none(), finding.said());
        }
        rows
    };
    backends::devices().into_iter().flat_map(device).collect()
}

fn unreadable(topic: &'static str, exit: &Exit) -> Finding {
    let text = exit.message.clone();
    Finding { topic, name: "-".to_owned(), ok: false, text, data: Value::Null }
}

fn program() -> Finding {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let version = env!("CARGO_PKG_VERSION");
    Finding {
        topic: "megachat",
        name: version.to_owned(),
        ok: true,
        text: format!("{os} on {arch}, {processors} processors"),
        data: json!({"version": version, "os": os, "arch": arch, "processors": processors}),
    }
}

fn directories(paths: &Paths) -> Vec<Finding> {
    let all = [
        ("models", &paths.models),
        ("transcripts", &paths.transcripts),
        ("downloads", &paths.downloads),
        ("state", &paths.state),
    ];
    let finding = |(name, path): (&str, &std::path::PathBuf)| {
        let free = free_bytes(path).ok();
        let problem = unwritable(path);
        let room = free.map_or_else(|| "free space unknown".to_owned(), |it| format!("{} free", format::bytes(it)));
        let text = match &problem {
            None => format!("{}, {room}", visible_path(path)),
            Some(e) => format!("{}, {room}; cannot be written: {e}", visible_path(path)),
        };
        let data = json!({"path": path.to_string_lossy(), "free_bytes": free, "problem": problem});
        Finding { topic: "directory", name: name.to_owned(), ok: problem.is_none(), text, data }
    };
    all.into_iter().map(finding).collect()
}

/// Why nothing can be written into a directory, or into the nearest one above it that is there.
fn unwritable(path: &Path) -> Option<String> {
    let existing = path.ancestors().find(|it| it.exists())?;
    tempfile::tempfile_in(existing).err().map(|e| e.to_string())
}

fn configuration(loaded: &LoadedConfig, paths: &Paths) -> Finding {
    let there = paths.config_file.exists();
    let path = visible_path(&paths.config_file);
    let text = match (there, loaded.problems.as_slice()) {
        (false, _) => format!("{path} (not there, which is fine)"),
        (true, []) => path.clone(),
        (true, problems) => problems.join(" "),
    };
    Finding {
        topic: "configuration",
        name: "config.toml".to_owned(),
        ok: loaded.problems.is_empty(),
        text,
        data: json!({"path": path, "exists": there, "problems": loaded.problems}),
    }
}

/// Every installed model with its files; the hashes are those recorded, `model verify` compares them.
fn installed(paths: &Paths) -> Result<Vec<Finding>, Exit> {
    let failed = |e: io::Error| Exit::failed(format!("{}: {e}", visible_path(&paths.models)));
    let mut findings = Vec::new();
    for it in models::installed(&paths.models).map_err(failed)? {
        let fault = integrity::quick(&it.directory).err().map(|it| it.to_string());
        let name = it.name.clone();
        let advice = format!("`megachat model verify {name} --repair`");
        let text = match &fault {
            None => format!(
                "{} in {}, looks sound (`model verify` reads all of it)",
                format::bytes(it.bytes),
                visible_path(&it.directory)
            ),
            Some(fault) => format!("damaged: {fault}; {advice}"),
        };
        let files: Vec<Value> = it
            .manifest
            .files
            .iter()
            .map(|it| json!({"name": it.name, "bytes": it.bytes, "sha256": it.sha256}))
            .collect();
        let vocabulary = vocabulary_of(&it.directory);
        let data = json!({
            "vocabulary": vocabulary.as_ref().map(crate::text::Vocabulary::facts).ok(),
            "directory": it.directory.to_string_lossy(),
            "bytes": it.bytes,
            "source": it.manifest.source,
            "verified": it.manifest.verified,
            "problem": fault,
            "files": files,
        });
        findings.push(Finding { topic: "model", name, ok: fault.is_none(), text, data });
        let (ok, text) = match vocabulary {
            Ok(it) => (true, format!("words: {}", it.summary())),
            // Of a damaged model that is told already.
            Err(why) => (fault.is_some(), format!("words: none: {why}")),
        };
        findings.push(Finding { topic: "model", name: String::new(), ok, text, data: Value::Null });
        findings.extend(it.manifest.files.iter().map(|file| Finding {
            topic: "model",
            name: String::new(),
            ok: true,
            text: format!("{:<18} {:>11} bytes  sha256 {:.12}...", file.name, file.bytes, file.sha256),
            data: Value::Null,
        }));
    }
    for (name, fault) in models::damaged(&paths.models).map_err(failed)? {
        let text = format!("damaged: {fault}; `megachat model verify {name} --repair`");
        findings.push(Finding { topic: "model", name, ok: false, text, data: json!({"problem": fault.to_string()}) });
    }
    if findings.is_empty() {
        let text =
            "none installed; the demo is built in, `megachat model download` gets NVIDIA's 345M model".to_owned();
        findings.push(Finding { topic: "model", name: "-".to_owned(), ok: true, text, data: Value::Null });
    }
    Ok(findings)
}

fn downloads(files: &FileArguments, paths: &Paths) -> Result<Vec<Finding>, Exit> {
    let kept = partial_downloads::list(&places(paths, files))
        .map_err(|e| Exit::failed(format!("{}: {e}", visible_path(&paths.downloads))))?;
    let finding = |it: partial_downloads::PartialDownload| Finding {
        topic: "download",
        name: it.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ok: true,
        text: format!(
            "{} kept; the same command goes on, `megachat cache clear` removes them",
            format::bytes(it.bytes)
        ),
        data: json!({"path": it.path.to_string_lossy(), "bytes": it.bytes}),
    };
    Ok(kept.into_iter().map(finding).collect())
}

fn network(files: &FileArguments, paths: &Paths) -> Finding {
    let places = places(paths, files);
    let variables =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];
    // The address of a proxy may hold a password.
    let set = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let proxies: Vec<(&str, String)> =
        variables.into_iter().filter_map(|name| Some((name, proxy(name, &set(name)?)))).collect();
    let missing = places.ca_file.as_ref().filter(|it| !it.is_file());
    // Writing into a `String` cannot fail.
    let mut text = if places.offline {
        "offline: nothing is asked".to_owned()
    } else {
        format!("hub {}", without_secrets(&places.hub))
    };
    for (name, value) in &proxies {
        let _ = write!(text, ", {name}={value}");
    }
    if let Some(file) = &places.ca_file {
        let absent = if missing.is_some() { ", which is not there" } else { "" };
        let _ = write!(text, ", certificates {}{absent}", visible_path(file));
    }
    let sources: Vec<String> = places.sources.iter().map(|it| without_secrets(&it.url)).collect();
    Finding {
        topic: "network",
        name: "settings".to_owned(),
        ok: missing.is_none(),
        text,
        data: json!({
            "offline": places.offline,
            "hub": without_secrets(&places.hub),
            "sources": sources,
            "proxies": proxies.iter().map(|it| json!({"variable": it.0, "value": it.1})).collect::<Vec<_>>(),
            "ca_file": places.ca_file.as_ref().map(|it| it.to_string_lossy().into_owned()),
        }),
    }
}

/// A proxy's host and port, whatever else was written around them; a list of hosts as it is.
fn proxy(variable: &str, value: &str) -> String {
    if variable.eq_ignore_ascii_case("no_proxy") {
        return value.to_owned();
    }
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let host = rest.rsplit('@').next().unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

fn terminal() -> Finding {
    let variable = |name: &str| std::env::var(name).ok();
    let term = variable("TERM").unwrap_or_default();
    let locale = appearance::locale(variable);
    let utf8 = appearance::is_utf8(&locale);
    let (input, output) = (io::stdin().is_terminal(), io::stdout().is_terminal());
    let size = crossterm::terminal::size().ok().filter(|_| output);
    let (wanted, shown) = (Colours::told_by(variable), Colours::shown_by(variable));
    let colours = if wanted == shown { shown.name() } else { "no colour (NO_COLOR)" };
    let background = Background::told_by(variable).name();
    let shape = size.map_or_else(|| "no terminal on standard output".to_owned(), |(w, h)| format!("{w}x{h}"));
    let dumb = term.is_empty() || term == "dumb";
    let mut text = format!(
        "TERM={term}, {shape}, {colours}, {background}, locale {}",
        if locale.is_empty() { "not set" } else { &locale }
    );
    if output && !utf8 {
        text.push_str(
            "; it is not UTF-8, so frames are drawn in ASCII and letters may show wrongly: try LC_ALL=C.UTF-8",
        );
    }
    if output && dumb {
        text.push_str("; it cannot place a cursor, so the interface is the line mode (--plain)");
    }
    Finding {
        topic: "terminal",
        name: if input && output { "interactive" } else { "not interactive" }.to_owned(),
        // What is no terminal cannot have a wrong one.
        ok: !output || utf8,
        text,
        data: json!({
            "term": term, "stdin": input, "stdout": output, "utf8": utf8, "locale": locale, "colours": colours,
            "background": background,
            "width": size.map(|it| it.0), "height": size.map(|it| it.1),
        }),
    }
}
