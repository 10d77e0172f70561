//! The words of a text, or the regions that it marks, as sums over their tokens.
//!
//! Most tokens that begin a word carry the space before it, so that a model says that a word is over with the token behind
//! it. The probability of a word is therefore that of its tokens and of the beginning of another word after them, given
//! that a word began.
//!
//! Source: Pimentel and Meister, *How to Compute the Probability of a Word* (arXiv 2406.14561); Oh and Schuler, *Leading
//! Whitespaces of Language Models' Subword Vocabulary Pose a Confound for Calculating Word Probabilities* (arXiv 2406.10851).

use std::f64::consts::LN_2;
use std::ops::Range;

use super::scorer::{Scored, Token};
use crate::TokenId;
use crate::sample::Luck;
use crate::text::Vocabulary;

/// A stretch of a text that is told as one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    /// Where it is in the text, without the space around it: in bytes, and in characters, from 0.
    pub(super) place: Range<usize>,
    pub(super) characters: Range<usize>,
    /// Its tokens, with the space before it.
    pub(super) tokens: Range<usize>,
    /// Whether its first token is one that can begin a word, and whether such a one, or the end of the text, is behind it.
    opened: bool,
    closed: bool,
    pub(super) figures: Figures,
}

/// What the model thought of a word; `None` where one of its tokens has no score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// The surprise of its tokens, in bits, and that of the word.
    pub(super) bits: Option<f64>,
    pub(super) corrected: Option<f64>,
    /// The surprise that a word begins where it does, and behind it, in bits.
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    /// Entropy before its first token, in bits, and that one's rank from 1.
    pub(super) entropy: Option<f64>,
    pub(super) rank: Option<u32>,
    /// How much likelier its tokens were than the model expected, in standard deviations of that.
    pub(super) z: Option<f64>,
}

/// Whether a token can begin a word: it begins with white space.
fn begins(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().next().and_then(|it| it.valid().chars().next()).is_some_and(char::is_whitespace)
}

/// The tokens that can begin a word, and those that end a text.
pub(super) fn beginnings(vocabulary: &Vocabulary) -> Vec<TokenId> {
    let ends = |id: TokenId| vocabulary.is_end(id) || vocabulary.begin() == Some(id);
    (0..vocabulary.len() as TokenId).filter(|&id| begins(vocabulary.bytes(id)) || ends(id)).collect()
}

/// The words of a text, its regions, or what is looked at of it, by their tokens.
pub(super) fn find(it: &Scored, vocabulary: &Vocabulary) -> Vec<Word> {
    let text = &it.item.text;
    let mut places = match (&it.item.target, &it.item.regions) {
        (Some(target), _) => match find_target(text, target.trim()) {
            Found::Once(it) | Found::First(it) | Found::Inside(it) => vec![it],
            Found::Nowhere => Vec::new(),
        },
        (None, Some(regions)) => regions.clone(),
        (None, None) => text.split_whitespace().map(|word| place_of(text, word)).collect(),
    };
    // A vocabulary may read a text otherwise than it stands.
    places.retain(|it: &Range<usize>| text.get(it.clone()).is_some());
    let starts = starts_of(text, it.tokens.iter().map(|it| it.byte));
    let can_begin = |at: usize| it.tokens.get(at).is_none_or(|it| begins(vocabulary.bytes(it.id)));
    let (mut seen, mut characters) = (0, 0);
    let word = |place: Range<usize>| {
        let before = seen.min(place.start);
        characters = if before < seen { 0 } else { characters } + text[before..place.start].chars().count();
        let start = characters;
        characters += text[place.clone()].chars().count();
        seen = place.end;
        let tokens = tokens_of(&starts, &place);
        Word {
            opened: !tokens.is_empty() && place.start > 0 && can_begin(tokens.start),
            closed: !tokens.is_empty() && can_begin(tokens.end),
            place,
            characters: start..characters,
            tokens,
            figures: Figures::default(),
        }
    };
    places.into_iter().map(word).collect()
}

