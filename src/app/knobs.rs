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
        if name == Self::Preset.name() {
            return Some(Self::Preset);
        }
        Parameter::named(name).filter(|it| is_listed(*it)).map(Self::Of)
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

/// Settings with controls changed, as in `temp 1.2 top-p 0.5`. A list of texts takes all that is left.
///
/// # Errors
///
/// A sentence, if there is no such control or its value cannot be.
pub(super) fn changed(settings: &Settings, text: &str) -> Result<Settings, String> {
    let (mut new, mut rest) = (settings.clone(), text.trim_start());
    while !rest.is_empty() || text.trim().is_empty() {
        let (knob, behind) = name_and_value(rest)?;
        let takes_all = knob.parameter().is_some_and(|it| it.kind() == Kind::Texts);
        let (value, after) =
            if takes_all { (behind, "") } else { behind.split_once(char::is_whitespace).unwrap_or((behind, "")) };
        knob.set(&mut new, value).map_err(|why| format!("{}: {why}.", knob.name()))?;
        rest = after.trim_start();
    }
    Ok(new)
}

/// A control and the value written behind its name, `temp 0.9`; without a value it is empty.
///
/// # Errors
///
/// A sentence, if there is no such control.
pub(super) fn name_and_value(text: &str) -> Result<(Knob, &str), String> {
    let (name, value) = split(text);
    match Knob::named(name) {
        Some(knob) => Ok((knob, value)),
        None if name.is_empty() => Err("Write a control and its value, as in temp 0.9.".to_owned()),
        None => Err(format!("There is no control {name}; write a control and its value, as in temp 0.9.")),
    }
}

/// A name and what stands behind it. Spaces at the end count: they may be those of a text. One at its beginning is written
/// with a backslash before it.
pub(super) fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once([' ', '=']).map_or((text, ""), |(name, value)| (name, value.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_values_are_shown_as_off() {
        let mut settings = Settings::default();
        for &knob in &KNOBS {
            knob.neutralise(&mut settings);
        }
        for name in ["top-k", "top-p", "min-p", "repeat-penalty", "repeat-last-n", "max-tokens", "stop"] {
            let parameter = Parameter::named(name).unwrap();
            assert_eq!(Knob::Of(parameter).show(&settings), "off", "{parameter:?}");
        }
        assert_eq!(Knob::Of(Parameter::Temperature).show(&settings), "1 off");
        assert_eq!(Knob::Preset.show(&settings), "raw");
    }

    #[test]
    fn what_a_control_does_fits_below_the_narrowest_panel() {
        for knob in KNOBS {
            for preset in &PRESETS {
                let mut settings = Settings::default();
                settings.apply(preset);
                let mut wrap = crate::text::Wrap::new(24);
                wrap.extend(&knob.explain(&settings));
                assert!(wrap.rows().len() <= 2, "{} {}", knob.name(), preset.name);
            }
        }
    }

    #[test]
    fn presets_go_round_and_are_named() {
        let mut settings = Settings::default();
        for preset in PRESETS.iter().chain([&PRESETS[0]]) {
            assert_eq!(Knob::Preset.show(&settings), preset.name);
            Knob::Preset.turn(&mut settings, 1, false);
        }
        assert!(Knob::Preset.set(&mut settings, "x").unwrap_err().contains("steady"));
    }

    #[test]
    fn several_controls_are_changed_at_once() {
        let new = changed(&Settings::default(), "temp 1.2 top-p=0.5  stop a b").unwrap();
        assert_eq!((new.temperature, new.top_p, new.stop), (1.2, 0.5, vec!["a b".to_owned()]));
        for (text, says) in [
            ("", "Write a control"),
            ("temp", "temp: a value is missing."),
            ("temp 1 top-q 2", "There is no control top-q"),
            ("temp -1", "temp: must be between 0 and 100"),
        ] {
            let why = changed(&Settings::default(), text).unwrap_err();
            assert!(why.starts_with(says), "{text}: {why}");
        }
    }

    #[test]
    fn a_control_and_its_value_are_read_in_one_way() {
        let temperature = Knob::Of(Parameter::Temperature);
        for (text, expected) in [
            ("temp 0.9", Ok((temperature, "0.9"))),
            ("  temperature   0.9", Ok((temperature, "0.9"))),
            ("temp=0.9", Ok((temperature, "0.9"))),
            ("temp", Ok((temperature, ""))),
            ("stop  a b ", Ok((Knob::Of(Parameter::Stop), "a b "))),
            ("preset raw", Ok((Knob::Preset, "raw"))),
        ] {
            assert_eq!(name_and_value(text), expected, "{text}");
        }
        assert!(name_and_value("").unwrap_err().starts_with("Write a control"));
        assert!(name_and_value("top-q 1").unwrap_err().starts_with("There is no control top-q;"));
    }
}
