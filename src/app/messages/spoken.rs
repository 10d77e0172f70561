//! Parts of sentences for those who read line by line.

use crate::TokenId;
use crate::app::context::Context;
use crate::app::messages::dice::{percent, spelled};
use crate::sample::Row;
use crate::text::{rest_of, visible};

/// A token in quotes.
pub(in crate::app) fn quoted(cx: &Context, token: TokenId) -> String {
    format!("\"{}\"", spelled(cx.text.vocabulary().bytes(token)))
}

/// Some tokens in quotes, in one line.
pub(in crate::app) fn text_of(cx: &Context, tokens: &[TokenId]) -> String {
    visible(&cx.text.vocabulary().decode(tokens).replace('\n', "\\n"))
}

/// What the tokens `from` to before `to` add to those before them, in one line; a character in pieces is told whole.
pub(in crate::app) fn part_of(cx: &Context, tokens: &[TokenId], from: usize, to: usize) -> String {
    let up_to = |n: usize| text_of(cx, &tokens[..n.min(tokens.len())]);
    rest_of(&up_to(to), &up_to(from)).to_owned()
}

/// So many things.
pub(in crate::app) fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// Controls with what they were and are.
pub(in crate::app) fn changed(changes: Vec<(&'static str, String, String)>) -> String {
    let said = changes.into_iter().map(|(name, old, new)| format!("{name} from {old} to {new}"));
    said.collect::<Vec<_>>().join(", ")
}

/// A row of a table of candidates.
pub(in crate::app) fn candidate(cx: &Context, number: usize, row: &Row, remark: &str) -> String {
    let after = row.after.map_or("cut".to_owned(), |p| format!("after {}", percent(p)));
    format!("{number}: {}, model {}, {after}{remark}", quoted(cx, row.token), percent(row.model))
}

/// A token of the text with its number.
pub(in crate::app) fn token(cx: &Context, position: usize) -> String {
    match cx.text.document.at(position) {
        Some(node) => format!("Token {} of {}: {}.", position + 1, cx.text.document.len(), quoted(cx, node.token)),
        None => format!("The next token, number {}.", position + 1),
    }
}
