//! The controls of the sampling panel: the preset, which sets many parameters at once, and the parameters.

use std::borrow::Cow;

use crate::sample::{Kind, Order, PRESETS, Parameter, Place, Settings, Step, preset, preset_names};

/// One line of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// All numbers of the chain at once, by name.
    Preset,
    /// One sampling parameter.
    Of(Parameter),
}

/// All controls, as the panel lists them.
pub static KNOBS: [Knob; COUNT] = knobs();

const COUNT: usize = {
    let (mut count, mut at) = (1, 0);
    while at < Parameter::ALL.len() {
        count += is_listed(Parameter::ALL[at]) as usize;
        at += 1;
    }
    count
};

const fn knobs() -> [Knob; COUNT] {
    let (mut knobs, mut count, mut at) = ([Knob::Preset; COUNT], 1, 0);
    while at < Parameter::ALL.len() {
        if is_listed(Parameter::ALL[at]) {
            knobs[count] = Knob::Of(Parameter::ALL[at]);
            count += 1;
        }
        at += 1;
    }
    knobs
}

const fn is_listed(parameter: Parameter) -> bool {
    !matches!(parameter.place(), Place::Flag)
}

impl From<Parameter> for Knob {
    fn from(parameter: Parameter) -> Self {
        Self::Of(parameter)
    }
}

impl Knob {
    /// The control of that name, or of another name that is understood.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // As people write it: `Top_P`, `--top-p` and `topp` are all one.
        let plain = |it: &str| it.to_lowercase().replace(['-', '_'], "");
        let wanted = plain(name);
        let is = |it: &Self| {
            let mut others = it.parameter().into_iter().flat_map(Parameter::aliases);
            plain(it.name()) == wanted || others.any(|other| plain(&other) == wanted)
        };
        KNOBS.iter().copied().find(is)
    }

    /// The parameter, where it is one.
    #[must_use]
    pub fn parameter(self) -> Option<Parameter> {
        match self {
            Self::Preset => None,
            Self::Of(parameter) => Some(parameter),
        }
    }

    /// Whether it is one of those that are out of the way until the panel has the focus or they do something.
    #[must_use]
    pub fn is_more(self) -> bool {
        self.parameter().is_some_and(|it| it.place() == Place::More)
    }

    /// Its name: that of its flag on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.parameter().map_or("preset", Parameter::name)
    }

    /// The step of the chain it belongs to.
    #[must_use]
    pub fn step(self) -> Option<Step> {
        self.parameter().and_then(Parameter::step)
    }

    /// Whether it does something: what only belongs to a step that is off does not.
    #[must_use]
    pub fn matters(self, settings: &Settings) -> bool {
        self.parameter().is_none_or(|it| it.matters(settings))
    }

    /// Its value in words; neutral settings are `off`, and what is switched off says so before the value.
    #[must_use]
    pub fn show(self, settings: &Settings) -> String {
        let Self::Of(parameter) = self else {
            return PRESETS.iter().find(|it| settings.matches(it)).map_or("custom", |it| it.name).to_owned();
        };
        let shown = parameter.show(settings);
        let is_switched_off = parameter.step().is_some_and(|it| settings.off.contains(&it));
        match (is_switched_off && parameter.is_head() && parameter.matters(settings), parameter.kind()) {
            (true, Kind::Switch) => "off".to_owned(),
            (true, _) => format!("off {shown}"),
            (false, _) => shown,
        }
    }

    /// One line on what it does, for the foot of the panel.
    #[must_use]
    pub fn explain(self, settings: &Settings) -> Cow<'static, str> {
        let text = match (self, settings.order) {
            (Self::Preset, _) => PRESETS.iter().find(|it| settings.matches(it)).map_or("your own mix", |it| it.what),
            (Self::Of(Parameter::Order), Order::LlamaCpp) => "top-k, top-p, min-p, then temp",
            (Self::Of(Parameter::Order), Order::HuggingFace) => "temp, then top-k, top-p, min-p",
            (Self::Of(Parameter::Order), Order::Own(_)) => "your own; the chain below shows it",
            (Self::Of(parameter), _) => parameter.help(),
        };
        match self.parameter().map(Parameter::kind) {
            Some(Kind::Texts) => format!("{text}; | between several").into(),
            _ => text.into(),
        }
    }

    /// The share of its range it stands at, for a bar; `None` for what has no range.
    #[must_use]
    pub fn fraction(self, settings: &Settings) -> Option<f64> {
        self.parameter().and_then(|it| it.fraction(settings))
    }

    /// Moves it by `steps`, ten times as far if `coarse`. A step that was switched off is on again then.
    pub fn turn(self, settings: &mut Settings, steps: i32, coarse: bool) {
        match self {
            Self::Preset => {
                let at = PRESETS.iter().position(|it| settings.matches(it));
                let next = at.map_or(0, |it| (it as i32 + steps).rem_euclid(PRESETS.len() as i32));
                settings.apply(&PRESETS[next as usize]);
            }
            Self::Of(parameter) => parameter.turn(settings, steps, coarse),
        }
        settings.off.retain(|&it| Some(it) != self.step());
    }

    /// Puts it where it changes nothing.
    pub fn neutralise(self, settings: &mut Settings) {
        match self {
            Self::Preset => settings.apply(preset("raw").unwrap_or(&PRESETS[0])),
            Self::Of(parameter) => parameter.neutralise(settings),
        }
    }

    /// Whether a value is typed for it; else it goes round a few words.
    #[must_use]
    pub fn is_typed(self) -> bool {
        self.parameter().is_none_or(|it| !matches!(it.kind(), Kind::Word | Kind::Switch))
    }

    /// What to begin with when its value is typed anew.
    #[must_use]
    pub fn draft(self, settings: &Settings) -> String {
        let texts = self.parameter().filter(|it| it.kind() == Kind::Texts);
        texts.map_or_else(String::new, |it| it.written(settings))
    }

    /// Sets it to a value as it is written. A step that was switched off is on again then.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set(self, settings: &mut Settings, text: &str) -> Result<(), String> {
        match self {
            Self::Preset => {
                let names = || format!("the presets are {}", preset_names());
                settings.apply(preset(text.trim()).ok_or_else(names)?);
            }
            Self::Of(parameter) => parameter.set(settings, text)?,
        }
        settings.off.retain(|&it| Some(it) != self.step());
        Ok(())
    }
}

