//! Keys in, state and effects out.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::keymap::Keymap;
use megachat::app::layers::{Layer, help::Help, models::ModelList};
use megachat::app::models::Installed;
use megachat::app::{CHAT_STOP, CHAT_TEMPLATE, Effect, Focus, Msg, Scroll};
use megachat::document::Record;
use megachat::engine::protocol::{Command, Event, StopReason};
use megachat::install::protocol::{self as install, Job};

use crate::support::harness::{Harness, SCRIPT, a_start};

const SIZE: (u16, u16) = (80, 24);

/// The documents on the screen and in the journal are one.
#[track_caller]
fn check_journal(harness: &Harness) {
    assert_eq!(harness.journalled().tokens(), harness.app.context.text.document.tokens());
}

#[test]
fn what_is_sent_is_continued_and_an_empty_enter_goes_on() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.temperature = 0.0;
    it.app.context.settings.repeat_penalty = 1.0;
    it.app.context.settings.max_tokens = 5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.drawn(), 5);
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.drawn(), 10);
    let continuation = it.text().strip_prefix("Once upon a time,").unwrap().to_owned();
    assert!(SCRIPT.contains(&continuation), "{continuation}");
    check_journal(&it);
    let kinds: Vec<bool> = it.records().iter().map(|it| matches!(it, Record::Settings { .. })).collect();
    // Those of the start, and those of this test.
    assert_eq!(kinds.iter().filter(|&&it| it).count(), 2, "unchanged settings are recorded once");
}

#[test]
fn an_empty_document_starts_from_the_mark() {
    let mut it = Harness::ready(SIZE);
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.tokens()[0], 50_256);
    check_journal(&it);
}

#[test]
fn a_temperature_moved_while_text_streams_reaches_the_engine_at_once_and_from_any_focus() {
    let mut it = Harness::ready(SIZE);
    for focus in [Focus::Input, Focus::Text, Focus::Panel] {
        it.app.context.focus = focus;
        it.key(KeyCode::F(5));
        it.tokens(2);
        let before = it.app.context.settings.temperature;
        it.press(KeyCode::Up, KeyModifiers::ALT);
        assert!((it.app.context.settings.temperature - before - 0.05).abs() < 1e-6);
        let told = it.effects.iter().rev().find_map(|effect| match effect {
            Effect::Engine(Command::Settings(settings)) => Some(settings.clone()),
            _ => None,
        });
        assert_eq!(told.as_ref(), Some(&it.app.context.settings), "{focus:?}");
        // The journal learns of it where the engine says that it holds.
        let id = it.app.context.drawing.running.as_ref().unwrap().id;
        it.send(Msg::Engine(Event::Under { id, settings: Box::new(it.app.context.settings.clone()) }));
        assert_eq!(it.journalled().settings(), Some(&it.app.context.settings));
        it.settle();
    }
    check_journal(&it);
}

#[test]
fn candidates_move_with_a_control_and_no_model_runs() {
    let mut it = Harness::ready(SIZE);
    it.screen();
    let asked = |it: &Harness| it.effects.iter().filter(|e| matches!(e, Effect::Engine(_))).count();
    let (before, rows) = (asked(&it), it.app.context.text.next_table().unwrap().rows.clone());
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.screen();
    let after = it.app.context.text.next_table().unwrap().rows.clone();
    assert_eq!(asked(&it), before);
    assert!(after[0].after < rows[0].after, "warmer is flatter");
    assert_eq!(after[0].model, rows[0].model);
}

