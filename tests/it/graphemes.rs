//! What is seen as one character is drawn as one, however many tokens it is made of.

use std::ops::Range;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use megachat::TokenId;
use megachat::app::{Focus, Msg, layout};
use megachat::assets;
use megachat::document::{Document, Record, Vocabularies};
use megachat::sample::Heat;
use megachat::text::{grapheme_columns, visible};
use proptest::collection::vec;
use proptest::prelude::Strategy as _;
use proptest::test_runner::{Config, TestRunner};
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::Position;
use ratatui::style::Modifier;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::support::harness::{Harness, a_start};

const FAMILY: &str = "👨‍👩‍👧‍👦";

/// Joined, combined, doubled, conjoined, invisible, half as wide and twice as wide.
const PIECES: &[&str] = &[
    "a",
    "b ",
    " ",
    "word ",
    "\n",
    "\t",
    "日",
    "本 ",
    "é",
    "e\u{301}",
    "\u{301}",
    FAMILY,
    "👩‍🚀",
    "👍🏽",
    "🇩🇪",
    "🇫🇷",
    "🇩",
    "☺\u{fe0f}",
    "1\u{fe0f}\u{20e3}",
    "\u{1112}\u{1161}\u{11ab}",
    "\u{1161}",
    "क्षि",
    "நி",
    "ｶﾞ",
    "لا",
    "\u{200d}",
    "\u{200b}",
    "\u{feff}",
    "\x1b",
];

/// A text that was typed in these pieces of it.
fn typed(pieces: &[&[u8]], size: (u16, u16)) -> Harness {
    let words = assets::vocabulary();
    let tokens: Vec<TokenId> = pieces.iter().flat_map(|it| words.spell(it).unwrap()).collect();
    let mut document = Document::default();
    document.apply(&Record::Typed { first: 0, parent: None, tokens, chosen: false });
    let mut start = a_start(size);
    (start.document, start.vocabularies) = (document, Vocabularies::of(words));
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    it.app.context.focus = Focus::Text;
    it
}

/// The bytes of a text in random pieces.
fn pieces(text: &str, cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|it| it % text.len().max(1)).chain([0, text.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|it| text.as_bytes()[it[0]..it[1]].to_vec()).collect()
}

/// Where each grapheme in view is on the screen, with the tokens it is of.
fn places(it: &Harness) -> Vec<(Position, Range<usize>, String)> {
    let (flow, area) = (&it.app.context.text.flow, layout(&it.app.context).text);
    let top = it.app.context.text.top_row(area.height.into());
    let mut out = Vec::new();
    for (y, row) in (area.y..area.bottom()).zip(&flow.rows()[top..]) {
        let mut x = area.x;
        for (place, tokens) in flow.shown().graphemes(row.clone()) {
            let grapheme = &flow.text()[place];
            let width = grapheme_columns(grapheme) as u16;
            assert!(width > 0, "{grapheme:?} takes no cell");
            // Spaces may hang over the edge.
            assert!(x + width <= area.right() || grapheme == " ", "{grapheme:?} is cut by the edge");
            if x + width <= area.right() {
                out.push((Position { x, y }, tokens, grapheme.to_owned()));
            }
            x += width;
        }
    }
    out
}

fn cell(buffer: &Buffer, at: Position) -> &Cell {
    buffer.cell(at).unwrap()
}

fn is_lit(cell: &Cell) -> bool {
    cell.modifier.contains(Modifier::REVERSED | Modifier::BOLD | Modifier::UNDERLINED)
}

fn check(it: &mut Harness) {
    it.app.context.text.cursor = it.app.context.text.document.len();
    let screen = it.terminal().backend().buffer().clone();
    let places = places(it);
    for (at, _, grapheme) in &places {
        // What stands before a word that begins the next row is not shown: a space either way.
        assert_eq!(cell(&screen, *at).symbol(), grapheme, "at {at}");
    }
    let heat = it.app.context.text.heat;
    for position in 0..it.app.context.text.document.len() {
        (it.app.context.text.cursor, it.app.context.text.heat) = (position, Heat::Off);
        let screen = it.terminal().backend().buffer().clone();
        for (at, tokens, grapheme) in places.iter().filter(|it| it.2 != " ") {
            let has_cursor = tokens.contains(&position);
            assert_eq!(
                is_lit(cell(&screen, *at)),
                has_cursor,
                "{grapheme:?} at {at} of {tokens:?}, cursor on {position}"
            );
        }
    }
    it.app.context.text.heat = heat;
    for (at, tokens, grapheme) in &places {
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)] {
            it.send(Msg::Mouse(MouseEvent { kind, column: at.x, row: at.y, modifiers: KeyModifiers::NONE }));
        }
        assert_eq!(it.app.context.text.cursor, tokens.start, "{grapheme:?} at {at}");
        it.app.clear();
        it.app.context.text.cursor = it.app.context.text.document.len();
    }
}

