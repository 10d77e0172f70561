//! `megachat config`: where values come from.

use std::io::{self, Write as _};

use clap::ValueEnum as _;

use super::Exit;
use crate::app::keymap::{Entry, Keymap};
use crate::cli::{Arguments, ConfigVerb};
use crate::sample::{Parameter, Settings};
use crate::store::config::LoadedConfig;
use crate::store::paths::Paths;
use crate::text::{columns_of, pad, visible_path};

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 2 if a value is out of its range.
pub fn config(verb: ConfigVerb, arguments: &Arguments, loaded: &LoadedConfig, paths: &Paths) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    match verb {
        ConfigVerb::Path => {
            // As the system has it, for programs too.
            out.write_all(paths.config_file.as_os_str().as_encoded_bytes())?;
            out.write_all(b"\n")?;
        }
        ConfigVerb::Show => {
            let (values, keys) = (values(arguments, loaded)?, keys(&Keymap::with(&loaded.config.keys).0));
            // Both tables in the same columns.
            let widest = |column: fn(&Value) -> &str| {
                values.iter().chain(&keys).map(|it| columns_of(column(it))).max().unwrap_or(0)
            };
            let (names, shown) = (widest(|it| &it.0), widest(|it| &it.1));
            for table in [&values, &keys] {
                for (name, value, origin) in table {
                    writeln!(out, "{} {} {origin}", pad(name, names), pad(value, shown))?;
                }
                writeln!(out)?;
            }
            let there = if paths.config_file.exists() { "" } else { " (not there)" };
            writeln!(out, "configuration      {}{there}", visible_path(&paths.config_file))?;
            writeln!(out, "models             {}", visible_path(&paths.models))?;
            writeln!(out, "transcripts        {}", visible_path(&paths.transcripts))?;
            writeln!(out, "downloads          {}", visible_path(&paths.downloads))?;
            writeln!(out, "state              {}", visible_path(&paths.state))?;
        }
    }
    Ok(())
}

type Value = (String, String, &'static str);

/// A row for each action that has a key; what has other keys in other places says where.
fn keys(keymap: &Keymap) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let entries = keymap.entries();
    for entry in entries {
        let name = format!("keys.{}", entry.action.name());
        if rows.iter().any(|it| it.0 == name) {
            continue;
        }
        let all: Vec<&Entry> = entries.iter().filter(|it| it.action == entry.action).collect();
        let value = match &all[..] {
            rest if rest.iter().all(|it| it.keys.is_empty()) => "none".to_owned(),
            rest if rest.iter().all(|it| it.keys == entry.keys) => entry.names(),
            rest => {
                let said = rest.iter().map(|it| format!("{} ({})", it.names(), it.place.name()));
                said.collect::<Vec<_>>().join(", ")
            }
        };
        let origin = if all.iter().any(|it| it.is_chosen) { "configuration" } else { "default" };
        rows.push((name, value, origin));
    }
    rows
}

/// Every value that can be set, with where it comes from.
fn values(arguments: &Arguments, loaded: &LoadedConfig) -> Result<Vec<Value>, Exit> {
    let (model, sampling, look) = (&arguments.model, &arguments.sampling, &arguments.interface);
    let (file, from_file) = (&loaded.config, &loaded.config.sampling);
    let (s, seed) = sampling.settings(file).map_err(|e| Exit::usage(e.to_string()))?;
    // A verb takes no sampling flags, so what is given was given by the environment.
    let origin = |environment: bool, file: bool| match (environment, file) {
        (true, _) => "environment",
        (false, true) => "configuration",
        (false, false) => "default",
    };
    let name = |text: Option<&String>, default: &str| text.cloned().unwrap_or_else(|| default.to_owned());
    let spelled = |it: Option<String>, file: Option<&String>| it.unwrap_or_else(|| name(file, "auto"));
    let by_preset = sampling.preset.is_some() || file.preset.is_some();
    let plain = &arguments.interface;
    let mut values = vec![
        (
            "plain".to_owned(),
            (plain.plain || file.plain == Some(true)).to_string(),
            origin(plain.plain, file.plain.is_some()),
        ),
        (
            "model".to_owned(),
            name(model.model.as_ref().or(file.model.as_ref()), "megatron-345m, else demo"),
            origin(model.model.is_some(), file.model.is_some()),
        ),
        (
            "device".to_owned(),
            spelled(model.device.map(|it| format!("{it:?}").to_lowercase()), file.device.as_ref()),
            origin(model.device.is_some(), file.device.is_some()),
        ),
        (
            "dtype".to_owned(),
            spelled(model.dtype.map(|it| format!("{it:?}").to_lowercase()), file.dtype.as_ref()),
            origin(model.dtype.is_some(), file.dtype.is_some()),
        ),
        (
            "color".to_owned(),
            look.color
                .and_then(|it| it.to_possible_value())
                .map_or_else(|| name(file.color.as_ref(), "auto"), |it| it.get_name().to_owned()),
            origin(look.color.is_some(), file.color.is_some()),
        ),
        (
            "theme".to_owned(),
            spelled(look.theme.map(|it| format!("{it:?}").to_lowercase()), file.theme.as_ref()),
            origin(look.theme.is_some(), file.theme.is_some()),
        ),
        (
            "ascii".to_owned(),
            look.ascii.or(file.ascii).map_or_else(|| "if the locale is not UTF-8".to_owned(), |it| it.to_string()),
            origin(look.ascii.is_some(), file.ascii.is_some()),
        ),
        (
            "preset".to_owned(),
            name(sampling.preset.as_ref().or(file.preset.as_ref()), "steady"),
            origin(sampling.preset.is_some(), file.preset.is_some()),
        ),
    ];
    let interface = &arguments.interface;
    let mode = if interface.vi(file).map_err(|e| Exit::usage(e.to_string()))? { "vi" } else { "emacs" };
    let mode_origin = origin(interface.edit_mode.is_some(), file.edit_mode.is_some());
    values.push(("edit-mode".to_owned(), mode.to_owned(), mode_origin));
    let mouse_origin = origin(interface.no_mouse, file.mouse.is_some());
    values.push(("mouse".to_owned(), interface.mouse(file).to_string(), mouse_origin));
    let default = Settings::default();
    for &parameter in Parameter::ALL {
        let origin = match origin(sampling.values.has(parameter), from_file.has(parameter)) {
            "default" if by_preset && !parameter.is_same(&s, &default) => "preset",
            other => other,
        };
        let value = match (parameter, seed) {
            (Parameter::Seed, None) => "chosen at each start".to_owned(),
            _ => Some(parameter.written(&s)).filter(|it| !it.is_empty()).unwrap_or_else(|| "none".to_owned()),
        };
        values.push((parameter.name().to_owned(), value, origin));
    }
    Ok(values)
}
