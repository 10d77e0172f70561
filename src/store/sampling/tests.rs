use super::*;

/// Settings that differ from the default in one parameter, and the text that says so.
fn changed(parameter: Parameter) -> (Settings, String) {
    let mut settings = Settings::default();
    let candidates = ["0.25", "2.5", "3", "slide", "hf", "on", "off", "top-p,min-p", "moon=2", "moon"];
    for text in candidates {
        let mut new = Settings::default();
        if parameter.set_each(&mut new, &[text.to_owned()]).is_ok() && !parameter.is_same(&new, &settings) {
            settings = new;
            return (settings, text.to_owned());
        }
    }
    panic!("{} takes none of the values", parameter.name());
}

fn read(arguments: &[String]) -> Result<Sampling, clap::Error> {
    let command = Sampling::augment_args(Command::new("megachat").no_binary_name(true));
    Sampling::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

#[test]
fn every_parameter_is_a_flag_by_each_of_its_names() {
    for &parameter in Parameter::ALL {
        let (expected, text) = changed(parameter);
        let others: Vec<String> = if is_switch(parameter) { Vec::new() } else { parameter.aliases().collect() };
        for name in others.into_iter().chain([parameter.name().to_owned()]) {
            let given = read(&[format!("--{name}={text}")]).unwrap_or_else(|e| panic!("{name}: {e}"));
            let mut settings = Settings::default();
            given.apply(&mut settings);
            assert_eq!(settings, expected, "{name}");
            assert!(given.has(parameter) && given.given.len() == 1);
        }
    }
}

#[test]
fn every_parameter_is_a_key_of_the_configuration_and_a_field_of_a_transcript() {
    for &parameter in Parameter::ALL {
        let (expected, _) = changed(parameter);
        let mut given = Sampling::default();
        parameter.copy(&expected, given.give(parameter));
        let text = serde_json::to_string(&given).unwrap();
        for name in parameter.aliases().chain([parameter.name().to_owned()]) {
            let text = text.replacen(parameter.name(), &name, 1);
            let mut settings = Settings::default();
            serde_json::from_str::<Sampling>(&text).unwrap().apply(&mut settings);
            assert_eq!(settings, expected, "{text}");
        }
        let transcript = serde_json::to_value(&expected).unwrap();
        assert!(transcript.get(parameter.field()).is_some(), "{}", parameter.field());
        assert_eq!(serde_json::from_value::<Settings>(transcript).unwrap(), expected);
    }
}

#[test]
fn minus_one_is_no_limit_of_tokens_wherever_it_is_written() {
    let limit = |given: Sampling| {
        let mut settings = Settings::default();
        given.apply(&mut settings);
        settings.max_tokens
    };
    for arguments in [["-n", "-1"], ["--max-tokens", "-1"], ["--n-predict", "-1"], ["-n", "0"], ["-n", "off"]] {
        assert_eq!(limit(read(&arguments.map(str::to_owned)).unwrap()), 0, "{arguments:?}");
    }
    assert_eq!(limit(toml("max-tokens = -1").unwrap()), 0);
    assert_eq!(limit(toml("max-tokens = 12").unwrap()), 12);
    for (text, says) in [("max-tokens = -2", "must be 0 or more"), ("max-tokens = \"x\"", "max-tokens: ")] {
        let error = toml(text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

/// Reads a table as the configuration has it.
fn toml(text: &str) -> Result<Sampling, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    confy::load_path(&path).map_err(|e| std::error::Error::source(&e).unwrap().to_string())
}

#[test]
fn every_word_that_a_shell_offers_is_a_value() {
    assert_eq!(words(Parameter::WhenFull), ["stop", "slide"]);
    assert!(words(Parameter::Temperature).is_empty());
    for &parameter in Parameter::ALL {
        for word in words(parameter) {
            assert!(parameter.set_each(&mut Settings::default(), std::slice::from_ref(&word)).is_ok(), "{word}");
        }
    }
}

#[test]
fn lists_are_given_text_by_text_and_a_switch_takes_no_word_of_a_prompt() {
    let words = |it: &[&str]| it.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
    let given = read(&words(&["--stop", "a|b", "--stop", r"\n", "--ignore-eos", "--off=top-p,min-p"])).unwrap();
    let mut settings = Settings::default();
    given.apply(&mut settings);
    assert_eq!(settings.stop, ["a|b", "\n"]);
    assert_eq!(Parameter::IgnoreEos.show(&settings), "on");
    assert_eq!(Parameter::Off.written(&settings), "top-p,min-p");
    assert!(read(&words(&["--ignore-eos", "once"])).is_err(), "no value");
    assert!(read(&words(&["--end-of-text", "continue"])).is_err(), "no flag");
    for (arguments, says) in [
        (&["--p-less", "false", "x"][..], Some("write --p-less=false, with an equals sign")),
        (&["--ignore-eos", "on"], Some("write --ignore-eos=on, with an equals sign")),
        (&["--p-less", "once"], None),
        (&["--heal", "false"], None),
        (&["--", "--p-less", "on"], None),
    ] {
        assert_eq!(misplaced_word(&words(arguments)).as_deref(), says, "{arguments:?}");
    }
    for (flag, value, says) in [
        ("--temp", "-1", "between 0 and 100"),
        ("--top-k", "1.5", "`1.5` is not a whole number"),
        ("--stop", "", "at least one character"),
        ("-n", "-2", "must be 0 or more (0 is off), not -2"),
    ] {
        let error = read(&words(&[flag, value])).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
