//! What a person can set, and its neutral values.

use super::{Parameter, Place, Step};

pub use super::parameters::Settings;

/// A setting that makes no sense, with the range that does.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}, but must be {range}")]
pub struct SettingsError {
    /// The setting's name on the command line, without dashes.
    pub name: &'static str,
    /// What was given.
    pub value: String,
    /// What is allowed, in words.
    pub range: String,
}

impl SettingsError {
    /// What must be instead, for where the name stands before it.
    #[must_use]
    pub fn without_name(&self) -> String {
        format!("must be {}, not {}", self.range, self.value)
    }
}

impl Settings {
    /// Checks every range.
    ///
    /// # Errors
    ///
    /// The first setting outside its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        Parameter::ALL.iter().try_for_each(|it| it.check(self))
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

    /// The values that say how a continuation is drawn: those that a person always wants to know, and those that do
    /// something; each with its name on the command line.
    #[must_use]
    pub fn described(&self) -> Vec<(&'static str, String)> {
        let told = |it: &Parameter| it.place() == Place::Panel || it.matters(self);
        let value = |it: Parameter| Some(it.written(self)).filter(|it| !it.is_empty()).unwrap_or_else(|| it.show(self));
        Parameter::ALL.iter().copied().filter(told).map(|it| (it.name(), value(it))).collect()
    }

    /// The tail of `history` that the repetition penalty looks at.
    #[must_use]
    pub fn penalty_window<'a, T>(&self, history: &'a [T]) -> &'a [T] {
        last(history, self.repeat_last_n)
    }
}

/// The last `n` of `history`; -1 is all of it.
pub(super) fn last<T>(history: &[T], n: i32) -> &[T] {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    &history[history.len().saturating_sub(n)..]
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::*;

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
