//! How long a frame takes over a full context: `cargo bench --bench redraw`.
//!
//! 1,024 tokens with a row of 50,257 scores each, as GPT-2 would give them. A frame has 16 ms; what takes longer is spread
//! over several, and then the longest of them is told, and how many there were. Then a thousand tokens as they come in a
//! second, with thirty frames and keys in between; and texts of a hundred thousand lines and of one long one.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for whoever measures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use megachat::app::{App, Effect, Focus, Heat, Msg, Start, start, update, view};
use megachat::appearance::{Appearance, Background, Colours};
use megachat::assets;
use megachat::document::{Document, Record, Vocabularies};
use megachat::engine::protocol::{Command, DeviceChoice, Event, ModelCard, RequestId, Said, StopReason};
use megachat::sample::{Context, Distribution, Draw, Settings, TokenConstraints, die};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const TOKENS: usize = 1024;

fn main() {
    let (columns, rows) = (200, 60);
    let mut app = full_context((columns, rows));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    println!("{TOKENS} tokens, {columns}x{rows}: longest frame of 20 actions, in ms");
    measure("a control turned, bars", &mut app, &mut terminal, &[alt(KeyCode::Up)]);
    app.context.text.heat = Heat::Surprise;
    measure("the same, by surprise", &mut app, &mut terminal, &[alt(KeyCode::Up)]);
    app.context.text.heat = Heat::Cut;
    measure("the same, what it cuts", &mut app, &mut terminal, &[alt(KeyCode::Left)]);
    (app.context.text.heat, app.context.focus) = (Heat::Off, Focus::Text);
    measure("another token", &mut app, &mut terminal, &[plain(KeyCode::Left)]);
    measure("another token, inspector", &mut app, &mut terminal, &[plain(KeyCode::Enter), plain(KeyCode::Left)]);
    drop(app);
    stream((columns, rows), &mut terminal);
    for (what, text) in [
        ("100,000 lines", "It is told again, line by line, and ends.\n".repeat(100_000)),
        ("one line of 1 MB", "All work and no play makes a dull boy. ".repeat((1 << 20) / 39)),
    ] {
        let mut app = long_text((columns, rows), &text);
        println!("{what}, {} tokens", app.context.text.document.len());
        measure("a letter typed", &mut app, &mut terminal, &[plain(KeyCode::Char('x'))]);
        measure("a page up", &mut app, &mut terminal, &[plain(KeyCode::PageUp)]);
        measure("a control turned", &mut app, &mut terminal, &[alt(KeyCode::Up)]);
        app.context.focus = Focus::Text;
        measure("another token", &mut app, &mut terminal, &[plain(KeyCode::Left)]);
    }
}

/// What a second of text at a thousand tokens costs the thread that draws: applying every token, and thirty frames, every
/// other one with a key before it.
fn stream(size: (u16, u16), terminal: &mut Terminal<TestBackend>) {
    const A_SECOND: usize = 1000;
    let (mut app, id) = writing(size, A_SECOND * 2);
    let (mut state, mut frames) = (3, Vec::new());
    let rows: Vec<Arc<[f32]>> = (0..32).map(|_| row(&mut state)).collect();
    let mut applied = Duration::ZERO;
    for n in 0..A_SECOND {
        let row = &rows[n % rows.len()];
        let draw = Box::new(drawn(&app, row));
        let began = Instant::now();
        hear(&mut app, Event::Next { id, logits: row.clone() });
        hear(&mut app, Event::Token { id, draw, trace: Vec::new() });
        applied += began.elapsed();
        if n % 33 == 0 {
            let began = Instant::now();
            if n % 66 == 0 {
                update(&mut app, Msg::Key(alt(if n % 132 == 0 { KeyCode::Up } else { KeyCode::Down })), Duration::ZERO);
            }
            app.prepare();
            terminal.draw(|frame| view(&app, frame)).unwrap();
            frames.push(began.elapsed());
        }
    }
    frames.sort();
    let (ms, all) = (|it: Duration| it.as_secs_f64() * 1e3, frames.iter().sum::<Duration>());
    println!(
        "{A_SECOND} tokens in a second       median {:6.2}  worst {:6.2}, {} frames; tokens applied in {:.1}: {:.1} % of it",
        ms(frames[frames.len() / 2]),
        ms(frames[frames.len() - 1]),
        frames.len(),
        ms(applied),
        ms(all + applied) / 10.0
    );
}

fn plain(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn alt(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::ALT)
}

