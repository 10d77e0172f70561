//! What could come after what is typed and not sent yet.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::{Effect, Msg, next_deadline};
use megachat::assets;
use megachat::engine::protocol::{Command, Want};
use megachat::sample::{Distribution, TokenConstraints};

use crate::support::harness::Harness;

const SIZE: (u16, u16) = (120, 40);
/// Longer than the pause that nobody must press a key in, in milliseconds.
const PAUSE: u64 = 400;

fn written() -> Harness {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.max_tokens = 5;
    it.write("Once upon a time,");
    it.key(KeyCode::Enter);
    it.settle();
    it
}

/// What the engine was asked to look ahead at, in text.
fn asked(it: &Harness) -> Vec<String> {
    let path = |it: &Effect| match it {
        Effect::Engine(Command::Generate(request)) if request.want == Want::Scores && request.typed => {
            Some(assets::vocabulary().decode(&request.path))
        }
        _ => None,
    };
    it.effects.iter().filter_map(path).collect()
}

#[test]
fn what_could_come_after_what_is_typed_is_shown_after_a_pause_and_nothing_is_recorded() {
    let mut it = written();
    let (text, records) = (it.text(), it.records().len());
    let before = it.app.context.text.next.clone();
    it.write(" The dragon");
    assert!(it.screen().contains("after your words"), "{}", it.screen());
    assert_eq!(asked(&it), [""; 0], "not between two letters");
    // Time alone leads to it, and once is enough.
    let due = next_deadline(&it.app).expect("something is due");
    it.wait(PAUSE);
    assert_eq!(asked(&it), [format!("{text} The dragon")]);
    assert!(next_deadline(&it.app).is_none_or(|it| it > due));
    it.wait(PAUSE);
    assert_eq!(asked(&it).len(), 1);
    it.settle();
    it.app.prepare();
    let ahead = it.app.context.text.ahead.clone().expect("the scores came");
    assert_eq!(ahead.table.as_ref().unwrap().rows.len(), 48);
    assert!(it.screen().contains("after your words"), "{}", it.screen());
    // They are those of the whole text, under the settings of now.
    let mut tokens = it.app.context.text.document.tokens();
    tokens.extend(assets::vocabulary().encode(" The dragon").unwrap().tokens);
    let constraints = TokenConstraints::of(&it.app.context.settings, &assets::vocabulary());
    let context = megachat::sample::Context::new(&tokens, &constraints);
    let mut wanted = Distribution::new(&ahead.logits, &context, &it.app.context.settings).unwrap();
    assert_eq!(ahead.table.as_ref().unwrap().rows[0], wanted.rows(&ahead.logits, 1)[0]);
    // The text, its scores and the journal know nothing of it.
    let now = &it.app.context.text;
    assert_eq!((it.text(), it.records().len()), (text.clone(), records));
    assert_eq!(now.next.as_ref().map(|it| (it.after, it.logits.clone())), before.map(|it| (it.after, it.logits)));
    // The temperature moves them without the model.
    let warm = ahead.table.unwrap().entropy;
    it.press(KeyCode::Up, KeyModifiers::ALT);
    it.app.prepare();
    assert!(it.app.context.text.ahead.as_ref().unwrap().table.as_ref().unwrap().entropy > warm);
    it.wait(PAUSE);
    assert_eq!(asked(&it).len(), 1);
    // Sent, it is part of the text, and the bars are those of its end.
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.ahead, None);
    assert!(it.text().starts_with(&format!("{text} The dragon")) && !it.screen().contains("after your words"));
}

#[test]
fn the_next_key_breaks_it_off_and_what_is_typed_then_is_read() {
    let mut it = written();
    it.write(" The");
    it.wait(PAUSE);
    let late = it.pending.clone();
    it.pending.clear();
    it.write(" k");
    assert_eq!(it.effects.iter().filter(|it| **it == Effect::StopEngine).count(), 1);
    // What was on its way changes nothing.
    for event in late {
        it.send(Msg::Engine(event));
    }
    assert_eq!(it.app.context.text.ahead, None);
    it.wait(PAUSE);
    it.settle();
    assert!(asked(&it).last().unwrap().ends_with(" The k"));
    assert!(it.app.context.text.ahead.is_some());
    // Nothing typed: the bars of the text's end are there again.
    it.control('c');
    assert_eq!(it.app.context.text.ahead, None);
    assert!(it.screen().contains("next token") && !it.screen().contains("after your words"));
}

#[test]
fn a_space_at_the_end_is_healed_as_it_is_when_it_is_sent() {
    let mut it = written();
    it.write(" The dragon ");
    it.wait(PAUSE);
    assert!(asked(&it).last().unwrap().ends_with(" The dragon"));
    it.settle();
    it.app.prepare();
    let table = it.app.context.text.ahead.clone().unwrap().table.unwrap();
    let picked = table.picked.token;
    let begins = |token| assets::vocabulary().bytes(token).starts_with(b" ");
    assert!(begins(picked) && table.rows.iter().filter(|it| it.after.is_some()).all(|it| begins(it.token)));
    // The die that is shown is the one that falls.
    it.app.context.settings.max_tokens = 1;
    let at = it.app.context.text.document.len() + 2;
    it.key(KeyCode::Enter);
    it.settle();
    assert_eq!(it.app.context.text.document.at(at).unwrap().token, picked);
}

#[test]
fn nothing_is_asked_while_text_streams_under_a_layer_or_where_nobody_sees_it() {
    let mut it = written();
    it.key(KeyCode::F(5));
    it.tokens(1);
    it.write(" The");
    it.wait(PAUSE);
    assert_eq!(asked(&it), [""; 0]);
    it.settle();
    // As soon as the model is free, it is.
    it.wait(PAUSE);
    assert_eq!(asked(&it).len(), 1);
    it.settle();
    for (size, hide) in [((40, 12), false), (SIZE, true)] {
        let mut it = Harness::ready(size);
        if hide {
            it.key(KeyCode::F(2));
        }
        it.write("The");
        it.wait(PAUSE);
        assert_eq!((asked(&it), next_deadline(&it.app)), (Vec::new(), None));
    }
    let mut it = written();
    it.write(" The");
    it.key(KeyCode::F(1));
    it.wait(PAUSE);
    assert_eq!((asked(&it), next_deadline(&it.app)), (Vec::new(), None));
    it.key(KeyCode::Esc);
    it.wait(PAUSE);
    assert_eq!(asked(&it).len(), 1);
}

#[test]
fn a_blank_page_and_a_chat_are_looked_ahead_in_too() {
    let mut it = Harness::ready(SIZE);
    it.write("Once upon");
    it.wait(PAUSE);
    assert_eq!(asked(&it), ["Once upon"]);
    it.settle();
    assert!(it.app.context.text.ahead.is_some());
    let mut it = Harness::ready(SIZE);
    it.control('t');
    it.settle();
    it.write("Hello");
    it.wait(PAUSE);
    assert!(asked(&it).last().unwrap().ends_with("User: Hello\nBot:"));
}

#[test]
fn what_does_not_fit_the_context_is_no_question_and_no_complaint() {
    let mut it = written();
    it.send(Msg::Paste(" many words".repeat(600)));
    it.wait(PAUSE);
    it.settle();
    assert_eq!((asked(&it), next_deadline(&it.app), it.app.context.outbox.notice.is_none()), (Vec::new(), None, true));
    assert!(it.screen().contains("next token"), "{}", it.screen());
}
