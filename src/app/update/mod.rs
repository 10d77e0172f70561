//! What each message changes, and what must be done about it.

mod branch;
mod columns;
mod editor;
mod engine;
mod install;
mod intents;
mod keys;
mod line;
mod mouse;
mod overlays;
mod panel;
mod score;
mod selection;
mod text;
mod vocabulary;

use std::collections::VecDeque;
use std::time::Duration;

pub(super) use editor::Edited;
pub(super) use mouse::Press;

use super::beginning::Start;
use super::keymap::Action;
use super::state::{App, EngineState, FirstRun, Focus, Notice, Running, Screen, Scroll, Tone};
use super::view::layout;
use super::{Effect, Flow, Input, Lens, Msg, Past};
use crate::assets;
use crate::document::Record;
use crate::engine::protocol::{Command, ModelSource, Request, Want};
use crate::install::protocol::Job as InstallJob;
use crate::sample::{GENERATOR, Words};
use crate::store::protocol::{Event as StoreEvent, Job as StoreJob};

/// How many of the likeliest tokens the journal keeps of each draw.
const KEPT_IN_JOURNAL: usize = 5;

/// The chat template: a few turns that a base model can go on with. Nothing of it is hidden.
pub const CHAT_TEMPLATE: &str = "A conversation between User and Bot. Bot answers in a sentence or two.\n\n\
    User: Hello! Who are you?\nBot: I am a language model. I like to tell stories.\n\
    User: What is the colour of the sky?\nBot: On a clear day the sky is blue.\n";

/// The stop string of the chat template.
pub const CHAT_STOP: &str = "\nUser:";

/// The first state, and what must be done at once.
#[must_use]
pub fn start(start: Start) -> (App, Vec<Effect>) {
    let mut input = Input::default();
    input.remember(start.history);
    if start.vi {
        input.use_vi();
    }
    input.insert(&start.draft);
    let resumed = !start.document.is_empty();
    let mut app = App {
        screen: if start.ask { Screen::FirstRun(FirstRun::default()) } else { Screen::Main },
        overlay: None,
        focus: Focus::Input,
        panel: true,
        knob: 1,
        typing: None,
        recorded_settings: start.document.settings().cloned(),
        document: start.document,
        flow: Flow::new(1),
        lens: Lens::default(),
        past: Past::default(),
        scroll: Scroll::Follow,
        input,
        settings: start.settings,
        chat: start.chat,
        engine: EngineState::Empty,
        running: None,
        peeking: None,
        next: None,
        recent: VecDeque::new(),
        first_token: None,
        speed: None,
        ended: None,
        installing: None,
        offered: None,
        send_when_ready: false,
        import: None,
        demo_coming: false,
        has_345m: start.has_345m,
        circles_allowed: false,
        notice: None,
        quit_armed: None,
        saved: None,
        size: start.size,
        look: start.look,
        device: start.device,
        precision: start.precision,
        threads: start.threads,
        free: start.free,
        sources: start.sources,
        transcripts: start.transcripts,
        keymap: start.keymap,
        prefix: None,
        mouse: start.mouse,
        pressed: None,
        edited: None,
        reshape_due: false,
        next_request: 0,
        recorded_model: None,
        loading: None,
        vocabulary: assets::vocabulary(),
        vocabularies: start.vocabularies,
        said: start.model.as_ref().map(|model| (model.1.clone(), start.said)),
        words: Words::default(),
        written_by: start.written_by,
    };
    vocabulary::follow(&mut app);
    app.flow.resize(layout(&app).text.width as usize);
    app.flow.extend(&app.document, &app.vocabulary);
    if !start.notices.is_empty() {
        app.complain(start.notices.join("\n"));
    }
    let mut effects = Vec::new();
    if !resumed {
        effects.push(Effect::NewTranscript);
    }
    if let Some((name, directory)) = start.model {
        load(&mut app, name, directory, &mut effects);
    } else {
        // The demo is made ready while the question is being read.
        app.demo_coming = true;
        effects.push(Effect::Install(InstallJob::Demo));
    }
    (app, effects)
}

