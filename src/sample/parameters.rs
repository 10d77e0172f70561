//! The tables of sampling: a row for each step of the chain, and a row for each parameter.
//!
//! From a row of the steps come the step itself, its name, its place in the orders and what it does. From a row of the
//! parameters come the field of [`Settings`], its default and neutral value, its check, its flag, environment variable and
//! configuration key, its control in the panel, `/set` and the palette, and the columns of a comparison.

#[macro_use]
mod row;
mod parameter;
#[macro_use]
mod step;
mod value;

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::row::{Row, number, words};
use self::step::{Apply, is_one};
use self::value::Value;
use super::{Bias, EndOfText, Order, WhenFull, filters, penalties};

pub use self::row::{Flips, Place, Spread};
pub use self::value::Kind;

pub(super) use self::step::Apply as StepApply;

// In llama.cpp's order. Penalties first; a new filter stands where that order shall have it.
steps! {
    /// Biases and bans of texts.
    Bias, "bias", Apply::Penalty(penalties::of_texts), |it| it.bias.is_empty() && it.ban.is_empty();
    /// Repetition penalty over the last tokens.
    RepeatPenalty, "repeat-penalty", Apply::Penalty(penalties::of_repeats),
        |it| is_one(it.repeat_penalty) || it.repeat_last_n == 0;
    /// Frequency and presence penalties over the same tokens.
    FrequencyPresence, "frequency-presence", Apply::Penalty(penalties::of_counts), |it| {
        it.repeat_last_n == 0 || it.frequency_penalty.abs() < 1e-6 && it.presence_penalty.abs() < 1e-6
    };
    /// What would repeat a sequence of n tokens is out.
    NoRepeatNgram, "no-repeat-ngram", Apply::Penalty(penalties::of_ngrams), |it| it.no_repeat_ngram == 0;
    /// What would lengthen a repetition loses, the more the longer it is.
    Dry, "dry", Apply::Penalty(penalties::of_dry), |it| it.dry_multiplier <= 0.0 || it.dry_last_n == 0;
    /// All within so many standard deviations of the largest logit.
    TopNSigma, "top-n-sigma", Apply::Filter(filters::top_n_sigma), |it| it.top_n_sigma <= 0.0;
    /// The k likeliest.
    TopK, "top-k", Apply::Filter(filters::top_k), |it| it.top_k == 0;
    /// Those whose surprise is nearest to the expected one.
    Typical, "typical", Apply::Filter(filters::typical), |it| it.typical_p >= 1.0;
    /// The likeliest that together hold a share of the probability.
    TopP, "top-p", Apply::Filter(filters::top_p), |it| it.top_p >= 1.0;
    /// All that have at least a share of the likeliest one's probability.
    MinP, "min-p", Apply::Filter(filters::min_p), |it| it.min_p <= 0.0;
    /// The likeliest, as long as the entropy of what stays is within a share of the entropy of all.
    TopH, "top-h", Apply::Filter(filters::top_h), |it| it.top_h >= 1.0;
    /// All that are at least as likely as two draws are to be the same.
    PLess, "p-less", Apply::Filter(filters::p_less), |it| !it.p_less;
    /// Sometimes, all of the likely ones but the least likely of them are out.
    Xtc, "xtc", Apply::Filter(filters::xtc), |it| it.xtc_probability <= 0.0 || it.xtc_threshold > 0.5;
    /// Division of the logits; 0 keeps the likeliest alone.
    Temperature, "temp", Apply::Divisor(filters::temperature),
        |it| is_one(it.temperature) && it.dynatemp_range <= 0.0;
    /// Those no more surprising than a limit that follows the surprise of what was drawn.
    Mirostat, "mirostat", Apply::Filter(filters::mirostat), |it| it.mirostat_tau <= 0.0;
}

/// No end of a range.
const ANY: f64 = f64::INFINITY;
const OFF_AT_0: &[(f64, &str)] = &[(0.0, "off")];
const OFF_AT_1: &[(f64, &str)] = &[(1.0, "off")];
const OFF_AT_0_ALL_AT_MINUS_1: &[(f64, &str)] = &[(0.0, "off"), (-1.0, "all")];