#[test]
fn ctrl_c_stops_clears_arms_and_quits() {
    let mut it = Harness::ready(SIZE);
    it.write("Hello");
    it.key(KeyCode::Enter);
    it.tokens(3);
    it.write("more");
    it.control('c');
    assert_eq!(it.effects.last(), Some(&Effect::StopEngine));
    // What was in flight is kept, the end is heard, nothing is lost.
    it.tokens(2);
    let id = it.app.context.drawing.running.as_ref().unwrap().id;
    it.pending.clear();
    it.send(Msg::Engine(Event::Finished { id, reason: StopReason::Cancelled, cut: None }));
    it.settle();
    assert_eq!((it.app.context.text.document.drawn(), it.app.context.input.text()), (5, "more"));
    it.control('c');
    assert!(it.app.context.input.is_empty() && !it.quits());
    it.key(KeyCode::Up);
    assert_eq!(it.app.context.input.text(), "more");
    it.control('c');
    it.control('c');
    assert!(!it.quits() && it.app.keyboard.quit_armed.is_some());
    it.wait(2500);
    it.control('c');
    assert!(!it.quits(), "two seconds have passed");
    it.control('c');
    assert!(it.quits());
    check_journal(&it);
}

#[test]
fn tokens_of_a_request_nobody_waits_for_change_nothing() {
    let mut it = Harness::ready(SIZE);
    it.key(KeyCode::Enter);
    it.tokens(1);
    let late = it.pending.clone();
    it.settle();
    let before = it.app.context.text.document.clone();
    for event in late {
        it.send(Msg::Engine(event));
    }
    assert_eq!(it.app.context.text.document, before);
}

#[test]
fn the_view_stays_where_it_was_scrolled_to_and_end_follows_again() {
    let mut it = Harness::ready((80, 16));
    it.app.context.settings.max_tokens = 200;
    it.key(KeyCode::Enter);
    it.tokens(150);
    it.key(KeyCode::PageUp);
    let top = it.app.context.text.top_row(8);
    it.tokens(30);
    assert_eq!(it.app.context.text.top_row(8), top);
    assert!(matches!(it.app.context.text.scroll, Scroll::At { unseen: 30, .. }));
    assert!(it.screen().contains("30 new - End"));
    it.key(KeyCode::End);
    assert_eq!(it.app.context.text.scroll, Scroll::Follow);
    it.settle();
}

#[test]
fn a_new_width_wraps_anew_and_keeps_the_place() {
    let mut it = Harness::ready((80, 16));
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::PageUp);
    let Scroll::At { offset, .. } = it.app.context.text.scroll else { panic!() };
    for width in [40, 120, 61, 1, 80] {
        it.send(Msg::Resize(width, 16));
        it.screen();
        assert!(it.app.context.text.scroll == Scroll::At { offset, unseen: 0 });
    }
}

#[test]
fn chat_is_a_visible_template_with_its_stop_string() {
    let mut it = Harness::ready(SIZE);
    it.control('t');
    assert_eq!(it.text(), CHAT_TEMPLATE);
    assert!(it.app.context.settings.stop.contains(&CHAT_STOP.to_owned()));
    it.write("Hi!");
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.text().starts_with(&format!("{CHAT_TEMPLATE}User: Hi!\nBot:")), "{}", it.text());
    it.control('t');
    assert!(!it.app.context.chat && it.app.context.settings.stop.is_empty());
    check_journal(&it);
}

#[test]
fn a_stop_string_is_taken_out_of_the_text_and_its_tokens_stay_in_the_tree() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.temperature = 0.0;
    it.app.context.settings.repeat_penalty = 1.0;
    it.app.context.settings.stop = vec!["brown be".into()];
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.text().ends_with(" small "), "{:?}", it.text());
    assert!((it.app.context.text.document.next_node() as usize) > it.app.context.text.document.len());
    assert!(it.app.context.text.cursor <= it.app.context.text.document.len(), "the cursor is in the text that is left");
    check_journal(&it);
}

#[test]
fn a_text_that_is_too_long_comes_back_to_the_input() {
    let mut it = Harness::ready(SIZE);
    let long = "many words ".repeat(400);
    it.send(Msg::Paste(long.clone()));
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.app.context.text.document.is_empty());
    assert_eq!(it.app.context.input.text(), long);
    assert!(it.app.context.outbox.notice.as_ref().unwrap().text.contains("the context holds 512"));
}

