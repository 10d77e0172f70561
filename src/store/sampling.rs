//! Sampling values as they are given: on the command line, by the environment, in the configuration file. They have the
//! same names there, so one structure is all three.

use std::collections::BTreeMap;
use std::convert::Infallible;

use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::sample::{Bias, EndOfText, Order, Settings, Step, WhenFull};

/// The `[sampling]` table, and the flags of the same names. Everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Args)]
#[command(next_help_heading = "Sampling")]
#[serde(default, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "clap shows the comments, and they are the documentation")]
pub struct Sampling {
    /// How many tokens to draw at the most, 0 = no limit [default: 200] [env: `MEGACHAT_MAX_TOKENS`]
    #[arg(short = 'n', long, value_name = "N", env = "MEGACHAT_MAX_TOKENS", hide_env = true)]
    pub max_tokens: Option<u32>,
    /// Temperature: 1 = off, 0 = always the likeliest [default: 0.7] [env: `MEGACHAT_TEMP`]
    #[arg(long = "temp", visible_alias = "temperature", value_name = "T", env = "MEGACHAT_TEMP", hide_env = true)]
    #[serde(alias = "temp")]
    pub temperature: Option<f32>,
    /// Keep the K likeliest, 0 = off [default: 0] [env: `MEGACHAT_TOP_K`]
    #[arg(long, value_name = "K", env = "MEGACHAT_TOP_K", hide_env = true)]
    pub top_k: Option<u32>,
    /// Keep the likeliest that together hold P, 1 = off [default: 0.9] [env: `MEGACHAT_TOP_P`]
    #[arg(long, value_name = "P", env = "MEGACHAT_TOP_P", hide_env = true)]
    pub top_p: Option<f32>,
    /// Keep those with P of the likeliest one's probability, 0 = off [default: 0] [env: `MEGACHAT_MIN_P`]
    #[arg(long, value_name = "P", env = "MEGACHAT_MIN_P", hide_env = true)]
    pub min_p: Option<f32>,
    /// Make recent tokens less likely, 1 = off [default: 1.1] [env: `MEGACHAT_REPEAT_PENALTY`]
    #[arg(long, value_name = "X", env = "MEGACHAT_REPEAT_PENALTY", hide_env = true)]
    pub repeat_penalty: Option<f32>,
    /// How many recent tokens, 0 = off, -1 = all [default: 64] [env: `MEGACHAT_REPEAT_LAST_N`]
    #[arg(long, value_name = "N", allow_negative_numbers = true, env = "MEGACHAT_REPEAT_LAST_N", hide_env = true)]
    pub repeat_last_n: Option<i32>,
    /// Keep logits within N standard deviations of the largest, 0 = off [default: 0] [env: `MEGACHAT_TOP_N_SIGMA`]
    #[arg(long, value_name = "N", env = "MEGACHAT_TOP_N_SIGMA", hide_env = true)]
    pub top_n_sigma: Option<f32>,
    /// Keep those of the most ordinary surprise that together hold P, 1 = off [default: 1] [env: `MEGACHAT_TYPICAL`]
    #[arg(long = "typical", value_name = "P", env = "MEGACHAT_TYPICAL", hide_env = true)]
    #[serde(rename = "typical")]
    pub typical_p: Option<f32>,
    /// How often the likeliest are left out but the last likely one, 0 = off [default: 0] [env: `MEGACHAT_XTC_PROBABILITY`]
    #[arg(long, value_name = "P", env = "MEGACHAT_XTC_PROBABILITY", hide_env = true)]
    pub xtc_probability: Option<f32>,
    /// How likely a token must be to be left out so, over 0.5 = off [default: 0.1] [env: `MEGACHAT_XTC_THRESHOLD`]
    #[arg(long, value_name = "P", env = "MEGACHAT_XTC_THRESHOLD", hide_env = true)]
    pub xtc_threshold: Option<f32>,
    /// How far the temperature moves with the entropy, 0 = off [default: 0] [env: `MEGACHAT_DYNATEMP_RANGE`]
    #[arg(long, value_name = "T", env = "MEGACHAT_DYNATEMP_RANGE", hide_env = true)]
    pub dynatemp_range: Option<f32>,
    /// How it follows the entropy [default: 1] [env: `MEGACHAT_DYNATEMP_EXP`]
    #[arg(long = "dynatemp-exp", value_name = "X", env = "MEGACHAT_DYNATEMP_EXP", hide_env = true)]
    #[serde(rename = "dynatemp-exp")]
    pub dynatemp_exponent: Option<f32>,
    /// Taken off a recent token's logit each time it was written, 0 = off [default: 0] [env: `MEGACHAT_FREQUENCY_PENALTY`]
    #[arg(long, value_name = "X", allow_negative_numbers = true, env = "MEGACHAT_FREQUENCY_PENALTY", hide_env = true)]
    pub frequency_penalty: Option<f32>,
    /// Taken off a recent token's logit once, 0 = off [default: 0] [env: `MEGACHAT_PRESENCE_PENALTY`]
    #[arg(long, value_name = "X", allow_negative_numbers = true, env = "MEGACHAT_PRESENCE_PENALTY", hide_env = true)]
    pub presence_penalty: Option<f32>,
    /// No sequence of N tokens twice, 0 = off [default: 0] [env: `MEGACHAT_NO_REPEAT_NGRAM`]
    #[arg(long, value_name = "N", env = "MEGACHAT_NO_REPEAT_NGRAM", hide_env = true)]
    pub no_repeat_ngram: Option<u32>,
    /// DRY: what a token loses that lengthens a repetition, 0 = off [default: 0] [env: `MEGACHAT_DRY_MULTIPLIER`]
    #[arg(long, value_name = "X", env = "MEGACHAT_DRY_MULTIPLIER", hide_env = true)]
    pub dry_multiplier: Option<f32>,
    /// DRY: how steeply that grows with the repetition's length [default: 1.75] [env: `MEGACHAT_DRY_BASE`]
    #[arg(long, value_name = "X", env = "MEGACHAT_DRY_BASE", hide_env = true)]
    pub dry_base: Option<f32>,
    /// DRY: so many repeated tokens cost nothing yet [default: 2] [env: `MEGACHAT_DRY_ALLOWED_LENGTH`]
    #[arg(long, value_name = "N", env = "MEGACHAT_DRY_ALLOWED_LENGTH", hide_env = true)]
    pub dry_allowed_length: Option<u32>,
    /// DRY: how many recent tokens it looks at, 0 = off, -1 = all [default: -1] [env: `MEGACHAT_DRY_LAST_N`]
    #[arg(long, value_name = "N", allow_negative_numbers = true, env = "MEGACHAT_DRY_LAST_N", hide_env = true)]
    pub dry_last_n: Option<i32>,
    /// DRY: a text that ends a repetition; may be given again [default: line feed, colon, quote, star]
    #[arg(long = "dry-breaker", value_name = "TEXT", value_parser = unescape)]
    #[serde(rename = "dry-breaker")]
    pub dry_breakers: Option<Vec<String>>,
    /// Mirostat 2: the surprise to steer to, in bits a token, 0 = off [default: 0] [env: `MEGACHAT_MIROSTAT_TAU`]
    #[arg(long, value_name = "BITS", env = "MEGACHAT_MIROSTAT_TAU", hide_env = true)]
    pub mirostat_tau: Option<f32>,
    /// Mirostat 2: the share of an error that is made good [default: 0.1] [env: `MEGACHAT_MIROSTAT_ETA`]
    #[arg(long, value_name = "X", env = "MEGACHAT_MIROSTAT_ETA", hide_env = true)]
    pub mirostat_eta: Option<f32>,
    /// Add a number to the logit of a text, like ' moon=-2'; may be given again
    #[arg(long, value_name = "TEXT=X", value_parser = bias)]
    pub bias: Option<Vec<Bias>>,
    /// Never write this text; may be given again
    #[arg(long, value_name = "TEXT", value_parser = unescape)]
    pub ban: Option<Vec<String>>,
    /// Switch steps of the chain off, by name with commas [env: `MEGACHAT_OFF`]
    #[arg(long, value_name = "STEPS", value_delimiter = ',', env = "MEGACHAT_OFF", hide_env = true)]
    pub off: Option<Vec<Step>>,
    /// Order of the samplers: llama (temperature last), hf (first), or steps with commas [default: llama] [env: `MEGACHAT_ORDER`]
    #[arg(long, value_name = "ORDER", env = "MEGACHAT_ORDER", hide_env = true)]
    pub order: Option<Order>,
    /// The dice; chosen anew and told if not given [env: `MEGACHAT_SEED`]
    #[arg(short, long, value_name = "N", env = "MEGACHAT_SEED", hide_env = true)]
    pub seed: Option<u64>,
    /// Stop at this string and leave it out; may be given again. \n is a line feed
    #[arg(long, value_name = "TEXT", value_parser = unescape)]
    pub stop: Option<Vec<String>>,
    /// Whether a half word or a last space of the prompt may go on: true or false [default: true] [env: `MEGACHAT_HEAL`]
    #[arg(long, value_name = "BOOL", env = "MEGACHAT_HEAL", hide_env = true)]
    pub heal: Option<bool>,
    #[arg(skip)]
    pub end_of_text: Option<EndOfText>,
    /// When the context is full: stop, or slide (forget the oldest quarter) [default: stop] [env: `MEGACHAT_WHEN_FULL`]
    #[arg(long, value_name = "WHAT", env = "MEGACHAT_WHEN_FULL", hide_env = true, value_parser = by_name::<WhenFull>)]
    pub when_full: Option<WhenFull>,
    /// Keys this program does not know.
    #[arg(skip)]
    #[serde(flatten, skip_serializing)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// Does the same for each field: those of the chain, which a preset sets, and the others.
macro_rules! fields {
    (chain: $($chain:ident),*; others: $($other:ident),* $(,)?) => {
        impl Sampling {
            /// Overrides `settings` by every value that is given.
            pub fn apply(&self, settings: &mut Settings) {
                $(if let Some(value) = &self.$chain { settings.$chain.clone_from(value); })*
                $(if let Some(value) = &self.$other { settings.$other.clone_from(value); })*
            }

            /// Every value of `settings`.
            #[must_use]
            pub fn of(settings: &Settings) -> Self {
                Self {
                    $($chain: Some(settings.$chain.clone()),)*
                    $($other: Some(settings.$other.clone()),)*
                    unknown: BTreeMap::new(),
                }
            }

            /// Forgets the values of the chain whose field has a name that `is_out`.
            pub fn forget_chain(&mut self, is_out: impl Fn(&str) -> bool) {
                $(if is_out(stringify!($chain)) { self.$chain = None; })*
            }
        }
    };
}

fields! {
    chain: temperature, top_k, top_p, min_p, repeat_penalty, repeat_last_n, top_n_sigma, typical_p, xtc_probability,
        xtc_threshold, dynatemp_range, dynatemp_exponent, frequency_penalty, presence_penalty, no_repeat_ngram,
        dry_multiplier, dry_base, dry_allowed_length, dry_last_n, mirostat_tau, mirostat_eta, off;
    others: dry_breakers, bias, ban, order, seed, max_tokens, stop, heal, end_of_text, when_full,
}

/// `\n`, `\t` and `\\` as shells rarely let one type them.
#[expect(clippy::unnecessary_wraps, reason = "as clap calls it")]
fn unescape(text: &str) -> Result<String, Infallible> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') | None => out.push('\\'),
                Some(other) => out.extend(['\\', other]),
            },
            (other, false) => out.push(other),
        }
    }
    Ok(out)
}

fn bias(text: &str) -> Result<Bias, String> {
    let text = unescape(text).unwrap_or_default();
    text.parse()
}

/// A value by the name it has in the configuration file.
fn by_name<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|e| e.to_string())
}
