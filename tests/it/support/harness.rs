//! The whole application without threads: keys in, screens out, the engine answering when a test lets it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use megachat::app::keymap::Keymap;
use megachat::app::{App, Effect, Layer, Msg, Start, start, update, view};
use megachat::appearance::{Appearance, Background, Colours};
use megachat::assets;
use megachat::document::{Document, Record, Vocabularies};
use megachat::engine::generation::{Control, Session};
use megachat::engine::protocol::{Command, DeviceChoice, Event, ModelCard, Said, StopReason};
use megachat::install::protocol as install;
use megachat::sample::Settings;
use megachat::store::protocol::Job;
use megachat::text::Vocabulary;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::scripted::Scripted;

pub(crate) const SCRIPT: &str = " there was a small brown bear who lived by the river.\n\nEvery morning he counted the stones and the fish, and every \
     evening he told his mother a story about them.";

pub(crate) struct Harness {
    pub(crate) app: App,
    session: Session,
    /// What the engine has said and the application has not heard yet.
    pub(crate) pending: VecDeque<Event>,
    /// Everything asked of the outside, the engine's commands among it.
    pub(crate) effects: Vec<Effect>,
    now: Duration,
    n_positions: usize,
    /// The script of models that have one of their own, by their names.
    pub(crate) scripts: Vec<(&'static str, &'static str)>,
    /// Models with a vocabulary of their own, by their names.
    pub(crate) others: Vec<(String, Arc<Vocabulary>)>,
}

struct Collect<'a>(&'a mut VecDeque<Event>);

impl Control for Collect<'_> {
    fn event(&mut self, event: Event) {
        self.0.push_back(event);
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        true
    }
}

pub(crate) fn a_start(size: (u16, u16)) -> Start {
    Start {
        id: None,
        settings: Settings { seed: 7, max_tokens: 40, ..Settings::default() },
        model: None,
        ask: false,
        installed: Vec::new(),
        has_345m: false,
        draft: String::new(),
        chat: false,
        document: Document::default(),
        vocabularies: Vocabularies::default(),
        written_by: None,
        said: Said::default(),
        size,
        appearance: Appearance { colours: Colours::True, background: Background::Dark, ascii: false },
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: None,
        threads: None,
        free: Some(12_400_000_000),
        sources: vec!["NVIDIA NGC, zip".into(), "NVIDIA NGC, single file".into(), "the hub copy".into()],
        transcripts: "/home/ada/.local/share/megachat/transcripts".into(),
        notices: Vec::new(),
        keymap: Keymap::default(),
        history: Vec::new(),
        vi: false,
        mouse: true,
        tour: None,
    }
}

/// The engine's side: the script in the words of a vocabulary.
fn session(vocabulary: Arc<Vocabulary>, n_positions: usize) -> Session {
    session_of(vocabulary, n_positions, SCRIPT)
}

/// The same with a script of its own.
pub(crate) fn session_of(vocabulary: Arc<Vocabulary>, n_positions: usize, script: &str) -> Session {
    let ids = |text: &str| vocabulary.encode(text).unwrap().tokens;
    let mut model = Scripted::new(&ids(script), n_positions);
    for (word, score) in
        [(" the", 8.6), (" and", 8.1), (" it", 7.5), (".", 7.2), (" he", 6.6), ("\n", 6.0), (" two", 5.0)]
    {
        model.others.push((ids(word)[0], score));
    }
    Session::new(Box::new(model), vocabulary)
}

impl Harness {
    /// With the demo installed and loaded, at the main screen.
    pub(crate) fn ready(size: (u16, u16)) -> Self {
        let mut it = Self::begin(a_start(size));
        it.install_demo();
        it.settle();
        it
    }

    /// Another run that goes on with what the journal of this one says.
    pub(crate) fn resumed(&self) -> Self {
        let document = self.journalled();
        let settings = document.settings().unwrap().clone();
        let mut it = Self::begin(Start { document, settings, ..a_start(self.app.context.window.size) });
        it.install_demo();
        it.settle();
        it
    }

    pub(crate) fn begin(with: Start) -> Self {
        let n_positions = 512;
        let session = session(assets::vocabulary(), n_positions);
        let (app, effects) = start(with);
        let (pending, effects_so_far) = (VecDeque::new(), Vec::new());
        let mut it = Self {
            app,
            session,
            pending,
            effects: effects_so_far,
            now: Duration::ZERO,
            n_positions,
            scripts: Vec::new(),
            others: Vec::new(),
        };
        it.act(effects);
        it
    }

    pub(crate) fn install_demo(&mut self) {
        self.installed("demo");
    }