#[test]
fn the_first_run_asks_once_and_each_answer_does_what_it_says() {
    let ask = || {
        let mut start = a_start(SIZE);
        start.ask = true;
        Harness::begin(start)
    };
    let mut it = ask();
    assert!(it.is_first_run());
    assert!(it.effects.contains(&Effect::Install(Job::Demo)), "the demo is made ready meanwhile");
    it.key(KeyCode::Enter);
    assert!(!it.is_first_run() && it.effects.contains(&Effect::Install(Job::Megatron345m)));

    let mut it = ask();
    it.key(KeyCode::Char('n'));
    assert!(!it.is_first_run() && it.effects.contains(&Effect::RememberDemoOnly(true)));
    assert!(!it.effects.contains(&Effect::Install(Job::Megatron345m)));

    let mut it = ask();
    it.key(KeyCode::Char('i'));
    it.write("checkpoints/n.zip");
    it.key(KeyCode::Enter);
    assert!(!it.is_first_run() && it.effects.contains(&Effect::Open("checkpoints/n.zip".into())));
}

#[test]
fn the_first_question_offers_what_is_installed_before_a_download() {
    let ask = |names: &[&str]| {
        let mut start = a_start(SIZE);
        start.ask = true;
        let installed = |name: &&str| Installed {
            name: (*name).to_owned(),
            directory: format!("/models/{name}").into(),
            bytes: 1_200_000_000,
        };
        start.installed = names.iter().map(installed).collect();
        Harness::begin(start)
    };
    let remembers = |it: &Harness, name: &str| it.effects.contains(&Effect::RememberModel(name.to_owned()));
    // While the demo is still made ready, and after it.
    for demo_first in [false, true] {
        let mut it = ask(&["mine"]);
        assert!(it.screen().contains("Enter start with mine, which is installed (1.2 GB)"), "{}", it.screen());
        if demo_first {
            it.install_demo();
            it.settle();
        }
        it.key(KeyCode::Enter);
        assert!(!it.is_first_run() && remembers(&it, "mine"));
        if !demo_first {
            it.install_demo();
        }
        it.settle();
        assert_eq!(it.app.context.card().unwrap().name, "mine");
        assert!(!it.screen().contains("demo is ready"), "what was not asked for is no news\n{}", it.screen());
        assert_eq!(it.app.context.models.offered.as_ref().map(|it| &it.name[..]), Some("demo"));
    }
    let mut it = ask(&["one", "two", "three", "four", "five"]);
    assert!(it.screen().contains("2 more models are installed"), "{}", it.screen());
    it.key(KeyCode::Char('2'));
    it.settle();
    assert!(remembers(&it, "two") && it.app.context.card().unwrap().name == "two");
    // The other answers are there as ever.
    for (key, effect) in [('d', Effect::Install(Job::Megatron345m)), ('n', Effect::RememberDemoOnly(true))] {
        let mut it = ask(&["one"]);
        it.key(KeyCode::Char('4'));
        assert!(it.is_first_run(), "there is no fourth");
        it.key(KeyCode::Char(key));
        assert!(!it.is_first_run() && it.effects.contains(&effect), "{key}");
    }
    let mut it = ask(&["one"]);
    it.key(KeyCode::Char('i'));
    it.write("n.zip");
    it.key(KeyCode::Enter);
    assert!(it.effects.contains(&Effect::Open("n.zip".into())));
}

#[test]
fn what_is_installed_meanwhile_starts_next() {
    let mut it = Harness::ready(SIZE);
    assert!(!it.effects.iter().any(|it| matches!(it, Effect::RememberModel(_))), "the demo is nobody's choice");
    let ready = install::Ready {
        name: "mine".into(),
        directory: "/models/mine".into(),
        format: String::new(),
        notes: Vec::new(),
        verified: true,
        parameters: 1,
    };
    it.send(Msg::Install(install::Event::Ready(ready)));
    assert!(it.effects.contains(&Effect::RememberModel("mine".to_owned())));
}