#[test]
fn a_grapheme_is_never_drawn_in_pieces_wherever_tokens_part_it() {
    let text = vec(0..PIECES.len(), 1..16);
    let strategy = (text, vec(0_usize..400, 0..40), 30_u16..44, proptest::bool::ANY);
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let strategy =
        strategy.prop_map(|it| (it.0.into_iter().map(|it| PIECES[it]).collect::<String>(), it.1, it.2, it.3));
    TestRunner::new(config)
        .run(&strategy, |(text, cuts, width, hot)| {
            let pieces = pieces(&text, &cuts);
            let mut it = typed(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>(), (width, 18));
            assert_eq!(it.app.context.text.flow.text(), visible(&text), "what is shown does not depend on the tokens");
            if hot {
                heat(&mut it, |position| position % 2 == 0);
            }
            check(&mut it);
            Ok(())
        })
        .unwrap();
}

/// Colours the text: some tokens are certain, all others unheard of.
fn heat(it: &mut Harness, is_certain: impl Fn(usize) -> bool) {
    let tokens = it.app.context.text.document.tokens();
    let row = |position: usize| {
        let mut scores = vec![0.0; assets::vocabulary().len()];
        if is_certain(position) {
            scores[tokens[position] as usize] = 40.0;
        }
        Arc::<[f32]>::from(scores)
    };
    it.app.context.text.put_scores(1, (1..tokens.len()).map(row).collect());
    it.app.context.text.heat = Heat::Surprise;
}

/// What is laid out and what is drawn agree.
#[test]
fn a_grapheme_takes_the_columns_that_are_kept_for_it() {
    for grapheme in PIECES.iter().flat_map(|it| it.graphemes(true)).filter(|it| !it.contains(char::is_control)) {
        assert_eq!(grapheme_columns(grapheme), usize::from(grapheme.cell_width()), "{grapheme:?}");
    }
}

#[test]
fn a_family_of_several_tokens_is_as_hot_as_the_hottest_of_them() {
    let mut pieces: Vec<&[u8]> = vec![b"ab", b" cd "];
    pieces.extend(FAMILY.as_bytes().chunks(4));
    pieces.extend([b" ef".as_slice(), b" gh"]);
    let mut it = typed(&pieces, (40, 18));
    let length = it.app.context.text.document.len();
    let family = it.app.context.text.flow.text().find(FAMILY).unwrap();
    let tokens = it.app.context.text.flow.tokens_in(&(family..family + FAMILY.len()));
    assert!(tokens.len() > 4);
    // Only the fourth token of the family and what follows it surprise.
    heat(&mut it, |position| position != tokens.start + 3 && position < tokens.end);
    it.app.context.text.cursor = length;
    let screen = it.terminal().backend().buffer().clone();
    let at = |wanted: &str| places(&it).into_iter().find(|it| it.2 == wanted).unwrap().0;
    let style = |at: Position| cell(&screen, at).style();
    assert_eq!(style(at(FAMILY)), style(at("e")));
    assert_ne!(style(at(FAMILY)), style(at("c")));
    // A selection of one of its tokens is of the whole, shown and copied.
    let place = at(FAMILY);
    (it.app.context.text.anchor, it.app.context.text.cursor) = (Some(tokens.start + 2), tokens.start + 2);
    let screen = it.terminal().backend().buffer().clone();
    assert!(cell(&screen, place).modifier.contains(Modifier::REVERSED));
    it.key(KeyCode::Char('y'));
    let copied = it.effects.iter().rev().find_map(|it| match it {
        megachat::app::Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.unwrap().trim(), FAMILY);
}

#[test]
fn the_cursor_is_seen_on_a_line_feed_and_on_what_is_no_character_yet() {
    let mut it = typed(&[b"ab", b"\n", b"cd", b"\xf0\x9f"], (40, 18));
    let area = layout(&it.app.context).text;
    let length = it.app.context.text.document.len();
    let feed = it.app.context.text.flow.tokens_in(&(2..3)).start;
    for (position, x, y) in [(feed, 2, 0), (length - 1, 2, 1), (length, 2, 1)] {
        it.app.context.text.cursor = position;
        let screen = it.terminal().backend().buffer().clone();
        let lit = (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y)));
        let lit: Vec<_> =
            lit.filter(|it| is_lit(cell(&screen, Position { x: area.x + it.0, y: area.y + it.1 }))).collect();
        assert_eq!(lit, [(x, y)], "cursor on {position}");
    }
}

