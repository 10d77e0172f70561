//! The text in the words of the model that goes on with it.
//!
//! A model reads its own tokens only. Where the text is in those of another model, it is read again, as a new branch; the
//! old one stays as it was written.

use super::journal::{deed, record, record_circumstances, write};
use crate::TokenId;
use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::messages;
use crate::document::{NodeId, Record};
use crate::sample::{Settings, TokenConstraints};
use crate::store::protocol::Job;
use crate::text::Vocabulary;

/// Takes new settings, if the texts that they name can be spelled in the model's words.
///
/// # Errors
///
/// Why not, naming the text.
pub(in crate::app) fn accept(cx: &mut Context, settings: Settings) -> Result<(), String> {
    let own = cx.card().map(|it| it.vocabulary.clone());
    if let Some(why) = own.and_then(|it| TokenConstraints::refusal(&settings, &it)) {
        return Err(why);
    }
    cx.settings = settings;
    Ok(())
}

/// Reads the text again in the words of the loaded model, as a new branch, where it is in those of another; says so.
///
/// Answers whether the text is in the model's words now.
pub(in crate::app) fn read_again(cx: &mut Context) -> bool {
    if cx.text.is_the_models() {
        return true;
    }
    let Some((name, own)) = cx.card().map(|it| (it.name.clone(), it.vocabulary.clone())) else { return false };
    let (tokens, remarks) = match translate(&cx.text.document.tokens(), cx.text.vocabulary(), &own) {
        Ok(it) => it,
        Err(why) => {
            let text = "The text was written in the words of another model, and";
            cx.outbox.complain(format!("{text} {name} cannot read it: {why}. It stays as it is."));
            return false;
        }
    };
    deed(cx);
    let twin = branch_of(cx, &tokens, &own);
    if let Some(node) = twin {
        record(cx, Record::Tip { node: Some(node) });
    } else {
        record_circumstances(cx);
        write(cx, None, tokens, false);
    }
    cx.outbox.store(Job::Sync);
    (cx.text.cursor, cx.text.anchor) = (cx.text.document.len(), None);
    let undo = cx.key_of(Action::Undo);
    let mut text = format!(
        "The text is in the words of another model: {name} reads it in its own, as a new branch ({undo} goes back)."
    );
    for it in remarks {
        text = format!("{text} {}", messages::sentence(&it, ""));
    }
    cx.outbox.say_first(&text);
    true
}

/// The end of a branch that has exactly these tokens already, in this vocabulary.
fn branch_of(cx: &Context, tokens: &[TokenId], own: &Vocabulary) -> Option<NodeId> {
    let mut node = None;
    for &token in tokens {
        let is_it = |&it: &NodeId| {
            let same_words = cx.text.vocabularies().at(it).has_tokens_of(own);
            same_words && cx.text.document.node(it).is_some_and(|it| it.token == token)
        };
        node = Some(cx.text.document.children(node).into_iter().find(is_it)?);
    }
    node
}

/// Tokens of one vocabulary in another, and remarks. What begins or ends a text there does so here, everything else is
/// read as text: to the byte, or as the remarks say.
fn translate(tokens: &[TokenId], from: &Vocabulary, to: &Vocabulary) -> Result<(Vec<TokenId>, Vec<String>), String> {
    let (mut out, mut remarks): (Vec<TokenId>, Vec<String>) = (Vec::new(), Vec::new());
    let mut remark = |it: String| {
        if !remarks.contains(&it) {
            remarks.push(it);
        }
    };
    let is_border = |it: TokenId| from.is_end(it) || from.begin() == Some(it);
    // What one tokenizer puts before every text is no part of the text.
    let mut rest = tokens.strip_prefix(from.before()).unwrap_or(tokens);
    while let Some(&first) = rest.first() {
        if is_border(first) {
            let (begin, end) = (to.begin(), to.ends().first().copied());
            let mark = if out.is_empty() { begin.or(end) } else { end.or(begin) };
            let name = from.name_of(first);
            out.push(mark.ok_or_else(|| format!("it has no token that does what {name} does there"))?);
            rest = &rest[1..];
            continue;
        }
        let length = rest.iter().take_while(|&&it| !is_border(it)).count();
        let (words, after) = rest.split_at(length);
        for &it in words.iter().filter(|&&it| from.is_mark(it)) {
            let is_same = |&id: &TokenId| to.is_mark(id) && to.bytes(id) == from.bytes(it);
            if !(0..to.len() as TokenId).any(|id| is_same(&id)) {
                remark(format!("the mark {} is read as text", from.name_of(it)));
            }
        }
        let bytes: Vec<u8> = words.iter().flat_map(|&it| from.bytes(it)).copied().collect();
        for chunk in bytes.utf8_chunks() {
            if !chunk.valid().is_empty() {
                let encoded = to.encode(chunk.valid()).map_err(|e| e.to_string())?;
                out.extend(encoded.tokens);
                encoded.read_as.map(|it| it.sentence()).into_iter().for_each(&mut remark);
            }
            // A half character is no text, but it has bytes.
            if !chunk.invalid().is_empty() {
                out.extend(to.spell(chunk.invalid()).ok_or("it cannot spell all of its bytes")?);
            }
        }
        rest = after;
    }
    if !out.starts_with(to.before()) {
        out.splice(0..0, to.before().iter().copied());
    }
    Ok((out, remarks))
}

#[cfg(test)]
mod tests;
