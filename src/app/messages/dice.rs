//! Tokens, probabilities and draws in words: what the panel, the inspector and the line mode say of them.

use super::changes;
use crate::TokenId;
use crate::app::context::Context;
use crate::app::text::{Inspection, Under};
use crate::sample::{Did, Flip, Parameter, Settings, Step, StepTrace};

pub use crate::format::{fine_percent, percent, spelled};
pub use crate::sample::RANKS;

/// What each step did, with the value it did it by; first of all the size of the vocabulary.
#[must_use]
pub fn steps(vocabulary: usize, held_to: Option<usize>, trace: &[StepTrace], settings: &Settings) -> Vec<String> {
    let mut parts = vec![vocabulary.to_string()];
    parts.extend(held_to.map(|n| format!("that begin so: {n}")));
    parts.extend(trace.iter().map(|it| step(it, settings)));
    parts
}

/// The steps in one line, an arrow between them.
#[must_use]
pub fn chain(steps: &[String], arrow: &str) -> String {
    steps.join(&format!(" {arrow} "))
}

/// One step with the value it did it by, and what it did: `top-p 0.9: 12 left (90%)`, twelve of nine tenths of the probability.
fn step(it: &StepTrace, settings: &Settings) -> String {
    let value = it.step.parameter(settings).map(|it| format!(" {}", it.show(settings))).unwrap_or_default();
    let name = format!("{}{value}", it.step.name());
    let temperature = Parameter::Temperature;
    match it.did {
        Did::Touched(n) if it.step == Step::NoRepeatNgram => format!("{name}: {n} out"),
        Did::Touched(n) => format!("{name}: {n} changed"),
        Did::Left { count, share: None } => format!("{name}: {count} left"),
        Did::Left { count, share: Some(share) } => format!("{name}: {count} left ({})", percent(share)),
        Did::Divided { by } if settings.dynatemp_range > 0.0 => format!("{} {by:.2} by entropy", temperature.name()),
        Did::Divided { .. } => format!("{} {}", temperature.name(), temperature.show(settings)),
    }
}

/// What is known of a token besides the table of what it could have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its number in the vocabulary and where it came from.
    pub whence: String,
    /// The probability by the model and after the samplers, the rank, and the surprise in bits.
    pub chances: String,
    /// How open the place was, and in which way.
    pub openness: Option<String>,
    /// What each step of the chain did.
    pub steps: Vec<String>,
    /// What the die made of it.
    pub die: String,
    /// How to look at it under the other settings, those of now or those of then; none where they are the same.
    pub other: Option<String>,
    /// What changed in the settings with it: controls, from what to what.
    pub changes: Vec<(&'static str, String, String)>,
    /// What became of many dice thrown here.
    pub thrown: Option<String>,
    /// What would have made the draw come out otherwise.
    pub flips: String,
    /// The same, a line for each control that would have.
    pub flip_lines: Vec<String>,
}

/// What is known of a token, tokens called as `name` does.
#[must_use]
pub fn facts(cx: &Context, it: &Inspection, name: &dyn Fn(TokenId) -> String) -> Facts {
    let whence = it.node.and_then(|it| cx.text.document.node(it)).map_or("to be drawn", |it| it.origin.name());
    let verb = match (it.node, it.typed, it.under) {
        (None, ..) => "will draw",
        (Some(_), true, _) => "would have drawn",
        (Some(_), false, Under::Then) => "drew",
        (Some(_), false, Under::Now) => "would draw",
    };
    let marked = it.node.is_some_and(|node| cx.text.document.is_bookmarked(node));
    let after = it.after.map_or("cut by the samplers".to_owned(), |p| format!("{} after the samplers", percent(p)));
    let flip_lines = by_parameter(&it.flips, it.settings(), name);
    Facts {
        whence: format!("id {}  {whence}{}", it.token, if marked { ", marked" } else { "" }),
        chances: format!(
            "{} by the model, {after}; rank {}, surprise {:.1} bits",
            percent(it.score.p),
            it.score.rank + 1,
            it.score.bits()
        ),
        openness: it.measure.map(|it| {
            let (entropy, varentropy) = (it.entropy(), it.varentropy());
            format!("entropy {entropy:.1} bits, varentropy {varentropy:.1}: {}", it.quadrant().told())
        }),
        steps: steps(it.vocabulary, it.held_to, &it.trace, it.settings()),
        die: format!(
            "die {:.4} {verb} \"{}\", rank {} after the samplers",
            it.die,
            name(it.picked),
            it.picked_rank + 1
        ),
        other: other(cx, it),
        changes: cx.text.document.change_at(it.position).map(|it| changes(it.0, it.1)).unwrap_or_default(),
        thrown: it.thrown.as_ref().map(|thrown| {
            let (dice, last, tokens) = (thrown.dice, thrown.dice - 1, thrown.counts.len());
            let came = thrown.count(it.token);
            let own = it.rows.iter().position(|row| row.token == it.token).and_then(|at| thrown.expected.get(at));
            format!(
                "{dice} dice, of seeds 0 to {last} in this place, came to {}; \"{}\" came {}, {} expected",
                count(tokens, "token"),
                name(it.token),
                count(came as usize, "time"),
                expected(own.copied().unwrap_or(0.0))
            )
        }),
        flips: match (flip_lines.is_empty(), it.is_pending()) {
            _ if it.elsewhere.is_some() => format!(
                "another model, precision or device drew this: by the one that is loaded it would be \"{}\"",
                it.elsewhere.map_or(String::new(), name)
            ),
            (true, true) => "another token with ...".to_owned(),
            (false, true) => format!("another token with {}; ...", flip_lines.join("; ")),
            (true, false) => "no other temperature, top-k, top-p or min-p changes this draw".to_owned(),
            (false, false) => format!("another token with {}", flip_lines.join("; ")),
        },
        flip_lines,
    }
}

