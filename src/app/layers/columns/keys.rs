//! The columns' keys, and what the engine says of them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Column, Columns, Exact, MOST_COLUMNS, Purpose};
use crate::app::context::Context;
use crate::app::editing::edit_line;
use crate::app::focus::Focus;
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::knobs::changed;
use crate::app::layers::answer::Answer;
use crate::app::outbox::Effect;
use crate::app::verbs::ask::{KEPT_IN_JOURNAL, is_ours, next_logits_if_unknown, settings_changed, still_writing};
use crate::app::verbs::panel::turn_unseen;
use crate::engine::protocol::{ColumnsRequest, Command, Event, StopReason};
use crate::sample::{Parameter, Settings};

impl Columns {
    /// Opens the comparison or the futures from the cursor on, if it is in the text; what stands there stays as a branch.
    pub(in crate::app) fn open(cx: &mut Context, purpose: Purpose) -> Option<Self> {
        let at = place(cx);
        let columns = match purpose {
            Purpose::Compare => Self::compare(&cx.settings, at),
            Purpose::Futures => Self::futures(&cx.settings, at, 0),
        };
        columns.opened(cx)
    }

    /// Opens the comparison with columns under these settings besides those of the panel; without any, as the key does.
    pub(in crate::app) fn open_compared(cx: &mut Context, others: Vec<Settings>) -> Option<Self> {
        let mut columns = Self::compare(&cx.settings, place(cx));
        if !others.is_empty() {
            columns.columns.truncate(1);
            columns.columns.extend(others.into_iter().take(MOST_COLUMNS - 1).map(Column::new));
        }
        columns.opened(cx)
    }

    fn opened(mut self, cx: &mut Context) -> Option<Self> {
        let refusal = if cx.drawing.running.is_some() {
            still_writing(cx);
            return None;
        } else if cx.card().is_none() {
            "The model is not ready yet."
        } else if cx.text.document.is_empty() {
            "There is no text to go on from yet: write something first."
        } else if self.at == 0 {
            "The first token has nothing before it: the model has no say in it."
        } else if !is_ours(cx) {
            return None;
        } else {
            self.ask(cx);
            return Some(self);
        };
        cx.outbox.say(refusal);
        None
    }

    /// Has all columns drawn anew.
    pub(super) fn ask(&mut self, cx: &mut Context) {
        let (id, mut path) = (cx.outbox.request(), cx.text.document.tokens());
        // The engine does one thing at a time: scores that were awaited are asked for again later.
        cx.drawing.awaited = None;
        self.reset(cx.settings.seed);
        self.request = Some(id);
        path.truncate(self.at);
        let at = path.len();
        let columns = self.columns.iter().map(|it| it.settings.clone()).collect();
        let (mu, tokens, keep) = (cx.text.document.mu(at), self.tokens(), KEPT_IN_JOURNAL);
        cx.outbox.engine(Command::Columns(ColumnsRequest { id, path, mu, columns, tokens, keep }));
    }

    /// Takes in what the engine says of the columns.
    pub(in crate::app) fn heard(&mut self, event: Event) {
        match event {
            Event::ColumnToken { column, draw, .. } => {
                if let Some(column) = self.columns.get_mut(column) {
                    column.draws.push(*draw);
                }
            }
            Event::ColumnEnded { column, reason, cut, .. } => {
                if let Some(column) = self.columns.get_mut(column) {
                    // That all have the same number of tokens need not be said.
                    column.ended = Some(reason).filter(|it| *it != StopReason::MaxTokens);
                    if let Some(cut) = cut {
                        column.draws.truncate(column.draws.len().saturating_sub(cut.tokens));
                        column.tail = cut.tail;
                    }
                }
            }
            Event::Finished { .. } => self.ended(),
            // The text before the columns is read.
            _ => {}
        }
        if self.purpose == Purpose::Futures && !self.by_hand {
            self.chosen = match self.tree {
                Some(line) => self.branches().get(line).map_or(self.chosen, |it| it.columns[0]),
                None => self.by_likelihood().first().copied().unwrap_or(0),
            };
        }
    }

    /// Nothing more is drawn.
    pub(in crate::app) fn ended(&mut self) {
        self.request = None;
    }

    /// Ends what draws the columns. Answers whether something did.
    pub(in crate::app) fn stop(&self, cx: &mut Context) -> bool {
        if self.request.is_some() {
            cx.outbox.push(Effect::StopEngine);
        }
        self.request.is_some()
    }

    fn leave(&self, cx: &mut Context) -> Answer {
        self.stop(cx);
        next_logits_if_unknown(cx);
        Answer::Close
    }

