//! Continuations side by side: compare, futures, and what happens to a text that goes round in circles.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::layers::columns::{Columns, Purpose};
use megachat::app::layers::{Layer, loops::LoopFound};
use megachat::app::{Effect, Focus};
use megachat::assets;
use megachat::document::{Origin, Record};
use megachat::engine::generation::{Control, Session};
use megachat::engine::load::load_model;
use megachat::engine::protocol::{
    ColumnsRequest, DeviceChoice, Event, ModelSource, Request, RequestId, Said, StopReason, Want,
};
use megachat::gpt2::Precision;
use megachat::sample::Settings;

use crate::support::demo_directory;
use crate::support::harness::{Harness, SCRIPT};
use crate::support::moments::circles;
use crate::support::scripted::Scripted;

fn written(size: (u16, u16)) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.settings.max_tokens = 5;
    it.app.context.settings.temperature = 1.5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it
}

fn columns(it: &Harness) -> &Columns {
    let Some(Layer::Columns(columns)) = it.app.layers.top() else { panic!("no columns are shown") };
    columns
}

fn tokens(it: &Harness, column: usize) -> Vec<u32> {
    columns(it).columns[column].tokens()
}

#[track_caller]
fn check_journal(it: &Harness) {
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
}

/// Hears everything, and wants no more after so many tokens.
struct Listener(Vec<Event>, usize);

impl Control for Listener {
    fn event(&mut self, event: Event) {
        self.0.push(event);
    }

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        self.0.iter().filter(|it| matches!(it, Event::ColumnToken { .. })).count() < self.1
    }
}

#[test]
fn columns_are_what_each_would_be_alone() {
    // A real model, so that a batch of three can be held against three runs of one.
    let alone = |session: &mut Session, path: &[u32], settings: &Settings| {
        let request = Request {
            id: RequestId(1),
            path: path.to_vec(),
            text: String::new(),
            settings: settings.clone(),
            mu: None,
            typed: false,
            keep: 0,
            want: Want::Continuation,
            prompt_logprobs: None,
        };
        let mut heard = Listener(Vec::new(), usize::MAX);
        session.run(&request, &mut heard);
        let token = |it: &Event| if let Event::Token { draw, .. } = it { Some(draw.token) } else { None };
        heard.0.iter().filter_map(token).collect::<Vec<u32>>()
    };
    // In full precision: a block and a single token round differently, in eight bits enough to turn a draw from a flat tail.
    let source = ModelSource {
        name: "demo".into(),
        directory: demo_directory(),
        device: DeviceChoice::On(megachat::model::Device::Cpu),
        precision: Some(Precision::F32),
        threads: Some(2),
        said: Said::default(),
    };
    let model = load_model(&source, &mut |_, _| ()).unwrap().model;
    let mut session = Session::new(model, assets::vocabulary());
    let path = assets::vocabulary().encode("Once upon a time there was").unwrap().tokens;
    let settings = |temperature, seed| Settings { temperature, seed, max_tokens: 9, ..Settings::default() };
    let all = vec![settings(0.0, 3), settings(1.0, 3), settings(1.7, 8)];
    let request =
        ColumnsRequest { id: RequestId(2), path: path.clone(), mu: None, columns: all.clone(), tokens: 9, keep: 0 };
    let mut heard = Listener(Vec::new(), usize::MAX);
    session.run_columns(&request, &mut heard);
    for (index, settings) in all.iter().enumerate() {
        let of_this = |it: &Event| match it {
            Event::ColumnToken { column, draw, .. } if *column == index => Some(draw.token),
            _ => None,
        };
        let drawn: Vec<u32> = heard.0.iter().filter_map(of_this).collect();
        assert_eq!(drawn, alone(&mut session, &path, settings), "column {index}");
    }
}

