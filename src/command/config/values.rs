//! Every value that can be set, with where it comes from.

use clap::ValueEnum as _;
use serde_json::Value;

use super::super::{Exit, remembered_model};
use crate::app::keymap::{Entry, Keymap};
use crate::cli::Arguments;
use crate::sample::{Parameter, Settings};
use crate::store::config::LoadedConfig;
use crate::store::paths::Paths;
use crate::store::sampling::json_of;

/// A value, with where it comes from.
pub(super) struct Setting {
    pub(super) name: String,
    /// As people read it; it may hold anything that was written somewhere.
    pub(super) shown: String,
    /// As programs read it; null where nothing is set.
    pub(super) value: Value,
    /// `environment`, `configuration`, `preset`, `remembered` or `default`.
    pub(super) origin: &'static str,
}

impl Setting {
    fn of(name: &str, shown: impl Into<String>, value: impl Into<Value>, origin: &'static str) -> Self {
        Self { name: name.to_owned(), shown: shown.into(), value: value.into(), origin }
    }

    /// A text that people and programs read alike.
    fn word(name: &str, word: impl Into<String>, origin: &'static str) -> Self {
        let word = word.into();
        Self::of(name, word.clone(), word, origin)
    }

    fn switch(name: &str, on: bool, origin: &'static str) -> Self {
        Self::of(name, on.to_string(), on, origin)
    }
}

/// A row for each action that has a key; what has other keys in other places says where. The value is not filled in.
pub(super) fn keys(keymap: &Keymap) -> Vec<Setting> {
    let mut rows: Vec<Setting> = Vec::new();
    let entries = keymap.entries();
    for entry in entries {
        let name = format!("keys.{}", entry.action.name());
        if rows.iter().any(|it| it.name == name) {
            continue;
        }
        let all: Vec<&Entry> = entries.iter().filter(|it| it.action == entry.action).collect();
        let shown = match &all[..] {
            rest if rest.iter().all(|it| it.keys.is_empty()) => "none".to_owned(),
            rest if rest.iter().all(|it| it.keys == entry.keys) => entry.names(),
            rest => {
                let said = rest.iter().map(|it| format!("{} ({})", it.names(), it.place.name()));
                said.collect::<Vec<_>>().join(", ")
            }
        };
        rows.push(Setting { name, shown, value: Value::Null, origin: origin_of_keys(&all) });
    }
    rows
}

/// Where the keys of an action come from.
pub(super) fn origin_of_keys(entries: &[&Entry]) -> &'static str {
    if entries.iter().any(|it| it.is_chosen) { "configuration" } else { "default" }
}

/// A verb takes no sampling flags, so what is given was given by the environment.
fn origin(environment: bool, file: bool) -> &'static str {
    match (environment, file) {
        (true, _) => "environment",
        (false, true) => "configuration",
        (false, false) => "default",
    }
}

/// Every value that can be set.
///
/// # Errors
///
/// Status 2 if one is out of its range.
pub(super) fn values(arguments: &Arguments, loaded: &LoadedConfig, paths: &Paths) -> Result<Vec<Setting>, Exit> {
    let (file, look, sampling) = (&loaded.config, &arguments.interface, &arguments.sampling);
    let usage = |e: crate::cli::MeaningError| Exit::usage(e.to_string());
    let (device, dtype) = (arguments.model.device.as_ref(), arguments.model.dtype);
    let spelled =
        |it: Option<String>, file: Option<&String>| it.or_else(|| file.cloned()).unwrap_or_else(|| "auto".to_owned());
    let color = look.color.and_then(|it| it.to_possible_value()).map(|it| it.get_name().to_owned());
    let theme = look.theme.and_then(|it| it.to_possible_value()).map(|it| it.get_name().to_owned());
    let dtype_name = dtype.and_then(|it| it.to_possible_value()).map(|it| it.get_name().to_owned());
    let ascii = look.ascii.or(file.ascii);
    let preset = sampling.preset.as_ref().or(file.preset.as_ref()).map_or("steady", |it| it);
    let mode = if look.vi(file).map_err(usage)? { "vi" } else { "emacs" };
    let mut values = vec![
        Setting::switch("plain", look.plain || file.plain == Some(true), origin(look.plain, file.plain.is_some())),
        model(arguments, loaded, paths),
        Setting::word(
            "device",
            spelled(device.map(ToString::to_string), file.device.as_ref()),
            origin(device.is_some(), file.device.is_some()),
        ),
        Setting::word("dtype", spelled(dtype_name, file.dtype.as_ref()), origin(dtype.is_some(), file.dtype.is_some())),
        Setting::word("color", spelled(color, file.color.as_ref()), origin(look.color.is_some(), file.color.is_some())),
        Setting::word("theme", spelled(theme, file.theme.as_ref()), origin(look.theme.is_some(), file.theme.is_some())),
        Setting::of(
            "ascii",
            ascii.map_or_else(|| "if the locale is not UTF-8".to_owned(), |it| it.to_string()),
            ascii,
            origin(look.ascii.is_some(), file.ascii.is_some()),
        ),
        Setting::word("preset", preset, origin(sampling.preset.is_some(), file.preset.is_some())),
        Setting::word("edit-mode", mode, origin(look.edit_mode.is_some(), file.edit_mode.is_some())),
        Setting::switch("mouse", look.mouse(file), origin(look.no_mouse, file.mouse.is_some())),
    ];
    values.extend(of_sampling(arguments, loaded)?);
    Ok(values)
}

/// The model that starts where no flag names one.
fn model(arguments: &Arguments, loaded: &LoadedConfig, paths: &Paths) -> Setting {
    let (environment, file) = (arguments.model.model.as_ref(), loaded.config.model.as_ref());
    if let Some(it) = environment.or(file) {
        return Setting::word("model", it, origin(environment.is_some(), file.is_some()));
    }
    match remembered_model(paths) {
        Some(it) => Setting::word("model", it, "remembered"),
        None => Setting::of("model", "megatron-345m, else demo", Value::Null, "default"),
    }
}

fn of_sampling(arguments: &Arguments, loaded: &LoadedConfig) -> Result<Vec<Setting>, Exit> {
    let (file, sampling) = (&loaded.config, &arguments.sampling);
    let (settings, seed) = sampling.settings(file).map_err(|e| Exit::usage(e.to_string()))?;
    let by_preset = sampling.preset.is_some() || file.preset.is_some();
    let default = Settings::default();
    let setting = |&parameter: &Parameter| {
        let origin = match origin(sampling.values.has(parameter), file.sampling.has(parameter)) {
            "default" if by_preset && !parameter.is_same(&settings, &default) => "preset",
            other => other,
        };
        if parameter == Parameter::Seed && seed.is_none() {
            return Setting::of(parameter.name(), "chosen at each start", Value::Null, origin);
        }
        let shown = Some(parameter.written(&settings)).filter(|it| !it.is_empty());
        let shown = shown.unwrap_or_else(|| "none".to_owned());
        Setting::of(parameter.name(), shown, json_of(parameter, &settings), origin)
    };
    Ok(Parameter::ALL.iter().map(setting).collect())
}
