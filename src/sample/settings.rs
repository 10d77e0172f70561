//! What a person can set, its neutral values, and the named presets.

use serde::{Deserialize, Serialize};

use super::{Order, Step};

/// What to do when `<|endoftext|>` is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndOfText {
    /// Stop there.
    #[default]
    Stop,
    /// Go on past it, into whatever the model thinks comes next.
    Continue,
}

/// What to do when the context is full. GPT-2's positions are learned and absolute: nothing can be shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// Stop there.
    #[default]
    Stop,
    /// Forget the oldest quarter of the context and read the rest again (a visible pause).
    Slide,
}

/// Everything that decides how a continuation is drawn.
///
/// Neutral values, which leave the model's own distribution alone: temperature 1, top-k 0, top-p 1, min-p 0,
/// penalty 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Divides the logits. Below 1 sharpens, above 1 flattens, 0 always takes the likeliest.
    pub temperature: f32,
    /// How many of the likeliest tokens stay; 0 is off.
    pub top_k: u32,
    /// The share of probability that stays; 1 is off.
    pub top_p: f32,
    /// The share of the likeliest token's probability that a token needs to stay; 0 is off.
    pub min_p: f32,
    /// Divides the positive and multiplies the negative logits of recent tokens; 1 is off.
    pub repeat_penalty: f32,
    /// How many recent tokens the penalty looks at; 0 is off, -1 is all of the context.
    pub repeat_last_n: i32,
    /// Taken off a recent token's logit for every time it was written; 0 is off.
    pub frequency_penalty: f32,
    /// Taken off a recent token's logit once; 0 is off.
    pub presence_penalty: f32,
    /// No sequence of so many tokens is written twice; 0 is off.
    pub no_repeat_ngram: u32,
    /// How many standard deviations below the largest logit a token may be; 0 is off.
    pub top_n_sigma: f32,
    /// The share of probability that stays, those of the most ordinary surprise first; 1 is off.
    pub typical_p: f32,
    /// How often the likeliest tokens are left out (XTC); 0 is off.
    pub xtc_probability: f32,
    /// How likely a token must be to be left out; over a half nothing is.
    pub xtc_threshold: f32,
    /// How far the temperature moves with the entropy, both ways; 0 is off.
    pub dynatemp_range: f32,
    /// How the temperature follows the entropy: 1 is in proportion.
    pub dynatemp_exponent: f32,
    /// The order of the steps.
    pub order: Order,
    /// The dice. The same seed, settings and text give the same tokens.
    pub seed: u64,
    /// How many tokens to draw before stopping; 0 is no limit.
    pub max_tokens: u32,
    /// Strings that end the continuation; they are cut from it.
    pub stop: Vec<String>,
    /// What `<|endoftext|>` does.
    pub end_of_text: EndOfText,
    /// What a full context does.
    pub when_full: WhenFull,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: 0,
            top_p: 0.9,
            min_p: 0.0,
            repeat_penalty: 1.1,
            repeat_last_n: 64,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            no_repeat_ngram: 0,
            top_n_sigma: 0.0,
            typical_p: 1.0,
            xtc_probability: 0.0,
            xtc_threshold: 0.1,
            dynatemp_range: 0.0,
            dynatemp_exponent: 1.0,
            order: Order::LlamaCpp,
            seed: 0,
            max_tokens: 200,
            stop: Vec::new(),
            end_of_text: EndOfText::Stop,
            when_full: WhenFull::Stop,
        }
    }
}

/// A setting that makes no sense, with the range that does.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}, but must be {range}")]
pub struct SettingsError {
    /// The setting's name on the command line, without dashes.
    pub name: &'static str,
    /// What was given.
    pub value: String,
    /// What is allowed, in words.
    pub range: &'static str,
}