/// Applies a message to the state and says what the shell must do about it.
///
/// Reads no clock, file or channel; `now` is the time since the start. Every message is allowed in every state; one that
/// makes no sense there is dropped, which is how tokens that were in flight when the user cancelled disappear.
pub fn update(app: &mut App, msg: Msg, now: Duration) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.quit_armed.is_some_and(|it| now >= it) {
        app.quit_armed = None;
    }
    if app.notice.as_ref().is_some_and(|it| it.until.is_some_and(|until| now >= until)) {
        app.notice = None;
    }
    match msg {
        Msg::Key(key) => keys::key(app, &key, now, &mut effects),
        Msg::Paste(text) => keys::paste(app, &text),
        Msg::Mouse(event) => mouse::heard(app, event, now, &mut effects),
        Msg::Edited(result) => editor::ended(app, result, now, &mut effects),
        Msg::Copied { characters, how } => selection::copied(app, characters, &how, now),
        Msg::Resize(columns, rows) => app.size = (columns, rows),
        Msg::Intent(intent) => intents::intent(app, intent, now, &mut effects),
        Msg::Engine(event) => engine::heard(app, event, now, &mut effects),
        Msg::Install(event) => install::heard(app, event, now, &mut effects),
        Msg::Store(event) => saved(app, event),
        Msg::Tick => {}
    }
    // Where the text is may have changed with anything: the panel, the input's height, the terminal.
    let width = layout(app).text.width as usize;
    app.flow.resize(width);
    effects
}

/// When something changes by itself, in time since the start: the shell then sends a [`Msg::Tick`].
#[must_use]
pub fn next_deadline(app: &App) -> Option<Duration> {
    let notice = app.notice.as_ref().and_then(|it: &Notice| it.until);
    [notice, app.quit_armed].into_iter().flatten().min()
}

fn saved(app: &mut App, event: StoreEvent) {
    match event {
        StoreEvent::Saved { .. } => app.saved = Some(Ok(())),
        StoreEvent::Failed { path, why, .. } => {
            let text = format!(
                "The transcript is not saved: {why}. What is new waits in memory and is written once that works. ({})",
                path.display()
            );
            if !matches!(app.saved, Some(Err(_))) {
                app.complain(text);
            }
            app.saved = Some(Err(why));
        }
        StoreEvent::NotRemembered { path, why } => {
            let text = format!("What you send is not kept for later runs ({}: {why}).", path.display());
            app.complain(text);
        }
    }
}

/// Applies a record to the document and hands it to the journal.
fn record(app: &mut App, record: Record, effects: &mut Vec<Effect>) {
    if let (Record::Model { .. }, Some(card)) = (&record, app.card()) {
        let own = card.vocabulary.clone();
        effects.push(Effect::Store(StoreJob::Vocabulary(own.clone())));
        app.vocabularies.push(app.document.next_node(), own);
    }
    app.document.apply(&record);
    vocabulary::follow(app);
    effects.push(Effect::Store(StoreJob::Append(record)));
}

/// Loads a model in place of the current one.
fn load(app: &mut App, name: String, directory: std::path::PathBuf, effects: &mut Vec<Effect>) {
    let id = app.request();
    app.loading = Some((id, name.clone(), directory.clone()));
    app.engine = EngineState::Loading { name: name.clone(), done: 0, total: 0 };
    app.next = None;
    app.forget_the_text();
    // It was said of one model; another says it itself.
    let said = app.said.as_ref().filter(|it| it.0 == directory).map(|it| it.1.clone()).unwrap_or_default();
    let (device, precision, threads) = (app.device, app.precision, app.threads);
    let source = ModelSource { name, directory, device, precision, threads, said };
    effects.push(Effect::Engine(Command::Load { id, source }));
}

