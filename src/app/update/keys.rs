//! What keys and pastes change.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::columns::Purpose;
use super::super::input::Motion;
use super::super::keymap::{Action, Keymap, Meaning, lookup};
use super::super::state::{App, FirstRun, Focus, Overlay, Screen, Scroll};
use super::super::view::{Panes, layout};
use super::super::{Effect, Help, Input, Knob, Palette};
use super::{
    CHAT_STOP, CHAT_TEMPLATE, branch, columns, editor, generate, intents, line, overlays, panel, peek, score,
    selection, settings_changed, still_writing, text,
};
use crate::store::protocol::Job as StoreJob;

/// How long a first Ctrl-C waits for the second.
const ARMED: Duration = Duration::from_secs(2);

pub(super) fn key(app: &mut App, key: &KeyEvent, now: Duration, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    // A key means that what was said has been read, but for the one that says "again to quit".
    if app.quit_armed.is_none() {
        app.notice = None;
    }
    let prefix = app.prefix.take();
    let action = match app.keymap.meaning(app.focus, prefix, key) {
        Meaning::Action(action) => Some(action),
        Meaning::Prefix(first) if app.overlay.is_none() && app.typing.is_none() && app.screen == Screen::Main => {
            app.inform(format!("{first} ..."), now);
            app.prefix = Some(first);
            return;
        }
        Meaning::Prefix(_) | Meaning::Nothing => None,
    };
    match action {
        Some(Action::Interrupt) => return interrupt(app, now, effects),
        Some(Action::Suspend) => return effects.push(Effect::Suspend),
        Some(Action::Repaint) => return effects.push(Effect::Repaint),
        _ => app.quit_armed = None,
    }
    match (&mut app.screen, &mut app.overlay) {
        (Screen::Main, Some(over)) if action == Some(Action::Help) && has_help(over, key) => overlays::open_help(app),
        (Screen::FirstRun(_), _) => overlays::first_run(app, key, effects),
        (Screen::Main, Some(Overlay::Help(_))) => overlays::help(app, key, action),
        (Screen::Main, Some(Overlay::Models { .. })) => overlays::models(app, key, action, now, effects),
        (Screen::Main, Some(Overlay::Inspector { .. })) => {
            // The names of the text's keys hold in what looks at it.
            let action = lookup(&app.keymap, Focus::Text, key);
            text::inspector(app, key, action, now, effects);
        }
        (Screen::Main, Some(Overlay::Tree { .. })) => branch::tree(app, key.code, now, effects),
        (Screen::Main, Some(Overlay::Columns(_))) => columns::key(app, key, action, now, effects),
        (Screen::Main, Some(Overlay::Circles { .. })) => columns::circles(app, key, now, effects),
        (Screen::Main, Some(Overlay::Palette(_))) => intents::palette(app, key, action, now, effects),
        (Screen::Main, Some(Overlay::Find(_))) => intents::find(app, key, action),
        (Screen::Main, Some(Overlay::Score { .. })) => score::key(app, key, action),
        (Screen::Main, None) if app.typing.is_some() => panel::typing(app, key, effects),
        (Screen::Main, None) => match action {
            _ if line::takes(app, key, action) => {}
            Some(action) => act(app, action, now, effects),
            None => write(app, key, now),
        },
    }
}

/// Whether a key that asks for help asks for it over something, and does not write there.
fn has_help(over: &Overlay, key: &KeyEvent) -> bool {
    let writes = match over {
        Overlay::Palette(_) | Overlay::Find(_) => true,
        Overlay::Models { path, .. } => path.is_some(),
        Overlay::Columns(it) => it.typing.is_some(),
        _ => false,
    };
    let is_written = writes && matches!(key.code, KeyCode::Char(_));
    !is_written && !matches!(over, Overlay::Help(_))
}

pub(super) fn paste(app: &mut App, text: &str) {
    app.notice = None;
    match (&mut app.screen, &mut app.overlay) {
        (Screen::FirstRun(FirstRun { path: Some(path) }), _)
        | (Screen::Main, Some(Overlay::Models { path: Some(path), .. })) => {
            path.insert(text.trim());
        }
        (Screen::Main, Some(Overlay::Help(Help { filter: Some(filter), .. }))) => {
            filter.insert(text.lines().next().unwrap_or_default());
        }
        (Screen::Main, Some(Overlay::Palette(_) | Overlay::Find(_))) => intents::paste(app, text),
        (Screen::FirstRun(_), _) | (Screen::Main, Some(_)) => {}
        (Screen::Main, None) => {
            app.typing = None;
            app.focus = Focus::Input;
            line::paste(app, text);
        }
    }
}

