//! The text as a tree: other tokens, other branches, back and forth. Nothing is ever lost; only the end moves.

use super::ask::{generate_on, is_ours, next_logits, settings_moved, still_writing};
use super::cursor::show_cursor;
use super::journal::{deed, record, record_circumstances, record_settings, write};
use super::{chat, editor, focus, rewrite};
use crate::TokenId;
use crate::app::context::Context;
use crate::app::focus::Focus;
use crate::app::keymap::Action;
use crate::app::messages::{self, changes};
use crate::app::text::Scroll;
use crate::document::{NodeId, Origin, Record};
use crate::sample::Settings;
use crate::store::protocol::Job;
use crate::text::{title_of, visible_name};

/// What a key does to the tree. While a continuation runs, only the stop key may touch its end.
pub(in crate::app) fn act(cx: &mut Context, action: Action) {
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    match action {
        Action::Reroll => reroll(cx),
        Action::EditFromHere => rewrite::edit_from_here(cx),
        Action::EditInEditor => editor::open(cx),
        Action::TypeHere => rewrite::type_here(cx, ""),
        Action::PreviousSibling => sibling(cx, -1),
        Action::NextSibling => sibling(cx, 1),
        Action::Undo => undo(cx),
        Action::Redo => redo(cx),
        Action::Bookmark => bookmark(cx),
        Action::NextBookmark => next_bookmark(cx),
        _ => {}
    }
}

/// Moves the end of the text, remembering where it was.
pub(in crate::app) fn go_to(cx: &mut Context, node: Option<NodeId>) {
    if node != cx.text.document.tip() {
        deed(cx);
        move_by(cx, Record::Tip { node });
    }
}

/// Moves the end of the text by a record.
fn move_by(cx: &mut Context, to: Record) {
    record(cx, to);
    cx.outbox.store(Job::Sync);
    cx.drawing.ended = None;
    next_logits(cx);
}

/// Puts a token of one's own choice where the cursor is; what was there stays as another branch.
pub(in crate::app) fn take(cx: &mut Context, token: TokenId, goes_on: bool) {
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    if !is_ours(cx) {
        return;
    }
    let parent = cx.text.before_cursor();
    // A branch that is there already is gone back to, not made twice; but what was written and never gone on from may be
    // half a word, and what is chosen is meant as it is.
    let is_it = |&it: &NodeId| {
        let is_left_over = cx.text.document.children(Some(it)).is_empty();
        cx.text.document.node(it).is_some_and(|it| it.token == token && !(is_left_over && it.origin == Origin::Typed))
    };
    let known = cx.text.document.children(parent).into_iter().find(is_it);
    deed(cx);
    if let Some(known) = known {
        record(cx, Record::Tip { node: Some(known) });
    } else {
        record_circumstances(cx);
        write(cx, parent, vec![token], true);
    }
    cx.outbox.store(Job::Sync);
    cx.text.go_to_end();
    let undo = cx.key_of(Action::Undo);
    cx.outbox.say(format!("Put there; what stood there stays as another branch. {undo} goes back."));
    if goes_on {
        cx.uncover();
        generate_on(cx, String::new(), String::new());
    } else {
        next_logits(cx);
    }
}

/// Puts a text of one's own in the place of all that follows `parent`; what was there stays as another branch.
///
/// Answers whether the text could be read.
pub(in crate::app) fn put(cx: &mut Context, parent: Option<NodeId>, text: &str) -> bool {
    if !is_ours(cx) {
        return false;
    }
    let encoded = match parent {
        None => cx.text.vocabulary().encode_beginning(text),
        Some(_) => cx.text.vocabulary().encode(text),
    };
    let encoded = match encoded {
        Ok(it) => it,
        Err(why) => {
            cx.outbox.complain(messages::sentence(&format!("{why}. The text stays as it was"), ""));
            return false;
        }
    };
    if let Some(it) = &encoded.read_as {
        cx.outbox.say(messages::sentence(&it.sentence(), ""));
    }
    let tokens = encoded.tokens;
    if tokens.is_empty() {
        go_to(cx, parent);
        return true;
    }
    deed(cx);
    record_circumstances(cx);
    write(cx, parent, tokens, false);
    cx.outbox.store(Job::Sync);
    cx.text.go_to_end();
    cx.drawing.ended = None;
    next_logits(cx);
    true
}

