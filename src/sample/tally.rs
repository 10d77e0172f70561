//! A text as the model finds it: how surprising each token is, and what that comes to.

use super::Score;
use super::score::{Sums, bits};
use crate::TokenId;

/// The ranks that each bucket holds, the likeliest being 1.
pub const RANKS: [&str; 4] = ["1-10", "11-100", "101-1000", "over 1000"];

/// How many of the likeliest tokens the first three buckets of ranks go up to; the fourth has no end.
///
/// Source: Gehrmann et al., *GLTR: Statistical Detection and Visualization of Generated Text* (2019).
pub const BUCKETS: [u32; 3] = [10, 100, 1000];

/// The bucket of a rank, 0 to 3. Ranks count from 0.
#[must_use]
pub fn bucket(rank: u32) -> usize {
    BUCKETS.iter().take_while(|&&end| rank >= end).count()
}

/// One token of a text, as the model found it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What the model thought of it.
    pub score: Score,
    /// Its surprise in bits, also where its probability is too small to be written down.
    pub bits: f64,
    /// What the model thought likeliest.
    pub expected: TokenId,
    /// How likely that was.
    pub expected_p: f32,
}

impl Reading {
    /// Of `token` under the model's `logits`, (V,); `None` if the token is none of theirs or they are no scores.
    #[must_use]
    pub fn new(logits: &[f32], token: TokenId) -> Option<Self> {
        let Sums { score, log_p, largest, log_sum_exp } = Sums::new(logits, token)?;
        let expected = logits.iter().position(|&it| it >= largest)?;
        Some(Self {
            score,
            bits: bits(log_p),
            expected: expected as TokenId,
            expected_p: (f64::from(largest) - log_sum_exp).exp() as f32,
        })
    }
}

/// What the tokens of a text come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many were scored.
    pub tokens: usize,
    /// Their surprise, in bits.
    pub bits: f64,
    /// The bytes that the tokens stand for.
    pub bytes: usize,
    /// Their characters; one that is cut between tokens belongs to the first.
    pub characters: usize,
    /// How many were the likeliest of all.
    pub likeliest: usize,
    /// How many there are in each bucket of ranks.
    pub buckets: [usize; 4],
}

impl Tally {
    /// Counts a token in.
    pub fn add(&mut self, bits: f64, rank: u32, bytes: &[u8]) {
        self.tokens += 1;
        self.bits += bits;
        self.bytes += bytes.len();
        self.characters += bytes.iter().filter(|&&it| begins_character(it)).count();
        self.likeliest += usize::from(rank == 0);
        self.buckets[bucket(rank)] += 1;
    }

    /// Counts another text in.
    pub fn merge(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.bits += other.bits;
        self.bytes += other.bytes;
        self.characters += other.characters;
        self.likeliest += other.likeliest;
        for (all, it) in self.buckets.iter_mut().zip(other.buckets) {
            *all += it;
        }
    }

    /// Mean surprise of a token; `None` without any.
    #[must_use]
    pub fn bits_per_token(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.bits / self.tokens as f64)
    }

    /// Surprise by the character; `None` without any.
    #[must_use]
    pub fn bits_per_character(&self) -> Option<f64> {
        (self.characters > 0).then(|| self.bits / self.characters as f64)
    }

    /// Surprise by the byte; `None` without any.
    #[must_use]
    pub fn bits_per_byte(&self) -> Option<f64> {
        (self.bytes > 0).then(|| self.bits / self.bytes as f64)
    }

    /// Among how many equally likely tokens each would have been as hard to guess: two to the power of the bits a token.
    #[must_use]
    pub fn perplexity(&self) -> Option<f64> {
        self.bits_per_token().map(f64::exp2)
    }

    /// The share of the tokens that a bucket holds, 0 to 1.
    #[must_use]
    pub fn share(&self, bucket: usize) -> f64 {
        self.buckets[bucket] as f64 / self.tokens.max(1) as f64
    }
}

/// Whether a byte of UTF-8 is the first one of a character.
#[must_use]
pub fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests;