#[test]
fn a_model_that_becomes_ready_interrupts_nothing_and_is_switched_to_by_key() {
    let mut it = Harness::ready(SIZE);
    it.write("Once");
    it.key(KeyCode::Enter);
    it.tokens(4);
    let ready = install::Ready {
        name: "megatron-345m".into(),
        directory: "/models/megatron-345m".into(),
        format: String::new(),
        notes: Vec::new(),
        verified: true,
        parameters: 354_823_168,
    };
    it.send(Msg::Install(install::Event::Ready(ready)));
    assert_eq!(it.app.context.card().unwrap().name, "demo");
    it.settle();
    assert!(it.screen().contains("megatron-345m ready: F3"));
    it.key(KeyCode::F(3));
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.card().unwrap().name, "megatron-345m");
    assert!(it.text().starts_with("Once"), "the text stays");
    it.key(KeyCode::Enter);
    it.settle();
    let records = it.records();
    let models = records.iter().filter_map(|it| match it {
        Record::Model { name, .. } => Some(name.as_str()),
        _ => None,
    });
    assert_eq!(models.collect::<Vec<_>>(), ["demo", "megatron-345m"]);
    check_journal(&it);
}

#[test]
fn when_no_source_has_it_everything_that_was_tried_is_on_the_screen() {
    let mut it = Harness::ready(SIZE);
    let answers =
        vec![("NVIDIA NGC, zip".to_owned(), "410 Gone".to_owned()), ("hub".to_owned(), "404 Not Found".to_owned())];
    let failure = install::Failure::NoSource { answers };
    it.send(Msg::Install(install::Event::Failed { name: "megatron-345m".into(), failure }));
    assert_eq!(it.app.layers.top(), Some(&Layer::Models(ModelList::default())));
    let screen = it.screen();
    for says in ["410 Gone", "404 Not Found", "megachat model import FILE"] {
        assert!(screen.contains(says), "{says}\n{screen}");
    }
}

#[test]
fn no_size_and_no_state_panics() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 300;
    it.write("Once\u{1b}[31m");
    it.key(KeyCode::Enter);
    it.settle();
    for overlay in
        [None, Some(Layer::Help(Help { top: 3, ..Help::default() })), Some(Layer::Models(ModelList::default()))]
    {
        it.over(overlay);
        for focus in [Focus::Input, Focus::Text, Focus::Panel] {
            it.app.context.focus = focus;
            for width in 0..40 {
                for height in 0..30 {
                    it.send(Msg::Resize(width, height));
                    it.terminal();
                }
            }
        }
    }
    let mut start = a_start((0, 0));
    start.ask = true;
    let mut it = Harness::begin(start);
    for width in 0..40 {
        for height in 0..30 {
            it.send(Msg::Resize(width, height));
            it.terminal();
        }
    }
}

#[test]
fn typed_values_are_set_or_refused_with_a_reason() {
    let mut it = Harness::ready(SIZE);
    // A blank page is no text to go to.
    it.key(KeyCode::Tab);
    assert_eq!(it.app.context.focus, Focus::Panel);
    it.write("1.5");
    it.key(KeyCode::Enter);
    assert!((it.app.context.settings.temperature - 1.5).abs() < 1e-6);
    it.write("-3");
    it.key(KeyCode::Enter);
    assert!(it.app.context.outbox.notice.as_ref().unwrap().text.contains("between 0 and 100"));
    assert!((it.app.context.settings.temperature - 1.5).abs() < 1e-6);
    // What was refused is still there; it is left first.
    it.key(KeyCode::Esc);
    it.key(KeyCode::Backspace);
    assert!((it.app.context.settings.temperature - 1.0).abs() < 1e-6);
}

#[test]
fn a_huge_paste_is_taken_and_drawn() {
    let mut it = Harness::ready(SIZE);
    it.send(Msg::Paste("x\u{1b}]52;c;AAAA\u{7} é\r\n".repeat(60_000)));
    assert!(it.app.context.input.text().len() > 1_000_000);
    let screen = it.screen();
    assert!(screen.contains("^[]52;c;AAAA^G"), "{screen}");
}

