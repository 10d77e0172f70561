//! What the main screen shows, in lines that can be read one after the other.

use std::ops::Range;

use crate::app::context::{Context, Saved};
use crate::app::knobs::{KNOBS, Knob};
use crate::app::messages;
use crate::app::messages::dice::steps;
use crate::app::messages::spoken;
use crate::app::messages::spoken::{candidate, count, quoted, text_of};
use crate::app::messages::state::{Seen, context, model, phase, seen};
use crate::app::text::Heat;
use crate::sample::Parameter;

/// How the text ends now.
pub(super) fn end(cx: &Context) -> String {
    /// So many tokens say where one is.
    const LAST: usize = 16;
    let tokens = cx.text.document.tokens();
    if tokens.is_empty() {
        return "The text is empty.".to_owned();
    }
    let tail = text_of(cx, &tokens[tokens.len().saturating_sub(LAST)..]);
    let ending = if tokens.len() > LAST { ", ending" } else { "" };
    format!("The text is now {}{ending}: \"{tail}\"", count(tokens.len(), "token"))
}

/// Tokens of the text with their numbers.
pub(super) fn tokens(cx: &Context, positions: Range<usize>) -> Vec<String> {
    let line = |position: usize| {
        let node = cx.text.document.at(position)?;
        let whence = node.origin.name();
        let marked = cx.text.document.path().get(position).is_some_and(|&it| cx.text.document.is_bookmarked(it));
        let mark = if marked { ", marked" } else { "" };
        Some(format!("{}: {}, {whence}{mark}", position + 1, quoted(cx, node.token)))
    };
    positions.filter_map(line).collect()
}

/// The next token: how open it is, what the die picks, what the chain did, the candidates.
pub(super) fn next(cx: &Context, most: usize) -> Vec<String> {
    let Some(next) = cx.text.next_table() else {
        return vec!["What could come next is not known yet.".to_owned()];
    };
    let mut out = vec![
        format!(
            "The next token, number {}: entropy {:.1} bits, about {:.1} choices; by the model alone {:.1} bits.",
            cx.text.document.len() + 1,
            next.entropy,
            next.entropy.exp2(),
            next.model_entropy
        ),
        format!("The chain: {}.", steps(next.scored, None, &next.trace, &cx.settings).join(", then ")),
    ];
    let picked = next.picked;
    out.push(format!("The die, {:.4}, picks {}, rank {}.", next.die, quoted(cx, picked.token), picked.rank + 1));
    let mut cut_told = false;
    for (index, row) in next.rows.iter().enumerate().take(most) {
        if row.after.is_none() && !cut_told {
            cut_told = true;
            out.push(format!("Cut from here on; {} left.", count(next.kept, "token")));
        }
        let remark = if row.token == picked.token { ", picked" } else { "" };
        out.push(candidate(cx, index + 1, row, remark));
    }
    out
}

/// The tokens that stand out most.
pub(super) fn heat(cx: &Context, heat: Heat, most: usize) -> Vec<String> {
    let measure = |position: usize| {
        let score = cx.text.score(position)?;
        let value = match heat {
            Heat::Entropy => score.entropy?,
            Heat::Varentropy => cx.text.measure(position)?.varentropy() as f32,
            Heat::Rank => score.rank as f32 + 1.0,
            Heat::Surprise | Heat::Off | Heat::Cut => score.bits(),
        };
        Some((position, value, score))
    };
    let mut known: Vec<_> = (0..cx.text.document.len()).filter_map(measure).collect();
    if known.is_empty() {
        return vec!["Nothing is known of the text yet: the model has no say in the first token.".to_owned()];
    }
    let mean = known.iter().map(|it| f64::from(it.1)).sum::<f64>() / known.len() as f64;
    let word = heat.name();
    let mut out =
        vec![format!("By {word}: {} known, {mean:.1} on average. The most first:", count(known.len(), "token"))];
    known.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (position, value, score) in known.into_iter().take(most) {
        let mut entropy = score.entropy.map_or(String::new(), |it| format!(", entropy {it:.1} bits"));
        if heat == Heat::Varentropy {
            entropy = format!("{entropy}, varentropy {value:.1} bits squared");
        }
        let token = cx.text.document.at(position).map_or(String::new(), |it| quoted(cx, it.token));
        let (bits, rank) = (score.bits(), score.rank + 1);
        out.push(format!("token {}, {token}: surprise {bits:.1} bits, rank {rank}{entropy}", position + 1));
    }
    out
}

