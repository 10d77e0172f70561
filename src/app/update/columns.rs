//! Futures side by side: asked for, heard of, taken.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::columns::{Column, Columns, MOST_COLUMNS, Purpose};
use super::super::intent::knob_named;
use super::super::keymap::Action;
use super::super::state::{App, Focus, Overlay, Scroll};
use super::super::words::columns::{WAYS_OUT, WayOut};
use super::super::{Effect, Input, Knob, Length, set_knob, words};
use super::{KEPT_IN_JOURNAL, generate, peek, record, record_circumstances, record_settings, settings_changed};
use crate::document::{Batch, Node, NodeId, Origin, Record};
use crate::engine::protocol::{ColumnsRequest, Command, Event, RequestId, StopReason};
use crate::sample::Settings;
use crate::store::protocol::Job;

/// Opens the comparison or the fan.
pub(super) fn open(app: &mut App, purpose: Purpose, now: Duration, effects: &mut Vec<Effect>) {
    let columns = match purpose {
        Purpose::Compare => Columns::compare(&app.settings, place(app)),
        Purpose::Fan => Columns::fan(&app.settings, place(app), 0),
    };
    open_with(app, columns, now, effects);
}

/// Opens the comparison with columns under these settings besides those of the panel; without any, as the key does.
pub(super) fn compare(app: &mut App, others: Vec<Settings>, now: Duration, effects: &mut Vec<Effect>) {
    let mut columns = Columns::compare(&app.settings, place(app));
    if !others.is_empty() {
        columns.columns.truncate(1);
        columns.columns.extend(others.into_iter().take(MOST_COLUMNS - 1).map(Column::new));
    }
    open_with(app, columns, now, effects);
}

/// Under the cursor, if it is somewhere in the text: what stands there stays as another branch.
fn place(app: &App) -> usize {
    if app.focus == Focus::Text { app.lens.cursor.min(app.document.len()) } else { app.document.len() }
}

fn open_with(app: &mut App, columns: Columns, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        return super::still_writing(app, now);
    }
    if app.card().is_none() {
        return app.inform("The model is not ready yet.", now);
    }
    if app.document.is_empty() {
        return app.inform("There is no text to go on from yet: write something first.", now);
    }
    if columns.at == 0 {
        return app.inform("The first token has nothing before it: the model has no say in it.", now);
    }
    if !super::is_ours(app, now, effects) {
        return;
    }
    app.overlay = Some(Overlay::Columns(columns));
    ask(app, effects);
}

fn state(app: &mut App) -> Option<&mut Columns> {
    match &mut app.overlay {
        Some(Overlay::Columns(it)) => Some(it),
        // Under the help they go on.
        Some(Overlay::Help(help)) => match help.under.as_deref_mut() {
            Some(Overlay::Columns(it)) => Some(it),
            _ => None,
        },
        _ => None,
    }
}

/// Has all columns drawn anew.
fn ask(app: &mut App, effects: &mut Vec<Effect>) {
    let (id, mut path, seed) = (app.request(), app.document.tokens(), app.settings.seed);
    // The engine does one thing at a time: whoever waited for scores asks again later.
    app.peeking = None;
    let Some(it) = state(app) else { return };
    it.reset(seed);
    it.request = Some(id);
    path.truncate(it.at);
    let at = path.len();
    let columns = it.columns.iter().map(|it| it.settings.clone()).collect();
    let tokens = it.tokens();
    let mu = app.document.mu(at);
    // What comes after it is then read anew.
    if let Some(node) = before(app, at).filter(|_| at < app.document.len()) {
        record(app, Record::ReadTo { node }, effects);
    }
    let request = ColumnsRequest { id, path, mu, columns, tokens, keep: KEPT_IN_JOURNAL };
    effects.push(Effect::Engine(Command::Columns(request)));
}

/// Whether columns are being drawn by this request.
pub(super) fn awaits(app: &App, id: RequestId) -> bool {
    let top = match &app.overlay {
        Some(Overlay::Help(help)) => help.under.as_deref(),
        other => other.as_ref(),
    };
    matches!(top, Some(Overlay::Columns(it)) if it.request == Some(id))
}