impl Settings {
    /// Checks every range.
    ///
    /// # Errors
    ///
    /// The first setting outside its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let within = |name, value: f32, low: f32, high: f32, range| {
            if value >= low && value <= high {
                Ok(())
            } else {
                Err(SettingsError { name, value: value.to_string(), range })
            }
        };
        within("temp", self.temperature, 0.0, 100.0, "between 0 and 100")?;
        within("top-p", self.top_p, 0.0, 1.0, "between 0 and 1 (1 is off)")?;
        within("min-p", self.min_p, 0.0, 1.0, "between 0 and 1 (0 is off)")?;
        within("repeat-penalty", self.repeat_penalty, 0.01, 100.0, "between 0.01 and 100 (1 is off)")?;
        within("frequency-penalty", self.frequency_penalty, -10.0, 10.0, "between -10 and 10 (0 is off)")?;
        within("presence-penalty", self.presence_penalty, -10.0, 10.0, "between -10 and 10 (0 is off)")?;
        within("top-n-sigma", self.top_n_sigma, 0.0, 100.0, "between 0 and 100 (0 is off)")?;
        within("typical", self.typical_p, 0.0, 1.0, "between 0 and 1 (1 is off)")?;
        within("xtc-probability", self.xtc_probability, 0.0, 1.0, "between 0 and 1 (0 is off)")?;
        within("xtc-threshold", self.xtc_threshold, 0.0, 1.0, "between 0 and 1 (over 0.5 is off)")?;
        within("dynatemp-range", self.dynatemp_range, 0.0, 100.0, "between 0 and 100 (0 is off)")?;
        within("dynatemp-exp", self.dynatemp_exponent, 0.01, 100.0, "between 0.01 and 100")?;
        if self.repeat_last_n < -1 {
            return Err(SettingsError {
                name: "repeat-last-n",
                value: self.repeat_last_n.to_string(),
                range: "-1 (all), 0 (off) or a number of tokens",
            });
        }
        if self.stop.iter().any(String::is_empty) {
            return Err(SettingsError { name: "stop", value: "\"\"".to_owned(), range: "at least one character long" });
        }
        Ok(())
    }

    /// Whether a step changes nothing under these settings.
    #[must_use]
    pub fn is_neutral(&self, step: Step) -> bool {
        match step {
            Step::RepeatPenalty => is_one(self.repeat_penalty) || self.repeat_last_n == 0,
            Step::FrequencyPresence => {
                let off = self.frequency_penalty.abs() < 1e-6 && self.presence_penalty.abs() < 1e-6;
                off || self.repeat_last_n == 0
            }
            Step::NoRepeatNgram => self.no_repeat_ngram == 0,
            Step::TopNSigma => self.top_n_sigma <= 0.0,
            Step::Typical => self.typical_p >= 1.0,
            Step::Xtc => self.xtc_probability <= 0.0 || self.xtc_threshold > 0.5,
            Step::Temperature => is_one(self.temperature) && self.dynatemp_range <= 0.0,
            Step::TopK => self.top_k == 0,
            Step::TopP => self.top_p >= 1.0,
            Step::MinP => self.min_p <= 0.0,
        }
    }

    /// The samplers that are off by default and are not now, by the names of the command line.
    #[must_use]
    pub fn more(&self) -> Vec<(&'static str, f32)> {
        let mut more = Vec::new();
        let mut say = |step, named: &[(&'static str, f32)]| {
            if !self.is_neutral(step) {
                more.extend_from_slice(named);
            }
        };
        let Self { frequency_penalty, presence_penalty, .. } = *self;
        say(
            Step::FrequencyPresence,
            &[("frequency-penalty", frequency_penalty), ("presence-penalty", presence_penalty)],
        );
        say(Step::NoRepeatNgram, &[("no-repeat-ngram", self.no_repeat_ngram as f32)]);
        say(Step::TopNSigma, &[("top-n-sigma", self.top_n_sigma)]);
        say(Step::Typical, &[("typical", self.typical_p)]);
        say(Step::Xtc, &[("xtc-probability", self.xtc_probability), ("xtc-threshold", self.xtc_threshold)]);
        if self.dynatemp_range > 0.0 {
            more.extend([("dynatemp-range", self.dynatemp_range), ("dynatemp-exp", self.dynatemp_exponent)]);
        }
        more
    }

    /// The tail of `history` that the repetition penalty looks at.
    #[must_use]
    pub fn penalty_window<'a, T>(&self, history: &'a [T]) -> &'a [T] {
        let n = usize::try_from(self.repeat_last_n).unwrap_or(usize::MAX);
        &history[history.len().saturating_sub(n)..]
    }

    /// Takes over the chain of a preset; seed, limits and stop strings stay.
    pub fn apply(&mut self, preset: &Preset) {
        self.temperature = preset.temperature;
        self.top_k = preset.top_k;
        self.top_p = preset.top_p;
        self.min_p = preset.min_p;
        self.repeat_penalty = preset.repeat_penalty;
        self.repeat_last_n = 64;
        let neutral = Self::default();
        self.frequency_penalty = neutral.frequency_penalty;
        self.presence_penalty = neutral.presence_penalty;
        self.no_repeat_ngram = preset.no_repeat_ngram;
        self.top_n_sigma = neutral.top_n_sigma;
        self.typical_p = neutral.typical_p;
        self.xtc_probability = neutral.xtc_probability;
        self.dynatemp_range = neutral.dynatemp_range;
    }

    /// Whether the chain is that of a preset.
    #[must_use]
    pub fn matches(&self, preset: &Preset) -> bool {
        let mut other = self.clone();
        other.apply(preset);
        // The window does not matter where the penalty is off.
        if is_one(preset.repeat_penalty) {
            other.repeat_last_n = self.repeat_last_n;
        }
        other == *self
    }
}