#[test]
fn a_column_ends_by_itself_and_stopping_leaves_the_text_read() {
    let tokenizer = assets::vocabulary();
    let script = tokenizer.encode(SCRIPT).unwrap().tokens;
    let model = Scripted::new(&script, 64);
    let read = model.read.clone();
    let mut session = Session::new(Box::new(model), tokenizer.clone());
    let greedy = Settings { temperature: 0.0, ..Settings::default() };
    let stop = Settings { stop: vec![" small".into()], ..greedy.clone() };
    let path = script[..1].to_vec();
    let request = ColumnsRequest { id: RequestId(1), path, mu: None, columns: vec![greedy, stop], tokens: 8, keep: 0 };
    let mut heard = Listener(Vec::new(), usize::MAX);
    session.run_columns(&request, &mut heard);
    let ends: Vec<_> = heard
        .0
        .iter()
        .filter_map(|it| match it {
            Event::ColumnEnded { column, reason, cut, .. } => Some((*column, reason.clone(), cut.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 2);
    assert_eq!((ends[0].0, &ends[0].1), (1, &StopReason::StopString(" small".into())));
    assert_eq!(ends[0].2.as_ref().map(|it| it.tokens), Some(1));
    assert_eq!((ends[1].0, &ends[1].1), (0, &StopReason::MaxTokens));
    // One token of the text was read, once; drawing again reads none.
    let before = read.load(std::sync::atomic::Ordering::Relaxed);
    let mut few = Listener(Vec::new(), 2);
    session.run_columns(&request, &mut few);
    assert_eq!(before, read.load(std::sync::atomic::Ordering::Relaxed));
    assert!(matches!(few.0.last(), Some(Event::Finished { reason: StopReason::Cancelled, .. })));
}

#[test]
fn the_same_dice_under_other_settings_differ_by_the_setting_alone() {
    let mut it = written((120, 40));
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(6));
    it.settle();
    let (a, b) = (&columns(&it).columns[0], &columns(&it).columns[1]);
    assert_eq!(a.settings.seed, b.settings.seed);
    assert!((b.settings.temperature - a.settings.temperature - 0.5).abs() < 1e-6);
    assert!(a.draws.iter().zip(&b.draws).all(|(a, b)| a.die.to_bits() == b.die.to_bits()));
    // Nothing of it is in the document until it is kept.
    assert_eq!(it.app.context.text.document.tokens(), before);
    // Under the same settings the columns are the same; under one's own dice they are not.
    it.key(KeyCode::Right);
    for _ in 0..10 {
        it.key(KeyCode::Down);
    }
    it.settle();
    assert_eq!(columns(&it).first_difference(1), None);
    assert_eq!(tokens(&it, 0), tokens(&it, 1));
    assert!(it.screen().contains("no difference"), "{}", it.screen());
    it.key(KeyCode::Char('d'));
    it.settle();
    assert!(columns(&it).first_difference(1).is_some());
    assert!(it.screen().contains("first difference: token"), "{}", it.screen());
}

#[test]
fn a_column_can_have_any_setting_and_there_are_two_to_four() {
    let mut it = written((80, 24));
    it.key(KeyCode::F(6));
    it.key(KeyCode::Char('s'));
    it.write("top-k one");
    it.key(KeyCode::Enter);
    assert!(it.screen().contains("top-k") && columns(&it).problem.is_some(), "{}", it.screen());
    it.key(KeyCode::Backspace);
    it.key(KeyCode::Backspace);
    it.key(KeyCode::Backspace);
    it.write("1");
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(columns(&it).columns[0].settings.top_k, 1);
    assert!(columns(&it).columns[0].draws.iter().all(|it| it.kept == 1));
    assert_eq!(it.app.context.settings.top_k, Settings::default().top_k);
    for expected in [3, 4, 4] {
        it.key(KeyCode::Char('+'));
        assert_eq!(columns(&it).columns.len(), expected);
    }
    for expected in [3, 2, 2] {
        it.key(KeyCode::Char('-'));
        assert_eq!(columns(&it).columns.len(), expected);
    }
    it.key(KeyCode::Esc);
    assert_eq!(it.app.layers.top(), None);
}

#[test]
fn all_columns_are_kept_as_branches_with_their_settings() {
    let mut it = written((120, 40));
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(6));
    it.key(KeyCode::Char('d'));
    it.settle();
    let (a, b) = (tokens(&it, 0), tokens(&it, 1));
    let fork = columns(&it).first_difference(1).expect("other dice");
    let warm = columns(&it).columns[1].settings.clone();
    it.key(KeyCode::Char('k'));
    it.settle();
    // The chosen one, A, is the text now; B forks off at the first difference, under its own settings.
    assert_eq!(it.app.context.text.document.tokens(), [before.clone(), a].concat());
    let siblings = it.app.context.text.document.siblings(before.len() + fork);
    assert_eq!(siblings.len(), 2);
    let of_b = *siblings.iter().find(|node| !it.app.context.text.document.path().contains(node)).unwrap();
    let node = it.app.context.text.document.node(of_b).unwrap();
    assert_eq!(node.token, b[fork]);
    let Origin::Drawn(draw) = &node.origin else { panic!() };
    assert_eq!(draw.token, b[fork]);
    assert_eq!(it.app.context.text.document.settings_at(of_b), Some(&warm));
    check_journal(&it);
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.app.context.text.document.tokens(), before);
    check_journal(&it);
}

