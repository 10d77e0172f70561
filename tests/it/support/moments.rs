//! Every screen of the interface, each at a moment that shows what is on it.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::Msg;
use megachat::app::layers::Layer;
use megachat::app::models::Installed;
use megachat::install::protocol as install;
use megachat::sample::WhenFull;
use megachat::store::protocol as store;

use super::harness::{Harness, a_start};

type Size = (u16, u16);

pub(crate) fn first_run(size: Size) -> Harness {
    let mut start = a_start(size);
    start.ask = true;
    Harness::begin(start)
}

/// The first question where some models are installed already, one more than it offers.
pub(crate) fn first_run_installed(size: Size) -> Harness {
    let mut start = a_start(size);
    start.ask = true;
    let installed = [("gpt2-medium", 1_419_303_168), ("mine", 497_759_232), ("stories", 26_104_832), ("tiny", 1_000)];
    let installed = installed.map(|(name, bytes)| Installed { name: name.into(), directory: name.into(), bytes });
    start.installed = installed.to_vec();
    Harness::begin(start)
}

pub(crate) fn blank_page(size: Size) -> Harness {
    Harness::ready(size)
}

pub(crate) fn streaming(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.write("Once upon a time, by a quiet river,");
    it.key(KeyCode::Enter);
    it.tokens(30);
    it
}

fn written(size: Size) -> Harness {
    let mut it = streaming(size);
    it.settle();
    it
}

pub(crate) fn chat(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.control('t');
    it.write("Do you like honey?");
    it
}

pub(crate) fn panel(size: Size) -> Harness {
    let mut it = written(size);
    it.key(KeyCode::Tab);
    it.key(KeyCode::Tab);
    it.key(KeyCode::Down);
    it
}

/// Something drawn, looked at from its middle.
fn looked_at(size: Size) -> Harness {
    let mut it = written(size);
    it.key(KeyCode::Tab);
    for _ in 0..12 {
        it.key(KeyCode::Left);
    }
    it
}

/// The text coloured by the way that so many keys lead to.
fn by_heat(size: Size, keys: usize) -> Harness {
    let mut it = looked_at(size);
    for _ in 0..keys {
        it.key(KeyCode::F(4));
        it.settle();
    }
    it
}

pub(crate) fn heat(size: Size) -> Harness {
    by_heat(size, 1)
}

pub(crate) fn entropy(size: Size) -> Harness {
    by_heat(size, 2)
}

pub(crate) fn varentropy(size: Size) -> Harness {
    let mut it = by_heat(size, 3);
    while it.app.prepare() {}
    it
}

pub(crate) fn rank(size: Size) -> Harness {
    by_heat(size, 4)
}

pub(crate) fn cut(size: Size) -> Harness {
    let mut it = by_heat(size, 5);
    for _ in 0..40 {
        it.press(KeyCode::Left, KeyModifiers::ALT);
    }
    while it.app.prepare() {}
    it
}

pub(crate) fn inspector(size: Size) -> Harness {
    let mut it = looked_at(size);
    it.key(KeyCode::Enter);
    it.settle();
    while it.app.prepare() {}
    it
}

/// A hundred dice in the place of a token.
pub(crate) fn thrown(size: Size) -> Harness {
    let mut it = looked_at(size);
    it.key(KeyCode::Char('d'));
    it.settle();
    while it.app.prepare() {}
    it
}

pub(crate) fn inspector_next(size: Size) -> Harness {
    let mut it = written(size);
    it.press(KeyCode::Char('i'), KeyModifiers::ALT);
    it.settle();
    while it.app.prepare() {}
    it
}

pub(crate) fn help(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.key(KeyCode::F(1));
    it
}

pub(crate) fn models(size: Size) -> Harness {
    let mut it = written(size);
    it.key(KeyCode::F(3));
    it
}

pub(crate) fn no_source(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    let answers = [
        ("NVIDIA NGC, zip", "410 Gone"),
        ("NVIDIA NGC, single file", "410 Gone"),
        ("the hub copy", "could not resolve host"),
    ];
    let answers = answers.map(|(source, answer)| (source.to_owned(), answer.to_owned())).to_vec();
    let failure = install::Failure::NoSource { answers };
    it.send(Msg::Install(install::Event::Failed { name: "megatron-345m".into(), failure }));
    it
}

pub(crate) fn download(size: Size) -> Harness {
    let mut it = streaming(size);
    let stage =
        install::Stage::Downloading { source: 3, of: 3, done: 341_000_000, total: Some(735_000_000), rate: 18.2e6 };
    it.send(Msg::Install(install::Event::Stage { name: "megatron-345m".into(), stage }));
    it
}

pub(crate) fn palette(size: Size) -> Harness {
    let mut it = streaming(size);
    it.control('p');
    it
}

pub(crate) fn palette_typed(size: Size) -> Harness {
    let mut it = palette(size);
    it.write("top");
    it.key(KeyCode::Down);
    it
}

pub(crate) fn find(size: Size) -> Harness {
    let mut it = written(size);
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('F'));
    it.write("and");
    it
}

pub(crate) fn tree(size: Size) -> Harness {
    let mut it = looked_at(size);
    it.key(KeyCode::Char('t'));
    it.write(" and then a wolf came out of the wood.");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::F(7));
    it
}

