//! What can be done with any sampling parameter: named, shown, read, turned, checked.

use super::super::{Settings, SettingsError, Step};
use super::value::Kind;
use super::{Flips, Parameter, Place};

impl Parameter {
    /// Its name: of the flag, in the configuration, in the panel, after `/set`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The parameter of that name, or of another name that is understood: a former one, the field's in a transcript,
    /// another program's. Underscores are as good as dashes.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        let is = |it: &Self| it.name() == name || it.aliases().any(|other| other == name);
        Self::ALL.iter().copied().find(is)
    }

    /// Other names that are understood, with dashes.
    pub fn aliases(self) -> impl Iterator<Item = String> {
        let others = self.row().aliases.iter().map(|&it| it.to_owned());
        let field = self.field().replace('_', "-");
        let is_new = field != self.name() && !self.row().aliases.contains(&field.as_str());
        others.chain(is_new.then_some(field))
    }

    /// Its flag in one letter.
    #[must_use]
    pub fn short(self) -> Option<char> {
        self.row().short
    }

    /// What stands for its value in the help; empty for a switch that is on without one.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        self.row().value
    }

    /// One line on what it does.
    #[must_use]
    pub fn help(self) -> &'static str {
        self.row().help
    }

    /// The step of the chain it belongs to.
    #[must_use]
    pub fn step(self) -> Option<Step> {
        self.row().step
    }

    /// Where it is shown.
    #[must_use]
    pub const fn place(self) -> Place {
        self.row().place
    }

    /// Where its flip points are looked for, if they are.
    #[must_use]
    pub fn flips(self) -> Option<&'static Flips> {
        self.row().flips.as_ref()
    }

    /// How its value is handled.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.value(Settings::neutral()).kind()
    }

    /// Whether a preset says what it is: all numbers of the chain. Texts that were written are not a preset's to take.
    #[must_use]
    pub fn is_of_presets(self) -> bool {
        self.step().is_some() && matches!(self.kind(), Kind::Number | Kind::Whole | Kind::Switch)
    }

    /// Its value as a number, where it is one.
    #[must_use]
    pub fn number(self, settings: &Settings) -> Option<f64> {
        self.value(settings).number()
    }

    /// Sets it to a number, where it is one; the nearest that its type and its range have.
    pub fn set_number(self, settings: &mut Settings, value: f64) {
        let (low, high) = self.row().range;
        self.value_mut(settings).set_number(value.clamp(low, high));
    }

    /// Its value in words; where it is off it says so.
    #[must_use]
    pub fn show(self, settings: &Settings) -> String {
        let value = self.value(settings);
        let named = value.number().and_then(|value| self.word_for(value));
        match (named, value.show()) {
            (Some(word), _) => word.to_owned(),
            (None, text) if text.is_empty() => "off".to_owned(),
            (None, text) => text,
        }
    }

    /// Its value as a person would write it down; a number has no word for it.
    #[must_use]
    pub fn written(self, settings: &Settings) -> String {
        self.value(settings).written()
    }

    fn word_for(self, value: f64) -> Option<&'static str> {
        self.row().words.iter().find(|it| (it.0 - value).abs() < 1e-6).map(|it| it.1)
    }

    /// The number that a word stands for.
    fn number_for(self, word: &str) -> Option<f64> {
        let is = |named: &str| named == word || named.split(' ').any(|it| it == word);
        let also = self.row().also.iter().find(|it| it.0 == word).map(|it| it.1);
        self.row().words.iter().find(|it| is(it.1)).map(|it| it.0).or(also)
    }

    /// Whether numbers stand for others in what is written.
    #[must_use]
    pub fn has_other_numbers(self) -> bool {
        !self.row().also.is_empty()
    }

    /// What its flag's help says besides [`Self::help`]; often nothing.
    #[must_use]
    pub fn note(self) -> &'static str {
        self.row().note
    }

    /// Sets it to a value as it is written: a number, `off`, one of its words, texts with `|` between them.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set(self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let mut new = settings.clone();
        let kind = self.kind();
        // Spaces count in texts.
        let word = text.trim_end_matches(['\r', '\n']);
        let word = if kind == Kind::Texts { word } else { word.trim() };
        match self.number_for(word) {
            Some(value) => self.value_mut(&mut new).set_number(value),
            None if word == "off" && matches!(kind, Kind::Texts | Kind::Names) => self.value_mut(&mut new).read("")?,
            None if word == "off" && self.neutral_number().is_some() => {
                return Err(format!(
                    "{} has no off; {} is its default",
                    self.name(),
                    self.written(&Settings::default())
                ));
            }
            None if word.is_empty() && !matches!(kind, Kind::Texts | Kind::Names) => {
                return Err("a value is missing".to_owned());
            }
            None => {
                let digits = word.trim_start_matches('-');
                let is_whole = !digits.is_empty() && digits.chars().all(|it| it.is_ascii_digit());
                self.value_mut(&mut new).read(word).map_err(|why| match kind {
                    Kind::Whole | Kind::Seed if is_whole && digits == word => format!("{word} is too large"),
                    Kind::Whole | Kind::Seed if is_whole => format!("must be {}, not {word}", self.range_in_words()),
                    _ => why,
                })?;
            }
        }
        self.check(&new).map_err(|e| e.without_name())?;
        *settings = new;
        Ok(())
    }

    /// Sets it to what stands behind its flags, of which a list has several.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set_each(self, settings: &mut Settings, texts: &[String]) -> Result<(), String> {
        match (self.kind(), texts) {
            (Kind::Texts | Kind::Names, _) => {
                self.value_mut(settings).read_each(texts)?;
                self.check(settings).map_err(|e| e.without_name())
            }
            (_, [.., last]) => self.set(settings, last),
            (_, []) => Ok(()),
        }
    }

    fn neutral_number(self) -> Option<f64> {
        self.number(Settings::neutral())
    }

    /// Puts it where it changes nothing: off, where it has that.
    pub fn neutralise(self, settings: &mut Settings) {
        match self.number_for("off") {
            Some(value) => self.value_mut(settings).set_number(value),
            None => self.copy(Settings::neutral(), settings),
        }
    }

    /// Whether it changes nothing where it stands.
    #[must_use]
    pub fn is_neutral(self, settings: &Settings) -> bool {
        let is_off = |value: f64| self.number_for("off").is_some_and(|off| (off - value).abs() < 1e-6);
        self.is_same(Settings::neutral(), settings) || self.number(settings).is_some_and(is_off)
    }

    /// Whether it does something: what belongs to a step that does nothing does not.
    #[must_use]
    pub fn matters(self, settings: &Settings) -> bool {
        !self.is_neutral(settings) && !self.is_idle(settings)
    }

    /// Whether it can do nothing where it stands because its step does nothing, or what it belongs to.
    #[must_use]
    pub fn is_idle(self, settings: &Settings) -> bool {
        self.step().is_some_and(|it| settings.is_set_neutral(it))
            || self.row().of.is_some_and(|it| it.is_neutral(settings))
    }

    /// Whether its step is named by it: the first of the step's parameters, and each that can be off by itself.
    #[must_use]
    pub fn is_head(self) -> bool {
        let first = Self::ALL.iter().find(|it| it.step() == self.step());
        first == Some(&self) || self.number_for("off").is_some() && self.number_for("all").is_none()
    }

    /// Turns it by steps of its own. A list of texts stays as it is.
    pub fn turn(self, settings: &mut Settings, steps: i32, coarse: bool) {
        let (low, high) = self.row().range;
        let (factor, turn) = (if coarse { 10 } else { 1 }, self.row().turn);
        // In hundredths, so that a thousand steps there and back end where they began.
        let scale = if self.kind() == Kind::Number { 100.0 } else { 1.0 };
        let value = self.value_mut(settings);
        match (value.kind(), value.number()) {
            // From "all" upwards the next value is off.
            (_, Some(number)) if number < 0.0 && low >= -1.0 && steps > 0 => value.set_number(0.0),
            (_, Some(number)) => {
                let turned = (number * scale).round() + f64::from(steps * factor) * (turn * scale).round();
                value.set_number((turned / scale).clamp(low, high));
            }
            (Kind::Seed, None) => value.turn(steps * factor),
            (_, None) => value.turn(steps),
        }
    }

    /// The share of its bar that is full; `None` for what has no bar.
    #[must_use]
    pub fn fraction(self, settings: &Settings) -> Option<f64> {
        let (empty, full) = self.row().bar;
        let value = self.number(settings)?;
        (full > empty).then(|| ((value - empty) / (full - empty)).clamp(0.0, 1.0))
    }

    /// Checks its value.
    ///
    /// # Errors
    ///
    /// If it is out of its range.
    pub fn check(self, settings: &Settings) -> Result<(), SettingsError> {
        let (low, high) = self.row().range;
        let value = self.value(settings);
        // As exactly as the values are kept: 0.01 is a little less as an f32.
        let is_within = |it: f64| it.is_finite() && (low as f32..=high as f32).contains(&(it as f32));
        let fault = match value.number() {
            Some(number) if !is_within(number) => Some((value.written(), self.range_in_words())),
            Some(_) => None,
            None => value.fault().map(|(value, range)| (value, range.to_owned())),
        };
        fault.map_or(Ok(()), |(value, range)| Err(SettingsError { name: self.name(), value, range }))
    }

    /// `between 0 and 1 (1 is off)`.
    fn range_in_words(self) -> String {
        let (low, high) = self.row().range;
        let range = if high.is_infinite() { format!("{low} or more") } else { format!("between {low} and {high}") };
        match self.values_in_words() {
            words if words.is_empty() => range,
            words => format!("{range} ({words})"),
        }
    }

    /// Values that are called by a word, with it: `0 is greedy, 1 is off`; empty without any.
    #[must_use]
    pub fn values_in_words(self) -> String {
        let word = |it: &'static str| it.rsplit(' ').next().unwrap_or(it);
        let words = self.row().words.iter().map(|it| format!("{} is {}", it.0, word(it.1)));
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests;
