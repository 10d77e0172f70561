//! The columns, line by line.

use super::{Branch, Column, Columns, Purpose};
use crate::app::context::Context;
use crate::app::messages;
use crate::app::messages::columns::name;
use crate::app::messages::dice::percent;
use crate::app::messages::spoken::{changed, count, part_of, quoted, text_of};

/// Futures as a tree: what several begin with is told once.
pub(in crate::app) fn branches(cx: &Context, state: &Columns) -> Vec<String> {
    let listed = state.listed(cx.text.vocabulary());
    let line = |it: Branch| {
        let tokens = it.columns.first().map(|&column| state.columns[column].tokens()).unwrap_or_default();
        let text = part_of(cx, &tokens, it.from, it.to);
        let through = listed.iter().enumerate().filter(|line| line.1.iter().any(|column| it.columns.contains(column)));
        let numbers: Vec<String> = through.map(|line| (line.0 + 1).to_string()).collect();
        format!("depth {}, of {}: \"{text}\"", it.depth, numbers.join(" "))
    };
    let mut out = vec!["The ways to go on by what they share, with the numbers of those that go through:".to_owned()];
    out.extend(state.branches().into_iter().map(line));
    out
}

/// One column of a comparison: settings, text, measures, where it first differs.
fn column(cx: &Context, state: &Columns, index: usize) -> Vec<String> {
    let it: &Column = &state.columns[index];
    let mut like = it.settings.clone();
    like.seed = cx.settings.seed;
    let changes = messages::changes(&cx.settings, &like);
    let settings = if changes.is_empty() { "the settings of now".to_owned() } else { changed(changes) };
    let mut figures = vec![count(it.draws.len(), "token")];
    if !it.draws.is_empty() {
        figures.push(format!("{:.1} bits a token", it.surprise()));
    }
    figures.extend(it.distinct().map(|it| format!("{:.0} of 100 pairs different", it * 100.0)));
    figures.extend(it.ended.as_ref().map(|it| messages::stopped(it).to_owned()));
    let mut out = vec![
        format!("{}, {settings}: {}", name(index), figures.join(", ")),
        format!("\"{}\"", text_of(cx, &it.tokens())),
    ];
    match state.first_difference(index) {
        Some(at) => {
            let token = |of: &Column| of.tokens().get(at).map_or("nothing".to_owned(), |&it| quoted(cx, it));
            let die = it.draws.get(at).map_or(String::new(), |it| format!(", die {:.4}", it.die));
            let (here, there) = (token(it), token(&state.columns[0]));
            out.push(format!("first difference at its token {}{die}: {here} here, {there} in A", at + 1));
        }
        None if index > 0 => out.push("no difference".to_owned()),
        None => {}
    }
    out
}

/// Columns, one after the other.
pub(in crate::app) fn tell(cx: &Context, state: &Columns) -> Vec<String> {
    let mut out = super::tell_exact(cx, state);
    match state.purpose {
        Purpose::Futures if !out.is_empty() => {}
        Purpose::Compare => {
            out.push(
                if state.same_dice { "The same dice, other settings:" } else { "Each with its own dice:" }.to_owned(),
            );
            out.extend((0..state.columns.len()).flat_map(|it| column(cx, state, it)));
            out.push("/keep B goes on with a column, /keep all keeps each as a branch, /dice gives each its own dice or all the same.".to_owned());
        }
        Purpose::Futures => {
            out.push("Ways to go on, the likeliest first, with the mean probability of a token:".to_owned());
            for (line, those) in state.listed(cx.text.vocabulary()).into_iter().enumerate() {
                let column = &state.columns[those[0]];
                let figure = percent(2f64.powf(-column.surprise()) as f32);
                let times = if those.len() > 1 { format!(", drawn {} times", those.len()) } else { String::new() };
                out.push(format!("{}, {figure}{times}: \"{}\"", line + 1, text_of(cx, &column.tokens())));
            }
            out.push(
                "/keep 1 goes on with one, /keep 1 word with its first word, /futures more throws other dice."
                    .to_owned(),
            );
        }
    }
    out
}
