//! The exact tree: ways to go on without dice, the likeliest looked at first.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::text::{Line, Span};

use super::keep::before;
use super::{Columns, Purpose};
use crate::app::context::Context;
use crate::app::keymap::Action;
use crate::app::layers::answer::Answer;
use crate::app::layers::list::chosen_after;
use crate::app::messages::dice::percent;
use crate::app::messages::spoken::part_of;
use crate::app::screen::bars::label;
use crate::app::screen::theme::Theme;
use crate::app::verbs::ask::{next_logits, request};
use crate::app::verbs::journal::{deed, record, record_circumstances, write};
use crate::document::{NodeId, Origin, Record};
use crate::engine::protocol::{Command, Event, Want};
use crate::sample::{APART, Distribution, EndOfText, ExactTree};
use crate::store::protocol::Job;
use crate::text::{columns_of, fit};

/// The tree, and the line of it that is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exact {
    /// The ways to go on.
    pub tree: ExactTree,
    /// Which line is chosen.
    pub chosen: usize,
}

impl Columns {
    /// Shows the exact tree in the place of the futures, or those again.
    pub(in crate::app) fn toggle_exact(&mut self, cx: &mut Context) {
        if self.exact.take().is_some() {
            return self.ask(cx);
        }
        if let Some(step) = cx.settings.has_own_dice() {
            return cx.outbox.say(format!("With {} there is no exact tree: what it cuts hangs on dice.", step.name()));
        }
        self.exact = Some(Exact::default());
        self.look_on(cx);
    }

    /// Asks for the scores after the likeliest way that was not looked at.
    pub(super) fn look_on(&mut self, cx: &mut Context) {
        let Some(exact) = &self.exact else { return };
        let Some(way) = exact.tree.next() else { return };
        let id = cx.outbox.request();
        cx.drawing.awaited = None;
        self.request = Some(id);
        let mut request = request(cx, id, Want::Scores);
        request.path.truncate(self.at);
        request.path.extend(exact.tree.tokens(way));
        request.typed = true;
        cx.outbox.engine(Command::Generate(request));
    }

    /// Takes in what the engine says, and asks for more as long as more is wanted. Answers whether it was for the exact tree.
    pub(in crate::app) fn heard_exactly(&mut self, cx: &mut Context, event: &Event) -> bool {
        let Some(exact) = &mut self.exact else { return false };
        match event {
            Event::Next { logits, .. } => {
                let Some(way) = exact.tree.next() else { return true };
                let mut tokens = cx.text.document.tokens();
                tokens.truncate(self.at);
                tokens.extend(exact.tree.tokens(way));
                let rows = Distribution::new(logits, &cx.text.context_of_next(&tokens), &cx.settings)
                    .map(|mut it| it.rows(logits, APART))
                    .unwrap_or_default();
                let after: Vec<_> = rows.iter().filter_map(|it| Some((it.token, f64::from(it.after?)))).collect();
                let stops = cx.settings.end_of_text == EndOfText::Stop;
                exact.tree.grow(way, &after, |it| stops && cx.text.vocabulary().is_end(it));
            }
            Event::Finished { reason, .. } => {
                self.request = None;
                if *reason == crate::engine::protocol::StopReason::ScoresReady {
                    self.look_on(cx);
                }
            }
            _ => {}
        }
        true
    }

    pub(super) fn exact_key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Option<Answer> {
        let exact = self.exact.as_mut()?;
        let last = exact.tree.page().len().saturating_sub(1);
        match key.code {
            KeyCode::Enter => return Some(self.take_way(cx)),
            KeyCode::Char('x') => self.toggle_exact(cx),
            KeyCode::Esc | KeyCode::Char('q') => return None,
            _ if action == Some(Action::Futures) => return None,
            _ => exact.chosen = chosen_after(key.code, exact.chosen, last).unwrap_or(exact.chosen),
        }
        Some(Answer::Stay)
    }