/// Does what an action means, however it was asked for.
pub(super) fn perform(app: &mut App, action: Action, now: Duration, effects: &mut Vec<Effect>) {
    match action {
        Action::Interrupt => interrupt(app, now, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Repaint => effects.push(Effect::Repaint),
        _ => act(app, action, now, effects),
    }
}

fn interrupt(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if let Some(running) = &mut app.running {
        running.stopping = true;
        effects.push(Effect::StopEngine);
    } else if columns::stop(app, effects) {
        app.inform("Stopped; what was drawn can still be taken.", now);
    } else if app.input.search().is_some() {
        app.input.search_leave();
    } else if !app.input.is_empty() && app.screen == Screen::Main && app.overlay.is_none() {
        line::take(app, effects);
        app.send_when_ready = false;
        app.inform("Cleared; Up brings it back.", now);
    } else if app.quit_armed.is_some() {
        effects.push(Effect::Quit);
    } else {
        app.quit_armed = Some(now + ARMED);
        app.inform(format!("{} again to quit.", app.key_of(Action::Interrupt)), now);
    }
}

fn act(app: &mut App, action: Action, now: Duration, effects: &mut Vec<Effect>) {
    match action {
        Action::Help => overlays::open_help(app),
        Action::Models => app.overlay = Some(Overlay::models()),
        Action::Palette => app.overlay = Some(Overlay::Palette(Palette::default())),
        Action::FindToken => intents::open_find(app, ""),
        Action::NextFocus => app.focus = next_focus(app, true),
        Action::PreviousFocus => app.focus = next_focus(app, false),
        Action::TogglePanel => toggle_panel(app),
        Action::Warmer => panel::turn(app, Knob::Temperature, 1, false, effects),
        Action::Colder => panel::turn(app, Knob::Temperature, -1, false, effects),
        Action::TopPUp => panel::turn(app, Knob::TopP, 1, false, effects),
        Action::TopPDown => panel::turn(app, Knob::TopP, -1, false, effects),
        Action::Send => send(app, now, effects),
        Action::Continue => continue_text(app, now, effects),
        Action::Chat if app.chat => leave_chat(app, now, effects),
        Action::Chat => {
            if !app.document.is_empty() {
                let new = app.key_of(Action::NewTranscript);
                app.inform(
                    format!("What you send is now wrapped as User: and Bot:. {new} begins with the template."),
                    now,
                );
            }
            enter_chat(app, now, effects);
        }
        Action::NewTranscript => new_transcript(app, now, effects),
        Action::QuitOrDelete if app.input.is_empty() => effects.push(Effect::Quit),
        Action::LeaveText if app.focus == Focus::Text && app.lens.anchor.take().is_some() => {}
        Action::LeaveText => app.focus = Focus::Input,
        Action::Select => selection::toggle(app, now),
        Action::Copy => selection::copy(app, now, effects),
        Action::EditInEditor => editor::open(app, now, effects),
        Action::SearchHistory => line::search(app),
        Action::TokenLeft
        | Action::TokenRight
        | Action::TokenWordLeft
        | Action::TokenWordRight
        | Action::RowUp
        | Action::RowDown
        | Action::Top => text::go(app, action),
        Action::Follow => {
            text::go(app, action);
            scroll(app, action);
        }
        Action::PageUp | Action::PageDown => scroll(app, action),
        Action::Inspect => text::open_inspector(app, now, effects),
        Action::Heat => text::next_heat(app, effects),
        Action::Score => score::open(app, now, effects),
        Action::Tree => {
            let chosen = app.document.runs().iter().rposition(|it| it.on_path).unwrap_or(0);
            app.overlay = Some(Overlay::Tree { chosen });
        }
        Action::Compare => columns::open(app, Purpose::Compare, now, effects),
        Action::Fan => columns::open(app, Purpose::Fan, now, effects),
        Action::Reroll
        | Action::EditFromHere
        | Action::TypeHere
        | Action::PreviousSibling
        | Action::NextSibling
        | Action::Undo
        | Action::Redo
        | Action::Bookmark
        | Action::NextBookmark => branch::act(app, action, now, effects),
        Action::LineEnd if app.input.cursor() == app.input.text().len() => {
            app.scroll = Scroll::Follow;
        }
        Action::KnobUp
        | Action::KnobDown
        | Action::Less
        | Action::More
        | Action::MuchLess
        | Action::MuchMore
        | Action::Neutral
        | Action::Type
        | Action::SwitchStep
        | Action::StepEarlier
        | Action::StepLater => panel::act(app, action, now, effects),
        Action::Interrupt | Action::Repaint | Action::Suspend => {}
        Action::NewLine
        | Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::WordLeft
        | Action::WordRight
        | Action::LineStart
        | Action::LineEnd
        | Action::Backspace
        | Action::Delete
        | Action::DeleteWord
        | Action::DeleteWordRight
        | Action::DeleteToStart
        | Action::DeleteToEnd
        | Action::Yank
        | Action::UndoEdit
        | Action::QuitOrDelete => {
            edit(&mut app.input, action);
            app.input.vi_settle();
        }
    }
}

/// The editing keys, the same in every line that can be written in.
fn edit(input: &mut Input, action: Action) {
    match action {
        Action::NewLine => input.insert("\n"),
        Action::Up => input.up(),
        Action::Down => input.down(),
        Action::Left => input.go(Motion::Left),
        Action::Right => input.go(Motion::Right),
        Action::WordLeft => input.go(Motion::WordLeft),
        Action::WordRight => input.go(Motion::WordRight),
        Action::LineStart => input.go(Motion::LineStart),
        Action::LineEnd => input.go(Motion::LineEnd),
        Action::Backspace => input.delete(Motion::Left),
        Action::Delete | Action::QuitOrDelete => input.delete(Motion::Right),
        Action::DeleteWord => input.delete(Motion::WordLeft),
        Action::DeleteWordRight => input.delete(Motion::WordRight),
        Action::DeleteToStart => input.delete(Motion::LineStart),
        Action::DeleteToEnd => input.delete(Motion::LineEnd),
        Action::Yank => input.yank(),
        Action::UndoEdit => {
            input.undo();
        }
        _ => {}
    }
}

fn write(app: &mut App, key: &KeyEvent, now: Duration) {
    let KeyCode::Char(c) = key.code else { return };
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return;
    }
    match app.focus {
        Focus::Panel if c.is_ascii_digit() || matches!(c, '.' | '-') => {
            panel::begin_typing(app, c.encode_utf8(&mut [0; 4]), &mut Vec::new());
        }
        Focus::Panel => {}
        // Most letters are commands here: going to the input with one that is none would make the next one a surprise.
        Focus::Text => {
            let (focus, help) = (app.key_of(Action::NextFocus), app.key_of(Action::Help));
            app.inform(
                format!("`{c}` means nothing in the text: {focus} goes to the input, {help} shows the keys."),
                now,
            );
        }
        Focus::Input => {
            app.input.insert(c.encode_utf8(&mut [0; 4]));
        }
    }
}

