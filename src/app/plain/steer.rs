//! Commands that go somewhere in the text, or make it go on otherwise.

use super::act::FEW;
use super::{Plain, Report};
use crate::app::intent::{Intent, Length};
use crate::app::keymap::Action;
use crate::app::knobs::changed;
use crate::app::layers::Layer;
use crate::app::layers::columns::Purpose;
use crate::app::layers::inspector::DICE;
use crate::app::state::App;
use crate::app::text::Under;

impl Plain {
    /// Turns to the token whose number is given first, if one is. Says whether that worked.
    pub(super) fn point(&mut self, app: &mut App, rest: &str) -> bool {
        let word = rest.split_whitespace().next().unwrap_or_default();
        match number(word) {
            _ if word.is_empty() => true,
            Some(position) if position <= app.context.text.document.len() => {
                self.want(app, Intent::Point(position));
                true
            }
            _ => {
                let most = app.context.text.document.len() + 1;
                self.out.error(&format!("There is no token {word}: write a number from 1 to {most}."));
                false
            }
        }
    }

    /// The same, but without a number to the end of the text.
    pub(super) fn point_or_end(&mut self, app: &mut App, rest: &str) -> bool {
        let end = (app.context.text.document.len() + 1).to_string();
        self.point(app, if number(rest).is_some() { rest } else { &end })
    }

    pub(super) fn inspect(&mut self, app: &mut App, rest: &str) {
        let is_now = rest.split_whitespace().any(|it| it == "now");
        if self.point(app, rest.strip_prefix("now").unwrap_or(rest)) {
            self.leave(app);
            self.want(app, Intent::Act(Action::Inspect));
            let Some(Layer::Inspector(inspector)) = app.layers.top_mut() else { return };
            if is_now {
                inspector.under = Under::Now;
            }
            app.cover();
            let most = rest.split_whitespace().nth(1).and_then(|it| it.parse().ok());
            self.report = Some(Report::Inspection(most.unwrap_or(FEW)));
        }
    }

    /// `N DICE`.
    pub(super) fn throw(&mut self, app: &mut App, rest: &str) {
        /// More take seconds, and say nothing new.
        const MOST: u64 = 1_000_000;
        let word = rest.split_whitespace().nth(1);
        let dice = word.map_or(Some(DICE[0]), |it| it.parse().ok()).filter(|it| (1..=MOST).contains(it));
        let Some(dice) = dice else {
            return self.out.error(&format!("How many dice? Write a number from 1 to {MOST}, as in /throw 5 100."));
        };
        if self.point(app, rest) {
            self.leave(app);
            self.want(app, Intent::Act(Action::Inspect));
            let Some(Layer::Inspector(inspector)) = app.layers.top_mut() else { return };
            inspector.dice = dice;
            app.cover();
            self.report = Some(Report::Thrown);
        }
    }

    /// `N K` or `N "TEXT"`.
    pub(super) fn take_alternative(&mut self, app: &mut App, rest: &str) {
        let (_, which) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let which = which.trim();
        if let Some(text) = which.strip_prefix('"') {
            let text = text.strip_suffix('"').unwrap_or(text);
            let at = rest.split_whitespace().next().unwrap_or_default();
            return self.type_at(app, at, text);
        }
        let Some(row) = number(which) else {
            return self.out.error("Write the token's number and that of what it is to be, as in /take 5 2.");
        };
        if self.point(app, rest) {
            self.leave(app);
            self.want(app, Intent::Act(Action::Inspect));
            if matches!(app.layers.top(), Some(Layer::Inspector(_))) {
                self.report = Some(Report::Take(row));
            }
        }
    }

    /// `TEXT` or `"TEXT"`.
    pub(super) fn add(&mut self, app: &mut App, rest: &str) {
        let text = rest.strip_prefix('"').map_or(rest, |it| it.strip_suffix('"').unwrap_or(it));
        self.leave(app);
        self.want(app, Intent::Add(text.to_owned()));
    }

    pub(super) fn type_here(&mut self, app: &mut App, rest: &str) {
        let (at, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        // A quoted text keeps the space it begins with.
        let text = text.strip_prefix('"').map_or(text, |it| it.strip_suffix('"').unwrap_or(it));
        self.type_at(app, at, text);
    }

    pub(super) fn type_at(&mut self, app: &mut App, at: &str, text: &str) {
        if !self.point(app, at) {
            return;
        }
        self.leave(app);
        self.want(app, Intent::Act(Action::TypeHere));
        if !text.is_empty() && app.context.drawing.running.is_none() {
            self.want(app, Intent::Send(text.to_owned()));
        }
    }

    /// Reads out the text that is taken away, so that it can be written anew.
    pub(super) fn edit(&mut self, app: &mut App, rest: &str) {
        if !self.point(app, rest) {
            return;
        }
        if app.context.drawing.running.is_none() {
            let tail = app
                .context
                .text
                .document
                .tokens()
                .split_off(app.context.text.cursor.min(app.context.text.document.len()));
            let text = app.context.text.vocabulary().decode(&tail);
            self.out.line(&format!("Taken away: {text}"));
        }
        self.type_at(app, "", "");
    }

    /// `5 temp 1.2 | top-p 0.5`, from token 5 on: a column for each part besides the one of the settings of now.
    pub(super) fn compare(&mut self, app: &mut App, rest: &str) {
        let mut others = Vec::new();
        let (first, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (at, rest) = if number(first).is_some() { (first, after) } else { ("", rest) };
        for part in rest.split('|').map(str::trim).filter(|it| !it.is_empty()) {
            match changed(&app.context.settings, part) {
                Ok(settings) => others.push(settings),
                Err(why) => return self.out.error(&why),
            }
        }
        if self.point_or_end(app, at) {
            self.want(app, Intent::Compare(others));
            self.await_columns(app);
        }
    }

    pub(super) fn await_columns(&mut self, app: &App) {
        if app.layers.columns().is_some() {
            self.report = Some(Report::Columns);
        }
    }

    pub(super) fn keep(&mut self, app: &mut App, rest: &str) {
        let Some(state) = app.layers.columns() else {
            return self.out.error("There is nothing to keep: /compare or /futures comes first.");
        };
        let (which, length) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let letter = which.chars().next().filter(|_| which.len() == 1).map(|it| it.to_ascii_uppercase());
        let by_letter = letter.filter(char::is_ascii_uppercase).map(|it| it as usize - 'A' as usize);
        let column = match (state.purpose, number(which)) {
            // What is shown is what a number means.
            (Purpose::Futures, at) if state.exact.is_some() => {
                at.filter(|it| state.exact.as_ref().is_some_and(|exact| *it < exact.tree.page().len()))
            }
            (Purpose::Futures, at) => {
                at.and_then(|it| state.listed(app.context.text.vocabulary()).get(it).map(|line| line[0]))
            }
            (Purpose::Compare, at) => at.or(by_letter).filter(|&it| it < state.columns.len()),
        };
        let length = if length.trim() == "word" { Length::Word } else { Length::Whole };
        match column {
            _ if which == "all" && state.exact.is_some() => {
                self.out.error("The ways of an exact tree are kept one by one, as in /keep 2.");
            }
            _ if which == "all" => self.want(app, Intent::KeepAll),
            Some(column) => self.want(app, Intent::Keep(column, length)),
            None => self.out.error("Which one? As in /keep 2, or /keep all."),
        }
    }
}

/// The index that a number from 1 on means.
pub(super) fn number(text: &str) -> Option<usize> {
    text.parse::<usize>().ok()?.checked_sub(1)
}