/// Asks for a continuation of the document with `text` added; `written` goes back to the input if that cannot be done.
fn generate(app: &mut App, text: String, written: String, now: Duration, effects: &mut Vec<Effect>) {
    if !vocabulary::read_again(app, now, effects) {
        return give_back(app, &written);
    }
    record_circumstances(app, effects);
    let id = app.request();
    app.past.keep(app.document.tip());
    app.peeking = None;
    app.ended = None;
    app.recent.clear();
    app.first_token = None;
    app.speed = None;
    app.running = Some(Running { id, asked: now, reading: None, drawn: 0, sent: written, stopping: false });
    app.scroll = Scroll::Follow;
    effects.push(Effect::Engine(Command::Generate(Request {
        id,
        path: app.document.tokens(),
        text,
        settings: app.settings.clone(),
        mu: app.document.mu(app.document.len()),
        typed: app.document.last_is_typed(),
        keep: KEPT_IN_JOURNAL,
        want: Want::Continuation,
        // Whoever looks at the text token by token looks at what is typed now, too.
        survey: app.looks_closely().then(|| app.first_unknown().unwrap_or(app.document.len())),
    })));
}

/// Puts a text that could not be used back where it came from.
fn give_back(app: &mut App, sent: &str) {
    if !sent.is_empty() && app.input.is_empty() {
        app.input.set(sent);
    }
}

/// Whether something can be done to the text as it is: where it is in the words of another model, it is read again first,
/// and what was asked for has to be asked again.
fn is_ours(app: &mut App, now: Duration, effects: &mut Vec<Effect>) -> bool {
    if vocabulary::is_the_models(app) {
        return true;
    }
    if vocabulary::read_again(app, now, effects) {
        peek(app, effects);
    }
    false
}

/// Says that the running continuation must end first.
fn still_writing(app: &mut App, now: Duration) {
    app.inform(format!("Still writing: {} stops it first.", app.key_of(Action::Interrupt)), now);
}

/// Keeps what was sent until there is a model; it can still be changed until then.
fn wait_for_a_model(app: &mut App, now: Duration) {
    let coming = app.loading.is_some() || app.demo_coming;
    app.send_when_ready = coming;
    let why = if coming {
        "The model is not ready yet; this is sent as soon as it is.".to_owned()
    } else {
        format!("There is no model. {} shows what can be done.", app.key_of(Action::Models))
    };
    app.inform(why, now);
}

/// Asks for the scores of the next token, so that the bars show where the text could go.
fn peek(app: &mut App, effects: &mut Vec<Effect>) {
    // Of a text in other words than its own the model has no scores.
    if app.running.is_some() || app.card().is_none() || !vocabulary::is_the_models(app) {
        return;
    }
    let id = app.request();
    app.peeking = Some(id);
    let want = app.first_unknown().map_or(Want::Scores, Want::Survey);
    if let Want::Survey(first) = want {
        record(app, Record::Reread { first: first as u32 }, effects);
    }
    effects.push(Effect::Engine(Command::Generate(Request {
        id,
        path: app.document.tokens(),
        text: String::new(),
        settings: app.settings.clone(),
        mu: None,
        typed: false,
        keep: 0,
        want,
        survey: None,
    })));
}

/// Tells the journal the model and the settings, where it does not know them.
fn record_circumstances(app: &mut App, effects: &mut Vec<Effect>) {
    if let Some(card) = app.card() {
        let model = Record::Model {
            name: card.name.clone(),
            sha256: card.sha256.clone(),
            dtype: card.dtype.clone(),
            device: card.device.clone(),
            generator: GENERATOR.to_owned(),
            vocabulary: Some(card.vocabulary.record()),
            path: card.path.clone(),
        };
        if app.recorded_model.as_ref() != Some(&model) {
            app.recorded_model = Some(model.clone());
            record(app, model, effects);
        }
    }
    let settings = app.settings.clone();
    record_settings(app, settings, effects);
}

fn record_settings(app: &mut App, settings: crate::sample::Settings, effects: &mut Vec<Effect>) {
    if app.recorded_settings.as_ref() != Some(&settings) {
        app.recorded_settings = Some(settings.clone());
        record(app, Record::Settings { settings }, effects);
    }
}

/// The settings moved: what streams obeys from the next token on, what is shown at once.
fn settings_changed(app: &mut App, effects: &mut Vec<Effect>) {
    app.reshape_due = true;
    if app.running.is_some() {
        effects.push(Effect::Engine(Command::Settings(app.settings.clone())));
    }
}

fn error(text: String) -> Notice {
    Notice { text, tone: Tone::Error, until: None }
}
