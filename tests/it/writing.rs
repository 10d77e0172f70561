//! What a writer expects of the keys: text is added, words stay words, the temperature is at hand, a full context is no end.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::keymap::Action;
use megachat::app::layers::Layer;
use megachat::app::text::Under;
use megachat::app::{Effect, Focus, Intent, Msg};
use megachat::document::Origin;
use megachat::engine::protocol::{Command, Want};
use megachat::sample::WhenFull;

use crate::support::harness::Harness;

const SIZE: (u16, u16) = (80, 24);

fn written() -> Harness {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 5;
    it.write("Once upon a time, she");
    it.key(KeyCode::Enter);
    it.settle();
    it
}

fn told(it: &Harness) -> String {
    it.app.context.outbox.notice.clone().map(|it| it.text).unwrap_or_default()
}

fn continuations(it: &Harness) -> usize {
    let asks = |it: &&Effect| matches!(it, Effect::Engine(Command::Generate(it)) if it.want == Want::Continuation);
    it.effects.iter().filter(asks).count()
}

#[test]
fn what_is_written_is_added_and_nothing_is_drawn() {
    let mut it = written();
    let (before, asked) = (it.text(), continuations(&it));
    it.write(" And then");
    let footer = it.screen();
    assert!(footer.contains("Alt-A only add"), "{footer}");
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    it.settle();
    assert_eq!((it.text(), continuations(&it)), (format!("{before} And then"), asked));
    assert_eq!((it.app.context.input.text(), it.app.context.focus), ("", Focus::Input));
    let last = it.app.context.text.document.at(it.app.context.text.document.len() - 1).unwrap();
    assert_eq!(last.origin, Origin::Typed);
    assert!(told(&it).contains("nothing is drawn") && told(&it).contains("Alt-U takes it back"), "{}", told(&it));
    assert_eq!(it.journalled().tokens(), it.app.context.text.document.tokens());
    // The bars are those of what comes after it; undo is one step; it is in the history.
    assert!(it.app.context.text.knows_next());
    it.press(KeyCode::Char('u'), KeyModifiers::ALT);
    assert_eq!(it.text(), before);
    it.key(KeyCode::Up);
    assert_eq!(it.app.context.input.text(), " And then");
    // A blank page is begun so, too; without words there is nothing to add; and what streams is not disturbed.
    let mut it = Harness::ready(SIZE);
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    assert!(told(&it).contains("Nothing is written"), "{}", told(&it));
    it.write("Once");
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    it.settle();
    assert_eq!((it.text().as_str(), continuations(&it)), ("Once", 0));
    it.key(KeyCode::F(5));
    it.tokens(1);
    it.write(" more");
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    assert!(told(&it).contains("Still writing") && it.app.context.input.text() == " more", "{}", told(&it));
    // A chat's turn is added as it is written.
    it.settle();
    it.app.context.chat = true;
    let before = it.text();
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    assert_eq!(it.text(), format!("{before} more"));
}

#[test]
fn a_word_that_would_stick_to_the_text_is_told_before_and_when_it_is_sent() {
    let ends_in = |text: &str| {
        let mut it = Harness::ready(SIZE);
        it.write(text);
        it.press(KeyCode::Char('a'), KeyModifiers::ALT);
        it.settle();
        it
    };
    for (text, written, word) in [
        ("and she", "But then", Some("sheBut")),
        ("in 19", "84 he", Some("1984")),
        ("naïv", "été", Some("naïvété")),
        ("and she", " But", None),
        ("and she.", "But", None),
        ("and she", ", but", None),
        ("and she\n", "But", None),
        // Words without spaces between them.
        ("むかし", "むかし", None),
        ("กาล", "ครั้ง", None),
    ] {
        let mut it = ends_in(text);
        it.write(written);
        let screen = it.screen();
        assert_eq!(screen.contains("goes on as \""), word.is_some(), "{text}{written}: {screen}");
        it.key(KeyCode::Enter);
        let told = told(&it);
        let wanted = word.map(|it| format!("It goes on as \"{it}\": begin with a space to begin a word."));
        assert_eq!(told.contains("goes on as"), wanted.is_some(), "{told}");
        assert!(wanted.is_none_or(|it| told.contains(&it)), "{told}");
        assert!(it.app.context.drawing.running.is_some(), "it is sent all the same");
    }
    // Not in a chat, which puts a line's end before it; added words stick, too; and a small window has the word in its title.
    let mut it = ends_in("and she");
    it.write("But");
    it.press(KeyCode::Char('a'), KeyModifiers::ALT);
    assert!(told(&it).contains("\"sheBut\""), "{}", told(&it));
    it.app.context.chat = true;
    it.write("Hi");
    assert!(!it.screen().contains("goes on as"));
    it.app.context.chat = false;
    it.send(Msg::Resize(40, 12));
    assert!(it.screen().contains("goes on as \"sheButHi\""), "{}", it.screen());
}

