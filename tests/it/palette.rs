//! The palette and the search for a token, from the user's side.

use crossterm::event::KeyCode;
use megachat::app::layers::{Layer, models::ModelList};
use megachat::app::{Effect, Focus};
use megachat::engine::protocol::Command;

use crate::support::harness::Harness;

const SIZE: (u16, u16) = (80, 24);

#[test]
fn an_action_is_found_by_some_letters_and_done() {
    let mut it = Harness::ready(SIZE);
    it.write("Once");
    it.key(KeyCode::Enter);
    it.settle();
    let before = it.app.context.text.document.drawn();
    it.control('p');
    it.write("conti");
    assert!(it.screen().contains("> continue"));
    it.key(KeyCode::Enter);
    assert_eq!(it.app.layers.top(), None);
    it.settle();
    assert!(it.app.context.text.document.drawn() > before);
    // It works over a screen where text is written, and what was being written stays.
    it.write("a draft");
    it.control('p');
    it.write("models");
    it.key(KeyCode::Enter);
    assert_eq!(
        (it.app.layers.top(), it.app.context.input.text()),
        (Some(&Layer::Models(ModelList::default())), "a draft")
    );
}

#[test]
fn a_control_is_set_by_name_also_while_text_streams() {
    let mut it = Harness::ready(SIZE);
    it.key(KeyCode::F(5));
    it.tokens(2);
    it.control('p');
    it.write("set temp 1.25");
    it.key(KeyCode::Enter);
    assert_eq!((it.app.context.settings.temperature, it.app.layers.top()), (1.25, None));
    let told =
        it.effects.iter().any(|it| matches!(it, Effect::Engine(Command::Settings(new)) if new.temperature == 1.25));
    assert!(told, "what streams obeys from the next token on");
    assert!(it.screen().contains("temp is now 1.25."));
}

#[test]
fn a_control_that_is_chosen_asks_for_its_value_and_says_what_is_wrong_with_it() {
    let mut it = Harness::ready(SIZE);
    it.control('p');
    // `top-p-up` and `top-p-down` fit too.
    it.write("set top-p");
    assert!(it.screen().contains("> set top-p"), "{}", it.screen());
    it.key(KeyCode::Enter);
    it.write("7");
    it.key(KeyCode::Enter);
    assert!(it.screen().contains("must be between 0 and 1"), "{}", it.screen());
    it.key(KeyCode::Backspace);
    assert!(!it.screen().contains("must be between"));
    it.write("0.5");
    it.key(KeyCode::Enter);
    assert_eq!(it.app.context.settings.top_p, 0.5);
}

#[test]
fn escape_closes_and_ctrl_c_still_stops() {
    let mut it = Harness::ready(SIZE);
    it.key(KeyCode::F(5));
    it.tokens(2);
    it.control('p');
    it.write("nothing is called this");
    it.key(KeyCode::Enter);
    assert!(it.screen().contains("nothing is called that"));
    it.control('c');
    assert!(it.app.context.drawing.running.as_ref().unwrap().stopping);
    it.key(KeyCode::Esc);
    assert_eq!(it.app.layers.top(), None);
}

#[test]
fn any_token_is_found_with_its_chances_and_no_model_runs() {
    let mut it = Harness::ready(SIZE);
    it.app.context.settings.top_p = 0.5;
    it.screen();
    let asked = |it: &Harness| it.effects.iter().filter(|e| matches!(e, Effect::Engine(_))).count();
    let before = asked(&it);
    it.app.context.focus = Focus::Text;
    it.key(KeyCode::Char('F'));
    it.write(" two");
    let screen = it.screen();
    // The model of the tests gives ` two` the eighth place; top-p .5 leaves the first one alone.
    let row = screen.lines().find(|it| it.contains("␣two ")).unwrap();
    assert!(row.contains(" 8 ") && row.contains("cut"), "{row}");
    let Some(Layer::Find(find)) = it.app.layers.top() else { panic!("{screen}") };
    assert!(find.count > 1);
    let (row, rank) = find.found[0].scores.unwrap();
    let logits = &it.app.context.text.next.as_ref().unwrap().logits;
    let total: f64 = logits.iter().map(|&it| f64::from(it).exp()).sum();
    assert_eq!((rank, row.after), (8, None));
    assert!((f64::from(row.model) - 5f64.exp() / total).abs() < 1e-6);
    // Settings move what is shown, as they do in the panel.
    it.app.context.settings.top_p = 1.0;
    it.press(KeyCode::Up, crossterm::event::KeyModifiers::NONE);
    it.key(KeyCode::Backspace);
    it.write("o");
    let Some(Layer::Find(find)) = it.app.layers.top() else { panic!() };
    assert!(find.found[0].scores.unwrap().0.after.is_some());
    assert_eq!(asked(&it), before);
    it.key(KeyCode::Esc);
    assert_eq!(it.app.layers.top(), None);
}
