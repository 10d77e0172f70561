//! A continuation from request to reason, with a model that says what it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use megachat::TokenId;
use megachat::assets;
use megachat::checkpoint::{Activation, Config};
use megachat::engine::generation::{Control, Session};
use megachat::engine::protocol::{Event, Failure, Request, RequestId, Said, StopReason, Want};
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::model::{Capabilities, Model, ModelError, Precision, Scores, window_start};
use megachat::sample::{EndOfText, Settings, WhenFull};

use crate::support::noise::Noise;
use crate::support::scripted::{Fault, Scripted};

/// Hears everything, and interferes where a test says so.
#[derive(Default)]
struct Listener {
    events: Vec<Event>,
    /// Stop after so many drawn tokens.
    stop_after: Option<usize>,
    /// Go on under these after so many drawn tokens.
    change: Option<(usize, Settings)>,
}

impl Listener {
    fn drawn(&self) -> Vec<TokenId> {
        let token = |it: &Event| {
            if let Event::Token { draw, .. } = it { Some(draw.token) } else { None }
        };
        self.events.iter().filter_map(token).collect()
    }

    fn reason(&self) -> StopReason {
        match self.events.last() {
            Some(Event::Finished { reason, .. }) => reason.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn failure(&self) -> Failure {
        match self.events.last() {
            Some(Event::Failed { failure, .. }) => failure.clone(),
            other => panic!("{other:?}"),
        }
    }
}

impl Control for Listener {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn new_settings(&mut self) -> Option<Settings> {
        let drawn = self.drawn().len();
        self.change.take_if(|it| drawn >= it.0).map(|it| it.1)
    }

    fn wanted(&mut self) -> bool {
        self.stop_after.is_none_or(|it| self.drawn().len() < it)
    }
}

fn request(path: &[TokenId], text: &str, settings: Settings) -> Request {
    let (id, path, text) = (RequestId(1), path.to_vec(), text.into());
    Request {
        id,
        path,
        text,
        settings,
        mu: None,
        typed: false,
        keep: 3,
        want: Want::Continuation,
        prompt_logprobs: None,
    }
}

fn settings() -> Settings {
    Settings { max_tokens: 10, repeat_penalty: 1.0, heal: false, ..Settings::default() }
}

fn run(session: &mut Session, request: &Request) -> Listener {
    let mut listener = Listener::default();
    session.run(request, &mut listener);
    listener
}

fn session(text: &str, n_positions: usize) -> Session {
    let tokenizer = assets::vocabulary();
    Session::new(Box::new(Scripted::new(&tokenizer.encode(text).unwrap().tokens, n_positions)), tokenizer)
}

#[test]
fn it_ends_for_the_reason_it_says() {
    let text = " one two three.\nUser: four";
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let heard = run(&mut session(text, 64), &request(&[], "a", settings));
        (heard.drawn().len(), heard.reason())
    };
    assert_eq!(with(|_| ()), (10, StopReason::MaxTokens));
    assert_eq!(with(|s| s.max_tokens = 0), (63, StopReason::ContextFull));
    assert_eq!(with(|s| s.stop = vec!["three".into()]), (2, StopReason::StopString("three".into())));
    let mut ends = session(" one<|endoftext|> two", 64);
    let heard = run(&mut ends, &request(&[], "a", settings()));
    assert_eq!((heard.drawn().len(), heard.reason()), (1, StopReason::EndOfText));
    let on = Settings { end_of_text: EndOfText::Continue, ..settings() };
    assert_eq!(run(&mut ends, &request(&[], "a", on)).reason(), StopReason::MaxTokens);
}

#[test]
fn a_stop_string_is_cut_even_in_the_middle_of_a_token() {
    let tokenizer = assets::vocabulary();
    let mut listener = Listener::default();
    let settings = Settings { stop: vec!["ree.\nU".into()], ..settings() };
    session(" one two three.\nUser: four", 64).run(&request(&[], "a", settings), &mut listener);
    let Some(Event::Finished { cut: Some(cut), .. }) = listener.events.last() else { panic!() };
    let drawn = listener.drawn();
    let mut kept = drawn[..drawn.len() - cut.tokens].to_vec();
    kept.extend(&cut.tail);
    // The script is read from its second token on, since one token of context was there.
    assert_eq!(tokenizer.decode(&kept), " two th");
}

#[test]
fn an_empty_document_starts_from_the_end_of_text_mark() {
    let heard = run(&mut session(" one two", 64), &request(&[], "", settings()));
    let Some(Event::Encoded { tokens, .. }) = heard.events.first() else { panic!() };
    assert_eq!(tokens, &[50_256]);
}

#[test]
fn new_settings_hold_from_the_very_next_token() {
    let mut listener = Listener { change: Some((4, Settings { seed: 99, ..settings() })), ..Listener::default() };
    session(" one two three", 64).run(&request(&[], "a", settings()), &mut listener);
    let dice = |it: &Event| {
        if let Event::Token { draw, .. } = it { Some(draw.die) } else { None }
    };
    let dice: Vec<f64> = listener.events.iter().filter_map(dice).collect();
    let expected: Vec<f64> =
        (1..=10).map(|position| megachat::sample::die(if position < 5 { 0 } else { 99 }, position)).collect();
    assert_eq!(dice, expected);
    let under = listener.events.iter().position(|it| matches!(it, Event::Under { .. })).unwrap();
    let before = listener.events[..under].iter().filter(|it| matches!(it, Event::Token { .. })).count();
    assert_eq!(before, 4);
}

#[test]
fn a_stop_keeps_every_token_drawn() {
    let mut listener = Listener { stop_after: Some(3), ..Listener::default() };
    session(" one two three", 64).run(&request(&[], "a", settings()), &mut listener);
    assert_eq!((listener.drawn().len(), listener.reason()), (3, StopReason::Cancelled));
}

#[test]
fn what_was_read_is_not_read_again() {
    let tokenizer = assets::vocabulary();
    let model = Scripted::new(&tokenizer.encode(" one two three").unwrap().tokens, 64);
    let read = model.read.clone();
    let mut session = Session::new(Box::new(model), tokenizer.clone());
    let first = run(&mut session, &request(&[], "one two three four", settings()));
    let mut path = tokenizer.encode("one two three four").unwrap().tokens;
    path.extend(first.drawn());
    let before = read.load(Ordering::Relaxed);
    assert_eq!(before, path.len());
    // Continuing where it stopped reads nothing but what it draws.
    run(&mut session, &request(&path, "", Settings { max_tokens: 2, ..settings() }));
    assert_eq!(read.load(Ordering::Relaxed) - before, 2);
    // Going back three tokens reads at most the last of what is kept.
    let before = read.load(Ordering::Relaxed);
    run(&mut session, &request(&path[..path.len() - 3], "", Settings { max_tokens: 1, ..settings() }));
    assert_eq!(read.load(Ordering::Relaxed) - before, 2);
}

#[test]
fn a_full_context_stops_or_slides() {
    let long = "word ".repeat(100);
    let heard = run(&mut session(" one two", 64), &request(&[], &long, settings()));
    assert!(matches!(heard.failure(), Failure::TooLong { capacity: 64, .. }));
    let sliding = Settings { when_full: WhenFull::Slide, max_tokens: 100, ..settings() };
    let heard = run(&mut session(" one two", 64), &request(&[], &long, sliding));
    assert_eq!((heard.drawn().len(), heard.reason()), (100, StopReason::MaxTokens));
    for length in 0..500 {
        let start = window_start(length, 64);
        assert!(length - start <= 64 && start.is_multiple_of(16), "{length}");
        assert!(length <= 64 || length - start > 48, "{length}: more is forgotten than must be");
    }
}

#[test]
fn a_model_that_fails_is_reported() {
    for (fault, says) in [(Fault::NotANumber, "not a number"), (Fault::Error, "no tensor")] {
        let tokenizer = assets::vocabulary();
        let mut model = Scripted::new(&tokenizer.encode(" one two").unwrap().tokens, 64);
        model.fault = Some((4, fault));
        let heard = run(&mut Session::new(Box::new(model), tokenizer), &request(&[], "a", settings()));
        assert_eq!(heard.drawn().len(), 3);
        assert!(heard.failure().to_string().contains(says), "{}", heard.failure());
    }
}

/// A model that is of no use any more is dropped, can be loaded again, and the thread lives.
#[track_caller]
fn drops_the_model(fault: Fault, is_it: fn(&Failure) -> bool) {
    use megachat::engine::protocol::{Command, DeviceChoice, ModelCard, ModelSource};
    let (send, heard) = std::sync::mpsc::channel();
    let loader = move |source: &ModelSource, _: &mut dyn FnMut(usize, usize)| {
        let tokenizer = assets::vocabulary();
        let mut model = Scripted::new(&tokenizer.encode(" one two").unwrap().tokens, 64);
        model.fault = Some((3, fault));
        let card = ModelCard {
            name: source.name.clone(),
            path: None,
            directory: source.directory.clone(),
            sha256: String::new(),
            device: megachat::model::Device::Cpu,
            driver: None,
            measured: None,
            dtype: "f32".into(),
            arithmetic: 1,
            n_positions: 64,
            parameters: 1,
            vocabulary: tokenizer.clone(),
            notes: Vec::new(),
            took: std::time::Duration::ZERO,
        };
        Ok((Session::new(Box::new(model), tokenizer), card))
    };
    let engine = megachat::engine::spawn_with(Box::new(loader), move |event| drop(send.send(event))).unwrap();
    let source = ModelSource {
        name: "s".into(),
        directory: "s".into(),
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: None,
        threads: None,
        said: Said::default(),
    };
    let outcome = || loop {
        match heard.recv_timeout(std::time::Duration::from_secs(20)).unwrap() {
            Event::Failed { failure, .. } => return failure,
            Event::Loaded { .. } => return Failure::NoModel,
            _ => {}
        }
    };
    for _ in 0..2 {
        engine.send(Command::Load { id: RequestId(1), source: source.clone() });
        assert_eq!(outcome(), Failure::NoModel);
        engine.send(Command::Generate(Request { id: RequestId(2), ..request(&[], "a", settings()) }));
        let failure = outcome();
        assert!(is_it(&failure) && failure.drops_the_model(), "{failure}");
    }
    engine.send(Command::Generate(request(&[], "a", settings())));
    assert_eq!(outcome(), Failure::NoModel);
    engine.quit();
}

#[test]
fn a_panic_in_the_engine_is_an_event_and_the_thread_lives() {
    drops_the_model(Fault::Panic, |it| *it == Failure::Panic("a scripted panic".into()));
}

#[test]
fn a_device_that_is_lost_takes_its_model_along_and_nothing_else() {
    drops_the_model(Fault::Lost, |it| it.to_string() == "the cuda device is lost: scripted");
}

#[test]
fn a_survey_tells_the_scores_of_every_token_that_can_be_seen() {
    let tokenizer = assets::vocabulary();
    let path = tokenizer.encode("one two three four five six").unwrap().tokens;
    for (n_positions, first, expected) in [(64, 1, 1..6), (64, 4, 4..6), (4, 1, 3..6)] {
        let mut session = session(" a b c d e f g", n_positions);
        let settings = Settings { when_full: WhenFull::Slide, ..settings() };
        // Whatever was read before, the scores are those of a fresh reading.
        run(&mut session, &Request { want: Want::Scores, ..request(&path[..3], "", settings.clone()) });
        let heard = run(&mut session, &Request { want: Want::PromptLogprobs(first), ..request(&path, "", settings) });
        let told: Vec<(usize, TokenId)> = heard
            .events
            .iter()
            .filter_map(
                |it| if let Event::PromptLogprobs { first, rows, .. } = it { Some((*first, rows)) } else { None },
            )
            .flat_map(|(first, rows)| (first..).zip(rows.iter().map(|row| likeliest(row))))
            .collect();
        let start = if n_positions == 4 { 2 } else { 0 };
        let script = tokenizer.encode(" a b c d e f g").unwrap().tokens;
        let scripted: Vec<_> = expected.map(|position| (position, script[position - start])).collect();
        assert_eq!(told, scripted, "{n_positions} {first}");
        assert_eq!(heard.reason(), StopReason::ScoresReady);
        let Some(Event::Next { logits, .. }) = heard.events.iter().find(|it| matches!(it, Event::Next { .. })) else {
            panic!("the scores of the next token are told too");
        };
        assert_eq!(likeliest(logits), script[6 - start]);
    }
}

fn likeliest(row: &[f32]) -> TokenId {
    (0..).zip(row).max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
}

/// A model that counts what it reads, and may keep to itself that it rounds alike however tokens are read.
struct Counted {
    model: Box<dyn Model>,
    tells: bool,
    /// Calls, and tokens of all calls.
    read: Arc<[AtomicUsize; 2]>,
}

impl Model for Counted {
    fn vocabulary(&self) -> usize {
        self.model.vocabulary()
    }

