//! The text as a tree: other tokens, other branches, back and forth. Nothing is ever lost; only the end moves.

use std::time::Duration;

use super::super::Effect;
use super::super::keymap::Action;
use super::super::state::{App, Focus, Overlay, Scroll};
use super::super::words;
use super::{generate, peek, record, still_writing};
use crate::TokenId;
use crate::document::{NodeId, Origin, Record};
use crate::store::protocol::Job;

/// What a key does to the tree. While a continuation runs, only the stop key may touch its end.
pub(super) fn act(app: &mut App, action: Action, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        return still_writing(app, now);
    }
    match action {
        Action::Reroll => reroll(app, now, effects),
        Action::EditFromHere => edit_from_here(app, now, effects),
        Action::EditInEditor => super::editor::open(app, now, effects),
        Action::TypeHere => type_here(app, now, effects),
        Action::PreviousSibling => sibling(app, -1, now, effects),
        Action::NextSibling => sibling(app, 1, now, effects),
        Action::Undo => undo(app, now, effects),
        Action::Redo => redo(app, now, effects),
        Action::Bookmark => bookmark(app, now, effects),
        Action::NextBookmark => next_bookmark(app, now, effects),
        _ => {}
    }
}

/// Moves the end of the text, remembering where it was.
pub(super) fn go_to(app: &mut App, node: Option<NodeId>, effects: &mut Vec<Effect>) {
    if node != app.document.tip() {
        app.past.keep(app.document.tip());
        move_to(app, node, effects);
    }
}

fn move_to(app: &mut App, node: Option<NodeId>, effects: &mut Vec<Effect>) {
    record(app, Record::Tip { node }, effects);
    effects.push(Effect::Store(Job::Sync));
    app.flow.rebuild(&app.document, &app.vocabulary);
    (app.lens.cursor, app.lens.anchor) = (app.lens.cursor.min(app.document.len()), None);
    app.lens.inspection = None;
    app.ended = None;
    app.next = None;
    peek(app, effects);
}

/// The end of the text before the token under the cursor.
pub(super) fn before_cursor(app: &App) -> Option<NodeId> {
    app.lens.cursor.checked_sub(1).and_then(|it| app.document.path().get(it)).copied()
}

/// Puts a token of one's own choice where the cursor is; what was there stays as another branch.
pub(super) fn take(app: &mut App, token: TokenId, go_on: bool, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        return still_writing(app, now);
    }
    if !super::is_ours(app, now, effects) {
        return;
    }
    let parent = before_cursor(app);
    // A branch that is there already is gone back to, not made twice; but what was written and never gone on from may be
    // half a word, and what is chosen is meant as it is.
    let is_it = |&it: &NodeId| {
        let is_left_over = app.document.children(Some(it)).is_empty();
        app.document.node(it).is_some_and(|it| it.token == token && !(is_left_over && it.origin == Origin::Typed))
    };
    let known = app.document.children(parent).into_iter().find(is_it);
    app.past.keep(app.document.tip());
    if let Some(known) = known {
        record(app, Record::Tip { node: Some(known) }, effects);
    } else {
        super::record_circumstances(app, effects);
        let first = app.document.next_node();
        record(app, Record::Typed { first, parent, tokens: vec![token], chosen: true }, effects);
    }
    effects.push(Effect::Store(Job::Sync));
    app.flow.rebuild(&app.document, &app.vocabulary);
    arrive(app);
    if go_on {
        app.overlay = None;
        generate(app, String::new(), String::new(), now, effects);
    } else {
        peek(app, effects);
    }
}

/// The text ends somewhere else; the view goes there.
fn arrive(app: &mut App) {
    (app.next, app.scroll) = (None, Scroll::Follow);
    (app.lens.cursor, app.lens.anchor) = (app.document.len(), None);
    app.lens.inspection = None;
}

