//! Writing, selecting, copying, the mouse and the editor: messages in, state and effects out.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use megachat::app::keymap::{Action, Keymap};
use megachat::app::layers::{Layer, help::Help, models::ModelList};
use megachat::app::layout;
use megachat::app::{Copied, Effect, Focus, Intent, KNOBS, Mode, Msg, Scroll};
use megachat::engine::protocol::{Event, StopReason};
use megachat::store::protocol::{Event as Store, Job};

use crate::support::harness::{Harness, a_start};

const SIZE: (u16, u16) = (80, 24);

fn remembered(it: &Harness) -> Vec<&str> {
    let text = |effect| if let &Effect::Store(Job::Remember(ref text)) = effect { Some(text.as_str()) } else { None };
    it.effects.iter().filter_map(text).collect()
}

/// Something written and drawn, the text in focus.
fn drawn(size: (u16, u16)) -> Harness {
    let mut it = Harness::ready(size);
    it.write("Once upon a time, by a quiet river,");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it
}

fn ready_with(change: impl FnOnce(&mut megachat::app::Start)) -> Harness {
    let mut start = a_start(SIZE);
    change(&mut start);
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    it
}

#[test]
fn what_was_sent_or_cleared_is_kept_for_later_runs_and_is_there_in_them() {
    let mut it = ready_with(|start| start.history = vec!["two\nlines".into(), "older".into()]);
    it.write("a draft");
    it.key(KeyCode::Up);
    assert_eq!(it.app.context.input.text(), "older");
    it.key(KeyCode::Up);
    assert_eq!(it.app.context.input.text(), "two\nlines");
    for _ in 0..4 {
        it.key(KeyCode::Down);
    }
    assert_eq!(it.app.context.input.text(), "a draft", "the draft is kept");
    it.control('c');
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(remembered(&it), ["a draft", "Once"], "the same again, and nothing, are not worth it");
    it.send(Msg::Store(Store::NotRemembered { path: "/full".into(), why: "no space".into() }));
    assert!(it.screen().contains("not kept for later runs (/full: no space)"), "{}", it.screen());
}

#[test]
fn the_history_is_searched_backwards() {
    let history = ["The bear slept", "A dragon", "the bear woke", "fox"];
    let mut it = ready_with(|start| start.history = history.map(str::to_owned).to_vec());
    it.write("draft");
    it.control('r');
    it.write("bear");
    let screen = it.screen();
    assert!(screen.contains("search `bear`: the bear woke") && screen.contains("Enter take"), "{screen}");
    it.control('r');
    assert!(it.screen().contains("search `bear`: The bear slept"), "{}", it.screen());
    it.control('r');
    assert!(it.screen().contains("no more of `bear`: The bear slept"), "{}", it.screen());
    it.key(KeyCode::Esc);
    assert_eq!((it.app.context.input.text(), it.app.context.input.search()), ("draft", None));
    // Enter takes it and sends nothing.
    it.control('r');
    it.send(Msg::Paste("dragon".into()));
    it.key(KeyCode::Enter);
    assert_eq!(
        (it.app.context.input.text(), it.app.context.input.cursor(), it.app.context.text.document.is_empty()),
        ("A dragon", 2, true)
    );
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.text().starts_with("A dragon"));
    // Any other key takes it too, and does what it does.
    it.control('r');
    it.write("fx");
    it.key(KeyCode::Backspace);
    it.key(KeyCode::End);
    assert_eq!((it.app.context.input.text(), it.app.context.input.cursor()), ("fox", 3));
    // Ctrl-C gives back what was there, and goes on down its ladder.
    it.control('r');
    it.write("woke");
    it.control('c');
    assert_eq!((it.app.context.input.text(), it.app.context.input.search()), ("fox", None));
    it.control('c');
    assert!(it.app.context.input.is_empty() && it.app.keyboard.quit_armed.is_none());
}

