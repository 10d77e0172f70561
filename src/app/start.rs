//! How the application starts.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::app::context::{Context, Cover, Journal, Panel, Saved, Window};
use crate::app::drawing::Drawing;
use crate::app::focus::Focus;
use crate::app::input::Input;
use crate::app::keymap::Keymap;
use crate::app::layers::first_run::FirstRun;
use crate::app::layers::{Layer, Layers};
use crate::app::layout::layout;
use crate::app::models::{EngineState, Installed, LoadOptions, Models, WrittenBy};
use crate::app::outbox::{Effect, Outbox};
use crate::app::state::{App, Keyboard};
use crate::app::text::Text;
use crate::app::tour::{Tour, Walk};
use crate::app::verbs::chat::CHAT_STOP;
use crate::app::verbs::journal::record_settings;
use crate::app::verbs::models::load;
use crate::appearance::Appearance;
use crate::document::{Document, Vocabularies};
use crate::engine::protocol::{DeviceChoice, Said};
use crate::install::protocol::Job;
use crate::model::Precision;
use crate::sample::Settings;

/// Everything the application is given before its first message: what the command line and the configuration say, and what
/// was found on the disk.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Start {
    /// The sampling settings of the first draw.
    pub settings: Settings,
    /// The model to load at once, by name and directory; the demo is installed first if it is not there.
    pub model: Option<(String, PathBuf)>,
    /// Whether to ask the question of the first run.
    pub ask: bool,
    /// The models that are installed, the demo apart, for that question.
    pub installed: Vec<Installed>,
    /// Whether the 345M model is installed.
    pub has_345m: bool,
    /// A text to put into the input line.
    pub draft: String,
    /// Whether to begin with the chat template.
    pub chat: bool,
    /// The name of the transcript that is gone on with.
    pub id: Option<String>,
    /// A document to go on with.
    pub document: Document,
    /// The vocabularies that the tokens of `document` are ids of; empty for a new one.
    pub vocabularies: Vocabularies,
    /// The hash of the weights that wrote it last, and the model's name, to be compared with what is loaded.
    pub written_by: Option<WrittenBy>,
    /// What the user says of the model of the command line.
    pub said: Said,
    /// The size of the terminal, in columns and rows.
    pub size: (u16, u16),
    /// Colours, characters and borders of the screen.
    pub appearance: Appearance,
    /// The device that the model runs on, or that the engine chooses.
    pub device: DeviceChoice,
    /// The precision of the weights; `None` leaves it to the engine.
    pub precision: Option<Precision>,
    /// Threads on the CPU, if the user chose.
    pub threads: Option<usize>,
    /// Bytes free where models are kept, if known.
    pub free: Option<u64>,
    /// The names of the sources of the 345M model.
    pub sources: Vec<String>,
    /// Where transcripts are kept, to be shown.
    pub transcripts: String,
    /// Sentences from before the start.
    pub notices: Vec<String>,
    /// The keys of every action, the user's own included.
    pub keymap: Keymap,
    /// What was sent in earlier runs, oldest first.
    pub history: Vec<String>,
    /// Whether the input has vi's keys.
    pub vi: bool,
    /// Whether the terminal is asked to report the mouse.
    pub mouse: bool,
    /// The tour to begin with.
    pub tour: Option<Tour>,
}

/// The first state, and what must be done at once.
#[must_use]
pub fn start(start: Start) -> (App, Vec<Effect>) {
    let is_resumed = !start.document.is_empty();
    let recorded = start.document.settings().cloned();
    // Its stop string is all that a transcript says of the template.
    let has_template = is_resumed && start.settings.stop.iter().any(|it| it == CHAT_STOP);
    let models = Models {
        engine: EngineState::Empty,
        options: LoadOptions {
            device: start.device,
            precision: start.precision,
            threads: start.threads,
            said: start.model.as_ref().map(|model| (model.1.clone(), start.said)),
        },
        offered: None,
        installed: start.installed,
        installing: None,
        demo_coming: false,
        has_345m: start.has_345m,
        import: None,
        free: start.free,
        sources: start.sources,
        written_by: start.written_by,
    };
    let tour = start.tour.map(|it| Walk::new(it, start.settings.clone()));
    let settings = start.tour.map_or(start.settings, Tour::settings);
    let draft = start.tour.map_or(start.draft, |it| it.prompt().to_owned());
    let context = Context {
        text: Text::new(start.document, start.vocabularies),
        models,
        settings,
        outbox: Outbox::default(),
        drawing: Drawing::default(),
        input: input(start.history, start.vi, &draft),
        focus: Focus::Input,
        panel: Panel { is_shown: true, knob: 1, typing: None, came_from: Focus::Input },
        chat: start.chat || has_template,
        journal: Journal {
            place: start.transcripts,
            saved: Saved::Nothing,
            id: start.id,
            opening: None,
            removed: Vec::new(),
            seen: HashMap::new(),
            settings: recorded,
            model: None,
        },
        window: Window { size: start.size, appearance: start.appearance, mouse: start.mouse },
        keymap: start.keymap,
        cover: Cover::default(),
        edited: None,
        rewriting: None,
        tour,
    };
    let mut app = App { context, layers: Layers::default(), keyboard: Keyboard::default() };
    if start.ask {
        app.lay(Layer::FirstRun(FirstRun::default()));
    }
    let cx = &mut app.context;
    let width = layout(cx).text.width as usize;
    cx.text.flow.resize(width);
    if !start.notices.is_empty() {
        cx.outbox.complain(start.notices.join("\n"));
    }
    if !is_resumed {
        cx.outbox.push(Effect::NewTranscript);
    }
    // What the panel shows is what undo comes back to, and what a resumption finds.
    record_settings(cx, cx.settings.clone());
    if let Some((name, directory)) = start.model {
        load(cx, name, &directory);
    } else {
        // The demo is made ready while the question is being read.
        cx.models.demo_coming = true;
        cx.outbox.push(Effect::Install(Job::Demo));
    }
    let effects = cx.outbox.take();
    (app, effects)
}

fn input(history: Vec<String>, vi: bool, draft: &str) -> Input {
    let mut input = Input::default();
    input.remember(history);
    if vi {
        input.use_vi();
    }
    input.insert(draft);
    input
}