/// What the engine says of them.
pub(super) fn heard(app: &mut App, event: Event) {
    let Some(it) = state(app) else { return };
    match event {
        Event::ColumnToken { column, draw, .. } => {
            if let Some(column) = it.columns.get_mut(column) {
                column.draws.push(*draw);
            }
        }
        Event::ColumnEnded { column, reason, cut, .. } => {
            if let Some(column) = it.columns.get_mut(column) {
                // That all have the same number of tokens need not be said.
                column.ended = (reason != StopReason::MaxTokens).then(|| words::stopped(&reason));
                if let Some(cut) = cut {
                    column.draws.truncate(column.draws.len().saturating_sub(cut.tokens));
                    column.tail = cut.tail;
                }
            }
        }
        // Only the end is left.
        _ => it.request = None,
    }
}

/// Ends what draws them, if it still does.
pub(super) fn stop(app: &mut App, effects: &mut Vec<Effect>) -> bool {
    let drawing = state(app).is_some_and(|it| it.request.is_some());
    if drawing {
        effects.push(Effect::StopEngine);
    }
    drawing
}

/// Closes what lies over the text; what draws columns ends.
pub(super) fn close(app: &mut App, effects: &mut Vec<Effect>) {
    stop(app, effects);
    app.overlay = None;
    if app.next.is_none() || app.first_unknown().is_some() {
        peek(app, effects);
    }
}

/// The keys.
pub(super) fn key(app: &mut App, key: &KeyEvent, action: Option<Action>, now: Duration, effects: &mut Vec<Effect>) {
    if state(app).is_some_and(|it| it.typing.is_some()) {
        return write(app, key, effects);
    }
    let Some(it) = state(app) else { return };
    it.problem = None;
    let (purpose, last) = (it.purpose, it.columns.len().saturating_sub(1));
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => close(app, effects),
        KeyCode::Char('r') => new_dice(app, effects),
        // In a tree, the text up to where the chosen run ends.
        KeyCode::Enter => {
            let to = it.tree.and_then(|line| it.line(line)).map_or(usize::MAX, |line| line.2);
            take(app, to, now, effects);
        }
        _ if purpose == Purpose::Fan => match key.code {
            KeyCode::Up | KeyCode::Char('k') => choose(it, -1),
            KeyCode::Down | KeyCode::Char('j') => choose(it, 1),
            KeyCode::Char(digit @ '1'..='9') => {
                let line = digit as usize - '1' as usize;
                if let Some((column, _, to)) = it.line(line) {
                    it.chosen = column;
                    take(app, to, now, effects);
                }
            }
            KeyCode::Tab => take(app, usize::MAX, now, effects),
            KeyCode::Right => {
                let Some((column, from, _)) = it.line(it.chosen_line()) else { return };
                it.chosen = column;
                let future = it.columns[column].clone();
                take(app, future.first_word(from, &app.vocabulary), now, effects);
            }
            KeyCode::Char('t') => {
                it.tree = it.tree.is_none().then_some(0);
                it.chosen = it.line(it.chosen_line()).map_or(it.chosen, |line| line.0);
            }
            _ if action == Some(Action::Fan) => close(app, effects),
            _ => {}
        },
        KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => it.chosen = (it.chosen + 1) % (last + 1),
        KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => it.chosen = (it.chosen + last) % (last + 1),
        KeyCode::Up | KeyCode::Down => {
            let (steps, coarse) =
                (if key.code == KeyCode::Up { 1 } else { -1 }, key.modifiers.contains(KeyModifiers::SHIFT));
            let chosen = it.chosen.min(last);
            Knob::Temperature.turn(&mut it.columns[chosen].settings, steps, coarse);
            ask(app, effects);
        }
        KeyCode::Char('+') if last + 1 < MOST_COLUMNS => {
            let mut settings = it.columns[last].settings.clone();
            Knob::Temperature.turn(&mut settings, 5, false);
            it.columns.push(Column::new(settings));
            it.chosen = last + 1;
            ask(app, effects);
        }
        KeyCode::Char('-') if last > 1 => {
            it.columns.remove(it.chosen.min(last));
            it.chosen = it.chosen.min(last - 1);
            ask(app, effects);
        }
        KeyCode::Char('d') => other_way(app, effects),
        KeyCode::Char('s') => it.typing = Some(Input::default()),
        KeyCode::Char('k') => take_all(app, now, effects),
        _ if action == Some(Action::Compare) => close(app, effects),
        _ => {}
    }
}