/// Puts a text of one's own in the place of all that follows `parent`; what was there stays as another branch.
///
/// Answers whether the text could be read.
pub(super) fn put(app: &mut App, parent: Option<NodeId>, text: &str, now: Duration, effects: &mut Vec<Effect>) -> bool {
    if !super::is_ours(app, now, effects) {
        return false;
    }
    let encoded = match parent {
        None => app.vocabulary.encode_beginning(text),
        Some(_) => app.vocabulary.encode(text),
    };
    let encoded = match encoded {
        Ok(it) => it,
        Err(why) => {
            app.complain(words::sentence(&format!("{why}. The text stays as it was"), ""));
            return false;
        }
    };
    if let Some(it) = &encoded.read_as {
        app.inform(words::sentence(&it.sentence(), ""), now);
    }
    let tokens = encoded.tokens;
    if tokens.is_empty() {
        go_to(app, parent, effects);
        return true;
    }
    app.past.keep(app.document.tip());
    super::record_circumstances(app, effects);
    let first = app.document.next_node();
    record(app, Record::Typed { first, parent, tokens, chosen: false }, effects);
    effects.push(Effect::Store(Job::Sync));
    app.flow.rebuild(&app.document, &app.vocabulary);
    arrive(app);
    app.ended = None;
    peek(app, effects);
    true
}

/// Throws new dice for the token under the cursor and all after it.
fn reroll(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.document.is_empty() {
        return app.inform("There is nothing to throw again yet.", now);
    }
    if app.card().is_none() {
        return app.inform("The model is not ready yet.", now);
    }
    if !super::is_ours(app, now, effects) {
        return;
    }
    let parent = before_cursor(app);
    if parent.is_none() {
        return app.inform("The first token has nothing before it: the model has no say in it.", now);
    }
    // What was typed of the token stays, and goes on otherwise.
    let begun = match app.document.at(app.lens.cursor).map(|it| (&it.origin, it.token)) {
        Some((Origin::Drawn(draw), token)) => {
            app.vocabulary.bytes(token).get(..draw.begun).unwrap_or_default().to_vec()
        }
        _ => Vec::new(),
    };
    let begun = String::from_utf8_lossy(&begun).into_owned();
    app.overlay = None;
    // The dice are a function of the seed and the position: the same seed would throw the same ones.
    app.settings.seed = app.settings.seed.wrapping_add(1);
    app.reshape_due = true;
    go_to(app, parent, effects);
    let key = |action| app.key_in(Focus::Text, action);
    let (before, after, undo) = (key(Action::PreviousSibling), key(Action::NextSibling), key(Action::Undo));
    let seed = app.settings.seed;
    let text =
        format!("New dice from here: seed {seed}. {before} and {after} go between the branches, {undo} goes back.");
    app.inform(text, now);
    generate(app, begun, String::new(), now, effects);
}

/// Takes the text from the cursor on into the input, to be changed and sent again.
fn edit_from_here(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if !app.input.is_empty() {
        return app.inform("There is something in the input already: send it or clear it first.", now);
    }
    let tail = app.document.tokens().split_off(app.lens.cursor.min(app.document.len()));
    let text = app.vocabulary.decode(&tail);
    type_here(app, now, effects);
    app.input.set(&text);
}

/// Ends the text before the cursor, so that what is sent next goes there.
fn type_here(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let parent = before_cursor(app);
    app.overlay = None;
    app.focus = Focus::Input;
    go_to(app, parent, effects);
    let undo = app.key_of(Action::Undo);
    app.inform(format!("What you send now goes here; the old text stays as another branch ({undo} goes back)."), now);
}

/// Goes to the branch beside the one of the last fork at or before the cursor.
fn sibling(app: &mut App, step: isize, now: Duration, effects: &mut Vec<Effect>) {
    let Some(fork) = app.document.fork_before(app.lens.cursor) else {
        let inspect = app.key_in(Focus::Text, Action::Inspect);
        let text = format!("There is no other branch here. {inspect} on a token shows what it could have been.");
        return app.inform(text, now);
    };
    let siblings = app.document.siblings(fork);
    let here = app.document.path()[fork];
    let at = siblings.iter().position(|&it| it == here).unwrap_or(0);
    let to = (at as isize + step).rem_euclid(siblings.len() as isize) as usize;
    let end = app.document.newest_leaf(siblings[to]);
    go_to(app, Some(end), effects);
    app.lens.cursor = fork;
    super::text::show_cursor(app);
    app.inform(format!("Branch {} of {} from here.", to + 1, siblings.len()), now);
}

