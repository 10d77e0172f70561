//! What is asked for by name: in the palette, in a line.

use super::act::act;
use super::context::Context;
use super::intent::{Intent, Question};
use super::keymap::Action;
use super::knobs::KNOBS;
use super::layers::Layer;
use super::layers::answer::Kind;
use super::layers::columns::{Columns, Purpose};
use super::layers::find::Find;
use super::layers::library::LibraryList;
use super::layers::text_find::TextFind;
use super::messages::topics::Topic;
use super::outbox::Effect;
use super::state::App;
use super::verbs::{ask, branch, cursor, focus, input_line, library, models, panel, send};
use crate::text::tags_of;

/// Does what is asked for, whatever has the focus.
pub(super) fn intent(app: &mut App, intent: Intent) {
    if intent != Intent::Act(Action::Interrupt) {
        app.keyboard.quit_armed = None;
    }
    let cx = &mut app.context;
    match intent {
        // By its name it means to leave, whatever is written; that can be had back at the next start.
        Intent::Act(Action::QuitOrDelete) => input_line::quit(cx),
        Intent::Act(action) => act(app, action),
        Intent::Set(knob, value) => match panel::set(cx, knob, &value) {
            Ok(said) => cx.outbox.say(said),
            Err(why) => cx.outbox.complain(why),
        },
        Intent::Pick(knob) => cx.panel.knob = KNOBS.iter().position(|&it| it == knob).unwrap_or(cx.panel.knob),
        Intent::Send(text) => {
            cx.input.set(&text);
            send::send(cx);
        }
        Intent::Add(text) => {
            cx.input.set(&text);
            send::add(cx);
        }
        Intent::Tell(topic) => {
            if topic == Topic::Settings {
                focus::turn(cx);
            }
            let told = topic.told(cx);
            cx.outbox.say(told);
        }
        Intent::Point(position) => cursor::point(cx, position),
        Intent::Take(token) => branch::take(cx, token, true),
        Intent::Branch(run) => branch::go_to_run(cx, run),
        Intent::Heat(heat) => {
            cx.text.heat = heat;
            ask::prompt_logprobs(cx);
        }
        Intent::Find(text) => {
            let layer = Layer::Find(Find::open(cx, &text));
            app.lay(layer);
        }
        Intent::FindText(_) | Intent::Library(_) | Intent::Open(_) | Intent::Name(..) | Intent::Export(_) => {
            of_library(app, intent);
        }
        Intent::Compare(others) => {
            if let Some(columns) = Columns::open_compared(cx, others) {
                app.lay(Layer::Columns(columns));
            }
        }
        Intent::ExactTree => exact_tree(app),
        Intent::SameDice | Intent::OtherDice | Intent::Keep(..) | Intent::KeepAll => of_columns(app, &intent),
        Intent::WayOut(way) => {
            if let Some(&Layer::Loop(found)) = app.layers.top() {
                app.layers.pop();
                found.go(cx, way);
            }
        }
        Intent::Close => close(app),
        Intent::Download => {
            app.layers.clear();
            models::download(cx);
        }
        Intent::Import(path) => {
            app.layers.clear();
            models::remember_demo_only(cx);
            models::import(cx, &path);
        }
        Intent::StartWith(index) => {
            app.layers.clear();
            models::start_with(cx, index);
        }
        Intent::DemoOnly => {
            app.layers.clear();
            models::remember_demo_only(cx);
        }
        Intent::SwitchModel => models::switch(cx),
        Intent::StopInstall => cx.outbox.push(Effect::StopInstall),
    }
    app.cover();
}

/// What concerns this text as one of many.
fn of_library(app: &mut App, intent: Intent) {
    let cx = &mut app.context;
    let layer = match intent {
        Intent::FindText(words) => Layer::TextFind(TextFind::open(cx, &words)),
        Intent::Library(words) => Layer::Library(LibraryList::open(cx, &words)),
        Intent::Open(id) => {
            library::open(cx, &id, "");
            return;
        }
        Intent::Name(question, text) => return name(cx, question, &text),
        Intent::Export(format) => return library::export_this(cx, format),
        _ => return,
    };
    app.lay(layer);
}

/// Takes the answer to a question.
fn name(cx: &mut Context, question: Question, text: &str) {
    match question {
        Question::Title => library::retitle_this(cx, text),
        Question::Tags => match tags_of([text]) {
            Ok(tags) => library::retag_this(cx, tags),
            Err(why) => cx.outbox.complain(format!("{why}.")),
        },
        Question::Bookmark => branch::name_bookmark(cx, text),
    }
}

/// Shows the exact tree; futures open for it.
fn exact_tree(app: &mut App) {
    if app.layers.columns().is_none_or(|it| it.purpose != Purpose::Futures) {
        app.open(Kind::Futures);
    }
    if let Some(columns) = app.layers.columns_mut() {
        columns.toggle_exact(&mut app.context);
    }
}

fn of_columns(app: &mut App, intent: &Intent) {
    let cx = &mut app.context;
    let Some(columns) = app.layers.columns_mut() else { return };
    match *intent {
        Intent::SameDice => columns.other_way(cx),
        Intent::OtherDice => columns.new_dice(cx),
        Intent::Keep(column, length) => _ = columns.keep_one(cx, column, length),
        Intent::KeepAll => _ = columns.take_all(cx),
        _ => {}
    }
}

/// Closes what lies over the text; what draws columns ends.
fn close(app: &mut App) {
    let cx = &mut app.context;
    if let Some(columns) = app.layers.columns() {
        columns.stop(cx);
    }
    app.clear();
    let cx = &mut app.context;
    ask::next_logits_if_unknown(cx);
}