/// So many of something.
#[must_use]
pub fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How often something is expected to come, in six columns at the most.
#[must_use]
pub fn expected(times: f64) -> String {
    match times {
        it if it >= 1000.0 => format!("{it:.0}"),
        it if it >= 0.05 => format!("{it:.1}"),
        it if it > 0.0 => "~0".to_owned(),
        _ => "0".to_owned(),
    }
}

/// Which settings a token is looked at under.
#[must_use]
pub fn under(it: &Inspection) -> &'static str {
    match it.under {
        Under::Then => "as it was drawn",
        Under::Now => "under the settings of now",
    }
}

/// How to look at a drawn token under the other settings, and what differs in them.
fn other(cx: &Context, it: &Inspection) -> Option<String> {
    let node = it.node.filter(|_| it.is_drawn())?;
    let differ = changes(cx.text.document.settings_at(node)?, &cx.settings);
    let differ: Vec<String> = differ.into_iter().map(|(name, then, now)| format!("{name} {then}, now {now}")).collect();
    let (how, now) = if cx.keymap.is_written() { ("/inspect", "/inspect N now") } else { ("n", "n") };
    let how = match it.under {
        Under::Then => format!("{now} shows it under the settings of now"),
        Under::Now => format!("{how} shows it as it was drawn"),
    };
    (!differ.is_empty()).then(|| format!("{how}: {}", differ.join("; ")))
}

/// Why nothing is known of the token at a position; it may be only a question of time.
#[must_use]
pub fn not_known(cx: &Context, position: usize) -> &'static str {
    if position == 0 {
        "The first token: the model reads it, and has no say in it."
    } else if position <= cx.out_of_sight() && cx.out_of_sight() > 0 {
        "Out of the model's sight: it has no opinion on it any more."
    } else {
        "One moment: the model reads the text again for this."
    }
}

/// The flips of each control: `temp below 0.687 "fish", above 0.703 "bird"`.
fn by_parameter(flips: &[Flip], settings: &Settings, name: &dyn Fn(TokenId) -> String) -> Vec<String> {
    let of = |parameter: Parameter| {
        let mut sides: Vec<&Flip> = flips.iter().filter(|it| it.parameter == parameter).collect();
        sides.sort_by_key(|it| it.above);
        let sides: Vec<String> = sides.into_iter().map(|it| side(it, settings, &name(it.token))).collect();
        (!sides.is_empty()).then(|| format!("{} {}", parameter.name(), sides.join(", ")))
    };
    Parameter::flippable().filter_map(of).collect()
}

/// A number in so many decimals, or in as many as tell it from the value that is set.
fn apart(border: f32, set: f32, decimals: usize) -> String {
    let shown = |n: usize| format!("{border:.n$}");
    (decimals..8).find(|&n| shown(n) != format!("{set:.n$}")).map_or_else(|| shown(8), shown)
}

/// One side of a control: the border, and what the draw becomes beyond it.
fn side(flip: &Flip, settings: &Settings, token: &str) -> String {
    let side = if flip.above { "above" } else { "below" };
    // Between the two lies the border; what is said is true on either side of it.
    let border = f32::midpoint(flip.same, flip.beyond);
    let value = match flip.parameter.flips() {
        Some(flips) if !flips.is_whole() => {
            let (set, decimals) = (flip.parameter.number(settings), -flips.grain.log10().round());
            apart(border, set.unwrap_or_default() as f32, decimals as usize)
        }
        _ => format!("{:.0}", flip.same),
    };
    format!("{side} {value} \"{token}\"")
}

#[cfg(test)]
mod tests;
