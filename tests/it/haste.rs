//! What is pressed before the library has answered means what will be there, never what happens to be there still.

use crossterm::event::{KeyCode, KeyModifiers};
use megachat::app::{Effect, Msg};
use megachat::store::protocol::{Event, Hit, Job, LibraryEvent, LibraryJob};

use crate::support::harness::Harness;
use crate::support::moments;

/// Which texts were asked to be opened.
fn opened(it: &Harness) -> Vec<&str> {
    let of = |effect| if let &Effect::Store(Job::Open(ref id)) = effect { Some(id.as_str()) } else { None };
    it.effects.iter().filter_map(of).collect()
}

fn listed(it: &mut Harness, words: &str, hits: &[Hit]) {
    told(it, words, hits, true);
}

fn told(it: &mut Harness, words: &str, hits: &[Hit], is_complete: bool) {
    let (words, hits) = (words.to_owned(), hits.to_vec());
    it.send(Msg::Library(LibraryEvent::Listed { words, of: hits.len(), hits, is_complete }));
}

fn hits(it: &Harness) -> Vec<Hit> {
    it.app.layers.library().unwrap().hits.clone()
}

#[test]
fn enter_opens_what_was_looked_for_and_not_what_stands_there_still() {
    let mut it = moments::library((80, 24));
    let all = hits(&it);
    it.write("/boat");
    it.key(KeyCode::Enter);
    assert_eq!(opened(&it), [""; 0], "the answer to other words is no answer");
    // An answer to less than was typed is none either.
    listed(&mut it, "boa", &all);
    assert_eq!(opened(&it), [""; 0]);
    listed(&mut it, "boat", &all[2..3]);
    assert_eq!(opened(&it), [all[2].entry.id.as_str()]);
    assert!(it.app.layers.is_empty());
}

#[test]
fn what_is_pasted_is_looked_for() {
    let mut it = moments::library((80, 24));
    it.write("/");
    it.send(Msg::Paste("boat\nand more".to_owned()));
    assert_eq!(it.effects.last(), Some(&Effect::Library(LibraryJob::List { words: "boat".to_owned() })));
}

#[test]
fn keys_behind_a_text_that_is_being_opened_are_for_that_text() {
    let mut it = moments::library((80, 24));
    it.key(KeyCode::Enter);
    let id = opened(&it)[0].to_owned();
    let (text, focus) = (it.text(), it.app.context.focus);
    it.write("i A new line");
    it.send(Msg::Paste(" and a pasted one".to_owned()));
    it.key(KeyCode::Enter);
    assert_eq!((it.text(), it.app.context.focus), (text.clone(), focus), "nothing is done to the text that is left");
    // It cannot be opened: they are for the one that stays.
    it.send(Msg::Store(Event::NotOpened { id, why: "it is gone".to_owned() }));
    it.settle();
    assert!(it.text().contains(" A new line and a pasted one"), "{}", it.text());
    // Who presses Esc stays, and what was pressed behind is forgotten.
    let mut it = moments::library((80, 24));
    it.key(KeyCode::Enter);
    it.write("i A new line");
    it.key(KeyCode::Esc);
    it.settle();
    assert_eq!(it.text(), text);
    it.press(KeyCode::Char('n'), KeyModifiers::CONTROL);
    assert_eq!(it.text(), "", "and keys are keys again");
}

#[test]
fn a_title_is_for_the_text_that_was_chosen_whatever_comes_meanwhile() {
    let mut it = moments::library((80, 24));
    let mut all = hits(&it);
    let id = all[0].entry.id.clone();
    it.key(KeyCode::Tab);
    it.write("rDawn");
    all.rotate_left(1);
    listed(&mut it, "", &all);
    it.key(KeyCode::Enter);
    let last = it.effects.iter().rev().find_map(|it| if let Effect::Library(it) = it { Some(it) } else { None });
    let Some(LibraryJob::Retitle { id: of, title }) = last else { panic!("{last:?}") };
    assert_eq!(of, &id);
    assert!(title.ends_with("Dawn"), "{title}");
}

#[test]
fn what_was_removed_does_not_come_back_with_an_answer_of_before() {
    let mut it = moments::library((80, 24));
    let all = hits(&it);
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('d'));
    told(&mut it, "", &all, false);
    assert_eq!(hits(&it), all[1..]);
    // It is brought back also when the library was left meanwhile.
    it.key(KeyCode::Esc);
    it.press(KeyCode::Char('o'), KeyModifiers::CONTROL);
    told(&mut it, "", &all, false);
    assert_eq!(hits(&it), all[1..]);
    it.key(KeyCode::Tab);
    it.key(KeyCode::Char('u'));
    let id = all[0].entry.id.clone();
    assert!(it.effects.contains(&Effect::Library(LibraryJob::Restore { id })));
    told(&mut it, "", &all, false);
    assert_eq!(hits(&it), all);
    it.key(KeyCode::Char('u'));
    assert!(it.screen().contains("Nothing was removed since the program began"), "{}", it.screen());
}

#[test]
fn a_library_that_cannot_be_told_says_so_once_and_holds_no_keys() {
    let mut it = moments::library((80, 24));
    it.write("/boat");
    it.key(KeyCode::Enter);
    let asked = it.effects.len();
    it.send(Msg::Library(LibraryEvent::NotListed { words: "boat".to_owned(), why: "the index failed".to_owned() }));
    assert_eq!(it.effects.len(), asked, "it is not asked again and again");
    assert!(it.screen().contains("The texts cannot be told: the index failed."), "{}", it.screen());
    assert_eq!(opened(&it), [""; 0]);
    it.key(KeyCode::Esc);
    it.key(KeyCode::Esc);
    assert!(it.app.layers.is_empty());
}