/// Throws new dice for the token under the cursor and all after it.
fn reroll(cx: &mut Context) {
    if cx.text.document.is_empty() {
        return cx.outbox.say("There is nothing to throw again yet.");
    }
    if cx.card().is_none() {
        return cx.outbox.say("The model is not ready yet.");
    }
    if !is_ours(cx) {
        return;
    }
    let parent = cx.text.before_cursor();
    if parent.is_none() {
        return cx.outbox.say("The first token has nothing before it: the model has no say in it.");
    }
    // What was typed of the token stays, and goes on otherwise.
    let begun = match cx.text.document.at(cx.text.cursor).map(|it| (&it.origin, it.token)) {
        Some((Origin::Drawn(draw), token)) => {
            cx.text.vocabulary().bytes(token).get(..draw.begun).unwrap_or_default().to_vec()
        }
        _ => Vec::new(),
    };
    let begun = String::from_utf8_lossy(&begun).into_owned();
    cx.uncover();
    // The dice are a function of the seed and the position: the same seed would throw the same ones.
    deed(cx);
    cx.settings.seed = cx.settings.seed.wrapping_add(1);
    settings_moved(cx);
    if parent != cx.text.document.tip() {
        record(cx, Record::Tip { node: parent });
        cx.outbox.store(Job::Sync);
    }
    let key = |action| cx.key_in(Focus::Text, action);
    let (before, after, undo) = (key(Action::PreviousSibling), key(Action::NextSibling), key(Action::Undo));
    let seed = cx.settings.seed;
    let text =
        format!("New dice from here: seed {seed}. {before} and {after} go between the branches, {undo} goes back.");
    cx.outbox.say(text);
    generate_on(cx, begun, String::new());
}

/// Goes to the branch beside the one of the last fork at or before the cursor.
fn sibling(cx: &mut Context, step: isize) {
    let Some(fork) = cx.text.document.fork_before(cx.text.cursor) else {
        let inspect = cx.key_in(Focus::Text, Action::Inspect);
        let text = format!("There is no other branch here. {inspect} on a token shows what it could have been.");
        return cx.outbox.say(text);
    };
    let siblings = cx.text.document.siblings(fork);
    let here = cx.text.document.path()[fork];
    let at = siblings.iter().position(|&it| it == here).unwrap_or(0);
    let to = (at as isize + step).rem_euclid(siblings.len() as isize) as usize;
    let end = cx.text.document.newest_leaf(siblings[to]);
    go_to(cx, Some(end));
    cx.text.cursor = fork;
    show_cursor(cx);
    let undo = cx.key_in(Focus::Text, Action::Undo);
    cx.outbox.say(format!("Branch {} of {} from here; {undo} goes back.", to + 1, siblings.len()));
}

/// Undoes the last deed.
pub(super) fn undo(cx: &mut Context) {
    // A setting that was given at the start, and not written down by anything yet, is no deed.
    let Some(state) = cx.text.document.before_last_deed().cloned() else {
        return cx.outbox.say("There is nothing to undo.");
    };
    let what = go_back_to(cx, Record::Undo { node: state.tip }, state.settings);
    cx.outbox.say(format!("Undone{what}. Nothing is lost: {} does it again.", cx.key_of(Action::Redo)));
}

fn redo(cx: &mut Context) {
    let Some(state) = cx.text.document.after_undone_deed().cloned() else {
        return cx.outbox.say("There is nothing to do again.");
    };
    let what = go_back_to(cx, Record::Redo { node: state.tip }, state.settings);
    if !what.is_empty() {
        cx.outbox.say(format!("Done again{what}."));
    }
}

