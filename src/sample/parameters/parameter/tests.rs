use super::*;

#[test]
fn every_name_means_one_parameter() {
    let mut seen = Vec::new();
    for &parameter in Parameter::ALL {
        for name in parameter.aliases().chain([parameter.name().to_owned(), parameter.field().to_owned()]) {
            assert_eq!(Parameter::named(&name), Some(parameter), "{name}");
            let dashed = name.replace('_', "-");
            assert!(!seen.iter().any(|(other, of)| *other == dashed && *of != parameter), "{name} means two");
            seen.push((dashed, parameter));
        }
    }
}

#[test]
fn a_row_says_all_there_is_to_say() {
    let (default, neutral) = (Settings::default(), Settings::neutral());
    for &parameter in Parameter::ALL {
        let name = parameter.name();
        assert!(!name.is_empty() && name.chars().all(|it| it.is_ascii_lowercase() || it == '-'), "{name}");
        assert!(!parameter.help().is_empty(), "{name}");
        assert!(parameter.placeholder().is_empty() == (parameter.kind() == Kind::Switch && name != "heal"), "{name}");
        parameter.check(&default).unwrap();
        parameter.check(neutral).unwrap();
        assert!(parameter.is_neutral(neutral) && !parameter.matters(neutral), "{name}");
        let mut off = default.clone();
        parameter.neutralise(&mut off);
        assert!(parameter.is_neutral(&off), "{name}");
    }
}

#[test]
fn what_is_shown_is_read_back() {
    let off = Settings { stop: vec!["off".to_owned()], min_p: 0.00004, ..Settings::default() };
    for parameter in [Parameter::Stop, Parameter::MinP] {
        for shown in [parameter.show(&off), parameter.written(&off)] {
            let mut read = off.clone();
            parameter.neutralise(&mut read);
            parameter.set(&mut read, &shown).unwrap();
            assert_eq!(read, off, "{shown}");
        }
    }
    for &parameter in Parameter::ALL {
        for settings in [Settings::default(), Settings::neutral().clone(), other(parameter)] {
            for shown in [parameter.show(&settings), parameter.written(&settings)] {
                let mut read = settings.clone();
                parameter.set(&mut read, &shown).unwrap_or_else(|e| panic!("{} {shown}: {e}", parameter.name()));
                assert_eq!(read, settings, "{} {shown}", parameter.name());
            }
        }
    }
}

/// Settings with another value of a parameter than the default and the neutral one.
fn other(parameter: Parameter) -> Settings {
    let mut settings = Settings::default();
    let text = match parameter.kind() {
        Kind::Number => "0.25",
        Kind::Whole | Kind::Seed => "3",
        Kind::Switch => ["on", "off"][usize::from(parameter.show(&settings) == "on")],
        Kind::Word => {
            if parameter == Parameter::Order {
                "hf"
            } else {
                "slide"
            }
        }
        Kind::Texts => {
            if parameter == Parameter::Bias {
                " a|b=2"
            } else {
                " a\\||\\n"
            }
        }
        Kind::Names => "top-p,min-p",
    };
    let text = if parameter == Parameter::Bias { " a=2" } else { text };
    let text = if parameter == Parameter::DryBase { "2.5" } else { text };
    parameter.set(&mut settings, text).unwrap();
    assert!(!parameter.is_same(&settings, &Settings::default()), "{}", parameter.name());
    settings
}

#[test]
fn turning_there_and_back_ends_where_it_began_and_never_leaves_the_range() {
    for &parameter in Parameter::ALL {
        let before = Settings::default();
        let mut settings = before.clone();
        // One that stands at the end of its range goes down first.
        parameter.turn(&mut settings, 1, false);
        let there = if parameter.is_same(&settings, &before) { -1 } else { 1 };
        settings = before.clone();
        for steps in [there, -there] {
            parameter.turn(&mut settings, steps, false);
        }
        assert_eq!(settings, before, "{}", parameter.name());
        for steps in [1, -1] {
            for _ in 0..3000 {
                parameter.turn(&mut settings, steps, true);
                settings.check().unwrap();
            }
        }
    }
}

#[test]
fn typed_values_are_taken_or_explained() {
    let mut settings = Settings::default();
    for (parameter, text, shown) in [
        (Parameter::Temperature, "1.25", "1.25"),
        (Parameter::Temperature, "greedy", "greedy"),
        (Parameter::Temperature, "off", "1 off"),
        (Parameter::TopP, "off", "off"),
        (Parameter::RepeatLastN, "all", "all"),
        (Parameter::DryLastN, "off", "off"),
        (Parameter::IgnoreEos, "go on", "on"),
        (Parameter::IgnoreEos, "stop", "off"),
        (Parameter::WhenFull, "slide", "slide"),
        (Parameter::Order, "hf", "hf"),
        (Parameter::Order, "top-p,temp,top-k", "own"),
        (Parameter::Stop, r"\n\nUser:|a\|b||\\", r"\n\nUser:|a\|b|\\"),
        (Parameter::Stop, "off", "off"),
    ] {
        parameter.set(&mut settings, text).unwrap();
        assert_eq!(parameter.show(&settings), shown, "{text}");
    }
    let before = settings.clone();
    for (parameter, text, says) in [
        (Parameter::Temperature, "hot", "`hot` is not a number"),
        (Parameter::Temperature, "-1", "must be between 0 and 100 (0 is greedy, 1 is off), not -1"),
        (Parameter::TopP, "1.5", "between 0 and 1 (1 is off)"),
        (Parameter::TopK, "-3", "must be 0 or more (0 is off), not -3"),
        (Parameter::TopK, "1.5", "`1.5` is not a whole number"),
        (Parameter::Seed, "-1", "must be 0 or more, not -1"),
        (Parameter::MinP, "", "a value is missing"),
        (Parameter::TopK, "5000000000", "5000000000 is too large"),
        (Parameter::TopK, "-", "`-` is not a whole number"),
        (Parameter::TopP, "1.00001", "not 1.00001"),
        (Parameter::RepeatLastN, "-2", "-1 or more (0 is off, -1 is all)"),
        (Parameter::DryBase, "off", "dry-base has no off; 1.75 is its default"),
        (Parameter::WhenFull, "x", "none of: slide, stop"),
        (Parameter::Order, "random", "`random` is no step of the chain"),
        (Parameter::Bias, "moon", "is not TEXT=NUMBER"),
    ] {
        let why = parameter.set(&mut settings, text).unwrap_err();
        assert!(why.contains(says), "{text}: {why}");
    }
    assert_eq!(settings, before);
}
