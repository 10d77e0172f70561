use crossterm::event::{KeyCode, KeyModifiers};

use super::*;

fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

#[test]
fn keys_mean_what_the_table_says() {
    use KeyModifiers as M;
    let keymap = Keymap::default();
    for (focus, code, modifiers, expected) in [
        (Focus::Input, KeyCode::Enter, M::NONE, Some(Action::Send)),
        (Focus::Input, KeyCode::Enter, M::ALT, Some(Action::NewLine)),
        (Focus::Input, KeyCode::Char('j'), M::CONTROL, Some(Action::NewLine)),
        (Focus::Input, KeyCode::Char('j'), M::NONE, None),
        (Focus::Input, KeyCode::Char('?'), M::NONE, None),
        (Focus::Text, KeyCode::Char('?'), M::SHIFT, Some(Action::Help)),
        (Focus::Text, KeyCode::Char('G'), M::SHIFT, Some(Action::Follow)),
        (Focus::Text, KeyCode::Char('g'), M::NONE, Some(Action::Top)),
        (Focus::Panel, KeyCode::Left, M::SHIFT, Some(Action::MuchLess)),
        (Focus::Panel, KeyCode::Left, M::NONE, Some(Action::Less)),
        (Focus::Panel, KeyCode::Left, M::ALT, Some(Action::TopPDown)),
        (Focus::Panel, KeyCode::Char('H'), M::SHIFT, Some(Action::MuchLess)),
        (Focus::Input, KeyCode::BackTab, M::SHIFT, Some(Action::PreviousFocus)),
        (Focus::Input, KeyCode::BackTab, M::NONE, Some(Action::PreviousFocus)),
        (Focus::Panel, KeyCode::Up, M::ALT, Some(Action::Warmer)),
        (Focus::Input, KeyCode::F(5), M::NONE, Some(Action::Continue)),
        (Focus::Panel, KeyCode::Char('p'), M::CONTROL, Some(Action::Palette)),
        (Focus::Input, KeyCode::Char('/'), M::NONE, None),
        (Focus::Text, KeyCode::Char('/'), M::NONE, Some(Action::FindText)),
        (Focus::Text, KeyCode::Char('F'), M::SHIFT, Some(Action::FindToken)),
        (Focus::Panel, KeyCode::Char('/'), M::NONE, Some(Action::FindToken)),
        (Focus::Input, KeyCode::Char('o'), M::CONTROL, Some(Action::Library)),
        (Focus::Input, KeyCode::Char('q'), M::CONTROL, None),
    ] {
        assert_eq!(lookup(&keymap, focus, &key(code, modifiers)), expected, "{focus:?} {code:?} {modifiers:?}");
    }
}

#[test]
fn no_key_means_two_things_in_one_place() {
    for (index, binding) in BINDINGS.iter().enumerate() {
        for name in binding.keys.split(" / ") {
            let taken = |it: &&Binding| it.place == binding.place && it.keys.split(" / ").any(|other| other == name);
            assert_eq!(BINDINGS[..index].iter().find(taken).map(|it| it.action), None, "{name}");
        }
    }
}

#[test]
fn names_are_kebab_case_and_lead_back() {
    for (action, name) in [(Action::Help, "help"), (Action::TopPUp, "top-p-up"), (Action::NextFocus, "next-focus")] {
        assert_eq!(action.name(), name);
    }
    for (former, now) in FORMER_NAMES {
        assert_eq!(Action::from_name(former), Action::from_name(now));
        assert!(Action::ALL.iter().all(|it| it.name() != former) && Action::from_name(now).is_some(), "{now}");
    }
    for &action in Action::ALL {
        assert_eq!(Action::from_name(action.name()), Some(action));
        assert!(BINDINGS.iter().any(|it| it.action == action), "{action:?} has no key and no help");
    }
}
