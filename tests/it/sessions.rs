//! Random sessions with the demo, in 8 bits, on the engine's own thread: whatever is pressed, and whenever, the transcript
//! says what is on the screen, draws its tokens again to the last bit, and looking changes no figure.
//!
//! `MEGACHAT_SESSIONS=600 cargo test --test it sessions` is the long run, about ten minutes.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use megachat::app::{App, Effect, Msg, Start, start, update, view};
use megachat::assets;
use megachat::document::{Document, Header, Record, Vocabularies, encode_line};
use megachat::engine::protocol::Event;
use megachat::engine::{Engine, spawn_with};
use megachat::loading;
use megachat::sample::Settings;
use megachat::store::protocol::Job;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;

use crate::support::demo_directory;
use crate::support::harness::a_start;
use crate::support::program::{Home, err, megachat, out};

/// How many sessions are tried; the long run asks for more by this variable.
const SESSIONS: u64 = 24;
const VARIABLE: &str = "MEGACHAT_SESSIONS";

/// Longer than anything here takes: what is waited for longer does not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Numbers without a pattern, the same for the same session.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const TEXTS: [&str; 8] =
    ["Once upon a ti", " The dog", "\"No,\" said", " and", "x", "  ", " One day, a girl named Lily", " 🐕 ünd"];

const KEYS: [KeyCode; 12] = [
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::PageUp,
    KeyCode::Backspace,
];

/// What draws, branches, compares, goes back, or only looks.
const DEEDS: [(KeyCode, KeyModifiers); 22] = [
    (KeyCode::F(5), KeyModifiers::NONE),
    (KeyCode::F(5), KeyModifiers::NONE),
    (KeyCode::Enter, KeyModifiers::NONE),
    (KeyCode::Enter, KeyModifiers::NONE),
    (KeyCode::F(6), KeyModifiers::NONE),
    (KeyCode::F(8), KeyModifiers::NONE),
    (KeyCode::F(7), KeyModifiers::NONE),
    (KeyCode::F(4), KeyModifiers::NONE),
    (KeyCode::Char('i'), KeyModifiers::ALT),
    (KeyCode::Char('u'), KeyModifiers::ALT),
    (KeyCode::Char('u'), KeyModifiers::ALT),
    (KeyCode::Char('r'), KeyModifiers::ALT),
    (KeyCode::Up, KeyModifiers::ALT),
    (KeyCode::Down, KeyModifiers::ALT),
    (KeyCode::Left, KeyModifiers::ALT),
    (KeyCode::Right, KeyModifiers::ALT),
    (KeyCode::Char('c'), KeyModifiers::CONTROL),
    (KeyCode::Char('t'), KeyModifiers::CONTROL),
    (KeyCode::Char('n'), KeyModifiers::CONTROL),
    (KeyCode::Char('p'), KeyModifiers::CONTROL),
    (KeyCode::F(2), KeyModifiers::NONE),
    (KeyCode::F(1), KeyModifiers::NONE),
];

/// The application with a real engine, and what it wrote down.
struct Run {
    app: App,
    engine: Engine,
    events: Receiver<Event>,
    began: Instant,
    /// The records of each transcript, the newest last.
    transcripts: Vec<Vec<Record>>,
    todo: VecDeque<Effect>,
    quit: bool,
    /// How often the next token's scores were compared before and after a look.
    compared: usize,
}

fn begin_with() -> Start {
    let mut start = a_start((100, 30));
    start.settings = Settings { seed: 7, max_tokens: 8, ..Settings::default() };
    start.model = Some(("demo".into(), demo_directory()));
    start
}

fn engine() -> (Engine, Receiver<Event>) {
    let (sender, events) = channel();
    let engine = spawn_with(Box::new(loading::load), move |event| drop(sender.send(event))).unwrap();
    (engine, events)
}

