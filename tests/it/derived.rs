//! What is derived from the text is always that of the text: after any sequence of messages, each derived entry that is
//! there equals that of a fresh text of the same document, settings and model; after idle frames all are there.

use std::collections::HashMap;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::text::{Ahead, Under, Wanted};
use megachat::app::{Heat, Intent, Knob, Layer, Msg, Text, layout};
use megachat::document::{NodeId, Origin, Record};
use megachat::engine::generation::{Control, Session};
use megachat::engine::protocol::Event;
use megachat::sample::{Parameter, Score, Settings};
use megachat::text::Vocabulary;
use proptest::collection::vec;
use proptest::prelude::{Strategy as _, any};
use proptest::test_runner::{Config, TestRunner};

use crate::support::harness::{Harness, a_start, session_of};

/// How many sequences are tried; the long run asks for more by this variable.
const SEQUENCES: u32 = 60;
const VARIABLE: &str = "MEGACHAT_SEQUENCES";

/// Something that a user, the engine or the clock does.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The engine is heard, so many events.
    Hear(usize),
    Settle,
    Frame,
    Write(usize),
    Key(KeyCode),
    Chord(KeyCode, KeyModifiers),
    Set(usize),
    Resize(u16, u16),
    Switch(usize),
    /// Nobody presses a key for a while.
    Wait,
}

const TEXTS: [&str; 5] = ["on", "Once upon", " a", "ice and", "up\non"];
const SETTINGS: [(Knob, &str); 9] = [
    (Knob::Of(Parameter::Temperature), "1.6"),
    (Knob::Of(Parameter::Temperature), "0.2"),
    (Knob::Of(Parameter::TopK), "2"),
    (Knob::Of(Parameter::TopK), "off"),
    (Knob::Of(Parameter::TopP), "0.5"),
    (Knob::Of(Parameter::RepeatPenalty), "1.9"),
    (Knob::Of(Parameter::Seed), "3"),
    (Knob::Of(Parameter::Ban), "on"),
    (Knob::Of(Parameter::Order), "hf"),
];
const MODELS: [&str; 3] = ["one", "twin", "stranger"];
const SCRIPTS: [(&str, &str); 3] =
    [("one", " on and up, once and again"), ("twin", "ice is nice, and so on"), ("stranger", "no, not one word of it")];
const KEYS: [KeyCode; 27] = [
    KeyCode::Char('n'),
    KeyCode::Enter,
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Tab,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::F(4),
    KeyCode::F(4),
    KeyCode::F(5),
    KeyCode::F(5),
    KeyCode::F(6),
    KeyCode::F(7),
    KeyCode::F(8),
    KeyCode::Char('r'),
    KeyCode::Char('['),
    KeyCode::Char(']'),
    KeyCode::Char(' '),
    KeyCode::Char('k'),
    KeyCode::Char('1'),
    KeyCode::Char('s'),
    KeyCode::Char('t'),
    KeyCode::Char('u'),
];

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    let (control, alt) = (KeyModifiers::CONTROL, KeyModifiers::ALT);
    let chord = |it| (KeyCode::Char(it), control);
    let other = |it| (KeyCode::Char(it), alt);
    let chords = [
        chord('n'),
        chord('t'),
        chord('c'),
        other('u'),
        other('r'),
        other('i'),
        other('i'),
        other('a'),
        (KeyCode::Up, alt),
    ];
    proptest::prop_oneof![
        4 => (1usize..12).prop_map(Step::Hear),
        4 => proptest::strategy::Just(Step::Settle),
        3 => proptest::strategy::Just(Step::Frame),
        2 => (0..TEXTS.len()).prop_map(Step::Write),
        12 => (0..KEYS.len()).prop_map(|it| Step::Key(KEYS[it])),
        3 => (0..chords.len()).prop_map(move |it| Step::Chord(chords[it].0, chords[it].1)),
        2 => (0..SETTINGS.len()).prop_map(Step::Set),
        1 => (any::<u16>(), any::<u16>()).prop_map(|it| Step::Resize(20 + it.0 % 120, 8 + it.1 % 40)),
        1 => (0..MODELS.len()).prop_map(Step::Switch),
        3 => proptest::strategy::Just(Step::Wait),
    ]
}

