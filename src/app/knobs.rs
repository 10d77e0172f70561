//! The controls of the sampling panel: what each shows, how it moves, what it accepts.

use crate::sample::{EndOfText, Order, PRESETS, Settings, WhenFull};

/// One line of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the setting of that name")]
pub enum Knob {
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
    TopNSigma,
    TypicalP,
    XtcProbability,
    XtcThreshold,
    DynatempRange,
    DynatempExponent,
    FrequencyPenalty,
    PresencePenalty,
    NoRepeatNgram,
}

/// All controls, as the panel lists them.
pub const KNOBS: [Knob; 22] = [
    Knob::Preset,
    Knob::Temperature,
    Knob::TopK,
    Knob::TopP,
    Knob::MinP,
    Knob::RepeatPenalty,
    Knob::RepeatLastN,
    Knob::Order,
    Knob::Seed,
    Knob::MaxTokens,
    Knob::Stop,
    Knob::EndOfText,
    Knob::WhenFull,
    Knob::TopNSigma,
    Knob::TypicalP,
    Knob::XtcProbability,
    Knob::XtcThreshold,
    Knob::DynatempRange,
    Knob::DynatempExponent,
    Knob::FrequencyPenalty,
    Knob::PresencePenalty,
    Knob::NoRepeatNgram,
];

impl Knob {
    /// Whether it is one of those that are out of the way until somebody turns to the panel or sets them.
    #[must_use]
    pub fn is_more(self) -> bool {
        KNOBS.iter().position(|&it| it == self) > KNOBS.iter().position(|&it| it == Self::WhenFull)
    }

    /// Whether it changes nothing where it stands.
    #[must_use]
    pub fn is_neutral(self, settings: &Settings) -> bool {
        let mut neutral = settings.clone();
        self.neutral(&mut neutral);
        neutral == *settings
    }