impl Run {
    fn new() -> Self {
        let (engine, events) = engine();
        let (app, effects) = start(begin_with());
        let began = Instant::now();
        let mut it = Self {
            app,
            engine,
            events,
            began,
            transcripts: Vec::new(),
            todo: effects.into(),
            quit: false,
            compared: 0,
        };
        it.act();
        it.wait_until("the model", |it| it.app.context.card().is_some());
        it
    }

    fn act(&mut self) {
        while let Some(effect) = self.todo.pop_front() {
            match effect {
                Effect::Engine(command) => self.engine.send(command),
                Effect::StopEngine => self.engine.stop(),
                Effect::NewTranscript => self.transcripts.push(Vec::new()),
                Effect::Store(Job::Append(record)) => self.transcripts.last_mut().unwrap().push(record),
                Effect::Edit(text) => self.send(Msg::Edited(Ok(text))),
                Effect::Quit => self.quit = true,
                _ => {}
            }
        }
    }

    fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.app, msg, self.began.elapsed());
        self.todo.extend(effects);
        self.act();
    }

    fn press(&mut self, (code, modifiers): (KeyCode, KeyModifiers)) {
        self.send(Msg::Key(KeyEvent::new(code, modifiers)));
    }

    /// Hears what the engine has said so far.
    fn hear(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.send(Msg::Engine(event));
        }
    }

    #[track_caller]
    fn wait_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        self.hear();
        while !is_so(self) {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).unwrap_or_else(|_| panic!("{what} does not come"));
            self.send(Msg::Engine(event));
        }
    }

    /// Waits until nothing is drawn or awaited.
    #[track_caller]
    fn settle(&mut self) {
        self.wait_until("rest", |it| {
            let cx = &it.app.context;
            cx.drawing.running.is_none()
                && cx.drawing.awaited.is_none()
                && it.app.layers.columns().is_none_or(|it| it.request.is_none())
        });
    }

    fn draw_screen(&mut self) {
        self.app.prepare();
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        terminal.draw(|frame| view(&self.app, frame)).unwrap();
    }

    /// The bits of the next token's scores, where they are known.
    fn next_bits(&self) -> Option<Vec<u32>> {
        let text = &self.app.context.text;
        let next = text.next.as_ref().filter(|_| text.knows_next())?;
        Some(next.logits.iter().map(|it| it.to_bits()).collect())
    }

    /// Another run goes on with what the journal says.
    fn resume(&mut self) {
        self.settle();
        let records = self.transcripts.last().unwrap();
        let mut document = Document::default();
        for it in records {
            document.apply(it);
        }
        assert!(document == self.app.context.text.document, "the journal says what is on the screen");
        if document.is_empty() {
            return;
        }
        let settings = document.settings().unwrap().clone();
        assert_eq!(settings, self.app.context.settings, "the panel is saved as it is");
        let vocabularies = Vocabularies::of(assets::vocabulary());
        let (app, effects) = start(Start { document, settings, vocabularies, ..begin_with() });
        let (new, events) = engine();
        std::mem::replace(&mut self.engine, new).quit();
        (self.app, self.events) = (app, events);
        self.todo.extend(effects);
        self.act();
        self.wait_until("the model", |it| it.app.context.card().is_some());
    }

    /// Looks at the text in every way; the next token's scores are what they were.
    fn look(&mut self) {
        self.settle();
        while !self.app.layers.is_empty() {
            self.press((KeyCode::Esc, KeyModifiers::NONE));
        }
        self.settle();
        let (before, text) = (self.next_bits(), self.app.context.text.document.clone());
        let plain = KeyModifiers::NONE;
        let looks: &[(KeyCode, KeyModifiers)] = &[
            (KeyCode::F(4), plain),
            (KeyCode::F(4), plain),
            (KeyCode::Char('i'), KeyModifiers::ALT),
            (KeyCode::Esc, plain),
            (KeyCode::F(7), plain),
            (KeyCode::Esc, plain),
        ];
        for &key in looks {
            // Without a layer, Esc leaves what is being rewritten, which is more than a look.
            if key.0 == KeyCode::Esc && self.app.layers.is_empty() {
                continue;
            }
            self.press(key);
            self.draw_screen();
            self.settle();
        }
        if let Some(before) = before {
            self.compared += 1;
            let after = self.next_bits();
            let differs = after.as_ref().map(|it| it.iter().zip(&before).filter(|(a, b)| a != b).count());
            let length = self.app.context.text.document.len();
            assert_eq!(differs, Some(0), "looking changes no figure: of {} after {length} tokens", before.len());
        }
        assert_eq!(self.app.context.text.document.path(), text.path());
    }
}

