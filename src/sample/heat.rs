//! The levels by which tokens are coloured.

use super::Score;

/// What the text is coloured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heat {
    /// Nothing.
    #[default]
    Off,
    /// How improbable the model found each token, in bits.
    Surprise,
    /// How open the choice was, in bits.
    Entropy,
    /// How unlike the probabilities of the choice were: the variance of the surprise, in bits squared.
    Varentropy,
    /// The token's place among the model's candidates.
    Rank,
    /// Whether the settings of now would have allowed it.
    Cut,
}

/// A level of heat: 0 is cold, 4 is hot.
pub type Level = usize;

impl Heat {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Off => Self::Surprise,
            Self::Surprise => Self::Entropy,
            Self::Entropy => Self::Varentropy,
            Self::Varentropy => Self::Rank,
            Self::Rank => Self::Cut,
            Self::Cut => Self::Off,
        }
    }

    /// What it shows, in a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Surprise => "surprise, bits",
            Self::Entropy => "entropy, bits",
            Self::Varentropy => "varentropy, bits^2",
            Self::Rank => "rank",
            Self::Cut => "cut by these settings",
        }
    }

    /// The upper ends of the levels but the last.
    #[must_use]
    pub fn limits(self) -> [f32; 4] {
        match self {
            Self::Surprise => [1.0, 3.0, 6.0, 10.0],
            Self::Entropy => [1.0, 2.5, 4.0, 6.0],
            Self::Varentropy => [2.0, 5.0, 10.0, 15.0],
            // GLTR's buckets: the likeliest, 10, 100, 1,000.
            Self::Rank => [1.0, 10.0, 100.0, 1000.0],
            Self::Off | Self::Cut => [0.0; 4],
        }
    }

    /// The level of a token, the varentropy of its place beside it where that is known.
    #[must_use]
    pub fn level(self, score: &Score, varentropy: Option<f32>) -> Option<Level> {
        let value = match self {
            Self::Surprise => score.bits(),
            Self::Entropy => score.entropy?,
            Self::Varentropy => varentropy?,
            // Places are counted from 1 on the screen; limits are inclusive there.
            Self::Rank => score.rank as f32 + 0.5,
            Self::Off | Self::Cut => return None,
        };
        Some(self.limits().iter().take_while(|&&limit| value >= limit).count())
    }
}

#[cfg(test)]
mod tests;