/// Where the first character is that is no white space, of each token of a text, by the bytes at which the tokens begin.
pub(in crate::command) fn starts_of(text: &str, bytes: impl Iterator<Item = usize>) -> Vec<usize> {
    bytes.map(|from| text.get(from..).map_or(from, |it| text.len() - it.trim_start().len())).collect()
}

/// The tokens of the word at `place`, with the white space before it.
pub(in crate::command) fn tokens_of(starts: &[usize], place: &Range<usize>) -> Range<usize> {
    starts.partition_point(|it| *it < place.start)..starts.partition_point(|it| *it < place.end)
}

/// Where a part of a text is in it.
pub(in crate::command) fn place_of(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// Where a target is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// As words of its own, once.
    Once(Range<usize>),
    /// As words of its own, the first time of several.
    First(Range<usize>),
    /// In the middle of words only, the first time.
    Inside(Range<usize>),
    Nowhere,
}

/// Where a target is in a text: where it stands as words of its own, else where it first is.
pub(super) fn find_target(text: &str, target: &str) -> Found {
    let is_letter = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let is_whole = |at: &usize| {
        !is_letter(text[..*at].chars().next_back()) && !is_letter(text[*at + target.len()..].chars().next())
    };
    let place = |at: usize| at..at + target.len();
    let mut all = text.match_indices(target).map(|it| it.0);
    let mut whole = all.clone().filter(is_whole);
    match (whole.next(), whole.next()) {
        (Some(at), None) => Found::Once(place(at)),
        (Some(at), Some(_)) => Found::First(place(at)),
        (None, _) => all.next().map_or(Found::Nowhere, |at| Found::Inside(place(at))),
    }
}

/// The text without the `|` that part its regions, and where these are. White space around a `|` becomes one space.
pub(super) fn regions(marked: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut places) = (String::new(), Vec::new());
    for (at, part) in marked.split('|').enumerate() {
        let spaced = text.ends_with(char::is_whitespace) || part.starts_with(char::is_whitespace);
        if at > 0 && spaced {
            text.truncate(text.trim_end().len());
            text.extend((!text.is_empty()).then_some(' '));
        }
        let part = if at > 0 && spaced { part.trim_start() } else { part };
        let start = text.len() + part.len() - part.trim_start().len();
        text.push_str(part);
        places.push(start..text.trim_end().len().max(start));
    }
    (text, places)
}

/// The tokens before which a word begins or is over, by their index; one more than there are tokens.
pub(super) fn borders(words: &[Word], tokens: usize) -> Vec<bool> {
    let mut out = vec![false; tokens + 1];
    for it in words {
        out[it.tokens.start] |= it.opened;
        out[it.tokens.end] |= it.closed;
    }
    out
}

/// Adds up what is known of the tokens. `openings` are the natural logarithms of the probability that a word begins before
/// each token, and behind the last.
pub(super) fn weigh(it: &mut Scored, openings: &[f64]) {
    for word in &mut it.words {
        let tokens = &it.tokens[word.tokens.clone()];
        let border =
            |wanted: bool, at: usize| openings.get(at).filter(|it| wanted && !it.is_nan()).map(|it| -it / LN_2);
        let (before, after) = (border(word.opened, word.tokens.start), border(word.closed, word.tokens.end));
        word.figures = Figures { before, after, ..figures(tokens) };
        word.figures.corrected = word.figures.bits.map(|it| it + after.unwrap_or(0.0) - before.unwrap_or(0.0));
    }
}

fn figures(tokens: &[Token]) -> Figures {
    let Some(readings) = tokens.iter().map(|it| it.reading).collect::<Option<Vec<_>>>().filter(|it| !it.is_empty())
    else {
        return Figures::default();
    };
    let bits = readings.iter().map(|it| it.bits).sum::<f64>();
    let mut luck = Luck::default();
    tokens.iter().filter_map(|it| it.standing).for_each(|it| luck.add(it.lead, it.variance));
    Figures {
        bits: Some(bits),
        entropy: readings[0].score.entropy.map(f64::from),
        rank: Some(readings[0].score.rank + 1),
        z: luck.sigmas(),
        ..Figures::default()
    }
}

#[cfg(test)]
mod tests;
