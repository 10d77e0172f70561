use super::*;

#[test]
fn every_name_means_one_thing() {
    let names: Vec<_> = names().collect();
    for (index, (name, what)) in names.iter().enumerate() {
        assert!(!name.is_empty() && !name.contains(' '), "{name}");
        for (other, meaning) in &names[..index] {
            assert!(other != name || meaning == what, "{name}: {meaning:?} and {what:?}");
        }
        assert_eq!(meant(name), Ok(*what), "{name}");
    }
}

#[test]
fn beginnings_and_slips_are_understood_or_asked_about() {
    for (name, expected) in [
        ("und", What::Act(Action::Undo)),
        ("UNDO", What::Act(Action::Undo)),
        ("insp", What::Act(Action::Inspect)),
        ("tempera", What::Knob(Parameter::Temperature.into())),
        ("new", What::Act(Action::NewTranscript)),
        ("new-t", What::Act(Action::NewTranscript)),
        ("top-p", What::Knob(Parameter::TopP.into())),
    ] {
        assert_eq!(meant(name), Ok(expected), "{name}");
    }
    for (name, says) in [
        ("top-", "/top-p"),
        ("hlep", "Did you mean /help"),
        ("udno", "Did you mean /undo"),
        ("inpsect", "/inspect"),
        ("newtr", "/new-transcript"),
        ("xyzzy", "There is no command /xyzzy. /help all"),
    ] {
        let error = meant(name).unwrap_err();
        assert!(error.contains(says), "{name}: {error}");
    }
}

#[test]
fn a_command_is_told_from_what_follows_it() {
    for (line, expected) in [
        ("find =x", ("find", "=x")),
        ("find a=b", ("find", "a=b")),
        ("temp=0.8", ("temp", "=0.8")),
        ("top_p = 1", ("top_p", "= 1")),
        ("undo", ("undo", "")),
        ("x=y z", ("x=y", "z")),
    ] {
        assert_eq!(name_and_rest(line), expected);
    }
}

#[test]
fn the_help_tells_all_or_what_fits() {
    let help = |word| help(word, &Settings::default());
    let short = help("");
    assert!(short.len() < 45 && short.iter().any(|it| it.starts_with("/inspect")), "{short:#?}");
    let all = help("all");
    for &action in Action::ALL.iter().filter(|&&it| it != Action::Palette) {
        let told = LISTED.iter().find(|it| it.what == What::Act(action)).map_or(action.name(), |it| it.name);
        assert!(all.iter().any(|it| it.starts_with(&format!("/{told}"))), "{told}");
    }
    assert!(all.iter().any(|it| it.starts_with("/min-p [VALUE]")));
    assert!(help("dice").iter().any(|it| it.starts_with("/reroll")));
    assert!(help("xyzzy")[0].contains("No command"));
}
