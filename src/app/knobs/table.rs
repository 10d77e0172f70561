//! The table of controls.

use super::Knob;
use super::kind::{Count, Kind, Number, Texts, Word, biases};
use crate::sample::{EndOfText, Settings, Step, WhenFull};

/// What a control is.
pub(super) struct Spec {
    /// Its name in the panel; two spaces before it where it belongs to the one above.
    pub name: &'static str,
    /// Its name in one word: that of its flag on the command line.
    pub word: &'static str,
    /// The step of the chain it belongs to.
    pub step: Option<Step>,
    /// One line on what it does.
    pub explain: &'static str,
    pub kind: Kind,
}

/// Field, one step in hundredths, range in hundredths, neutral value, whether that is off, ends of the bar.
macro_rules! number {
    ($field:ident, $step:expr, $range:expr, $neutral:expr, $has_off:expr, $bar:expr) => {
        Number {
            get: |it| it.$field,
            set: |it, value| it.$field = value,
            step: $step,
            range: $range,
            neutral: $neutral,
            has_off: $has_off,
            bar: $bar,
        }
    };
}

/// Field with its type, one step, range, neutral value.
macro_rules! count {
    ($field:ident: $type:ty, $step:expr, $range:expr, $neutral:expr) => {
        Count {
            get: |it| i64::from(it.$field),
            set: |it, value| it.$field = value as $type,
            step: $step,
            range: $range,
            neutral: $neutral,
        }
    };
}