#[test]
fn a_search_ends_when_the_focus_goes_and_stops_nothing_that_is_written() {
    let mut it = ready_with(|start| start.history = vec!["older".into()]);
    it.key(KeyCode::F(5));
    it.tokens(2);
    it.control('r');
    it.write("old");
    it.tokens(2);
    it.control('c');
    assert!(it.app.context.drawing.running.as_ref().unwrap().stopping, "the first thing that Ctrl-C does");
    it.stopped();
    assert!(it.app.context.input.search().is_some());
    it.key(KeyCode::Tab);
    assert_eq!(
        (it.app.context.focus, it.app.context.input.text(), it.app.context.input.search()),
        (Focus::Text, "older", None)
    );
}

#[test]
fn the_last_change_of_the_input_is_taken_back() {
    let mut it = Harness::ready(SIZE);
    it.write("one two");
    it.control('w');
    // The byte of Ctrl-_ and Ctrl-/ has a digit for a name.
    it.control('7');
    assert_eq!(it.app.context.input.text(), "one two");
    it.control('x');
    it.control('u');
    assert_eq!(it.app.context.input.text(), "one ");
}

#[test]
fn vi_keys_are_there_for_whoever_wants_them() {
    let mut it = ready_with(|start| (start.vi, start.history) = (true, vec!["older".into()]));
    assert_eq!(it.app.context.input.mode(), Some(Mode::Insert));
    it.write("Once upon a dragon");
    it.key(KeyCode::Esc);
    assert!(it.screen().contains("> input NORMAL"), "{}", it.screen());
    it.write("bcwtime");
    it.key(KeyCode::Esc);
    it.write("0x~");
    assert_eq!(it.app.context.input.text(), "Nce upon a time");
    // What is no letter means what it always does; Enter sends, and the next line begins with writing.
    it.key(KeyCode::End);
    it.key(KeyCode::Left);
    it.write("x");
    assert_eq!(it.app.context.input.text(), "Nce upon a tie");
    it.write("/old");
    assert!(it.screen().contains("search `old`: older"), "{}", it.screen());
    it.key(KeyCode::Esc);
    it.write("dd");
    assert!(it.app.context.input.is_empty());
    it.write("k");
    assert_eq!((it.app.context.input.text(), it.app.context.input.mode()), ("older", Some(Mode::Normal)));
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.text().starts_with("older"));
    assert_eq!(it.app.context.input.mode(), Some(Mode::Insert));
    it.key(KeyCode::F(1));
    it.key(KeyCode::Home);
    assert!((0..200).any(|_| {
        it.key(KeyCode::Down);
        it.screen().contains("NORMAL MODE")
    }));
    // A path is a line with readline's keys, whatever the input has.
    let mut plain = Harness::ready(SIZE);
    plain.write("a");
    plain.key(KeyCode::Esc);
    plain.write("x");
    assert_eq!(plain.app.context.input.text(), "ax");
}

#[test]
fn half_a_command_of_vi_takes_the_next_character_whatever_it_is() {
    let mut it = ready_with(|start| start.vi = true);
    it.write("abc");
    it.key(KeyCode::Esc);
    it.write("r/");
    assert_eq!((it.app.context.input.text(), it.app.context.input.search().is_some()), ("ab/", false));
    it.write("r");
    it.key(KeyCode::Backspace);
    it.write("d/x");
    // Backspace and a motion that is none end what they were half of; then `x` is a command of its own.
    assert_eq!((it.app.context.input.text(), it.app.context.input.search().is_some()), ("ab", false));
    // What comes from elsewhere in the middle of an insertion is a change of its own.
    it.write("0i");
    it.write("new words ");
    it.app.context.input.set("");
    it.app.context.input.undo();
    assert_eq!(it.app.context.input.text(), "new words ab");
}