    /// Puts the tokens of a way into the text, by its line; answers nothing where no exact tree is shown.
    pub(in crate::app) fn keep_way(&mut self, cx: &mut Context, line: usize) -> Option<Answer> {
        self.exact.as_mut()?.chosen = line;
        Some(self.take_way(cx))
    }

    /// Puts the tokens of the chosen way into the text.
    fn take_way(&mut self, cx: &mut Context) -> Answer {
        let Some(Exact { tree, chosen }) = &self.exact else { return Answer::Stay };
        let Some(&way) = tree.page().get(*chosen) else { return Answer::Stay };
        if tree.ways()[way].token.is_none() {
            cx.outbox.say("That is all other tokens together: choose one that is named.");
            return Answer::Stay;
        }
        let tokens = tree.tokens(way);
        self.stop(cx);
        cx.uncover();
        deed(cx);
        let mut parent = before(cx, self.at);
        let mut known = 0;
        for &token in &tokens {
            let is_it = |&it: &NodeId| {
                cx.text.document.node(it).is_some_and(|it| it.token == token && it.origin != Origin::Typed)
            };
            let Some(child) = cx.text.document.children(parent).into_iter().find(is_it) else { break };
            (parent, known) = (Some(child), known + 1);
        }
        if parent != cx.text.document.tip() {
            record(cx, Record::Tip { node: parent });
        }
        if known < tokens.len() {
            record_circumstances(cx);
            write(cx, parent, tokens[known..].to_vec(), true);
        }
        cx.outbox.store(Job::Sync);
        cx.text.go_to_end();
        cx.drawing.ended = None;
        next_logits(cx);
        let undo = cx.key_of(Action::Undo);
        cx.outbox.say(format!("Put there, without dice. {undo} goes back."));
        Answer::Close
    }
}

/// A line for each way: indented below what it goes on from, with its probability from the beginning on as a bar.
pub(super) fn lines(cx: &Context, exact: &Exact, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let bar_width = if width >= 66 { 24 } else { 6 };
    let ways = exact.tree.ways();
    let line = |(line, way): (usize, usize)| {
        let it = &ways[way];
        let is_chosen = line == exact.chosen;
        let indent = "  ".repeat((it.depth - 1).min(width / 8));
        let seen = |token| label(cx.text.vocabulary().bytes(token), theme.glyphs);
        let text = it.token.map_or_else(|| "other".to_owned(), seen);
        let bar = fit(&theme.glyphs.bar(it.p, bar_width), bar_width);
        let room = width.saturating_sub(2 + indent.len() + columns_of(&bar) + 7);
        let style = match (is_chosen, it.token) {
            (true, _) => theme.focus,
            (false, Some(_)) => theme.drawn,
            (false, None) => theme.dim,
        };
        Line::from(vec![
            Span::styled(format!("{} {indent}", if is_chosen { ">" } else { " " }), theme.strong),
            Span::styled(fit(&text, room), style),
            Span::styled(format!("{:>6} ", percent(it.p as f32)), theme.strong),
            Span::styled(bar, theme.dim),
        ])
    };
    exact.tree.page().into_iter().enumerate().map(line).collect()
}

/// The token that a way adds.
fn name(cx: &Context, exact: &Exact, way: usize) -> String {
    if exact.tree.ways()[way].token.is_none() {
        return "other".to_owned();
    }
    let tokens = exact.tree.tokens(way);
    part_of(cx, &tokens, tokens.len() - 1, tokens.len())
}

/// The tree, line by line.
pub(in crate::app) fn tell_exact(cx: &Context, state: &Columns) -> Vec<String> {
    let Some(exact) = state.exact.as_ref().filter(|_| state.purpose == Purpose::Futures) else { return Vec::new() };
    let mut out = vec![
        "The exact tree, without dice: each way with its probability from here on; those below a way sum to it."
            .to_owned(),
    ];
    let ways = exact.tree.ways();
    out.extend((1..).zip(exact.tree.page()).map(|(number, way)| {
        let it = &ways[way];
        format!("{number}: depth {}, {}: \"{}\"", it.depth - 1, percent(it.p as f32), name(cx, exact, way))
    }));
    out
}