#[test]
fn a_full_context_says_what_can_be_done_each_time() {
    let mut it = Harness::ready(SIZE);
    it.app.context.drawing.loops_allowed = true;
    it.app.context.settings.max_tokens = 0;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.len(), 512);
    for _ in 0..2 {
        for part in ["The context is full (512 tokens)", "Ctrl-P, then when-full slide", "Ctrl-N", "Tab, then t,"] {
            assert!(told(&it).contains(part), "{part}: {}", told(&it));
        }
        it.key(KeyCode::Esc);
        assert_eq!(told(&it), "");
        it.key(KeyCode::Enter);
        it.settle();
    }
    // So do words that do not fit, which come back.
    it.write(" and");
    it.key(KeyCode::Enter);
    it.settle();
    assert!(told(&it).contains("when-full slide") && it.app.context.input.text() == " and", "{}", told(&it));
    // What is said works.
    it.control('p');
    it.write("when-full slide");
    it.key(KeyCode::Enter);
    assert_eq!(it.app.context.settings.when_full, WhenFull::Slide);
    it.app.context.settings.max_tokens = 5;
    it.key(KeyCode::Enter);
    it.settle();
    assert!(it.app.context.text.document.len() > 512);
}

#[test]
fn the_temperature_is_turned_in_every_layer() {
    let open = [
        Intent::Act(Action::Help),
        Intent::Act(Action::Models),
        Intent::Act(Action::Palette),
        Intent::Act(Action::FindToken),
        Intent::Act(Action::Score),
        Intent::Act(Action::Tree),
        Intent::Act(Action::Inspect),
        Intent::Act(Action::Futures),
    ];
    for intent in open {
        let mut it = written();
        let before = it.app.context.settings.temperature;
        it.send(Msg::Intent(intent.clone()));
        it.settle();
        let layer = it.app.layers.top().map(std::mem::discriminant);
        it.press(KeyCode::Up, KeyModifiers::ALT);
        it.press(KeyCode::Up, KeyModifiers::ALT);
        it.press(KeyCode::Down, KeyModifiers::ALT);
        assert!((it.app.context.settings.temperature - before - 0.05).abs() < 1e-6, "{intent:?}");
        assert_eq!(it.app.layers.top().map(std::mem::discriminant), layer);
        // Nobody has to guess what it is now.
        it.settle();
        while it.app.prepare() {}
        assert!(it.screen().contains("0.75"), "{intent:?}: {}", it.screen());
        let top_p = it.app.context.settings.top_p;
        it.press(KeyCode::Left, KeyModifiers::ALT);
        assert!(it.app.context.settings.top_p < top_p, "{intent:?}");
    }
    // In a line that is written the letters stay letters, and a comparison has the temperatures of its columns.
    let mut it = written();
    it.key(KeyCode::F(6));
    it.settle();
    it.press(KeyCode::Up, KeyModifiers::ALT);
    let Some(Layer::Columns(columns)) = it.app.layers.top() else { panic!() };
    assert!((columns.columns[0].settings.temperature - 0.75).abs() < 1e-6);
    assert!((it.app.context.settings.temperature - 0.7).abs() < 1e-6);
}

#[test]
fn what_is_found_and_the_futures_follow_the_temperature() {
    let mut it = written();
    it.send(Msg::Intent(Intent::Act(Action::FindToken)));
    it.write("the");
    it.screen();
    let first = |it: &Harness| {
        let Some(Layer::Find(find)) = it.app.layers.top() else { panic!() };
        find.found[0].scores.unwrap().0
    };
    let before = first(&it);
    for _ in 0..20 {
        it.press(KeyCode::Up, KeyModifiers::ALT);
    }
    let screen = it.screen();
    assert!(screen.contains("with temp 1.7"), "{screen}");
    assert_eq!(first(&it).model, before.model);
    assert_ne!(first(&it).after, before.after);
    let mut it = written();
    it.key(KeyCode::F(8));
    it.settle();
    let columns = |it: &Harness| {
        let Some(Layer::Columns(columns)) = it.app.layers.top() else { panic!() };
        columns.columns.clone()
    };
    let before = columns(&it);
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.settle();
    let after = columns(&it);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.settings.seed, after.settings.seed, "the same dice");
        assert!((after.settings.temperature - before.settings.temperature - 0.05).abs() < 1e-6);
        assert!(!after.draws.is_empty());
    }
}