/// Up or down in the list as it stands.
fn choose(it: &mut Columns, step: isize) {
    let to = it.chosen_line().saturating_add_signed(step).min(it.lines().saturating_sub(1));
    if it.tree.is_some() {
        it.tree = Some(to);
    }
    it.chosen = it.line(to).map_or(0, |line| line.0);
}

/// A key while a setting is written: `top-p .5`.
fn write(app: &mut App, key: &KeyEvent, effects: &mut Vec<Effect>) {
    let keymap = app.keymap.clone();
    let Some(it) = state(app) else { return };
    let Some(line) = &mut it.typing else { return };
    match key.code {
        KeyCode::Esc => it.typing = None,
        KeyCode::Enter => {
            let text = line.text().trim().to_owned();
            let (name, value) = text.split_once(' ').unwrap_or((&text, ""));
            let chosen = it.chosen.min(it.columns.len().saturating_sub(1));
            let set = match knob_named(name) {
                Some(Knob::Seed) => Err("the dice are the same or each its own: d".to_owned()),
                Some(knob) => set_knob(knob, &mut it.columns[chosen].settings, value),
                None => Err(format!("there is no control `{name}`; write NAME VALUE, as in top-p 0.5")),
            };
            match set {
                Ok(()) => {
                    it.typing = None;
                    ask(app, effects);
                }
                Err(why) => it.problem = Some(why),
            }
        }
        _ => super::keys::edit_line(&keymap, line, key),
    }
}

/// The same dice for all columns, or for each its own.
pub(super) fn other_way(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(it) = state(app).filter(|it| it.purpose == Purpose::Compare) else { return };
    it.same_dice = !it.same_dice;
    ask(app, effects);
}

/// Other dice: for the comparison the seed of the text moves on, visibly; a fan shows the next eight.
pub(super) fn new_dice(app: &mut App, effects: &mut Vec<Effect>) {
    match state(app).map(|it| (it.purpose, it.round)) {
        Some((Purpose::Compare, _)) => {
            app.settings.seed = app.settings.seed.wrapping_add(1);
            settings_changed(app, effects);
        }
        Some((Purpose::Fan, round)) => {
            let settings = app.settings.clone();
            let Some(it) = state(app) else { return };
            *it = Columns { tree: it.tree.map(|_| 0), ..Columns::fan(&settings, it.at, round + 1) };
        }
        None => return,
    }
    ask(app, effects);
}

/// Goes on with a column, or with its first word.
pub(super) fn keep_one(app: &mut App, column: usize, length: Length, now: Duration, effects: &mut Vec<Effect>) {
    let Some(it) = state(app) else { return };
    it.chosen = column.min(it.columns.len().saturating_sub(1));
    let chosen = it.columns.get(it.chosen).cloned();
    let count = match (length, chosen) {
        (Length::Word, Some(chosen)) => chosen.first_word(0, &app.vocabulary),
        _ => usize::MAX,
    };
    take(app, count, now, effects);
}

/// Goes on with the first `count` tokens of the chosen column; the others are let go.
fn take(app: &mut App, count: usize, now: Duration, effects: &mut Vec<Effect>) {
    let Some((at, width, chosen)) = state(app).map(|it| (it.at, it.columns.len(), it.chosen)) else { return };
    let Some(mut column) = state(app).and_then(|it| it.columns.get(chosen).cloned()) else { return };
    if column.draws.is_empty() && column.tail.is_empty() {
        return app.inform("Nothing has been drawn there yet.", now);
    }
    if count < column.draws.len() {
        column.draws.truncate(count);
        column.tail.clear();
    }
    stop(app, effects);
    app.overlay = None;
    let from = before(app, at);
    app.past.keep(app.document.tip());
    keep(app, from, &column, (width, chosen), effects);
    kept(app, effects);
    app.inform(format!("Taken. {} goes back.", app.key_of(Action::Undo)), now);
}