#[test]
fn what_streams_while_the_columns_close_is_dropped() {
    let mut it = written((80, 24));
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(6));
    assert!(!it.pending.is_empty());
    it.control('c');
    assert!(it.effects.contains(&Effect::StopEngine));
    it.key(KeyCode::Esc);
    it.settle();
    assert_eq!((it.app.layers.top(), it.app.context.text.document.tokens()), (None, before));
    assert!(it.app.context.text.next.is_some());
}

#[test]
fn a_fan_lists_eight_futures_and_takes_all_or_a_word() {
    let mut it = written((80, 24));
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(8));
    it.settle();
    let state = columns(&it);
    assert_eq!((state.purpose, state.columns.len()), (Purpose::Futures, 8));
    assert!(state.columns.iter().all(|it| it.draws.len() == 12));
    let order = state.by_likelihood();
    assert!(order.windows(2).all(|it| state.columns[it[0]].surprise() <= state.columns[it[1]].surprise()));
    let third = state.columns[order[2]].clone();
    it.key(KeyCode::Char('3'));
    it.settle();
    assert_eq!(it.app.context.text.document.tokens(), [before.clone(), third.tokens()].concat());
    assert_eq!(
        it.app.context.text.document.settings_at(it.app.context.text.document.tip().unwrap()),
        Some(&third.settings)
    );
    check_journal(&it);
    // The next word of the likeliest of the next eight.
    let text = it.text();
    it.key(KeyCode::F(8));
    it.key(KeyCode::Char('r'));
    it.settle();
    assert_eq!(columns(&it).round, 1);
    for _ in 0..8 {
        it.key(KeyCode::Up);
    }
    let likeliest = columns(&it).by_likelihood()[0];
    assert_eq!(columns(&it).chosen, likeliest);
    let whole = assets::vocabulary().decode(&tokens(&it, likeliest));
    it.key(KeyCode::Right);
    it.settle();
    let added = it.text()[text.len()..].to_owned();
    assert!(whole.starts_with(&added) && added.split_whitespace().count() <= 1, "{added:?} of {whole:?}");
    check_journal(&it);
}

#[test]
fn a_fan_is_folded_into_a_tree_and_taken_up_to_a_fork() {
    let mut it = written((80, 24));
    it.app.context.settings.temperature = 1.0;
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(8));
    it.settle();
    it.key(KeyCode::Char('t'));
    let state = columns(&it).clone();
    let branches = state.branches();
    // Every future is the runs on its way, and each run is there once.
    for column in 0..state.columns.len() {
        let runs = branches.iter().filter(|it| it.columns.contains(&column));
        let text: Vec<u32> = runs.flat_map(|it| tokens_of(&state, it.columns[0])[it.from..it.to].to_vec()).collect();
        assert_eq!(text, tokens_of(&state, column));
    }
    let fork = branches.iter().position(|it| it.columns.len() > 1).unwrap();
    let screen = it.screen();
    assert!(screen.contains("futures, as a tree") && screen.contains(&format!("×{}", branches[fork].columns.len())));
    for _ in 0..fork {
        it.key(KeyCode::Down);
    }
    it.key(KeyCode::Enter);
    it.settle();
    let taken = tokens_of(&state, branches[fork].columns[0])[..branches[fork].to].to_vec();
    assert_eq!(it.app.context.text.document.tokens(), [before, taken].concat());
    check_journal(&it);
}

#[test]
fn the_exact_tree_sums_up_and_is_taken_up_to_a_way() {
    let mut it = written((80, 24));
    it.app.context.settings.temperature = 1.5;
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::F(8));
    it.settle();
    it.key(KeyCode::Char('x'));
    it.settle();
    let state = columns(&it).clone();
    let tree = &state.exact.as_ref().unwrap().tree;
    assert!(state.request.is_none() && tree.next().is_none());
    for way in tree.ways().iter().filter(|it| !it.next.is_empty()) {
        let sum: f64 = way.next.iter().map(|&it| tree.ways()[it].p).sum();
        assert!((sum - way.p).abs() < 1e-6, "{way:?}");
    }
    let page = tree.page();
    assert!(it.screen().contains("futures without dice: the exact tree"), "{}", it.screen());
    it.key(KeyCode::Down);
    let way = page[1];
    assert!(tree.ways()[way].token.is_some(), "{tree:?}");
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.tokens(), [before.clone(), tree.tokens(way)].concat());
    check_journal(&it);
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    it.settle();
    assert_eq!(it.app.context.text.document.tokens(), before);
    // Turned, the tree is another one; back with the dice there are eight again.
    it.key(KeyCode::F(8));
    it.settle();
    it.key(KeyCode::Char('x'));
    it.settle();
    it.press(KeyCode::Down, KeyModifiers::ALT);
    it.settle();
    assert_ne!(columns(&it).exact.as_ref().unwrap().tree, *tree);
    it.key(KeyCode::Char('x'));
    it.settle();
    assert!(columns(&it).exact.is_none() && columns(&it).columns.iter().all(|it| it.draws.len() == 12));
}

