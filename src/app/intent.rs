//! What the user wants, said by name instead of by a key.

use super::keymap::Action;
use super::knobs::{KNOBS, Knob};
use super::text::Heat;
use crate::TokenId;
use crate::sample::Settings;

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// What a key would do.
    Act(Action),
    /// Set a control to a value as typed.
    Set(Knob, String),
    /// Turn to a control.
    Pick(Knob),
    /// Add a text, and go on from there.
    Send(String),
    /// Turn to the token at a position; that after the last one is the token not drawn yet.
    Point(usize),
    /// Put a token there and go on.
    Take(TokenId),
    /// Go to the end of the branch that begins with a run of the tree.
    Branch(usize),
    /// Look at the text by this.
    Heat(Heat),
    /// Look for a token that contains this.
    Find(String),
    /// Draw columns under the settings of now and these; without any, as the key does.
    Compare(Vec<Settings>),
    /// Draw the columns again with the same dice instead of their own ones, or the other way round.
    SameDice,
    /// Draw them with other dice.
    OtherDice,
    /// Go on with a column, or with its first word alone.
    Keep(usize, Length),
    /// Keep every column as a branch.
    KeepAll,
    /// A way out of a loop.
    WayOut(WayOut),
    /// Close what lies over the text.
    Close,
    /// Download the 345M model.
    Download,
    /// Import a checkpoint from a path.
    Import(String),
    /// Do with the demo, and ask no more.
    DemoOnly,
    /// Go over to the model that is ready.
    SwitchModel,
    /// End what the installer does.
    StopInstall,
}

/// A way out of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Back there, and on with what breaks repetitions.
    Differently,
    /// Back there.
    Back,
    /// On, and no more questions.
    On,
    /// As it is.
    Leave,
}

/// How much of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// All that was drawn.
    Whole,
    /// The first word.
    Word,
}

/// Sets a control to a value as typed: a number, `off`, or one of its words.
///
/// # Errors
///
/// What the value must be, in words.
pub fn set_knob(knob: Knob, settings: &mut Settings, text: &str) -> Result<(), String> {
    let text = text.trim();
    // An order is a word or a list of steps.
    if knob.is_typed() || knob == Knob::Order && text != "off" {
        if text == "off" {
            knob.neutral(settings);
            return Ok(());
        }
        return knob.set(settings, text);
    }
    // It has a few words and goes round them.
    let (mut turned, mut words) = (settings.clone(), Vec::new());
    loop {
        let word = knob.show(&turned);
        if word == text {
            *settings = turned;
            return Ok(());
        }
        words.push(word);
        knob.turn(&mut turned, 1, false);
        if words.contains(&knob.show(&turned)) {
            words.sort();
            return Err(format!("`{text}` is none of: {}", words.join(", ")));
        }
    }
}

/// The control of that name; a few people say otherwise.
#[must_use]
pub(super) fn knob_named(word: &str) -> Option<Knob> {
    let word = if word == "temperature" { "temp" } else { word };
    KNOBS.iter().copied().find(|it| it.word() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_has_a_word_of_its_own() {
        let words: Vec<&str> = KNOBS.iter().map(|it| it.word()).collect();
        for (index, word) in words.iter().enumerate() {
            assert!(!word.is_empty() && !word.contains(' ') && !words[..index].contains(word), "{word}");
            assert_eq!(knob_named(word), Some(KNOBS[index]));
        }
        assert_eq!(knob_named("temperature"), Some(Knob::Temperature));
    }

    #[test]
    fn values_are_numbers_or_words() {
        let mut settings = Settings::default();
        for (knob, value, shown) in [
            (Knob::Temperature, "0.9", "0.9"),
            (Knob::TopP, "off", "off"),
            (Knob::Order, "hf", "hf"),
            (Knob::EndOfText, "go on", "go on"),
            (Knob::WhenFull, "slide", "slide"),
            (Knob::WhenFull, "slide", "slide"),
        ] {
            set_knob(knob, &mut settings, value).unwrap();
            assert_eq!(knob.show(&settings), shown);
        }
        let before = settings.clone();
        let error = set_knob(Knob::Order, &mut settings, "random").unwrap_err();
        assert!(error.contains("`random` is no step of the chain"), "{error}");
        set_knob(Knob::Order, &mut settings.clone(), "top-p,temperature").unwrap();
        assert!(set_knob(Knob::WhenFull, &mut settings, "x").unwrap_err().contains("none of: slide, stop"));
        assert!(set_knob(Knob::Temperature, &mut settings, "hot").is_err());
        assert_eq!(settings, before);
    }
}