#[test]
fn a_drawn_token_is_looked_at_as_it_was_drawn_or_under_the_settings_of_now() {
    let mut it = written();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Left);
    it.key(KeyCode::Enter);
    it.settle();
    while it.app.prepare() {}
    let then = it.app.context.text.inspection.clone().unwrap();
    assert_eq!(then.under, Under::Then);
    let screen = it.screen();
    assert!(screen.contains("as it was drawn") && !screen.contains("n shows it"), "{screen}");
    for _ in 0..6 {
        it.press(KeyCode::Up, KeyModifiers::ALT);
    }
    while it.app.prepare() {}
    let now = it.app.context.text.inspection.clone().unwrap();
    assert_eq!((now.under, now.token, now.position), (Under::Now, then.token, then.position));
    assert_eq!((now.die.to_bits(), now.score), (then.die.to_bits(), then.score), "the die fell, and the model said it");
    assert_eq!(now.settings(), &it.app.context.settings);
    assert_ne!(now.after, then.after);
    assert_ne!(now.trace, then.trace);
    let likeliest = |rows: &[megachat::sample::Row]| rows.iter().filter_map(|it| it.after).fold(0.0, f32::max);
    assert!(likeliest(&now.rows) < likeliest(&then.rows), "warmer is flatter");
    let screen = it.screen();
    assert!(screen.contains("under the settings of now") && screen.contains("temp 0.7, now 1"), "{screen}");
    // n changes between the two, and another token is looked at in the same way.
    it.key(KeyCode::Char('n'));
    while it.app.prepare() {}
    let again = it.app.context.text.inspection.clone().unwrap();
    assert_eq!((again.under, again.after, &again.rows), (Under::Then, then.after, &then.rows));
    assert_eq!(again.flips, then.flips);
    assert!(it.screen().contains("n shows it under the settings of now: temp 0.7, now 1"), "{}", it.screen());
    it.key(KeyCode::Char('n'));
    it.key(KeyCode::Left);
    it.settle();
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.inspection.as_ref().unwrap().under, Under::Now);
    // What is opened anew is looked at as it was drawn.
    it.key(KeyCode::Esc);
    it.key(KeyCode::Enter);
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.inspection.as_ref().unwrap().under, Under::Then);
    // The token to come has no settings but those of now.
    it.key(KeyCode::End);
    while it.app.prepare() {}
    assert_eq!(it.app.context.text.inspection.as_ref().unwrap().under, Under::Now);
}

#[test]
fn the_flip_points_of_a_drawn_token_are_those_of_the_settings_it_is_looked_at_under() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 30;
    it.app.context.settings.temperature = 1.5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it.key(KeyCode::Tab);
    it.key(KeyCode::Left);
    it.key(KeyCode::Enter);
    it.settle();
    let mut differ = 0;
    for _ in 0..10 {
        while it.app.prepare() {}
        let then = it.app.context.text.inspection.clone().unwrap();
        for _ in 0..10 {
            it.press(KeyCode::Down, KeyModifiers::ALT);
        }
        while it.app.prepare() {}
        let now = it.app.context.text.inspection.clone().unwrap();
        // What the die picks now is what it would draw: the token itself or another one.
        let would = if now.picked == now.token { "would draw" } else { "would draw \"" };
        assert!(it.screen().contains(would), "{}", it.screen());
        differ += usize::from(now.flips != then.flips);
        for _ in 0..10 {
            it.press(KeyCode::Up, KeyModifiers::ALT);
        }
        it.key(KeyCode::Char('n'));
        it.key(KeyCode::Left);
        it.settle();
    }
    assert!(differ > 0, "somewhere the border is another one");
}

#[test]
fn quit_by_its_name_quits_whatever_is_written() {
    let mut it = Harness::ready(SIZE);
    it.write("a draft");
    it.control('p');
    it.write("exit");
    assert!(it.screen().contains("quit-or-delete (exit)"), "{}", it.screen());
    it.key(KeyCode::Enter);
    assert!(it.quits());
    let kept = it
        .effects
        .iter()
        .any(|it| matches!(it, Effect::Store(megachat::store::protocol::Job::Remember(text)) if text == "a draft"));
    assert!(kept, "it is there at the next start");
}

#[test]
fn what_is_no_command_is_told_by_the_palette() {
    for (word, says) in [
        ("save", "saved"),
        ("speed", "tokens a second"),
        ("theme", "--theme dark"),
        ("version", env!("CARGO_PKG_VERSION")),
    ] {
        let mut it = written();
        it.control('p');
        it.write(word);
        it.key(KeyCode::Enter);
        assert!(it.app.layers.is_empty() && told(&it).contains(says), "{word}: {}", told(&it));
    }
    let mut it = written();
    it.key(KeyCode::F(2));
    it.control('p');
    it.write("settings");
    it.key(KeyCode::Enter);
    assert_eq!((it.app.context.focus, it.app.context.panel.is_shown), (Focus::Panel, true));
}

#[test]
fn the_help_explains_the_short_words_of_the_screen_it_is_asked_for_on() {
    for (key, word) in [
        (KeyCode::F(6), "bits a token"),
        (KeyCode::F(8), "mean probability"),
        (KeyCode::F(7), "marked token"),
        (KeyCode::Enter, "minus the logarithm"),
        (KeyCode::Char('s'), "perplexity"),
        (KeyCode::Char('F'), "likeliest"),
    ] {
        let mut it = written();
        it.key(KeyCode::Tab);
        it.key(KeyCode::Left);
        it.key(key);
        it.settle();
        it.key(KeyCode::F(1));
        let screen = it.screen();
        assert!(screen.contains("ON THIS SCREEN") && screen.contains(word), "{key:?}: {screen}");
    }
    let mut it = written();
    it.key(KeyCode::F(1));
    it.write("/context");
    assert!(it.screen().contains("ctx 40/512"), "{}", it.screen());
}
