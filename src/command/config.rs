//! `megachat config`: where values come from.

use std::io::{self, Write as _};

use super::Exit;
use crate::app::keymap::Keymap;
use crate::cli::{Arguments, ConfigVerb, SamplingArguments};
use crate::sample::Settings;
use crate::store::config::{LoadedConfig, Sampling};
use crate::store::paths::Paths;

/// Runs one of the verbs.
///
/// # Errors
///
/// Status 2 if a value is out of its range.
pub fn config(verb: ConfigVerb, arguments: &Arguments, loaded: &LoadedConfig, paths: &Paths) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    match verb {
        ConfigVerb::Path => writeln!(out, "{}", paths.config_file.display())?,
        ConfigVerb::Show => {
            for (name, value, origin) in values(arguments, loaded)? {
                writeln!(out, "{name:<18} {value:<24} {origin}")?;
            }
            writeln!(out)?;
            for entry in Keymap::with(&loaded.config.keys).0.entries() {
                let (name, origin) = (entry.action.name(), if entry.is_chosen { "configuration" } else { "default" });
                writeln!(out, "keys.{name:<20} {:<24} {origin}", entry.names())?;
            }
            let there = if paths.config_file.exists() { "" } else { " (not there)" };
            writeln!(out, "\nconfiguration      {}{there}", paths.config_file.display())?;
            writeln!(out, "models             {}", paths.models.display())?;
            writeln!(out, "transcripts        {}", paths.transcripts.display())?;
            writeln!(out, "downloads          {}", paths.downloads.display())?;
            writeln!(out, "state              {}", paths.state.display())?;
        }
    }
    Ok(())
}

type Value = (&'static str, String, &'static str);

/// Every value that can be set, with where it comes from.
fn values(arguments: &Arguments, loaded: &LoadedConfig) -> Result<Vec<Value>, Exit> {
    let (model, sampling) = (&arguments.model, &arguments.sampling);
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
    let mixed = |environment: bool, configured: bool| match origin(environment, configured) {
        "default" if by_preset => "preset",
        other => other,
    };
    let mut values = vec![
        (
            "model",
            name(model.model.as_ref().or(file.model.as_ref()), "megatron-345m, else demo"),
            origin(model.model.is_some(), file.model.is_some()),
        ),
        (
            "device",
            spelled(model.device.map(|it| format!("{it:?}").to_lowercase()), file.device.as_ref()),
            origin(model.device.is_some(), file.device.is_some()),
        ),
        (
            "dtype",
            spelled(model.dtype.map(|it| format!("{it:?}").to_lowercase()), file.dtype.as_ref()),
            origin(model.dtype.is_some(), file.dtype.is_some()),
        ),
        (
            "preset",
            name(sampling.preset.as_ref().or(file.preset.as_ref()), "steady"),
            origin(sampling.preset.is_some(), file.preset.is_some()),
        ),
    ];
    values.extend(samplers(&s, sampling, from_file, &mixed));
    values.extend([
        ("order", s.order.to_string(), origin(sampling.order.is_some(), from_file.order.is_some())),
        (
            "seed",
            seed.map_or("chosen at each start".to_owned(), |it| it.to_string()),
            origin(sampling.seed.is_some(), from_file.seed.is_some()),
        ),
        ("max-tokens", s.max_tokens.to_string(), origin(sampling.max_tokens.is_some(), from_file.max_tokens.is_some())),
        ("stop", format!("{:?}", s.stop), origin(false, from_file.stop.is_some())),
        (
            "end-of-text",
            format!("{:?}", s.end_of_text).to_lowercase(),
            origin(sampling.ignore_eos, from_file.end_of_text.is_some()),
        ),
        (
            "when-full",
            format!("{:?}", s.when_full).to_lowercase(),
            origin(sampling.when_full.is_some(), from_file.when_full.is_some()),
        ),
    ]);
    Ok(values)
}

/// The values of the chain. `origin` is told whether the environment and whether the configuration names one.
fn samplers(
    s: &Settings,
    sampling: &SamplingArguments,
    from_file: &Sampling,
    origin: &dyn Fn(bool, bool) -> &'static str,
) -> Vec<Value> {
    vec![
        ("temperature", s.temperature.to_string(), origin(sampling.temp.is_some(), from_file.temperature.is_some())),
        ("top-k", s.top_k.to_string(), origin(sampling.top_k.is_some(), from_file.top_k.is_some())),
        ("top-p", s.top_p.to_string(), origin(sampling.top_p.is_some(), from_file.top_p.is_some())),
        ("min-p", s.min_p.to_string(), origin(sampling.min_p.is_some(), from_file.min_p.is_some())),
        (
            "repeat-penalty",
            s.repeat_penalty.to_string(),
            origin(sampling.repeat_penalty.is_some(), from_file.repeat_penalty.is_some()),
        ),
        (
            "repeat-last-n",
            s.repeat_last_n.to_string(),
            origin(sampling.repeat_last_n.is_some(), from_file.repeat_last_n.is_some()),
        ),
        (
            "top-n-sigma",
            s.top_n_sigma.to_string(),
            origin(sampling.top_n_sigma.is_some(), from_file.top_n_sigma.is_some()),
        ),
        ("typical", s.typical_p.to_string(), origin(sampling.typical_p.is_some(), from_file.typical_p.is_some())),
        (
            "xtc-probability",
            s.xtc_probability.to_string(),
            origin(sampling.xtc_probability.is_some(), from_file.xtc_probability.is_some()),
        ),
        (
            "xtc-threshold",
            s.xtc_threshold.to_string(),
            origin(sampling.xtc_threshold.is_some(), from_file.xtc_threshold.is_some()),
        ),
        (
            "dynatemp-range",
            s.dynatemp_range.to_string(),
            origin(sampling.dynatemp_range.is_some(), from_file.dynatemp_range.is_some()),
        ),
        (
            "dynatemp-exp",
            s.dynatemp_exponent.to_string(),
            origin(sampling.dynatemp_exponent.is_some(), from_file.dynatemp_exponent.is_some()),
        ),
        (
            "frequency-penalty",
            s.frequency_penalty.to_string(),
            origin(sampling.frequency_penalty.is_some(), from_file.frequency_penalty.is_some()),
        ),
        (
            "presence-penalty",
            s.presence_penalty.to_string(),
            origin(sampling.presence_penalty.is_some(), from_file.presence_penalty.is_some()),
        ),
        (
            "no-repeat-ngram",
            s.no_repeat_ngram.to_string(),
            origin(sampling.no_repeat_ngram.is_some(), from_file.no_repeat_ngram.is_some()),
        ),
    ]
}
