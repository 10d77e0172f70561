//! What a person can set, and its neutral values.

use serde::{Deserialize, Serialize};

use super::parameters::is_one;
use super::{Bias, Order, Preset, Step};

/// What to do when a token that ends a text is drawn.
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
    /// What a token loses that would lengthen what was repeated (DRY), in logits; 0 is off.
    pub dry_multiplier: f32,
    /// By how much that grows with every token of the repetition.
    pub dry_base: f32,
    /// So many repeated tokens cost nothing yet.
    pub dry_allowed_length: u32,
    /// How many recent tokens DRY looks at; 0 is off, -1 is all of the text.
    pub dry_last_n: i32,
    /// Texts across which nothing counts as repeated.
    pub dry_breakers: Vec<String>,
    /// The surprise that mirostat 2 steers to, in bits; 0 is off.
    pub mirostat_tau: f32,
    /// How fast it steers: the share of the last error that is made good.
    pub mirostat_eta: f32,
    /// What is added to the logits of single tokens, by their text.
    pub bias: Vec<Bias>,
    /// Texts that are never finished.
    pub ban: Vec<String>,
    /// Steps that are switched off, whatever they are set to.
    pub off: Vec<Step>,
    /// The order of the steps.
    pub order: Order,
    /// Whether the last word of what was typed may still be finished: its last token is drawn again, among those that
    /// begin with its text.
    pub heal: bool,
    /// The dice. The same seed, settings and text give the same tokens.
    pub seed: u64,
    /// How many tokens to draw before stopping; 0 is no limit.
    pub max_tokens: u32,
    /// Strings that end the continuation; they are cut from it.
    pub stop: Vec<String>,
    /// What a token that ends a text does.
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
            dry_multiplier: 0.0,
            dry_base: 1.75,
            dry_allowed_length: 2,
            dry_last_n: -1,
            dry_breakers: ["\n", ":", "\"", "*"].map(str::to_owned).into(),
            mirostat_tau: 0.0,
            mirostat_eta: 0.1,
            bias: Vec::new(),
            ban: Vec::new(),
            off: Vec::new(),
            order: Order::LlamaCpp,
            heal: true,
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
        within("dry-multiplier", self.dry_multiplier, 0.0, 100.0, "between 0 and 100 (0 is off)")?;
        within("dry-base", self.dry_base, 1.0, 100.0, "between 1 and 100")?;
        within("mirostat-tau", self.mirostat_tau, 0.0, 100.0, "between 0 and 100 (0 is off)")?;
        within("mirostat-eta", self.mirostat_eta, 0.0, 1.0, "between 0 and 1")?;
        for bias in &self.bias {
            within("bias", bias.by, -100.0, 100.0, "TEXT=NUMBER with a number between -100 and 100")?;
        }
        for (name, n) in [("repeat-last-n", self.repeat_last_n), ("dry-last-n", self.dry_last_n)] {
            if n < -1 {
                let range = "-1 (all), 0 (off) or a number of tokens";
                return Err(SettingsError { name, value: n.to_string(), range });
            }
        }
        for (name, texts) in [("stop", &self.stop), ("ban", &self.ban), ("dry-breaker", &self.dry_breakers)] {
            if texts.iter().any(String::is_empty) {
                return Err(SettingsError { name, value: "\"\"".to_owned(), range: "at least one character long" });
            }
        }
        Ok(())
    }

    /// Whether a step changes nothing under these settings.
    #[must_use]
    pub fn is_neutral(&self, step: Step) -> bool {
        self.off.contains(&step) || self.is_set_neutral(step)
    }

    /// Whether a step would change nothing even if it were not switched off.
    #[must_use]
    pub fn is_set_neutral(&self, step: Step) -> bool {
        step.is_set_neutral(self)
    }

    /// Switches a step off, or on again.
    pub fn switch(&mut self, step: Step) {
        if let Some(at) = self.off.iter().position(|&it| it == step) {
            self.off.remove(at);
        } else {
            self.off.push(step);
            // In one order, so that equal settings are equal.
            self.off.sort_by_key(|it| Step::ALL.iter().position(|other| other == it));
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
        say(Step::Dry, &[("dry-multiplier", self.dry_multiplier), ("dry-base", self.dry_base)]);
        say(Step::Mirostat, &[("mirostat-tau", self.mirostat_tau), ("mirostat-eta", self.mirostat_eta)]);
        if self.dynatemp_range > 0.0 {
            more.extend([("dynatemp-range", self.dynatemp_range), ("dynatemp-exp", self.dynatemp_exponent)]);
        }
        more
    }

    /// The tail of `history` that the repetition penalty looks at.
    #[must_use]
    pub fn penalty_window<'a, T>(&self, history: &'a [T]) -> &'a [T] {
        last(history, self.repeat_last_n)
    }

    /// Takes over the chain of a preset, every other step of it neutral and none switched off; what is no step of the
    /// chain stays, and so does how a step works where it does something.
    pub fn apply(&mut self, preset: &Preset) {
        self.temperature = 1.0;
        self.top_k = 0;
        self.top_p = 1.0;
        self.min_p = 0.0;
        self.repeat_penalty = 1.0;
        self.repeat_last_n = 64;
        self.frequency_penalty = 0.0;
        self.presence_penalty = 0.0;
        self.no_repeat_ngram = 0;
        self.top_n_sigma = 0.0;
        self.typical_p = 1.0;
        self.xtc_probability = 0.0;
        self.dynatemp_range = 0.0;
        self.dry_multiplier = 0.0;
        self.mirostat_tau = 0.0;
        self.off.clear();
        (preset.chain)(self);
    }

    /// Whether the chain is that of a preset.
    #[must_use]
    pub fn matches(&self, preset: &Preset) -> bool {
        let mut other = self.clone();
        other.apply(preset);
        // The window does not matter where the penalty is off.
        if is_one(other.repeat_penalty) {
            other.repeat_last_n = self.repeat_last_n;
        }
        other == *self
    }

    /// Whether the chain does what no preset knows of: biases, bans, steps in an order of one's own or switched off.
    #[must_use]
    pub fn is_own(&self) -> bool {
        !self.bias.is_empty() || !self.ban.is_empty() || matches!(self.order, Order::Own(_)) || !self.off.is_empty()
    }
}

/// The last `n` of `history`; -1 is all of it.
pub(super) fn last<T>(history: &[T], n: i32) -> &[T] {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    &history[history.len().saturating_sub(n)..]
}

#[cfg(test)]
mod tests {
    use super::super::PRESETS;
    use super::*;

    #[test]
    fn the_default_is_the_first_preset() {
        assert!(Settings::default().matches(&PRESETS[0]));
        assert!(PRESETS[1..].iter().all(|it| !Settings::default().matches(it)));
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
    fn a_step_is_switched_off_and_on_and_keeps_its_value() {
        let mut settings = Settings::default();
        settings.switch(Step::Temperature);
        settings.switch(Step::TopP);
        assert!(settings.is_neutral(Step::TopP) && !settings.is_set_neutral(Step::TopP));
        assert_eq!((settings.top_p, settings.off.as_slice()), (0.9, &[Step::TopP, Step::Temperature][..]));
        settings.switch(Step::Temperature);
        settings.switch(Step::TopP);
        assert_eq!(settings, Settings::default());
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
