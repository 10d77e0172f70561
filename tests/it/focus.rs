//! Where the keys go: writing is writing, whatever was opened and closed before.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::keymap::Action;
use megachat::app::{Focus, Intent, Layer, Msg, WayOut};
use megachat::engine::protocol::Event;
use megachat::install::protocol as install;
use proptest::prelude::{Just, Strategy as _, any};
use proptest::test_runner::{Config, TestRunner};

use crate::support::harness::{Harness, a_start};
use crate::support::moments::circles;

const SIZE: (u16, u16) = (80, 24);
const SENTENCE: &str = " Then the king came";
const FOCUSES: [Focus; 3] = [Focus::Input, Focus::Text, Focus::Panel];

/// Something written, a few tokens drawn, and this in focus.
fn written(size: (u16, u16), focus: Focus) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.settings.max_tokens = 5;
    it.write("Once upon a time, she");
    it.key(KeyCode::Enter);
    it.settle();
    to(&mut it, focus);
    it
}

/// The tokens of the text, and how many there ever were on all branches.
fn text_of(it: &Harness) -> (Vec<u32>, u32) {
    (it.app.context.text.document.tokens(), it.app.context.text.document.next_node())
}

fn to(it: &mut Harness, focus: Focus) {
    for _ in 0..3 {
        if it.app.context.focus != focus {
            it.key(KeyCode::Tab);
        }
    }
    assert_eq!(it.app.context.focus, focus);
}

/// A layer: the action that opens it, its own key if it has one anywhere, and whether letters are written in it.
type Opened = (Action, Option<(KeyCode, KeyModifiers)>, bool);

const LAYERS: [Opened; 9] = [
    (Action::Help, Some((KeyCode::F(1), KeyModifiers::NONE)), false),
    (Action::Models, Some((KeyCode::F(3), KeyModifiers::NONE)), false),
    (Action::Palette, Some((KeyCode::Char('p'), KeyModifiers::CONTROL)), true),
    (Action::Compare, Some((KeyCode::F(6), KeyModifiers::NONE)), false),
    (Action::Tree, Some((KeyCode::F(7), KeyModifiers::NONE)), false),
    (Action::Futures, Some((KeyCode::F(8), KeyModifiers::NONE)), false),
    (Action::Inspect, Some((KeyCode::Char('i'), KeyModifiers::ALT)), false),
    (Action::FindToken, None, true),
    (Action::Score, None, false),
];

/// How a layer is opened.
#[derive(Clone, Copy, Debug)]
enum Open {
    Key,
    Palette,
}

/// How it is closed.
#[derive(Clone, Copy, Debug)]
enum Close {
    Esc,
    Letter,
    OwnKey,
}

fn open(it: &mut Harness, layer: usize, how: Open) {
    let (action, key, _) = LAYERS[layer];
    match (how, key) {
        (Open::Key, Some((code, modifiers))) => it.press(code, modifiers),
        _ if action == Action::Palette => it.control('p'),
        _ => {
            it.control('p');
            it.write(action.name());
            it.key(KeyCode::Enter);
        }
    }
    it.settle();
    while it.app.prepare() {}
}

fn close(it: &mut Harness, layer: usize, how: Close) {
    let (action, key, is_written_in) = LAYERS[layer];
    match (how, key) {
        (Close::Letter, _) if !is_written_in => it.key(KeyCode::Char('q')),
        // The inspector's key is one of the text, not one of its own.
        (Close::OwnKey, Some((code, modifiers))) if action != Action::Inspect => it.press(code, modifiers),
        _ => it.key(KeyCode::Esc),
    }
    it.settle();
}

/// What may be done in every layer and changes no text.
const KEYS: [(KeyCode, KeyModifiers); 8] = [
    (KeyCode::Up, KeyModifiers::NONE),
    (KeyCode::Down, KeyModifiers::NONE),
    (KeyCode::PageUp, KeyModifiers::NONE),
    (KeyCode::PageDown, KeyModifiers::NONE),
    (KeyCode::Home, KeyModifiers::NONE),
    (KeyCode::End, KeyModifiers::NONE),
    (KeyCode::Up, KeyModifiers::ALT),
    (KeyCode::Down, KeyModifiers::ALT),
];

/// What is typed is written, letter by letter, and nothing is cut or run.
#[track_caller]
fn check_writing(it: &mut Harness) {
    let (before, input) = (text_of(it), it.app.context.input.text().to_owned());
    let mut expected = input;
    for letter in SENTENCE.chars() {
        it.key(KeyCode::Char(letter));
        expected.push(letter);
        assert_eq!((it.app.context.input.text(), it.app.context.focus), (expected.as_str(), Focus::Input));
    }
    assert_eq!(text_of(it), before, "nothing is cut or run");
    assert!(it.app.layers.is_empty());
}