fn spec(name: &'static str, word: &'static str, step: Option<Step>, explain: &'static str, kind: Kind) -> Spec {
    Spec { name, word, step, explain, kind }
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn spec_of(knob: Knob) -> Spec {
    match knob {
        Knob::Preset => spec("preset", "preset", None, "", Kind::Preset),
        Knob::Order => spec("order", "order", None, "", Kind::Order),
        Knob::Seed => spec("seed", "seed", None, "the dice: same seed, same throws", Kind::Seed),
        Knob::Temperature => {
            let number = number!(temperature, 5, (0, 1000), 1.0, true, (0.0, 2.0));
            spec(
                "temp",
                "temp",
                Some(Step::Temperature),
                "below 1 sharpens, above 1 flattens, 0 is greedy",
                Kind::Number(number),
            )
        }
        Knob::TopK => {
            let count = count!(top_k: u32, 1, (0, 100_000), 0);
            spec("top-k", "top-k", Some(Step::TopK), "only the k likeliest tokens", Kind::Count(count))
        }
        Knob::TopP => {
            let number = number!(top_p, 1, (0, 100), 1.0, true, (0.0, 1.0));
            spec(
                "top-p",
                "top-p",
                Some(Step::TopP),
                "the likeliest that together hold this share",
                Kind::Number(number),
            )
        }
        Knob::MinP => {
            let number = number!(min_p, 1, (0, 100), 0.0, true, (0.0, 1.0));
            spec("min-p", "min-p", Some(Step::MinP), "at least this share of the likeliest one", Kind::Number(number))
        }
        Knob::RepeatPenalty => {
            let number = number!(repeat_penalty, 1, (50, 500), 1.0, true, (1.0, 2.0));
            spec(
                "repeat",
                "repeat-penalty",
                Some(Step::RepeatPenalty),
                "makes recent tokens less likely",
                Kind::Number(number),
            )
        }
        Knob::RepeatLastN => {
            let count = count!(repeat_last_n: i32, 8, (-1, 65_536), 0);
            spec(
                "  window",
                "repeat-last-n",
                Some(Step::RepeatPenalty),
                "how many recent tokens it looks at",
                Kind::Count(count),
            )
        }
        Knob::MaxTokens => {
            let count = count!(max_tokens: u32, 10, (0, 100_000), 0);
            spec("max new", "max-tokens", None, "stop after so many new tokens", Kind::Count(count))
        }
        Knob::Stop => {
            let texts = Texts {
                get: |it| it.stop.clone(),
                set: |it, texts| {
                    it.stop = texts;
                    Ok(())
                },
                neutral: |it| it.stop.clear(),
            };
            spec("stop", "stop", None, "stop at these strings, | between them", Kind::Texts(texts))
        }
        Knob::EndOfText => {
            let word = Word {
                get: |it| match it.end_of_text {
                    EndOfText::Stop => "stop",
                    EndOfText::Continue => "go on",
                },
                next: |it| {
                    it.end_of_text = match it.end_of_text {
                        EndOfText::Stop => EndOfText::Continue,
                        EndOfText::Continue => EndOfText::Stop,
                    }
                },
                neutral: |it| it.end_of_text = EndOfText::Stop,
            };
            spec("<|end|>", "end-of-text", None, "what a token that ends a text does when drawn", Kind::Word(word))
        }
        Knob::WhenFull => {
            let word = Word {
                get: |it| match it.when_full {
                    WhenFull::Stop => "stop",
                    WhenFull::Slide => "slide",
                },
                next: |it| {
                    it.when_full = match it.when_full {
                        WhenFull::Stop => WhenFull::Slide,
                        WhenFull::Slide => WhenFull::Stop,
                    }
                },
                neutral: |it| it.when_full = WhenFull::Stop,
            };
            spec("full ctx", "when-full", None, "slide forgets the oldest quarter", Kind::Word(word))
        }
        Knob::Heal => {
            let word = Word {
                get: |it| if it.heal { "on" } else { "off" },
                next: |it| it.heal = !it.heal,
                neutral: |it| it.heal = true,
            };
            spec("heal", "heal", None, "a half word or last space of yours may go on", Kind::Word(word))
        }
        Knob::Bias => {
            let texts = Texts {
                get: |it| it.bias.iter().map(ToString::to_string).collect(),
                set: |it, texts| {
                    it.bias = biases(&texts)?;
                    Ok(())
                },
                neutral: |it| it.bias.clear(),
            };
            spec("bias", "bias", Some(Step::Bias), "text=number with | between: added to its logit", Kind::Texts(texts))
        }
        Knob::Ban => {
            let texts = Texts {
                get: |it| it.ban.clone(),
                set: |it, texts| {
                    it.ban = texts;
                    Ok(())
                },
                neutral: |it| it.ban.clear(),
            };
            spec("  ban", "ban", Some(Step::Bias), "texts that are never finished, | between", Kind::Texts(texts))
        }
        Knob::DryMultiplier => {
            let number = number!(dry_multiplier, 5, (0, 1000), 0.0, true, (0.0, 2.0));
            spec(
                "DRY",
                "dry-multiplier",
                Some(Step::Dry),
                "what lengthens a repetition loses; try 0.8",
                Kind::Number(number),
            )
        }
        Knob::DryBase => {
            let number = number!(dry_base, 5, (100, 1000), 1.75, false, (0.0, 0.0));
            spec("  base", "dry-base", Some(Step::Dry), "how steeply that grows with its length", Kind::Number(number))
        }
        Knob::DryAllowedLength => {
            let count = count!(dry_allowed_length: u32, 1, (0, 1000), 2);
            spec(
                "  allow",
                "dry-allowed-length",
                Some(Step::Dry),
                "so many repeated tokens cost nothing yet",
                Kind::Count(count),
            )
        }
        Knob::DryLastN => {
            let count = count!(dry_last_n: i32, 8, (-1, 65_536), -1);
            spec("  window", "dry-last-n", Some(Step::Dry), "how many recent tokens DRY looks at", Kind::Count(count))
        }
        Knob::DryBreakers => {
            let texts = Texts {
                get: |it| it.dry_breakers.clone(),
                set: |it, texts| {
                    it.dry_breakers = texts;
                    Ok(())
                },
                neutral: |it| it.dry_breakers = Settings::default().dry_breakers,
            };
            spec(
                "  breaks",
                "dry-breaker",
                Some(Step::Dry),
                "texts that end a repetition, | between",
                Kind::Texts(texts),
            )
        }
        Knob::NoRepeatNgram => {
            let count = count!(no_repeat_ngram: u32, 1, (0, 100), 0);
            spec(
                "no n-gram",
                "no-repeat-ngram",
                Some(Step::NoRepeatNgram),
                "no sequence of so many tokens twice",
                Kind::Count(count),
            )
        }
        Knob::FrequencyPenalty => {
            let number = number!(frequency_penalty, 5, (-200, 200), 0.0, true, (0.0, 0.0));
            spec(
                "freq pen",
                "frequency-penalty",
                Some(Step::FrequencyPresence),
                "off a recent token's logit, each time",
                Kind::Number(number),
            )
        }
        Knob::PresencePenalty => {
            let number = number!(presence_penalty, 5, (-200, 200), 0.0, true, (0.0, 0.0));
            spec(
                "pres pen",
                "presence-penalty",
                Some(Step::FrequencyPresence),
                "off a recent token's logit, once",
                Kind::Number(number),
            )
        }
        Knob::TopNSigma => {
            let number = number!(top_n_sigma, 10, (0, 1000), 0.0, true, (0.0, 0.0));
            spec(
                "n-sigma",
                "top-n-sigma",
                Some(Step::TopNSigma),
                "within so many standard deviations of the top",
                Kind::Number(number),
            )
        }
        Knob::TypicalP => {
            let number = number!(typical_p, 1, (0, 100), 1.0, true, (0.0, 1.0));
            spec(
                "typical",
                "typical",
                Some(Step::Typical),
                "the share nearest to the expected surprise",
                Kind::Number(number),
            )
        }
        Knob::XtcProbability => {
            let number = number!(xtc_probability, 5, (0, 100), 0.0, true, (0.0, 1.0));
            spec(
                "xtc",
                "xtc-probability",
                Some(Step::Xtc),
                "how often the likeliest are left out",
                Kind::Number(number),
            )
        }
        Knob::XtcThreshold => {
            let number = number!(xtc_threshold, 1, (0, 100), 0.1, false, (0.0, 0.5));
            spec(
                "  thresh",
                "xtc-threshold",
                Some(Step::Xtc),
                "how likely a token must be for that",
                Kind::Number(number),
            )
        }
        Knob::DynatempRange => {
            let number = number!(dynatemp_range, 5, (0, 500), 0.0, true, (0.0, 0.0));
            spec(
                "dyn-temp",
                "dynatemp-range",
                Some(Step::Temperature),
                "temperature moves so far with the entropy",
                Kind::Number(number),
            )
        }
        Knob::DynatempExponent => {
            let number = number!(dynatemp_exponent, 10, (10, 1000), 1.0, false, (0.0, 0.0));
            spec(
                "  exp",
                "dynatemp-exp",
                Some(Step::Temperature),
                "how it follows: 1 in proportion",
                Kind::Number(number),
            )
        }
        Knob::MirostatTau => {
            let number = number!(mirostat_tau, 10, (0, 2000), 0.0, true, (0.0, 10.0));
            spec(
                "mirostat",
                "mirostat-tau",
                Some(Step::Mirostat),
                "steers to so many bits of surprise a token",
                Kind::Number(number),
            )
        }
        Knob::MirostatEta => {
            let number = number!(mirostat_eta, 1, (0, 100), 0.1, false, (0.0, 1.0));
            spec(
                "  rate",
                "mirostat-eta",
                Some(Step::Mirostat),
                "the share of an error that is made good",
                Kind::Number(number),
            )
        }
    }
}