/// One session: so many steps of everything, as fast as it goes or in peace.
fn session(number: u64) -> (Vec<Vec<Record>>, usize) {
    let mut chance = Chance(number.wrapping_mul(0x9e37_79b9).wrapping_add(5));
    let mut run = Run::new();
    for _ in 0..20 + chance.below(40) {
        match chance.below(20) {
            0..4 => {
                for c in chance.one_of(&TEXTS).chars() {
                    run.press((KeyCode::Char(c), KeyModifiers::NONE));
                }
            }
            4..9 => run.press(chance.one_of(&DEEDS)),
            9..12 => run.press((chance.one_of(&KEYS), KeyModifiers::NONE)),
            12..14 => {
                let letter = chance.one_of(b"abdehjklmnorstuvwxyz[]'/?0159GRU ") as char;
                run.press((KeyCode::Char(letter), KeyModifiers::NONE));
            }
            14 => run.resume(),
            15 => run.look(),
            16..18 => run.settle(),
            18 => run.draw_screen(),
            // A token or two.
            _ => {
                if run.app.context.drawing.running.is_some() {
                    let before = run.app.context.text.document.len();
                    run.wait_until("a token", |it| {
                        it.app.context.drawing.running.is_none() || it.app.context.text.document.len() != before
                    });
                }
            }
        }
        run.hear();
        if run.quit {
            break;
        }
    }
    run.settle();
    run.look();
    if !run.quit {
        run.resume();
    }
    run.engine.quit();
    (run.transcripts, run.compared)
}

/// Draws a transcript again with the program itself; answers how many tokens it has drawn.
fn replay(home: &Path, name: &str, records: &[Record]) -> u64 {
    let header = Header { version: 1, id: name.into(), created: 0, program: "megachat".into() };
    let header = Record::Header(header);
    let lines = (0..).zip(std::iter::once(&header).chain(records));
    let journal: String = lines.map(|(n, it)| encode_line(n, it).unwrap()).collect();
    let path = home.join(format!("{name}.jsonl"));
    std::fs::write(&path, journal).unwrap();
    let output = megachat(home, &["replay", path.to_str().unwrap(), "--verify", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", err(&output)));
    let is_same = output.status.success() && said["identical"] == said["drawn"];
    assert!(is_same, "{name}: {}{}\nkept as {}", out(&output), err(&output), path.display());
    let largest = &said["probabilities"]["largest_difference"];
    assert!(largest.is_null() || *largest == 0.0, "{name}: {largest}");
    said["drawn"].as_u64().unwrap()
}

#[test]
fn whatever_is_pressed_the_transcript_draws_its_tokens_again_to_the_last_bit() {
    let count = std::env::var(VARIABLE).map_or(SESSIONS, |it| it.parse().unwrap());
    let home = Home::new();
    let (mut drawn, mut transcripts, mut looks) = (0, 0, 0);
    for number in 0..count {
        let (journals, compared) = session(number);
        looks += compared;
        for (index, records) in journals.iter().enumerate() {
            if records.iter().any(|it| matches!(it, Record::Drawn { .. })) {
                drawn += replay(home.path(), &format!("session-{number}-{index}"), records);
                transcripts += 1;
            }
        }
    }
    assert!(looks > count as usize / 2, "{looks} looks in {count} sessions");
    println!("{count} sessions, {looks} looks, {transcripts} transcripts, {drawn} tokens drawn again");
    assert!(drawn > 5 * count, "{drawn} tokens in {count} sessions");
}
