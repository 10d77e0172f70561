//! Kinds of controls: how a value of each is shown, turned, read and made neutral.

use crate::sample::{Bias, Order, PRESETS, Settings, preset, preset_names};

/// How a control works.
pub(super) enum Kind {
    Preset,
    Order,
    Seed,
    Number(Number),
    Count(Count),
    Texts(Texts),
    Word(Word),
}

/// A number that is turned in hundredths.
pub(super) struct Number {
    pub get: fn(&Settings) -> f32,
    pub set: fn(&mut Settings, f32),
    /// One step, in hundredths.
    pub step: i32,
    /// The ends of the range, in hundredths.
    pub range: (i32, i32),
    pub neutral: f32,
    /// Whether the neutral value is off.
    pub has_off: bool,
    /// Where its bar is empty and where it is full; the same where there is none.
    pub bar: (f32, f32),
}

/// A whole number. At 0 it is off, at -1 all, where its range has that.
pub(super) struct Count {
    pub get: fn(&Settings) -> i64,
    pub set: fn(&mut Settings, i64),
    pub step: i64,
    pub range: (i64, i64),
    pub neutral: i64,
}

/// A list of texts, and the way to set it from one line.
pub(super) struct Texts {
    pub get: fn(&Settings) -> Vec<String>,
    pub set: fn(&mut Settings, Vec<String>) -> Result<(), String>,
    pub neutral: fn(&mut Settings),
}

/// One of a few words.
pub(super) struct Word {
    pub get: fn(&Settings) -> &'static str,
    /// On to the next one.
    pub next: fn(&mut Settings),
    /// The first one.
    pub neutral: fn(&mut Settings),
}

impl Texts {
    pub(super) fn of(&self, settings: &Settings) -> Vec<String> {
        (self.get)(settings)
    }
}

impl Kind {
    pub(super) fn show(&self, settings: &Settings) -> String {
        let off_or = |off: bool, text: String| if off { "off".to_owned() } else { text };
        match self {
            Self::Preset => {
                let named = PRESETS.iter().find(|it| settings.matches(it));
                named.map_or("custom", |it| it.name).to_owned()
            }
            Self::Order => settings.order.name().to_owned(),
            Self::Seed => settings.seed.to_string(),
            Self::Number(it) => {
                let value = (it.get)(settings);
                off_or(it.has_off && (value - it.neutral).abs() < 1e-6, trim(value))
            }
            Self::Count(it) => match (it.get)(settings) {
                -1 => "all".to_owned(),
                value => off_or(value == 0, value.to_string()),
            },
            Self::Texts(it) => {
                let texts = it.of(settings);
                off_or(texts.is_empty(), show_texts(&texts))
            }
            Self::Word(it) => (it.get)(settings).to_owned(),
        }
    }

    pub(super) fn fraction(&self, settings: &Settings) -> Option<f64> {
        let Self::Number(Number { get, bar: (empty, full), .. }) = self else { return None };
        (full > empty).then(|| f64::from((get(settings) - empty) / (full - empty)).clamp(0.0, 1.0))
    }

    /// Moves it by `steps` times `factor`; what goes round a few words takes single steps.
    pub(super) fn turn(&self, settings: &mut Settings, steps: i32, factor: i32) {
        let n = steps * factor;
        match self {
            Self::Preset => {
                let at = PRESETS.iter().position(|it| settings.matches(it));
                let next = at.map_or(0, |it| (it as i32 + steps).rem_euclid(PRESETS.len() as i32));
                settings.apply(&PRESETS[next as usize]);
            }
            Self::Order => {
                settings.order = match settings.order {
                    Order::LlamaCpp => Order::HuggingFace,
                    Order::HuggingFace | Order::Own(_) => Order::LlamaCpp,
                }
            }
            Self::Seed => settings.seed = settings.seed.wrapping_add_signed(i64::from(n)),
            Self::Number(it) => {
                // In hundredths, so that a thousand steps there and back end where they began.
                let hundredths = ((it.get)(settings) * 100.0).round() as i32;
                let turned = hundredths.saturating_add(n * it.step).clamp(it.range.0, it.range.1);
                (it.set)(settings, turned as f32 / 100.0);
            }
            Self::Count(it) => {
                let value = (it.get)(settings);
                // From "all" upwards the next value is off.
                let turned = if value == -1 && n > 0 { 0 } else { value + i64::from(n) * it.step };
                (it.set)(settings, turned.clamp(it.range.0, it.range.1));
            }
            Self::Texts(_) => {}
            Self::Word(it) => (it.next)(settings),
        }
    }

    pub(super) fn neutral(&self, settings: &mut Settings) {
        match self {
            Self::Preset => settings.apply(preset("raw").unwrap_or(&PRESETS[0])),
            Self::Order => settings.order = Order::default(),
            Self::Seed => settings.seed = 0,
            Self::Number(it) => (it.set)(settings, it.neutral),
            Self::Count(it) => (it.set)(settings, it.neutral),
            Self::Texts(it) => (it.neutral)(settings),
            Self::Word(it) => (it.neutral)(settings),
        }
    }

    pub(super) fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let word = text.trim();
        let whole = || format!("`{word}` is not a whole number");
        match self {
            Self::Preset => {
                settings.apply(preset(word).ok_or_else(|| format!("the presets are {}", preset_names()))?);
            }
            Self::Order => settings.order = word.parse()?,
            Self::Seed => settings.seed = word.parse().map_err(|_| whole())?,
            Self::Number(it) => (it.set)(settings, word.parse().map_err(|_| format!("`{word}` is not a number"))?),
            Self::Count(it) => {
                let value: i64 = word.parse().map_err(|_| whole())?;
                let (low, high) = it.range;
                if value < low || value > high {
                    return Err(format!("`{word}` is not between {low} and {high}"));
                }
                (it.set)(settings, value);
            }
            Self::Texts(it) => (it.set)(settings, parse_texts(text))?,
            Self::Word(_) => {}
        }
        Ok(())
    }
}

/// A number without trailing zeros, two places at the most.
fn trim(value: f32) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The biases that `texts` say.
pub(super) fn biases(texts: &[String]) -> Result<Vec<Bias>, String> {
    texts.iter().map(|it| it.parse()).collect()
}

/// Texts in one line, `|` between them.
pub(super) fn show_texts(texts: &[String]) -> String {
    let shown = |it: &String| it.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('|', "\\|");
    texts.iter().map(shown).collect::<Vec<_>>().join("|")
}

fn parse_texts(text: &str) -> Vec<String> {
    let (mut texts, mut current) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '|' => texts.push(std::mem::take(&mut current)),
            '\\' => match characters.next() {
                Some('n') => current.push('\n'),
                Some('t') => current.push('\t'),
                Some(other) => current.push(other),
                None => current.push('\\'),
            },
            _ => current.push(c),
        }
    }
    texts.push(current);
    texts.retain(|it| !it.is_empty());
    texts
}
