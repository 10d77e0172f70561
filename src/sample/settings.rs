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
mod tests;