    pub(super) fn do_key(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        if self.typing.is_some() {
            self.write(cx, key);
            return Answer::Stay;
        }
        self.problem = None;
        if let Some(answer) = self.exact_key(cx, key, action) {
            return answer;
        }
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return self.leave(cx),
            KeyCode::Char('r') => self.new_dice(cx),
            // In a tree, the text up to where the chosen run ends.
            KeyCode::Enter => {
                let vocabulary = cx.text.vocabulary();
                let to = self.tree.and_then(|line| self.line(line, vocabulary)).map_or(usize::MAX, |line| line.2);
                return self.take(cx, to);
            }
            _ => {
                return match self.purpose {
                    Purpose::Compare => self.key_of_compare(cx, key, action),
                    Purpose::Futures => self.key_of_futures(cx, key, action),
                };
            }
        }
        Answer::Stay
    }

    fn key_of_futures(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.choose(-1, cx),
            KeyCode::Down | KeyCode::Char('j') => self.choose(1, cx),
            KeyCode::Char(digit @ '1'..='9') => {
                if let Some((column, _, to)) = self.line(digit as usize - '1' as usize, cx.text.vocabulary()) {
                    self.chosen = column;
                    return self.take(cx, to);
                }
            }
            KeyCode::Tab => return self.take(cx, usize::MAX),
            KeyCode::Char('x') => self.toggle_exact(cx),
            KeyCode::Right => {
                let vocabulary = cx.text.vocabulary();
                let line = self.line(self.chosen_line(vocabulary), vocabulary);
                let Some((column, from, _)) = line else { return Answer::Stay };
                self.chosen = column;
                let count = self.columns[column].first_word(from, vocabulary);
                return self.take(cx, count);
            }
            KeyCode::Char('t') => {
                self.tree = self.tree.is_none().then_some(0);
                let vocabulary = cx.text.vocabulary();
                let line = self.line(self.chosen_line(vocabulary), vocabulary);
                self.chosen = line.map_or(self.chosen, |line| line.0);
            }
            _ if action == Some(Action::Futures) => return self.leave(cx),
            _ => {}
        }
        Answer::Stay
    }

    fn key_of_compare(&mut self, cx: &mut Context, key: &KeyEvent, action: Option<Action>) -> Answer {
        let last = self.columns.len().saturating_sub(1);
        match key.code {
            KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => self.chosen = (self.chosen + 1) % (last + 1),
            KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => self.chosen = (self.chosen + last) % (last + 1),
            KeyCode::Up | KeyCode::Down => {
                let steps = if key.code == KeyCode::Up { 1 } else { -1 };
                let is_coarse = key.modifiers.contains(KeyModifiers::SHIFT);
                Parameter::Temperature.turn(&mut self.columns[self.chosen.min(last)].settings, steps, is_coarse);
                self.ask(cx);
            }
            KeyCode::Char('+') if last + 1 < MOST_COLUMNS => {
                let mut settings = self.columns[last].settings.clone();
                Parameter::Temperature.turn(&mut settings, 5, false);
                self.columns.push(Column::new(settings));
                self.chosen = last + 1;
                self.ask(cx);
            }
            KeyCode::Char('-') if last > 1 => {
                self.columns.remove(self.chosen.min(last));
                self.chosen = self.chosen.min(last - 1);
                self.ask(cx);
            }
            KeyCode::Char('d') => self.other_way(cx),
            KeyCode::Char('s') => self.typing = Some(Input::default()),
            KeyCode::Char('k') => return self.take_all(cx),
            _ if action == Some(Action::Compare) => return self.leave(cx),
            _ => {}
        }
        Answer::Stay
    }

    /// Of a comparison the chosen column is turned; futures have the settings of the panel, and are drawn again under them.
    pub(super) fn turn_settings(&mut self, cx: &mut Context, parameter: Parameter, steps: i32) {
        match self.purpose {
            Purpose::Compare => {
                let chosen = self.chosen.min(self.columns.len().saturating_sub(1));
                parameter.turn(&mut self.columns[chosen].settings, steps, false);
            }
            Purpose::Futures => {
                turn_unseen(cx, parameter, steps);
                if self.exact.is_some() {
                    self.exact = Some(Exact::default());
                    return self.look_on(cx);
                }
                let tree = self.tree.map(|_| 0);
                *self = Self { tree, ..Self::futures(&cx.settings, self.at, self.round) };
            }
        }
        self.ask(cx);
    }

    /// Up or down in the list as it stands.
    fn choose(&mut self, step: isize, cx: &Context) {
        let vocabulary = cx.text.vocabulary();
        let last = self.lines(vocabulary).saturating_sub(1);
        let to = self.chosen_line(vocabulary).saturating_add_signed(step).min(last);
        self.by_hand = true;
        if self.tree.is_some() {
            self.tree = Some(to);
        }
        self.chosen = self.line(to, vocabulary).map_or(0, |line| line.0);
    }

    /// A key while a setting is written: `top-p .5`.
    fn write(&mut self, cx: &mut Context, key: &KeyEvent) {
        let Some(line) = &mut self.typing else { return };
        match key.code {
            KeyCode::Esc => self.typing = None,
            KeyCode::Enter => {
                let chosen = self.chosen.min(self.columns.len().saturating_sub(1));
                let column = &mut self.columns[chosen];
                match changed(&column.settings, line.text()) {
                    Ok(new) if new.seed != column.settings.seed => {
                        self.problem = Some("the dice are the same or each its own: d".to_owned());
                    }
                    Ok(new) => {
                        column.settings = new;
                        self.typing = None;
                        self.ask(cx);
                    }
                    Err(why) => self.problem = Some(why),
                }
            }
            _ => edit_line(&cx.keymap, line, key),
        }
    }

    /// Draws all columns with the same dice, or each with its own.
    pub(in crate::app) fn other_way(&mut self, cx: &mut Context) {
        if self.purpose == Purpose::Compare {
            self.same_dice = !self.same_dice;
            self.ask(cx);
        }
    }

    /// Draws with other dice: for the comparison the seed of the text moves on, visibly; of futures the next eight come.
    pub(in crate::app) fn new_dice(&mut self, cx: &mut Context) {
        match self.purpose {
            Purpose::Compare => {
                cx.settings.seed = cx.settings.seed.wrapping_add(1);
                settings_changed(cx);
            }
            Purpose::Futures => {
                let tree = self.tree.map(|_| 0);
                *self = Self { tree, ..Self::futures(&cx.settings, self.at, self.round + 1) };
            }
        }
        self.ask(cx);
    }
}

/// The position that columns go on from: the cursor's in the text, else the end.
fn place(cx: &Context) -> usize {
    let end = cx.text.document.len();
    if cx.in_focus() == Focus::Text { cx.text.cursor.min(end) } else { end }
}