fn tokens_of(state: &Columns, column: usize) -> Vec<u32> {
    state.columns[column].tokens()
}

#[test]
fn futures_grow_under_the_cursor_and_what_stood_there_stays() {
    for key in [KeyCode::F(8), KeyCode::F(6)] {
        let mut it = written((120, 40));
        it.app.context.settings.temperature = 1.2;
        let before = it.app.context.text.document.tokens();
        it.app.context.focus = Focus::Text;
        it.app.context.text.cursor = 4;
        it.key(key);
        it.settle();
        assert!(it.screen().contains("from token 5 on"), "{}", it.screen());
        let state = columns(&it).clone();
        // Not what is there already.
        let other = (0..state.columns.len()).find(|&it| tokens_of(&state, it)[0] != before[4]).unwrap();
        it.over(Some(Layer::Columns(Columns { chosen: other, ..state.clone() })));
        it.key(KeyCode::Enter);
        it.settle();
        assert_eq!(it.app.context.text.document.tokens(), [&before[..4], &tokens_of(&state, other)].concat());
        assert_eq!(it.app.context.text.document.siblings(4).len(), 2);
        it.press(KeyCode::Char('u'), KeyModifiers::ALT);
        assert_eq!(it.app.context.text.document.tokens(), before);
        check_journal(&it);
    }
    // Before the first token there is nothing to go on from.
    let mut it = written((80, 24));
    (it.app.context.focus, it.app.context.text.cursor) = (Focus::Text, 0);
    it.key(KeyCode::F(8));
    assert!(it.app.layers.is_empty() && it.screen().contains("nothing before it"));
}

#[test]
fn futures_of_a_text_whose_end_is_out_of_view_are_in_view() {
    let mut it = written((80, 24));
    it.app.context.settings.max_tokens = 400;
    it.app.context.drawing.loops_allowed = true;
    it.key(KeyCode::F(5));
    it.settle();
    for _ in 0..4 {
        it.key(KeyCode::PageUp);
    }
    for key in [KeyCode::F(8), KeyCode::F(6)] {
        it.key(key);
        it.settle();
        assert!(it.screen().contains("Esc leave"), "{}", it.screen());
        it.key(KeyCode::Esc);
        it.settle();
    }
}

#[test]
fn a_loop_pauses_and_offers_ways_out() {
    let looping = || circles((80, 24));
    let script = assets::vocabulary().encode(SCRIPT).unwrap().tokens.len();
    let mut it = looping();
    let Some(&Layer::Loop(LoopFound { since })) = it.app.layers.top() else { panic!() };
    // The prompt, then the script once: what follows is repetition.
    assert_eq!(since, 5 + script);
    assert!(it.effects.contains(&Effect::StopEngine));
    assert!(it.screen().contains("going round in circles"), "{}", it.screen());
    let before = it.app.context.text.document.tokens();
    it.key(KeyCode::Char('b'));
    assert_eq!(it.app.context.text.document.tokens(), before[..since]);
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.app.context.text.document.tokens(), before);

    let mut it = looping();
    it.key(KeyCode::Char('d'));
    assert_eq!((it.app.context.settings.dry_multiplier, it.app.context.drawing.running.is_some()), (0.8, true));

    let mut it = looping();
    it.key(KeyCode::Char('c'));
    it.settle();
    assert!(it.app.layers.is_empty() && it.app.context.text.document.len() > before.len() + 100);

    // Whoever writes is not interrupted.
    let mut it = Harness::ready((80, 24));
    it.app.context.settings.temperature = 0.0;
    it.app.context.settings.max_tokens = 300;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.tokens(1);
    it.write("wait");
    it.settle();
    assert_eq!((it.app.layers.top(), it.app.context.text.document.len()), (None, 305));
    assert!(it.records().iter().any(|it| matches!(it, Record::Stopped { reason } if reason == "max-tokens")));
}