/// A key in a line of its own: a path, a value.
pub(super) fn edit_line(keymap: &Keymap, line: &mut Input, key: &KeyEvent) {
    match (key.code, lookup(keymap, Focus::Input, key)) {
        (_, Some(Action::NewLine | Action::Up | Action::Down | Action::SearchHistory)) => {}
        (_, Some(action)) => edit(line, action),
        (KeyCode::Char(c), None) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            line.insert(c.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

fn next_focus(app: &App, forward: bool) -> Focus {
    let all: &[Focus] = if layout(app).panel.is_some() || narrow(app) {
        &[Focus::Input, Focus::Text, Focus::Panel]
    } else {
        &[Focus::Input, Focus::Text]
    };
    let at = all.iter().position(|&it| it == app.focus).unwrap_or(0);
    let step = if forward { 1 } else { all.len() - 1 };
    all[(at + step) % all.len()]
}

/// Where there is no room beside the text, the panel is shown in its place while it has the focus.
fn narrow(app: &App) -> bool {
    matches!(layout(app).panes, Panes::One)
}

fn toggle_panel(app: &mut App) {
    if narrow(app) {
        app.focus = if app.focus == Focus::Panel { Focus::Input } else { Focus::Panel };
    } else {
        app.panel = !app.panel;
        if !app.panel && app.focus == Focus::Panel {
            app.focus = Focus::Input;
        }
    }
}

/// Sends what is written; nothing is written, the text is continued.
pub(super) fn send(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        app.inform(
            format!("Still writing: {} stops it. What you wrote stays here.", app.key_of(Action::Interrupt)),
            now,
        );
        return;
    }
    if app.card().is_none() {
        return super::wait_for_a_model(app, now);
    }
    let written = line::take(app, effects);
    let text = if app.chat && !written.is_empty() { turn_of_chat(app, &written) } else { written.clone() };
    generate(app, text, written, now, effects);
}

fn continue_text(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.card().is_none() {
        app.inform("The model is not ready yet.", now);
    } else if app.running.is_none() {
        generate(app, String::new(), String::new(), now, effects);
    }
}

fn turn_of_chat(app: &App, text: &str) -> String {
    let ends_line = app.document.is_empty() || app.flow.text().ends_with('\n');
    let start = if ends_line { "" } else { "\n" };
    format!("{start}User: {text}\nBot:")
}

/// Puts the chat template, visibly, where the text ends, and its stop string among the settings.
pub(super) fn enter_chat(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        return;
    }
    app.chat = true;
    if !app.settings.stop.iter().any(|it| it == CHAT_STOP) {
        app.settings.stop.push(CHAT_STOP.to_owned());
    }
    if app.document.is_empty() {
        let encoded = match app.vocabulary.encode_beginning(CHAT_TEMPLATE) {
            Ok(it) => it,
            Err(why) => return app.complain(format!("Chat is on without its template: {why}.")),
        };
        app.past.keep(app.document.tip());
        super::record_circumstances(app, effects);
        super::engine::append_typed(app, encoded.tokens, effects);
        if let Some(it) = encoded.read_as {
            app.inform_too(&crate::app::words::sentence(&it.sentence(), ""), now);
        }
        peek(app, effects);
    }
    settings_changed(app, effects);
}

fn leave_chat(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    app.chat = false;
    app.settings.stop.retain(|it| it != CHAT_STOP);
    settings_changed(app, effects);
    app.inform("Chat is off: what you send is added to the text as it is.", now);
}

fn new_transcript(app: &mut App, now: Duration, effects: &mut Vec<Effect>) {
    if app.running.is_some() {
        still_writing(app, now);
        return;
    }
    if let Some(Err(why)) = &app.saved {
        let text = format!("Not yet: this transcript is not saved ({why}). It is tried again with every change.");
        app.complain(text);
        return;
    }
    effects.push(Effect::Store(StoreJob::Sync));
    effects.push(Effect::NewTranscript);
    app.document = crate::document::Document::default();
    app.vocabularies = crate::document::Vocabularies::default();
    super::vocabulary::follow(app);
    app.flow.rebuild(&app.document, &app.vocabulary);
    (app.scroll, app.ended, app.saved) = (Scroll::Follow, None, None);
    (app.recorded_settings, app.recorded_model) = (None, None);
    app.next = None;
    (app.lens.cursor, app.lens.anchor, app.past) = (0, None, crate::app::Past::default());
    app.forget_the_text();
    app.inform(format!("A new transcript. The old one is in {}.", app.transcripts), now);
    if app.chat {
        enter_chat(app, now, effects);
    }
    peek(app, effects);
}

fn scroll(app: &mut App, action: Action) {
    let height = (layout(app).text.height as usize).max(1);
    let page = height.saturating_sub(2).max(1);
    match action {
        Action::PageUp => scroll_by(app, -(page as isize)),
        Action::PageDown => scroll_by(app, page as isize),
        _ => app.scroll = Scroll::Follow,
    }
}

/// Scrolls the text by so many rows; at the end it is followed again.
pub(super) fn scroll_by(app: &mut App, rows: isize) {
    let height = (layout(app).text.height as usize).max(1);
    let last = app.flow.rows().len().saturating_sub(height);
    let top = app.top_row(height).saturating_add_signed(rows);
    let unseen = match app.scroll {
        Scroll::At { unseen, .. } => unseen,
        Scroll::Follow => 0,
    };
    app.scroll = if top >= last { Scroll::Follow } else { Scroll::At { offset: app.flow.rows()[top].start, unseen } };
}