    fn positions(&self) -> usize {
        self.model.positions()
    }

    fn precision(&self) -> Precision {
        self.model.precision()
    }

    fn arithmetic(&self) -> u32 {
        if self.tells { self.model.arithmetic() } else { 0 }
    }

    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn extend(
        &mut self,
        tokens: &[TokenId],
        scores: Scores,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<(), ModelError> {
        self.read[0].fetch_add(1, Ordering::Relaxed);
        self.read[1].fetch_add(tokens.len(), Ordering::Relaxed);
        self.model.extend(tokens, scores, wanted)
    }

    fn position(&self) -> usize {
        self.model.position()
    }

    fn rewind(&mut self, position: usize) {
        self.model.rewind(position);
    }

    fn branch(&mut self, count: usize) -> Result<(), ModelError> {
        self.model.branch(count)
    }

    fn step(&mut self, tokens: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        self.model.step(tokens, scores)
    }

    fn keep(&mut self, branch: usize) {
        self.model.keep(branch);
    }
}

/// What is read before it is drawn changes nothing but how long it takes.
#[test]
fn a_text_that_is_read_ahead_is_the_text_that_is_not() {
    const POSITIONS: usize = 200;
    let vocabulary = assets::vocabulary();
    let config = Config {
        vocab_size: vocabulary.len(),
        n_positions: POSITIONS,
        n_embd: 64,
        n_layer: 2,
        n_head: 4,
        n_inner: 256,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    let mut fewest = usize::MAX;
    for (precision, temperature, when_full, max_tokens, bias) in [
        (Precision::F32, 0.0, WhenFull::Stop, 100, &[][..]),
        (Precision::F16, 1.0, WhenFull::Stop, 100, &[]),
        (Precision::Q8, 0.0, WhenFull::Slide, 300, &[" the=90"]),
        // Of two words it often is the one that was guessed, and often not.
        (Precision::Q8, 1.0, WhenFull::Stop, 400, &[" the=90", " and=90"]),
        (Precision::Q4, 1.0, WhenFull::Stop, 0, &[" the=90"]),
    ] {
        let settings = Settings {
            temperature,
            when_full,
            max_tokens,
            repeat_penalty: 1.0,
            bias: bias.iter().map(|it| it.parse().unwrap()).collect(),
            end_of_text: EndOfText::Continue,
            ..Settings::default()
        };
        let drawn = |tells| {
            let mut noise = Noise { width: 64, vocabulary: vocabulary.len(), positions: POSITIONS };
            let options = CpuOptions { precision, threads: 1, isa: Isa::detect() };
            let model = cpu::load(&config, &mut noise, options, &mut |_| (), &mut |_| ()).unwrap();
            let read = Arc::new([const { AtomicUsize::new(0) }; 2]);
            let counted = Counted { model, tells, read: read.clone() };
            let mut session = Session::new(Box::new(counted), vocabulary.clone());
            let mut all: Vec<Vec<Arc<[f32]>>> = Vec::new();
            // The second goes on from where the first is left in its middle, the third from further ahead.
            let mut path: Vec<TokenId> = Vec::new();
            for (keep, stop_after) in [(0, Some(60)), (50, None), (30, None)] {
                path.truncate(keep);
                let text = if keep == 0 { "Once upon a time" } else { "" };
                let request = request(&path, text, settings.clone());
                let mut listener = Listener { stop_after, ..Listener::default() };
                session.run(&request, &mut listener);
                let mut rows = Vec::new();
                for event in listener.events {
                    match event {
                        Event::Encoded { tokens, .. } => path.extend(tokens),
                        Event::Token { draw, .. } => path.push(draw.token),
                        Event::Next { logits, .. } => rows.push(logits),
                        Event::Finished { reason, .. } => assert_ne!(reason, StopReason::EndOfText),
                        Event::Prefill { .. } => {}
                        other => panic!("{other:?}"),
                    }
                }
                all.push(rows);
            }
            (path, all, read[0].load(Ordering::Relaxed), read[1].load(Ordering::Relaxed))
        };
        let (path, rows, passes, tokens) = drawn(false);
        let (again, same_rows, fewer, more) = drawn(true);
        assert_eq!(path, again, "{precision:?}");
        for (rows, same) in rows.iter().zip(&same_rows) {
            // What is wanted no more is told nevertheless where it is known already.
            assert!(rows.iter().zip(same).all(|(a, b)| a == b) && same.len() - rows.len() <= 1, "{precision:?}");
        }
        assert!(
            fewer <= passes && more >= tokens,
            "{precision:?}: {fewer} of {passes} passes, {more} of {tokens} tokens"
        );
        fewest = fewest.min(100 * fewer / passes);
    }
    assert!(fewest < 30, "a text that repeats itself takes {fewest} % of the passes");
}

/// A model that cannot grow several texts draws one after the other; one that fails does not take the others with it.
#[test]
fn a_batch_is_drawn_also_where_the_model_has_no_branches_of_its_own() {
    let vocabulary = assets::vocabulary();
    let request = |id: u64, text: &str, most: u32| Request {
        id: RequestId(id),
        path: Vec::new(),
        text: text.to_owned(),
        settings: Settings { max_tokens: most, seed: id, ..Settings::default() },
        mu: None,
        typed: false,
        keep: 0,
        want: Want::Continuation,
        prompt_logprobs: None,
    };
    let requests =
        [request(1, "one.", 5), request(2, &"many words. ".repeat(40), 5), request(3, "three.", 2), request(4, "", 1)];
    let mut session = Session::new(Box::new(Scripted::new(&[5, 9, 33], 60)), vocabulary.clone());
    let mut all = Listener::default();
    session.run_batch(&requests, &mut all);
    for one in &requests {
        let mut session = Session::new(Box::new(Scripted::new(&[5, 9, 33], 60)), vocabulary.clone());
        let mut alone = Listener::default();
        session.run(one, &mut alone);
        let of = |it: &Listener| {
            let events = it.events.iter().filter(|it| it.id() == one.id && !matches!(it, Event::Next { .. }));
            events.map(|it| format!("{it:?}")).collect::<Vec<_>>()
        };
        assert_eq!(of(&all), of(&alone));
    }
    let ends = |it: &&Event| matches!(it, Event::Finished { .. } | Event::Failed { .. });
    assert_eq!(all.events.iter().filter(ends).count(), 4);
    assert!(
        all.events.iter().any(|it| matches!(it, Event::Failed { id: RequestId(2), failure: Failure::TooLong { .. } }))
    );
}