#[test]
fn the_cursor_goes_down_out_of_a_token_that_fills_a_row() {
    // A token of spaces that goes on in the row below, and one that is longer than a row.
    let long = " ".repeat(16) + &"=".repeat(64);
    let mut it = typed(&[b"ab", long.as_bytes(), b"cd", b"\n", b"ef"], (30, 18));
    it.app.context.text.cursor = 0;
    for _ in 0..12 {
        let before = it.app.context.text.cursor;
        it.key(KeyCode::Down);
        assert!(
            it.app.context.text.cursor > before || before == it.app.context.text.document.len(),
            "stuck on {before}"
        );
    }
    assert_eq!(it.app.context.text.cursor, it.app.context.text.document.len());
}

/// Every cell of a screen is one grapheme, and none begins with what joins it to the one before.
#[track_caller]
fn check_cells(buffer: &Buffer) {
    for cell in buffer.content() {
        let symbol = cell.symbol();
        assert_eq!(symbol.graphemes(true).count(), 1, "{symbol:?}");
        assert!(grapheme_columns(symbol) > 0, "{symbol:?}");
        assert!(!symbol.starts_with(['\u{200d}', '\u{fe0f}', '\u{301}']), "{symbol:?}");
    }
}

#[test]
fn layers_over_the_text_draw_whole_graphemes() {
    for size in [(80, 24), (40, 12), (41, 16), (120, 40)] {
        let mut pieces: Vec<&[u8]> = vec![b"Once"];
        for _ in 0..6 {
            pieces.extend(FAMILY.as_bytes().chunks(7));
            pieces.extend(["e".as_bytes(), "\u{301}".as_bytes(), "\u{200d}".as_bytes(), "👩\u{200d}🚀".as_bytes()]);
        }
        let mut it = typed(&pieces, size);
        for key in [KeyCode::F(7), KeyCode::Char('s'), KeyCode::Char('/'), KeyCode::Char('F'), KeyCode::Enter] {
            it.app.clear();
            it.app.context.focus = Focus::Text;
            it.app.context.text.cursor = 9;
            it.key(key);
            it.settle();
            if matches!(key, KeyCode::Char('/' | 'F')) {
                it.write("\u{301}");
            }
            check_cells(it.terminal().backend().buffer());
        }
    }
}

#[test]
fn the_tree_tells_a_character_whole_on_both_sides_of_a_fork() {
    let words = assets::vocabulary();
    let spell = |text: &str| words.spell(text.as_bytes()).unwrap();
    let mut document = Document::default();
    let (start, boy, girl) = (spell("ab 👨\u{200d}"), spell("👦 x"), spell("👧 y"));
    let parent = start.len() as u32 - 1;
    let behind = parent + 1 + boy.len() as u32;
    document.apply(&Record::Typed { first: 0, parent: None, tokens: start, chosen: false });
    document.apply(&Record::Typed { first: parent + 1, parent: Some(parent), tokens: boy, chosen: false });
    document.apply(&Record::Typed { first: behind, parent: Some(parent), tokens: girl, chosen: false });
    let mut start = a_start((80, 24));
    (start.document, start.vocabularies) = (document, Vocabularies::of(words));
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    it.key(KeyCode::F(7));
    let screen = it.screen();
    for whole in ["👨\u{200d}👦", "👨\u{200d}👧"] {
        assert!(screen.contains(whole), "{screen}");
    }
    assert!(!screen.contains('\u{fffd}'), "{screen}");
}