/// Settings with controls changed, as in `temp 1.2 top-p 0.5`.
///
/// # Errors
///
/// A sentence, if there is no such control or its value cannot be.
pub(super) fn changed(settings: &Settings, text: &str) -> Result<Settings, String> {
    let mut new = settings.clone();
    for (knob, value) in settings_in(text)? {
        let set = if value.is_empty() { Err("a value is missing".to_owned()) } else { knob.set(&mut new, &value) };
        set.map_err(|why| format!("{}: {why}.", knob.name()))?;
    }
    Ok(new)
}

/// Controls and the values written behind their names: `temp 0.9`, `temp=0.9`, `temp = 0.9, top_p 1`. The name of a preset
/// alone is that preset. A list of texts takes all that is left; of the last control the value may be missing.
///
/// # Errors
///
/// A sentence, if there is no such control.
pub(super) fn settings_in(text: &str) -> Result<Vec<(Knob, String)>, String> {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() || found.is_empty() {
        let (name, behind) = split(rest);
        let (knob, value, after) = match (Knob::named(name), preset(&name.to_lowercase())) {
            (Some(knob), _) => {
                let (value, after) = value_and_rest(knob, behind);
                (knob, value.to_owned(), after)
            }
            (None, Some(preset)) => (Knob::Preset, preset.name.to_owned(), behind),
            (None, None) if name.is_empty() => {
                return Err("Write a control and its value, as in temp 0.9.".to_owned());
            }
            (None, None) => {
                return Err(format!("There is no control {name}; write a control and its value, as in temp 0.9."));
            }
        };
        found.push((knob, value));
        rest = after.trim_start();
    }
    Ok(found)
}

/// The value of a control, and what is written behind it.
fn value_and_rest(knob: Knob, text: &str) -> (&str, &str) {
    if knob.parameter().map(Parameter::kind) == Some(Kind::Texts) {
        return (text, "");
    }
    let (value, after) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    // A comma behind it parts it from what follows.
    (value.trim_end_matches([',', ';']), after)
}

/// A name and what stands behind it: blanks or an equals sign part them, and are no part of either. Spaces at the end count:
/// they may be those of a text. A text that begins with a space or an equals sign is written with a backslash before it.
pub(super) fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|it: char| it.is_whitespace() || it == '=').unwrap_or(text.len());
    let behind = text[end..].trim_start();
    (&text[..end], behind.strip_prefix('=').unwrap_or(behind).trim_start())
}

#[cfg(test)]
mod tests;