    /// Its name in the panel.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Temperature => "temp",
            Self::TopK => "top-k",
            Self::TopP => "top-p",
            Self::MinP => "min-p",
            Self::RepeatPenalty => "repeat",
            Self::RepeatLastN => "  window",
            Self::Order => "order",
            Self::Seed => "seed",
            Self::MaxTokens => "max new",
            Self::Stop => "stop",
            Self::EndOfText => "<|end|>",
            Self::WhenFull => "full ctx",
            Self::TopNSigma => "n-sigma",
            Self::TypicalP => "typical",
            Self::XtcProbability => "xtc",
            Self::XtcThreshold => "  thresh",
            Self::DynatempRange => "dyn-temp",
            Self::DynatempExponent => "  exp",
            Self::FrequencyPenalty => "freq pen",
            Self::PresencePenalty => "pres pen",
            Self::NoRepeatNgram => "no n-gram",
        }
    }

    /// Its value in words; neutral settings are `off`.
    #[must_use]
    pub fn show(self, settings: &Settings) -> String {
        let off_or = |off: bool, text: String| if off { "off".to_owned() } else { text };
        match self {
            Self::Preset => {
                let named = PRESETS.iter().find(|it| settings.matches(it));
                named.map_or("custom", |it| it.name).to_owned()
            }
            Self::Temperature if settings.temperature <= 0.0 => "greedy".to_owned(),
            Self::Temperature => {
                let text = trim(settings.temperature);
                if text == "1" { "1 off".to_owned() } else { text }
            }
            Self::TopK => off_or(settings.top_k == 0, settings.top_k.to_string()),
            Self::TopP => off_or(settings.top_p >= 1.0, trim(settings.top_p)),
            Self::MinP => off_or(settings.min_p <= 0.0, trim(settings.min_p)),
            Self::RepeatPenalty => {
                let text = trim(settings.repeat_penalty);
                off_or(text == "1", text)
            }
            Self::RepeatLastN => match settings.repeat_last_n {
                -1 => "all".to_owned(),
                0 => "off".to_owned(),
                n => n.to_string(),
            },
            Self::Order => settings.order.name().to_owned(),
            Self::TopNSigma => off_or(settings.top_n_sigma <= 0.0, trim(settings.top_n_sigma)),
            Self::TypicalP => off_or(settings.typical_p >= 1.0, trim(settings.typical_p)),
            Self::XtcProbability => off_or(settings.xtc_probability <= 0.0, trim(settings.xtc_probability)),
            Self::XtcThreshold => trim(settings.xtc_threshold),
            Self::DynatempRange => off_or(settings.dynatemp_range <= 0.0, trim(settings.dynatemp_range)),
            Self::DynatempExponent => trim(settings.dynatemp_exponent),
            Self::FrequencyPenalty => off_or(settings.frequency_penalty.abs() < 1e-6, trim(settings.frequency_penalty)),
            Self::PresencePenalty => off_or(settings.presence_penalty.abs() < 1e-6, trim(settings.presence_penalty)),
            Self::NoRepeatNgram => off_or(settings.no_repeat_ngram == 0, settings.no_repeat_ngram.to_string()),
            Self::Seed => settings.seed.to_string(),
            Self::MaxTokens => off_or(settings.max_tokens == 0, settings.max_tokens.to_string()),
            Self::Stop => off_or(settings.stop.is_empty(), show_stops(&settings.stop)),
            Self::EndOfText => match settings.end_of_text {
                EndOfText::Stop => "stop".to_owned(),
                EndOfText::Continue => "go on".to_owned(),
            },
            Self::WhenFull => match settings.when_full {
                WhenFull::Stop => "stop".to_owned(),
                WhenFull::Slide => "slide".to_owned(),
            },
        }
    }

    /// One line on what it does, for the foot of the panel.
    #[must_use]
    pub fn explain(self, settings: &Settings) -> &'static str {
        match self {
            Self::Preset => PRESETS.iter().find(|it| settings.matches(it)).map_or("your own mix", |it| it.what),
            Self::Temperature => "below 1 sharpens, above 1 flattens, 0 is greedy",
            Self::TopK => "only the k likeliest tokens",
            Self::TopP => "the likeliest that together hold this share",
            Self::MinP => "at least this share of the likeliest one",
            Self::RepeatPenalty => "makes recent tokens less likely",
            Self::RepeatLastN => "how many recent tokens it looks at",
            Self::Order => match settings.order {
                Order::LlamaCpp => "top-k, top-p, min-p, then temperature",
                Order::HuggingFace => "temperature, then top-k, top-p, min-p",
                Order::Own(_) => "your own; the chain below shows it",
            },
            Self::TopNSigma => "within so many standard deviations of the top",
            Self::TypicalP => "the share nearest to the expected surprise",
            Self::XtcProbability => "how often the likeliest are left out",
            Self::XtcThreshold => "how likely a token must be for that",
            Self::DynatempRange => "temperature moves so far with the entropy",
            Self::DynatempExponent => "how it follows: 1 in proportion",
            Self::FrequencyPenalty => "off a recent token's logit, each time",
            Self::PresencePenalty => "off a recent token's logit, once",
            Self::NoRepeatNgram => "no sequence of so many tokens twice",
            Self::Seed => "the dice: same seed, same throws",
            Self::MaxTokens => "stop after so many new tokens",
            Self::Stop => "stop at these strings, | between them",
            Self::EndOfText => "what <|endoftext|> does when drawn",
            Self::WhenFull => "slide forgets the oldest quarter",
        }
    }

    /// The share of its range it stands at, for a bar; `None` for what has no range.
    #[must_use]
    pub fn fraction(self, settings: &Settings) -> Option<f64> {
        let f = |value: f32| Some(f64::from(value).clamp(0.0, 1.0));
        match self {
            Self::Temperature => f(settings.temperature / 2.0),
            Self::TopP => f(settings.top_p),
            Self::MinP => f(settings.min_p),
            Self::TypicalP => f(settings.typical_p),
            Self::XtcProbability => f(settings.xtc_probability),
            Self::XtcThreshold => f(settings.xtc_threshold * 2.0),
            Self::RepeatPenalty => f(settings.repeat_penalty - 1.0),
            _ => None,
        }
    }

    /// Moves it by `steps`, ten times as far if `coarse`.
    pub fn turn(self, settings: &mut Settings, steps: i32, coarse: bool) {
        let n = if coarse { steps * 10 } else { steps };
        // In hundredths, so that a thousand steps there and back end where they began.
        let step = |value: f32, size: i32, low: i32, high: i32| {
            let hundredths = (value * 100.0).round() as i32;
            (hundredths + n * size).clamp(low, high) as f32 / 100.0
        };
        match self {
            Self::Preset => {
                let at = PRESETS.iter().position(|it| settings.matches(it));
                let count = PRESETS.len() as i32;
                let next = at.map_or(0, |it| (it as i32 + steps).rem_euclid(count));
                settings.apply(&PRESETS[next as usize]);
            }
            Self::Temperature => settings.temperature = step(settings.temperature, 5, 0, 1000),
            Self::TopK => settings.top_k = settings.top_k.saturating_add_signed(n).min(100_000),
            Self::TopP => settings.top_p = step(settings.top_p, 1, 0, 100),
            Self::MinP => settings.min_p = step(settings.min_p, 1, 0, 100),
            Self::RepeatPenalty => {
                settings.repeat_penalty = step(settings.repeat_penalty, 1, 50, 500);
            }
            Self::RepeatLastN => {
                settings.repeat_last_n = settings.repeat_last_n.saturating_add(n * 8).clamp(-1, 1 << 16);
                // From "all" upwards the next value is off, not 7.
                if settings.repeat_last_n < 8 && settings.repeat_last_n > 0 && n > 0 {
                    settings.repeat_last_n = 0;
                }
            }
            Self::Order => {
                settings.order = match settings.order {
                    Order::LlamaCpp => Order::HuggingFace,
                    Order::HuggingFace | Order::Own(_) => Order::LlamaCpp,
                }
            }
            Self::TopNSigma => settings.top_n_sigma = step(settings.top_n_sigma, 10, 0, 1000),
            Self::TypicalP => settings.typical_p = step(settings.typical_p, 1, 0, 100),
            Self::XtcProbability => settings.xtc_probability = step(settings.xtc_probability, 5, 0, 100),
            Self::XtcThreshold => settings.xtc_threshold = step(settings.xtc_threshold, 1, 0, 100),
            Self::DynatempRange => settings.dynatemp_range = step(settings.dynatemp_range, 5, 0, 500),
            Self::DynatempExponent => settings.dynatemp_exponent = step(settings.dynatemp_exponent, 10, 10, 1000),
            Self::FrequencyPenalty => settings.frequency_penalty = step(settings.frequency_penalty, 5, -200, 200),
            Self::PresencePenalty => settings.presence_penalty = step(settings.presence_penalty, 5, -200, 200),
            Self::NoRepeatNgram => {
                settings.no_repeat_ngram = settings.no_repeat_ngram.saturating_add_signed(n).min(100);
            }
            Self::Seed => settings.seed = settings.seed.wrapping_add_signed(i64::from(n)),
            Self::MaxTokens => {
                settings.max_tokens = settings.max_tokens.saturating_add_signed(n * 10).min(100_000);
            }
            Self::Stop => {}
            Self::EndOfText => {
                settings.end_of_text = match settings.end_of_text {
                    EndOfText::Stop => EndOfText::Continue,
                    EndOfText::Continue => EndOfText::Stop,
                }
            }
            Self::WhenFull => {
                settings.when_full = match settings.when_full {
                    WhenFull::Stop => WhenFull::Slide,
                    WhenFull::Slide => WhenFull::Stop,
                }
            }
        }
    }

    /// Puts it where it changes nothing.
    pub fn neutral(self, settings: &mut Settings) {
        match self {
            Self::Preset => settings.apply(&PRESETS[1]),
            Self::Temperature => settings.temperature = 1.0,
            Self::TopK => settings.top_k = 0,
            Self::TopP => settings.top_p = 1.0,
            Self::MinP => settings.min_p = 0.0,
            Self::RepeatPenalty => settings.repeat_penalty = 1.0,
            Self::RepeatLastN => settings.repeat_last_n = 0,
            Self::MaxTokens => settings.max_tokens = 0,
            Self::Stop => settings.stop.clear(),
            Self::Seed => settings.seed = 0,
            Self::Order => settings.order = Order::default(),
            Self::TopNSigma => settings.top_n_sigma = 0.0,
            Self::TypicalP => settings.typical_p = 1.0,
            Self::XtcProbability => settings.xtc_probability = 0.0,
            Self::XtcThreshold => settings.xtc_threshold = 0.1,
            Self::DynatempRange => settings.dynatemp_range = 0.0,
            Self::DynatempExponent => settings.dynatemp_exponent = 1.0,
            Self::FrequencyPenalty => settings.frequency_penalty = 0.0,
            Self::PresencePenalty => settings.presence_penalty = 0.0,
            Self::NoRepeatNgram => settings.no_repeat_ngram = 0,
            Self::EndOfText => settings.end_of_text = EndOfText::default(),
            Self::WhenFull => settings.when_full = WhenFull::default(),
        }
    }

    /// Whether a value can be typed for it.
    #[must_use]
    pub fn is_typed(self) -> bool {
        !matches!(self, Self::Order | Self::EndOfText | Self::WhenFull)
    }

    /// What to begin with when its value is typed anew.
    #[must_use]
    pub fn draft(self, settings: &Settings) -> String {
        match self {
            Self::Stop => show_stops(&settings.stop),
            _ => String::new(),
        }
    }

    /// Sets it to a value as typed.
    ///
    /// # Errors
    ///
    /// What the value must be, in words.
    pub fn set(self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let mut new = settings.clone();
        let text = text.trim();
        let number = |what: &str| format!("`{text}` is not {what}");
        match self {
            Self::Preset => {
                let named = crate::sample::preset(text).ok_or_else(|| {
                    let names: Vec<&str> = PRESETS.iter().map(|it| it.name).collect();
                    format!("the presets are {}", names.join(", "))
                })?;
                new.apply(named);
            }
            Self::Temperature => new.temperature = text.parse().map_err(|_| number("a number"))?,
            Self::TopK => new.top_k = text.parse().map_err(|_| number("a whole number"))?,
            Self::TopP => new.top_p = text.parse().map_err(|_| number("a number"))?,
            Self::MinP => new.min_p = text.parse().map_err(|_| number("a number"))?,
            Self::TopNSigma => new.top_n_sigma = text.parse().map_err(|_| number("a number"))?,
            Self::TypicalP => new.typical_p = text.parse().map_err(|_| number("a number"))?,
            Self::XtcProbability => new.xtc_probability = text.parse().map_err(|_| number("a number"))?,
            Self::XtcThreshold => new.xtc_threshold = text.parse().map_err(|_| number("a number"))?,
            Self::DynatempRange => new.dynatemp_range = text.parse().map_err(|_| number("a number"))?,
            Self::DynatempExponent => new.dynatemp_exponent = text.parse().map_err(|_| number("a number"))?,
            Self::FrequencyPenalty => new.frequency_penalty = text.parse().map_err(|_| number("a number"))?,
            Self::PresencePenalty => new.presence_penalty = text.parse().map_err(|_| number("a number"))?,
            Self::NoRepeatNgram => {
                new.no_repeat_ngram = text.parse().map_err(|_| number("a whole number"))?;
            }
            Self::RepeatPenalty => {
                new.repeat_penalty = text.parse().map_err(|_| number("a number"))?;
            }
            Self::RepeatLastN => {
                new.repeat_last_n = text.parse().map_err(|_| number("a whole number"))?;
            }
            Self::Seed => new.seed = text.parse().map_err(|_| number("a whole number"))?,
            Self::MaxTokens => {
                new.max_tokens = text.parse().map_err(|_| number("a whole number"))?;
            }
            Self::Stop => new.stop = parse_stops(text),
            Self::Order => new.order = text.parse()?,
            Self::EndOfText | Self::WhenFull => {}
        }
        new.check().map_err(|e| e.to_string())?;
        *settings = new;
        Ok(())
    }
}

/// A number without trailing zeros, two places at the most.
fn trim(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn show_stops(stops: &[String]) -> String {
    let shown = |it: &String| it.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('|', "\\|");
    stops.iter().map(shown).collect::<Vec<_>>().join("|")
}

fn parse_stops(text: &str) -> Vec<String> {
    let (mut stops, mut current) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '|' => stops.push(std::mem::take(&mut current)),
            '\\' => match characters.next() {
                Some('n') => current.push('\n'),
                Some('t') => current.push('\t'),
                Some(other) => current.push(other),
                None => current.push('\\'),
            },
            _ => current.push(c),
        }
    }
    stops.push(current);
    stops.retain(|it| !it.is_empty());
    stops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_values_are_shown_as_off() {
        let mut settings = Settings::default();
        for knob in KNOBS {
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
        for knob in KNOBS {
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