/// Keeps every column as a branch and goes on with the chosen one.
pub(super) fn take_all(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    let Some(it) = state(app) else { return };
    let (chosen, at) = (it.chosen, it.at);
    let mut columns: Vec<(usize, Column)> = it.columns.iter().cloned().enumerate().collect();
    // The text goes on with what was kept last.
    columns.sort_by_key(|it| it.0 == chosen);
    stop(app, effects);
    app.overlay = None;
    let from = before(app, at);
    app.past.keep(app.document.tip());
    for (index, column) in &columns {
        keep(app, from, column, (columns.len(), *index), effects);
    }
    kept(app, effects);
    app.inform(format!("Kept as {} branches; {} shows them.", columns.len(), app.key_of(Action::Tree)), now);
}

/// The last of the first `count` tokens of the text.
fn before(app: &App, count: usize) -> Option<NodeId> {
    count.checked_sub(1).and_then(|it| app.document.path().get(it)).copied()
}

/// Makes a branch of a column, the `index`-th of so many. As far as it says what is there already, it is that branch.
fn keep(
    app: &mut App,
    from: Option<NodeId>,
    column: &Column,
    (width, index): (usize, usize),
    effects: &mut Vec<Effect>,
) {
    let mut parent = from;
    let mut known = 0;
    for draw in &column.draws {
        // Where mirostat steers, what comes after a token depends on how it was drawn.
        let mu = |node: &Node| if let Origin::Drawn(it) = &node.origin { it.mu } else { None };
        let same = |&it: &NodeId| app.document.node(it).is_some_and(|it| it.token == draw.token && mu(it) == draw.mu);
        let Some(child) = app.document.children(parent).into_iter().find(same) else { break };
        (parent, known) = (Some(child), known + 1);
    }
    if parent != app.document.tip() {
        record(app, Record::Tip { node: parent }, effects);
    }
    if known < column.draws.len() {
        // The model first, and then the settings of the column in the place of those of the panel.
        record_circumstances(app, effects);
        record_settings(app, column.settings.clone(), effects);
        let first = app.document.next_node();
        let draws = column.draws[known..].to_vec();
        let batch = Some(Batch { width: width as u32, column: index as u32, before: known as u32 });
        record(app, Record::Drawn { first, parent, draws, batch }, effects);
    }
    if !column.tail.is_empty() {
        let (first, parent) = (app.document.next_node(), app.document.tip());
        record(app, Record::Typed { first, parent, tokens: column.tail.clone(), chosen: false }, effects);
    }
}

fn kept(app: &mut App, effects: &mut Vec<Effect>) {
    effects.push(Effect::Store(Job::Sync));
    app.flow.rebuild(&app.document, &app.vocabulary);
    (app.next, app.scroll, app.ended) = (None, Scroll::Follow, None);
    (app.lens.cursor, app.lens.anchor) = (app.document.len(), None);
    app.lens.inspection = None;
    peek(app, effects);
}

/// The keys of the box that says the text goes round in circles.
pub(super) fn circles(app: &mut App, key: &KeyEvent, now: Duration, effects: &mut Vec<Effect>) {
    let way = match key.code {
        KeyCode::Esc | KeyCode::Char('q') => Some(WayOut::Leave),
        KeyCode::Char(c) => WAYS_OUT.iter().find(|it| it.1 == c.encode_utf8(&mut [0; 4])).map(|it| it.0),
        _ => None,
    };
    if let Some(way) = way {
        way_out(app, way, now, effects);
    }
}

/// Does what was chosen about a loop.
pub(super) fn way_out(app: &mut App, way: WayOut, now: Duration, effects: &mut Vec<Effect>) {
    let Some(Overlay::Circles { since }) = app.overlay else { return };
    let back = since.checked_sub(1).and_then(|it| app.document.path().get(it)).copied();
    app.overlay = None;
    match way {
        WayOut::Differently => {
            super::branch::go_to(app, back, effects);
            app.settings.dry_multiplier = WAY_OUT;
            settings_changed(app, effects);
            generate(app, String::new(), String::new(), now, effects);
        }
        WayOut::Back => {
            super::branch::go_to(app, back, effects);
            let undo = app.key_of(Action::Undo);
            app.inform(format!("The text ends before the loop; {undo} brings it back."), now);
        }
        WayOut::On => {
            app.circles_allowed = true;
            generate(app, String::new(), String::new(), now, effects);
        }
        WayOut::Leave => {}
    }
}

/// DRY's multiplier as the way out of a loop: the value that its author recommends.
const WAY_OUT: f32 = 0.8;
