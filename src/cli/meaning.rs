//! What arguments mean: flags and environment over the configuration over the defaults.

use std::borrow::Cow;
use std::io::{self, Write as _};

use clap::builder::{OsStr, Resettable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Command, CommandFactory as _, FromArgMatches as _, ValueEnum};

use super::near::meant;
use super::{Arguments, EditModeName, ExportDtype, InterfaceArguments, ModelArguments, SamplingArguments};
use crate::engine::protocol::{Device, DeviceChoice};
use crate::install::export::Kind;
use crate::model::Precision;
use crate::output;
use crate::sample::{Parameter, Settings, SettingsError, preset, preset_names};
use crate::store::config::Config;
use crate::store::sampling::misplaced_word;
use crate::text::{visible, visible_json, visible_line, visible_name};

/// The exit status where standard output cannot be written.
const NOT_WRITABLE: i32 = 74;

/// A value that cannot be meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeaningError {
    /// Out of its range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no such preset.
    #[error("there is no preset `{}`; there are {names}", visible_name(.0), names = preset_names())]
    Preset(String),
    /// A word of the configuration file that means nothing.
    #[error("`{}` is no {what}", visible_name(value))]
    Word {
        /// What was written.
        value: String,
        /// What it should be.
        what: Cow<'static, str>,
    },
}

impl SamplingArguments {
    /// How to draw, by flags and environment over the configuration over the defaults. The seed stays `None` where
    /// none was given.
    ///
    /// # Errors
    ///
    /// If a value is out of its range.
    pub fn settings(&self, config: &Config) -> Result<(Settings, Option<u64>), MeaningError> {
        let mut it = Settings::default();
        if let Some(name) = &config.preset {
            it.apply(preset(name).ok_or_else(|| MeaningError::Preset(name.clone()))?);
        }
        config.sampling.apply(&mut it);
        let seed = self.values.seed().or(config.sampling.seed());
        Ok((self.over(it)?, seed))
    }

    /// `it` with everything changed that flags or the environment name.
    ///
    /// # Errors
    ///
    /// If a value is out of its range.
    pub fn over(&self, mut it: Settings) -> Result<Settings, MeaningError> {
        if let Some(name) = &self.preset {
            it.apply(preset(name).ok_or_else(|| MeaningError::Preset(name.clone()))?);
        }
        self.values.apply(&mut it);
        it.check()?;
        Ok(it)
    }
}

/// Ends the program with what the command line asks for, or with what is wrong with it. The words that were given stand
/// in it, and a terminal must not obey them.
fn leave(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        let written = output::stdout().and_then(|mut out| {
            out.write_all(error.render().to_string().as_bytes())?;
            out.flush()
        });
        let status = match written {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(output::stderr(), "megachat: {e}");
                NOT_WRITABLE
            }
            _ => 0,
        };
        std::process::exit(status);
    }
    let mut text = error.render().to_string();
    if let Some((flag, variable)) = from_environment(error) {
        text = text.replacen(&format!("'{flag}'"), &format!("'{flag}', by the variable {variable}"), 1);
    }
    if wants_json() {
        let said = text.split("\n\nUsage:").next().unwrap_or_default().trim();
        let _ = writeln!(output::stderr(), "{}", error_json(said.strip_prefix("error: ").unwrap_or(said), 2));
        std::process::exit(error.exit_code());
    }
    // A line feed in what was given must not begin a line that looks like the program's own.
    for given in given_in(error).filter(|it| it.contains('\n')) {
        text = text.replace(given, &visible_line(given));
    }
    // Standard error may have no reader; the status says it too.
    let _ = output::stderr().write_all(visible(&text).as_bytes());
    std::process::exit(error.exit_code());
}

/// What was given, by words or variables, and may stand in the error.
fn given_in(error: &clap::Error) -> impl Iterator<Item = &str> {
    error.context().filter(|it| it.0 != ContextKind::Usage).flat_map(|(_, value)| match value {
        ContextValue::String(it) => std::slice::from_ref(it).iter().map(String::as_str),
        ContextValue::Strings(several) => several.iter().map(String::as_str),
        _ => [].iter().map(String::as_str),
    })
}