#[test]
fn a_click_while_the_history_is_searched_takes_what_was_found() {
    let mut it = Harness::ready(SIZE);
    it.write(&"long ".repeat(2000));
    it.key(KeyCode::Enter);
    it.control('c');
    it.stopped();
    it.control('r');
    it.write("long");
    let at = (3, 21);
    click(&mut it, at);
    assert!(it.app.context.input.search().is_none() && it.app.context.input.text().starts_with("long long"));
}

#[test]
fn a_selection_is_moved_copied_exactly_and_ended() {
    let mut it = drawn(SIZE);
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('v'));
    it.key(KeyCode::Char('l'));
    it.key(KeyCode::Char('l'));
    assert_eq!(it.app.context.text.selection(), Some(0..3));
    assert!(it.screen().contains("y copy"), "{}", it.screen());
    it.key(KeyCode::Char('y'));
    assert_eq!(it.effects.last(), Some(&Effect::Copy("Once upon a".into())));
    assert_eq!(it.app.context.text.selection(), None);
    it.send(Msg::Copied { characters: 11, how: Copied::With("wl-copy".into()) });
    assert!(it.screen().contains("Copied 11 characters with wl-copy."), "{}", it.screen());
    // Backwards from the end, behind which there is no token.
    it.key(KeyCode::Char('G'));
    it.key(KeyCode::Char('v'));
    it.key(KeyCode::Char('h'));
    assert_eq!(it.app.context.text.selection().unwrap().end, it.app.context.text.document.len());
    it.key(KeyCode::Esc);
    assert_eq!((it.app.context.text.selection(), it.app.context.focus), (None, Focus::Text));
    it.key(KeyCode::Esc);
    assert_eq!(it.app.context.focus, Focus::Input);
    // Nothing selected: the whole text.
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('y'));
    assert_eq!(it.effects.last(), Some(&Effect::Copy(it.text())));
    it.send(Msg::Copied { characters: 1, how: Copied::Sent { instead_of: None } });
    assert!(it.screen().contains("whether it took them cannot"), "{}", it.screen());
    it.send(Msg::Copied { characters: 9, how: Copied::TooLong { most: 74_994, instead_of: None } });
    assert!(it.screen().contains("at most 74 kB"), "{}", it.screen());
}

#[test]
fn what_is_copied_is_what_was_written_and_not_what_is_shown() {
    let mut it = Harness::ready(SIZE);
    let text = "tab\there \u{1b}[31mred 日本 👩‍👧 end";
    it.send(Msg::Paste(text.into()));
    it.key(KeyCode::Enter);
    it.tokens(1);
    it.stopped();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('y'));
    let Some(Effect::Copy(copied)) = it.effects.last() else { panic!() };
    assert!(copied.starts_with(text), "{copied:?}");
    // A token that begins inside a character takes the whole of it along.
    let pieces = it.app.context.text.document.tokens();
    let inside = pieces
        .iter()
        .position(|&it| megachat::assets::vocabulary().bytes(it).first().is_some_and(|it| (0x80..0xc0).contains(it)));
    it.app.context.text.cursor = inside.expect("this text has characters in pieces");
    it.key(KeyCode::Char('v'));
    it.key(KeyCode::Char('y'));
    let Some(Effect::Copy(copied)) = it.effects.last() else { panic!() };
    assert!(text.contains(copied.as_str()) && !copied.is_empty(), "{copied:?}");
}

#[test]
fn a_branch_or_a_new_text_ends_the_selection() {
    let mut it = drawn(SIZE);
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('v'));
    it.key(KeyCode::Char('w'));
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.app.context.text.selection(), None);
    it.control('n');
    it.send(Msg::Intent(Intent::Act(Action::Select)));
    assert!(it.screen().contains("There is no text to select"), "{}", it.screen());
    it.send(Msg::Intent(Intent::Act(Action::Copy)));
    assert!(it.screen().contains("There is no text to copy"), "{}", it.screen());
}

