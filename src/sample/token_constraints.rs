//! Settings that name text, as token ids.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Settings, Step};
use crate::TokenId;
use crate::text::{EncodeError, Vocabulary};

/// What is added to the logit of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// The text, with its leading space if it has one.
    pub text: String,
    /// What is added, in logits.
    pub by: f32,
}

impl fmt::Display for Bias {
    /// As it is read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.text, self.by)
    }
}

impl FromStr for Bias {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=').filter(|it| !it.0.is_empty());
        let parsed = parts.and_then(|(text, by)| Some(Self { text: text.to_owned(), by: by.trim().parse().ok()? }));
        parsed.ok_or_else(|| format!("`{text}` is not TEXT=NUMBER, like ` moon=-2`"))
    }
}

impl Serialize for Bias {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Biases, bans and sequence breakers of settings, in the tokens of one vocabulary. The default knows none.
///
/// A bias of one token means that token; one of several means its last token where those before it were just written,
/// as Hugging Face's sequence bias does. A ban holds however a text is cut into tokens: every token is out that would
/// finish it.
#[derive(Clone, Debug, Default)]
pub struct TokenConstraints {
    vocabulary: Option<Arc<Vocabulary>>,
    /// What was resolved, to know when it must be done again.
    bias: Vec<Bias>,
    ban: Vec<String>,
    breakers: Vec<String>,
    biased: Vec<(Vec<TokenId>, f32)>,
    banned: Vec<Ban>,
    /// By token, (V,), whether it breaks sequences; empty where no step asks.
    breaks: Vec<bool>,
}

/// The tokens that finish a banned text.
#[derive(Clone, Debug)]
struct Ban {
    text: String,
    /// How many bytes of it must stand before, with the tokens that then finish it.
    endings: Vec<(usize, Vec<TokenId>)>,
}

impl TokenConstraints {
    /// No words at all.
    pub const NONE: Self = Self {
        vocabulary: None,
        bias: Vec::new(),
        ban: Vec::new(),
        breakers: Vec::new(),
        biased: Vec::new(),
        banned: Vec::new(),
        breaks: Vec::new(),
    };

    /// The words of `settings` in the vocabulary of `vocabulary`.
    #[must_use]
    pub fn of(settings: &Settings, vocabulary: &Arc<Vocabulary>) -> Self {
        let mut new = Self::default();
        new.follow(settings, vocabulary);
        new
    }

    /// Why a text that the settings name means nothing in a vocabulary; `None` if each of them does.
    ///
    /// What is only known by its spellings refuses nothing: no model draws with it.
    #[must_use]
    pub fn refusal(settings: &Settings, vocabulary: &Vocabulary) -> Option<String> {
        for Bias { text, .. } in &settings.bias {
            match vocabulary.encode(text) {
                Ok(it) => {
                    if let Some(it) = it.read_as {
                        return Some(format!("the bias of {text:?} cannot be kept to: {}", it.sentence()));
                    }
                }
                Err(EncodeError::NoEncoder) => {}
                Err(why) => return Some(format!("the bias of {text:?} cannot be kept to: {why}")),
            }
        }
        // A ban looks at bytes, so it holds for what the vocabulary would read otherwise, too.
        settings.ban.iter().find_map(|text| match vocabulary.encode(text) {
            Ok(_) | Err(EncodeError::NoEncoder) => None,
            Err(why) => Some(format!("the ban of {text:?} cannot be kept to: {why}")),
        })
    }

    /// Brings them up to date; costs nothing if the settings name the same texts as before.
    pub fn follow(&mut self, settings: &Settings, vocabulary: &Arc<Vocabulary>) {
        if !self.vocabulary.as_ref().is_some_and(|it| Arc::ptr_eq(it, vocabulary)) {
            *self = Self { vocabulary: Some(Arc::clone(vocabulary)), ..Self::default() };
        }
        if self.bias != settings.bias {
            self.bias.clone_from(&settings.bias);
            // What cannot be spelled was refused; it has no tokens.
            let tokens = |it: &Bias| Some((vocabulary.encode(&it.text).ok()?.tokens, it.by));
            self.biased = settings.bias.iter().filter_map(tokens).filter(|it| !it.0.is_empty()).collect();
        }
        if self.ban != settings.ban {
            self.ban.clone_from(&settings.ban);
            self.banned = settings.ban.iter().map(|text| Ban::new(text, vocabulary)).collect();
        }
        let breakers: &[String] = if settings.is_neutral(Step::Dry) { &[] } else { &settings.dry_breakers };
        if self.breakers != breakers {
            self.breakers = breakers.to_vec();
            let tokens = 0..vocabulary.len() as TokenId;
            let breaks = |token| breakers.iter().any(|text| contains(vocabulary.bytes(token), text.as_bytes()));
            self.breaks = if breakers.is_empty() { Vec::new() } else { tokens.map(breaks).collect() };
        }
    }

    /// By token, whether it breaks sequences.
    pub(super) fn breaks(&self) -> &[bool] {
        &self.breaks
    }

    /// Takes out every token that does not begin with `begun`, which a person has typed already; returns how many stay.
    pub(super) fn hold_to(&self, logits: &mut [f32], begun: &[u8]) -> usize {
        let Some(vocabulary) = &self.vocabulary else { return logits.len() };
        let mut left = 0;
        for (token, logit) in (0..).zip(logits) {
            if vocabulary.bytes(token).starts_with(begun) {
                left += 1;
            } else {
                *logit = f32::NEG_INFINITY;
            }
        }
        left
    }

    /// Applies biases and bans after `history`; returns how many logits it touched.
    pub(super) fn apply(&self, logits: &mut [f32], history: &[TokenId]) -> usize {
        let mut touched = 0;
        for (tokens, by) in &self.biased {
            let Some((last, before)) = tokens.split_last() else { continue };
            if history.ends_with(before)
                && let Some(logit) = logits.get_mut(*last as usize)
            {
                *logit += by;
                touched += 1;
            }
        }
        for ban in &self.banned {
            let before = self.bytes_before(history, ban.text.len());
            for (so_far, tokens) in &ban.endings {
                if !before.ends_with(&ban.text.as_bytes()[..*so_far]) {
                    continue;
                }
                for &token in tokens {
                    if let Some(logit) = logits.get_mut(token as usize).filter(|it| **it > f32::NEG_INFINITY) {
                        *logit = f32::NEG_INFINITY;
                        touched += 1;
                    }
                }
            }
        }
        touched
    }

    /// The last bytes of `history`, at least `n` where there are so many.
    fn bytes_before(&self, history: &[TokenId], n: usize) -> Vec<u8> {
        let Some(vocabulary) = &self.vocabulary else { return Vec::new() };
        let mut start = history.len();
        let mut length = 0;
        while start > 0 && length < n {
            start -= 1;
            length += vocabulary.bytes(history[start]).len();
        }
        history[start..].iter().flat_map(|&it| vocabulary.bytes(it)).copied().collect()
    }
}

impl Ban {
    fn new(text: &str, vocabulary: &Vocabulary) -> Self {
        let bytes = text.as_bytes();
        let ending = |so_far: usize| {
            let rest = &bytes[so_far..];
            let finishes = |token: &TokenId| {
                let token = vocabulary.bytes(*token);
                if so_far == 0 { contains(token, rest) } else { token.starts_with(rest) }
            };
            (so_far, (0..vocabulary.len() as TokenId).filter(finishes).collect())
        };
        Self { text: text.to_owned(), endings: (0..bytes.len()).map(ending).collect() }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|it| it == text)
}

#[cfg(test)]
mod tests;
