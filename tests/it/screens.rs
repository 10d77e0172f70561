//! Whole screens, at the sizes people have.

use crossterm::event::KeyCode;
use megachat::app::Msg;
use megachat::install::protocol::{Event, Failure, Stage};

use crate::support::harness::{Harness, a_start};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

/// The same moment at every size.
fn check(name: &str, mut moment: impl FnMut((u16, u16)) -> Harness) {
    for size in SIZES {
        let screen = moment(size).screen();
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), screen);
    }
}

#[test]
fn first_run() {
    check("first-run", |size| {
        let mut start = a_start(size);
        start.ask = true;
        Harness::begin(start)
    });
}

#[test]
fn blank_page() {
    check("blank-page", Harness::ready);
}

fn writing(size: (u16, u16)) -> Harness {
    let mut it = Harness::ready(size);
    it.write("Once upon a time, by a quiet river,");
    it.key(KeyCode::Enter);
    it.tokens(30);
    it
}

#[test]
fn while_text_streams() {
    check("streaming", writing);
}

#[test]
fn panel_in_focus() {
    check("panel", |size| {
        let mut it = writing(size);
        it.settle();
        it.key(KeyCode::Tab);
        it.key(KeyCode::Tab);
        it.key(KeyCode::Down);
        it
    });
}

#[test]
fn help() {
    check("help", |size| {
        let mut it = Harness::ready(size);
        it.key(KeyCode::F(1));
        it
    });
}

#[test]
fn download_under_way() {
    check("download", |size| {
        let mut it = writing(size);
        let stage = Stage::Downloading { source: 3, of: 3, done: 341_000_000, total: Some(735_000_000), rate: 18.2e6 };
        it.send(Msg::Install(Event::Stage { name: "megatron-345m".into(), stage }));
        it
    });
}

#[test]
fn all_sources_failed() {
    check("no-source", |size| {
        let mut it = Harness::ready(size);
        let answers = [
            ("NVIDIA NGC, zip", "410 Gone"),
            ("NVIDIA NGC, single file", "410 Gone"),
            ("the hub copy", "could not resolve host"),
        ];
        let answers = answers.map(|(source, answer)| (source.to_owned(), answer.to_owned())).to_vec();
        it.send(Msg::Install(Event::Failed { name: "megatron-345m".into(), failure: Failure::NoSource { answers } }));
        it
    });
}

#[test]
fn chat() {
    check("chat", |size| {
        let mut it = Harness::ready(size);
        it.control('t');
        it.write("Do you like honey?");
        it
    });
}

/// Something drawn, looked at from its middle.
fn looked_at(size: (u16, u16)) -> Harness {
    let mut it = writing(size);
    it.settle();
    it.key(KeyCode::Tab);
    for _ in 0..12 {
        it.key(KeyCode::Left);
    }
    it
}

#[test]
fn a_token_under_the_inspector() {
    check("inspector", |size| {
        let mut it = looked_at(size);
        it.key(KeyCode::Enter);
        it.settle();
        while it.app.prepare() {}
        it
    });
}

#[test]
fn the_text_by_surprise() {
    check("heat", |size| {
        let mut it = looked_at(size);
        it.key(KeyCode::F(4));
        it.settle();
        it
    });
}

#[test]
fn the_branches_of_the_text() {
    check("tree", |size| {
        let mut it = looked_at(size);
        it.key(KeyCode::Char('t'));
        it.write(" and then a wolf came out of the wood.");
        it.key(KeyCode::Enter);
        it.settle();
        it.key(KeyCode::F(7));
        it
    });
}

#[test]
fn palette() {
    check("palette", |size| {
        let mut it = writing(size);
        it.control('p');
        it
    });
}

#[test]
fn palette_with_letters_typed() {
    check("palette-typed", |size| {
        let mut it = writing(size);
        it.control('p');
        it.write("top");
        it.key(KeyCode::Down);
        it
    });
}

#[test]
fn a_token_is_looked_for() {
    check("find", |size| {
        let mut it = writing(size);
        it.settle();
        it.key(KeyCode::Tab);
        it.key(KeyCode::Char('/'));
        it.write("and");
        it
    });
}
