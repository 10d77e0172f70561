//! What a replay came to, in words and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::verdict::{Outcome, Verdict, has_arithmetic_of, has_words_of};
use crate::TokenId;
use crate::document::RunInfo;
use crate::engine::protocol::ModelCard;
use crate::format::short as brief;
use crate::format::spelled;
use crate::sample::Draw;
use crate::text::{visible_line, visible_name};

/// Everything that is told.
pub(super) struct Report<'a> {
    pub(super) path: &'a Path,
    pub(super) outcomes: &'a [Outcome],
    pub(super) models: &'a [(RunInfo, ModelCard)],
    pub(super) verdict: &'a Verdict,
}

impl Report<'_> {
    fn text_of(&self, it: &Outcome, token: TokenId) -> String {
        format!("\"{}\"", spelled(self.models[it.model].1.vocabulary.bytes(token)))
    }

    /// `recorded q8 cpu, now f32 cpu`.
    fn run_info(&self, it: &Outcome) -> String {
        let (then, now) = &self.models[it.model];
        let other = if has_arithmetic_of(then, now) { "" } else { ", another arithmetic" };
        format!("recorded {}, now {} {}{other}", visible_name(&recorded(then)), now.dtype, now.device)
    }
}

fn recorded(then: &RunInfo) -> String {
    if then.dtype.is_empty() { "in an unknown precision".to_owned() } else { format!("{} {}", then.dtype, then.device) }
}