#[test]
fn the_input_is_written_in_the_editor() {
    let mut it = Harness::ready(SIZE);
    it.write("a draft");
    it.control('x');
    it.control('e');
    assert_eq!(it.effects.last(), Some(&Effect::Edit("a draft".into())));
    it.send(Msg::Edited(Err("There is no editor `nano`.".into())));
    assert!(it.screen().contains("There is no editor"), "{}", it.screen());
    assert_eq!(it.app.context.input.text(), "a draft");
    it.control('x');
    it.control('e');
    it.send(Msg::Edited(Ok("two\nlines".into())));
    assert_eq!((it.app.context.input.text(), it.app.context.input.cursor()), ("two\nlines", 9));
    it.control('7');
    assert_eq!(it.app.context.input.text(), "a draft", "undo brings back what was there");
    // What nobody asked for changes nothing.
    it.send(Msg::Edited(Ok("late".into())));
    assert_eq!(it.app.context.input.text(), "a draft");
}

#[test]
fn a_continuation_goes_on_while_the_editor_is_open() {
    let mut it = Harness::ready(SIZE);
    it.write("Once");
    it.key(KeyCode::Enter);
    it.tokens(3);
    it.control('x');
    it.control('e');
    it.tokens(5);
    assert_eq!(it.app.context.text.document.drawn(), 8);
    it.settle();
    it.send(Msg::Edited(Ok("for later".into())));
    assert_eq!((it.app.context.input.text(), it.app.context.text.document.drawn()), ("for later", 40));
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
}

#[test]
fn the_text_from_the_cursor_on_is_edited_and_becomes_a_branch() {
    let mut it = drawn(SIZE);
    let before = it.text();
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('w'));
    it.key(KeyCode::Char('E'));
    let rest = before.strip_prefix("Once").unwrap();
    assert_eq!(it.effects.last(), Some(&Effect::Edit(rest.to_owned())));
    it.send(Msg::Edited(Ok(rest.to_owned())));
    assert!(it.screen().contains("Nothing was changed"), "{}", it.screen());
    assert_eq!(it.text(), before);
    it.key(KeyCode::Char('E'));
    it.send(Msg::Edited(Ok(" more, a king.\nHe".into())));
    it.settle();
    assert_eq!(it.text(), "Once more, a king.\nHe");
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
    it.key(KeyCode::Char('u'));
    assert_eq!(it.text(), before, "the old text is a branch");
    // Everything deleted: the text ends there.
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('w'));
    it.key(KeyCode::Char('E'));
    it.send(Msg::Edited(Ok(String::new())));
    assert_eq!(it.text(), "Once");
    // From the palette, wherever the focus is.
    it.control('p');
    it.write("edit-in-editor");
    it.key(KeyCode::Enter);
    assert!(matches!(it.effects.last(), Some(Effect::Edit(_))));
}

#[test]
fn text_is_not_taken_to_the_editor_while_it_grows() {
    let mut it = drawn(SIZE);
    it.key(KeyCode::F(5));
    it.tokens(1);
    it.key(KeyCode::Char('E'));
    assert!(!it.effects.iter().any(|it| matches!(it, Effect::Edit(_))));
    it.stopped();
    it.key(KeyCode::Char('E'));
    assert!(matches!(it.effects.last(), Some(Effect::Edit(_))));
    // It may begin to grow meanwhile, when what was sent waited for a model: then nothing is lost either.
    it.key(KeyCode::F(5));
    it.send(Msg::Edited(Ok("my own words".into())));
    assert_eq!(it.app.context.input.text(), "my own words");
    let id = it.app.context.drawing.running.as_ref().unwrap().id;
    it.send(Msg::Engine(Event::Finished { id, reason: StopReason::Cancelled, cut: None }));
}

