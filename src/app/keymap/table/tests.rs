use super::*;

fn with(lines: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
    let lines = lines.iter().map(|(name, keys)| ((*name).to_owned(), keys.iter().map(|&it| it.into()).collect()));
    Keymap::with(&lines.collect())
}

fn means(keymap: &Keymap, focus: Focus, keys: &str) -> Option<Action> {
    let mut meaning = Meaning::Nothing;
    for key in keys.split(' ') {
        let key: Key = key.parse().unwrap();
        let prefix = if let Meaning::Prefix(key) = meaning { Some(key) } else { None };
        meaning = keymap.meaning(focus, prefix, &KeyEvent::new(key.code(), key.modifiers()));
    }
    if let Meaning::Action(action) = meaning { Some(action) } else { None }
}

#[test]
fn every_default_key_has_its_canonical_name() {
    for (binding, entry) in BINDINGS.iter().zip(Keymap::default().entries()) {
        assert_eq!(binding.keys, entry.names());
    }
}

#[test]
fn chosen_keys_take_the_place_of_the_usual_ones() {
    let (keymap, problems) =
        with(&[("help", &["F9", "Ctrl-G"]), ("chat", &[]), ("models", &["Ctrl-E"]), ("send", &["Ctrl-S Ctrl-S"])]);
    assert_eq!(problems, [""; 0]);
    for (focus, keys, expected) in [
        (Focus::Input, "F9", Some(Action::Help)),
        (Focus::Text, "Ctrl-G", Some(Action::Help)),
        (Focus::Input, "F1", None),
        (Focus::Text, "?", None),
        (Focus::Input, "Ctrl-T", None),
        (Focus::Input, "Ctrl-E", Some(Action::Models)),
        (Focus::Input, "End", Some(Action::LineEnd)),
        (Focus::Input, "F3", None),
        (Focus::Input, "Enter", None),
        (Focus::Text, "Enter", Some(Action::Inspect)),
        (Focus::Input, "Ctrl-S Ctrl-S", Some(Action::Send)),
        (Focus::Input, "Ctrl-S", None),
        // What does not go on with the first key counts alone.
        (Focus::Input, "Ctrl-S F5", Some(Action::Continue)),
    ] {
        assert_eq!(means(&keymap, focus, keys), expected, "{focus:?} {keys}");
    }
    assert_eq!((keymap.name_of(Action::Help).as_str(), keymap.name_of(Action::Chat).as_str()), ("F9", "chat"));
}

#[test]
fn what_cannot_be_meant_is_said_and_changes_nothing() {
    for (name, keys, says) in [
        ("hlep", &["F1"][..], "there is no action `hlep`"),
        ("focus", &["F1"], "there are next-focus, previous-focus"),
        ("help", &["Hyper-x"], "there is no key `Hyper-x`; a key is a character or one of Enter"),
        ("help", &["Ctrl-I"], "terminals send Tab"),
        ("send", &["x"], "`x` is a character of the input"),
    ] {
        let (keymap, problems) = with(&[(name, keys)]);
        assert!(problems.len() == 1 && problems[0].contains(says), "{problems:?}");
        assert_eq!(keymap, Keymap::default());
    }
    let (keymap, problems) = with(&[("chat", &["F9"]), ("models", &["F9", "F10"])]);
    assert!(problems[0].contains("`F9` is given to chat already"), "{problems:?}");
    assert_eq!(means(&keymap, Focus::Input, "F10"), Some(Action::Models));
}

#[test]
fn a_character_is_written_in_the_input_whatever_it_means_elsewhere() {
    let (keymap, problems) = with(&[("help", &["x"])]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(means(&keymap, Focus::Input, "x"), None);
    assert_eq!(means(&keymap, Focus::Text, "x"), Some(Action::Help));
}

#[test]
fn the_program_can_be_left() {
    let (keymap, problems) = with(&[("interrupt", &[]), ("quit-or-delete", &[])]);
    assert!(problems[0].contains("must end"), "{problems:?}");
    assert_eq!(means(&keymap, Focus::Input, "Ctrl-C"), Some(Action::Interrupt));
}