/// Goes to an end of the text and the settings that were in force there; answers which settings became others.
fn go_back_to(cx: &mut Context, record: Record, settings: Option<Settings>) -> String {
    let before = cx.settings.clone();
    if let Some(settings) = settings {
        cx.settings = settings;
        settings_moved(cx);
    }
    move_by(cx, record);
    record_settings(cx, cx.settings.clone());
    rewrite::forget(cx);
    chat::follow(cx, &before);
    cx.text.scroll = Scroll::Follow;
    let changes = changes(&before, &cx.settings);
    let told: Vec<String> = changes.iter().map(|(name, _, now)| format!("{name} is {now} again")).collect();
    if told.is_empty() { String::new() } else { format!("; {}", told.join(", ")) }
}

fn bookmark(cx: &mut Context) {
    let last = cx.text.document.len().saturating_sub(1);
    let Some(&node) = cx.text.document.path().get(cx.text.cursor.min(last)) else {
        return cx.outbox.say("There is no text to mark yet.");
    };
    let on = !cx.text.document.is_bookmarked(node);
    record(cx, Record::Bookmark { node, on, name: String::new() });
    let next = cx.key_in(Focus::Text, Action::NextBookmark);
    cx.outbox.say(if on { format!("Marked; {next} goes to the next mark.") } else { "The mark is gone.".to_owned() });
}

/// Marks the token under the cursor with a name; without one it is a mark all the same.
pub(in crate::app) fn name_bookmark(cx: &mut Context, text: &str) {
    let last = cx.text.document.len().saturating_sub(1);
    let Some(&node) = cx.text.document.path().get(cx.text.cursor.min(last)) else { return };
    let name = title_of(text);
    let next = cx.key_in(Focus::Text, Action::NextBookmark);
    cx.outbox.say(if name.is_empty() {
        format!("Marked; {next} goes to the next mark.")
    } else {
        format!("Marked as \"{name}\"; {next} goes to the next mark.")
    });
    record(cx, Record::Bookmark { node, on: true, name });
}

/// Goes to the next bookmark in the order of making, on whatever branch it is.
fn next_bookmark(cx: &mut Context) {
    let here = cx.text.document.path().get(cx.text.cursor).copied();
    let marks: Vec<NodeId> = cx.text.document.bookmarks().collect();
    let next = marks.iter().find(|&&it| here.is_none_or(|here| it > here)).or(marks.first());
    let Some(&node) = next else {
        let mark = cx.key_in(Focus::Text, Action::Bookmark);
        return cx.outbox.say(format!("Nothing is marked yet: {mark} marks the token under the cursor."));
    };
    let named = cx.text.document.bookmark_name(node).map(|it| format!(" \"{}\"", visible_name(it))).unwrap_or_default();
    let count = (marks.iter().position(|it| *it == node).unwrap_or(0) + 1, marks.len());
    cx.outbox.say(format!("Mark {} of {}{named}.", count.0, count.1));
    if !cx.text.document.path().contains(&node) {
        let end = cx.text.document.newest_leaf(node);
        go_to(cx, Some(end));
        focus::read(cx);
        let undo = cx.key_in(Focus::Text, Action::Undo);
        cx.outbox.say(format!("Mark {} of {}{named} is on another branch; {undo} goes back.", count.0, count.1));
    }
    focus::read(cx);
    cx.text.cursor = cx.text.document.path().iter().position(|&it| it == node).unwrap_or(cx.text.cursor);
    show_cursor(cx);
}

/// Goes to the end of the branch that a run of the tree begins.
pub(in crate::app) fn go_to_run(cx: &mut Context, index: usize) {
    if cx.drawing.running.is_some() {
        return still_writing(cx);
    }
    let runs = cx.text.document.runs();
    let Some(run) = runs.get(index) else { return };
    let (Some(&first), Some(&end)) = (run.nodes.first(), run.nodes.last()) else { return };
    let leaf = cx.text.document.newest_leaf(end);
    cx.uncover();
    if cx.text.document.tip() != Some(leaf) {
        go_to(cx, Some(leaf));
        let undo = cx.key_of(Action::Undo);
        cx.outbox.say(format!("The text is that branch now; {undo} goes back."));
    }
    cx.text.cursor = cx.text.document.path().iter().position(|&it| it == first).unwrap_or(0);
    show_cursor(cx);
}