fn mouse(it: &mut Harness, kind: MouseEventKind, (column, row): (u16, u16)) {
    it.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

fn click(it: &mut Harness, at: (u16, u16)) {
    mouse(it, MouseEventKind::Down(MouseButton::Left), at);
    mouse(it, MouseEventKind::Up(MouseButton::Left), at);
}

/// Where a text is on the screen.
#[track_caller]
fn place(it: &mut Harness, text: &str) -> (u16, u16) {
    let screen = it.screen();
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let at = line.find(text)?;
        // The harness puts each row in quotes.
        Some(((line[..at].chars().count() - 1) as u16, row as u16))
    });
    found.unwrap_or_else(|| panic!("no {text} on\n{screen}"))
}

#[test]
fn a_click_puts_the_cursor_on_a_token_and_a_second_one_looks_at_it() {
    for size in [SIZE, (40, 12), (120, 40)] {
        let mut it = drawn(size);
        it.key(KeyCode::Esc);
        let at = place(&mut it, "quiet");
        click(&mut it, at);
        assert_eq!((it.app.context.focus, !it.app.layers.is_empty()), (Focus::Text, false));
        let tokens = it.app.context.text.document.tokens();
        assert_eq!(
            megachat::assets::vocabulary().decode(&tokens[it.app.context.text.cursor..=it.app.context.text.cursor]),
            " quiet"
        );
        click(&mut it, (at.0 + 4, at.1));
        assert!(matches!(it.app.layers.top(), Some(Layer::Inspector(_))), "the same token, the second time");
    }
}

#[test]
fn with_the_inspector_open_a_click_beside_it_looks_at_another_token() {
    for size in [SIZE, (120, 40)] {
        let mut it = drawn(size);
        it.key(KeyCode::Char('g'));
        it.key(KeyCode::Enter);
        it.settle();
        let at = place(&mut it, "time");
        click(&mut it, at);
        assert_eq!((it.app.context.text.cursor, !it.app.layers.is_empty()), (3, true));
        assert!(it.screen().contains("token 4 of"), "{}", it.screen());
        // On it, a click means nothing.
        let at = place(&mut it, "token 4 of");
        click(&mut it, at);
        assert_eq!((it.app.context.text.cursor, !it.app.layers.is_empty()), (3, true));
    }
}

#[test]
fn a_drag_selects_and_a_click_ends_the_selection() {
    let mut it = drawn(SIZE);
    let (from, to) = (place(&mut it, "upon"), place(&mut it, "quiet"));
    mouse(&mut it, MouseEventKind::Down(MouseButton::Left), from);
    mouse(&mut it, MouseEventKind::Drag(MouseButton::Left), to);
    mouse(&mut it, MouseEventKind::Up(MouseButton::Left), to);
    assert!(!it.effects.iter().any(|it| matches!(it, Effect::Copy(_))), "only y copies");
    it.key(KeyCode::Char('y'));
    assert_eq!(it.effects.last(), Some(&Effect::Copy(" upon a time, by a quiet".into())));
    mouse(&mut it, MouseEventKind::Down(MouseButton::Left), to);
    mouse(&mut it, MouseEventKind::Drag(MouseButton::Left), from);
    assert!(it.app.context.text.selection().is_some());
    mouse(&mut it, MouseEventKind::Up(MouseButton::Left), from);
    click(&mut it, to);
    assert_eq!((it.app.context.text.selection(), !it.app.layers.is_empty()), (None, false));
}