/// What must be said before.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for (then, now) in report.models {
        let of_run = [arithmetic_warning(then, now), driver_warning(then, now)];
        for warning in of_run.into_iter().flatten() {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let other = !then.sha256.is_empty() && then.sha256 != now.sha256;
        let short = |hash: &str| visible_line(&hash.chars().take(12).collect::<String>());
        let words = then.vocabulary.as_ref().filter(|_| !has_words_of(then, now));
        let warning = if let Some(words) = words {
            let (then, now) = (short(&words.hash), short(now.vocabulary.hash()));
            format!("another vocabulary: the words recorded are {then}..., these are {now}...")
        } else if other {
            let (then, now) = (short(&then.sha256), short(&now.sha256));
            format!("another model: the weights recorded are {then}..., these are {now}...")
        } else if then.sha256.is_empty() {
            "the transcript does not say which weights drew it".to_owned()
        } else {
            continue;
        };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

/// Says that the scores need not be the same bits, where the precision and the device do not say it already.
fn arithmetic_warning(then: &RunInfo, now: &ModelCard) -> Option<String> {
    let is_told = then.dtype != now.dtype || then.device != now.device.to_string();
    if is_told || has_arithmetic_of(then, now) {
        return None;
    }
    if now.arithmetic == 0 {
        let device = &now.device;
        return Some(format!(
            "{device} does not promise the same bits each time: rounding may let a die fall otherwise"
        ));
    }
    let recorded = match then.arithmetic {
        0 => "the transcript names no arithmetic".to_owned(),
        number => format!("the transcript's arithmetic is number {number}"),
    };
    let ours = format!("this one is number {}", now.arithmetic);
    Some(format!("another arithmetic: {recorded}, {ours}; rounding may let a die fall otherwise, as on another device"))
}

/// Says that another GPU computes, or another driver on the same.
fn driver_warning(then: &RunInfo, now: &ModelCard) -> Option<String> {
    let (recorded, ours) = (then.driver.as_ref()?, now.driver.as_ref()?);
    if then.device != now.device.to_string() {
        return Some(format!("another device: {} is recorded, this is {}", visible_line(&then.device), now.device));
    }
    let differs = || format!("another driver: {} is recorded, this is {}", visible_line(recorded), visible_line(ours));
    (recorded != ours).then(differs)
}

/// In words.
pub(super) fn text(report: &Report) -> String {
    /// So many differences are told one by one.
    const TOLD: usize = 10;
    let Report { outcomes, verdict, .. } = report;
    let mut out = String::new();
    let different: Vec<&Outcome> = outcomes.iter().filter(|it| !it.is_identical()).collect();
    // Writing to a string cannot fail.
    for it in different.iter().take(TOLD) {
        let _ = writeln!(out, "{}", divergence(report, it));
    }
    if different.len() > TOLD {
        let _ = writeln!(out, "... and {} more", different.len() - TOLD);
    }
    let _ = writeln!(out, "identical {}/{}", verdict.identical, outcomes.len());
    if let (Some(beyond), Some(largest)) = (verdict.beyond, &verdict.largest) {
        let it = &outcomes[largest.outcome];
        let (then, now) = probabilities(it, largest.after);
        let of = if largest.after { "after the samplers" } else { "by the model" };
        let name = report.text_of(it, it.recorded.token);
        let _ = writeln!(
            out,
            "probabilities: the largest difference is {} at {} ({name} {of}: recorded {}, now {}); {} is allowed ({})",
            short(largest.by),
            place(it),
            short(then),
            now.map_or_else(|| "none".to_owned(), short),
            largest.allowed,
            report.run_info(it),
        );
        if beyond > 0 {
            let _ = writeln!(out, "{beyond} of {} probabilities differ by more than rounding does", outcomes.len());
        } else if !different.is_empty() && !verdict.differs {
            let _ = writeln!(out, "the tokens that came out otherwise are explained by rounding");
        }
    } else if !different.is_empty() && report.models.iter().any(|(then, now)| then.device != now.device.to_string()) {
        let _ = writeln!(out, "--verify compares the probabilities, which hold on another device, too");
    }
    out
}

fn divergence(report: &Report, it: &Outcome) -> String {
    let name = |draw: &Draw| format!("{} {}", report.text_of(it, draw.token), short(draw.after));
    let now = it.redrawn.draw.as_ref().map_or_else(|| "nothing".to_owned(), name);
    let mut text =
        format!("diverged at {}: recorded {}, now {now} ({})", place(it), name(&it.recorded), report.run_info(it));
    if let Some(draw) = it.redrawn.draw.as_ref().filter(|_| !it.redrawn.is_same_die(&it.recorded)) {
        let _ =
            write!(text, "; the die was {}, this seed's is {}", short(it.recorded.die as f32), short(draw.die as f32));
    }
    text
}

fn place(it: &Outcome) -> String {
    if it.in_text { it.position.to_string() } else { format!("{} of another branch", it.position) }
}

fn probabilities(it: &Outcome, after: bool) -> (f32, Option<f32>) {
    let row = it.redrawn.recorded;
    if after { (it.recorded.after, row.and_then(|it| it.after)) } else { (it.recorded.model, row.map(|it| it.model)) }
}

/// `.4131`.
fn short(p: f32) -> String {
    let text = format!("{p:.4}");
    text.strip_prefix('0').map(str::to_owned).unwrap_or(text)
}

/// As one object.
pub(super) fn json(report: &Report) -> Value {
    let Report { path, outcomes, models, verdict } = report;
    let models: Vec<Value> = models
        .iter()
        .map(|(then, now)| {
            json!({
                "recorded": {
                    "name": then.name, "sha256": then.sha256, "dtype": then.dtype, "device": then.device,
                    "driver": then.driver, "arithmetic": then.arithmetic, "generator": then.generator,
                },
                "now": {
                    "name": now.name, "sha256": now.sha256, "dtype": now.dtype, "device": now.device,
                    "driver": now.driver, "arithmetic": now.arithmetic,
                },
            })
        })
        .collect();
    let diverged: Vec<Value> =
        outcomes.iter().filter(|it| !it.is_identical()).map(|it| difference(report, it)).collect();
    let probabilities = verdict.largest.as_ref().map(|largest| {
        let it = &outcomes[largest.outcome];
        let (then, now) = probabilities(it, largest.after);
        json!({
            "largest_difference": brief(&largest.by),
            "node": it.node,
            "position": it.position,
            "of": if largest.after { "after" } else { "model" },
            "recorded": brief(&then),
            "now": brief(&now),
            "allowed": brief(&largest.allowed),
            "beyond": verdict.beyond,
        })
    });
    json!({
        "transcript": path,
        "drawn": outcomes.len(),
        "identical": verdict.identical,
        "same_weights": verdict.same_weights,
        "same_circumstances": verdict.alike,
        "models": models,
        "diverged": diverged,
        "probabilities": probabilities,
        "differs": verdict.differs,
    })
}

fn difference(report: &Report, it: &Outcome) -> Value {
    let text = |token| String::from_utf8_lossy(report.models[it.model].1.vocabulary.bytes(token)).into_owned();
    let draw = |draw: &Draw| {
        json!({
            "id": draw.token, "text": text(draw.token), "model": brief(&draw.model),
            "after": brief(&draw.after), "die": draw.die,
        })
    };
    json!({
        "node": it.node,
        "position": it.position,
        "in_text": it.in_text,
        "recorded": draw(&it.recorded),
        "now": it.redrawn.draw.as_ref().map(draw),
    })
}
