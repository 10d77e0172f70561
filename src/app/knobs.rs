//! The controls of the sampling panel: what each shows, how it moves, what it accepts.

mod kind;
mod table;

use kind::Kind;
use table::Spec;

use crate::sample::{PRESETS, Settings, Step};

macro_rules! knobs {
    ($($name:ident),* $(,)?) => {
        /// One line of the panel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the setting of that name")]
        pub enum Knob {
            $($name),*
        }

        /// All controls, as the panel lists them.
        pub const KNOBS: &[Knob] = &[$(Knob::$name),*];
    };
}

knobs! {
    Preset,
    Temperature,
    TopK,
    TopP,
    MinP,
    RepeatPenalty,
    RepeatLastN,
    Order,
    Seed,
    MaxTokens,
    Stop,
    EndOfText,
    WhenFull,
    Heal,
    Bias,
    Ban,
    DryMultiplier,
    DryBase,
    DryAllowedLength,
    DryLastN,
    DryBreakers,
    NoRepeatNgram,
    FrequencyPenalty,
    PresencePenalty,
    TopNSigma,
    TypicalP,
    XtcProbability,
    XtcThreshold,
    DynatempRange,
    DynatempExponent,
    MirostatTau,
    MirostatEta,
}

impl Knob {
    fn spec(self) -> Spec {
        table::spec_of(self)
    }

    /// Whether it is one of those that are out of the way until somebody turns to the panel or sets them.
    #[must_use]
    pub fn is_more(self) -> bool {
        self as usize > Self::WhenFull as usize
    }

    /// Its name in the panel.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Its name in one word: that of its flag on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.spec().word
    }

    /// The step of the chain it belongs to.
    #[must_use]
    pub fn step(self) -> Option<Step> {
        self.spec().step
    }

    /// Whether its step is switched off although it is set to something.
    #[must_use]
    pub fn is_switched_off(self, settings: &Settings) -> bool {
        self.step().is_some_and(|it| settings.off.contains(&it))
    }

    /// Whether it does something: what only belongs to a step that is off does not.
    #[must_use]
    pub fn matters(self, settings: &Settings) -> bool {
        !self.is_neutral(settings) && self.step().is_none_or(|it| !settings.is_set_neutral(it))
    }

    /// Whether it changes nothing where it stands.
    #[must_use]
    pub fn is_neutral(self, settings: &Settings) -> bool {
        let mut neutral = settings.clone();
        self.neutral(&mut neutral);
        neutral == *settings
    }

    /// Its value in words; neutral settings are `off`, and what is switched off says so before the value.
    #[must_use]
    pub fn show(self, settings: &Settings) -> String {
        let spec = self.spec();
        let shown = match self {
            Self::Temperature if settings.temperature <= 0.0 => "greedy".to_owned(),
            Self::Temperature if (settings.temperature - 1.0).abs() < 1e-6 => "1 off".to_owned(),
            _ => spec.kind.show(settings),
        };
        let is_head = spec.step.is_some() && !spec.name.starts_with(' ');
        if is_head && self.is_switched_off(settings) && shown != "off" { format!("off {shown}") } else { shown }
    }

    /// One line on what it does, for the foot of the panel.
    #[must_use]
    pub fn explain(self, settings: &Settings) -> &'static str {
        use crate::sample::Order;
        match (self, settings.order) {
            (Self::Preset, _) => PRESETS.iter().find(|it| settings.matches(it)).map_or("your own mix", |it| it.what),
            (Self::Order, Order::LlamaCpp) => "top-k, top-p, min-p, then temperature",
            (Self::Order, Order::HuggingFace) => "temperature, then top-k, top-p, min-p",
            (Self::Order, Order::Own(_)) => "your own; the chain below shows it",
            _ => self.spec().explain,
        }
    }

    /// The share of its range it stands at, for a bar; `None` for what has no range.
    #[must_use]
    pub fn fraction(self, settings: &Settings) -> Option<f64> {
        self.spec().kind.fraction(settings)
    }

    /// Moves it by `steps`, ten times as far if `coarse`. A step that was switched off is on again then.
    pub fn turn(self, settings: &mut Settings, steps: i32, coarse: bool) {
        let spec = self.spec();
        spec.kind.turn(settings, steps, if coarse { 10 } else { 1 });
        settings.off.retain(|&it| Some(it) != spec.step);
    }

    /// Puts it where it changes nothing.
    pub fn neutral(self, settings: &mut Settings) {
        self.spec().kind.neutral(settings);
    }

    /// Whether a value is typed for it; else it goes round a few words.
    #[must_use]
    pub fn is_typed(self) -> bool {
        !matches!(self.spec().kind, Kind::Order | Kind::Word(_))
    }

    /// What to begin with when its value is typed anew.
    #[must_use]
    pub fn draft(self, settings: &Settings) -> String {
        match self.spec().kind {
            Kind::Texts(texts) => kind::show_texts(&texts.of(settings)),
            _ => String::new(),
        }
    }

    /// Sets it to a value as typed. A step that was switched off is on again then.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set(self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let mut new = settings.clone();
        let spec = self.spec();
        spec.kind.set(&mut new, text.trim_end_matches(['\r', '\n']))?;
        new.off.retain(|&it| Some(it) != spec.step);
        new.check().map_err(|e| e.to_string())?;
        *settings = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_values_are_shown_as_off() {
        let mut settings = Settings::default();
        for &knob in KNOBS {
            knob.neutral(&mut settings);
        }
        for knob in
            [Knob::TopK, Knob::TopP, Knob::MinP, Knob::RepeatPenalty, Knob::RepeatLastN, Knob::MaxTokens, Knob::Stop]
        {
            assert_eq!(knob.show(&settings), "off", "{knob:?}");
        }
        assert_eq!(Knob::Temperature.show(&settings), "1 off");
        assert_eq!(Knob::Preset.show(&settings), "raw");
    }

    #[test]
    fn turning_there_and_back_ends_where_it_began_and_never_leaves_the_range() {
        for &knob in KNOBS {
            let before = Settings::default();
            let mut settings = before.clone();
            // One that stands at the end of its range goes down first.
            let there = if knob == Knob::TypicalP { -1 } else { 1 };
            for steps in [there, -there] {
                knob.turn(&mut settings, steps, false);
            }
            assert_eq!(settings, before, "{knob:?}");
            for steps in [1, -1] {
                for _ in 0..3000 {
                    knob.turn(&mut settings, steps, true);
                    settings.check().unwrap();
                }
            }
        }
    }

    #[test]
    fn typed_values_are_taken_or_explained() {
        let mut settings = Settings::default();
        Knob::Temperature.set(&mut settings, "1.25").unwrap();
        assert_eq!(Knob::Temperature.show(&settings), "1.25");
        assert_eq!(Knob::Temperature.set(&mut settings, "hot"), Err("`hot` is not a number".to_owned()));
        assert!(Knob::TopP.set(&mut settings, "1.5").unwrap_err().contains("between 0 and 1"));
        assert!(Knob::Preset.set(&mut settings, "x").unwrap_err().contains("steady"));
        assert_eq!(settings.top_p, 0.9);
        Knob::Stop.set(&mut settings, r"\n\nUser:|a\|b||\\").unwrap();
        assert_eq!(settings.stop, ["\n\nUser:", "a|b", "\\"]);
        assert_eq!(Knob::Stop.show(&settings), r"\n\nUser:|a\|b|\\");
    }
}
