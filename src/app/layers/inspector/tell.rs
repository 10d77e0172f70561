//! The inspector, line by line.

use crate::app::context::Context;
use crate::app::messages::dice::{facts, not_known, spelled, under};
use crate::app::messages::spoken::{candidate, changed, token};

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
