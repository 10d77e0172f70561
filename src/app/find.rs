//! A search through the whole vocabulary: which tokens contain a text, and how likely each is to come next.

use super::Input;
use super::next::Next;
use super::state::App;
use crate::TokenId;
use crate::sample::{Distribution, Row};
use crate::text::Vocabulary;

/// Lines that are kept of what was found.
const MOST: usize = 200;

/// One token that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Which token.
    pub token: TokenId,
    /// Its probabilities, and its place by the model, 1 for the likeliest; `None` while the model has said nothing.
    pub scores: Option<(Row, usize)>,
}

/// The state of the search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// What is typed.
    pub input: Input,
    /// Scrolled by so many lines.
    pub top: usize,
    /// The likeliest of what was found, likeliest first.
    pub found: Vec<Found>,
    /// How many were found.
    pub count: usize,
}

impl Find {
    /// Searches anew. The model is not asked: its scores of the next token are known.
    pub(super) fn refresh(&mut self, app: &App) {
        let mut tokens = matches(app.vocabulary(), self.input.text());
        self.count = tokens.len();
        let Some((next, distribution)) = app.next.as_ref().and_then(|it| Some((it, distribution(app, it)?))) else {
            tokens.truncate(MOST);
            self.found = tokens.into_iter().map(|token| Found { token, scores: None }).collect();
            return;
        };
        let logits = &next.logits;
        tokens.retain(|&it| (it as usize) < logits.len());
        // Equal scores stay in the order of the vocabulary.
        tokens.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
        tokens.truncate(MOST);
        let mut falling = logits.to_vec();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let rank = |token: TokenId| 1 + falling.partition_point(|&it| it > logits[token as usize]);
        let found = |token| Found { token, scores: Some((distribution.row(logits, token), rank(token))) };
        self.found = tokens.into_iter().map(found).collect();
    }
}

fn distribution(app: &App, next: &Next) -> Option<Distribution> {
    let tokens = app.document.tokens();
    Distribution::new(&next.logits, &app.context(&tokens, tokens.len(), &app.words), &app.settings).ok()
}

/// The tokens whose text contains `wanted`; none for nothing. Capitals count only if there are some in it.
fn matches(vocabulary: &Vocabulary, wanted: &str) -> Vec<TokenId> {
    // As tokens are shown, so they can be typed.
    let wanted = wanted.replace('␣', " ").replace("\\n", "\n");
    if wanted.is_empty() {
        return Vec::new();
    }
    let exact = wanted.chars().any(char::is_uppercase);
    let lower = wanted.to_lowercase();
    let fits = |token: &TokenId| {
        // A part of a character is no text.
        let Ok(text) = std::str::from_utf8(vocabulary.bytes(*token)) else { return false };
        if exact { text.contains(&wanted) } else { text.to_lowercase().contains(&lower) }
    };
    (0..vocabulary.len() as TokenId).filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets;

    #[test]
    fn tokens_are_found_by_what_they_show() {
        let vocabulary = assets::vocabulary();
        let texts = |wanted: &str| -> Vec<String> {
            matches(&vocabulary, wanted).into_iter().map(|it| vocabulary.decode(&[it])).collect()
        };
        let moons = texts("moon");
        for expected in [" moon", "moon", "Moon", " Moon", " moons"] {
            assert!(moons.contains(&expected.to_owned()), "{expected} in {moons:?}");
        }
        assert!(texts("Moon").iter().all(|it| it.contains("Moon")), "a capital is meant");
        for spaced in ["␣moon", " moon"] {
            let found = texts(spaced);
            assert!(found.contains(&" moon".to_owned()) && !found.contains(&"moon".to_owned()), "{found:?}");
        }
        assert!(texts("\\n").contains(&"\n".to_owned()));
        assert_eq!(texts(""), [""; 0]);
        assert_eq!(texts("no token is this long"), [""; 0]);
    }
}