/// The flag whose value is wrong, as the error calls it, and the variable that the value is from, if it is from one.
fn from_environment(error: &clap::Error) -> Option<(String, String)> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let long = flag.split([' ', '=', '[']).next()?.strip_prefix("--")?;
    let command = without_empty_variables(Arguments::command());
    let arg = command.get_arguments().find(|it| it.get_long() == Some(long))?;
    let variable = arg.get_env().filter(|it| std::env::var_os(it).is_some())?;
    // A flag goes before its variable.
    let names = [long].into_iter().chain(arg.get_all_aliases().unwrap_or_default());
    let spelled: Vec<String> = names.map(|it| format!("--{it}")).collect();
    let short = arg.get_short().map(|it| format!("-{it}"));
    let is_typed = |it: std::ffi::OsString| {
        let it = it.to_string_lossy();
        let name = it.split('=').next().unwrap_or_default();
        spelled.iter().any(|flag| flag == name) || short.as_ref().is_some_and(|short| it.starts_with(short.as_str()))
    };
    let is_from_it = !std::env::args_os().skip(1).any(is_typed);
    is_from_it.then(|| (flag.clone(), variable.to_string_lossy().into_owned()))
}

/// Whether the command line asks for JSON: errors are then JSON too.
#[must_use]
pub fn wants_json() -> bool {
    let mut arguments = std::env::args_os().skip(1).take_while(|it| it != "--");
    arguments.any(|it| it == "--json" || it == "--jsonl")
}

/// An error as one line of JSON.
#[must_use]
pub fn error_json(message: &str, status: u8) -> String {
    visible_json(&serde_json::json!({ "error": message, "status": status }).to_string())
}

/// Ends the program if the words begin with what is nearly a verb.
fn refuse_near_verb(words: &[String], command: &Command) {
    let Some(verb) = meant(words, command) else { return };
    let first = visible_name(&words[0]);
    let why = format!(
        "`{first}` is no verb; `megachat {}` is meant? As a text to go on from: megachat -p {first} ...",
        visible_name(&verb)
    );
    leave(&command.clone().error(ErrorKind::InvalidSubcommand, why))
}

/// A variable that is set and empty is not set.
fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|it| it.is_empty());
    let command = command
        .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::<OsStr>::Reset) } else { arg });
    let verbs: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    verbs.into_iter().fold(command, |command, verb| command.mut_subcommand(verb, without_empty_variables))
}

impl Arguments {
    /// Reads the command line. Ends the program itself for `--help`, `--version` and wrong usage.
    #[must_use]
    pub fn read() -> Self {
        let given: Vec<String> = std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
        if let Some(why) = misplaced_word(&given) {
            leave(&Self::command().error(ErrorKind::InvalidValue, why));
        }
        let command = without_empty_variables(Self::command());
        let read = command.clone().try_get_matches().and_then(|it| Ok((Self::from_arg_matches(&it)?, it)));
        let (mut it, matches) = read.unwrap_or_else(|error| {
            // A verb that is written wrongly has its flags behind it, which are none of the prompt's.
            let is_bundle = |it: &str| it.starts_with('-') && !it.starts_with("--") && it.contains('p');
            let prints = given.iter().any(|it| it == "--print" || is_bundle(it));
            if error.use_stderr() && !prints {
                refuse_near_verb(&given, &command);
            }
            leave(&error)
        });
        if it.verb.is_none() && !it.output.print {
            refuse_near_verb(&it.prompt, &command);
        }
        // A flag goes before the environment: a preset that was typed is not changed by single values that were not.
        let from = |name: &str| matches.value_source(name);
        it.interface.plain_here = from("plain") == Some(ValueSource::CommandLine);
        if from("preset") == Some(ValueSource::CommandLine) {
            let is_of_chain = |it: Parameter| it.step().is_some() || it == Parameter::Off;
            let is_out = |it: Parameter| is_of_chain(it) && from(it.name()) == Some(ValueSource::EnvVariable);
            it.sampling.values.forget(is_out);
        }
        it
    }
}