fn is_one(value: f32) -> bool {
    (value - 1.0).abs() < 1e-6
}

/// A named chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The name on the command line and in the panel.
    pub name: &'static str,
    /// One line on what it is for.
    pub what: &'static str,
    /// See [`Settings::temperature`].
    pub temperature: f32,
    /// See [`Settings::top_k`].
    pub top_k: u32,
    /// See [`Settings::top_p`].
    pub top_p: f32,
    /// See [`Settings::min_p`].
    pub min_p: f32,
    /// See [`Settings::repeat_penalty`].
    pub repeat_penalty: f32,
    /// See [`Settings::no_repeat_ngram`].
    pub no_repeat_ngram: u32,
}

const RAW: Preset = Preset {
    name: "raw",
    what: "the model's own distribution, nothing cut",
    temperature: 1.0,
    top_k: 0,
    top_p: 1.0,
    min_p: 0.0,
    repeat_penalty: 1.0,
    no_repeat_ngram: 0,
};

/// The presets, in the order in which the panel offers them.
pub const PRESETS: [Preset; 8] = [
    Preset {
        name: "steady",
        what: "calm and coherent; the default",
        temperature: 0.7,
        top_p: 0.9,
        repeat_penalty: 1.1,
        ..RAW
    },
    RAW,
    Preset { name: "gpt2", what: "top-k 40, as OpenAI sampled GPT-2", top_k: 40, ..RAW },
    Preset { name: "nucleus", what: "the likeliest nine tenths", top_p: 0.9, ..RAW },
    Preset { name: "minp", what: "cut only what is unlikely beside the likeliest", min_p: 0.05, ..RAW },
    Preset { name: "wild", what: "hot, with a floor", temperature: 1.6, min_p: 0.1, ..RAW },
    Preset {
        name: "noloop",
        what: "steady, and no four tokens twice",
        temperature: 0.7,
        top_p: 0.9,
        repeat_penalty: 1.1,
        no_repeat_ngram: 4,
        ..RAW
    },
    Preset { name: "greedy", what: "always the likeliest token", temperature: 0.0, ..RAW },
];

/// The preset of that name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_first_preset() {
        assert!(Settings::default().matches(&PRESETS[0]));
        assert!(!Settings::default().matches(&RAW));
    }

    #[test]
    fn ranges() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().map_err(|e| e.name)
        };
        for (why, got, expected) in [
            ("default", with(|_| ()), Ok(())),
            ("greedy", with(|s| s.temperature = 0.0), Ok(())),
            ("negative temperature", with(|s| s.temperature = -0.1), Err("temp")),
            ("no number", with(|s| s.temperature = f32::NAN), Err("temp")),
            ("infinite", with(|s| s.temperature = f32::INFINITY), Err("temp")),
            ("top-p over 1", with(|s| s.top_p = 1.01), Err("top-p")),
            ("min-p below 0", with(|s| s.min_p = -0.01), Err("min-p")),
            ("penalty 0", with(|s| s.repeat_penalty = 0.0), Err("repeat-penalty")),
            ("whole context", with(|s| s.repeat_last_n = -1), Ok(())),
            ("window -2", with(|s| s.repeat_last_n = -2), Err("repeat-last-n")),
            ("empty stop string", with(|s| s.stop = vec![String::new()]), Err("stop")),
        ] {
            assert_eq!(got, expected, "{why}");
        }
    }

    #[test]
    fn the_penalty_window_is_the_tail() {
        let with = |n| Settings { repeat_last_n: n, ..Settings::default() }.penalty_window(&[1, 2, 3]).to_vec();
        assert_eq!(with(2), [2, 3]);
        assert_eq!(with(9), [1, 2, 3]);
        assert_eq!(with(-1), [1, 2, 3]);
        assert_eq!(with(0), [] as [i32; 0]);
    }

    #[test]
    fn settings_read_back_what_they_wrote_and_take_defaults_for_what_is_absent() {
        let settings = Settings { order: Order::HuggingFace, seed: u64::MAX, ..Settings::default() };
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
    }
}