// In the order of the panel and of the help. A transcript names the fields, so a field's name is for good; a field that
// is new is left out of it where it is neutral (`skip_serializing_if`).
parameters! {
    /// Divides the logits. Below 1 sharpens, above 1 flattens, 0 always takes the likeliest.
    Temperature, temperature: f32 = 0.7, neutral 1.0 => Row {
        aliases: &["temperature"], step: Some(Step::Temperature), place: Place::Panel, range: (0.0, 100.0),
        words: &[(0.0, "greedy"), (1.0, "1 off")], turn: 0.05, bar: (0.0, 2.0),
        // Hotter than 4, no order is left to speak of.
        flips: Some(Flips { ends: (0.0, Some(4.0)), grain: 1e-3, spread: Spread::Even }),
        note: "at 0 it is the likeliest that the penalties leave, and `--preset greedy` has none",
        ..number("temp", "T", "below 1 sharpens, above 1 flattens")
    };
    /// How many of the likeliest tokens stay; 0 is off.
    TopK, top_k: u32 = 0, neutral 0 => Row {
        step: Some(Step::TopK), place: Place::Panel, words: OFF_AT_0,
        flips: Some(Flips { ends: (1.0, None), grain: 1.0, spread: Spread::Ratios }),
        ..number("top-k", "K", "keep the K likeliest tokens")
    };
    /// The share of probability that stays; 1 is off.
    TopP, top_p: f32 = 0.9, neutral 1.0 => Row {
        step: Some(Step::TopP), place: Place::Panel, range: (0.0, 1.0), words: OFF_AT_1, turn: 0.01, bar: (0.0, 1.0),
        flips: Some(Flips { ends: (0.0, Some(1.0)), grain: 1e-3, spread: Spread::Even }),
        ..number("top-p", "P", "keep the likeliest that together hold P")
    };
    /// The share of the likeliest token's probability that a token needs to stay; 0 is off.
    MinP, min_p: f32 = 0.0, neutral 0.0 => Row {
        step: Some(Step::MinP), place: Place::Panel, range: (0.0, 1.0), words: OFF_AT_0, turn: 0.01, bar: (0.0, 1.0),
        // Most of what happens to min-p happens at small values.
        flips: Some(Flips { ends: (0.0, Some(1.0)), grain: 1e-4, spread: Spread::Cubes }),
        ..number("min-p", "P", "keep tokens P times as likely as the top one")
    };
    /// Divides the positive and multiplies the negative logits of recent tokens; 1 is off.
    RepeatPenalty, repeat_penalty: f32 = 1.1, neutral 1.0 => Row {
        aliases: &["repeat", "repetition-penalty"], step: Some(Step::RepeatPenalty), place: Place::Panel,
        range: (0.01, 100.0), words: OFF_AT_1, turn: 0.01, bar: (1.0, 2.0),
        ..number("repeat-penalty", "X", "make recent tokens less likely")
    };
    /// How many recent tokens the penalties look at; 0 is off, -1 is all of the context.
    RepeatLastN, repeat_last_n: i32 = 64, neutral 64 => Row {
        step: Some(Step::RepeatPenalty), place: Place::Panel, range: (-1.0, ANY), words: OFF_AT_0_ALL_AT_MINUS_1,
        turn: 8.0,
        ..number("repeat-last-n", "N", "how many recent tokens the penalties look at")
    };
    /// The order of the steps.
    Order, order: Order = Order::LlamaCpp, neutral Order::LlamaCpp => Row {
        place: Place::Panel,
        ..words("order", "ORDER", "the order of the steps: llama (temp last), hf (temp first), or steps with commas")
    };
    /// The dice. The same seed, settings and text give the same tokens.
    Seed, seed: u64 = 0, neutral 0 => Row {
        short: Some('s'), place: Place::Panel,
        ..words("seed", "N", "the dice: same seed, same throws")
    };
    /// How many tokens to draw before stopping; 0 is no limit.
    MaxTokens, max_tokens: u32 = 200, neutral 0 => Row {
        aliases: &["max-new", "max", "max-new-tokens", "n-predict", "predict"], short: Some('n'), place: Place::Panel,
        words: OFF_AT_0, turn: 10.0, also: &[("-1", 0.0)],
        note: "off or -1 goes on until the text ends or the context is full",
        ..number("max-tokens", "N", "stop after N new tokens")
    };
    /// Strings that end the continuation; they are cut from it.
    Stop, stop: Vec<String> = Vec::new(), neutral Vec::new() => Row {
        place: Place::Panel,
        ..words("stop", "TEXT", "stop before this text")
    };
    /// What a token that ends a text does.
    IgnoreEos, end_of_text: EndOfText = EndOfText::Stop, neutral EndOfText::Stop => Row {
        aliases: &["end-of-text", "end"], place: Place::Panel,
        ..words("ignore-eos", "", "go on past a token that ends a text")
    };
    /// What a full context does.
    WhenFull, when_full: WhenFull = WhenFull::Stop, neutral WhenFull::Stop => Row {
        aliases: &["full-ctx"], place: Place::Panel,
        ..words("when-full", "WHAT", "a full context: stop, or slide (drop a quarter)")
    };
    /// How many tokens are drawn in a second at the most; 0 is as fast as they come.
    #[serde(skip_serializing_if = "is_at_0")]
    Pace, pace: f32 = 0.0, neutral 0.0 => Row {
        range: (0.0, 1000.0), words: OFF_AT_0,
        ..number("pace", "N", "draw N tokens a second at the most, to watch")
    };
    /// Whether the last word of what was typed may still be finished: its last token is drawn again, among those that
    /// begin with its text.
    Heal, heal: bool = true, neutral true => Row {
        ..words("heal", "BOOL", "let a half word or last space of yours go on")
    };
    /// What is added to the logits of single tokens, by their text.
    Bias, bias: Vec<Bias> = Vec::new(), neutral Vec::new() => Row {
        step: Some(Step::Bias),
        ..words("bias", "TEXT=X", "add X to a text's logit")
    };
    /// Texts that are never finished.
    Ban, ban: Vec<String> = Vec::new(), neutral Vec::new() => Row {
        step: Some(Step::Bias),
        ..words("ban", "TEXT", "never write this text")
    };
    /// What a token loses that would lengthen what was repeated (DRY), in logits; 0 is off.
    DryMultiplier, dry_multiplier: f32 = 0.0, neutral 0.0 => Row {
        aliases: &["dry"], step: Some(Step::Dry), range: (0.0, 100.0), words: OFF_AT_0, turn: 0.05, bar: (0.0, 2.0),
        ..number("dry-multiplier", "X", "DRY: what a repetition costs; try 0.8")
    };
    /// By how much that grows with every token of the repetition.
    DryBase, dry_base: f32 = 1.75, neutral 1.75 => Row {
        step: Some(Step::Dry), range: (1.0, 100.0), turn: 0.05,
        ..number("dry-base", "X", "DRY: how steeply that grows with its length")
    };
    /// So many repeated tokens cost nothing yet.
    DryAllowedLength, dry_allowed_length: u32 = 2, neutral 2 => Row {
        step: Some(Step::Dry),
        ..number("dry-allowed-length", "N", "DRY: so many repeated tokens cost nothing")
    };
    /// How many recent tokens DRY looks at; 0 is off, -1 is all of the text.
    DryLastN, dry_last_n: i32 = -1, neutral -1 => Row {
        aliases: &["dry-penalty-last-n"], step: Some(Step::Dry), range: (-1.0, ANY), words: OFF_AT_0_ALL_AT_MINUS_1,
        turn: 8.0,
        ..number("dry-last-n", "N", "DRY: how many recent tokens it looks at")
    };
    /// Texts across which nothing counts as repeated.
    DryBreakers, dry_breakers: Vec<String> = breakers(), neutral breakers() => Row {
        aliases: &["dry-breakers", "dry-sequence-breaker"], step: Some(Step::Dry),
        ..words("dry-breaker", "TEXT", "DRY: ends a repetition")
    };
    /// No sequence of so many tokens is written twice; 0 is off.
    NoRepeatNgram, no_repeat_ngram: u32 = 0, neutral 0 => Row {
        aliases: &["no-repeat-ngram-size"], step: Some(Step::NoRepeatNgram), words: OFF_AT_0,
        ..number("no-repeat-ngram", "N", "no sequence of N tokens twice")
    };
    /// Taken off a recent token's logit for every time it was written; 0 is off.
    FrequencyPenalty, frequency_penalty: f32 = 0.0, neutral 0.0 => Row {
        step: Some(Step::FrequencyPresence), range: (-10.0, 10.0), words: OFF_AT_0, turn: 0.05,
        ..number("frequency-penalty", "X", "taken off a recent token's logit, each time")
    };
    /// Taken off a recent token's logit once; 0 is off.
    PresencePenalty, presence_penalty: f32 = 0.0, neutral 0.0 => Row {
        step: Some(Step::FrequencyPresence), range: (-10.0, 10.0), words: OFF_AT_0, turn: 0.05,
        ..number("presence-penalty", "X", "taken off a recent token's logit, once")
    };
    /// How many standard deviations below the largest logit a token may be; 0 is off.
    TopNSigma, top_n_sigma: f32 = 0.0, neutral 0.0 => Row {
        aliases: &["top-nsigma"], step: Some(Step::TopNSigma), range: (0.0, 100.0), words: OFF_AT_0, turn: 0.1,
        ..number("top-n-sigma", "N", "keep logits N standard deviations from the top")
    };
    /// The share of probability that stays, those of the most ordinary surprise first; 1 is off.
    TypicalP, typical_p: f32 = 1.0, neutral 1.0 => Row {
        aliases: &["typical-p"], step: Some(Step::Typical), range: (0.0, 1.0), words: OFF_AT_1, turn: 0.01,
        bar: (0.0, 1.0),
        ..number("typical", "P", "keep P, the most average surprise first")
    };
    /// The share of the entropy that stays, those of the likeliest first (top-H); 1 is off.
    #[serde(skip_serializing_if = "is_at_1")]
    TopH, top_h: f32 = 1.0, neutral 1.0 => Row {
        step: Some(Step::TopH), range: (0.0, 1.0), words: OFF_AT_1, turn: 0.05, bar: (0.0, 1.0),
        ..number("top-h", "A", "keep the likeliest up to A of the entropy")
    };
    /// Whether only tokens stay that are at least as likely as two draws are to be the same (p-less).
    #[serde(skip_serializing_if = "is_off")]
    PLess, p_less: bool = false, neutral false => Row {
        step: Some(Step::PLess),
        ..words("p-less", "", "keep p of at least the sum of all p squared")
    };
    /// How often the likeliest tokens are left out (XTC); 0 is off.
    XtcProbability, xtc_probability: f32 = 0.0, neutral 0.0 => Row {
        aliases: &["xtc"], step: Some(Step::Xtc), range: (0.0, 1.0), words: OFF_AT_0, turn: 0.05, bar: (0.0, 1.0),
        ..number("xtc-probability", "P", "XTC: how often the likeliest are left out")
    };
    /// How likely a token must be to be left out; over a half nothing is.
    XtcThreshold, xtc_threshold: f32 = 0.1, neutral 0.1 => Row {
        step: Some(Step::Xtc), range: (0.0, 1.0), turn: 0.01, bar: (0.0, 0.5),
        ..number("xtc-threshold", "P", "XTC: how likely they must be (over 0.5: off)")
    };
    /// How far the temperature moves with the entropy, both ways; 0 is off.
    DynatempRange, dynatemp_range: f32 = 0.0, neutral 0.0 => Row {
        aliases: &["dyn-temp"], step: Some(Step::Temperature), range: (0.0, 100.0), words: OFF_AT_0, turn: 0.05,
        ..number("dynatemp-range", "T", "how far the entropy moves the temperature")
    };
    /// How the temperature follows the entropy: 1 is in proportion.
    DynatempExponent, dynatemp_exponent: f32 = 1.0, neutral 1.0 => Row {
        aliases: &["dynatemp-exponent"], step: Some(Step::Temperature), of: Some(Parameter::DynatempRange), range: (0.01, 100.0), turn: 0.1,
        ..number("dynatemp-exp", "X", "how it follows the entropy: 1 in proportion")
    };
    /// The surprise that mirostat 2 steers to, in bits; 0 is off.
    MirostatTau, mirostat_tau: f32 = 0.0, neutral 0.0 => Row {
        aliases: &["mirostat-ent"], step: Some(Step::Mirostat), range: (0.0, 100.0), words: OFF_AT_0, turn: 0.1,
        bar: (0.0, 10.0),
        ..number("mirostat-tau", "BITS", "steer to so many bits of surprise a token")
    };
    /// How fast it steers: the share of the last error that is made good.
    MirostatEta, mirostat_eta: f32 = 0.1, neutral 0.1 => Row {
        aliases: &["mirostat-lr"], step: Some(Step::Mirostat), range: (0.0, 1.0), turn: 0.01, bar: (0.0, 1.0),
        ..number("mirostat-eta", "X", "mirostat: the share of an error made good")
    };
    /// Steps that are switched off, whatever they are set to.
    Off, off: Vec<Step> = Vec::new(), neutral Vec::new() => Row {
        place: Place::Flag,
        ..words("off", "STEPS", "switch these steps of the chain off")
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_at_0(value: &f32) -> bool {
    *value <= 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_at_1(value: &f32) -> bool {
    *value >= 1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_off(value: &bool) -> bool {
    !value
}

/// As llama.cpp has them.
fn breakers() -> Vec<String> {
    ["\n", ":", "\"", "*"].map(str::to_owned).into()
}
