//! Taking columns into the text.

use super::{Column, Columns};
use crate::app::context::Context;
use crate::app::intent::Length;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::verbs::ask::next_logits;
use crate::app::verbs::journal::{deed, record, record_circumstances, record_settings, write};
use crate::document::{Node, NodeId, Origin, Record};
use crate::store::protocol::Job;

impl Columns {
    /// Goes on with a column, or with its first word.
    pub(in crate::app) fn keep_one(&mut self, cx: &mut Context, column: usize, length: Length) -> Answer {
        if let Some(answer) = self.keep_way(cx, column) {
            return answer;
        }
        self.chosen = column.min(self.columns.len().saturating_sub(1));
        let count = match (length, self.columns.get(self.chosen)) {
            (Length::Word, Some(chosen)) => chosen.first_word(0, cx.text.vocabulary()),
            _ => usize::MAX,
        };
        self.take(cx, count)
    }

    /// Goes on with the first `count` tokens of the chosen column; the others are let go.
    pub(super) fn take(&mut self, cx: &mut Context, count: usize) -> Answer {
        let Some(mut column) = self.columns.get(self.chosen).cloned() else { return Answer::Stay };
        if column.draws.is_empty() && column.tail.is_empty() {
            cx.outbox.say("Nothing has been drawn there yet.");
            return Answer::Stay;
        }
        if count < column.draws.len() {
            column.draws.truncate(count);
            column.tail.clear();
        }
        self.stop(cx);
        cx.uncover();
        let from = before(cx, self.at);
        deed(cx);
        keep(cx, from, &column);
        arrive(cx);
        let undo = cx.key_of(Action::Undo);
        cx.outbox.say(format!("Taken. {undo} goes back."));
        Answer::Close
    }

    /// Keeps every column as a branch and goes on with the chosen one.
    pub(in crate::app) fn take_all(&mut self, cx: &mut Context) -> Answer {
        let columns = self.unlike(cx);
        self.stop(cx);
        cx.uncover();
        let from = before(cx, self.at);
        deed(cx);
        for &index in &columns {
            keep(cx, from, &self.columns[index]);
        }
        arrive(cx);
        let (tree, undo, kept) = (cx.key_of(Action::Tree), cx.key_of(Action::Undo), columns.len());
        let branches = if kept == 1 { "branch" } else { "branches" };
        cx.outbox.say(format!("Kept as {kept} {branches}; {tree} shows the tree, {undo} goes back."));
        Answer::Close
    }

    /// One of each text there is, the chosen one last: the text goes on with what is kept last.
    fn unlike(&self, cx: &Context) -> Vec<usize> {
        let vocabulary = cx.text.vocabulary();
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|&it| it != self.chosen);
        let mut found: Vec<usize> = Vec::new();
        for column in order {
            if !found.iter().any(|&it| self.say_the_same(it, column, vocabulary)) {
                found.push(column);
            }
        }
        let first = 1.min(found.len());
        found.rotate_left(first);
        found
    }
}

/// The last of the first `count` tokens of the text.
pub(super) fn before(cx: &Context, count: usize) -> Option<NodeId> {
    count.checked_sub(1).and_then(|it| cx.text.document.path().get(it)).copied()
}

/// Makes a branch of a column. As far as it says what is there already, it is that branch.
fn keep(cx: &mut Context, from: Option<NodeId>, column: &Column) {
    let mut parent = from;
    let mut known = 0;
    for draw in &column.draws {
        // Where mirostat steers, what comes after a token depends on how it was drawn.
        let mu = |node: &Node| if let Origin::Drawn(it) = &node.origin { it.mu } else { None };
        let document = &cx.text.document;
        let same = |&it: &NodeId| document.node(it).is_some_and(|it| it.token == draw.token && mu(it) == draw.mu);
        let Some(child) = document.children(parent).into_iter().find(same) else { break };
        (parent, known) = (Some(child), known + 1);
    }
    if parent != cx.text.document.tip() {
        record(cx, Record::Tip { node: parent });
    }
    if known < column.draws.len() {
        // The model first, and then the settings of the column in the place of those of the panel.
        record_circumstances(cx);
        record_settings(cx, column.settings.clone());
        let first = cx.text.document.next_node();
        let draws = column.draws[known..].to_vec();
        record(cx, Record::Drawn { first, parent, draws });
    }
    if !column.tail.is_empty() {
        let parent = cx.text.document.tip();
        write(cx, parent, column.tail.clone(), false);
    }
}

/// The text ends with what was kept; the panel is what it was.
fn arrive(cx: &mut Context) {
    record_settings(cx, cx.settings.clone());
    cx.outbox.store(Job::Sync);
    cx.text.go_to_end();
    cx.drawing.ended = None;
    next_logits(cx);
}