#[test]
fn a_drag_out_of_the_text_scrolls_it() {
    let mut it = drawn((80, 16));
    it.key(KeyCode::F(5));
    it.settle();
    it.key(KeyCode::F(5));
    it.settle();
    let text = layout(&it.app.context).text;
    let top = it.app.context.text.top_row(text.height.into());
    assert!(top > 3);
    mouse(&mut it, MouseEventKind::Down(MouseButton::Left), (text.x + 3, text.y + 2));
    for _ in 0..3 {
        mouse(&mut it, MouseEventKind::Drag(MouseButton::Left), (text.x + 3, 0));
    }
    assert_eq!(it.app.context.text.top_row(text.height.into()), top - 3);
    let row = it.app.context.text.flow.rows()[top - 3].clone();
    let first = it.app.context.text.selection().unwrap().start;
    assert!(it.app.context.text.flow.start_of(first) <= row.end && it.app.context.text.flow.end_of(first) >= row.start);
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut it = drawn((80, 16));
    it.key(KeyCode::F(5));
    it.settle();
    it.key(KeyCode::F(5));
    it.settle();
    it.key(KeyCode::Esc);
    let text = layout(&it.app.context).text;
    let top = it.app.context.text.top_row(text.height.into());
    mouse(&mut it, MouseEventKind::ScrollUp, (5, 5));
    assert_eq!((it.app.context.text.top_row(text.height.into()), it.app.context.focus), (top - 3, Focus::Input));
    mouse(&mut it, MouseEventKind::ScrollDown, (5, 5));
    assert_eq!(it.app.context.text.scroll, Scroll::Follow);
    // The panel only while it has the focus, and no control is turned.
    let panel = layout(&it.app.context).panel.unwrap();
    let (before, knob) = (it.app.context.settings.clone(), it.app.context.panel.knob);
    mouse(&mut it, MouseEventKind::ScrollDown, (panel.x + 3, panel.y + 3));
    assert_eq!(it.app.context.panel.knob, knob);
    it.app.context.focus = Focus::Panel;
    mouse(&mut it, MouseEventKind::ScrollDown, (panel.x + 3, panel.y + 3));
    assert_eq!((it.app.context.panel.knob, &it.app.context.settings), (knob + 1, &before));
    // The help by lines, lists by entries.
    it.key(KeyCode::F(1));
    mouse(&mut it, MouseEventKind::ScrollDown, (5, 5));
    assert_eq!(it.app.layers.top(), Some(&Layer::Help(Help { top: 3, ..Help::default() })));
    it.key(KeyCode::Esc);
    it.control('p');
    mouse(&mut it, MouseEventKind::ScrollDown, (5, 5));
    let Some(Layer::Palette(palette)) = it.app.layers.top() else { panic!() };
    assert_eq!(palette.chosen, 1);
    it.key(KeyCode::Esc);
    // A comparison's arrows change settings; the wheel must not.
    it.key(KeyCode::F(6));
    it.settle();
    let overlay = it.app.layers.clone();
    mouse(&mut it, MouseEventKind::ScrollUp, (5, 5));
    assert_eq!(it.app.layers, overlay);
    it.key(KeyCode::Esc);
    // In the input by lines, and not on into the history.
    it.app.context.focus = Focus::Input;
    it.send(Msg::Paste("one\ntwo".into()));
    let input = layout(&it.app.context).input;
    for _ in 0..3 {
        mouse(&mut it, MouseEventKind::ScrollUp, (input.x, input.y));
    }
    assert_eq!((it.app.context.input.text(), it.app.context.input.cursor()), ("one\ntwo", 3));
}

#[test]
fn a_click_chooses_a_control_and_puts_the_cursor_of_the_input() {
    for size in [SIZE, (120, 40)] {
        let mut it = drawn(size);
        for name in ["top-p", "min-p"] {
            let panel = layout(&it.app.context).panel.unwrap();
            let screen = it.screen();
            let beside = |line: &str| line.chars().skip(panel.x.into()).collect::<String>();
            let row = screen.lines().skip(panel.y.into()).position(|line| beside(line).contains(name));
            click(&mut it, (panel.x + 4, panel.y + row.unwrap() as u16));
            assert_eq!((it.app.context.focus, KNOBS[it.app.context.panel.knob].name()), (Focus::Panel, name));
        }
        it.app.context.focus = Focus::Input;
        it.send(Msg::Paste("a日本 \u{1b}x words".into()));
        let input = layout(&it.app.context).input;
        for (column, byte) in [(0, 0), (1, 1), (2, 1), (3, 4), (5, 7), (6, 8), (7, 8), (8, 9), (9, 10), (60, 16)] {
            it.app.context.focus = Focus::Text;
            click(&mut it, (input.x + column, input.y));
            assert_eq!((it.app.context.focus, it.app.context.input.cursor()), (Focus::Input, byte), "column {column}");
        }
    }
}