#[test]
fn every_layer_gives_the_focus_back_however_it_is_closed() {
    for (layer, (action, ..)) in LAYERS.iter().enumerate() {
        for how in [Close::Esc, Close::Letter, Close::OwnKey] {
            for opened in [Open::Key, Open::Palette] {
                for focus in FOCUSES {
                    let mut it = written(SIZE, focus);
                    let before = text_of(&it);
                    open(&mut it, layer, opened);
                    assert!(it.app.layers.top().is_some(), "{action:?} {opened:?}: {}", it.screen());
                    close(&mut it, layer, how);
                    let told = format!("{action:?} {opened:?} {how:?} {focus:?}");
                    assert_eq!((it.app.layers.top(), it.app.context.focus), (None, focus), "{told}");
                    assert_eq!(text_of(&it), before, "{told}");
                    if focus == Focus::Input {
                        check_writing(&mut it);
                    }
                }
            }
        }
    }
}

#[test]
fn whatever_is_opened_looked_at_and_closed_what_is_typed_then_is_written() {
    let visit = (
        0..LAYERS.len(),
        proptest::prop_oneof![Just(Open::Key), Just(Open::Palette)],
        proptest::collection::vec(0..KEYS.len(), 0..4),
        any::<bool>(),
        proptest::prop_oneof![Just(Close::Esc), Just(Close::Letter), Just(Close::OwnKey)],
    );
    let steps = (0..FOCUSES.len(), any::<bool>(), proptest::collection::vec(visit, 1..4));
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps.prop_map(|it| it), |(focus, is_wide, visits)| {
        let mut it = written(if is_wide { (120, 40) } else { (40, 12) }, FOCUSES[focus]);
        let before = text_of(&it);
        for (layer, opened, keys, asks_for_help, closed) in visits {
            open(&mut it, layer, opened);
            // Before the first token nothing goes on, and nothing is opened.
            if it.app.layers.is_empty() {
                continue;
            }
            for key in keys {
                it.press(KEYS[key].0, KEYS[key].1);
                it.settle();
            }
            if asks_for_help && LAYERS[layer].0 != Action::Help {
                it.key(KeyCode::F(1));
                it.key(KeyCode::Esc);
            }
            close(&mut it, layer, closed);
            assert_eq!((it.app.layers.top(), it.app.context.focus), (None, FOCUSES[focus]));
        }
        assert_eq!(text_of(&it), before);
        to(&mut it, Focus::Input);
        check_writing(&mut it);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn a_blank_page_is_written_on_whatever_had_the_focus() {
    for chat in [false, true] {
        for focus in FOCUSES {
            let mut it = written(SIZE, focus);
            it.app.context.chat = chat;
            it.control('n');
            it.settle();
            check_writing(&mut it);
        }
    }
    // Gone back to, it is one too, and Tab leads past the text that is not there.
    let mut it = written(SIZE, Focus::Text);
    it.key(KeyCode::Char('u'));
    it.key(KeyCode::Char('u'));
    assert!(it.app.context.text.document.is_empty());
    assert!(it.screen().contains("Undone") && it.screen().contains("Alt-R"), "{}", it.screen());
    assert_eq!(it.app.context.focus, Focus::Input);
    it.key(KeyCode::Tab);
    assert_eq!(it.app.context.focus, Focus::Panel);
    it.key(KeyCode::Tab);
    check_writing(&mut it);
}

#[test]
fn a_text_that_is_begun_among_the_commands_is_written_whole() {
    for focus in [Focus::Text, Focus::Panel] {
        for sentence in
            [SENTENCE, "Then the king came", "and then he left", "\"Well,\" said the king", "Ärger, he said"]
        {
            let mut it = written(SIZE, focus);
            it.key(KeyCode::Left);
            let before = text_of(&it);
            it.write(sentence);
            assert_eq!((it.app.context.input.text(), it.app.context.focus), (sentence, Focus::Input), "{focus:?}");
            assert_eq!(text_of(&it), before);
        }
    }
    // The first letter says what becomes of it; with vi's keys it is written, too.
    let mut start = a_start(SIZE);
    start.vi = true;
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    it.write("upon");
    it.key(KeyCode::Esc);
    to(&mut it, Focus::Text);
    it.key(KeyCode::Char('T'));
    assert!(it.screen().contains("`T` is no command here"), "{}", it.screen());
    it.write("hen");
    assert_eq!(it.app.context.input.text(), "uponThen");
}

#[test]
fn a_question_that_comes_while_somebody_begins_to_write_swallows_no_letter() {
    let mut it = circles(SIZE);
    check_writing(&mut it);
    // Asked in the text, it stays until it is answered.
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.temperature = 0.0;
    it.app.context.settings.max_tokens = 400;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.tokens(1);
    it.key(KeyCode::Tab);
    while !matches!(it.app.layers.top(), Some(Layer::Loop(_))) {
        it.tokens(1);
    }
    it.stopped();
    it.key(KeyCode::Char('T'));
    assert!(matches!(it.app.layers.top(), Some(Layer::Loop(_))));
    it.send(Msg::Intent(Intent::WayOut(WayOut::Leave)));
    assert_eq!((it.app.layers.top(), it.app.context.focus), (None, Focus::Text));
    // The story of a download that failed is such a layer, and one that was asked for is not.
    let failed = || {
        let failure = install::Failure::NoSource { answers: Vec::new() };
        Msg::Install(install::Event::Failed { name: "megatron-345m".into(), failure })
    };
    let mut it = written(SIZE, Focus::Input);
    it.send(failed());
    assert!(matches!(it.app.layers.top(), Some(Layer::Models(_))));
    check_writing(&mut it);
    let mut it = written(SIZE, Focus::Input);
    it.send(failed());
    it.key(KeyCode::F(3));
    it.key(KeyCode::F(3));
    it.write("T");
    assert!(matches!(it.app.layers.top(), Some(Layer::Models(_))));
}

#[test]
fn the_first_question_leaves_the_input_in_focus() {
    let mut start = a_start(SIZE);
    start.ask = true;
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    it.key(KeyCode::Char('n'));
    check_writing(&mut it);
}

#[test]
fn where_the_panel_takes_the_place_of_the_text_its_key_leads_back() {
    for focus in [Focus::Input, Focus::Text] {
        let mut it = written((40, 12), focus);
        it.key(KeyCode::F(2));
        assert_eq!(it.app.context.focus, Focus::Panel);
        it.key(KeyCode::F(2));
        assert_eq!(it.app.context.focus, focus);
    }
    // A panel that is not there has no focus: keys would turn what nobody sees.
    let mut it = written(SIZE, Focus::Panel);
    it.key(KeyCode::F(2));
    assert_eq!(it.app.context.focus, Focus::Input);
    it.send(Msg::Resize(40, 12));
    it.key(KeyCode::F(2));
    it.send(Msg::Resize(80, 24));
    assert_eq!(it.app.context.focus, Focus::Input);
}

#[test]
fn whoever_goes_to_a_token_from_the_input_is_told_how_to_come_back() {
    let mut it = written(SIZE, Focus::Input);
    open(&mut it, 8, Open::Palette);
    it.key(KeyCode::Enter);
    assert_eq!(it.app.context.focus, Focus::Text);
    assert!(it.screen().contains("Esc goes back to the input"), "{}", it.screen());
    it.key(KeyCode::Esc);
    check_writing(&mut it);
}

/// What changes the text says which key takes it back, and that key does.
#[test]
fn every_letter_that_changes_the_text_says_how_to_go_back_and_that_way_leads_there() {
    const WAYS: [(&str, KeyCode, KeyModifiers); 3] = [
        ("Alt-U goes back", KeyCode::Char('u'), KeyModifiers::ALT),
        ("Esc goes back", KeyCode::Esc, KeyModifiers::NONE),
        ("u goes back", KeyCode::Char('u'), KeyModifiers::NONE),
    ];
    let goes_back = |it: &mut Harness, deed: &dyn Fn(&mut Harness)| {
        let before = it.app.context.text.document.tokens();
        deed(it);
        let told = it.app.context.outbox.notice.clone().map(|it| it.text).unwrap_or_default();
        let Some(&(_, key, modifiers)) = WAYS.iter().find(|way| told.contains(way.0)) else {
            panic!("{told:?} {}", it.screen())
        };
        it.settle();
        it.press(key, modifiers);
        it.settle();
        assert_eq!(it.app.context.text.document.tokens(), before, "{told:?} {}", it.screen());
    };
    for letter in ['r', 't', 'e'] {
        let mut it = written(SIZE, Focus::Text);
        it.key(KeyCode::Left);
        it.key(KeyCode::Left);
        goes_back(&mut it, &|it| it.key(KeyCode::Char(letter)));
    }
    // Two branches: the keys that go between them, the list, and a mark on the other one.
    let branched = || {
        let mut it = written(SIZE, Focus::Text);
        it.key(KeyCode::Left);
        it.key(KeyCode::Char('m'));
        it.key(KeyCode::Left);
        it.key(KeyCode::Char('t'));
        it.write(" and that was that.");
        it.key(KeyCode::Enter);
        it.settle();
        to(&mut it, Focus::Text);
        it
    };
    for letter in ['[', ']', '\''] {
        goes_back(&mut branched(), &|it| it.key(KeyCode::Char(letter)));
    }
    goes_back(&mut branched(), &|it| {
        it.key(KeyCode::F(7));
        it.key(KeyCode::Up);
        it.key(KeyCode::Enter);
    });
    for key in [KeyCode::Char(' '), KeyCode::Enter] {
        let mut it = written(SIZE, Focus::Text);
        it.key(KeyCode::Left);
        it.key(KeyCode::Enter);
        it.settle();
        it.app.prepare();
        it.key(KeyCode::Down);
        goes_back(&mut it, &|it| it.key(key));
    }
    for (key, choice) in [(KeyCode::F(6), 'k'), (KeyCode::F(8), '1')] {
        let mut it = written(SIZE, Focus::Text);
        goes_back(&mut it, &|it| {
            it.key(key);
            while it.pending.iter().any(|it| matches!(it, Event::ColumnToken { .. })) {
                it.hear();
            }
            it.key(KeyCode::Char(choice));
        });
    }
}