#[test]
fn a_chat_turn_that_does_not_fit_comes_back_as_it_was_written() {
    let mut it = Harness::ready(SIZE);
    it.control('t');
    let long = "many words ".repeat(400);
    it.send(Msg::Paste(long.clone()));
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.input.text(), long);
}

#[test]
fn what_is_sent_before_the_model_is_ready_is_sent_once_it_is() {
    let mut it = Harness::begin(a_start(SIZE));
    it.write("Once upon a time");
    it.key(KeyCode::Enter);
    assert_eq!(it.app.context.input.text(), "Once upon a time");
    it.install_demo();
    it.settle();
    assert!(it.text().starts_with("Once upon a time") && it.app.context.text.document.drawn() > 0);
    assert!(it.app.context.input.is_empty());
}

#[test]
fn a_transcript_that_is_not_saved_is_not_left() {
    use megachat::app::context::Saved;
    use megachat::store::protocol::Event as Store;
    let mut it = Harness::ready(SIZE);
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    it.send(Msg::Store(Store::Failed { path: "/full".into(), why: "no space left on device".into(), waiting: 3 }));
    assert!(it.screen().contains("NOT SAVED"));
    let before = it.text();
    it.control('n');
    assert_eq!(it.text(), before);
    let records = it.records().len() as u64;
    it.send(Msg::Store(Store::Saved { path: "/full".into(), records }));
    assert_eq!(it.app.context.journal.saved, Saved::Yes);
    it.control('n');
    assert!(it.app.context.text.document.is_empty());
}

#[test]
fn a_path_that_is_wrong_is_mended_where_it_was_written() {
    let mut it = Harness::ready(SIZE);
    it.key(KeyCode::F(3));
    it.key(KeyCode::Char('i'));
    it.write("nope.zip");
    it.key(KeyCode::Enter);
    let failure = install::Failure::Convert { why: "cannot read nope.zip: no such file".into() };
    it.send(Msg::Install(install::Event::Failed { name: "nope".into(), failure }));
    let screen = it.screen();
    assert!(screen.contains("> nope.zip") && screen.contains("Cannot read nope.zip"), "{screen}");
    it.write("x");
    assert!(it.screen().contains("> nope.zipx"));
}

#[test]
fn without_a_demo_nothing_is_promised() {
    let mut it = Harness::begin(a_start(SIZE));
    let failure = install::Failure::Convert { why: "read-only file system".into() };
    it.send(Msg::Install(install::Event::Failed { name: "demo".into(), failure }));
    assert!(it.screen().contains("Read-only file system"), "{}", it.screen());
    it.key(KeyCode::Esc);
    assert!(it.screen().contains("There is no model. F3 says why"), "{}", it.screen());
}

#[test]
fn chosen_keys_hold_everywhere_and_the_screen_names_them() {
    let mut start = a_start(SIZE);
    let chosen = [("help", vec!["F9"]), ("models", vec!["Ctrl-X m"]), ("chat", vec![])];
    let chosen = chosen.map(|(name, keys)| (name.to_owned(), keys.into_iter().map(str::to_owned).collect()));
    let problems;
    (start.keymap, problems) = Keymap::with(&chosen.into());
    assert_eq!(problems, [""; 0]);
    let mut it = Harness::begin(start);
    it.install_demo();
    it.settle();
    let screen = it.screen();
    assert!(screen.contains("F9 help") && !screen.contains("F1 ") && !screen.contains("^T"), "{screen}");
    it.key(KeyCode::F(9));
    let screen = it.screen();
    assert!(screen.contains("Ctrl-X m") && !screen.contains("F3 ") && !screen.contains("template"), "{screen}");
    it.key(KeyCode::F(9));
    it.control('x');
    assert!(it.screen().contains("Ctrl-X ..."), "{}", it.screen());
    it.key(KeyCode::Char('m'));
    assert_eq!(it.app.layers.top(), Some(&Layer::Models(ModelList::default())));
    it.key(KeyCode::Esc);
    it.control('x');
    it.write("abc");
    assert_eq!((it.app.context.input.text(), it.app.layers.top()), ("abc", None));
}