/// The drawn tokens that the settings of now would have cut.
pub(super) fn cut(cx: &Context, most: usize) -> Vec<String> {
    let losses = cx.text.losses();
    if losses.drawn == 0 {
        return vec!["The model has drawn nothing yet.".to_owned()];
    }
    let unknown = if losses.unknown > 0 { format!("; {} not known", losses.unknown) } else { String::new() };
    let mut out =
        vec![format!("{} of {} drawn tokens are impossible under these settings{unknown}.", losses.cut, losses.drawn)];
    let gone: Vec<usize> = (0..cx.text.document.len()).filter(|&it| cx.text.survives(it) == Some(false)).collect();
    for &position in gone.iter().take(most) {
        let token = cx.text.document.at(position).map_or(String::new(), |it| quoted(cx, it.token));
        out.push(format!("token {}, {token}", position + 1));
    }
    if gone.len() > most {
        out.push(format!("and {} more", gone.len() - most));
    }
    out
}

/// What goes on.
pub(super) fn status(cx: &Context) -> Vec<String> {
    let mut out = vec![format!("model: {}, {}", model(&cx.models.engine), phase(cx).0)];
    if let Some((used, of)) = context(cx) {
        let Seen { prompt, typed, drawn } = seen(cx);
        let lost = cx.out_of_sight();
        let gone = if lost > 0 { format!(", {lost} out of sight") } else { String::new() };
        let free = of.saturating_sub(used);
        out.push(format!("context: {used} of {of} tokens, {prompt} in the prompt, {typed} typed since, {drawn} drawn, {free} free{gone}"));
    }
    let (tokens, drawn) = (count(cx.text.document.len(), "token"), cx.text.document.drawn());
    out.push(format!("text: {tokens}, {drawn} of them drawn; parts in the tree: {}", cx.text.document.runs().len()));
    let mut speed: Vec<String> = cx.drawing.speed.iter().map(|it| format!("{it:.0} tokens a second")).collect();
    speed.extend(cx.drawing.first_token.iter().map(|it| format!("the first after {}", messages::span(*it))));
    if !speed.is_empty() {
        out.push(format!("speed: {}", speed.join(", ")));
    }
    let s = &cx.settings;
    let (preset, temp, top_p) = (Knob::Preset.show(s), Parameter::Temperature.show(s), Parameter::TopP.show(s));
    out.push(format!("sampling: preset {preset}, temp {temp}, top-p {top_p}, seed {}", s.seed));
    out.push(if cx.chat { "chat: on" } else { "chat: off" }.to_owned());
    if !cx.text.document.is_empty() {
        out.push(format!("looked at: {}", spoken::token(cx, cx.text.cursor.min(cx.text.document.len()))));
    }
    out.push(match &cx.journal.saved {
        Saved::Yes => format!("saved: yes, in {}", cx.journal.place),
        Saved::Soon => "saved: not the newest yet, which follows in a moment".to_owned(),
        Saved::No(why) => format!("saved: no, {why}"),
        Saved::Nothing => "saved: nothing is written yet, or nothing is to be".to_owned(),
    });
    out
}

/// A control with its value and what it does.
pub(super) fn knob(cx: &Context, knob: Knob) -> String {
    let words = knob.parameter().map(Parameter::values_in_words).filter(|it| !it.is_empty());
    let words = words.map_or(String::new(), |it| format!(" ({it})"));
    format!("{}: {}; {}{words}", knob.name(), knob.show(&cx.settings), knob.explain(&cx.settings))
}

/// All controls, or those that a word fits.
pub(super) fn settings_lines(cx: &Context, word: &str) -> Vec<String> {
    let lines = KNOBS.iter().map(|&it| knob(cx, it));
    let fitting: Vec<String> = lines.filter(|it| it.contains(word)).collect();
    if fitting.is_empty() { vec![format!("No control is called {word}.")] } else { fitting }
}