/// A short text of a warm model, whose futures differ.
fn warm(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.settings.max_tokens = 5;
    it.app.context.settings.temperature = 1.5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it
}

pub(crate) fn columns(size: Size) -> Harness {
    let mut it = warm(size);
    it.key(KeyCode::F(6));
    it.key(KeyCode::Char('d'));
    it.settle();
    it
}

pub(crate) fn fan(size: Size) -> Harness {
    let mut it = warm(size);
    it.key(KeyCode::F(8));
    it.settle();
    it
}

/// Futures without dice.
pub(crate) fn fan_exact(size: Size) -> Harness {
    let mut it = fan(size);
    it.key(KeyCode::Char('x'));
    it.settle();
    it
}

pub(crate) fn fan_tree(size: Size) -> Harness {
    let mut it = fan(size);
    it.key(KeyCode::Char('t'));
    it
}

pub(crate) fn circles(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.settings.temperature = 0.0;
    it.app.context.settings.max_tokens = 400;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    while !matches!(it.app.layers.top(), Some(Layer::Loop(_))) {
        it.tokens(1);
    }
    it.stopped();
    it
}

pub(crate) fn not_saved(size: Size) -> Harness {
    let mut it = written(size);
    let path = PathBuf::from("/home/ada/.local/share/megachat/transcripts/20260101-120000.jsonl");
    it.send(Msg::Store(store::Event::Failed { path, why: "No space left on device".into(), waiting: 41 }));
    it
}

pub(crate) fn full_context(size: Size) -> Harness {
    let mut it = Harness::ready(size);
    it.app.context.drawing.loops_allowed = true;
    it.app.context.settings.max_tokens = 530;
    it.app.context.settings.when_full = WhenFull::Slide;
    it.write("Once upon a time, by a quiet river,");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Home);
    let sees = it.app.context.out_of_sight();
    assert!(sees > 100);
    for _ in 0..sees {
        it.key(KeyCode::Right);
    }
    it
}

/// What the text says of the dice that drew it.
pub(crate) fn score_dice(size: Size) -> Harness {
    let mut it = score(size);
    it.key(KeyCode::Tab);
    while it.app.prepare() {}
    it
}

/// What the text comes to.
pub(crate) fn score(size: Size) -> Harness {
    let mut it = streaming(size);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('s'));
    it.settle();
    it
}

/// A text of the library.
fn entry(number: u64, title: Option<&str>, words: &str) -> store::Entry {
    store::Entry {
        id: format!("202611{:02}-10420{number}", 20 - number),
        state: store::State::Sound,
        fault: None,
        created: Some(0),
        changed: 0,
        opened: 9 - number,
        title: title.map(str::to_owned),
        tags: title.map(|_| vec!["novel".to_owned(), "draft".to_owned()]).unwrap_or_default(),
        model: Some(if number == 3 { "megatron-345m".to_owned() } else { "demo".to_owned() }),
        settings: "temp 0.85, top-p 0.92, seed 4117".to_owned(),
        tokens: 88 * number + 12,
        nodes: 88 * number + 40,
        branches: 1 + number % 3,
        words: Some(words.to_owned()),
        words_assumed: false,
        words_fault: None,
    }
}

/// Every text, with a damaged one and one that is none.
pub(crate) fn library(size: Size) -> Harness {
    let mut it = written(size);
    it.press(KeyCode::Char('o'), KeyModifiers::CONTROL);
    let mut hits: Vec<store::Hit> = [
        entry(1, Some("Night watch"), "The lighthouse keeper had not spoken for a year when the boat came"),
        entry(2, None, "Preheat the oven to 350 and then"),
        entry(3, None, " BREAKING: Scientists have found a way"),
    ]
    .map(store::Hit::whole)
    .into();
    (hits[1].entry.state, hits[1].entry.fault) =
        (store::State::Damaged, Some("2 lines are damaged and left out".to_owned()));
    let mut none = entry(4, None, "");
    (none.state, none.words, none.model) = (store::State::Unreadable, None, None);
    none.fault = Some("/home/ada/.local/share/megachat/transcripts/x.jsonl: it is no transcript".to_owned());
    hits.push(store::Hit::whole(none));
    let of = hits.len();
    it.send(Msg::Library(store::LibraryEvent::Listed { words: String::new(), hits, of, is_complete: true }));
    it
}

/// One is found on another branch than its text.
pub(crate) fn library_found(size: Size) -> Harness {
    let mut it = library(size);
    it.write("/boat");
    let piece = format!(
        "...and when the {}boat{} came he stood at the window and watched it come in...",
        store::FOUND,
        store::FOUND_END
    );
    let entry = entry(1, Some("Night watch"), "The lighthouse keeper had not spoken for a year");
    let hits = vec![store::Hit { entry, piece, run: 3, node: Some(9), on_path: false }];
    it.send(Msg::Library(store::LibraryEvent::Listed { words: "boat".to_owned(), hits, of: 4, is_complete: true }));
    it
}

/// Words in the text, on a branch that is not the text.
pub(crate) fn find_text(size: Size) -> Harness {
    let mut it = tree(size);
    it.key(KeyCode::Esc);
    it.key(KeyCode::Char('/'));
    it.write("a w");
    it
}