#[test]
fn a_mouse_that_is_left_to_the_terminal_does_nothing() {
    let mut it = ready_with(|start| start.mouse = false);
    it.write("Once upon a time");
    it.key(KeyCode::Enter);
    it.settle();
    let at = place(&mut it, "upon");
    click(&mut it, at);
    assert_eq!(it.app.context.focus, Focus::Input);
}

#[test]
fn no_place_and_no_state_panics_under_the_mouse() {
    use MouseEventKind as M;
    for size in [(80, 24), (40, 12), (29, 7), (3, 2), (1, 1), (0, 0)] {
        let mut it = Harness::ready(SIZE);
        it.write("Once 日本\u{1b}");
        it.key(KeyCode::Enter);
        it.settle();
        it.write("more");
        it.send(Msg::Resize(size.0, size.1));
        for overlay in [None, Some(Layer::Help(Help::default())), Some(Layer::Models(ModelList::default()))] {
            for focus in [Focus::Input, Focus::Text, Focus::Panel] {
                for at in (0..size.1 + 2).flat_map(|y| (0..size.0 + 2).step_by(3).map(move |x| (x, y))) {
                    it.over(overlay.clone());
                    it.app.context.focus = focus;
                    let left = MouseButton::Left;
                    for kind in [M::Down(left), M::Drag(left), M::Up(left), M::ScrollUp, M::ScrollDown] {
                        mouse(&mut it, kind, at);
                        mouse(&mut it, M::Drag(left), (at.1, at.0));
                    }
                }
                it.terminal();
            }
        }
    }
}

#[test]
fn the_new_keys_are_bound_otherwise_by_their_names() {
    let chosen = [("search-history", vec!["Ctrl-S"]), ("edit-in-editor", vec!["F9"]), ("copy", vec!["Ctrl-X y"])];
    let chosen = chosen.map(|(name, keys)| (name.to_owned(), keys.into_iter().map(str::to_owned).collect()));
    let (keymap, problems) = Keymap::with(&chosen.into());
    assert_eq!(problems, [""; 0]);
    let mut it = ready_with(|start| (start.keymap, start.history) = (keymap, vec!["older".into()]));
    it.control('s');
    it.write("old");
    assert!(it.screen().contains("search `old`: older") && it.screen().contains("^S older"), "{}", it.screen());
    it.key(KeyCode::Esc);
    it.key(KeyCode::F(9));
    assert_eq!(it.effects.last(), Some(&Effect::Edit(String::new())));
}

/// What was sent before does not take the place of a piece of the text that is being changed, and a text that was opened is looked at
/// where it ends.
#[test]
fn a_piece_that_is_changed_is_not_lost_to_the_history() {
    let mut it = Harness::ready((80, 24));
    it.write("A dog ran");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('g'));
    it.key(KeyCode::Char('e'));
    let piece = it.app.context.input.text().to_owned();
    assert!(piece.starts_with("A dog ran"), "{piece}");
    assert_eq!(it.app.context.input.cursor(), 0, "the cursor stands where the change is made");
    for key in [KeyCode::Up, KeyCode::Up, KeyCode::Down, KeyCode::Down, KeyCode::Down] {
        it.key(key);
        assert_eq!(it.app.context.input.text(), piece);
    }
    assert_eq!(it.app.context.input.cursor(), piece.len());
    let resumed = it.resumed();
    assert_eq!(resumed.app.context.text.cursor, resumed.app.context.text.document.len());
}