    /// A model of this name has been installed.
    pub(crate) fn installed(&mut self, name: &str) {
        let ready = install::Ready {
            name: name.into(),
            directory: PathBuf::from("/models").join(name),
            format: String::new(),
            notes: Vec::new(),
            verified: true,
            parameters: 12_415_104,
        };
        self.send(Msg::Install(install::Event::Ready(ready)));
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.app, msg, self.now);
        self.act(effects);
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.send(Msg::Tick);
    }

    fn act(&mut self, effects: Vec<Effect>) {
        for effect in &effects {
            match effect {
                Effect::Engine(Command::Load { id, source }) => {
                    let other = self.others.iter().find(|it| it.0 == source.name);
                    let vocabulary = other.map_or_else(assets::vocabulary, |it| it.1.clone());
                    let script = self.scripts.iter().find(|it| it.0 == source.name).map_or(SCRIPT, |it| it.1);
                    self.session = session_of(vocabulary.clone(), self.n_positions, script);
                    let card = Box::new(ModelCard {
                        name: source.name.clone(),
                        directory: source.directory.clone(),
                        sha256: if other.is_some() { "07e4" } else { "5eed" }.into(),
                        device: megachat::model::Device::Cpu,
                        driver: None,
                        measured: None,
                        dtype: "q8".into(),
                        arithmetic: 1,
                        n_positions: self.n_positions,
                        parameters: 12_415_104,
                        vocabulary,
                        notes: Vec::new(),
                        path: None,
                        took: Duration::from_millis(90),
                    });
                    self.pending.push_back(Event::Loaded { id: *id, card });
                }
                Effect::Engine(Command::Generate(request)) => {
                    self.session.run(request, &mut Collect(&mut self.pending));
                }
                Effect::Engine(Command::Columns(request)) => {
                    self.session.run_columns(request, &mut Collect(&mut self.pending));
                }
                _ => {}
            }
        }
        self.effects.extend(effects);
    }

    /// The application hears the engine until so many tokens have come.
    pub(crate) fn tokens(&mut self, n: usize) {
        let mut left = n;
        while left > 0 {
            let Some(event) = self.pending.pop_front() else { panic!("the engine has nothing more to say") };
            if matches!(event, Event::Token { .. }) {
                left -= 1;
                self.now += Duration::from_millis(10);
            }
            self.send(Msg::Engine(event));
        }
    }

    /// The application hears one thing that the engine has to say. Answers whether there was one.
    pub(crate) fn hear(&mut self) -> bool {
        let event = self.pending.pop_front();
        let is_one = event.is_some();
        if let Some(event) = event {
            self.send(Msg::Engine(event));
        }
        is_one
    }

    /// The application hears everything the engine has to say.
    pub(crate) fn settle(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            if matches!(event, Event::Token { .. }) {
                self.now += Duration::from_millis(10);
            }
            self.send(Msg::Engine(event));
        }
    }

    /// The engine ends the running continuation, as it does soon after it was asked to.
    pub(crate) fn stopped(&mut self) {
        self.pending.clear();
        let id = self.app.context.drawing.running.as_ref().expect("something runs").id;
        self.send(Msg::Engine(Event::Finished { id, reason: StopReason::Cancelled, cut: None }));
        self.settle();
    }

    pub(crate) fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.send(Msg::Key(KeyEvent::new(code, modifiers)));
    }

    pub(crate) fn key(&mut self, code: KeyCode) {
        self.press(code, KeyModifiers::NONE);
    }

    pub(crate) fn control(&mut self, letter: char) {
        self.press(KeyCode::Char(letter), KeyModifiers::CONTROL);
    }

    pub(crate) fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.key(KeyCode::Char(c));
        }
    }

    /// What is on the screen.
    pub(crate) fn terminal(&mut self) -> Terminal<TestBackend> {
        self.app.prepare();
        let (columns, rows) = self.app.context.window.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.app, frame)).unwrap();
        terminal
    }

    pub(crate) fn screen(&mut self) -> String {
        self.terminal().backend().to_string()
    }

    /// The document as the journal would tell it.
    pub(crate) fn journalled(&self) -> Document {
        let mut document = Document::default();
        for effect in &self.effects {
            match effect {
                Effect::Store(Job::Append(record)) => document.apply(record),
                Effect::NewTranscript => document = Document::default(),
                _ => {}
            }
        }
        document
    }

    pub(crate) fn records(&self) -> Vec<&Record> {
        let record = |it| {
            if let &Effect::Store(Job::Append(ref record)) = it { Some(record) } else { None }
        };
        self.effects.iter().filter_map(record).collect()
    }

    pub(crate) fn quits(&self) -> bool {
        self.effects.contains(&Effect::Quit)
    }

    pub(crate) fn text(&self) -> String {
        assets::vocabulary().decode(&self.app.context.text.document.tokens())
    }

    /// Only this layer lies over the text.
    pub(crate) fn over(&mut self, layer: Option<Layer>) {
        self.app.clear();
        if let Some(layer) = layer {
            self.app.lay(layer);
        }
    }

    pub(crate) fn is_first_run(&self) -> bool {
        self.app.layers.is_first_run()
    }
}
