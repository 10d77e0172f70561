//! The inspector, line by line.

use crate::app::context::Context;
use crate::app::messages::dice::{count as counted, expected, facts, not_known, spelled, under};
use crate::app::messages::spoken::{candidate, changed, quoted, token};

/// The token that is looked at: what is known of it, and the first `most` of what it could have been.
pub(in crate::app) fn tell(cx: &Context, most: usize) -> Vec<String> {
    let position = cx.text.cursor;
    let mut out = vec![token(cx, position)];
    let Some(it) = &cx.text.inspection else {
        out.push(not_known(cx, position).to_owned());
        return out;
    };
    let name = |token| spelled(cx.text.vocabulary().bytes(token));
    let known = facts(cx, it, &name);
    out.push(format!("{}.", known.whence.replace("  ", ", ")));
    out.push(format!("{}.", known.chances));
    out.push(format!("The chain: {}.", known.steps.join(", then ")));
    out.push(format!("{}.", known.die));
    if it.is_drawn() {
        out.push(format!("Looked at {}.", under(it)));
        out.extend(known.other.map(|it| format!("{it}.")));
    }
    if !known.changes.is_empty() {
        out.push(format!("The settings changed here: {}.", changed(known.changes)));
    }
    out.extend(known.openness.iter().map(|it| format!("The place: {it}.")));
    out.push(format!("{}.", known.flips));
    out.push("What it could have been:".to_owned());
    for (index, row) in it.rows.iter().enumerate() {
        let own = row.token == it.token;
        if index < most || own {
            let this = if it.node.is_some() { ", this one" } else { ", picked" };
            out.push(candidate(cx, index + 1, row, if own { this } else { "" }));
        }
    }
    out.push(format!("/take {} K puts one there and goes on.", position + 1));
    out
}

/// What many dice come to in the place of the token that is looked at: the `most` most frequent tokens.
pub(in crate::app) fn tell_thrown(cx: &Context, most: usize) -> Vec<String> {
    let mut out = vec![token(cx, cx.text.cursor)];
    let known = cx.text.inspection.as_ref().and_then(|it| Some((it, it.thrown.as_ref()?)));
    let Some((it, thrown)) = known else {
        out.push(not_known(cx, cx.text.cursor).to_owned());
        return out;
    };
    let name = |token| spelled(cx.text.vocabulary().bytes(token));
    out.extend(facts(cx, it, &name).thrown.map(|it| format!("{it}.")));
    for (number, &(token, count)) in (1..).zip(&thrown.counts).take(most) {
        let at = it.rows.iter().position(|row| row.token == token).and_then(|at| thrown.expected.get(at));
        let told = at.map_or(String::new(), |&it| format!(", {} expected", expected(it)));
        out.push(format!("{number}: {} came {}{told}", quoted(cx, token), counted(count as usize, "time")));
    }
    if thrown.counts.len() > most {
        out.push(format!("and {} more", thrown.counts.len() - most));
    }
    out
}