fn measure(what: &str, app: &mut App, terminal: &mut Terminal<TestBackend>, keys: &[KeyEvent]) {
    let (mut longest, mut most, mut whole) = (Vec::new(), 0, Vec::new());
    for _ in 0..20 {
        for &key in keys {
            update(app, Msg::Key(key), Duration::ZERO);
        }
        let began = Instant::now();
        let (mut slowest, mut frames) = (Duration::ZERO, 0);
        loop {
            let frame = Instant::now();
            let more = app.prepare();
            terminal.draw(|frame| view(app, frame)).unwrap();
            slowest = slowest.max(frame.elapsed());
            frames += 1;
            if !more {
                break;
            }
        }
        longest.push(slowest);
        whole.push(began.elapsed());
        most = most.max(frames);
    }
    longest.sort();
    whole.sort();
    let ms = |it: Duration| it.as_secs_f64() * 1e3;
    println!(
        "{what:<28} median {:6.2}  worst {:6.2}  {most:3} frames, {:7.1} in all",
        ms(longest[10]),
        ms(longest[19]),
        ms(whole[10])
    );
}

/// An application with a model of so many positions.
fn ready(size: (u16, u16), document: Document, positions: usize) -> App {
    let (mut app, effects) = start(Start {
        id: None,
        settings: Settings { seed: 7, max_tokens: 0, ..Settings::default() },
        model: Some(("bench".into(), "bench".into())),
        ask: false,
        installed: Vec::new(),
        has_345m: true,
        draft: String::new(),
        chat: false,
        document,
        vocabularies: Vocabularies::default(),
        written_by: None,
        said: Said::default(),
        size,
        appearance: Appearance { colours: Colours::True, background: Background::Dark, ascii: false },
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: None,
        threads: None,
        free: None,
        sources: Vec::new(),
        transcripts: String::new(),
        notices: Vec::new(),
        keymap: megachat::app::keymap::Keymap::default(),
        history: Vec::new(),
        vi: false,
        mouse: true,
        tour: None,
    });
    let id =
        effects.iter().find_map(|it| if let Effect::Engine(Command::Load { id, .. }) = it { Some(*id) } else { None });
    let card = ModelCard {
        name: "bench".into(),
        directory: "bench".into(),
        sha256: String::new(),
        device: megachat::model::Device::Cpu,
        driver: None,
        measured: None,
        dtype: "f32".into(),
        arithmetic: 1,
        n_positions: positions,
        parameters: 0,
        vocabulary: assets::vocabulary(),
        notes: Vec::new(),
        path: None,
        took: Duration::ZERO,
    };
    hear(&mut app, Event::Loaded { id: id.unwrap(), card: Box::new(card) });
    app
}

fn hear(app: &mut App, event: Event) {
    update(app, Msg::Engine(event), Duration::ZERO);
}

/// One that has been asked to write, and the number of that request.
fn writing(size: (u16, u16), positions: usize) -> (App, RequestId) {
    let mut app = ready(size, Document::default(), positions);
    let effects = update(&mut app, Msg::Key(plain(KeyCode::Enter)), Duration::ZERO);
    let asked = |it: &Effect| if let Effect::Engine(Command::Generate(request)) = it { Some(request.id) } else { None };
    let id: RequestId = effects.iter().find_map(asked).unwrap();
    hear(&mut app, Event::Encoded { id, tokens: vec![50_256], read_as: None });
    (app, id)
}

/// What the engine would draw from a row.
fn drawn(app: &App, row: &[f32]) -> Draw {
    let history = app.context.text.document.tokens();
    let mut distribution =
        Distribution::new(row, &Context::new(&history, &TokenConstraints::NONE), &app.context.settings).unwrap();
    let coin = die(app.context.settings.seed, history.len() as u64);
    let picked = distribution.pick(coin);
    distribution.draw(row, picked, coin, 5)
}

fn row(state: &mut u64) -> Arc<[f32]> {
    (0..50_257).map(|_| score(state)).collect()
}

/// An application whose context is full of drawn tokens.
fn full_context(size: (u16, u16)) -> App {
    let (mut app, id) = writing(size, TOKENS);
    let mut state = 1_u64;
    while app.context.text.document.len() < TOKENS {
        let row = row(&mut state);
        hear(&mut app, Event::Next { id, logits: row.clone() });
        let draw = Box::new(drawn(&app, &row));
        hear(&mut app, Event::Token { id, draw, trace: Vec::new() });
    }
    hear(&mut app, Event::Next { id, logits: row(&mut state) });
    hear(&mut app, Event::Finished { id, reason: StopReason::ContextFull, cut: None });
    app
}

/// An application with a text far longer than its context, most of it out of the model's sight, and the next token known.
fn long_text(size: (u16, u16), text: &str) -> App {
    // A line at a time: a text of many megabytes in one piece takes the tokenizer gigabytes.
    let mut document = Document::default();
    let tokens: Vec<_> =
        text.split_inclusive('\n').flat_map(|it| assets::vocabulary().encode(it).unwrap().tokens).collect();
    document.apply(&Record::Typed { first: 0, parent: None, tokens, chosen: false });
    let mut app = ready(size, document, TOKENS);
    let id = app.context.drawing.awaited.unwrap();
    hear(&mut app, Event::Next { id, logits: row(&mut 5) });
    app
}

/// Spread as a model's scores are: few high, many low.
fn score(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let uniform = (*state >> 40) as f32 / (1 << 24) as f32;
    -2.5 * (uniform.max(1e-7)).ln() - 30.0
}
