//! Sampling values as they are given: on the command line, by the environment, in the configuration file. They have the
//! same names there, those of the table of parameters, so one structure is all three.

use std::collections::BTreeMap;
use std::fmt;

use clap::builder::{ArgAction, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::format::short;
use crate::sample::{Kind, Parameter, Settings};

/// The `[sampling]` table, and the flags of the same names. Nothing has to be given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    given: Vec<Parameter>,
    /// The values of those that are given; the others mean nothing.
    values: Settings,
    /// Keys of a table that no parameter has.
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl Sampling {
    /// Whether a value is given.
    #[must_use]
    pub fn has(&self, parameter: Parameter) -> bool {
        self.given.contains(&parameter)
    }

    /// The seed, if it is given.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.has(Parameter::Seed).then_some(self.values.seed)
    }

    /// Overrides `settings` by every value that is given.
    pub fn apply(&self, settings: &mut Settings) {
        for parameter in &self.given {
            parameter.copy(&self.values, settings);
        }
    }

    /// Forgets the values that `are_out`.
    pub fn forget(&mut self, are_out: impl Fn(Parameter) -> bool) {
        self.given.retain(|&it| !are_out(it));
    }

    /// Gives a value, as it stands behind flags, of which a list has several.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set(&mut self, parameter: Parameter, texts: &[String]) -> Result<(), String> {
        parameter.set_each(self.give(parameter), texts)
    }

    fn give(&mut self, parameter: Parameter) -> &mut Settings {
        if !self.has(parameter) {
            self.given.push(parameter);
        }
        &mut self.values
    }
}

/// The environment variable of a parameter. A list of texts has none: it would need quotes of its own.
#[must_use]
pub fn variable(parameter: Parameter) -> Option<String> {
    let has = parameter.kind() != Kind::Texts;
    has.then(|| format!("MEGACHAT_{}", parameter.name().replace('-', "_").to_uppercase()))
}

/// The flag of a parameter.
fn flag(parameter: Parameter) -> Arg {
    let (name, kind) = (parameter.name(), parameter.kind());
    let mut arg = Arg::new(name).long(name).help_heading("Sampling").help(help(parameter)).hide_env(true);
    arg = arg.value_parser(reader(parameter)).allow_negative_numbers(true);
    // A switch takes no word behind it, so a former name that took one must not seem to.
    if !is_switch(parameter) {
        arg = arg.aliases(parameter.aliases());
    }
    if let Some(short) = parameter.short() {
        arg = arg.short(short);
    }
    // One that is set and empty is not set.
    let is_set = |it: &String| std::env::var_os(it).is_some_and(|it| !it.is_empty());
    if let Some(variable) = variable(parameter).filter(is_set) {
        arg = arg.env(variable);
    }
    let words = words(parameter);
    if !words.is_empty() {
        arg = arg.add(ArgValueCandidates::new(move || words.iter().map(CompletionCandidate::new).collect()));
    }
    match kind {
        // The next word is not its value: it may be the beginning of a prompt.
        Kind::Switch if is_switch(parameter) => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL")
            .hide_possible_values(true),
        Kind::Texts | Kind::Names => arg.action(ArgAction::Append).value_name(parameter.placeholder()),
        _ => arg.value_name(parameter.placeholder()),
    }
}

/// The words that a shell offers for a value: all that turning it shows, of a switch or of a choice between words.
fn words(parameter: Parameter) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(parameter.kind(), Kind::Switch | Kind::Word) {
        let mut settings = Settings::default();
        for _ in 0..WORDS {
            let word = parameter.show(&settings);
            if found.contains(&word) {
                break;
            }
            found.push(word);
            parameter.turn(&mut settings, 1, false);
        }
    }
    found
}

/// More words than any parameter has.
const WORDS: usize = 16;

/// Whether its flag alone switches it on.
fn is_switch(parameter: Parameter) -> bool {
    parameter.kind() == Kind::Switch && parameter.placeholder().is_empty()
}

