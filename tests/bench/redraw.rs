//! How long a frame takes over a full context: `cargo bench --bench redraw`.
//!
//! 1,024 tokens with a row of 50,257 scores each, as GPT-2 would give them. A frame has 16 ms; what takes longer is spread
//! over several, and then the longest of them is told, and how many there were.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for whoever measures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use megachat::app::look::{Background, Colours, Look};
use megachat::app::{App, Effect, Focus, Heat, Msg, Start, start, update, view};
use megachat::assets;
use megachat::document::Document;
use megachat::engine::protocol::{Command, DeviceChoice, Event, ModelCard, RequestId, StopReason};
use megachat::sample::{Context, Distribution, Settings, Words, die};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const TOKENS: usize = 1024;

fn main() {
    let (columns, rows) = (200, 60);
    let mut app = full_context((columns, rows));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    println!("{TOKENS} tokens, {columns}x{rows}: longest frame of 20 actions, in ms");
    measure("a control turned, bars", &mut app, &mut terminal, &[alt(KeyCode::Up)]);
    app.lens.heat = Heat::Surprise;
    measure("the same, by surprise", &mut app, &mut terminal, &[alt(KeyCode::Up)]);
    app.lens.heat = Heat::Cut;
    measure("the same, what it cuts", &mut app, &mut terminal, &[alt(KeyCode::Left)]);
    (app.lens.heat, app.focus) = (Heat::Off, Focus::Text);
    measure("another token", &mut app, &mut terminal, &[plain(KeyCode::Left)]);
    measure("another token, inspector", &mut app, &mut terminal, &[plain(KeyCode::Enter), plain(KeyCode::Left)]);
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

/// An application whose context is full of drawn tokens.
fn full_context(size: (u16, u16)) -> App {
    let (mut app, effects) = start(Start {
        settings: Settings { seed: 7, max_tokens: 0, ..Settings::default() },
        model: Some(("bench".into(), "bench".into())),
        ask: false,
        has_345m: true,
        draft: String::new(),
        chat: false,
        document: Document::default(),
        size,
        look: Look { colours: Colours::True, background: Background::Dark, ascii: false },
        device: DeviceChoice::Cpu,
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
    });
    let id =
        effects.iter().find_map(|it| if let Effect::Engine(Command::Load { id, .. }) = it { Some(*id) } else { None });
    let card = ModelCard {
        name: "bench".into(),
        directory: "bench".into(),
        sha256: String::new(),
        device: "cpu".into(),
        dtype: "f32".into(),
        n_positions: TOKENS,
        parameters: 0,
        tokenizer: assets::tokenizer(),
        note: None,
        took: Duration::ZERO,
    };
    let hear = |app: &mut App, event| update(app, Msg::Engine(event), Duration::ZERO);
    hear(&mut app, Event::Loaded { id: id.unwrap(), card: Box::new(card) });
    let effects = update(&mut app, Msg::Key(plain(KeyCode::Enter)), Duration::ZERO);
    let asked = |it: &Effect| if let Effect::Engine(Command::Generate(request)) = it { Some(request.id) } else { None };
    let id: RequestId = effects.iter().find_map(asked).unwrap();
    hear(&mut app, Event::Encoded { id, tokens: vec![50_256] });
    let mut state = 1_u64;
    while app.document.len() < TOKENS {
        let row: Arc<[f32]> = (0..50_257).map(|_| score(&mut state)).collect();
        hear(&mut app, Event::Next { id, logits: row.clone() });
        let history = app.document.tokens();
        let mut distribution = Distribution::new(&row, &Context::new(&history, &Words::NONE), &app.settings).unwrap();
        let coin = die(app.settings.seed, history.len() as u64);
        let picked = distribution.pick(coin);
        let draw = Box::new(distribution.draw(&row, picked, coin, 5));
        hear(&mut app, Event::Token { id, draw, trace: Vec::new() });
    }
    let row: Arc<[f32]> = (0..50_257).map(|_| score(&mut state)).collect();
    hear(&mut app, Event::Next { id, logits: row });
    hear(&mut app, Event::Finished { id, reason: StopReason::ContextFull, cut: None });
    app
}

/// Spread as a model's scores are: few high, many low.
fn score(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let uniform = (*state >> 40) as f32 / (1 << 24) as f32;
    -2.5 * (uniform.max(1e-7)).ln() - 30.0
}