fn undo(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    match app.past.undo(app.document.tip()) {
        Some(tip) => {
            move_to(app, tip, effects);
            app.scroll = Scroll::Follow;
            app.inform(format!("Undone. Nothing is lost: {} does it again.", app.key_of(Action::Redo)), now);
        }
        None => app.inform("There is nothing to undo.", now),
    }
}

fn redo(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    match app.past.redo(app.document.tip()) {
        Some(tip) => {
            move_to(app, tip, effects);
            app.scroll = Scroll::Follow;
        }
        None => app.inform("There is nothing to do again.", now),
    }
}

fn bookmark(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let last = app.document.len().saturating_sub(1);
    let Some(&node) = app.document.path().get(app.lens.cursor.min(last)) else {
        return app.inform("There is no text to mark yet.", now);
    };
    let on = !app.document.is_bookmarked(node);
    record(app, Record::Bookmark { node, on }, effects);
    let next = app.key_in(Focus::Text, Action::NextBookmark);
    app.inform(if on { format!("Marked; {next} goes to the next mark.") } else { "The mark is gone.".to_owned() }, now);
}

/// Goes to the next bookmark in the order of making, on whatever branch it is.
fn next_bookmark(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let here = app.document.path().get(app.lens.cursor).copied();
    let marks: Vec<NodeId> = app.document.bookmarks().collect();
    let next = marks.iter().find(|&&it| here.is_none_or(|here| it > here)).or(marks.first());
    let Some(&node) = next else {
        let mark = app.key_in(Focus::Text, Action::Bookmark);
        return app.inform(format!("Nothing is marked yet: {mark} marks the token under the cursor."), now);
    };
    if !app.document.path().contains(&node) {
        let end = app.document.newest_leaf(node);
        go_to(app, Some(end), effects);
    }
    app.focus = Focus::Text;
    app.lens.cursor = app.document.path().iter().position(|&it| it == node).unwrap_or(app.lens.cursor);
    super::text::show_cursor(app);
}

/// The keys of the tree view.
pub(super) fn tree(app: &mut App, key: crossterm::event::KeyCode, now: Duration, effects: &mut Vec<Effect>) {
    use crossterm::event::KeyCode;
    let Some(Overlay::Tree { chosen }) = &mut app.overlay else { return };
    let runs = app.document.runs();
    let last = runs.len().saturating_sub(1);
    match key {
        KeyCode::Esc | KeyCode::F(7) | KeyCode::Char('q') => app.overlay = None,
        KeyCode::Up | KeyCode::Char('k') => *chosen = chosen.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => *chosen = (*chosen + 1).min(last),
        KeyCode::Home => *chosen = 0,
        KeyCode::End => *chosen = last,
        KeyCode::Enter => {
            let chosen = *chosen;
            go_to_run(app, chosen, now, effects);
        }
        _ => {}
    }
}

/// Goes to the end of the branch that a run of the tree begins.
pub(super) fn go_to_run(app: &mut App, index: usize, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        return still_writing(app, now);
    }
    let runs = app.document.runs();
    let Some(run) = runs.get(index) else { return };
    let (Some(&first), Some(&end)) = (run.nodes.first(), run.nodes.last()) else { return };
    let leaf = app.document.newest_leaf(end);
    app.overlay = None;
    go_to(app, Some(leaf), effects);
    app.focus = Focus::Text;
    app.lens.cursor = app.document.path().iter().position(|&it| it == first).unwrap_or(0);
    super::text::show_cursor(app);
}