/// Why arguments cannot be meant so: a switch with on or off in a word of its own, which would be text to go on from.
#[must_use]
pub fn misplaced_word(arguments: &[String]) -> Option<String> {
    let is_word = |it: &str| matches!(it, "on" | "off" | "true" | "false" | "yes" | "no");
    arguments.windows(2).take_while(|it| it[0] != "--").find_map(|it| {
        let name = it[0].strip_prefix("--")?;
        let is_meant = Parameter::ALL.iter().any(|&it| is_switch(it) && it.name() == name) && is_word(&it[1]);
        is_meant.then(|| format!("write --{name}={}, with an equals sign", it[1]))
    })
}

/// Refuses what the parameter does not take, and leaves the text as it is.
fn reader(parameter: Parameter) -> ValueParser {
    ValueParser::from(move |text: &str| {
        parameter.set_each(&mut Settings::default(), &[text.to_owned()]).map(|()| text.to_owned())
    })
}

/// What a flag's help says: `Keep the K likeliest tokens, 0 is off [default: 0] [env: MEGACHAT_TOP_K]`.
fn help(parameter: Parameter) -> String {
    let mut text = parameter.help().to_owned();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    let (default, words) = (parameter.written(&Settings::default()), parameter.values_in_words());
    if !words.is_empty() {
        text = format!("{text}, {words}");
    }
    if !parameter.note().is_empty() {
        text = format!("{text}; {}", parameter.note());
    }
    match parameter.kind() {
        Kind::Texts => text.push_str("; may be given again. \\n is a line feed"),
        Kind::Names => text.push_str("; with commas"),
        Kind::Seed => text.push_str("; chosen anew and told if not given"),
        _ => {}
    }
    if !default.is_empty() && parameter.kind() != Kind::Seed {
        text = format!("{text} [default: {default}]");
    }
    variable(parameter).map_or(text.clone(), |variable| format!("{text} [env: {variable}]"))
}

impl Args for Sampling {
    fn augment_args(command: Command) -> Command {
        Parameter::ALL.iter().fold(command, |command, &it| command.arg(flag(it)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Sampling {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut new = Self::default();
        new.update_from_arg_matches(matches)?;
        Ok(new)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for &parameter in Parameter::ALL {
            let Some(texts) = matches.get_many::<String>(parameter.name()) else { continue };
            let texts: Vec<String> = texts.cloned().collect();
            self.set(parameter, &texts)
                .map_err(|why| clap::Error::raw(ErrorKind::ValueValidation, format!("{why}\n")))?;
        }
        Ok(())
    }
}

/// The value of a parameter, as the configuration has it.
struct Of<'a>(Parameter, &'a Settings);

impl Serialize for Of<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.kind() {
            Kind::Switch => serializer.serialize_bool(self.0.show(self.1) == "on"),
            _ => self.0.serialize(self.1, serializer),
        }
    }
}

/// The value of a parameter as JSON: a number, true or false, a text, or a list.
#[must_use]
pub fn json_of(parameter: Parameter, settings: &Settings) -> serde_json::Value {
    short(&Of(parameter, settings))
}

impl Serialize for Sampling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.given.len()))?;
        for &parameter in &self.given {
            map.serialize_entry(parameter.name(), &Of(parameter, &self.values))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Sampling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Sampling;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of sampling values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sampling, A::Error> {
                let mut new = Sampling::default();
                while let Some(key) = map.next_key::<String>()? {
                    match Parameter::named(&key) {
                        Some(parameter) if new.has(parameter) => {
                            let name = parameter.name();
                            return Err(A::Error::custom(format!("{name} is given twice, here as `{key}`")));
                        }
                        Some(parameter) => map.next_value_seed(Into(parameter, new.give(parameter)))?,
                        None => drop(new.unknown.insert(key, map.next_value()?)),
                    }
                }
                Ok(new)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

/// Reads one value into its place.
struct Into<'a>(Parameter, &'a mut Settings);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let name = self.0.name();
        if self.0.has_other_numbers() {
            let number = i64::deserialize(deserializer).map_err(|e| D::Error::custom(format!("{name}: {e}")))?;
            return self.0.set(self.1, &number.to_string()).map_err(|e| D::Error::custom(format!("{name} {e}")));
        }
        self.0.deserialize(self.1, deserializer).map_err(|e| D::Error::custom(format!("{name}: {e}")))
    }
}

#[cfg(test)]
mod tests;