/// Bytes and a few merges; small, so that ten thousand sequences take minutes.
fn vocabulary(merges: &str) -> Arc<Vocabulary> {
    Arc::new(Vocabulary::from_gpt2_merges(merges).unwrap())
}

/// An application whose models have small vocabularies: two of them the same one.
fn begin() -> Harness {
    let mut start = a_start((100, 30));
    start.settings = Settings { seed: 7, max_tokens: 4, ..Settings::default() };
    let mut it = Harness::begin(start);
    it.scripts = SCRIPTS.to_vec();
    let (ours, other) = (vocabulary("o n\nu p\nc e\n"), vocabulary("n o\n\u{120} o\n"));
    it.others = vec![(MODELS[0].into(), ours.clone()), (MODELS[1].into(), ours), (MODELS[2].into(), other)];
    it.installed(MODELS[0]);
    it.settle();
    it
}

struct Nobody;

impl Control for Nobody {
    fn event(&mut self, _event: Event) {}

    fn new_settings(&mut self) -> Option<Settings> {
        None
    }

    fn wanted(&mut self) -> bool {
        true
    }
}

/// The scores of each model after texts of each length: a scripted model scores by length alone.
struct Oracle {
    sessions: HashMap<String, Session>,
    rows: HashMap<(String, usize), Arc<[f32]>>,
}

impl Oracle {
    fn new(harness: &Harness) -> Self {
        let session = |(name, vocabulary): &(String, Arc<Vocabulary>)| {
            let script = SCRIPTS.iter().find(|it| it.0 == *name).unwrap().1;
            (name.clone(), session_of(vocabulary.clone(), 512, script))
        };
        Self { sessions: harness.others.iter().map(session).collect(), rows: HashMap::new() }
    }

    /// (V,) after so many tokens.
    fn row(&mut self, model: &str, length: usize) -> Arc<[f32]> {
        let Self { sessions, rows } = self;
        let make = || {
            let path = vec![0; length];
            sessions.get_mut(model).unwrap().scores_after(&path, &mut Nobody).ok().unwrap().into()
        };
        rows.entry((model.to_owned(), length)).or_insert_with(make).clone()
    }
}

fn act(it: &mut Harness, step: Step) {
    match step {
        Step::Hear(n) => (0..n).for_each(|_| _ = it.hear()),
        Step::Settle => it.settle(),
        Step::Frame => _ = it.app.prepare(),
        Step::Write(n) => it.send(Msg::Paste(TEXTS[n].into())),
        Step::Key(code) => it.key(code),
        Step::Chord(code, modifiers) => it.press(code, modifiers),
        Step::Set(n) => it.send(Msg::Intent(Intent::Set(SETTINGS[n].0, SETTINGS[n].1.into()))),
        Step::Wait => it.wait(400),
        Step::Resize(columns, rows) => it.send(Msg::Resize(columns, rows)),
        Step::Switch(n) => {
            it.installed(MODELS[n]);
            it.send(Msg::Intent(Intent::SwitchModel));
        }
    }
}

/// A text of the same document and model that has forgotten nothing because it has derived nothing.
fn fresh(it: &Harness) -> Text {
    let text = &it.app.context.text;
    let mut fresh = Text::new(text.document.clone(), text.vocabularies().clone());
    if let Some(card) = it.app.context.card() {
        fresh.set_model(Some(card.vocabulary.clone()));
    }
    fresh.flow.resize(text.flow.width());
    fresh
}