impl ModelArguments {
    /// Where to run.
    ///
    /// # Errors
    ///
    /// If the configuration names no device.
    pub fn device(&self, config: &Config) -> Result<DeviceChoice, MeaningError> {
        match (self.device.clone(), config.device.as_deref()) {
            (Some(flag), _) => Ok(flag),
            (None, Some(text)) => text.to_lowercase().parse().map_err(|_| MeaningError::Word {
                value: text.to_owned(),
                what: format!("device (there are {})", DeviceChoice::names()).into(),
            }),
            (None, None) => Ok(DeviceChoice::Auto),
        }
    }

    /// In which precision; `None` is the engine's choice.
    ///
    /// # Errors
    ///
    /// If the configuration names no precision.
    pub fn precision(&self, config: &Config) -> Result<Option<Precision>, MeaningError> {
        let typed = word(self.dtype, config.dtype.as_deref(), "dtype")?;
        // `auto` is the name of none.
        Ok(typed.and_then(|it| it.to_possible_value()).and_then(|it| Precision::named(it.get_name())))
    }
}

impl ModelArguments {
    /// Where to run and in which precision; what must be the same for everybody runs on the CPU in 32 bits unless flags say
    /// otherwise.
    ///
    /// # Errors
    ///
    /// If the configuration names none.
    pub fn place(
        &self,
        config: &Config,
        is_same_for_all: bool,
    ) -> Result<(DeviceChoice, Option<Precision>), MeaningError> {
        if !is_same_for_all {
            return Ok((self.device(config)?, self.precision(config)?));
        }
        let none = Config::default();
        let device = self.device.clone().unwrap_or(DeviceChoice::On(Device::Cpu));
        Ok((device, self.precision(&none)?.or(Some(Precision::F32))))
    }
}

impl InterfaceArguments {
    /// Whether the input has vi's keys.
    ///
    /// # Errors
    ///
    /// If the configuration names no such keys.
    pub fn vi(&self, config: &Config) -> Result<bool, MeaningError> {
        let mode = word(self.edit_mode, config.edit_mode.as_deref(), "edit-mode (there are emacs and vi)")?;
        Ok(mode == Some(EditModeName::Vi))
    }

    /// Whether the mouse is used.
    #[must_use]
    pub fn mouse(&self, config: &Config) -> bool {
        !self.no_mouse && config.mouse.unwrap_or(true)
    }
}

impl ExportDtype {
    /// How matrices are written.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::F16 => Kind::F16,
            Self::Q8_0 => Kind::Q8_0,
            Self::F32 => Kind::F32,
        }
    }
}

/// Takes words out of the configuration that mean nothing; says which.
pub fn drop_words_without_meaning(config: &mut Config) -> Vec<String> {
    let (model, look) = (ModelArguments::default(), InterfaceArguments::default());
    let nothing = |_: &str| None;
    let mut problems = Vec::new();
    let mut check = |wrong: Option<MeaningError>, word: &mut Option<String>| {
        if let Some(error) = wrong {
            problems.push(error.to_string());
            *word = None;
        }
    };
    check(model.device(config).err(), &mut config.device);
    check(model.precision(config).err(), &mut config.dtype);
    check(look.vi(config).err(), &mut config.edit_mode);
    // One of them at a time, since either is asked for with the other.
    let alone = |color: Option<String>, theme: Option<String>| Config { color, theme, ..Config::default() };
    check(look.appearance(&alone(config.color.clone(), None), nothing).err(), &mut config.color);
    check(look.appearance(&alone(None, config.theme.clone()), nothing).err(), &mut config.theme);
    problems
}

pub(super) fn word<T: ValueEnum>(
    flag: Option<T>,
    config: Option<&str>,
    what: &'static str,
) -> Result<Option<T>, MeaningError> {
    match (flag, config) {
        (Some(flag), _) => Ok(Some(flag)),
        (None, Some(text)) => T::from_str(text, true)
            .map(Some)
            .map_err(|_| MeaningError::Word { value: text.to_owned(), what: what.into() }),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