/// Every derived entry that is there is true.
fn check(it: &Harness, oracle: &mut Oracle) {
    let (cx, text) = (&it.app.context, &it.app.context.text);
    let mut fresh = fresh(it);
    let path = text.document.path();
    if it.app.context.card().is_some() {
        assert!(text.vocabulary().has_tokens_of(fresh.vocabulary()));
    }
    assert_eq!((text.flow.text(), text.flow.rows()), (fresh.flow.text(), fresh.flow.rows()));
    assert_eq!((text.flow.len(), fresh.flow.len()), (path.len(), path.len()));
    for position in 0..path.len() {
        assert_eq!(text.flow.start_of(position), fresh.flow.start_of(position));
    }
    assert!(text.cursor <= path.len() && text.anchor.is_none_or(|it| it < path.len()));
    let losses = text.losses();
    assert_eq!((losses.drawn, losses.cut + losses.unknown <= losses.drawn), (text.document.drawn(), true));
    let Some(model) = cx.card().map(|it| it.name.clone()) else {
        let scored = (0..text.document.next_node()).any(|it| text.logits.after(it).is_some());
        assert!(!scored && text.next.is_none() && text.inspection.is_none() && losses.unknown == losses.drawn);
        return;
    };
    for node in 0..text.document.next_node() {
        let length = text.document.tokens_to(Some(node)).len();
        if let Some(row) = text.logits.after(node) {
            assert_eq!(**row, *oracle.row(&model, length), "the scores after node {node}");
        }
    }
    // The fresh text is given all scores that the old one has or could have.
    let rows: Vec<_> = (1..path.len()).map(|it| oracle.row(&model, it)).collect();
    for (position, row) in (1..path.len()).zip(&rows) {
        let node = text.document.at(position).unwrap();
        if let (Origin::Typed | Origin::Chosen, Some(score)) = (&node.origin, text.score(position)) {
            assert_eq!(Some(score), Score::new(row, node.token), "the score at {position}");
        }
    }
    fresh.put_scores(1, rows);
    check_next(it, oracle, &model);
    check_ahead(it, oracle, &model);
    fresh.heat = Heat::Cut;
    fresh.put_cursor(text.cursor);
    if !path.is_empty() {
        fresh.put_next(oracle.row(&model, path.len()));
    }
    let under = text.inspection.as_ref().map_or(Under::Then, |it| it.under);
    while fresh
        .prepare(&cx.settings, Wanted { inspection: Some(under), measures: true, ..Wanted::default() }, 20)
        .is_unfinished
    {}
    for position in 0..path.len() {
        if let Some(survives) = text.survives(position) {
            assert_eq!(Some(survives), fresh.survives(position), "whether token {position} survives");
        }
    }
    check_dice(text, &fresh);
    if let Some(known) = &text.inspection {
        let wanted = fresh.inspection.as_ref().expect("what is inspected can be inspected");
        assert_eq!(
            (known.position, known.node, known.token, known.typed),
            (text.cursor, wanted.node, wanted.token, wanted.typed)
        );
        assert_eq!(
            (known.score, known.after, known.die, known.under),
            (wanted.score, wanted.after, wanted.die, wanted.under)
        );
        assert_eq!(
            (known.picked, known.picked_rank, known.elsewhere),
            (wanted.picked, wanted.picked_rank, wanted.elsewhere)
        );
        assert_eq!((&known.rows, &known.trace, known.settings()), (&wanted.rows, &wanted.trace, wanted.settings()));
        assert!(wanted.flips.starts_with(&known.flips), "{:?} {:?}", known.flips, wanted.flips);
    }
}

/// What was measured is so, and what was found of the temperature is found again where as much is known.
fn check_dice(text: &Text, fresh: &Text) {
    for position in 0..text.document.len() {
        if let Some(known) = text.measure(position) {
            assert_eq!(Some(known), fresh.measure(position), "the measure of token {position}");
        }
    }
    let (known, wanted) = (text.dice(), fresh.dice());
    if known.all.tokens == wanted.all.tokens && known.all.temperature.is_some() {
        assert_eq!(known, wanted);
    }
    let (known, wanted) = (text.likelier(), fresh.likelier());
    if known[0].tokens == wanted[0].tokens {
        assert_eq!(known, wanted);
    }
}

/// The scores of the next token are those after the node that they say, and so is what the settings make of them.
fn check_next(it: &Harness, oracle: &mut Oracle, model: &str) {
    let (cx, text) = (&it.app.context, &it.app.context.text);
    let Some(next) = &text.next else { return };
    assert!(next.after.is_none_or(|it| text.document.path().contains(&it)), "scores of another branch");
    let length = text.document.tokens_to(next.after).len();
    // A model reads the token that begins a text before the first one.
    assert_eq!(*next.logits, *oracle.row(model, length.max(1)));
    let Some(table) = &next.table else { return };
    let mut fresh = fresh(it);
    fresh.apply(&Record::Tip { node: next.after });
    fresh.put_next(next.logits.clone());
    _ = fresh.prepare(&cx.settings, Wanted::default(), 20);
    assert_eq!(Some(table), fresh.next_table());
}

/// The scores after what is typed are those after it, and so is what the settings make of them.
fn check_ahead(it: &Harness, oracle: &mut Oracle, model: &str) {
    let (cx, text) = (&it.app.context, &it.app.context.text);
    let Some(ahead) = &text.ahead else { return };
    assert_eq!(ahead.after, text.document.tip(), "scores of another end");
    assert_eq!(*ahead.logits, *oracle.row(model, text.document.len() + ahead.tokens.len()));
    let Some(table) = &ahead.table else { return };
    let mut fresh = fresh(it);
    fresh.put_ahead(Ahead { table: None, ..ahead.clone() });
    _ = fresh.prepare(&cx.settings, Wanted::default(), 20);
    assert_eq!(Some(table), fresh.ahead_table());
}

/// After idle frames all that is wanted is there.
fn check_all_there(it: &mut Harness, oracle: &mut Oracle) {
    it.settle();
    while it.app.prepare() {}
    check(it, oracle);
    let cx = &it.app.context;
    let (text, end) = (&cx.text, cx.text.document.tip());
    assert!(cx.drawing.running.is_none() && cx.drawing.awaited.is_none());
    let draws_columns = it.app.layers.columns().is_some();
    if cx.card().is_none() || !text.is_the_models() || draws_columns {
        return;
    }
    let next = text.next.as_ref().expect("the scores of the next token are there");
    assert_eq!(next.after, end);
    assert!(next.table.is_some(), "what the settings make of them is there");
    assert_eq!(cx.first_unknown(), None, "all scores that are wanted are there");
    if text.heat == Heat::Cut {
        assert_eq!(text.losses().unknown, 0);
    }
    if let Some(Layer::Inspector(_)) = it.app.layers.top() {
        let known = text.inspection.as_ref();
        assert_eq!(known.is_some(), text.cursor > 0);
        assert!(known.is_none_or(|it| !it.is_pending()));
    }
    if let Some(Layer::Score(_)) = it.app.layers.top() {
        let dice = text.dice();
        let is_told = dice.all.temperature.is_some() || dice.all.hidden_by.is_some() || dice.all.tokens == 0;
        assert!(is_told, "the temperature is found: {dice:?}");
    }
    // The flow is as wide as the text is on the screen.
    assert_eq!(text.flow.width(), (layout(cx).text.width as usize).max(1));
}

#[test]
fn what_is_derived_is_always_that_of_the_text() {
    let cases = std::env::var(VARIABLE).ok().and_then(|it| it.parse().ok()).unwrap_or(SEQUENCES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let tried = std::cell::Cell::new(0);
    let outcome = runner.run(&vec(step(), 1..50), |steps| {
        let mut it = begin();
        let mut oracle = Oracle::new(&it);
        for &step in &steps {
            act(&mut it, step);
            check(&it, &mut oracle);
            assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
        }
        check_all_there(&mut it, &mut oracle);
        tried.set(tried.get() + 1);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert_eq!(tried.get(), cases);
}

/// The harness finds what it is to find: an entry of another text is noticed.
#[test]
#[should_panic(expected = "the scores after node")]
fn scores_of_another_place_are_noticed() {
    let mut it = begin();
    it.send(Msg::Paste("Once upon".into()));
    it.key(KeyCode::Enter);
    it.settle();
    let mut oracle = Oracle::new(&it);
    check(&it, &mut oracle);
    let last: NodeId = it.app.context.text.document.next_node() - 1;
    let mut row = it.app.context.text.logits.after(last).unwrap().to_vec();
    row[3] += 1.0;
    it.app.context.text.logits.put(last, row.into());
    check(&it, &mut oracle);
}
